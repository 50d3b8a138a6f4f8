"""Users: tastes, cities, price bands, hours, consents.

People of one community have like tastes; what the users table tells of them (age, sex, city tier)
bears on what they like, so that a stranger is not wholly unknown.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from features.clock import DAY_US, SECOND_US, BusinessZone
from features.tables import USERS
from training.world.ragged import Floats, Ints
from training.world.streams import Streams
from training.world.words import CITIES, LEAVES, SCOPES, TIER_SHARE

HOUR_SHAPES = np.array(
    [
        [1, 0, 0, 0, 0, 1, 4, 8, 7, 4, 3, 4, 6, 5, 3, 3, 4, 6, 8, 8, 9, 9, 6, 3],  # commuter
        [2, 1, 0, 0, 0, 0, 1, 2, 2, 2, 2, 3, 4, 3, 2, 2, 3, 4, 6, 9, 12, 13, 11, 6],  # evening
        [1, 0, 0, 0, 0, 1, 2, 4, 7, 9, 9, 8, 7, 7, 8, 8, 7, 6, 5, 5, 5, 4, 3, 2],  # daytime
        [9, 7, 5, 3, 1, 0, 0, 1, 1, 2, 3, 4, 5, 5, 4, 4, 4, 5, 5, 6, 7, 8, 10, 10],  # night
    ],
    dtype=np.float64,
)
"""How often each kind of person is there in each hour of the business day."""


@dataclass(frozen=True)
class PeopleConfig:
    """Who the users are."""

    latent: int = 8
    """Dimensions of taste."""
    community_size: float = 60.0
    """Mean people in a community."""
    community_share: float = 0.5
    """Share of the variance of taste that a community has in common."""
    category_spread: float = 1.15
    """Standard deviation of what nobody but the person knows of the liking for a category."""
    newcomers: float = 0.15
    """Share that registers while the world runs."""
    undeclared: float = 0.12
    """Share that tells neither sex nor year of birth."""
    activity_mean: float = -1.75
    """Mean log-odds of being there on a day."""
    activity_spread: float = 1.15
    """Standard deviation of those log-odds."""


class People:
    """All users, drawn once before the world begins.

    Parameters
    ----------
    config : PeopleConfig
    count : int
        How many.
    streams : Streams
    zone : BusinessZone
    start_us, horizon_us : int
        First and last instant of the world.
    """

    def __init__(
        self,
        config: PeopleConfig,
        count: int,
        streams: Streams,
        zone: BusinessZone,
        start_us: int,
        horizon_us: int,
    ) -> None:
        rng = streams.of("people")
        self.count = count
        self.zone = zone
        self.ids = pa.array([f"u{number:06d}" for number in range(count)])
        self.community = _communities(rng, count, config.community_size)
        self.taste = _tastes(rng, config, self.community)
        self._declare(rng, config)
        self.category_log = self._category_tastes(rng, config)
        self.band = self._bands(rng)
        self.activity = np.clip(
            rng.normal(config.activity_mean, config.activity_spread, count), -4.5, 2.5
        )
        self.deal_lean = rng.normal(0.0, 1.0, count) - 1.2 * (self.band - 0.5)
        self.share_lean = rng.normal(0.0, 1.0, count)
        self.shape = rng.integers(len(HOUR_SHAPES), size=count)
        self.registered = _registrations(rng, config, count, start_us, horizon_us)

    def _declare(self, rng: np.random.Generator, config: PeopleConfig) -> None:
        tiers = np.array(list(TIER_SHARE))
        self.female = rng.random(self.count) < 0.62
        self.age = np.clip(rng.gamma(9.0, 3.7, self.count), 18, 75).astype(np.int64)
        self.tier = rng.choice(len(tiers), self.count, p=list(TIER_SHARE.values()))
        self.undeclared = rng.random(self.count) < config.undeclared
        city = rng.integers(1 << 30, size=self.count)
        names = [CITIES[tier].split() for tier in tiers]
        self.city = [
            names[t][c % len(names[t])] for t, c in zip(self.tier, city.tolist(), strict=True)
        ]
        self.consent = rng.random((self.count, len(SCOPES))) < np.array(list(SCOPES.values()))
        self.asked = rng.random(self.count) > 0.05

    def _category_tastes(self, rng: np.random.Generator, config: PeopleConfig) -> Floats:
        lean = np.array([leaf.lean for leaf in LEAVES])
        best = np.array([leaf.age for leaf in LEAVES])
        liking = rng.normal(0.0, config.category_spread, (self.count, len(LEAVES)))
        liking += rng.normal(0.0, 0.6, (int(self.community.max()) + 1, len(LEAVES)))[self.community]
        liking += np.where(self.female[:, None], lean / 2, -lean / 2)
        liking -= 0.5 * ((self.age[:, None] - best) / 12.0) ** 2
        liking -= np.log(np.exp(liking).sum(axis=1, keepdims=True))
        return np.asarray(liking)

    def _bands(self, rng: np.random.Generator) -> Floats:
        centre = 0.68 - 0.07 * self.tier + 0.002 * (self.age - 30)
        return np.asarray(np.clip(rng.normal(centre, 0.2), 0.02, 0.98))

    @property
    def hour_share(self) -> Floats:
        """Share of a person's sessions by hour; shape (kinds of people, 24)."""
        return np.asarray(HOUR_SHAPES / HOUR_SHAPES.sum(axis=1, keepdims=True))

    def time_of_day(self, rng: np.random.Generator, user: Ints) -> Ints:
        """Draw a time of the business day after each user's pattern; microseconds, (n,)."""
        reached = np.cumsum(self.hour_share, axis=1)[self.shape[user]]
        hour = (reached < rng.random(user.size)[:, None]).sum(axis=1)
        part = (rng.random(user.size) * DAY_US / 24).astype(np.int64)
        return np.asarray(np.minimum(hour, 23) * (DAY_US // 24) + part)

    def next_time(self, rng: np.random.Generator, user: Ints, after: Ints) -> Ints:
        """Draw the first time after ``after``, within 24 hours, at an hour of the user's own."""
        now = (after + self.zone.offset(after)) % DAY_US
        wait = (self.time_of_day(rng, user) - now) % DAY_US
        return np.asarray(after + wait + SECOND_US)

    def table(self) -> pa.Table:
        """Rows of the canonical ``users`` table."""
        tiers = np.array(list(TIER_SHARE))
        birth_year = self.zone_year() - self.age
        level = np.array(["V0", "V1", "V2", "V3"])[
            np.digitize(self.activity, np.array([-2.5, -1.5, -0.5]))
        ]
        columns = {
            "user_id": self.ids,
            "valid_from_us": self.registered,
            "registered_us": self.registered,
            "gender": pa.array(np.where(self.female, "female", "male"), mask=self.undeclared),
            "birth_year": pa.array(birth_year.astype(np.int16), mask=self.undeclared),
            "city": self.city,
            "city_tier": tiers[self.tier],
            "member_level": level,
            "consents": _scopes(self.consent, self.asked),
            "extra": pa.nulls(self.count, pa.string()),
        }
        return pa.table(columns).select(USERS.schema.names).cast(USERS.schema)

    def zone_year(self) -> int:
        """Year in which the last user registered; ages are counted from it."""
        return int(1970 + self.zone.day(int(self.registered.max())) // 365.2425)

    def truth(self) -> pa.Table:
        """What no model may see of each user."""
        return pa.table({
            "user_id": self.ids,
            "community": self.community,
            "taste": list(self.taste),
            "category_log": list(self.category_log),
            "price_band": self.band,
            "activity": self.activity,
            "deal_lean": self.deal_lean,
            "share_lean": self.share_lean,
        })


def _communities(rng: np.random.Generator, count: int, mean_size: float) -> Ints:
    groups = max(1, round(count / mean_size))
    weight = 1.0 / np.arange(3, groups + 3) ** 0.7
    return np.asarray(rng.choice(groups, count, p=weight / weight.sum()))


def _tastes(rng: np.random.Generator, config: PeopleConfig, community: Ints) -> Floats:
    shared = rng.normal(size=(int(community.max()) + 1, config.latent))[community]
    own = rng.normal(size=(community.size, config.latent))
    part = config.community_share
    return np.asarray(np.sqrt(part) * shared + np.sqrt(1 - part) * own)


def _registrations(
    rng: np.random.Generator, config: PeopleConfig, count: int, start_us: int, horizon_us: int
) -> Ints:
    before = start_us - DAY_US - (rng.gamma(1.5, 220.0, count) * DAY_US).astype(np.int64)
    within = start_us + (rng.random(count) * (horizon_us - start_us)).astype(np.int64)
    return np.where(rng.random(count) < config.newcomers, within, before)


def _scopes(given: npt.NDArray[np.bool_], asked: npt.NDArray[np.bool_]) -> pa.Array:
    kept = given & asked[:, None]
    offsets = np.concatenate(([0], np.cumsum(kept.sum(axis=1)))).astype(np.int32)
    values = pa.array(list(SCOPES)).take(pa.array(np.nonzero(kept)[1]))
    return pa.ListArray.from_arrays(pa.array(offsets), values, mask=pa.array(~asked))
