"""Tombstones of all homes that use one keyspace: whoever is forgotten in one is so in all."""

from uuid import uuid4

from features import tombstones
from features.home import Home
from features.store.files import guarded, locked, put_in_place
from features.store.shared.link import Link
from features.tombstones import Tombstones


def agree(link: Link, home: Home) -> int:
    """Bring the tombstones of the server and of a home together; returns how many there are.

    Raises
    ------
    StoreError
        The server does not answer, or the home cannot be written.
    """
    people, salts = link.ask_all([
        ("HGETALL", link.key("tombstones")),
        ("SMEMBERS", link.key("tombstones", "salts")),
    ])
    own = tombstones.read(home)
    theirs = _told(people, salts)
    both = own.joined(theirs)
    if (both.people, set(both.salts)) != (own.people, set(own.salts)):
        _keep(home, theirs)
    missing = [part for one in both.people.items() if one[0] not in theirs.people for part in one]
    if missing:
        link.ask("SADD", link.key("tombstones", "salts"), *_salts(both))
        link.ask("HSET", link.key("tombstones"), *missing)
    return len(both.people)


def _keep(home: Home, theirs: Tombstones) -> None:
    file = tombstones.path(home)
    with guarded(file):
        home.root.mkdir(parents=True, exist_ok=True)
    with locked(home.root / "tombstones.lock"), guarded(file):
        written = file.with_name(f".tombstones.{uuid4().hex}")
        written.write_text(tombstones.text(tombstones.read(home).joined(theirs)))
        put_in_place(written, file)


def _told(people: object, salts: object) -> Tombstones:
    if not isinstance(people, dict):
        assert isinstance(people, list)
        people = dict(zip(people[::2], people[1::2], strict=True))
    assert isinstance(salts, list | set)
    known = sorted(one.decode() for one in salts)
    made = {digest.decode(): int(at_us) for digest, at_us in people.items()}
    return Tombstones(known[0], made, tuple(known[1:])) if known else Tombstones()


def _salts(stones: Tombstones) -> list[str]:
    return [one for one in (stones.salt, *stones.salts) if one]
