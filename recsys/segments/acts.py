"""What people did, as columns: whatever is counted or summed is read in one pass."""

from collections.abc import Sequence as Many

import ibis
import ibis.expr.types as ir

from features import columns as c
from features.clock import HOUR_US
from features.facts import facts
from recsys.segments import vocabulary as v
from recsys.segments.ground import Ground
from recsys.segments.language import Act, Aggregate, Did, Op, Property, Sequence, Value, Window


def bounds(window: Window, ground: Ground) -> tuple[int, int]:
    """First instant of a window, and the first after it; int64 microseconds UTC.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> from features.clock import DAY_US, BusinessZone
    >>> ground = SimpleNamespace(at_us=10 * DAY_US + 5, low_us=0, zone=BusinessZone("UTC"))
    >>> bounds(Window(days=2), ground) == (8 * DAY_US, 10 * DAY_US + 5)
    True
    """
    if window.days is not None:
        today = int(ground.zone.day(ground.at_us))
        return ground.zone.day_start(today - window.days), ground.at_us
    if window.hours is not None:
        return ground.at_us - window.hours * HOUR_US, ground.at_us
    if window.first is not None and window.last is not None:
        end = ground.zone.day_start(window.last + 1)
        return ground.zone.day_start(window.first), min(end, ground.at_us)
    return ground.low_us, ground.at_us


def counted(conditions: Many[Did], ground: Ground) -> list[tuple[ir.Table, list[Did]]]:
    """What people did, a column for each condition.

    Parameters
    ----------
    conditions : sequence of Did
        Those that differ.
    ground : Ground
        The tables.

    Returns
    -------
    list of (ibis Table, list of Did)
        Tables of ``user_id`` and columns ``did0``, ``did1``, … in the order of their conditions;
        whoever did none of it has no row.
    """
    shared: dict[bool, list[Did]] = {False: [], True: []}
    alone: list[tuple[list[Did], bool]] = []
    for one in conditions:
        items = _needs_items(one)
        if one.aggregate is Aggregate.DISTINCT and _few(one, ground) is None:
            alone.append(([one], items))  # dear: kept away from rows of other acts
        else:
            shared[items].append(one)
    passes = [(asked, items) for items, asked in shared.items()] + alone
    return [(_pass(asked, ground, items=items), asked) for asked, items in passes if asked]


def _few(condition: Did, ground: Ground) -> Many[str] | None:
    """The values that could be counted, where there are few; None otherwise."""
    if condition.of in v.ITEM_COLUMNS or condition.of not in v.TEXT_COLUMNS:
        return None
    return ground.few(condition.of, condition.act.events, *bounds(condition.window, ground))


def _needs_items(condition: Did) -> bool:
    names = {one.column for one in condition.act.properties} | {condition.of}
    return bool(names & {*v.ITEM_COLUMNS, "day"})


def _pass(conditions: Many[Did], ground: Ground, *, items: bool) -> ir.Table:
    windows = [bounds(one.window, ground) for one in conditions]
    low, high = min(low for low, _ in windows), max(high for _, high in windows)
    rows = _rows(ground, [one.act for one in conditions], low, high, items=items)
    rows, marks = _marked(rows, conditions)
    measures = {
        f"did{n}": _measure(rows, one, rows[marks[one]], window, (low, high), ground)
        for n, (one, window) in enumerate(zip(conditions, windows, strict=True))
    }
    return rows.group_by(c.USER).aggregate(**measures)


def _marked(rows: ir.Table, conditions: Many[Did]) -> tuple[ir.Table, dict[Did, str]]:
    """The rows with a column for each kind of act, whichever conditions ask for it.

    Conditions on the same acts in other windows share it, and it is found before rows are grouped:
    an engine looks at each row once for each kind, and not once for each condition.
    """
    kinds: dict[tuple[Act, bool], str] = {}
    marks = {}
    for one in conditions:
        kind = (one.act, _once(one))
        marks[one] = kinds.setdefault(kind, f"act{len(kinds)}")
    columns = {}
    for (act, once), name in kinds.items():
        match = matches(rows, act)
        columns[name] = match & (rows[c.LINE] == 0) if once else match
    return rows.mutate(**columns), marks


def _once(condition: Did) -> bool:
    """Whether an act counts on its first line alone."""
    match condition.aggregate:
        case Aggregate.DISTINCT:
            return False
        case Aggregate.SUM:
            return condition.of in v.ORDER_COLUMNS
    return not _by_line(condition)


def _by_line(condition: Did) -> bool:
    return any(one.column in v.LINE_COLUMNS for one in condition.act.properties)


def _rows(ground: Ground, acts: Many[Act], low: int, high: int, *, items: bool) -> ir.Table:
    names = sorted({name for act in acts for name in act.events})
    rows = ground.events
    rows = rows.filter(rows[c.AT] >= low, rows[c.AT] < high, rows[c.EVENT].isin(names))
    if not items:
        return rows
    return facts(rows, ground.items, ground.users, ground.zone, ground.low_us, ground.at_us)


def _measure(
    rows: ir.Table,
    condition: Did,
    match: ir.BooleanValue,
    window: tuple[int, int],
    scanned: tuple[int, int],
    ground: Ground,
) -> ir.Value:
    if window[0] > scanned[0]:
        match &= rows[c.AT] >= window[0]
    if window[1] < scanned[1]:
        match &= rows[c.AT] < window[1]
    if condition.aggregate is Aggregate.DISTINCT:
        return _distinct(rows[condition.of], match, _few(condition, ground))
    if condition.aggregate is Aggregate.SUM:
        return _number(rows, condition.of).sum(where=match)
    if _by_line(condition):
        return rows[c.MESSAGE].nunique(where=match)
    return rows.count(where=match)


def _distinct(column: ir.Value, match: ir.BooleanValue, few: Many[str] | None) -> ir.Value:
    """How many values there are; where they are few, whether each is there costs no set of them."""
    if few is None:
        return column.nunique(where=match)
    met: ir.NumericValue = ibis.literal(0)
    for one in few:
        met += (column == one).any(where=match).fill_null(False).cast("int64")
    return met


def matches(rows: ir.Table, act: Act) -> ir.BooleanValue:
    """Which rows are such an act; never null."""
    match = rows[c.EVENT].isin(list(act.events))
    for one in act.properties:
        match &= compare(_column(rows, one), one.op, one.value)
    return match


def _column(rows: ir.Table, asked: Property) -> ir.Value:
    return _number(rows, asked.column) if asked.column in v.NUMBER_COLUMNS else rows[asked.column]


def _number(rows: ir.Table, column: str) -> ir.NumericValue:
    if column == "amount_fen":
        return rows[c.PRICE].cast("float64") * rows[c.QUANTITY].fill_null(1.0)
    return rows[column].cast("float64")


def compare(column: ir.Value, op: Op, value: Value) -> ir.BooleanValue:
    """A comparison that is false where the column is null, whatever is asked.

    Raises
    ------
    TypeError
        For an operation that is no comparison with a value.
    """
    told: ir.BooleanValue
    match op:
        case Op.EQ:
            told = column == value
        case Op.NE:
            told = column != value
        case Op.GT:
            told = column > value
        case Op.GE:
            told = column >= value
        case Op.LT:
            told = column < value
        case Op.LE:
            told = column <= value
        case Op.BETWEEN if isinstance(value, tuple):
            told = column.between(*value)
        case Op.IN if isinstance(value, tuple):
            told = column.isin(list(value))
        case Op.NOT_IN if isinstance(value, tuple):
            told = column.notin(list(value))
        case _:
            raise TypeError(f"{op} {value!r} compares nothing")
    return told.fill_null(False)


def sequenced(condition: Sequence, ground: Ground) -> ir.Table:
    """People who did the steps one after the other; table of ``user_id``, each once.

    Among all ways to reach a step the latest one leaves the gap to the next step shortest, so one
    running maximum for each step decides.
    """
    low, high = bounds(condition.window, ground)
    acts = [*condition.steps, *([condition.without] if condition.without else [])]
    names = {one.column for act in acts for one in act.properties}
    end = ground.at_us if condition.without else high
    rows = _rows(ground, acts, low, end, items=bool(names & set(v.ITEM_COLUMNS)))
    reached: ir.Value = ibis.null("int64")
    for n, step in enumerate(condition.steps):
        now = matches(rows, step) & (rows[c.AT] < high)
        if n:
            before = reached.max().over(_earlier())
            now &= before.notnull()
            if condition.gap_us is not None:
                now &= (rows[c.AT] - before).fill_null(condition.gap_us + 1) <= condition.gap_us
        rows = rows.mutate(**{f"step{n}": now.ifelse(rows[c.AT], ibis.null("int64"))})
        reached = rows[f"step{n}"]
    if condition.without:
        hit = matches(rows, condition.without).ifelse(rows[c.AT], ibis.null("int64"))
        rows = rows.mutate(after=hit.min().over(_later(condition.gap_us)))
        rows = rows.filter(rows.after.isnull())
    last = f"step{len(condition.steps) - 1}"
    return rows.filter(rows[last].notnull()).select(c.USER).distinct()


def _earlier() -> ibis.expr.builders.WindowBuilder:
    return ibis.range_window(preceding=(None, 1), group_by=c.USER, order_by=c.AT)


def _later(gap_us: int | None) -> ibis.expr.builders.WindowBuilder:
    return ibis.range_window(following=(1, gap_us), group_by=c.USER, order_by=c.AT)
