"""``huoren serve``: the service as a process, from the first check to the last flushed event."""

import json
import os
import socket
import threading
import time
import urllib.error
import urllib.request
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import typer

from features.clock import BusinessZone
from features.errors import InputError
from features.store.shared.address import chosen
from serving import tracing
from serving.applying import Applying
from serving.guard import Guard
from serving.loading import find, read_champion
from serving.settings import CHAMPION, Settings

NOT_READY = 503


def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT; requests in flight are answered, events are on disk.

    Raises
    ------
    MissingStep
        When the home has no bundle to serve.
    FileRefused, InputError
        When the keys file or the address cannot be used.
    """
    settings = checked(settings)
    port = settings.port or free_port(settings.host)
    os.environ.update(settings.to_environment() | {"HUOREN_PORT": str(port)})
    from serving.service import Huoren

    url = f"http://{_bracketed(settings.host)}:{port}"
    if settings.keys is None:
        typer.echo("huoren: no keys are configured, so only this machine may ask")
    threading.Thread(target=announce, args=(url,), daemon=True).start()
    Huoren.working_dir = str(_installed_in())
    applying = Applying(settings)
    try:
        Huoren.serve_http(host=settings.host, port=port)
    finally:
        applying.stop()
    typer.echo("huoren: stopped")


def checked(settings: Settings) -> Settings:
    """Find out, before any process starts, what would keep the service from working.

    Returns
    -------
    Settings
        With the business zone of the bundle, unless ``HUOREN_ZONE`` says another.
    """
    Guard.open(settings.keys)
    chosen(settings.store)
    tracing.check(settings.traces)
    named = settings.bundle
    bundle = find(settings, read_champion(settings).sha if named == CHAMPION else named)
    return replace(settings, zone=_zone(settings, bundle))


def _zone(settings: Settings, bundle: Path) -> BusinessZone:
    told = os.environ.get("HUOREN_ZONE")
    if told is not None:
        return BusinessZone(told)
    try:
        manifest = json.loads((bundle / "manifest.json").read_bytes())
        return BusinessZone(manifest["settings"]["zone"])
    except (OSError, ValueError, KeyError, TypeError):
        return settings.zone  # the worker refuses such a bundle and says why


def free_port(host: str) -> int:
    """Port that nobody listens on.

    Raises
    ------
    InputError
        When ``host`` is no address of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        try:
            probe.bind((host, 0))
        except OSError as error:
            raise InputError(
                "cannot listen there",
                expected="an IP address of this machine",
                got=f"--host {host}",
            ) from error
        return int(probe.getsockname()[1])


def announce(url: str, patience_s: float = 300.0) -> None:
    """Say once that the first worker is ready, or why none is."""
    typer.echo(f"huoren: starting on {url}")
    end = time.monotonic() + patience_s
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(f"{url}/readyz", timeout=5) as answer:
                answer.read()
            typer.echo(f"huoren: ready on {url}")
            return
        except urllib.error.HTTPError as error:
            if error.code == NOT_READY:
                typer.echo(f"huoren: not ready on {url}: {error.read().decode()}")
            else:  # a key is asked for: it answers
                typer.echo(f"huoren: ready on {url}")
            return
        except OSError:
            time.sleep(0.05)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _installed_in() -> Path:
    """Directory that holds the packages, so that workers import these and no others."""
    spec = find_spec("serving")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent.parent
