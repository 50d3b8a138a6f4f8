"""Everything fitted, as one immutable directory: where training and serving meet.

The manifest names every file with its sha256, the schema version, the fingerprint of the
features it was made for, its as-of instant, metrics and settings. Arrays are plain ``.npy`` opened
with mmap, trees are LightGBM's text, the index is faiss's own format: nothing in it can run code.
"""

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

from features.errors import BundleCorrupt, BundleError, BundleIncomplete, BundleMismatch
from features.frames.feed import feature_hash
from features.items import Items
from features.references import References
from recsys.candidates.alike import Alike
from recsys.candidates.als import Als
from recsys.candidates.content import Content
from recsys.candidates.launches import Launches
from recsys.candidates.local import Lift
from recsys.candidates.popular import Popular
from recsys.candidates.similar import Similar
from recsys.people.audience import Audience
from recsys.ranking.lambdamart import LambdaMart
from recsys.ranking.logit import Logit
from recsys.ranking.outcomes import Outcomes
from recsys.rhythm import Rhythm

SCHEMA_VERSION = 2

MANIFEST = "manifest.json"

CHANCE = ".logit.json"
"""How the files of regressions end."""

HASHED = ("schema_version", "feature_hash", "as_of_us", "settings", "metrics", "files")
"""What of a manifest the fingerprint covers: a run's id and date make no other bundle."""

_OTHERWISE = "take another bundle or run `huoren train`"


@dataclass(frozen=True)
class Settings:
    """What serving must do as training did.

    Parameters
    ----------
    repeats : bool
        Whether people buy the same thing again, so that bought items may be shown.
    candidates : int
        How many items each source is asked for.
    target : str
        The event that the feed is trained to bring about.
    zone : str
        The business time zone.
    """

    repeats: bool = True
    candidates: int = 200
    target: str = "Order Completed"
    zone: str = "Asia/Shanghai"


@dataclass(frozen=True)
class Parts:
    """What training fits and a bundle holds; what could not be learned is None or left out.

    ``chances`` are regressions by what they foretell, such as ``filling``.
    """

    items: Items
    references: References
    als: Als
    popular: Popular
    feed: LambdaMart | None
    sharing: LambdaMart | None
    settings: Settings = field(default_factory=Settings)
    similar: Similar | None = None
    audience: Audience = field(default_factory=Audience.empty)
    chances: Mapping[str, Logit] = field(default_factory=dict)
    launches: Launches | None = None
    rhythm: Rhythm | None = None
    lift: Lift | None = None
    content: Content | None = None
    outcomes: Outcomes | None = None
    alike: Alike | None = None

    @property
    def rankers(self) -> tuple[LambdaMart, ...]:
        """Those that were learned."""
        heads = () if self.outcomes is None else tuple(self.outcomes.heads.values())
        learned = (ranker for ranker in (self.feed, self.sharing) if ranker is not None)
        return (*learned, *heads)

    def save(self, folder: Path) -> None:
        """Write every part into a folder that exists."""
        self.items.save(folder)
        self.references.save(folder / "references")
        self.als.save(folder)
        self.popular.save(folder)
        if self.similar is not None:
            self.similar.save(folder)
        self.audience.save(folder)
        save_chances(self.chances, folder)
        if self.launches is not None:
            self.launches.save(folder)
        for part in (self.rhythm, self.lift, self.content, self.outcomes, self.alike):
            if part is not None:
                part.save(folder)
        for name, ranker in (("feed", self.feed), ("sharing", self.sharing)):
            if ranker is not None:
                ranker.save(folder / f"{name}.lightgbm.txt")

    @classmethod
    def open(cls, folder: Path, settings: Settings) -> Self:
        """Map what ``save`` wrote into memory."""
        rankers = {
            name: LambdaMart.open(path)
            for name in ("feed", "sharing")
            if (path := folder / f"{name}.lightgbm.txt").exists()
        }
        return cls(
            Items.open(folder),
            References.open(folder / "references"),
            Als.open(folder),
            Popular.open(folder),
            rankers.get("feed"),
            rankers.get("sharing"),
            settings,
            Similar.open(folder) if (folder / "similar.indptr.npy").exists() else None,
            Audience.open(folder),
            open_chances(folder),
            Launches.open_any(folder),
            Rhythm.open(folder),
            Lift.open(folder),
            Content.open(folder),
            Outcomes.open(folder),
            Alike.open(folder),
        )


def save_chances(chances: Mapping[str, Logit], folder: Path) -> None:
    """Write regressions by what they foretell."""
    for name, chance in chances.items():
        chance.save(folder / f"{name}{CHANCE}")


def open_chances(folder: Path) -> dict[str, Logit]:
    """Read what ``save_chances`` wrote."""
    paths = sorted(folder.glob(f"*{CHANCE}"))
    return {path.name.removesuffix(CHANCE): Logit.open(path) for path in paths}


@dataclass(frozen=True)
class Bundle:
    """An opened, verified bundle.

    Parameters
    ----------
    folder : Path
        The directory.
    manifest : mapping
        Its manifest.
    """

    folder: Path
    manifest: Mapping[str, Any]

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Verify a bundle: every file present and unchanged, made for these features.

        Raises
        ------
        BundleIncomplete
            When the manifest or a file it names is missing.
        BundleCorrupt
            When a file differs from its checksum, or a file is there that nobody declared.
        BundleMismatch
            When the schema version or the feature hash is another one.
        """
        path = folder / MANIFEST
        if not path.is_file():
            raise BundleIncomplete(
                f"no bundle in {folder}", expected=MANIFEST, next_step="run `huoren train`"
            )
        try:
            manifest = dict(json.loads(path.read_text()))
        except (ValueError, TypeError) as error:
            raise BundleCorrupt(f"{path} is no JSON object", next_step=_OTHERWISE) from error
        _check_made_for(manifest)
        _check_whole(path, manifest)
        _check_files(folder, manifest["files"])
        if manifest["sha"] != content_hash(manifest):
            raise BundleCorrupt(
                f"{path} was changed",
                expected=f"sha {content_hash(manifest)}",
                got=str(manifest["sha"]),
                next_step=_OTHERWISE,
            )
        return cls(folder, manifest)

    @classmethod
    def write(
        cls, parts: Parts, into: Path, as_of_us: int, extra: Mapping[str, Any] | None = None
    ) -> Self:
        """Write parts as ``into/<sha>``, atomically; the same content is one bundle.

        Parameters
        ----------
        parts : Parts
            What was fitted.
        into : Path
            Directory of bundles.
        as_of_us : int
            Only events before it were used.
        extra : mapping, optional
            More for the manifest: metrics, run id, data window.
        """
        folder = into / f"partial-{uuid4().hex}"
        folder.mkdir(parents=True)
        try:
            parts.save(folder)
            names = sorted(path for path in folder.rglob("*") if path.is_file())
            manifest = (
                {"metrics": {}}
                | dict(extra or {})
                | {
                    "schema_version": SCHEMA_VERSION,
                    "feature_hash": feature_hash(),
                    "as_of_us": as_of_us,
                    "settings": asdict(parts.settings),
                    "files": {str(path.relative_to(folder)): _sha256(path) for path in names},
                }
            )
            manifest["sha"] = content_hash(manifest)
            text = json.dumps(manifest, indent=1, ensure_ascii=False)
            (folder / MANIFEST).write_text(text)
            target = into / manifest["sha"]
            try:
                return cls.open(target)  # the same content was written before
            except BundleError:
                shutil.rmtree(target, ignore_errors=True)
                folder.rename(target)
            return cls(target, manifest)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    @property
    def version(self) -> str:
        """Short name: the beginning of the content hash."""
        return str(self.manifest["sha"])[:12]

    @property
    def as_of_us(self) -> int:
        """Only events before this instant were used."""
        return int(self.manifest["as_of_us"])

    @property
    def feature_hash(self) -> str:
        """Fingerprint of the features it was made for."""
        return str(self.manifest["feature_hash"])

    @cached_property
    def settings(self) -> Settings:
        """What serving must do as training did."""
        return Settings(**self.manifest["settings"])

    @cached_property
    def references(self) -> References:
        """Population statistics the portraits are read with."""
        return References.open(self.folder / "references")

    @cached_property
    def parts(self) -> Parts:
        """Everything fitted, mapped into memory."""
        return Parts.open(self.folder, self.settings)


def content_hash(manifest: Mapping[str, Any]) -> str:
    """Fingerprint of what a bundle does and how good it is said to be: ``HASHED`` of a manifest."""
    said = {name: manifest[name] for name in HASHED}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _check_whole(path: Path, manifest: Mapping[str, Any]) -> None:
    missing = {*HASHED, "sha"} - manifest.keys()
    if missing:
        raise BundleCorrupt(
            f"{path} is no whole manifest",
            expected=f"keys {', '.join((*HASHED, 'sha'))}",
            got=f"no {', '.join(sorted(missing))}",
            next_step=_OTHERWISE,
        )


def _check_made_for(manifest: Mapping[str, Any]) -> None:
    expected = {"schema_version": SCHEMA_VERSION, "feature_hash": feature_hash()}
    for name, value in expected.items():
        if manifest.get(name) != value:
            raise BundleMismatch(
                f"the bundle has another {name.replace('_', ' ')}",
                expected=str(value),
                got=str(manifest.get(name)),
                next_step="run `huoren train` with this version",
            )


def _check_files(folder: Path, files: Mapping[str, str]) -> None:
    for name, checksum in files.items():
        path = folder / name
        if not path.is_file():
            raise BundleIncomplete(
                f"{name} is missing from the bundle {folder.name}",
                next_step=_OTHERWISE,
            )
        found = _sha256(path)
        if found != checksum:
            raise BundleCorrupt(
                f"{name} of the bundle {folder.name} was changed",
                expected=f"sha256 {checksum[:12]}…",
                got=f"{found[:12]}…",
                next_step=_OTHERWISE,
            )
    strangers = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} - {
        *files,
        MANIFEST,
    }
    if strangers:
        raise BundleCorrupt(
            f"the bundle {folder.name} holds files its manifest does not name",
            got=", ".join(sorted(strangers)[:3]),
            next_step="remove them or take another bundle",
        )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
