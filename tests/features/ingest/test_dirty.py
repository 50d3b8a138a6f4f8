"""Random dirty rows: the counts add up, and files and HTTP agree."""

import json
import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.errors import FileRefused
from features.history import History
from features.home import Home
from features.ingest.parse import parse_event
from features.ingest.run import ingest

AT = "2026-06-18T08:00:00+08:00"
NOW = 1_790_000_000_000_000


def mostly(good: list[object], bad: list[object]) -> st.SearchStrategy[object]:
    """Nine good values for each bad one, so that whole rows are often good."""
    return st.sampled_from([*(good * 9 * len(bad)), *(bad * len(good))])


names = mostly(["Product Viewed", "Order Completed", "Cart Viewed"], ["Eaten", "", None, 3])
bad_times = ["2026-06-18 08:00", "soon", "1980-01-01T00:00:00Z", None, 12, ""]
times = mostly([AT, "2026-06-18T00:00:01.5Z"], bad_times)
ids = mostly(["a", 7, 1.5, True], ["", None, {"x": 1}, ["y"], "\\N"])
amounts = mostly(
    [None, 0, 19.99, 0.285, "5", "12.345", "1e2", " 7 ", ""],
    [-1, "-3", "x", "1_0", True, {}, 1e300],
)
some = st.dictionaries(st.sampled_from(["colour", "size", "page"]), ids, max_size=2)
lines = st.fixed_dictionaries(
    {}, optional={"product_id": ids, "price": amounts, "quantity": amounts, "name": ids}
)
properties = st.fixed_dictionaries(
    {},
    optional={
        "product_id": ids,
        "order_id": ids,
        "peer_id": ids,
        "price": amounts,
        "quantity": amounts,
        "position": amounts,
        "total": amounts,
        "extra_words": some,
        "products": st.lists(st.one_of(lines, st.none()), max_size=3),
    },
)
calls = st.fixed_dictionaries(
    {"type": st.just("track"), "event": names, "timestamp": times, "properties": properties},
    optional={"userId": ids, "anonymousId": ids, "context": st.just({"ip": "1.1.1.1", "app": "x"})},
)
GOOD = {"type": "track", "event": "Cart Viewed", "timestamp": AT, "userId": "u"}


def with_ids(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    return [row | {"messageId": f"m{place}"} for place, row in enumerate(rows)]


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(calls, min_size=1, max_size=40))
def test_files_and_http_agree(rows: list[dict[str, object]]) -> None:
    padding = [GOOD] * (3 * len(rows) + 3)  # keeps the file from being refused whole
    rows = with_ids([*rows, *padding])
    parsed = [parse_event(row, NOW) for row in rows]
    expected = [event for one in parsed for event in one.events]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events.ndjson"
        path.write_text("\n".join(json.dumps(row) for row in rows))
        home = Home(Path(folder) / "home")
        report = ingest(path, home)[0]
        assert report.rows == report.kept + report.duplicate + report.quarantined
        bad = pq.read_table(home.quarantine / "events") if report.quarantined else pa.table({})
        reasons = {row["row"]: row["reason"] for row in bad.to_pylist()}
        stored = {
            (row["message_id"], row["line"]): row for row in History(home).events().to_pylist()
        }
    refused = {n: one.faults for n, one in enumerate(parsed, 1) if one.faults}
    assert reasons.keys() == refused.keys()
    assert all(reasons[n] in map(str, faults) for n, faults in refused.items())
    assert report.kept == len(expected) == len(stored)
    for event in expected:
        row = stored[event.message_id, event.line]
        for name in set(event.__struct_fields__) - {"received_us", "rating", "extra"}:
            assert row[name] == getattr(event, name), name
        assert json.loads(row["extra"] or "{}") == json.loads(event.extra or "{}")


@settings(max_examples=15, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["Product Viewed", "Eaten", ""]),
            st.sampled_from([AT, "x", ""]),
            st.sampled_from(["u", ""]),
            st.sampled_from(["i", ""]),
            st.sampled_from(["", "m1", "m2"]),
        ),
        min_size=1,
        max_size=30,
    )
)
def test_the_counts_add_up(rows: list[tuple[str, ...]]) -> None:
    text = "\n".join(
        ",".join(row) for row in [("event", "at_us", "user_id", "item_id", "message_id"), *rows]
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events.csv"
        path.write_text(text)
        home = Home(Path(folder) / "home")
        try:
            first, second = ingest(path, home)[0], ingest(path, home)[0]
        except FileRefused:
            assert not home.root.exists()
            return
        assert first.rows == first.kept + first.duplicate + first.quarantined == len(rows)
        assert (second.kept, second.duplicate) == (0, first.kept + first.duplicate)
        assert sum(first.reasons.values()) == first.quarantined == second.quarantined
        assert History(home).events().num_rows == first.kept
