"""Runs ``huoren`` commands as processes of their own, timed and measured."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from features.cli import EXIT_CODES
from features.errors import HuorenError

URL = re.compile(r"ready on (http://\S+)")

READY_WITHIN_S = 60.0


class StepFailed(HuorenError):
    """A command of the demo ended badly; what it said is in the message."""


def command() -> list[str]:
    """The ``huoren`` of this environment."""
    beside = Path(sys.executable).with_name("huoren")
    found = str(beside) if beside.exists() else shutil.which("huoren")
    return [found] if found else [sys.executable, "-m", "features.cli"]


@dataclass
class Steps:
    """Steps run so far.

    Parameters
    ----------
    environment : mapping of str to str
        Added to the processes' environment.
    notice : callable
        Told the name of each step before it runs.
    done : list of mapping
        Name, seconds and peak memory of each.
    """

    environment: Mapping[str, str]
    notice: Callable[[str], None]
    done: list[dict[str, Any]] = field(default_factory=list)

    def run(self, name: str, *words: str) -> dict[str, Any]:
        """Run one command with ``--json``; returns what it printed.

        Raises
        ------
        HuorenError
            Of the step's own kind, by its exit code; StepFailed for a defect.
        """
        self.notice(name)
        start = time.perf_counter()
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            process = subprocess.Popen(
                [*command(), *words, "--json"], stdout=out, stderr=err, env=self._environment()
            )
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            out.seek(0)
            err.seek(0)
            if process.returncode:
                _fail(name, words, process.returncode, err.read().decode(errors="replace"))
            told: dict[str, Any] = json.loads(out.read() or b"{}")
        self._note(name, start, usage.ru_maxrss)
        return told

    @contextmanager
    def serving(self, *words: str) -> Iterator[str]:
        """Run ``huoren serve`` for the length of a block; yields its URL.

        Raises
        ------
        StepFailed
            When it does not become ready, or does not stop when told to.
        """
        self.notice("serve")
        start = time.perf_counter()
        with tempfile.TemporaryFile() as out:
            process = subprocess.Popen(
                [*command(), "serve", "--port", "0", *words],
                stdout=out, stderr=subprocess.STDOUT, env=self._environment(),
            )  # fmt: skip
            try:
                url = _ready(process, out)
                ready_s = time.perf_counter() - start
                yield url
            finally:
                process.send_signal(signal.SIGTERM)
                _, status, usage = os.wait4(process.pid, 0)
                process.returncode = os.waitstatus_to_exitcode(status)
            self._note("serve", time.perf_counter() - ready_s, usage.ru_maxrss)

    def _note(self, name: str, start: float, peak_kb: int) -> None:
        seconds = round(time.perf_counter() - start, 2)
        self.done.append({"name": name, "seconds": seconds, "peak_mb": peak_kb // 1024})

    def _environment(self) -> dict[str, str]:
        return {**os.environ, **self.environment}


def _ready(process: subprocess.Popen[bytes], out: Any) -> str:
    until = time.monotonic() + READY_WITHIN_S
    said = ""
    while time.monotonic() < until and process.poll() is None:
        out.seek(0)
        said = out.read().decode(errors="replace")
        if found := URL.search(said):
            return found[1]
        time.sleep(0.1)
    raise StepFailed(
        "the service did not become ready",
        expected=f"within {READY_WITHIN_S:.0f} s",
        got=" ".join(said.split()[-40:]),
        next_step="run `huoren serve` by hand",
    )


def _fail(name: str, words: Sequence[str], code: int, said: str) -> None:
    """Raise what the step itself raised, so that the demo ends with the same exit code."""
    kinds = {number: kind for kind, number in reversed(EXIT_CODES.items())}
    raise kinds.get(code, StepFailed)(
        f"the step {name} failed: {' '.join(said.split()[-60:]).removeprefix('huoren: ')}",
        next_step=f"mend that, or run `huoren {' '.join(words)}` by hand",
    )
