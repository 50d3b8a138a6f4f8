"""How long each tag takes for everybody."""

from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

import pyarrow as pa

from features.counters import Key
from features.portraits import TAGS
from features.portraits.person import column
from features.subjects import of_tables
from training.bench import history
from training.bench.portraits import homes
from training.bench.report import Row


def rows(folder: Path, users: int) -> Iterator[Row]:
    """Measure on a made-up history with 50 events a person.

    Yields
    ------
    mapping
        ``method`` "speed", ``tag``, ``users``, ``ms`` for all of them, the better of two; and one
        row ``all`` for opening the tables and computing every tag.
    """
    home = history.write(folder / "home", users * history.EVENTS_PER_USER)
    made = homes.publish(home, history.END_US, homes.BEIJING)
    begun = perf_counter()
    tables: dict[Key, pa.Table] = {
        key: made.table(key) for key in Key if key.personal and key is not Key.TOUCH
    }
    people = of_tables(tables, history.END_US, homes.BEIJING)
    references = made.references
    opened = perf_counter() - begun
    whole = opened
    for tag in TAGS.values():
        times = []
        for _ in range(2):
            start = perf_counter()
            column(tag, people, references)
            times.append(perf_counter() - start)
        whole += min(times)
        yield {"method": "speed", "tag": tag.name, "users": len(people), "ms": _ms(min(times))}
    yield {"method": "speed", "tag": "opening", "users": len(people), "ms": _ms(opened)}
    yield {"method": "speed", "tag": "all", "users": len(people), "ms": _ms(whole)}


def _ms(seconds: float) -> float:
    return round(1000.0 * seconds, 1)
