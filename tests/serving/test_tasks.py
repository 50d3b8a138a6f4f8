"""Tasks: progress, result, refusal, cancel, and what every worker can tell of them."""

import time
from collections.abc import Iterator

import pytest

from features.home import Home
from serving import tasks
from serving.errors import Refusal
from serving.settings import Settings
from serving.tasks import Task, Tasks


@pytest.fixture
def running(tmp_path, monkeypatch) -> Iterator[Tasks]:
    monkeypatch.setattr(tasks, "_START", "import sys; exec(sys.argv[1])")
    made = Tasks(Settings(Home(tmp_path)))
    yield made
    made.close()


def ended(running: Tasks, task: Task) -> Task:
    end = time.monotonic() + 30
    while (found := running.get(task.task_id)).state == "running" and time.monotonic() < end:
        time.sleep(0.02)
    return found


def test_a_result_and_a_refusal(running):
    good = running.start("count", "import time; time.sleep(1); print('{\"people\": 7}')")
    bad = running.start("count", "import time; time.sleep(1); sys.exit('huoren: no such goal')")
    with pytest.raises(Refusal, match="2 tasks are under way") as refused:
        running.start("count", "pass")
    assert refused.value.word == "too-many-tasks"
    found = ended(running, good)
    assert (found.state, found.done, bytes(found.result)) == ("done", 1.0, b'{"people": 7}')
    assert (ended(running, bad).state, ended(running, bad).detail) == ("failed", "no such goal")


def test_progress_and_cancel(running):
    task = running.start(
        "long", "from features.progress import tell; import time; tell(.4, 'x'); time.sleep(60)"
    )
    while not running.get(task.task_id).doing:
        time.sleep(0.02)
    assert running.get(task.task_id).done == 0.4
    other = Tasks(running.settings)  # another worker's
    assert other.cancel(task.task_id).state == "cancelled"
    assert not [one for one in running.folder.iterdir() if one.suffix != ".json"]


def test_tasks_that_are_not_there(running):
    for name in ("nobody", "../state/x"):
        with pytest.raises(Refusal, match="no task"):
            running.get(name)
