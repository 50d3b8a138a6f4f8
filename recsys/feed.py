"""CAPABILITY feed: goods find people. The list of its sources, rules and ranker."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from time import monotonic, perf_counter
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from features import columns as c
from features import consent
from features.clock import BusinessZone
from features.counters import Scope
from features.frames import feed as frame
from features.items import Items
from features.online import State
from features.reading import Reading
from features.strength import Strength
from recsys import guards, moment, pipeline
from recsys.because import INTEREST_30, liked_categories, of_item
from recsys.bundle import Bundle, Parts
from recsys.candidates.again import Again
from recsys.candidates.due import Due
from recsys.candidates.fresh import Fresh
from recsys.candidates.friends import Friends
from recsys.candidates.grouped import Grouped
from recsys.candidates.local import Local
from recsys.candidates.popular import KEPT, Popular
from recsys.candidates.session import Session
from recsys.candidates.similar import FriendsTaste
from recsys.candidates.within import Within
from recsys.component import Removed, Rule, Source
from recsys.moment import Moment
from recsys.policy import USUAL, FeedPolicy
from recsys.query import FeedAnswer, FeedItem, FeedQuery, People
from recsys.ranking import heuristic
from recsys.rules.arranging import Arranger, Page
from recsys.rules.eligibility import (
    AskedFor,
    Available,
    ForAge,
    InRegion,
    NotBlocked,
    NotBought,
    NotExcluded,
    NotRefused,
    shut,
)
from recsys.slate import Codes, Floats, Slate
from recsys.visitor import NO_GROUPS, FriendGroups, of_groups

log = logging.getLogger(__name__)

PERSONAL = "personal"
"""What ``degraded`` says where a list is what is popular, though a personal one was asked for."""

_NO_ROWS = np.zeros((0, 0), dtype=np.float32)


def sources(parts: Parts) -> tuple[Source, ...]:
    """Who proposes; the last is the fallback that never fails."""
    return (*lasting(parts), *daily(parts, parts.popular))


LIVE = frozenset({"friends_groups"})
"""Sources that only serving has something for."""


def lasting(parts: Parts) -> tuple[Source, ...]:
    """Sources that stay as they are until the next bundle."""
    near = parts.similar
    similar = () if near is None else (near, FriendsTaste(near), Session(near))
    due = () if parts.rhythm is None else (Due(parts.rhythm),)
    learned = tuple(one for one in (parts.alike, parts.content) if one is not None)
    return (parts.als, *similar, Friends(), Grouped(), Again(), *due, *learned, Fresh(parts.items))


def daily(parts: Parts, popular: Popular) -> tuple[Source, ...]:
    """Sources of what is popular as of a day."""
    if parts.lift is None:
        return (popular,)
    zone = BusinessZone(parts.settings.zone)
    return (Local(popular, parts.lift, parts.items, zone), popular)


def rules(parts: Parts, policy: FeedPolicy = USUAL) -> tuple[Rule, ...]:
    """What may not be shown; cheap ones first."""
    return (
        Available(),
        NotBlocked(policy),
        ForAge(policy),
        InRegion(),
        NotBought(parts.settings.repeats, parts.rhythm),
        NotRefused(),
        NotExcluded(),
        AskedFor(),
    )


def slate_columns(slate: Slate) -> dict[str, Floats]:
    """What the sources said, as columns of the ranker."""
    nothing = np.full(len(slate), np.nan)
    return {
        "source.als": slate.scores.get("als", nothing),
        "source.als_rank": slate.ranks.get("als", nothing),
        "source.similar": slate.scores.get("similar", nothing),
        "source.similar_rank": slate.ranks.get("similar", nothing),
        "source.alike_rank": slate.ranks.get("alike", nothing),
        "source.friends_taste_rank": slate.ranks.get("friends_taste", nothing),
        "source.popular_rank": slate.ranks.get("popular", nothing),
        "source.local_rank": slate.ranks.get("local", nothing),
        "source.content": slate.scores.get("content", nothing),
        "source.content_rank": slate.ranks.get("content", nothing),
        "source.session_rank": slate.ranks.get("session", nothing),
        "source.again": slate.scores.get("again", nothing),
        "source.again_rank": slate.ranks.get("again", nothing),
        "source.due": slate.scores.get("due", nothing),
        "source.due_rank": slate.ranks.get("due", nothing),
        "source.friends_rank": slate.ranks.get("friends", nothing),
    }


@dataclass
class _Trace:
    """What happened on the way: times by stage, and what broke."""

    milliseconds: dict[str, float] = field(default_factory=dict)
    degraded: list[str] = field(default_factory=list)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        start = perf_counter()
        yield
        self.milliseconds[name] = (perf_counter() - start) * 1e3


class _Ranked(NamedTuple):
    """Rows as the ranker saw them, scores, and interest in each row's category where known."""

    rows: npt.NDArray[np.float32]
    scores: Floats
    interest: Floats | None = None


class Feed:
    """The personal feed of one bundle.

    Parameters
    ----------
    bundle : Bundle
        Opened and verified.
    policy : FeedPolicy
        What the shop decided about its feed.
    """

    def __init__(self, bundle: Bundle, policy: FeedPolicy = USUAL) -> None:
        self.bundle = bundle
        self.parts = bundle.parts
        self.zone = BusinessZone(bundle.settings.zone)
        self.strength = Strength.of(self.parts.references)
        self.sources = sources(self.parts)
        self.policy = policy
        self.rules = rules(self.parts, policy)
        self.within = Within(self.parts.items)
        self.arranger = Arranger(self.parts.items, policy, bundle.as_of_us)

    @property
    def items(self) -> Items:
        """The catalogue; overlaid live by serving."""
        return self.parts.items

    def recommend(self, query: FeedQuery, people: People) -> FeedAnswer:
        """Answer one request.

        Parameters
        ----------
        query : FeedQuery
            Who asks for what.
        people : People
            States of the person and of friends.
        """
        if monotonic() > query.deadline_s:
            return self._standby(query, people)
        try:
            return self._whole(query, people)
        except Exception:  # fail open: what sells, under the same rules, is better than nothing
            log.exception("the list is of what is popular alone")
            return self._standby(query, people)

    def _standby(self, query: FeedQuery, people: People) -> FeedAnswer:
        """What is popular, in the order the bundle holds ready, under the rules of every list."""
        trace = _Trace(degraded=[PERSONAL])
        with trace.stage("standby"):
            state = self._state(query, people, trace)
            reading = Reading(state or State(), query.at_us, self.zone)
            now = moment.of_state(reading, [], self.items.ids, self.items.names[c.SHOP])
            if not self._personal(query, reading):
                now = now.impersonal()
            union = self.parts.popular.propose(now, KEPT)
            slate, removed = pipeline.apply(self.rules, union, query, now, self.items)
            ranked = _Ranked(_NO_ROWS, slate.scores[Popular.name])
            page = self._page(slate, ranked, query, personal=False)
            items = tuple(self._given(slate, page, ranked, now.impersonal(), reading))
        answer = FeedAnswer(items, state is not None, False, candidates={Popular.name: len(union)})
        return self._told(answer, query, trace, union, removed)

    def _whole(self, query: FeedQuery, people: People) -> FeedAnswer:
        trace = _Trace()
        with trace.stage("state"):
            state = self._state(query, people, trace)
            seen = moment.seen(state or State(), query, self.items, self.zone)
            reading = Reading(seen, query.at_us, self.zone)
            personalized = self._personal(query, reading)
            now = self._moment(reading, query, people, personalized, trace)
        with trace.stage("sources"):
            chosen = self.sources if personalized else (self.parts.popular,)
            slate, broken = pipeline.propose(
                chosen, now, self.parts.settings.candidates, query.deadline_s
            )
            slate = self.within.add(slate, query, now)
            trace.degraded += broken
            proposed = {n: int(np.count_nonzero(~np.isnan(r))) for n, r in slate.ranks.items()}
        union = slate
        with trace.stage("rules"):
            slate, removed = pipeline.apply(self.rules, slate, query, now, self.items)
        with trace.stage("ranking"):
            late = monotonic() > query.deadline_s
            ranked = self._rank(slate, reading, now, trace, personal=personalized, late=late)
            page = self._page(slate, ranked, query, personal=personalized)
            removed = {**removed, **{n: slate.codes[those] for n, those in page.held_back.items()}}
        rows, best = ranked.rows, page.places
        items = tuple(self._given(slate, page, ranked, now, reading))
        answer = FeedAnswer(
            items,
            known_user=state is not None,
            personalized=personalized,
            feature_names=tuple(frame.COLUMNS) if len(rows) else (),
            features=rows[best] if len(rows) else rows,
            candidates=proposed,
        )
        return self._told(answer, query, trace, union, removed)

    def _told(
        self, answer: FeedAnswer, query: FeedQuery, trace: _Trace, union: Slate, removed: Removed
    ) -> FeedAnswer:
        """The answer with what happened on the way to it."""
        return replace(
            answer,
            degraded=tuple(trace.degraded),
            emptied_by=() if answer.items else self._emptied(union, query, removed),
            removed=self._names(removed) if query.explain else {},
            proposed=self._proposed(union) if query.explain else {},
            milliseconds=trace.milliseconds,
        )

    def _page(self, slate: Slate, ranked: "_Ranked", query: FeedQuery, *, personal: bool) -> Page:
        explores = personal and query.seed is not None
        rng = np.random.default_rng(query.seed) if explores else None
        return self.arranger.arrange(slate.codes, ranked.scores, query.k, query.at_us, rng)

    def _emptied(self, union: Slate, query: FeedQuery, removed: Removed) -> tuple[str, ...]:
        """What left nothing: filters that nothing in the catalogue passes, else the rules."""
        everything = np.arange(len(self.items), dtype=np.int32)
        filters = shut(everything, query, self.items)
        if filters:
            return tuple(f"filter:{name}" for name in filters)
        return tuple(removed) if len(union) and query.k else ()

    def _proposed(self, union: Slate) -> dict[str, tuple[str, ...]]:
        named = union.named(np.arange(len(union)))
        return dict(zip(self.items.ids.names(union.codes), named, strict=True))

    def _state(self, query: FeedQuery, people: People, trace: _Trace) -> State | None:
        try:
            return people.states([query.user_id]).get(query.user_id)
        except Exception:  # fail open: a feed for a stranger is better than none
            log.exception("state left out")
            trace.degraded.append("state")
            return None

    @staticmethod
    def _personal(query: FeedQuery, reading: Reading) -> bool:
        return query.personalized and consent.personal(consent.say(reading.state))

    def _moment(
        self,
        reading: Reading,
        query: FeedQuery,
        people: People,
        personalized: bool,
        trace: _Trace,
    ) -> Moment:
        close = moment.closest(reading, query.user_id, self.strength) if personalized else []
        if not consent.gives(consent.say(reading.state), Scope.SOCIAL_GRAPH):
            close = []
        if close and monotonic() > query.deadline_s:
            trace.degraded.append("friends")
            close = []
        try:
            states = people.states([name for name, _ in close]) if close else {}
        except Exception:  # fail open: without friends the feed still comes
            log.exception("friends left out")
            trace.degraded.append("friends")
            states = {}
        friends = [(strength, states[name]) for name, strength in close if name in states]
        now = moment.of_state(reading, friends, self.items.ids, self.items.names[c.SHOP])
        if friends and query.groups is not None:
            willing = {
                name: strength
                for name, strength in close
                if name in states and guards.peaceful(states, name, reading, query.user_id)
            }
            now = replace(now, groups=self._groups(query, willing, trace))
        return now if personalized else now.impersonal()

    def _groups(
        self,
        query: FeedQuery,
        strength: Mapping[str, float],
        trace: _Trace,
    ) -> FriendGroups:
        """What close friends who let it be used are buying together."""
        assert query.groups is not None
        try:
            found = query.groups.of_people(list(strength), query.at_us)
        except Exception:  # fail open: without group buys the feed still comes
            log.exception("group buys left out")
            trace.degraded.append("groups")
            return NO_GROUPS
        return of_groups(
            [
                (group.item_id, strength[name])
                for group in found
                if group.item_id is not None and query.user_id not in group.joined
                for name in group.joined
                if name in strength
            ],
            self.items.ids,
        )

    def _rank(
        self,
        slate: Slate,
        reading: Reading,
        now: Moment,
        trace: _Trace,
        *,
        personal: bool,
        late: bool,
    ) -> "_Ranked":
        if not personal:
            return _Ranked(_NO_ROWS, slate.scores.get("popular", np.zeros(len(slate))))
        if self.parts.feed is not None and len(slate) and late:
            trace.degraded.append("ranker")
        elif self.parts.feed is not None and len(slate):
            try:
                raw = frame.online(reading, self.items, slate.codes)
                raw.update(now.friends.at(slate.codes))
                raw.update(slate_columns(slate))
                own = np.zeros(len(slate), dtype=np.int64)
                consent.hide(raw, [consent.say(reading.state)], own)
                rows = frame.assemble(raw, len(slate))
                scores = self.parts.feed.score(rows)
                if self.parts.outcomes is not None:
                    scores = self.parts.outcomes.utility(rows, scores, self.policy.worth)
                return _Ranked(rows, scores, raw[INTEREST_30])
            except Exception:  # fail open: agreement of sources ranks well enough
                log.exception("ranker left out")
                trace.degraded.append("ranker")
        return _Ranked(_NO_ROWS, heuristic.fuse(slate))

    def _given(
        self,
        slate: Slate,
        page: Page,
        ranked: "_Ranked",
        now: Moment,
        reading: Reading,
    ) -> Iterator[FeedItem]:
        best = page.places
        codes = slate.codes[best]
        named = slate.named(best)
        friends = now.friends.at(codes)
        bought, liked = friends["friends.bought"].tolist(), friends["friends.count"].tolist()
        interest = None if ranked.interest is None else ranked.interest[best]
        told = reading if len(now.acts.codes) else None
        kinds = liked_categories(self.items, codes, interest, told)
        scores = ranked.scores[best].tolist()
        for i, name in enumerate(self.items.ids.names(codes)):
            reasons = of_item(named[i], bought[i], liked[i], kinds[i])
            yield FeedItem(name, scores[i], named[i], tuple(reasons), float(page.propensity[i]))

    def _names(self, removed: Removed) -> dict[str, tuple[str, ...]]:
        def names(codes: Codes) -> tuple[str, ...]:
            return tuple(self.items.ids.names(codes))

        return {rule: names(codes) for rule, codes in removed.items()}
