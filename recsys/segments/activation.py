"""Handing a segment over: a control group held back, consent enforced, every export on record."""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
import pyarrow.compute as pc

from features import columns as c
from features.clock import format_instant, now_us
from features.consent import gives, personal, say
from features.counters import Scope
from features.errors import UnknownName
from features.events import CAMPAIGN_ASSIGNED
from features.home import Home
from features.ingest.run import ingest_table
from features.online import State
from features.portraits import TAGS, Use
from features.progress import tell
from features.store import Store
from features.store.contacts import Ledger
from recsys.segments import files
from recsys.segments.control import HELD, TARGET, Holding
from recsys.segments.desk import Desk
from recsys.segments.language import Condition
from recsys.segments.reach import CHANNELS

BATCH = 10_000
"""People whose decisions are looked up at once."""


@dataclass(frozen=True)
class Destination:
    """Where an export goes.

    Parameters
    ----------
    name : str
        Of the template.
    outside : bool
        Whether the people's data leaves the company: that needs a consent of its own, given.
    hashed : bool
        Whether ids are written as SHA-256.
    headers : tuple of (str, str)
        Titles of the columns id and arm.
    channel : str
        The channel of messages whose consent and caps it needs; empty for none.
    """

    name: str
    outside: bool
    hashed: bool
    headers: tuple[str, str]
    channel: str = ""


DESTINATIONS = {
    one.name: one
    for one in (
        Destination("plain", False, False, ("user_id", "arm")),
        Destination("wecom", False, False, ("客户ID", "实验组"), "wecom"),
        Destination("sms", False, False, ("用户ID", "实验组"), "sms"),
        Destination("push", False, False, ("用户ID", "实验组"), "push"),
        Destination("oa", False, False, ("用户ID", "实验组"), "oa"),
        Destination("mini_program", False, False, ("用户ID", "实验组"), "mini_program"),
        Destination("ads", True, True, ("user_id_sha256", "arm")),
    )
}
"""Templates by name."""


@dataclass(frozen=True)
class Export:
    """What was handed over.

    Parameters
    ----------
    path : str
        The file.
    segment, campaign, destination, author : str
        What, what for, where to and by whom.
    as_of_us, written_us : int
        The instant of the segment, and of the export.
    members : int
        People in the segment.
    refused : int
        Of them, who do not allow it: as of now, not as of the segment.
    target, control : int
        People to be contacted, and held back from this campaign.
    held_out : int
        People held back from every campaign or from the programme; they are not in the file.
    capped : int
        People at a cap of the contact ledger; they are not in the file.
    """

    path: str
    segment: str
    campaign: str
    destination: str
    author: str
    as_of_us: int
    written_us: int
    members: int
    refused: int
    target: int
    control: int
    held_out: int = 0
    capped: int = 0


@dataclass(frozen=True)
class Handover:
    """How a segment is handed over.

    Parameters
    ----------
    segment, author : str
        For the record.
    destination : str
        One of ``DESTINATIONS``.
    holding : Holding
        The campaign, and who is held back from it.
    tags : tuple of str
        Tags written beside the id; only those open to export.

    Raises
    ------
    UnknownName
        When there is no such destination, or a tag may not be exported.
    """

    segment: str
    holding: Holding
    destination: str = "plain"
    tags: tuple[str, ...] = ()
    author: str = ""

    def __post_init__(self) -> None:
        if self.destination not in DESTINATIONS:
            raise UnknownName.among("destination", self.destination, DESTINATIONS)
        open_to = [name for name, tag in TAGS.items() if Use.EXPORT in tag.usable_in]
        for name in self.tags:
            if name not in open_to:
                raise UnknownName.among("tag open to export", name, open_to)

    @property
    def place(self) -> Destination:
        """Where it goes."""
        return DESTINATIONS[self.destination]


def export(
    desk: Desk,
    store: Store,
    condition: Condition,
    path: Path,
    given: Handover,
    ledger: Ledger | None = None,
    *,
    assigned: bool = False,
) -> Export:
    """Write the members of a segment who allow it, each with the arm it falls into.

    Parameters
    ----------
    desk : Desk
        The snapshot.
    store : Store
        Tells what people decided up to now.
    condition : Condition
        The segment.
    path : Path
        ``.csv``, ``.xlsx`` or ``.parquet``.
    given : Handover
        Where to, what for.
    ledger : Ledger, optional
        Who is at a cap of the destination's channel is left out.
    assigned : bool
        Whether to write ``Campaign Assigned`` events, from which results are read.

    Raises
    ------
    InputError
        When the file's kind cannot be.
    """
    files.check(path)
    place, holding, at_us = given.place, given.holding, now_us()
    columns = [TAGS[name].column for name in given.tags]
    people = desk.ground.people.semi_join(desk.members(condition), c.USER)
    left: Counter[str] = Counter()
    arms: list[pa.RecordBatch] = []
    with files.writer(path, (*place.headers, *given.tags)) as write:
        for batch in desk.stream(people.select(c.USER, *columns).order_by(ibis.asc(c.USER)), BATCH):
            fates = _fates(batch[c.USER].to_pylist(), store, ledger, given, at_us)
            left.update(fates)
            arms.append(_told(batch[c.USER], fates))
            for row, told in zip(batch.to_pylist(), fates, strict=True):
                if told in (TARGET, HELD):
                    who = row[c.USER]
                    name = hashlib.sha256(who.encode()).hexdigest() if place.hashed else who
                    write([name, told, *(row[column] for column in columns)])
            tell(left.total() / max(desk.base, left.total()), f"{left.total():,} people written")
    done = Export(
        path=str(path), segment=given.segment, campaign=holding.campaign,
        destination=given.destination, author=given.author, as_of_us=desk.as_of_us,
        written_us=at_us, members=left.total(), refused=left["refused"], target=left[TARGET],
        control=left[HELD], capped=left["capped"],
        held_out=left["global_control"] + left["programme_control"],
    )  # fmt: skip
    _record(desk, done)
    if assigned:
        assign(desk.home, arms, holding, at_us)
    return done


def _told(users: pa.Array, fates: list[str]) -> pa.RecordBatch:
    """Who falls into which arm: a few bytes a person, until all are written."""
    both = pa.record_batch({c.USER: users, "arm": pa.array(fates).dictionary_encode()})
    return both.filter(pc.is_in(both["arm"].cast(pa.string()), pa.array([TARGET, HELD])))


def assign(home: Home, arms: Sequence[pa.RecordBatch], holding: Holding, at_us: int) -> int:
    """Write down who was put into which arm, so that results can be read; done twice, once.

    Parameters
    ----------
    home : Home
        Whose history.
    arms : sequence of pyarrow.RecordBatch
        ``user_id`` and ``arm``: ``target`` or ``control``.
    holding : Holding
        The campaign.
    at_us : int
        When.

    Returns
    -------
    int
        People whose arm is new.
    """
    chance = {TARGET: 1.0 - holding.control / 100.0, HELD: holding.control / 100.0}

    def events(batch: pa.RecordBatch) -> pa.RecordBatch:
        people, dealt = batch[c.USER].to_pylist(), batch["arm"].to_pylist()
        marks = [hashlib.sha256(one.encode()).hexdigest()[:24] for one in people]
        return pa.record_batch({
            c.MESSAGE: [f"campaign:{holding.campaign}:{mark}" for mark in marks],
            c.EVENT: [CAMPAIGN_ASSIGNED] * len(people),
            c.AT: pa.array([at_us] * len(people), pa.int64()),
            c.USER: people,
            "campaign_id": [holding.campaign] * len(people),
            "arm": dealt,
            "propensity": [chance[arm] for arm in dealt],
        })

    rows = (events(batch) for batch in arms if batch.num_rows)
    if not any(batch.num_rows for batch in arms):
        return 0
    return ingest_table(rows, "events", home, source=f"campaign {holding.campaign}").kept


def _fates(
    people: list[str], store: Store, ledger: Ledger | None, given: Handover, at_us: int
) -> list[str]:
    """What becomes of each member: an arm, ``refused`` or ``capped``."""
    place, states = given.place, store.states(people)
    asked = people if ledger is not None and place.channel else []
    capped = set(ledger.capped(asked, place.channel, at_us)) if ledger is not None else set()
    return [_fate(who, states, place, given.holding, capped) for who in people]


def _fate(
    who: str, states: Mapping[str, State], place: Destination, holding: Holding, capped: set[str]
) -> str:
    """What becomes of a member: an arm, ``refused`` or ``capped``."""
    if not _allows(states.get(who), place):
        return "refused"
    return "capped" if who in capped else holding.arm(who)


def _allows(state: State | None, place: Destination) -> bool:
    if state is None:
        return not place.outside
    decided = say(state)
    if not personal(decided):
        return False
    if place.outside:  # a silence is no consent to handing data on
        return decided.consents is not None and gives(decided, Scope.SHARE_OUT)
    return not place.channel or gives(decided, CHANNELS[place.channel])


def _record(desk: Desk, done: Export) -> None:
    place = desk.home.root / "exports"
    place.mkdir(parents=True, exist_ok=True)
    line = asdict(done) | {"written": format_instant(done.written_us)}
    with (place / "record.jsonl").open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(line, ensure_ascii=False) + "\n")


def exports(home: Home) -> list[dict[str, Any]]:
    """Every export on record, the oldest first; whose data went where, without anybody's id."""
    path = home.root / "exports" / "record.jsonl"
    if not path.is_file():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
