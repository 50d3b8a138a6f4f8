"""Why somebody is in a segment or not: every condition with its truth and what stands behind it."""

from dataclasses import dataclass
from typing import Any

from features import columns as c
from features.errors import UnknownName
from features.portraits import TAGS
from recsys.segments.compile import judged
from recsys.segments.desk import Desk
from recsys.segments.language import Condition, Flow, InSegment, Not, Social, TagIs
from recsys.segments.words import sentence


@dataclass(frozen=True)
class Finding:
    """One condition about one person.

    Parameters
    ----------
    depth : int
        How deep it stands in the segment.
    holds : bool
        Whether it is true.
    zh, en : str
        The condition in words.
    got : object
        The value it was compared with, where there is one.
    """

    depth: int
    holds: bool
    zh: str
    en: str
    got: Any


def why(desk: Desk, condition: Condition, user_id: str) -> list[Finding]:
    """Judge every condition of a segment for one person, outermost first.

    Raises
    ------
    UnknownName
        When nobody of that id is among the people segments are made of: strangers, and whoever
        refused personalisation.
    """
    nodes = list(_nodes(condition, 0))
    frame, truths = judged([one for _, one in nodes], desk.ground, desk.book.condition)
    shown = {f"holds{n}": truth for n, truth in enumerate(truths)}
    names = sorted({one.tag for _, one in nodes if isinstance(one, TagIs | Flow)})
    tags = {f"tag{n}": frame[TAGS[name].column] for n, name in enumerate(names)}
    rows = desk.ask(frame.filter(frame[c.USER] == user_id).select(**shown, **tags)).to_pylist()
    if not rows:
        raise UnknownName(
            f"nobody of the name {user_id!r} can be in a segment",
            expected="a person known at the last `huoren features` who allows personalisation",
        )
    values = {name: rows[0][f"tag{n}"] for n, name in enumerate(names)}
    return [
        Finding(
            depth,
            rows[0][f"holds{n}"],
            sentence(node, "zh"),
            sentence(node, "en"),
            values.get(node.tag) if isinstance(node, TagIs | Flow) else None,
        )
        for n, (depth, node) in enumerate(nodes)
    ]


def _nodes(condition: Condition, depth: int) -> list[tuple[int, Condition]]:
    found = [(depth, condition)]
    match condition:
        case Social() | InSegment():
            return found
        case Not(part):
            return found + _nodes(part, depth + 1)
    for part in getattr(condition, "parts", ()):
        found += _nodes(part, depth + 1)
    return found
