"""Slices of an evaluation: by city tier, new people, new items; a mean never tells who lost."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features import columns as c
from features.clock import Int64s
from training import metrics
from training.examples.feed import Asked
from training.metrics import Relevant
from training.past import Past
from training.split import Window

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.object_]

UNKNOWN = "unknown"


@dataclass(frozen=True)
class Slices:
    """What queries, and the items they were to find, are told apart by.

    Parameters
    ----------
    queries : mapping of str to ndarray of str, shape (queries,)
        Property → value of each query.
    items : mapping of str to ndarray of str, shape (items,)
        Property → value of each item of the catalogue.
    """

    queries: Mapping[str, Labels]
    items: Mapping[str, Labels]

    def values(
        self, ranked: metrics.Codes, asked: Asked, k: int, ndcg: Floats
    ) -> dict[str, dict[str, Floats]]:
        """NDCG@k of every query by property and value, NaN where a query has no part in it.

        Parameters
        ----------
        ranked : ndarray, int32, shape (queries, k)
            Lists of one method.
        asked : Asked
            What was relevant.
        k : int
            Depth.
        ndcg : ndarray, float64, shape (queries,)
            NDCG@k of every query.
        """
        masks = metrics.history_slices(asked.history)
        found = {
            "history": {name: np.where(inside, ndcg, np.nan) for name, inside in masks.items()}
        }
        for name, by in self.queries.items():
            found[name] = {
                f"{name}={value}": np.where(by == value, ndcg, np.nan)
                for value in sorted(set(by.tolist()))
            }
        for name, by in self.items.items():
            found[name] = {
                f"{name}={value}": metrics.ndcg_at_k(ranked, _only(asked.relevant, by == value), k)
                for value in sorted(set(by.tolist()))
            }
        return found


def means(values: Mapping[str, Floats]) -> dict[str, float]:
    """Mean of each slice that has any query.

    Examples
    --------
    >>> means({"all": np.array([1.0, np.nan]), "none": np.array([np.nan, np.nan])})
    {'all': 1.0}
    """
    return {name: float(np.nanmean(one)) for name, one in values.items() if not np.isnan(one).all()}


def of(past: Past, asked: Asked, window: Window, popularity: Int64s) -> Slices:
    """Slices of the queries of a window.

    Parameters
    ----------
    past : Past
        The history.
    asked : Asked
        The queries.
    window : Window
        Theirs; new is who, or what, nobody had heard of before it.
    popularity : ndarray, int64, shape (items,)
        How often each item had been the target before the window.
    """
    past.connection.register("asked", asked.queries.table())
    rows = past.connection.execute(
        f"""
        SELECT q.query, arg_max(u.{c.CITY_TIER}, u.{c.VALID_FROM}) AS tier, any_value(f.since)
        FROM asked q
        LEFT JOIN users u ON u.{c.USER} = q.{c.USER} AND u.{c.VALID_FROM} <= q.asked_us
        LEFT JOIN (SELECT {c.USER}, min({c.AT}) AS since FROM facts GROUP BY ALL) f
            ON f.{c.USER} = q.{c.USER}
        GROUP BY q.query ORDER BY q.query
        """
    ).fetchall()
    tiers = [tier or UNKNOWN for _, tier, _ in rows]
    people = ["known" if since is not None and since < window.start_us else "new"
              for _, _, since in rows]  # fmt: skip
    return Slices(
        {"city_tier": np.array(tiers, dtype=object), "person": np.array(people, dtype=object)},
        {"item": np.where(popularity > 0, "known", "new").astype(object)},
    )


def _only(relevant: Relevant, kept: npt.NDArray[np.bool_]) -> Relevant:
    """The relevant items that are kept."""
    inside = kept[relevant.codes] if len(relevant.codes) else np.zeros(0, dtype=np.bool_)
    ends = np.concatenate([[0], np.cumsum(inside)]).astype(np.int64)
    return Relevant(ends[relevant.indptr], relevant.codes[inside])
