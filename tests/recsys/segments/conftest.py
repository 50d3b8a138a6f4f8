"""A home of two hundred people whose segments have known answers."""

import random

import pytest

from features import job
from features.clock import DAY_US, BusinessZone
from features.events import Event
from features.home import Home
from tests.features.histories import keep

AT = 1_762_000_000_000_000
ZONE = BusinessZone("Asia/Shanghai")
PEOPLE = [f"u{n:03d}" for n in range(200)]
BUYERS = PEOPLE[:80]
"""They ordered i1 yesterday; everybody viewed i0 two days ago."""

REFUSING = PEOPLE[0]


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Home:
    dice = random.Random(0)
    place = Home(tmp_path_factory.mktemp("segments"))
    events = [
        _event(f"{name}{n}", name, who, days, item)
        for name, days, item, group in (
            ("Product Viewed", 2.0, "i0", PEOPLE),
            ("Order Completed", 1.0, "i1", BUYERS),
        )
        for n, who in enumerate(group)
    ]
    events += [
        _event(f"old{n}", "Product Shared", dice.choice(PEOPLE), 40.0 + n / 10, "i2")
        for n in range(100)
    ]
    users = [
        {"user_id": who, "valid_from_us": AT - 90 * DAY_US,
         "gender": "female" if n < 100 else "male", "consents": [] if who == REFUSING else None}
        for n, who in enumerate(PEOPLE)
    ]  # fmt: skip
    keep(place, events, users)
    job.run(place, AT, ZONE)
    return place


def _event(message: str, name: str, who: str, days: float, item: str) -> Event:
    return Event(
        message_id=message, event=name, at_us=AT - int(days * DAY_US), user_id=who, item_id=item,
        total_fen=100,
    )  # fmt: skip
