"""What training found about a bundle that is no part of it: a file beside its report.

It depends on who was champion and on the machine, so it may not change the bundle's fingerprint.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from features.home import Home


def write(home: Home, version: str, found: Mapping[str, Any]) -> Path:
    """Keep what was found about the bundle with this short name.

    Parameters
    ----------
    home : Home
    version : str
        ``Bundle.version``.
    found : mapping
        ``champion``, ``metrics``, ``paired``, ``drift`` (``training.steps.rivalry``), ``latency``.
    """
    path = _path(home, version)
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(found))
    return fresh.replace(path)


def read(home: Home, version: str, champion: str | None) -> dict[str, Any]:
    """What was found; comparisons only where they are with the champion of now.

    Parameters
    ----------
    home : Home
    version : str
        Of the candidate.
    champion : str or None
        Checksum of the bundle in service.
    """
    try:
        found = dict(json.loads(_path(home, version).read_text()))
    except (OSError, ValueError):
        return {}
    if found.get("champion") == champion:
        return found
    return {name: found[name] for name in ("latency",) if name in found}


def _path(home: Home, version: str) -> Path:
    return home.root / "reports" / version / "beside.json"
