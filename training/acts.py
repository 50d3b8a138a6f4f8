"""Acts of a history as arrays: what anybody had done last before any instant."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from features import columns as c
from features import events as e
from features import online
from features.clock import DAY_US, Int64s
from features.ids import IdMap
from features.weights import INTEREST
from recsys.moment import Acts
from recsys.visitor import Bought

Codes = npt.NDArray[np.int32]


@dataclass(frozen=True)
class ActArrays:
    """Acts sorted by person and time.

    Parameters
    ----------
    people : dict of str to int
        Number of each person.
    starts : ndarray, int64, shape (people + 1,)
        Where each person's acts begin.
    at_us, weights, ordered, deed : ndarray, shape (n,)
        The acts.
    items : ndarray, int32, shape (n,)
        Places in ``names``.
    names : list of str
        Items.
    """

    people: dict[str, int]
    starts: Int64s
    at_us: Int64s
    weights: npt.NDArray[np.float64]
    ordered: npt.NDArray[np.bool_]
    deed: npt.NDArray[np.bool_]
    items: Codes
    names: list[str]

    @classmethod
    def of(cls, rows: pa.Table) -> "ActArrays":
        """From ``user_id``, ``at_us``, ``event`` and ``item_id``, in that order of sorting."""
        users = rows[c.USER].combine_chunks().dictionary_encode()
        items = rows[c.ITEM].combine_chunks().dictionary_encode()
        events = rows[c.EVENT].combine_chunks().dictionary_encode()
        kinds = events.dictionary.to_pylist()
        kind = events.indices.to_numpy()
        numbers = users.indices.to_numpy()
        return cls(
            {name: i for i, name in enumerate(users.dictionary.to_pylist())},
            np.searchsorted(numbers, np.arange(len(users.dictionary) + 1)),
            rows[c.AT].to_numpy(),
            np.array([INTEREST[name] for name in kinds], dtype=np.float64)[kind],
            np.array([name == e.ORDERED for name in kinds], dtype=np.bool_)[kind],
            np.array([name in online.DEED_EVENTS for name in kinds], dtype=np.bool_)[kind],
            items.indices.to_numpy().astype(np.int32),
            items.dictionary.to_pylist(),
        )

    def known(self, ids: IdMap) -> "KnownActs":
        """The acts with the item codes of a bundle."""
        codes = ids.codes(self.names)
        return KnownActs(self, codes[self.items] if len(codes) else self.items)


@dataclass(frozen=True)
class KnownActs:
    """Acts on the items that a bundle knows.

    Parameters
    ----------
    acts : ActArrays
        All of them.
    codes : ndarray, int32, shape (n,)
        The bundle's code of the item of each act, -1 for one it does not know.
    """

    acts: ActArrays
    codes: Codes

    def _before(self, user: str, at_us: int) -> slice:
        number = self.acts.people.get(user)
        if number is None:
            return slice(0, 0)
        start, end = self.acts.starts[number], self.acts.starts[number + 1]
        return slice(int(start), int(start + np.searchsorted(self.acts.at_us[start:end], at_us)))

    def _acts(self, places: Int64s, at_us: int) -> Acts:
        places = places[self.codes[places] >= 0][::-1]
        return Acts(
            self.codes[places],
            self.acts.weights[places],
            self.acts.ordered[places],
            (at_us - self.acts.at_us[places]) / DAY_US,
        )

    def own(self, user: str, at_us: int) -> Acts:
        """Last acts of a person, newest first: as many as a state remembers."""
        before = self._before(user, at_us)
        places = np.arange(before.start, before.stop)
        deeds = places[self.acts.deed[before]][-online.DEEDS :]
        return self._acts(np.union1d(places[-online.RECENT :], deeds), at_us)

    def deeds(self, user: str, at_us: int, most: int) -> Acts:
        """Last deeds of a person, newest first."""
        before = self._before(user, at_us)
        places = np.arange(before.start, before.stop)[self.acts.deed[before]]
        return self._acts(places[-most:], at_us)

    def bought(self, user: str, at_us: int) -> Bought:
        """Every item bought before, how often, and how long ago."""
        before = self._before(user, at_us)
        kept = self.acts.ordered[before] & (self.codes[before] >= 0)
        codes, place, times = np.unique(
            self.codes[before][kept], return_inverse=True, return_counts=True
        )
        last = np.zeros(len(codes), dtype=np.int64)
        np.maximum.at(last, place, self.acts.at_us[before][kept])
        return Bought(codes.astype(np.int32), times.astype(np.float64), (at_us - last) / DAY_US)
