"""Who used what marketers and admins may: one JSON line for each call, in ``audit/YYYY-MM.jsonl``.

A line names the key by its note in the keys file, the route, the status and the request; never a
body or an id of a person. Lines are appended whole.
"""

import logging
import os
from dataclasses import dataclass
from pathlib import Path

import msgspec

from features.clock import format_instant

SCOPES = frozenset({"marketer", "admin"})
_LOG = logging.getLogger("huoren.serving")


class Line(msgspec.Struct, frozen=True):
    """One call."""

    at: str
    key: str
    scope: str
    route: str
    status: int
    request_id: str


@dataclass(frozen=True)
class Audit:
    """The audit log of one home.

    Parameters
    ----------
    folder : Path
        ``audit`` of the home; made when first needed.
    """

    folder: Path

    def note(self, at_us: int, key: str, scope: str, route: str, status: int, asking: str) -> None:
        """Write one call down; when that fails the log of the service has it."""
        line = Line(format_instant(at_us), key, scope, route, status, asking)
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            path = self.folder / f"{line.at[:7]}.jsonl"
            to = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(to, msgspec.json.encode(line) + b"\n")
            finally:
                os.close(to)
        except OSError:
            _LOG.exception("audit line not written: %s", line)
