"""A process that appends and says what was acknowledged; the tests kill it."""

import sys
from pathlib import Path

from features.errors import StoreError
from features.events import Event
from features.home import Home
from features.store import open_store
from tests.features.store.steps import event


def call(name: str, n: int) -> list[Event]:
    """The n-th call of a writer: an order of three lines by one of five people."""
    given = {"message_id": f"{name}{n}", "order_id": f"{name}{n}", "total_fen": 100}
    return [event(n, "Order Completed", f"{name}{n % 5}", line=line, **given) for line in range(3)]


def main(root: str, name: str, calls: int) -> None:
    """Append; one line of output for each acknowledged call."""
    store = open_store(Home(Path(root)))
    for n in range(calls):
        try:
            store.append(call(name, n))
        except StoreError as error:
            sys.stdout.write(f"refused: {error}\n")
            break
        sys.stdout.write(f"{n}\n")
        sys.stdout.flush()
    store.close()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
