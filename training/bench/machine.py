"""What a measurement ran on, how long it took, and how much memory it held."""

import os
import platform
import resource
import sys
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

P = ParamSpec("P")
R = TypeVar("R")

_TOLD = (
    "huoren", "duckdb", "faiss-cpu", "ibis-framework", "implicit", "lightgbm", "numpy", "pyarrow",
    "pyspark", "scipy",
)  # fmt: skip


def machine() -> dict[str, object]:
    """Processor, cores that may be used, memory in GB."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {"cpu": _processor(), "cores": cores, "memory_gb": round(pages / 2**30)}


def _processor() -> str:
    told = Path("/proc/cpuinfo")
    lines = told.read_text().splitlines() if told.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def versions() -> dict[str, str]:
    """Python and what the measured code runs on; what is not installed is left out."""
    found = {"python": platform.python_version()}
    for name in _TOLD:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def peak_mb() -> float:
    """The most memory this process ever held, plus that of the processes it started, in MB."""
    return sum(_peak_kb(pid) for pid in (os.getpid(), *_descendants(os.getpid()))) / 1024


def _peak_kb(pid: int) -> int:
    """High-water mark; of this process as the kernel counts it where there is no /proc."""
    status = Path(f"/proc/{pid}/status")
    try:
        lines = status.read_text().splitlines()
    except OSError:
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return (most // 1024 if sys.platform == "darwin" else most) if pid == os.getpid() else 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM")), 0)


def _descendants(pid: int) -> "Iterator[int]":
    children = Path(f"/proc/{pid}/task/{pid}/children")
    try:
        found = [int(child) for child in children.read_text().split()]
    except OSError:
        return
    for child in found:
        yield child
        yield from _descendants(child)


@contextmanager
def apart() -> "Iterator[Apart]":
    """Open a fresh process that runs one function after the other for the length of a block.

    Examples
    --------
    >>> with apart() as run:
    ...     run(abs, -3), run(max, 1, 2)
    (3, 2)
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        yield Apart(pool)


@dataclass(frozen=True)
class Apart:
    """Calls functions of modules in another process; what they take and return is pickled."""

    pool: ProcessPoolExecutor

    def __call__(self, work: "Callable[P, R]", *args: P.args, **kwargs: P.kwargs) -> R:
        """Call, and wait for what comes back."""
        return self.pool.submit(work, *args, **kwargs).result()


def alone(work: "Callable[P, R]", *args: P.args, **kwargs: P.kwargs) -> R:
    """Run in a fresh process, so that one measurement's memory is not another's.

    Parameters
    ----------
    work : callable
        A function of a module; what it takes and returns is pickled.

    Examples
    --------
    >>> alone(abs, -3)
    3
    """
    with apart() as run:
        return run(work, *args, **kwargs)
