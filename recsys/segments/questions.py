"""What can be asked about segments, by name: a mapping in, a mapping out, as JSON has them.

The shell and the service ask the same questions; an answer says as of when it is true.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import ibis

from features import columns as c
from features.clock import format_instant, now_us, parse_instant
from features.errors import UnknownName
from features.store.contacts import Ledger
from recsys.segments import sizing
from recsys.segments.activation import exports
from recsys.segments.audience import Asked, audience
from recsys.segments.book import Saved
from recsys.segments.control import CONTROL, Holding
from recsys.segments.delivery import attempts
from recsys.segments.desk import Desk
from recsys.segments.insight import insight
from recsys.segments.language import Condition
from recsys.segments.parse import parse
from recsys.segments.presets import PRESETS
from recsys.segments.schema import schema
from recsys.segments.silent import Asleep, silent
from recsys.segments.trend import DAYS, trend
from recsys.segments.waterfall import waterfall
from recsys.segments.why import why
from recsys.segments.words import sentence

Given = Mapping[str, Any]
Told = dict[str, Any]

MOST = 10_000
"""People listed at once."""

PATIENCE_S = 5.0
"""After which no further day of a trend is begun; the next question goes on there."""

ACTIVATIONS = 200
"""Exports listed at once."""


@dataclass(frozen=True)
class Asker:
    """What a question may look at.

    Parameters
    ----------
    desk : Desk
        The newest snapshot.
    ledger : Ledger
        Who was contacted how often.
    """

    desk: Desk
    ledger: Ledger


def condition_of(desk: Desk, given: object) -> Condition:
    """A segment by the name it was saved or shipped under, or as it is written."""
    if not isinstance(given, str):
        return parse(given)
    if given not in desk.book.names() and given in PRESETS:
        return parse(PRESETS[given].document)
    return desk.book.condition(given)


def estimate(asker: Asker, given: Given) -> Told:
    """Count a segment, say it in words, show some of it."""
    start, desk = perf_counter(), asker.desk
    condition = condition_of(desk, given["segment"])
    found = sizing.size(desk, condition)
    told = {
        "people": found.people, "told": found.told, "size_is_exact": True, "base": found.base,
        "share": found.share, "as_of": format_instant(found.as_of_us),
        "sentence": sizing.spelled(condition),
        "sample": sizing.sample(desk, condition) if given.get("sample") else [],
    }  # fmt: skip
    return told | {"milliseconds": round(1e3 * (perf_counter() - start), 1)}


def sizes(asker: Asker, given: Given) -> Told:
    """How large a segment was on the last days."""
    desk = asker.desk
    days, seconds = int(given.get("days", DAYS)), given.get("seconds", PATIENCE_S)
    found = trend(desk, condition_of(desk, given["segment"]), days, seconds)
    points = [
        {"as_of": format_instant(one.as_of_us), "people": one.people, "base": one.base}
        for one in found.points
    ]
    return _dated(asker, {"points": points, "missing": found.missing})


def activations(asker: Asker, given: Given) -> Told:
    """What a segment was exported and delivered for, the newest last."""
    home, name = asker.desk.home, given["segment"]
    condition_of(asker.desk, name)
    told = [one for one in exports(home) if one["segment"] == name]
    for one in told:
        one["path"] = Path(one["path"]).name
    sent = [one for one in attempts(home) if one["segment"] == name]
    return _dated(asker, {"exports": told[-ACTIVATIONS:], "deliveries": sent})


def save(asker: Asker, given: Given) -> Told:
    """Keep a segment; a change is a new version."""
    saved = asker.desk.book.save(
        given["name"], given["segment"], given.get("author", ""), given.get("note", "")
    )
    return _kept(saved)


def listed(asker: Asker, _: Given) -> Told:
    """The saved segments."""
    book = asker.desk.book
    return {"segments": [_kept(book.get(name)) for name in book.names()]}


def versions(asker: Asker, given: Given) -> Told:
    """A segment with every version of it."""
    book = asker.desk.book
    newest = book.get(given["name"])
    every = [_kept(one) for one in book.versions(newest.name)]
    return _kept(newest) | {"versions": every, "used_by": book.users_of(newest.name)}


def diff(asker: Asker, given: Given) -> Told:
    """What changed between two versions."""
    return {"lines": asker.desk.book.diff(given["name"], given["old"], given["new"])}


def delete(asker: Asker, given: Given) -> Told:
    """Take a segment off."""
    asker.desk.book.delete(given["name"])
    return {"deleted": given["name"]}


def upload(asker: Asker, given: Given) -> Told:
    """Replace, lengthen or shorten a list; tells how many on it can be used."""
    desk, name = asker.desk, given["name"]
    people = desk.book.put_list(name, given["user_ids"], given.get("mode", "replace"))
    strangers = 0
    if people:
        rows = desk.ground.listed(name).anti_join(desk.ground.people, c.USER)
        strangers = int(desk.ask(rows.aggregate(people=ibis._.count()))["people"][0].as_py())
    return {"name": name, "people": people, "strangers": strangers}


def steps(asker: Asker, given: Given) -> Told:
    """From a segment to a send list, step by step."""
    desk = asker.desk
    holding = Holding(
        given.get("campaign") or "unnamed", given.get("control", CONTROL),
        given.get("programme", ""), desk.book.holdouts(),
    )  # fmt: skip
    at = given.get("at")
    found = waterfall(
        desk, asker.ledger, condition_of(desk, given["segment"]), given["channel"],
        parse_instant(at) if at else now_us(), holding,
    )  # fmt: skip
    return {
        "channel": found.channel, "segment": found.segment,
        "steps": [asdict(one) for one in found.steps],
        "send_at": format_instant(found.send_at_us), "as_of": format_instant(found.as_of_us),
    }  # fmt: skip


def compare(asker: Asker, given: Given) -> Told:
    """What sets a segment apart."""
    found = insight(asker.desk, condition_of(asker.desk, given["segment"]))
    return _dated(asker, {"insight": None if found is None else asdict(found)})


def overlap(asker: Asker, given: Given) -> Told:
    """Who is in several segments."""
    conditions = {
        one if isinstance(one, str) else f"#{n}": condition_of(asker.desk, one)
        for n, one in enumerate(given["segments"])
    }
    return _dated(asker, {"people": sizing.overlap(asker.desk, conditions)})


def judge(asker: Asker, given: Given) -> Told:
    """Why somebody is in or out."""
    desk = asker.desk
    found = why(desk, condition_of(desk, given["segment"]), given["user_id"])
    return _dated(asker, {"contains": found[0].holds, "conditions": [asdict(o) for o in found]})


def members(asker: Asker, given: Given) -> Told:
    """Who is in a segment, by id, page by page."""
    k, after = min(int(given.get("k", 1000)), MOST), given.get("after", "")
    desk = asker.desk
    condition = condition_of(desk, given["segment"])
    if sizing.size(desk, condition).people is None:
        return _dated(asker, {"user_ids": [], "after": None, "hidden": True})
    rows = desk.members(condition)
    page = rows.filter(rows[c.USER] > after).order_by(rows[c.USER]).limit(k + 1)
    found = desk.ask(page)[c.USER].to_pylist()
    more = found[k - 1] if len(found) > k else None
    return _dated(asker, {"user_ids": found[:k], "after": more, "hidden": False})


def asleep(asker: Asker, given: Given) -> Told:
    """Who is asleep, reachable and persuadable."""
    within = given.get("segment")
    asked = Asleep(
        given.get("days", 30), given.get("channel", ""), given.get("model", ""),
        None if within is None else condition_of(asker.desk, within), given.get("k", 100),
    )  # fmt: skip
    return _dated(asker, asdict(silent(asker.desk, asked)))


def scored(asker: Asker, given: Given) -> Told:
    """Members of a segment who have a score, the highest first."""
    desk = asker.desk
    condition = condition_of(desk, given["segment"])
    many = sizing.size(desk, condition).people
    if many is None:
        return _dated(asker, {"people": None, "user_ids": []})
    scores = desk.ground.scores(given["model"])
    rows = scores.semi_join(desk.members(condition), c.USER)
    best = rows.order_by([ibis.desc("score"), c.USER]).limit(min(int(given.get("k", 1000)), 1000))
    return _dated(asker, {"people": many, "user_ids": desk.ask(best)[c.USER].to_pylist()})


def suited(asker: Asker, given: Given) -> Told:
    """Who should see an item."""
    asked = Asked(given["item_id"], given.get("k", 100), given.get("channel", ""))
    return _dated(asker, audience(asker.desk, asker.ledger, asked))


def shipped(_: Asker, __: Given) -> Told:
    """The presets."""
    return {
        "presets": [asdict(one) | {"sentence": _said(one.document)} for one in PRESETS.values()]
    }


def language(_: Asker, __: Given) -> Told:
    """The language as JSON Schema."""
    return schema()


QUESTIONS: Mapping[str, Callable[[Asker, Given], Told]] = {
    "estimate": estimate, "save": save, "list": listed, "versions": versions, "diff": diff,
    "delete": delete, "upload": upload, "waterfall": steps, "insight": compare, "trend": sizes,
    "activations": activations, "overlap": overlap, "why": judge, "members": members,
    "silent": asleep, "scored": scored, "audience": suited, "presets": shipped, "schema": language,
}  # fmt: skip
"""Every question by its name."""


def ask(asker: Asker, name: str, given: Given) -> Told:
    """Answer a question.

    Raises
    ------
    UnknownName
        When there is no such question.
    InputError
        When the segment is none.
    """
    if name not in QUESTIONS:
        raise UnknownName.among("question", name, QUESTIONS)
    return QUESTIONS[name](asker, given)


def _kept(saved: Saved) -> Told:
    return {
        "name": saved.name, "version": saved.version, "segment": saved.document,
        "author": saved.author, "note": saved.note, "saved_at": format_instant(saved.saved_us),
        "sentence": _said(saved.document),
    }  # fmt: skip


def _said(document: object) -> dict[str, str]:
    condition = parse(document)
    return {language: sentence(condition, language) for language in ("zh", "en")}


def _dated(asker: Asker, told: Told) -> Told:
    return told | {"as_of": format_instant(asker.desk.as_of_us)}
