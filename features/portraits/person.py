"""The portrait of one person, as served."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from features import columns as c
from features.catalogue import CATALOGUE
from features.clock import format_instant
from features.counters import Key, Scope, Sensitivity
from features.portraits.catalogue import TAGS
from features.portraits.phrases import PHRASES, Form
from features.portraits.tag import Kind, Tag
from features.portraits.values import FAINT, Column
from features.reading import Reading
from features.references import References
from features.subjects import CONSENTS, Bools, Subjects, of_reading

YOUNGEST = 14
"""Years; nobody declared younger is described (PIPL, article 31)."""

SHOWN_KEYS = 3
"""How many categories, brands, … are named as evidence."""

Evidence = float | Mapping[str, float] | str
Told = float | Mapping[str, float] | Mapping[str, str] | str


@dataclass(frozen=True)
class TagValue:
    """One tag of one person.

    Parameters
    ----------
    tag : Tag
        Which.
    value : object
        A word, a number, (name, score) pairs or a list of numbers, by the tag's kind.
    evidence : mapping of str to float, str, or mapping of str to float
        Values of the counters and profile columns it comes from.
    because : (str, str)
        The evidence as a sentence in Chinese and English.
    as_of_us : int
        The instant it holds for.
    """

    tag: Tag
    value: Any
    evidence: Mapping[str, Evidence]
    because: tuple[str, str]
    as_of_us: int

    def to_json(self) -> dict[str, Any]:
        """JSON-ready."""
        tag = self.tag
        zh, en = tag.words.get(self.value, ("", "")) if tag.kind is Kind.ENUM else ("", "")
        return {
            "tag": tag.name,
            "name": {"zh": tag.zh, "en": tag.en},
            "sentence": tag.sentence,
            "type": tag.kind.value,
            "value": _plain(tag, self.value),
            **({"word": {"zh": zh, "en": en}} if zh else {}),
            **({"unit": tag.unit} if tag.unit else {}),
            "class": tag.sensitivity.value,
            "scope": tag.scope.value,
            "refresh": tag.refresh.value,
            "evidence": {
                "values": {name: _dated(name, one) for name, one in self.evidence.items()},
                "text": {"zh": self.because[0], "en": self.because[1]},
            },
            "as_of": format_instant(self.as_of_us),
        }


@dataclass(frozen=True)
class Portrait:
    """What is known about one person that may be shown to that person.

    Parameters
    ----------
    tags : tuple of TagValue
        In the order of the catalogue; absent ones are left out.
    as_of_us : int
        The instant it holds for.
    personalized : bool
        Whether the person left personalisation on; if not there are no tags.
    references : str
        Version of the references it was compared with.
    """

    tags: tuple[TagValue, ...]
    as_of_us: int
    personalized: bool
    references: str

    def __getitem__(self, name: str) -> TagValue:
        return next(one for one in self.tags if one.tag.name == name)

    def to_json(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "as_of": format_instant(self.as_of_us),
            "personalized": self.personalized,
            "references": self.references,
            "tags": [one.to_json() for one in self.tags],
        }


def portrait(reading: Reading, references: References, person: str = "") -> Portrait:
    """The portrait of the person whose state is read.

    Tags that the person deleted, whose consent is missing, or that are the system's alone are
    absent; so are all when personalisation is off.

    Parameters
    ----------
    reading : Reading
        A state and an instant.
    references : References
        What the population looks like.
    person : str
        The id, by which references say something of people.

    Examples
    --------
    >>> from features.clock import BusinessZone
    >>> from features.online import State
    >>> state = State(profile={"gender": "female"})
    >>> found = portrait(Reading(state, 0, BusinessZone()), References.empty())
    >>> found["demo.gender"].value
    'female'
    """
    people = of_reading(reading, person)
    tags = []
    for tag in TAGS.values():
        if not tag.user_visible or not permitted(tag, people)[0]:
            continue
        value = tag.function(people, references).at(0)
        if value is not None:
            evidence = _evidence(tag, people)
            tags.append(
                TagValue(tag, value, evidence, _because(tag, evidence, people), people.at_us)
            )
    return Portrait(tuple(tags), people.at_us, bool(people.personalized[0]), references.version)


def column(tag: Tag, people: Subjects, references: References) -> Column:
    """Values of a tag for everyone, absent where it may not be used."""
    return tag.function(people, references).only(permitted(tag, people))


def permitted(tag: Tag, people: Subjects) -> Bools:
    """Of whom a tag may be used; shape (n,). Children have no portrait."""
    allowed = people.personalized & people.consents[Scope.PERSONALIZE]
    allowed &= people.consents[tag.scope] & ~(people.ages < YOUNGEST)
    allowed[people.suppressed.get(tag.name, [])] = False
    return allowed


def _evidence(tag: Tag, people: Subjects) -> dict[str, Evidence]:
    found: dict[str, Evidence] = {}
    for name in tag.needs:
        key = CATALOGUE[name].key
        if key is Key.USER:
            number = float(people.number(name)[0])
            if np.isfinite(number):
                found[name] = number
        elif CATALOGUE[name].sensitivity is Sensitivity.SYSTEM:
            found[name] = float(people.total(name)[0])
        elif shown := _greatest(name, people):
            found[name] = shown
    return found | {f"profile.{name}": _declared(name, people) for name in tag.profile}


def _declared(name: str, people: Subjects) -> str:
    if name == CONSENTS:
        return ", ".join(people.channels.names)
    return people.profile[name][0] or ""


def _greatest(name: str, people: Subjects) -> dict[str, float]:
    table = people.keyed[CATALOGUE[name].key]
    values = table.values[name]
    rows = [
        (table.names[code], float(value))
        for code, value in zip(table.codes, values, strict=True)
        if np.isfinite(value)
    ]
    rows.sort(key=lambda row: (-row[1], row[0]))
    return {name: value for name, value in rows[:SHOWN_KEYS] if value >= FAINT}


def _because(tag: Tag, evidence: Mapping[str, Evidence], people: Subjects) -> tuple[str, str]:
    zh, en = [], []
    for name, value in evidence.items():
        if isinstance(value, str):
            words = tag.words.get(value, (value, value))
            zh.append(f"资料填写：{words[0]}")
            en.append(f"declared: {words[1]}")
            continue
        phrase = PHRASES[name]
        written = _written(phrase.form, value, people)
        plural = "" if written == "1" else "s"
        zh.append(phrase.zh.format(n=written.replace(", ", "、")))
        en.append(phrase.en.format(n=written, s=plural))
    return "，".join(zh), ", ".join(en)


def _written(form: Form, value: float | Mapping[str, float], people: Subjects) -> str:
    if isinstance(value, Mapping):
        if form is Form.KEYS:
            return ", ".join(value)
        value = sum(value.values())
    if form is Form.AGO:
        days = people.zone.day([people.at_us, int(value)])
        return str(int(days[0] - days[1]))
    if form in {Form.MONEY, Form.SUM}:
        return f"{value / 100:.2f}"
    return f"{value:.1f}".removesuffix(".0")


def _dated(name: str, value: Evidence) -> Told:
    if name in PHRASES and PHRASES[name].form is Form.AGO and isinstance(value, float):
        return format_instant(int(value))
    if not isinstance(value, Mapping):
        return value
    if CATALOGUE[name].last == c.AT:
        return {key: format_instant(int(at_us)) for key, at_us in value.items()}
    return dict(value)


def _plain(tag: Tag, value: Any) -> Any:
    match tag.kind:
        case Kind.INT:
            return int(value)
        case Kind.BOOL:
            return bool(value)
        case Kind.FLOAT:
            return round(value, 6)
        case Kind.LIST:
            return [{"key": key, "score": round(score, 6)} for key, score in value]
        case Kind.GRADES:
            words = list(tag.words)
            graded = [(key, words[int(score) - 1]) for key, score in value]
            return [
                {
                    "key": key,
                    "value": word,
                    "word": dict(zip(("zh", "en"), tag.words[word], strict=True)),
                }
                for key, word in graded
            ]
        case Kind.VECTOR:
            return {label: round(one, 6) for label, one in zip(tag.labels, value, strict=True)}
    return value
