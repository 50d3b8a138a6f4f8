"""Which ids are one person, as expressions: ``features.identities`` for a warehouse.

Labels travel along links: everybody, and whoever the own label names, takes the first label of the
neighbours, then the label of whoever that one names, so that chains shrink by a factor each round
(Zhang, Azad & Hu, 2020, "FastSV: a distributed-memory connected component algorithm with fast
convergence"). A label is an id with a digit before it that puts visitors last. Each round is a
table of its own: inside one expression it would be repeated.
"""

from collections.abc import Callable, Iterator

import ibis
import ibis.expr.types as ir

from features import columns as c
from features import identities
from features.events import ANONYMOUS_PREFIX, SEPARATED

ROUNDS = 10
"""Enough for every chain of ``identities.MOST`` ids."""

Make = Callable[[ir.Table], ir.Table]


def stages(events: ir.Table) -> Iterator[tuple[str, Make]]:
    """Tables to make one after the other: a name, and what it is made of.

    The first is made of ``events``, each other of the one before it; the labels of the rounds also
    of the links.

    Parameters
    ----------
    events : ibis.Table
        Events before T, as they were sent.
    """
    yield "links", lambda _: links(events)
    made: dict[str, ir.Table] = {}

    def labelled(before: ir.Table) -> ir.Table:
        near = made.setdefault("links", before)
        return _first(near) if before is near else _round(near, before)

    for turn in range(ROUNDS + 1):
        yield f"labels_{turn}", labelled
    yield "persons", persons


def links(events: ir.Table) -> ir.Table:
    """Links in force, both ways: ``one``, ``other``."""
    said = events.filter(
        events[c.EVENT].isin(identities.EVENTS),
        events[c.PEER].notnull(),
        events[c.PEER] != events[c.USER],
    )
    said = said.select(
        one=ibis.least(said[c.USER], said[c.PEER]),
        other=ibis.greatest(said[c.USER], said[c.PEER]),
        at_us=said[c.AT],
        holds=ibis.ifelse(said[c.EVENT] == SEPARATED, 0, 1),
    )
    turns = ibis.window(
        group_by=[said.one, said.other], order_by=[said.at_us.desc(), said.holds.asc()]
    )
    newest = said.mutate(turn=ibis.row_number().over(turns)).filter(
        lambda table: (table.turn == 0) & (table.holds == 1)
    )
    there = newest.select("one", "other")
    back = newest.select(one=newest.other, other=newest.one)
    return there.union(back)


def persons(labels: ir.Table) -> ir.Table:
    """``user_id``, ``person`` (the main id), ``place`` (of the id among the person's, from 0)."""
    whole = ibis.window(group_by=labels.label)
    turns = ibis.window(group_by=labels.label, order_by=labels.own)
    counted = labels.mutate(
        many=labels.own.count().over(whole), place=ibis.row_number().over(turns)
    )
    few = counted.filter(counted.many <= identities.MOST)
    return few.select(
        user_id=few.own.substr(1), person=few.label.substr(1), place=few.place.cast("int32")
    )


def resolved(rows: ir.Table, people: ir.Table, *columns: str) -> ir.Table:
    """Rows with the main ids in some columns."""
    order = rows.columns
    for column in columns:
        mains = people.select(**{f"{column}_sent": people[c.USER], f"{column}_main": people.person})
        rows = rows.left_join(mains, rows[column] == mains[f"{column}_sent"])
        main = ibis.coalesce(rows[f"{column}_main"], rows[column])
        rows = rows.mutate(**{column: main}).select(*order)
    return rows


def first_of(users: ir.Table, people: ir.Table) -> ir.Table:
    """Users under main ids: of a person the versions of the first id that has any."""
    order = users.columns
    mains = people.select(sent=people[c.USER], main=people.person, turn=people.place)
    rows = users.left_join(mains, users[c.USER] == mains.sent)
    rows = rows.mutate(
        main=ibis.coalesce(rows.main, rows[c.USER]), turn=ibis.coalesce(rows.turn, 0)
    )
    rows = rows.mutate(first=rows.turn.min().over(ibis.window(group_by=rows.main)))
    rows = rows.filter(rows.turn == rows.first)
    return rows.mutate(**{c.USER: rows.main}).select(*order)


def _label(ids: ir.StringValue) -> ir.StringValue:
    return ibis.ifelse(ids.startswith(ANONYMOUS_PREFIX), "1", "0") + ids


def _first(near: ir.Table) -> ir.Table:
    found = near.group_by(own=_label(near.one)).agg(label=_label(near.other).min())
    return found.mutate(label=ibis.least(found.own, found.label))


def _round(near: ir.Table, labels: ir.Table) -> ir.Table:
    edges = near.select(own=_label(near.one), there=_label(near.other))
    beside = labels.select(there=labels.own, label=labels.label)
    heard = edges.join(beside, "there").select("own", "label")
    roots = labels.select("own", root=labels.label)
    hooked = roots.join(heard.view(), "own").select(own="root", label="label")
    taken = labels.select("own", "label").union(heard).union(hooked)
    taken = taken.group_by("own").agg(label=lambda table: table.label.min())
    named = labels.select(label=labels.own, further=labels.label)
    found = taken.left_join(named, "label")
    return found.select(
        found.own, label=ibis.least(found.label, ibis.coalesce(found.further, found.label))
    )
