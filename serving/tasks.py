"""Long work as tasks: a command in a process of its own, its progress, its result, its end.

A task is a file ``tasks/ID.json`` in the home, so that every worker can tell of it. The worker that
started it watches the process; any worker cancels it by leaving ``ID.cancel`` beside the file.
Results hold figures and names of files, never ids of people.
"""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from features.clock import format_instant, now_us
from features.progress import PLACE
from serving.errors import Refusal
from serving.ids import request_id
from serving.settings import Settings

_START = "import os; os.nice(10); from features.cli import main; main()"
MOST = 2
"""Tasks of one worker at once."""

KEPT_SECONDS = 7 * 86_400
LOOK_SECONDS = 0.2


class Task(msgspec.Struct):
    """What is known of a task; ``state`` is running, done, failed, cancelled or lost."""

    task_id: str
    kind: str
    state: str
    started_at: str
    ended_at: str | None = None
    done: float = 0.0
    doing: str = ""
    result: msgspec.Raw = msgspec.Raw(b"null")
    detail: str = ""
    worker: int = 0


class Tasks:
    """The tasks of a home.

    Parameters
    ----------
    settings : Settings
        Of the worker.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.folder: Path = settings.home.root / "tasks"
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.lock = threading.Lock()

    def start(self, kind: str, *words: str) -> Task:
        """Run ``huoren WORDS`` as a task; words after ``--`` are arguments, whatever they are.

        Raises
        ------
        Refusal
            ``too-many-tasks`` when the worker has ``MOST`` of them under way.
        """
        with self.lock:
            if len(self.running) >= MOST:
                raise Refusal("too-many-tasks", f"{MOST} tasks are under way")
            self.folder.mkdir(parents=True, exist_ok=True)
            self._tidy()
            at_us = now_us()
            task = Task(request_id(at_us), kind, "running", format_instant(at_us))
            task.worker = os.getpid()
            with self._files(task.task_id) as (out, err, progress):
                process = subprocess.Popen(
                    [sys.executable, "-c", _START, *words],  # the home is in the environment
                    stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                    env={**os.environ, **self.settings.to_environment(), PLACE: progress},
                )  # fmt: skip
            self._write(task)
            self.running[task.task_id] = process
        threading.Thread(target=self._watch, args=(task, process), daemon=True).start()
        return task

    def get(self, task_id: str) -> Task:
        """What is known of a task.

        Raises
        ------
        Refusal
            ``unknown-task``.
        """
        path = self.folder / f"{task_id}.json"
        if Path(task_id).name != task_id or not path.is_file():
            raise Refusal("unknown-task", f"there is no task {task_id!r}")
        task = msgspec.json.decode(path.read_bytes(), type=Task)
        if task.state == "running":
            with suppress(OSError, msgspec.DecodeError, KeyError):
                told = msgspec.json.decode((self.folder / f"{task_id}.progress").read_bytes())
                task.done, task.doing = told["done"], told["doing"]
            if not _alive(task.worker):
                task.state, task.detail = "lost", "the worker that watched it ended; start it again"
        return task

    def cancel(self, task_id: str) -> Task:
        """End a task; what it had not finished leaves nothing behind."""
        task = self.get(task_id)
        if task.state == "running":
            (self.folder / f"{task_id}.cancel").touch()
            end = time.monotonic() + 20 * LOOK_SECONDS
            while (task := self.get(task_id)).state == "running" and time.monotonic() < end:
                time.sleep(LOOK_SECONDS / 4)
        return task

    def close(self) -> None:
        """End what this worker runs."""
        with self.lock:
            running = list(self.running.values())
        for process in running:
            process.terminate()
            process.wait()

    def _watch(self, task: Task, process: "subprocess.Popen[bytes]") -> None:
        ended = self.folder / f"{task.task_id}.cancel"
        while True:
            with suppress(subprocess.TimeoutExpired):
                code = process.wait(timeout=LOOK_SECONDS)
                break
            if ended.exists():
                process.terminate()
        said = (self.folder / f"{task.task_id}.out").read_bytes().strip()
        complaint = (self.folder / f"{task.task_id}.err").read_text(errors="replace").strip()
        task.ended_at = format_instant(now_us())
        task.state = "done" if code == 0 else "cancelled" if ended.exists() else "failed"
        if code == 0:
            task.done, task.result = 1.0, msgspec.Raw(said or b"null")
        elif task.state == "failed":
            task.detail = complaint.rpartition("\n")[2].removeprefix("huoren: ")
        self._write(task)
        with self.lock:
            del self.running[task.task_id]
        for suffix in (".out", ".err", ".progress", ".cancel"):
            (self.folder / f"{task.task_id}{suffix}").unlink(missing_ok=True)

    @contextmanager
    def _files(self, task_id: str) -> Iterator[tuple[int, int, str]]:
        place = self.folder / task_id
        with Path(f"{place}.out").open("wb") as out, Path(f"{place}.err").open("wb") as err:
            yield out.fileno(), err.fileno(), f"{place}.progress"

    def _write(self, task: Task) -> None:
        partial = self.folder / f"{task.task_id}.partial"
        partial.write_bytes(msgspec.json.encode(task))
        partial.replace(self.folder / f"{task.task_id}.json")

    def _tidy(self) -> None:
        oldest = time.time() - KEPT_SECONDS
        for path in self.folder.glob("*.json"):
            with suppress(OSError):
                if path.stat().st_mtime < oldest:
                    path.unlink()


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
