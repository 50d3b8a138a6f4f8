"""Tags of time, other people and the profile, read slowly; and how every tag is read."""

import math
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from features import events as e
from features.clock import DAY_US
from features.weights import INTEREST
from tests.features.portraits.plainly import Plain, Row, top
from tests.features.portraits.plainly_bought import (
    aipl,
    alive,
    band,
    bands,
    breadth,
    by_phase,
    churn,
    clv,
    compare,
    due,
    festival_share,
    following,
    gap,
    loyalty,
    over_everyone,
    repurchase,
    rfm,
    saved,
    sensitivity,
    silent,
    stage,
    taste,
)


def hours(p: Plain) -> list[float] | None:
    total = p.faded(p.acts)
    if round(total, 9) < 0.05:
        return None
    return [(p.faded([r for r in p.acts if r.hour == h]) + 1) / (total + 24) for h in range(24)]


def best_hour(p: Plain) -> float | None:
    if round(p.faded(p.acts), 9) < 0.05:
        return None
    usual = p.r.vector("hours")
    lent = [
        round(p.faded([r for r in p.acts if r.hour == h]) + 10 * usual[h], 9) for h in range(24)
    ]
    return lent.index(max(lent))


def weekday_bias(p: Plain) -> float | None:
    total, weekend = p.faded(p.acts), p.faded([row for row in p.acts if row.weekend])
    if round(total, 9) < 0.05:
        return None
    return math.log((total - weekend + 5) / 5) - math.log((weekend + 2) / 2)


def commute(p: Plain) -> float | None:
    told = [r for r in p.since(p.orders, 90) if not r.weekend and r.said.network is not None]
    moving = [
        r for r in told
        if r.hour in {7, 8, 17, 18, 19} and r.said.network.lower() not in {"wifi", "lan"}
    ]  # fmt: skip
    return float(len(moving) / len(told) >= 0.3) if told else None


def fest_phase(p: Plain) -> str | None:
    spent = by_phase(p, 730)
    best = max(spent.values())
    return next(name for name, money in spent.items() if money == best) if best > 0 else None


def entries(p: Plain) -> list[tuple[str, float]] | None:
    told = [row for row in p.acts if row.said.entry is not None]
    total = p.faded(told)
    if round(total, 9) < 0.05:
        return None
    ways = {row.said.entry for row in told}
    return top({w: p.faded([r for r in told if r.said.entry == w]) / total for w in ways})


def led(p: Plain) -> float:
    return p.faded([row for row in p.orders if row.other])


def roles(p: Plain) -> list[float] | None:
    acts = {
        "buyer": p.orders, "sharer": p.of(e.SHARED), "gb_leader": p.of(e.GROUP_STARTED),
        "gb_joiner": p.of(e.GROUP_JOINED), "lurker": p.of(e.VIEWED),
    }  # fmt: skip
    counts = {name: p.faded(rows) for name, rows in acts.items()}
    means = {name: p.r.number(f"mean.{name}") for name in acts}
    over = [counts[name] / means[name] if means[name] > 0 else 0.0 for name in acts]
    known = round(sum(counts.values()), 9) >= 0.05 and sum(over) > 0
    return [one / sum(over) for one in over] if known else None


def role(p: Plain) -> str | None:
    shares = roles(p)
    if shares is None:
        return None
    shares = [round(one, 9) for one in shares]
    names = ("buyer", "sharer", "gb_leader", "gb_joiner", "lurker")
    return names[shares.index(max(shares))] if max(shares) >= 0.4 else "mixed"


def strong_ties(p: Plain) -> float:
    together: dict[str, float] = defaultdict(float)
    for row in p.of(e.OPENED):
        if row.other:
            together[row.other] += p.faded([row])
    for row in p.of_others:
        if row.name == e.OPENED:
            together[row.said.user_id] += p.faded([row])
    return sum(round(1 - 2 ** (-7 * x / 30), 9) >= 0.3 for x in together.values())


def watched(p: Plain) -> float:
    first = min(row.at for row in p.acts)
    return 30 / math.log(2) * (1 - 0.5 ** ((p.at - first) / DAY_US / 30))


def share_prop(p: Plain) -> float | None:
    if not p.acts:
        return None
    shape, days = p.r.vector("poisson.shares")
    days += watched(p)
    return 1 - (days / (days + 7)) ** (shape + p.faded(p.of(e.SHARED)))


def opened(p: Plain) -> list[Row]:
    return [row for row in p.of_others if row.name == e.OPENED]


def k_factor(p: Plain) -> float | None:
    rate = p.shr("share_open", len(opened(p)), len(p.of(e.SHARED)))
    return None if rate is None else p.faded(p.of(e.SHARED)) * math.log(2) * rate


def suscept(p: Plain) -> float | None:
    own = p.shr("suscept", led(p), p.faded(p.of(e.OPENED)))
    a, b = p.r.prior("suscept")
    return None if own is None else own - a / (a + b)


def expertise(p: Plain) -> list[tuple[str, float]] | None:
    bought = Counter(row.category for row in p.lines if row.category)
    told = Counter(row.category for row in p.of(e.REVIEWED) if row.category)
    both = {name: bought[name] * told[name] for name in bought if told[name]}
    return top({name: n / (n + 2) for name, n in both.items()})


def age(p: Plain) -> int | None:
    year = p.state.profile.get("birth_year", "")
    now = (date(1970, 1, 1) + timedelta(days=p.today)).year
    return now - int(year) if year.isdecimal() and 0 <= now - int(year) <= 120 else None


def age_band(p: Plain) -> str | None:
    years = age(p)
    if years is None or years < 18:
        return None
    for name, high in (("18-24", 24), ("25-29", 29), ("30-39", 39), ("40-49", 49), ("50-59", 59)):
        if years <= high:
            return name
    return "60+"


def generation(p: Plain) -> str | None:
    years, year = age(p), p.state.profile.get("birth_year", "")
    if years is None or years < 18 or int(year) < 1930:
        return None
    return f"{int(year) // 10 * 10 % 100:02}s"


def word(name: str, *allowed: str) -> Callable[[Plain], str | None]:
    def declared(p: Plain) -> str | None:
        found = p.state.profile.get(name)
        return found if found and (not allowed or found in allowed) else None

    return declared


def days_since(rows: list[Row], p: Plain, which: Any = max) -> float | None:
    return p.today - which(row.day for row in rows) if rows else None


def next_order(p: Plain) -> float | None:
    return round(round(gap(p) - (p.at - p.lines[-1].at) / DAY_US, 9)) if p.lines else None


def gap_days(p: Plain) -> float | None:
    n = len(p.orders) - 1
    return (p.lines[-1].at - p.lines[0].at) / DAY_US / n if n >= 2 else None


def cities(p: Plain) -> float | None:
    return len({row.said.city for row in p.since(p.lines, 365)} - {None}) or None


def now_cat(p: Plain) -> list[tuple[str, float]] | None:
    liked = p.by("category", INTEREST, 10 / 1440)
    return top({name: x for name, x in liked.items() if round(x, 9) >= 0.125})


def sold(p: Plain) -> list[Row]:
    return [r for r in p.of_others if r.name in {e.ORDERED, e.REFUNDED} and r.said.line == 0]


def sales(p: Plain) -> int:
    return sum(row.name == e.ORDERED for row in sold(p))


def aov(p: Plain) -> float | None:
    n = len(p.since(p.orders, 180))
    return p.paid(180) / n if n else None


def fragment(p: Plain) -> float | None:
    lately = p.since(p.acts, 30)
    days = {row.day for row in lately}
    return len({(row.day, row.hour) for row in lately}) / len(days) if days else None


def invited(p: Plain) -> int:
    return sum(row.other is not None for row in p.of(e.GROUP_JOINED))


def reach(p: Plain) -> list[tuple[str, float]] | None:
    given = [one for one in p.state.consents or () if one.startswith("marketing.")]
    return top({one.removeprefix("marketing."): 1.0 for one in given})


def measure(p: Plain, column: int) -> float | None:
    found = p.lookup("graph", p.person, [math.nan] * 4)[column]
    return None if math.isnan(found) else float(found)


def count(rows: list[Row]) -> float:
    return float(len(rows))


READINGS: dict[str, Callable[[Plain], Any]] = {
    "life.stage": stage,
    "life.r_days": lambda p: days_since(p.lines, p),
    "life.f_365": lambda p: count(p.since(p.orders, 365)),
    "life.m_365": lambda p: p.paid(365),
    "life.rfm_cell": rfm,
    "life.aov_180": aov,
    "life.active_days_30": lambda p: len({row.day for row in p.since(p.acts, 30)}),
    "life.gap_days": gap_days,
    "life.next_order_eta": next_order,
    "life.p_alive": alive,
    "life.repurchase_30": repurchase,
    "life.clv_365": clv,
    "life.churn_30": churn,
    "life.silent": silent,
    "life.festival_share": festival_share,
    "life.aipl": aipl,
    "aff.cat_top": lambda p: taste(p, "category"),
    "aff.brand_top": lambda p: taste(p, "brand"),
    "aff.shop_top": lambda p: taste(p, "shop"),
    "aff.now_cat": now_cat,
    "aff.breadth": breadth,
    "aff.brand_loyalty": loyalty,
    "aff.newness": lambda p: over_everyone(
        p, "fresh", p.faded([r for r in p.of(e.VIEWED) if r.fresh]), p.faded(p.of(e.VIEWED))
    ),
    "aff.next_cat": following,
    "aff.replenish_due": due,
    "price.band": band,
    "price.band_by_cat": bands,
    "price.compare": compare,
    "promo.sensitivity": sensitivity,
    "promo.redeem_rate": lambda p: p.shr(
        "coupon", count(p.since(p.of("Coupon Applied", first=True), 365)),
        count(p.since(p.orders, 365)),
    ),
    "promo.saved_share": saved,
    "time.hours": hours,
    "time.best_send_hour": best_hour,
    "time.weekday_bias": weekday_bias,
    "time.commute": commute,
    "time.fragment": fragment,
    "time.fest_phase": fest_phase,
    "scene.entry_top": entries,
    "scene.after_social": lambda p: p.shr("led", led(p), p.faded(p.orders)),
    "soc.share_open": lambda p: p.shr("share_open", count(opened(p)), count(p.of(e.SHARED))),
    "soc.open_rate": lambda p: p.shr(
        "open_rate", p.faded(p.of(e.OPENED)),
        p.faded([row for row in p.of_others if row.name == e.SHARED]),
    ),
    "soc.gb_leader": lambda p: (
        p.faded(p.of(e.GROUP_STARTED)) * math.log(2) if p.of(e.GROUP_STARTED) else None
    ),
    "soc.gb_success": lambda p: p.shr(
        "gb_success", count(p.of(e.GROUP_SUCCEEDED)), count(p.of(e.GROUP_STARTED))
    ),
    "soc.gb_joiner": lambda p: p.shr(
        "gb_joiner", count(p.of(e.GROUP_JOINED)), count(p.of(e.GROUP_VIEWED))
    ),
    "soc.role_vec": roles,
    "soc.role": role,
    "soc.strong_ties": strong_ties,
    "soc.share_prop": share_prop,
    "soc.share_cvr": lambda p: p.shr(
        "share_cvr", sales(p), len({row.said.user_id for row in opened(p)})
    ),
    "soc.share_gmv_90": lambda p: p.paid(90, sold(p)) if p.of(e.SHARED) else None,
    "soc.k_factor": k_factor,
    "soc.suscept": suscept,
    "soc.gb_friends": lambda p: p.shr("gb_friends", invited(p), count(p.of(e.GROUP_JOINED))),
    "soc.expert_top": expertise,
    "soc.core": lambda p: measure(p, 1),
    "soc.influence": lambda p: measure(p, 2),
    "soc.bridge": lambda p: measure(p, 3),
    "demo.account_age_days": lambda p: days_since(p.acts, p, min),
    "demo.gender": word("gender", "female", "male"),
    "demo.age_band": age_band,
    "demo.generation": generation,
    "demo.member_level": word("member_level"),
    "ch.reach": reach,
    "geo.cities_365": cities,
    "geo.city": word("city"),
    "geo.tier": word("city_tier", "1", "new1", "2", "3", "4", "5"),
    "risk.return": lambda p: over_everyone(
        p, "return", count(p.since(p.of(e.REFUNDED, first=True), 365)),
        count(p.since(p.orders, 365)),
    ),
}  # fmt: skip
"""How each tag is read."""
