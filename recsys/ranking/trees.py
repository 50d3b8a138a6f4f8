"""LightGBM's text model as tables for ``recsys.ranking.kernel``."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.errors import InputError

WORD = 64
"""Leaves of a tree that one word of bits holds."""

AS_IS = frozenset({"lambdarank", "rank_xendcg", "regression", "regression_l1", "huber", "quantile"})
"""Objectives whose answer is the plain sum of leaves."""

TINY = float(np.float32(1e-35))
"""Numbers up to this size are 0 to LightGBM (``kZeroThreshold``)."""

_FAR, _TINY = np.float32(np.inf), np.float32(TINY)
_NONE, _NAN = 0, 2
"""How a split sees missing values: as 0, or as NaN that goes the default way."""


class NotCompiled(InputError):
    """A model that only LightGBM can answer for; what it has that is not translated is said."""


@dataclass(frozen=True)
class Tree:
    """One tree: splits and leaves, by number; a child below 0 is the leaf of its complement.

    Parameters
    ----------
    feature, threshold : tuple
        Column and bound of each split; what is at most the bound goes left.
    nan_left : tuple of bool
        Where NaN goes.
    left, right : tuple of int
        Children of each split.
    leaves : tuple of float
        Value of each leaf.
    """

    feature: tuple[int, ...]
    threshold: tuple[float, ...]
    nan_left: tuple[bool, ...]
    left: tuple[int, ...]
    right: tuple[int, ...]
    leaves: tuple[float, ...]


def read(text: str) -> tuple[int, list[Tree]]:
    """Width of the rows and all trees of a text model.

    Raises
    ------
    NotCompiled
        When the model has categories, linear leaves, several classes, zeros as missing values, an
        average instead of a sum, or an objective that bends the sum.
    """
    head, *blocks = text.partition("\nend of trees")[0].split("\nTree=")
    said = _fields(head)
    objective = said.get("objective", "regression").split(" ")[0]
    for wrong, what in (
        ("average_output" in head.splitlines(), "averages trees"),
        (said.get("num_tree_per_iteration", "1") != "1", "has several classes"),
        (objective not in AS_IS, f"bends the sum of its leaves ({objective})"),
    ):
        if wrong:
            raise _untranslated(what)
    return int(said["max_feature_idx"]) + 1, [_tree(_fields(block)) for block in blocks]


def _fields(block: str) -> dict[str, str]:
    return dict(re.findall(r"^(\w+)=(.*)$", block, re.MULTILINE))


def _untranslated(what: str) -> NotCompiled:
    return NotCompiled(
        "the trees are not compiled",
        expected="a sum of numerical splits",
        got=f"a model that {what}",
        next_step="nothing to do: LightGBM answers for it",
    )


def _tree(said: Mapping[str, str]) -> Tree:
    if said.get("num_cat", "0") != "0" or said.get("is_linear", "0") != "0":
        raise _untranslated("has categories or linear leaves")
    kinds = [int(word) for word in said.get("decision_type", "").split()]
    bounds = tuple(float(word) for word in said.get("threshold", "").split())
    missing = {kind >> 2 & 3 for kind in kinds}
    if missing - {_NONE, _NAN}:
        raise _untranslated("takes zeros for missing values")
    return Tree(
        tuple(int(word) for word in said.get("split_feature", "").split()),
        bounds,
        tuple(
            bool(kind & 2) if kind >> 2 & 3 == _NAN else bound >= 0.0
            for kind, bound in zip(kinds, bounds, strict=True)
        ),
        tuple(int(word) for word in said.get("left_child", "").split()),
        tuple(int(word) for word in said.get("right_child", "").split()),
        tuple(float(word) for word in said["leaf_value"].split()),
    )


@dataclass(frozen=True)
class Packed:
    """All trees, as the kernel reads them: for each word of leaves the splits that bear on it.

    Parameters
    ----------
    feature : ndarray, int32, shape (splits,)
        Column that a split looks at.
    bound : ndarray, float32, shape (splits,)
        The largest number that goes left.
    keeps : ndarray, uint64, shape (splits,)
        Bits of the word's leaves that whoever goes right may still reach.
    words : ndarray, int32, shape (words, 4)
        Where the splits of a word begin; from where on they send NaN left; where they end; and 1
        where the word goes on with the tree of the word before.
    leaves : ndarray, float64, shape (words × 64,)
        Values of the leaves, from left to right.
    """

    feature: npt.NDArray[np.int32]
    bound: npt.NDArray[np.float32]
    keeps: npt.NDArray[np.uint64]
    words: npt.NDArray[np.int32]
    leaves: npt.NDArray[np.float64]


def pack(trees: Sequence[Tree]) -> Packed:
    """Tables of some trees.

    Examples
    --------
    >>> stump = Tree((0,), (0.5,), (True,), (-1,), (-2,), (1.0, -1.0))
    >>> packed = pack([stump])
    >>> packed.words.tolist(), hex(packed.keeps[0]), packed.leaves[:2].tolist()
    ([[0, 0, 1, 0]], '0xfffffffffffffffe', [1.0, -1.0])
    """
    splits: list[tuple[int, float, int]] = []
    words: list[tuple[int, int, int, int]] = []
    leaves: list[float] = []
    for tree in trees:
        order, lost = _spread(tree)
        for first in range(0, len(order), WORD):
            start = len(splits)
            right, left = _bearing(tree, lost, first)
            splits += right + left
            words.append((start, start + len(right), len(splits), int(first > 0)))
            own = [tree.leaves[leaf] for leaf in order[first : first + WORD]]
            leaves += own + [0.0] * (WORD - len(own))
    feature, bound, keeps = zip(*splits, strict=True) if splits else ((), (), ())
    return Packed(
        np.array(feature, dtype=np.int32),
        at_most(bound),
        np.array(keeps, dtype=np.uint64),
        np.array(words, dtype=np.int32).reshape(-1, 4),
        np.array(leaves, dtype=np.float64),
    )


def _spread(tree: Tree) -> tuple[list[int], dict[int, tuple[int, int]]]:
    """Leaves from left to right; and for each split the places of those on its left."""
    order: list[int] = []
    begun: dict[int, int] = {}
    lost: dict[int, tuple[int, int]] = {}
    waiting = [(0 if tree.feature else -1, False)]
    while waiting:
        node, left_done = waiting.pop()
        if node < 0:
            order.append(~node)
        elif left_done:
            lost[node] = begun[node], len(order)
            waiting.append((tree.right[node], False))
        else:
            begun[node] = len(order)
            waiting += [(node, True), (tree.left[node], False)]
    return order, lost


def _bearing(
    tree: Tree, lost: Mapping[int, tuple[int, int]], first: int
) -> tuple[list[tuple[int, float, int]], list[tuple[int, float, int]]]:
    """Splits that bear on the word of leaves from ``first`` on: NaN goes right, and left."""
    found: tuple[list[tuple[int, float, int]], list[tuple[int, float, int]]] = ([], [])
    whole = (1 << WORD) - 1
    for split, (begin, end) in lost.items():
        bits = ((1 << end) - (1 << begin)) >> first & whole
        if bits:
            row = (tree.feature[split], tree.threshold[split], whole & ~bits)
            found[tree.nan_left[split]].append(row)
    return found


def at_most(bounds: npt.ArrayLike) -> npt.NDArray[np.float32]:
    """Largest float32 that goes left at a bound, as LightGBM sees numbers: tiny ones as 0.

    Examples
    --------
    >>> at_most([0.1, 0.5]).tolist()
    [0.09999999403953552, 0.5]
    """
    wide = np.asarray(bounds, dtype=np.float64)
    with np.errstate(over="ignore"):
        near = wide.astype(np.float32)
        below = np.where(near <= wide, near, np.nextafter(near, -_FAR))
    nought = np.where(wide >= 0.0, _TINY, np.nextafter(-_TINY, -_FAR))
    return np.where((wide >= -TINY) & (wide < TINY), nought, below)
