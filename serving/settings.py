"""How one service runs: environment and command line become one frozen value."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from features.clock import BusinessZone, now_us
from features.errors import InputError
from features.home import Home
from features.store.shared.address import EMBEDDED

CHAMPION = "champion"
_ORIGIN = re.compile(r"https?://[A-Za-z0-9.\-\[\]:]+")

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True)
class Limits:
    """What one worker takes on at once.

    Parameters
    ----------
    body_bytes : int
        Largest request body.
    upload_seconds : float
        How long a client may take to send it.
    queue_ms : float
        Estimated wait, in milliseconds, beyond which recommendations are refused at once.
    impressions : int
        Answers that may wait for the impression log before further ones are dropped.
    flush_seconds : float
        How often waiting impressions are written.
    answer_seconds : float
        From its arrival on, after which a recommendation begins no further stage but the fallback.
    key_rate, person_rate : float
        Requests a second that one key, or the token of one person, may make; 0: no limit.
    """

    body_bytes: int = 1 << 20
    upload_seconds: float = 10.0
    queue_ms: float = 18.0
    impressions: int = 10_000
    flush_seconds: float = 60.0
    answer_seconds: float = 0.25
    key_rate: float = 0.0
    person_rate: float = 20.0


@dataclass(frozen=True)
class Settings:
    """Everything a worker is told from outside.

    Parameters
    ----------
    home : Home
        The data of the installation.
    bundle : str
        ``champion`` (followed as it changes), a bundle's checksum or its beginning, or a directory.
    host, port : str, int
        Where to listen.
    workers : int
        Processes; one core each.
    clock_offset_us : int
        Added to the wall clock; ``huoren serve --at T`` sets it so that time starts at T.
    keys : Path or None
        File of key hashes; without it the service listens on the loopback address alone.
    zone : BusinessZone
        For day windows and hours.
    limits : Limits
        What one worker takes on at once.
    store : str
        ``embedded``, or the URL of a Redis server.
    origins : tuple of str
        Web pages whose scripts may ask from a browser, such as ``https://shop.example``; none: no
        page may.
    traces : float
        Share of the requests that are traced; 0: none.
    """

    home: Home
    bundle: str = CHAMPION
    host: str = "127.0.0.1"
    port: int = 3000
    workers: int = 1
    clock_offset_us: int = 0
    keys: Path | None = None
    zone: BusinessZone = field(default_factory=BusinessZone)
    limits: Limits = field(default_factory=Limits)
    store: str = EMBEDDED
    origins: tuple[str, ...] = ()
    traces: float = 0.0

    def __post_init__(self) -> None:
        for origin in self.origins:
            if not _ORIGIN.fullmatch(origin):
                raise InputError(
                    "no origin of a web page",
                    expected="scheme, host and port alone, such as https://shop.example",
                    got=repr(origin),
                    next_step="name each page that may ask; * is not taken",
                )
        if self.keys is None and self.host not in LOOPBACK:
            raise InputError(
                "without keys the service listens on the loopback address alone",
                expected="--keys FILE, or --host 127.0.0.1",
                got=f"--host {self.host}",
                next_step="make a key with `huoren key app`",
            )
        for name, number, low, high in (
            ("port", self.port, 0, 65_535),
            ("workers", self.workers, 1, 256),
        ):
            if not low <= number <= high:
                raise InputError(f"no such {name}", expected=f"{low} to {high}", got=str(number))
        if not self.traces <= 1.0:
            raise InputError(
                "no such share of traces", expected="HUOREN_TRACES of 0 to 1", got=str(self.traces)
            )

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Read ``HUOREN_*`` variables; what is absent has its default.

        Raises
        ------
        InputError
            When a value cannot be used.

        Examples
        --------
        >>> Settings.from_environment({"HUOREN_HOME": "/shop", "HUOREN_WORKERS": "2"}).workers
        2
        >>> Settings.from_environment({"HUOREN_HOST": "0.0.0.0"})
        Traceback (most recent call last):
        features.errors.InputError: without keys the service listens on the loopback address ...
        """
        keys = environment.get("HUOREN_KEYS")
        root = Path(environment.get("HUOREN_HOME", "huoren-data"))
        return cls(
            home=Home(root.resolve()),
            bundle=environment.get("HUOREN_BUNDLE", CHAMPION),
            host=environment.get("HUOREN_HOST", "127.0.0.1"),
            port=_whole(environment, "HUOREN_PORT", 3000),
            workers=_whole(environment, "HUOREN_WORKERS", 1),
            clock_offset_us=_whole(environment, "HUOREN_CLOCK_OFFSET_US", 0),
            keys=Path(keys).resolve() if keys else None,
            zone=BusinessZone(environment.get("HUOREN_ZONE", "Asia/Shanghai")),
            store=environment.get("HUOREN_STORE") or EMBEDDED,
            origins=tuple(one for one in environment.get("HUOREN_ORIGINS", "").split(",") if one),
            traces=_number(environment, "HUOREN_TRACES", 0.0),
            limits=Limits(key_rate=_number(environment, "HUOREN_KEY_RATE", Limits.key_rate)),
        )

    def to_environment(self) -> dict[str, str]:
        """Write the variables from which a worker process reads the same value.

        Examples
        --------
        >>> settings = Settings(Home(Path("/shop")), port=8080)
        >>> Settings.from_environment(settings.to_environment()) == settings
        True
        """
        return {
            "HUOREN_HOME": str(self.home.root),
            "HUOREN_BUNDLE": self.bundle,
            "HUOREN_HOST": self.host,
            "HUOREN_PORT": str(self.port),
            "HUOREN_WORKERS": str(self.workers),
            "HUOREN_CLOCK_OFFSET_US": str(self.clock_offset_us),
            "HUOREN_ZONE": self.zone.name,
            "HUOREN_STORE": self.store,
            "HUOREN_KEY_RATE": str(self.limits.key_rate),
            "HUOREN_ORIGINS": ",".join(self.origins),
            "HUOREN_TRACES": str(self.traces),
        } | ({"HUOREN_KEYS": str(self.keys)} if self.keys else {})


@dataclass(frozen=True)
class ServiceClock:
    """The time the service believes it is: the wall clock, moved."""

    offset_us: int = 0

    def now_us(self) -> int:
        """Instant of the service."""
        return now_us() + self.offset_us


def _whole(environment: Mapping[str, str], name: str, default: int) -> int:
    text = environment.get(name, str(default))
    try:
        return int(text)
    except ValueError as error:
        raise InputError(f"{name} is no whole number", got=repr(text)) from error


def _number(environment: Mapping[str, str], name: str, default: float) -> float:
    text = environment.get(name, str(default))
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0.0 <= number < float("inf"):
        raise InputError(f"{name} is no number of 0 or more", got=repr(text))
    return number
