"""``python -m features.store HOME [ZONE]``: apply the log of a home in a process of its own.

Workers that answer requests then need not share their interpreter with the applier; those opened
with ``applies=True`` still stand by and take over should this process die.
"""

import gc
import signal
import sys
from pathlib import Path
from threading import Event as Signal

from features.clock import BusinessZone
from features.home import Home
from features.store import open_store

KEPT_BYTES = 1 << 24


def main(arguments: list[str]) -> None:
    """Apply until told to stop (SIGTERM or SIGINT)."""
    stop = Signal()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    home, zone = Home(Path(arguments[0]).resolve()), BusinessZone(*arguments[1:2])
    store = open_store(home, zone, kept_bytes=KEPT_BYTES)
    gc.freeze()
    gc.disable()  # states hold no cycles, and looking for some would stop the applier
    stop.wait()
    store.close()


if __name__ == "__main__":
    main(sys.argv[1:])
