"""``champion.json``, which names the bundle in service, and the history of its changes.

Workers look at the file every second. It is replaced by one atomic rename; ``promotions.jsonl``
beside it keeps every change.
"""

import fcntl
import getpass
import json
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from features.errors import BundleCorrupt
from features.home import Home


@dataclass(frozen=True)
class Champion:
    """What ``champion.json`` says.

    Parameters
    ----------
    sha, feature_hash : str
        Of the bundle in service.
    previous : str or None
        Checksum of the one before it.
    promoted_at : str
        ISO 8601, UTC.
    """

    sha: str
    feature_hash: str
    previous: str | None
    promoted_at: str


def read(home: Home) -> Champion | None:
    """Read ``champion.json``; None before the first promotion.

    Raises
    ------
    BundleCorrupt
        When the file cannot be read.
    """
    if not home.champion.exists():
        return None
    try:
        said = json.loads(home.champion.read_text())
        return Champion(
            said["sha"], said["feature_hash"], said.get("previous"), said.get("promoted_at", "")
        )
    except (ValueError, KeyError, TypeError) as error:
        raise BundleCorrupt(
            f"{home.champion} cannot be read",
            expected="JSON with sha and feature_hash",
            got=repr(error),
            next_step="remove it and run `huoren promote REF`",
        ) from error


def write(home: Home, champion: Champion, action: str, gates: list[str], why: str = "") -> None:
    """Switch atomically, then note who did it, why, and how each gate was passed."""
    said = asdict(champion)
    fresh = home.champion.with_suffix(".new")
    _durably(fresh, "w", json.dumps(said, indent=1))
    fresh.replace(home.champion)
    noted = {"action": action} | said | {"by": _somebody(), "why": why, "gates": gates}
    _durably(_history(home), "a", json.dumps(noted, ensure_ascii=False))


def history(home: Home) -> list[dict[str, Any]]:
    """List changes, oldest first: ``action``, fields of :class:`Champion`, by, why, gates."""
    if not _history(home).exists():
        return []
    return [json.loads(line) for line in _history(home).read_text().splitlines()]


def predecessor(home: Home, sha: str) -> str | None:
    """Who was champion before ``sha`` last became it; None when the history does not know."""
    entries = [entry for entry in history(home) if entry["sha"] == sha]
    return entries[-1]["previous"] if entries else None


@contextmanager
def alone(home: Home) -> Iterator[None]:
    """Let one process at a time change the champion; others wait."""
    home.root.mkdir(parents=True, exist_ok=True)
    with (home.root / "promotions.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _somebody() -> str:
    """Who runs this: the account and the machine."""
    try:
        return f"{getpass.getuser()}@{platform.node()}"
    except (KeyError, OSError):  # an account without a name
        return f"{os.getuid()}@{platform.node()}"


def _history(home: Home) -> Path:
    return home.root / "promotions.jsonl"


def _durably(path: Path, mode: str, line: str) -> None:
    with path.open(mode, encoding="utf-8") as file:
        file.write(line + "\n")
        file.flush()
        os.fsync(file.fileno())
