"""The wire to a Redis server: requests that are repeated when it breaks, and errors that say so."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha1
from typing import Any

from features.errors import InputError, StoreError
from features.store.shared.address import Address

try:
    import redis
    from redis.backoff import ExponentialBackoff
    from redis.retry import Retry
except ImportError as error:
    raise InputError(
        "a Redis server is configured and its client library is not installed",
        got=str(error),
        next_step="pip install 'huoren[redis]'",
    ) from error

TIMEOUT_S = 5.0
"""How long a request may take; longer than any pause of the server's disk that we put up with."""
REPEATS = 2
HEALTH_S = 30
PAGE = 1_000

Command = Sequence[Any]


class Refused(StoreError):
    """The server answered, with an error."""


class Link:
    """A pool of connections to one server; every method may be called from any thread.

    A request that fails because the connection broke is sent again, for about half a second in
    all: all of ours may be repeated. ``StoreError`` follows when that does not help.

    Parameters
    ----------
    address : Address
        Which server.
    """

    def __init__(self, address: Address) -> None:
        self.address = address
        self._closed = False
        self._digests: dict[str, str] = {}
        try:
            self._client: Any = redis.Redis.from_url(
                address.url,
                protocol=2,
                socket_timeout=TIMEOUT_S,
                socket_connect_timeout=TIMEOUT_S,
                health_check_interval=HEALTH_S,
                retry=Retry(
                    ExponentialBackoff(cap=0.2, base=0.05), REPEATS, (redis.ConnectionError,)
                ),
            )
        except (ValueError, TypeError) as error:
            raise InputError(
                "HUOREN_STORE cannot be used", expected="redis://host:6379/0", got=str(error)
            ) from error

    def key(self, *parts: str) -> bytes:
        """One of our keys; an id that is no Unicode gives a key that never exists."""
        return ":".join((self.address.keyspace, *parts)).encode(errors="surrogatepass")

    def ask(self, *command: Any) -> Any:
        """Send one command and return its answer."""
        with self._guarded():
            return self._client.execute_command(*command)

    def ask_all(self, commands: Sequence[Command]) -> list[Any]:
        """Send commands in one round trip; they run in order, others may run in between."""
        with self._guarded():
            line = self._client.pipeline(transaction=False)
            for command in commands:
                line.execute_command(*command)
            return list(line.execute())

    def run(self, script: str, keys: Sequence[bytes], values: Sequence[Any] = ()) -> Any:
        """Run a script whole, alone, or not at all; texts among its answers are decoded."""
        digest = self._digests.get(script)
        if digest is None:
            digest = self._digests[script] = sha1(
                script.encode(), usedforsecurity=False
            ).hexdigest()
        with self._guarded():
            try:
                found = self._client.execute_command("EVALSHA", digest, len(keys), *keys, *values)
            except redis.exceptions.NoScriptError:  # the server was started anew
                found = self._client.execute_command("EVAL", script, len(keys), *keys, *values)
        return found.decode() if isinstance(found, bytes) else found

    def keys(self, prefix: bytes) -> Iterator[list[bytes]]:
        """Pages of the keys that begin so; some may come twice."""
        cursor = 0
        while True:
            cursor, found = self.ask("SCAN", cursor, "MATCH", prefix + b"*", "COUNT", PAGE)
            if found:
                yield found
            if not int(cursor):
                return

    def close(self) -> None:
        """Release the connections."""
        self._closed = True
        self._client.close()

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        if self._closed:
            raise StoreError(f"{self.address} is closed", next_step="open the store again")
        try:
            yield
        except (redis.ConnectionError, redis.TimeoutError, OSError) as error:
            raise StoreError(
                f"Redis at {self.address} does not answer",
                got=str(error),
                next_step="start it (redis-server --appendonly yes --appendfsync always) or "
                "correct HUOREN_STORE, then retry; what was acknowledged is kept",
            ) from error
        except redis.RedisError as error:
            raise Refused(
                f"Redis at {self.address} refused",
                got=str(error),
                next_step="see its memory, disk and permissions, then retry",
            ) from error
