"""Where a person stands among people: community, core, influence, bridge.

The graph has an edge wherever two people are tied or did something together, weighted by the
strength of the tie, as of an instant. An edge needs the social consent of both its ends. The
measures are published as the reference ``graph``: one row of ``COLUMNS`` for each person with an
edge; everybody else is in no community and has no row.

==========  ======================================================================================
community   number of the person's community, 0 the largest; Leiden (Traag, Waltman & van Eck,
            2019). Numbers mean nothing from one version to the next
core        greatest k such that everybody of some group has k ties within it, the person among
            them (Seidman, 1983)
influence   PageRank where attention flows to those whose calls are answered (Page et al., 1999),
            times the number of people: 1 is the mean
bridge      participation coefficient: 0 where all ties stay within one community, towards 1 where
            they are spread over many (Guimerà & Amaral, 2005)
==========  ======================================================================================
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from features import columns as c
from features.counters import Scope
from features.lookups import Lookup

if TYPE_CHECKING:
    import pyarrow as pa

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

NAME = "graph"
"""Name of the lookup."""

COLUMNS = ("community", "core", "influence", "bridge")
"""Columns of the lookup, in order."""

UNPLACED = (np.nan,) * len(COLUMNS)
"""What a lookup answers for people without an edge."""

DAMPING = 0.85
"""Part of the attention that is passed on; the rest starts anew with anybody."""


@dataclass(frozen=True)
class Graph:
    """Who is tied to whom.

    Parameters
    ----------
    names : sequence of str
        The people; n of them.
    sources, peers : ndarray, int64, shape (m,)
        Places in ``names``: one row for each direction that is known.
    strength : ndarray, float64, shape (m,)
        Of the tie, as its source sees it; rows without any are left out.
    answered : ndarray, float64, shape (m,)
        Part of what the two did that was the peer answering the source, 0 to 1.

    Examples
    --------
    >>> one, other = np.array([0, 1]), np.array([1, 0])
    >>> pair = Graph(["a", "b"], one, other, np.ones(2), np.full(2, 0.5))
    >>> pair.measures().read(["a", "stranger"], UNPLACED).tolist()
    [[0.0, 1.0, 1.0, 0.0], [nan, nan, nan, nan]]
    """

    names: Sequence[str]
    sources: Ints
    peers: Ints
    strength: Floats
    answered: Floats

    @classmethod
    def of(cls, edges: "pa.Table", users: "pa.Table | None" = None) -> Self:
        """From a table of ties, without people who refuse.

        Parameters
        ----------
        edges : pyarrow.Table
            ``user_id``, ``peer_id``, ``strength``, ``answered``; see ``features.strength.table``.
        users : pyarrow.Table, optional
            ``user_id`` and ``consents`` (list of str; null: not asked, which is no refusal).
        """
        import pyarrow as pa
        import pyarrow.compute as pc

        kept = pc.and_(
            pc.greater(edges["strength"], 0.0), pc.not_equal(edges[c.USER], edges[c.PEER])
        )
        if users is not None and (refusing := _refusing(users)):
            refused = pa.array(refusing, pa.string())
            for end in (c.USER, c.PEER):
                kept = pc.and_not(kept, pc.is_in(edges[end], refused))
        edges = edges.filter(kept)
        names = pc.unique(
            pa.chunked_array([*edges[c.USER].chunks, *edges[c.PEER].chunks], pa.string())
        )
        names = names.take(pc.sort_indices(names))
        ends = (
            pc.index_in(edges[end], names).to_numpy().astype(np.int64) for end in (c.USER, c.PEER)
        )
        measured = (edges[name].to_numpy() for name in ("strength", "answered"))
        return cls(names.to_pylist(), *ends, *measured)

    def measures(self) -> Lookup:
        """``COLUMNS`` of everybody with an edge; the same graph gives the same numbers."""
        if not len(self.strength):
            return Lookup.of((), np.zeros((0, len(COLUMNS))))
        from sknetwork.ranking import PageRank
        from sknetwork.topology import get_core_decomposition

        mutual = self._matrix(self.sources, self.peers, self.strength / 2)
        mutual = (mutual + mutual.T).tocsr()
        mutual.sort_indices()
        attention = self._matrix(self.peers, self.sources, self.strength * self.answered)
        community = communities(mutual)
        ranker = PageRank(damping_factor=DAMPING, n_iter=100, tol=1e-10)
        columns = (
            community,
            get_core_decomposition(mutual),
            ranker.fit_predict(attention) * len(self.names),
            participation(mutual, community),
        )
        return Lookup.of(self.names, np.stack(columns, axis=1).astype(np.float64))

    def _matrix(self, rows: Ints, columns: Ints, values: Floats) -> Any:
        from scipy import sparse

        n = len(self.names)
        found = sparse.csr_matrix((values, (rows, columns)), shape=(n, n))
        found.sort_indices()
        return found


def communities(mutual: Any) -> Ints:
    """Number of each person's community, the largest first, then the one met first; shape (n,)."""
    from graspologic_native import leiden_csr

    indptr, indices = mutual.indptr.astype(np.int64), mutual.indices.astype(np.int32)
    n = mutual.shape[0]
    _, numbered = leiden_csr(indptr, indices, mutual.data, n, seed=0)
    found = np.fromiter((numbered[place] for place in range(n)), dtype=np.int64, count=n)
    _, first, place, sizes = np.unique(
        found, return_index=True, return_inverse=True, return_counts=True
    )
    rank = np.empty(len(sizes), dtype=np.int64)
    rank[np.lexsort((first, -sizes))] = np.arange(len(sizes))
    return np.asarray(rank[place], dtype=np.int64)


def participation(mutual: Any, community: Ints) -> Floats:
    """How evenly each person's ties are spread over communities; shape (n,).

    Examples
    --------
    >>> from scipy import sparse
    >>> path = sparse.csr_matrix(np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]], dtype=float))
    >>> participation(path, np.array([0, 0, 1])).tolist()
    [0.0, 0.5, 0.0]
    """
    from scipy import sparse

    n = len(community)
    member = sparse.csr_matrix((np.ones(n), (np.arange(n), community)))
    inside = mutual @ member
    whole = np.maximum(np.asarray(inside.sum(axis=1)).ravel(), 1e-300)
    squares = np.asarray(inside.multiply(inside).sum(axis=1)).ravel() / whole**2
    return np.asarray(np.maximum(1.0 - squares, 0.0), dtype=np.float64)


def _refusing(users: "pa.Table") -> list[str]:
    ids, given = users[c.USER].to_pylist(), users["consents"].to_pylist()
    return [
        user
        for user, scopes in zip(ids, given, strict=True)
        if scopes is not None and Scope.SOCIAL_GRAPH not in scopes
    ]
