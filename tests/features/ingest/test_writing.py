import fcntl
import multiprocessing
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from features.errors import InputError
from features.history import History
from features.home import Home
from features.ingest.run import ingest
from features.ingest.writing import Transaction

AT = "2026-06-1{}T08:00:00+08:00"
TEXT = "event,at_us,user_id\n" + "".join(f"Cart Viewed,{AT.format(day)},u\n" for day in range(1, 6))


def tree(home: Home) -> dict[str, bytes]:
    files = (path for path in home.root.rglob("*") if path.is_file())
    return {p.relative_to(home.root).as_posix(): p.read_bytes() for p in files}


def die_before_commit(source: Path, home: Home) -> None:
    Transaction.commit = lambda self: os._exit(9)  # type: ignore[method-assign]
    ingest(source, home)


def die_in_the_moves(source: Path, home: Home) -> None:
    move, moved = Transaction._move, []

    def twice(self: Transaction, inside: str) -> None:
        if len(moved) == 2:
            os._exit(9)
        moved.append(inside)
        move(self, inside)

    Transaction._move = twice  # type: ignore[method-assign]
    ingest(source, home)


def die(how: Callable[[Path, Home], None], source: Path, home: Home) -> None:
    process = multiprocessing.get_context("spawn").Process(target=how, args=(source, home))
    process.start()
    process.join()
    assert process.exitcode == 9


def test_a_run_that_dies_leaves_tables_and_quarantine_as_they_were(
    write: Callable[[str, str], Path], home: Home
) -> None:
    ingest(write("users.csv", "user_id\nu\n"), home)
    before = tree(home)
    die(die_before_commit, write("events.csv", TEXT), home)
    after = {name: data for name, data in tree(home).items() if not name.startswith(".ingest/")}
    assert after == before
    assert ingest(write("events.csv", TEXT), home)[0].kept == 5
    assert not (home.root / ".ingest").exists()


def test_a_run_that_dies_while_moving_is_finished_by_the_next(
    write: Callable[[str, str], Path], home: Home
) -> None:
    source = write("events.csv", TEXT)
    die(die_in_the_moves, source, home)
    assert History(home).events().num_rows == 2
    assert ingest(source, home)[0].duplicate == 5
    assert History(home).events().num_rows == 5


def test_one_ingest_at_a_time(tmp_path: Path) -> None:
    lock = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    with pytest.raises(InputError, match="another ingest is writing"), Transaction(Home(tmp_path)):
        pass
    os.close(lock)
