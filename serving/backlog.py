"""Connections that wait in the kernel until this process accepts them.

An event loop may accept one connection in a round, and a worker that computes for milliseconds has
few rounds: unseen connections would wait longest of all. The kernel knows how many there are.
"""

import os
import socket
import struct
import weakref
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

_OPEN = Path("/proc/self/fd")

_UNACCEPTED = struct.Struct("I")
_PLACE = 24
"""Of ``tcpi_unacked`` in Linux' ``tcp_info``: of a listening socket, the connections that wait."""


class Backlog:
    """The listening TCP sockets of this process; none where the system does not tell."""

    def __init__(self) -> None:
        self._sockets: list[socket.socket] | None = None

    def waiting(self) -> int:
        """How many connections nobody accepted yet."""
        if self._sockets is None:  # by the first request they are all open
            self._sockets = _listening()
            weakref.finalize(self, _close, self._sockets)
        return sum(map(_unaccepted, self._sockets))


def _listening() -> list[socket.socket]:
    found: dict[int, socket.socket] = {}  # by inode: a socket may have several descriptors
    for path in list(_OPEN.iterdir()) if _OPEN.is_dir() else ():
        with suppress(OSError):  # the folder's own descriptor is closed by now
            node = path.stat().st_ino
            if path.is_socket() and node not in found:
                one = socket.socket(fileno=os.dup(int(path.name)))
                if _listens(one):
                    found[node] = one
                else:
                    one.close()
    return list(found.values())


def _close(sockets: Iterable[socket.socket]) -> None:
    for one in sockets:
        one.close()


def _listens(one: socket.socket) -> bool:
    accepts = one.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    return bool(accepts) and one.family in (socket.AF_INET, socket.AF_INET6)


def _unaccepted(one: socket.socket) -> int:
    try:
        told = one.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _PLACE + _UNACCEPTED.size)
    except OSError:
        return 0
    return int(_UNACCEPTED.unpack_from(told, _PLACE)[0]) if len(told) > _PLACE else 0
