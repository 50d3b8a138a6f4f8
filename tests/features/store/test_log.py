"""The log by itself."""

from collections.abc import Iterator
from pathlib import Path
from threading import Event as Signal
from threading import Thread

import pytest

from features.store.entries import event_draft
from features.store.log import Log
from tests.features.store.steps import event


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    log = Log(tmp_path)
    yield log
    log.close()


def test_whoever_appended_sees_the_new_end_while_others_read(log):
    log.append([event_draft(event(n)) for n in range(200)])
    stop = Signal()

    def read() -> None:
        while not stop.is_set():
            log.read(0, 200)

    reader = Thread(target=read, daemon=True)
    reader.start()
    ends = []
    for n in range(200, 400):
        log.append([event_draft(event(n))])
        ends.append(log.head().last_seq)
    stop.set()
    reader.join()
    assert ends == list(range(201, 401))


def test_seq_before_an_instant(log):
    for n in range(5):
        log.append([event_draft(event(n))])
    moments = [entry.logged_us for entry in log.read(0, 10)]
    assert [log.seq_before(at_us) for at_us in moments] == [0, 1, 2, 3, 4]
    assert log.seq_before(moments[-1] + 1) == 5
    assert moments == sorted(set(moments))


def test_pages_end_where_they_are_told_to(log):
    log.append([event_draft(event(n)) for n in range(10)])
    pages = list(log.scan(2, 9, page=3))
    assert [[entry.seq for entry in page] for page in pages] == [[3, 4, 5], [6, 7, 8], [9]]


def test_a_checkpoint_keeps_everything(log):
    log.append([event_draft(event(0))])
    log.checkpoint(truncate=True)
    assert log.path.with_name("log.db-wal").stat().st_size == 0
    assert len(log.read(0, 10)) == 1
