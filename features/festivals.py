"""Shopping festivals: the business days of 618, 11-11, 12-12 and the New Year sales, by phase."""

from datetime import date, timedelta
from functools import lru_cache

EPOCH = date(1970, 1, 1)

PHASES = {
    "presale": (-22, -11),
    "warm_up": (-10, -2),
    "burst": (-1, 0),
    "afterglow": (1, 4),
}
"""Days around the main day, both ends included."""

FIXED = ((6, 18), (11, 11), (12, 12))
"""Month and day of the festivals that keep their date."""

BEFORE_NEW_YEAR = 7
"""The New Year sales culminate a week before the feast, while parcels still arrive."""

NEW_YEAR = (
    (2005, 2, 9), (2006, 1, 29), (2007, 2, 18), (2008, 2, 7), (2009, 1, 26), (2010, 2, 14),
    (2011, 2, 3), (2012, 1, 23), (2013, 2, 10), (2014, 1, 31), (2015, 2, 19), (2016, 2, 8),
    (2017, 1, 28), (2018, 2, 16), (2019, 2, 5), (2020, 1, 25), (2021, 2, 12), (2022, 2, 1),
    (2023, 1, 22), (2024, 2, 10), (2025, 1, 29), (2026, 2, 17), (2027, 2, 6), (2028, 1, 26),
    (2029, 2, 13), (2030, 2, 3), (2031, 1, 23), (2032, 2, 11), (2033, 1, 31), (2034, 2, 19),
    (2035, 2, 8),
)  # fmt: skip
"""First days of the lunar year (Hong Kong Observatory, Gregorian-lunar conversion tables)."""


@lru_cache(maxsize=4096)
def phase(day: int) -> str | None:
    """Phase of a business day; None on an ordinary one.

    Where two festivals meet (the presale of 12-12 with what follows 11-11), the nearer main day
    names it.

    Parameters
    ----------
    day : int
        Days since 1970-01-01.

    Examples
    --------
    >>> [phase((date(2026, 6, n) - EPOCH).days) for n in (1, 10, 18, 19, 25)]
    ['presale', 'warm_up', 'burst', 'afterglow', None]
    """
    here = EPOCH + timedelta(days=day)
    mains = [
        date(year, *one) for year in (here.year - 1, here.year, here.year + 1) for one in FIXED
    ]
    mains += [date(*one) - timedelta(days=BEFORE_NEW_YEAR) for one in NEW_YEAR]
    for away in sorted(((here - main).days for main in mains), key=abs):
        for name, (low, high) in PHASES.items():
            if low <= away <= high:
                return name
    return None


def spans(first: int, last: int) -> list[tuple[int, int, str]]:
    """Runs of days with one phase, within two days, both included.

    Examples
    --------
    >>> start = (date(2026, 6, 15) - EPOCH).days
    >>> [(low - start, high - start, name) for low, high, name in spans(start, start + 20)]
    [(0, 1, 'warm_up'), (2, 3, 'burst'), (4, 7, 'afterglow')]
    """
    found: list[tuple[int, int, str]] = []
    for day in range(first, last + 1):
        name = phase(day)
        if name is None:
            continue
        if found and found[-1][1] == day - 1 and found[-1][2] == name:
            found[-1] = (found[-1][0], day, name)
        else:
            found.append((day, day, name))
    return found
