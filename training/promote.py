"""A bundle becomes the champion: gates, registry, directory, then one atomic rename.

Nothing is in service before the rename and everything is in place by then. Each step may be
repeated, so a promotion that broke half-way is run again.
"""

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from features.clock import format_instant, now_us
from features.errors import MissingStep
from features.home import Home
from training import beside, champion
from training.champion import Champion
from training.gates import Gates, Verdict, check, laid

MANIFEST = "manifest.json"

Verify = Callable[[Path], object]
"""Raises a ``BundleError`` unless the directory holds a whole bundle for this version."""


class Registry(Protocol):
    """What promotion asks of ``training.tracking.Tracking``."""

    def find(self, ref: str) -> Any:
        """A registered bundle, which has a ``sha``, by checksum, number or alias; or None."""
        ...

    def fetch(self, version: Any, into: Path) -> Path:
        """Copy a registered bundle's files below ``into``; their directory."""
        ...

    def register(
        self, sha: str, source: str, run_id: str | None = None, alias: str | None = None
    ) -> object:
        """Register a bundle once and let the alias name it."""
        ...


def opened(folder: Path) -> object:
    """Verify a bundle by opening it as a worker would."""
    from recsys.bundle import Bundle

    return Bundle.open(folder)


def promote(
    home: Home,
    ref: str,
    registry: Registry,
    gates: Gates | None = None,
    verify: Verify = opened,
    at_us: int | None = None,
    why: str = "",
) -> tuple[Champion, list[Verdict]]:
    """Put a bundle into service.

    Parameters
    ----------
    home : Home
    ref : str
        A bundle's directory; a checksum or its beginning; or an alias or a version number of the
        registry, such as ``challenger``.
    registry : Registry
    gates : Gates, optional
        Default thresholds when left out.
    verify : callable
    at_us : int, optional
        The instant to write down; default now.
    why : str
        The reason, for the history.

    Returns
    -------
    Champion, list of Verdict
        What was written, and how each gate was passed.

    Raises
    ------
    MissingStep
        When no bundle is called ``ref``.
    BundleError
        When the bundle is incomplete, changed, or made for another version.
    GateRefused
        When a gate does not hold; nothing has changed then.
    TrackingError
        When the registry fails; the champion is still the old one then.
    """
    with champion.alone(home):
        try:
            folder = find(home, ref, registry)
            verify(folder)
            manifest = _manifest(folder)
            before = champion.read(home)
            found = beside.read(home, str(manifest["sha"])[:12], before.sha if before else None)
            figures = laid(_figures(manifest), found)
            verdicts = check(figures, _in_service(home, before), gates or Gates())
            name_champion(home, registry, str(manifest["sha"]), manifest.get("run_id"))
            _install(home, folder, str(manifest["sha"]), verify)
        finally:
            shutil.rmtree(_fetched(home), ignore_errors=True)
        crowned = _crowned(manifest, _previous(before, str(manifest["sha"])), at_us)
        champion.write(home, crowned, "promote", [str(verdict) for verdict in verdicts], why)
    return crowned, verdicts


def rollback(
    home: Home, verify: Verify = opened, at_us: int | None = None, why: str = ""
) -> Champion:
    """Put the champion's predecessor back into service.

    It waits for no tracking server, which may be part of the trouble; :func:`name_champion` moves
    the alias afterwards. The predecessor's own predecessor becomes ``previous``: rolling back twice
    goes two champions back, not forth again.

    Raises
    ------
    MissingStep
        When there is no champion, no predecessor, or its directory is gone.
    BundleError
        As :func:`promote`.
    """
    with champion.alone(home):
        now = champion.read(home)
        if now is None or now.previous is None:
            raise MissingStep(
                "there is no earlier champion",
                expected=f"`previous` in {home.champion}",
                next_step="run `huoren promote REF`",
            )
        folder = home.require(home.bundles / now.previous, f"promote {now.previous[:12]}")
        verify(folder)
        crowned = _crowned(_manifest(folder), champion.predecessor(home, now.previous), at_us)
        champion.write(home, crowned, "rollback", [], why)
    return crowned


def name_champion(home: Home, registry: Registry, sha: str, run_id: str | None = None) -> None:
    """Let the registry's alias ``champion`` name a bundle, registering it if need be."""
    registry.register(sha, str(home.bundles / sha), run_id, "champion")


def find(home: Home, ref: str, registry: Registry) -> Path:
    """Directory of the bundle that ``ref`` names; a registered one is fetched if need be.

    Raises
    ------
    MissingStep
        When there is none, or several begin with ``ref``.
    """
    if _is_bundle(Path(ref)):
        return Path(ref).resolve()
    begun = [path for path in home.bundles.glob(f"{ref}*") if _is_bundle(path)] if ref else []
    if len(begun) == 1:
        return begun[0]
    version = None if begun else registry.find(ref)
    if version is None:
        raise MissingStep(
            f"{len(begun)} bundles are called {ref!r}",
            expected=f"a directory, one checksum in {home.bundles}, or a registered alias",
            next_step="give more of the checksum" if begun else "run `huoren train`",
        )
    known = home.bundles / version.sha
    return known if _is_bundle(known) else registry.fetch(version, _fetched(home))


def _fetched(home: Home) -> Path:
    return home.bundles / ".fetched"


def _is_bundle(folder: Path) -> bool:
    return (folder / MANIFEST).is_file()


def _manifest(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / MANIFEST).read_text()))


def _figures(manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    return manifest.get("metrics") or {}


def _in_service(home: Home, before: Champion | None) -> Mapping[str, Any]:
    """Figures of the bundle in service; none when an erasure has taken its directory away."""
    if before is None or not _is_bundle(home.bundles / before.sha):
        return {}
    return _figures(_manifest(home.bundles / before.sha))


def _install(home: Home, folder: Path, sha: str, verify: Verify) -> None:
    target = home.bundles / sha
    if target.exists():
        if target != folder:
            verify(target)
        return
    home.bundles.mkdir(parents=True, exist_ok=True)
    copy = home.bundles / f".incoming-{sha}"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(folder, copy)
    verify(copy)
    copy.rename(target)


def _previous(before: Champion | None, sha: str) -> str | None:
    """Who comes before ``sha``; promoting the champion again changes nothing."""
    if before is None:
        return None
    return before.previous if before.sha == sha else before.sha


def _crowned(manifest: Mapping[str, Any], previous: str | None, at_us: int | None) -> Champion:
    at = now_us() if at_us is None else at_us
    return Champion(manifest["sha"], manifest["feature_hash"], previous, format_instant(at))
