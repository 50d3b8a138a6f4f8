"""The loop that scores rows by any trees, as LLVM assembly; ``recsys.ranking.trees`` packs them.

Whether a row goes right at a split does not depend on where it comes from, so all splits of a tree
are asked of many rows at once, without a branch: each split that sends a row right takes the leaves
on its left out of the row's set, a word of bits, and the first leaf that is left is the row's.
Lucchese et al., "QuickScorer: A Fast Algorithm to Rank Documents with Additive Ensembles of
Regression Trees", SIGIR 2015; with rows side by side in vectors, Lucchese et al., "Exploiting CPU
SIMD Extensions to Speed-up Document Scoring with Tree Ensembles", SIGIR 2016. Leaves are added in
the order of the trees in double precision, as LightGBM does.
"""

from collections.abc import Iterator

FOREST = "forest"
"""Name of the function; see ``assembly``."""

LANES = 8
"""Rows side by side in one vector."""

VECTORS = 4
"""Vectors that go through the trees together: their sets of leaves stay in registers."""

BLOCK = LANES * VECTORS
"""Rows that go through all trees before the next ones."""

_FLOATS, _WORDS, _DOUBLES, _BITS = (
    f"<{LANES} x {kind}>" for kind in ("float", "i64", "double", "i1")
)
_EACH = range(VECTORS)


def _splat(kind: str, value: str) -> str:
    return "<" + ", ".join([f"{kind} {value}"] * LANES) + ">"


def assembly() -> str:
    """LLVM assembly of ``FOREST``.

    Its parameters are those of ``recsys.ranking.trees.Packed``: ``(float *columns, int64 stride,
    int64 blocks, double *scores, int32 *feature, float *bound, int64 *keeps, int32 *words, int64
    many, double *leaves)``. Columns lie one after the other, ``stride`` rows each, of which
    ``blocks`` × ``BLOCK`` are scored.

    Examples
    --------
    >>> f"define void @{FOREST}(" in assembly()
    True
    """
    right = _loop("nans_right", "start", "middle", "ole")
    left = _loop("nans_left", "middle", "end", "ule")
    return "\n".join([*_DECLARED, *_head(), *_word(), *right, *left, *_leaves(), *_foot()])


_DECLARED = (
    f"declare {_WORDS} @llvm.cttz.v{LANES}i64({_WORDS}, i1)",
    f"declare {_DOUBLES} @llvm.masked.gather.v{LANES}f64.v{LANES}p0"
    f"(<{LANES} x ptr>, i32, {_BITS}, {_DOUBLES})",
)


def _head() -> Iterator[str]:
    yield (
        f"define void @{FOREST}(ptr noalias %columns, i64 %stride, i64 %blocks, "
        "ptr noalias %scores, ptr noalias %feature, ptr noalias %bound, ptr noalias %keeps, "
        "ptr noalias %words, i64 %many, ptr noalias %leaves) {"
    )
    yield "begin:"
    yield "  %some = icmp sgt i64 %blocks, 0"
    yield "  br i1 %some, label %block, label %out"
    yield "block:"
    yield "  %b = phi i64 [ 0, %begin ], [ %b.next, %word.done ]"
    yield f"  %row = mul i64 %b, {BLOCK}"
    yield "  %x = getelementptr float, ptr %columns, i64 %row"
    yield "  br label %word"


def _word() -> Iterator[str]:
    """One word of leaves of one tree: where its splits are, and whether it goes on with a tree."""
    yield "word:"
    yield "  %w = phi i64 [ 0, %block ], [ %w.next, %word.end ]"
    for v in _EACH:
        yield f"  %sum{v} = phi {_DOUBLES} [ zeroinitializer, %block ], [ %sum{v}.next, %word.end ]"
        yield f"  %met{v} = phi {_BITS} [ zeroinitializer, %block ], [ %met{v}.next, %word.end ]"
    yield "  %said = getelementptr [4 x i32], ptr %words, i64 %w"
    for place, name in enumerate(("start", "middle", "end", "goes.on")):
        yield f"  %{name}.at = getelementptr [4 x i32], ptr %said, i64 0, i64 {place}"
        yield f"  %{name}.32 = load i32, ptr %{name}.at, align 4"
        yield f"  %{name} = sext i32 %{name}.32 to i64"
    yield "  br label %nans_right.before"


def _loop(name: str, low: str, high: str, order: str) -> Iterator[str]:
    """Splits from ``low`` to ``high``; who is not ``order`` the bound goes right."""
    begins = name == "nans_right"
    came = [_splat("i64", "-1") if begins else f"%nans_right{v}" for v in _EACH]
    yield f"{name}.before:"
    yield f"  %{name}.any = icmp slt i64 %{low}, %{high}"
    yield f"  br i1 %{name}.any, label %{name}.split, label %{name}.after"
    yield f"{name}.split:"
    yield f"  %{name}.n = phi i64 [ %{low}, %{name}.before ], [ %{name}.next, %{name}.split ]"
    for v in _EACH:
        arrivals = f"[ {came[v]}, %{name}.before ], [ %{name}.left{v}, %{name}.split ]"
        yield f"  %{name}.set{v} = phi {_WORDS} {arrivals}"
    yield from _told(name, "feature", "i32")
    yield f"  %{name}.column = sext i32 %{name}.feature to i64"
    yield f"  %{name}.skip = mul i64 %{name}.column, %stride"
    yield f"  %{name}.p = getelementptr float, ptr %x, i64 %{name}.skip"
    yield from _told(name, "bound", "float")
    yield from _everywhere(name, "bound", "float", _FLOATS)
    yield from _told(name, "keeps", "i64")
    yield from _everywhere(name, "keeps", "i64", _WORDS)
    for v in _EACH:
        yield f"  %{name}.p{v} = getelementptr float, ptr %{name}.p, i64 {v * LANES}"
        yield f"  %{name}.x{v} = load {_FLOATS}, ptr %{name}.p{v}, align 4"
        yield f"  %{name}.goes{v} = fcmp {order} {_FLOATS} %{name}.x{v}, %{name}.bounds"
        yield f"  %{name}.less{v} = and {_WORDS} %{name}.set{v}, %{name}.keepss"
        yield (
            f"  %{name}.left{v} = select {_BITS} %{name}.goes{v}, "
            f"{_WORDS} %{name}.set{v}, {_WORDS} %{name}.less{v}"
        )
    yield f"  %{name}.next = add i64 %{name}.n, 1"
    yield f"  %{name}.more = icmp slt i64 %{name}.next, %{high}"
    yield f"  br i1 %{name}.more, label %{name}.split, label %{name}.after"
    yield f"{name}.after:"
    for v in _EACH:
        arrivals = f"[ {came[v]}, %{name}.before ], [ %{name}.left{v}, %{name}.split ]"
        yield f"  %{name}{v} = phi {_WORDS} {arrivals}"
    yield f"  br label %{'nans_left.before' if begins else 'word.end'}"


def _told(name: str, what: str, kind: str) -> Iterator[str]:
    """What the tables say of this split."""
    yield f"  %{name}.{what}.at = getelementptr {kind}, ptr %{what}, i64 %{name}.n"
    yield f"  %{name}.{what} = load {kind}, ptr %{name}.{what}.at, align 4"


def _everywhere(name: str, what: str, kind: str, vector: str) -> Iterator[str]:
    """The same in every lane; called by the plural."""
    one = f"insertelement {vector} poison, {kind} %{name}.{what}, i64 0"
    yield f"  %{name}.{what}.one = {one}"
    order = f"<{LANES} x i32> zeroinitializer"
    yield (
        f"  %{name}.{what}s = shufflevector {vector} %{name}.{what}.one, {vector} poison, {order}"
    )


def _leaves() -> Iterator[str]:
    """Add each row's leaf, unless an earlier word of the same tree had it."""
    yield "word.end:"
    yield "  %first = icmp eq i64 %goes.on, 0"
    yield "  %w.64 = mul i64 %w, 64"
    yield "  %own = getelementptr double, ptr %leaves, i64 %w.64"
    for v in _EACH:
        yield f"  %old{v} = select i1 %first, {_BITS} zeroinitializer, {_BITS} %met{v}"
        yield f"  %here{v} = icmp ne {_WORDS} %nans_left{v}, zeroinitializer"
        yield f"  %new{v} = xor {_BITS} %old{v}, {_splat('i1', 'true')}"
        yield f"  %hit{v} = and {_BITS} %here{v}, %new{v}"
        yield f"  %met{v}.next = or {_BITS} %old{v}, %here{v}"
        yield (
            f"  %place{v} = call {_WORDS} @llvm.cttz.v{LANES}i64({_WORDS} %nans_left{v}, i1 false)"
        )
        yield f"  %at{v} = getelementptr double, ptr %own, {_WORDS} %place{v}"
        yield (
            f"  %leaf{v} = call {_DOUBLES} @llvm.masked.gather.v{LANES}f64.v{LANES}p0"
            f"(<{LANES} x ptr> %at{v}, i32 8, {_BITS} %hit{v}, {_DOUBLES} zeroinitializer)"
        )
        yield f"  %sum{v}.next = fadd {_DOUBLES} %sum{v}, %leaf{v}"
    yield "  %w.next = add i64 %w, 1"
    yield "  %further = icmp slt i64 %w.next, %many"
    yield "  br i1 %further, label %word, label %word.done"


def _foot() -> Iterator[str]:
    yield "word.done:"
    yield "  %s = getelementptr double, ptr %scores, i64 %row"
    for v in _EACH:
        yield f"  %s{v} = getelementptr double, ptr %s, i64 {v * LANES}"
        yield f"  store {_DOUBLES} %sum{v}.next, ptr %s{v}, align 8"
    yield "  %b.next = add i64 %b, 1"
    yield "  %again = icmp slt i64 %b.next, %blocks"
    yield "  br i1 %again, label %block, label %out"
    yield "out:"
    yield "  ret void"
    yield "}"
