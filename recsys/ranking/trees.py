"""LightGBM's text model as LLVM assembly: one function for each tree, all rows through one tree.

A tree walks over all rows before the next one begins, so that its code stays in the first cache and
branches on what rows share (the person, the hour) are foreseen; Asadi, Lin and de Vries, "Runtime
optimizations for tree-based machine learning models", TKDE 2014, section 3. Leaves are added in the
order of the trees in double precision, as LightGBM does, so that scores are equal to the last bit.
"""

import re
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from features.errors import InputError

FOREST = "forest"
"""Name of the function: ``void (float *rows, int64 n, double *scores)``, which adds to scores."""

BLOCK = 512
"""Rows that go through all trees before the next ones: they fit the second cache."""

AS_IS = frozenset({"lambdarank", "rank_xendcg", "regression", "regression_l1", "huber", "quantile"})
"""Objectives whose answer is the plain sum of leaves."""

TINY = float(np.float32(1e-35))
"""Numbers up to this size are 0 to LightGBM (``kZeroThreshold``)."""

_FAR = np.float32(np.inf)
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


def assembly(width: int, trees: list[Tree]) -> str:
    """LLVM assembly of the function ``FOREST`` over rows of ``width`` float32.

    Examples
    --------
    >>> stump = Tree((0,), (0.5,), (True,), (-1,), (-2,), (1.0, -1.0))
    >>> "fcmp ule float %v0, 0x3FE0000000000000" in assembly(1, [stump])
    True
    """
    lines = [line for i, tree in enumerate(trees) for line in _function(i, tree, width)]
    return "\n".join([*lines, *_driver(len(trees), width)])


def _function(number: int, tree: Tree, width: int) -> Iterator[str]:
    yield f"define internal void @t{number}(ptr noalias %x, i64 %n, ptr noalias %scores) {{"
    yield "start:"
    yield "  br label %row"
    yield "row:"
    yield "  %r = phi i64 [ 0, %start ], [ %next, %done ]"
    yield f"  %o = mul nuw nsw i64 %r, {width}"
    yield "  %p = getelementptr inbounds float, ptr %x, i64 %o"
    yield f"  br label %{_label(0 if tree.feature else -1)}"
    for split in range(len(tree.feature)):
        yield from _split(split, tree)
    for leaf in range(len(tree.leaves)):
        yield f"l{leaf}:"
        yield "  br label %done"
    yield "done:"
    arrivals = ", ".join(f"[ {_exact(v)}, %l{leaf} ]" for leaf, v in enumerate(tree.leaves))
    yield f"  %leaf = phi double {arrivals}"
    yield "  %s = getelementptr inbounds double, ptr %scores, i64 %r"
    yield "  %sum = load double, ptr %s, align 8"
    yield "  %more = fadd double %sum, %leaf"
    yield "  store double %more, ptr %s, align 8"
    yield "  %next = add nuw nsw i64 %r, 1"
    yield "  %again = icmp ult i64 %next, %n"
    yield "  br i1 %again, label %row, label %out"
    yield "out:"
    yield "  ret void"
    yield "}"


def _split(split: int, tree: Tree) -> Iterator[str]:
    order = "ule" if tree.nan_left[split] else "ole"  # u: true for NaN, o: false for NaN
    bound = _exact(at_most(tree.threshold[split]))
    yield f"n{split}:"
    yield f"  %a{split} = getelementptr inbounds float, ptr %p, i64 {tree.feature[split]}"
    yield f"  %v{split} = load float, ptr %a{split}, align 4"
    yield f"  %c{split} = fcmp {order} float %v{split}, {bound}"
    left, right = _label(tree.left[split]), _label(tree.right[split])
    yield f"  br i1 %c{split}, label %{left}, label %{right}"


def _label(child: int) -> str:
    return f"n{child}" if child >= 0 else f"l{~child}"


def _driver(trees: int, width: int) -> Iterator[str]:
    yield f"define void @{FOREST}(ptr noalias %x, i64 %n, ptr noalias %scores) {{"
    yield "start:"
    yield "  %any = icmp sgt i64 %n, 0"
    yield "  br i1 %any, label %block, label %out"
    yield "block:"
    yield "  %b = phi i64 [ 0, %start ], [ %next, %block ]"
    yield "  %rest = sub i64 %n, %b"
    yield f"  %last = icmp ult i64 %rest, {BLOCK}"
    yield f"  %m = select i1 %last, i64 %rest, i64 {BLOCK}"
    yield f"  %o = mul nuw nsw i64 %b, {width}"
    yield "  %p = getelementptr inbounds float, ptr %x, i64 %o"
    yield "  %s = getelementptr inbounds double, ptr %scores, i64 %b"
    for number in range(trees):
        yield f"  call void @t{number}(ptr %p, i64 %m, ptr %s)"
    yield f"  %next = add nuw nsw i64 %b, {BLOCK}"
    yield "  %again = icmp ult i64 %next, %n"
    yield "  br i1 %again, label %block, label %out"
    yield "out:"
    yield "  ret void"
    yield "}"


def at_most(bound: float) -> float:
    """Largest float32 that goes left at a bound, as LightGBM sees numbers: tiny ones as 0."""
    if -TINY <= bound < TINY:
        return TINY if bound >= 0.0 else float(np.nextafter(np.float32(-TINY), -_FAR))
    with np.errstate(over="ignore"):
        near = np.float32(bound)
    return float(near if float(near) <= bound else np.nextafter(near, -_FAR))


def _exact(value: float) -> str:
    """A number as LLVM writes it without loss: the bits of the double."""
    return f"0x{struct.unpack('<Q', struct.pack('<d', value))[0]:016X}"
