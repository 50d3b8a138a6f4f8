"""``python -m features.store HOME [ZONE]``: apply the log of a home in a process of its own.

Workers that answer requests then need not share their interpreter with the applier; those opened
with ``applies=True`` still stand by and take over should this process die. ``huoren serve`` starts
one, with ``--with-parent``, under which it ends when the process that started it is gone.
"""

import gc
import os
import signal
import sys
from pathlib import Path
from threading import Event as Signal

from features.clock import BusinessZone
from features.home import Home
from features.store import open_store

KEPT_BYTES = 1 << 24
WITH_PARENT = "--with-parent"
LOOK_S = 1.0


def main(arguments: list[str]) -> None:
    """Apply until told to stop (SIGTERM or SIGINT)."""
    stop = Signal()
    parent = os.getppid() if WITH_PARENT in arguments else 0
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    where, *zone = [one for one in arguments if one != WITH_PARENT]
    store = open_store(Home(Path(where).resolve()), BusinessZone(*zone[:1]), kept_bytes=KEPT_BYTES)
    gc.freeze()
    gc.disable()  # states hold no cycles, and looking for some would stop the applier
    while not stop.wait(LOOK_S) and (not parent or os.getppid() == parent):
        pass
    store.close()


if __name__ == "__main__":
    main(sys.argv[1:])
