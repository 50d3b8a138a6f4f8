"""Where a run took place: code, engines, machine."""

import os
import platform
import subprocess
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from features.home import Home
from training.steps.course import ENGINES, code


def environment(home: Home) -> dict[str, str]:
    """Versions, revision, fingerprint of the code, machine.

    Examples
    --------
    >>> list(environment(Home(Path("shop"))))[:4]
    ['huoren', 'git revision', 'code', 'python']
    """
    return {
        "huoren": _version("huoren"),
        "git revision": revision(),
        "code": code(),
        "python": platform.python_version(),
        "system": platform.platform(),
        "cores": str(os.cpu_count()),
        "home": str(home.root),
        **{name: _version(name) for name in ENGINES},
    }


@lru_cache
def revision() -> str:
    """Git revision of the source, with a plus where files were changed; empty without git."""
    folder = Path(__file__).parent
    try:
        at, changed = (
            subprocess.run(
                ["git", "-C", str(folder), *words], capture_output=True, text=True, check=True,
                timeout=10,
            ).stdout.strip()
            for words in (("rev-parse", "HEAD"), ("status", "--porcelain", "-uno", "--", "."))
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return ""
    return at + ("+" if changed else "")


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
