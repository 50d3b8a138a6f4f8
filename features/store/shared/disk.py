"""What the server keeps on its disk: whether that is durable, and that nothing erased stays."""

import logging
from time import monotonic, sleep

from features.errors import StoreError
from features.store.shared.link import Link, Refused

_LOG = logging.getLogger(__name__)

WAIT_S = 600.0


def check_durable(link: Link) -> None:
    """Refuse a server that could lose what it acknowledged, or throw keys away.

    Raises
    ------
    StoreError
        Says what to set on the server, or what to allow in the address.
    """
    wanted = link.address.durability
    if wanted == "trusted":
        return
    fsync = _setting(link, "appendfsync") if _setting(link, "appendonly") == "yes" else "never"
    if fsync not in {"always", wanted}:
        raise StoreError(
            f"Redis at {link.address} may lose events that it acknowledged",
            expected=f"appendonly yes, appendfsync {wanted}",
            got=f"appendfsync {fsync}" if fsync != "never" else "appendonly no",
            next_step="set these on the server, or add ?durability=everysec to HUOREN_STORE "
            "where the loss of a second may be borne",
        )
    policy = _setting(link, "maxmemory-policy")
    if policy != "noeviction" and _setting(link, "maxmemory") != "0":
        raise StoreError(
            f"Redis at {link.address} throws keys away when its memory is full",
            expected="maxmemory-policy noeviction",
            got=policy,
            next_step="set it on the server",
        )


def rewrite(link: Link) -> None:
    """Have the server write its files anew, so that nothing deleted is left in them.

    Raises
    ------
    StoreError
        It cannot; call again.
    """
    if link.address.durability == "trusted":
        _LOG.warning("%s: rewrite its files, which may still hold the erased", link.address)
        return
    _run(link, "BGREWRITEAOF", "aof_rewrite_in_progress", "aof_last_bgrewrite_status")
    if _setting(link, "save"):
        _run(link, "BGSAVE", "rdb_bgsave_in_progress", "rdb_last_bgsave_status")


def _run(link: Link, command: str, busy: str, status: str) -> None:
    _wait(link, busy)  # one that is under way began before the deletion
    link.ask(command)
    if _wait(link, busy)[status] != "ok":
        raise StoreError(
            f"Redis at {link.address} could not write its files anew",
            got=command,
            next_step="see the free space of its disk, then forget again",
        )


def _wait(link: Link, busy: str) -> dict[str, object]:
    until = monotonic() + WAIT_S
    while True:
        found: dict[str, object] = link.ask("INFO", "persistence")
        if not found[busy] and not found.get("aof_rewrite_scheduled"):
            return found
        if monotonic() > until:
            raise StoreError(f"Redis at {link.address} has been {busy} for {WAIT_S:.0f} s")
        sleep(0.02)


def _setting(link: Link, name: str) -> str:
    try:
        found = link.ask("CONFIG GET", name)
    except Refused as error:
        raise StoreError(
            f"Redis at {link.address} does not tell how durable it is",
            got=error.got,
            next_step="allow CONFIG GET, or add ?durability=trusted to HUOREN_STORE",
        ) from error
    return str(next(iter(found.values()), ""))
