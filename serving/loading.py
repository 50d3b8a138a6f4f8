"""The bundle in service: opened, checked, warmed up, swapped without a request noticing.

``champion.json`` names the bundle. A worker looks at it twice a second, and at what changed in the
catalogue. A new one is opened beside the old one, its trees are compiled, it answers real requests,
and replaces the old one in one assignment; whoever has begun with the old one ends with it. A
bundle that cannot be used is refused: the old one stays, and ``/readyz`` and the metrics say which
was refused and why. A worker that starts on a refused champion takes the ``previous`` one.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import msgspec

from features.clock import BusinessZone
from features.errors import BundleError, BundleMismatch, HuorenError, MissingStep
from features.groupbuys import GroupBuy
from features.online import Act
from features.store import Store
from features.store.contacts import Ledger
from recsys.query import (
    FeedAnswer,
    FeedQuery,
    Forecast,
    GroupQuery,
    GroupsAnswer,
    LaunchAnswer,
    People,
    PromptAnswer,
    PromptQuery,
    ShareAnswer,
    ShareItemsAnswer,
    ShareItemsQuery,
    ShareQuery,
)
from serving.compiling import INTERPRETED, Ranker, compile_all
from serving.groups import OpenGroups
from serving.overlay import Overlay
from serving.settings import CHAMPION, ServiceClock, Settings

if TYPE_CHECKING:
    from features.references import References
    from recsys.policy import FeedPolicy

_LOG = logging.getLogger("huoren.serving")

_STRANGER = "anonymous:warm-up"
LOOK_SECONDS = 0.5


class Champion(msgspec.Struct, frozen=True):
    """What ``champion.json`` says."""

    sha: str
    feature_hash: str
    previous: str | None = None


class Recommends(Protocol):
    """What the feed route needs; ``recsys.feed.Feed`` is one."""

    def recommend(self, query: FeedQuery, people: People) -> FeedAnswer:
        """Answer with a personal list."""
        ...


class FindsTargets(Protocol):
    """What the sharing route needs; ``recsys.sharing.Sharing`` is one."""

    def targets(
        self, query: ShareQuery, people: People, ledger: Ledger | None = None
    ) -> ShareAnswer:
        """Answer with people to share with."""
        ...


class KnowsGroups(Protocol):
    """What the routes of group buys need; ``recsys.groupbuy.GroupBuying`` is one."""

    def open(self, query: GroupQuery, people: People, groups: OpenGroups) -> GroupsAnswer:
        """Answer with groups to join."""
        ...

    def launch(self, query: GroupQuery, people: People, groups: OpenGroups) -> LaunchAnswer:
        """Answer with items to start a group for."""
        ...

    def forecast(self, group: GroupBuy, people: People, at_us: int) -> Forecast:
        """Answer with the chance that a group fills."""
        ...


class ChoosesItems(Protocol):
    """What the route of items to share needs; ``recsys.share_items.ShareItems`` is one."""

    def recommend(self, query: ShareItemsQuery, people: People) -> ShareItemsAnswer:
        """Answer with items to share with a friend."""
        ...


class Prompts(Protocol):
    """What the route of share prompts needs; ``recsys.prompting.Prompting`` is one."""

    def decide(self, query: PromptQuery, people: People, ledger: Ledger) -> PromptAnswer:
        """Answer whether to show a prompt now."""
        ...


@dataclass(frozen=True)
class Models:
    """One bundle and the capabilities made of it.

    Parameters
    ----------
    version : str
        Beginning of the bundle's checksum.
    as_of_us : int
        The instant its data reaches up to.
    references : References
        Population statistics for portraits.
    feed, sharing, group_buys, share_items, prompting : Recommends, FindsTargets, …
        The capabilities.
    overlay : Overlay
        Keeps the bundle's items as they are now.
    rankers : tuple of Ranker
        Their trees, compiled or still to be compiled.
    """

    version: str
    as_of_us: int
    references: "References"
    feed: Recommends
    sharing: FindsTargets
    group_buys: KnowsGroups
    share_items: ChoosesItems
    prompting: Prompts
    overlay: Overlay
    rankers: tuple[Ranker, ...] = ()

    @property
    def interpreted(self) -> tuple[str, ...]:
        """What to say under ``degraded`` while trees are not compiled yet."""
        waits = any(ranker.native is None for ranker in self.rankers)
        return (INTERPRETED,) if waits else ()

    @classmethod
    def open(cls, path: Path, zone: BusinessZone, policy: "FeedPolicy | None" = None) -> "Models":
        """Open a bundle.

        Parameters
        ----------
        path : Path
            Its directory.
        zone : BusinessZone
            In which the service counts days.
        policy : FeedPolicy, optional
            What the shop decided about its feed.

        Raises
        ------
        BundleError
            When it is incomplete, corrupt, or made for other declarations than this code has, or
            for another business zone.
        """
        from recsys.bundle import Bundle
        from recsys.feed import Feed
        from recsys.groupbuy import GroupBuying
        from recsys.policy import USUAL
        from recsys.prompting import Prompting
        from recsys.share_items import ShareItems
        from recsys.sharing import Sharing

        bundle = Bundle.open(path)
        if bundle.settings.zone != zone.name:
            raise BundleMismatch(
                "the bundle was trained in another business zone",
                expected=zone.name,
                got=bundle.settings.zone,
                next_step=f"serve with HUOREN_ZONE={bundle.settings.zone}, or train again",
            )
        feed = Feed(bundle, policy or USUAL)
        return cls(
            version=bundle.version,
            as_of_us=bundle.as_of_us,
            references=bundle.references,
            feed=feed,
            sharing=Sharing(bundle),
            group_buys=GroupBuying(bundle),
            share_items=ShareItems(bundle, feed),
            prompting=Prompting(bundle),
            overlay=Overlay(feed.items, bundle.as_of_us),
            rankers=bundle.parts.rankers,
        )

    def warm_up(self, people: People, at_us: int) -> None:
        """Answer real requests: of a stranger, of a session, and about whom to share with."""
        answer = self.feed.recommend(FeedQuery(_STRANGER, 20, at_us), people)
        shown = [item.item_id for item in answer.items]
        acts = tuple(Act(at_us, "Product Viewed", item) for item in shown[:5])
        self.feed.recommend(FeedQuery(_STRANGER, 20, at_us, recent=acts, explain=True), people)
        for item in shown[:1]:
            self.sharing.targets(ShareQuery(_STRANGER, item, 10, at_us), people)
        groups = OpenGroups()
        self.group_buys.open(GroupQuery(_STRANGER, 10, at_us), people, groups)
        self.group_buys.launch(GroupQuery(_STRANGER, 10, at_us), people, groups)
        self.group_buys.forecast(GroupBuy("warm-up"), people, at_us)


class Loading:
    """Which models answer, and why others do not.

    Parameters
    ----------
    settings : Settings
        Where bundles are and which one is wanted.
    store : Store
        States for warming up, and what changed in the catalogue.
    clock : ServiceClock
        The service's time.
    told : callable
        Called after every look, with this.
    """

    def __init__(
        self,
        settings: Settings,
        store: Store,
        clock: ServiceClock,
        told: Callable[["Loading"], None] = lambda _: None,
    ) -> None:
        self.models: Models | None = None
        self.refused: dict[str, str] = {}
        self._settings = settings
        self._store = store
        self._clock = clock
        self._told = told
        self._seen: Champion | str | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="loading", daemon=True)

    def start(self) -> None:
        """Take the wanted bundle, then compile its trees and follow the champion in a thread."""
        self.look()
        self._thread.start()

    def stop(self) -> None:
        """Stop following."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def require(self) -> Models:
        """Models to answer with.

        Raises
        ------
        BundleError
            When none is in service.
        """
        if self.models is None:
            why = "; ".join(f"{sha}: {reason}" for sha, reason in self.refused.items())
            raise BundleError(
                "no bundle is in service",
                got=why,
                next_step="" if why else f"train and promote one in {self._settings.home.root}",
            )
        return self.models

    def look(self) -> None:
        """Look once which bundle is wanted, and take it if it is new."""
        try:
            wanted = self._wanted()
        except HuorenError as error:
            self.refused = {**self.refused, CHAMPION: str(error)}
        else:
            self.refused = {ref: why for ref, why in self.refused.items() if ref != CHAMPION}
            if wanted != self._seen:
                self._seen = wanted
                self._change(wanted)
        if self.models is not None:
            self.models.overlay.follow(self._store)
        self._told(self)

    def _run(self) -> None:
        while not self._stop.wait(LOOK_SECONDS):
            try:
                self.look()
            except Exception:
                _LOG.exception("looking for the champion failed")

    def _wanted(self) -> "Champion | str":
        if self._settings.bundle != CHAMPION:
            return self._settings.bundle
        return read_champion(self._settings)

    def _change(self, wanted: "Champion | str") -> None:
        refused: dict[str, str] = {}
        for ref in _candidates(wanted, alone=self.models is None):
            started = time.perf_counter()
            try:
                models = self._take(find(self._settings, ref))
            except Exception as error:
                if not isinstance(error, HuorenError):
                    _LOG.exception("bundle %s failed its warm-up", ref)
                refused[ref] = str(error) or repr(error)
                _LOG.warning("bundle %s is refused: %s", ref, error)
            else:
                self.models = models
                took = time.perf_counter() - started
                _LOG.info("bundle %s is in service, warm after %.2f s", models.version, took)
                break
        self.refused = refused

    def _take(self, path: Path) -> Models:
        from recsys import policy

        decided = policy.read(self._settings.home.root / "feed.toml")
        models = Models.open(path, self._settings.zone, decided)
        models.overlay.follow(self._store)
        compile_all(models.rankers)
        models.warm_up(self._store, self._clock.now_us())
        return models


def read_champion(settings: Settings) -> Champion:
    """Read ``champion.json``.

    Raises
    ------
    MissingStep
        When nothing was promoted yet.
    BundleError
        When the file cannot be read.
    """
    path = settings.home.require(settings.home.champion, "train")
    try:
        return msgspec.json.decode(path.read_bytes(), type=Champion)
    except (OSError, msgspec.DecodeError) as error:
        raise BundleError(
            "champion.json cannot be read", got=str(error), next_step="run `huoren promote` again"
        ) from error


def find(settings: Settings, ref: str) -> Path:
    """Directory of a bundle.

    Parameters
    ----------
    settings : Settings
        Says where bundles are.
    ref : str
        A checksum, its beginning, or the absolute path of a directory.

    Raises
    ------
    MissingStep
        When there is no such bundle, or several begin so.
    """
    if Path(ref).is_absolute():
        return Path(ref)
    bundles = settings.home.bundles
    found = [p for p in bundles.glob("*") if p.name.startswith(ref)] if ref else []
    if len(found) != 1:
        raise MissingStep(
            f"{len(found)} bundles are called {ref!r}",
            expected=f"one in {bundles}",
            next_step="give more of the checksum" if found else "run `huoren train`",
        )
    return found[0]


def _candidates(wanted: "Champion | str", *, alone: bool) -> list[str]:
    """Bundles to try, in order; the previous one only where nothing is in service."""
    if isinstance(wanted, str):
        return [wanted]
    return [wanted.sha] + ([wanted.previous] if alone and wanted.previous else [])
