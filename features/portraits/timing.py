"""Hours of the business day at which a person is there."""

import numpy as np

from features.counters import Key
from features.portraits.tag import Kind, Tag
from features.portraits.values import FAINT, Numbers, Vectors, settled
from features.references import References
from features.subjects import Floats, Subjects, sums

HOURS = tuple(str(hour) for hour in range(24))

PRIOR_ACTS = 10.0
"""Acts that a person is lent at everyone's hours before the best one is chosen."""


def _acts(people: Subjects) -> tuple[Floats, Floats]:
    """Decayed acts by hour, shape (n, 24), and in all, NaN where faint, shape (n,)."""
    table = people.keyed[Key.HOUR]
    hour = np.array([int(name) for name in table.names], dtype=np.int64)[table.codes]
    acts = sums(table.owners * 24 + hour, table.values["hour.active_30"], 24 * len(people)).reshape(
        -1, 24
    )
    total = acts.sum(axis=1)
    return acts, np.where(settled(total) >= FAINT, total, np.nan)


def hours(people: Subjects, _: References) -> Vectors:
    """Share of acts in each hour, add-one smoothed."""
    acts, total = _acts(people)
    return Vectors((acts + 1.0) / (total[:, None] + 24.0))


def best_hour(people: Subjects, references: References) -> Numbers:
    """The hour with most acts, leaning to everyone's hours where acts are few."""
    acts, total = _acts(people)
    leaning = acts + PRIOR_ACTS * np.array(references.vector("hours"))
    best = np.argmax(settled(leaning), axis=1).astype(np.float64)
    return Numbers(np.where(np.isnan(total), np.nan, best))


TAGS = (
    Tag(
        "time.hours", "活跃时段分布", "hours of activity",
        "share of acts in each business hour, half-life 30 days, add-one smoothed", Kind.VECTOR,
        hours, ("hour.active_30",), labels=HOURS,
    ),
    Tag(
        "time.best_send_hour", "最佳触达时点", "best hour to send",
        "business hour with most acts, leaning to everyone's hours where acts are few", Kind.INT,
        best_hour, ("hour.active_30",), unit="hour",
    ),
)  # fmt: skip
