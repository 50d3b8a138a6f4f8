"""A Redis server of the tests' own, in a folder of its own; it can be killed and started again."""

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

BINARY = "redis-server"


class Server:
    """A durable server that listens on a unix socket and on a port of the loopback address."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self.options = options
        self.port = free_port()
        self.start()

    @property
    def unix(self) -> str:
        return f"unix://{self.folder}/redis.sock"

    @property
    def tcp(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        self.process = subprocess.Popen(
            [
                BINARY, "--dir", str(self.folder), "--bind", "127.0.0.1", "--port", str(self.port),
                "--unixsocket", f"{self.folder}/redis.sock", "--save", "",
                "--appendonly", "yes", "--appendfsync", "always", *self.options,
            ],
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        until = time.monotonic() + 20
        while not self.answers():
            assert self.process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.01)

    def answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as wire:
                wire.sendall(b"PING\r\n")
                return wire.recv(5) == b"+PONG"
        except OSError:
            return False

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(timeout=20)

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(timeout=20)


def free_port() -> int:
    with socket.socket() as wire:
        wire.bind(("127.0.0.1", 0))
        return int(wire.getsockname()[1])


def require_redis() -> None:
    """Skip without the server's binary; fail instead when HUOREN_REQUIRE_ALL=1."""
    if shutil.which(BINARY):
        return
    reason = f"no {BINARY} on this machine (apt-get install redis-server)"
    if os.environ.get("HUOREN_REQUIRE_ALL") == "1":
        pytest.fail(reason)
    pytest.skip(reason)
