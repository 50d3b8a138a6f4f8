"""Services as processes: started, found ready, measured from outside, stopped."""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from features.errors import HuorenError
from training.demo.steps import command

READY_WITHIN_S = 300.0
_TICK = os.sysconf("SC_CLK_TCK")
_SAID = re.compile(r"ready on (http://\S+)")
_WARM = re.compile(r"warm after ([\d.]+) s")


class NotServed(HuorenError):
    """A service that is to be measured does not answer."""


@dataclass(frozen=True)
class Served:
    """One service that runs.

    Parameters
    ----------
    url : str
        Where it answers.
    pid : int
        Of the process that was started; what it started counts too.
    started_s : float
        From its start until it was ready, imports and all.
    warm_s : float, optional
        Of these, from the imports on: the bundle opened, its trees compiled, first requests.
    """

    url: str
    pid: int
    started_s: float = 0.0
    warm_s: float | None = None

    def cpu_s(self) -> float:
        """Seconds of CPU that it took so far."""
        return sum(_ticks(pid) for pid in _family(self.pid)) / _TICK

    def rss_mb(self) -> float:
        """Memory it holds; what its processes share counts once for each."""
        return sum(_rss_kb(pid) for pid in _family(self.pid)) / 1024

    def pss_mb(self) -> float:
        """Memory it holds; what its processes share counts once."""
        return sum(_pss_kb(pid) for pid in _family(self.pid)) / 1024


@contextmanager
def rival(module: str, *words: object) -> Iterator[Served]:
    """A module of ours as a service on a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    called = [sys.executable, "-m", module, str(port), *map(str, words)]
    with _running(called, {"OPENBLAS_NUM_THREADS": "1"}) as (process, _):
        _wait(process, lambda: url if _answers(url) else None)
        yield Served(url, process.pid)


@contextmanager
def huoren(root: Path, bundle: Path, workers: int = 1) -> Iterator[Served]:
    """``huoren serve``; its trees compiled."""
    words = [*command(), "serve", "--data", str(root), "--bundle", str(bundle), "--port", "0"]
    words += ["--workers", str(workers)]
    begun = time.monotonic()
    with _running(words, {}) as (process, said):

        def ready() -> str | None:
            found = _SAID.search(said.read_text(errors="replace"))
            return found[1] if found else None

        url = _wait(process, ready)
        took, warm = time.monotonic() - begun, _WARM.search(said.read_text(errors="replace"))
        yield Served(url, process.pid, took, float(warm[1]) if warm else None)


@contextmanager
def _running(
    words: Sequence[str], more: Mapping[str, str]
) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    with tempfile.TemporaryDirectory() as folder:
        said = Path(folder) / "said"
        with said.open("wb") as out:
            process = subprocess.Popen(
                words, stdout=out, stderr=subprocess.STDOUT, env={**os.environ, **more}
            )
        try:
            yield process, said
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(process: subprocess.Popen[bytes], ready: Callable[[], str | None]) -> str:
    until = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < until and process.poll() is None:
        if url := ready():
            return url
        time.sleep(0.1)
    raise NotServed(
        "a service did not become ready",
        expected=f"within {READY_WITHIN_S:.0f} s",
        got=f"exit code {process.poll()}",
        next_step="run its command by hand: " + " ".join(map(str, process.args)),  # type: ignore[arg-type]
    )


def _answers(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=1).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def _family(pid: int) -> Iterator[int]:
    yield pid
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return
    for child in children:
        yield from _family(int(child))


def _ticks(pid: int) -> int:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return int(fields[11]) + int(fields[12])


def _rss_kb(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmRSS")), 0)


def _pss_kb(pid: int) -> int:
    """Its own pages, and its part of those that it shares."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
