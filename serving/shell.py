"""Commands that a worker leaves to a process of their own: they need what serving does without."""

import asyncio
import os
import sys
from typing import Any

import msgspec

from features.cli import EXIT_CODES
from features.errors import InputError, MissingStep
from serving.errors import Refusal
from serving.settings import Settings

_START = "from features.cli import main; main()"
_REFUSED = EXIT_CODES[InputError]
_WORDS = {_REFUSED: "invalid-fields", EXIT_CODES[MissingStep]: "not-ready"}


_QUIET = "import os; os.nice(10); " + _START


async def told(settings: Settings, *words: str) -> Any:
    """Run ``huoren WORDS`` at low priority and read the JSON that it prints.

    Words after ``--`` are arguments.

    Raises
    ------
    Refusal
        ``invalid-fields`` where the command refused them, ``not-ready`` where an earlier one has
        not been run, ``store-unavailable`` where it failed.
    """
    cut = words.index("--") if "--" in words else len(words)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _QUIET, *words[:cut], "--data", str(settings.home.root), *words[cut:],
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **settings.to_environment()},
    )  # fmt: skip
    try:
        said, complaint = await process.communicate()
    except asyncio.CancelledError:
        process.kill()
        raise
    if process.returncode == 0:
        return msgspec.json.decode(said)
    last = complaint.decode(errors="replace").strip().rpartition("\n")[2].removeprefix("huoren: ")
    raise Refusal(_WORDS.get(process.returncode or 0, "store-unavailable"), last)


async def run(settings: Settings, command: str, user_id: str, *options: str) -> dict[str, Any]:
    """Run a ``huoren`` command about one person and read the JSON that it prints.

    Raises
    ------
    Refusal
        ``busy`` where the command was refused, ``store-unavailable`` where it failed; it can be
        sent again.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _START, command, "--data", str(settings.home.root), *options,
        "--", user_id,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **settings.to_environment()},
    )  # fmt: skip
    said, complaint = await process.communicate()
    if process.returncode == 0:
        found: dict[str, Any] = msgspec.json.decode(said)
        return found
    last = complaint.decode(errors="replace").strip().rpartition("\n")[2]
    raise Refusal("busy" if process.returncode == _REFUSED else "store-unavailable", last)
