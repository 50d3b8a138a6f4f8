"""Tags of life cycle, tastes and prices, read slowly."""

import math
from collections import Counter
from collections.abc import Iterable

from features import events as e
from features import festivals
from features.clock import DAY_US
from features.habits import NEXT
from features.weights import INTEREST
from tests.features.portraits.plainly import LOOKED, Plain, top


def gap(p: Plain) -> float:
    span = (p.lines[-1].at - p.lines[0].at) / DAY_US if p.lines else 0.0
    return (span + p.r.number("gap_days")) / (max(len(p.orders) - 1, 0) + 1)


def stage(p: Plain) -> str | None:
    if not p.acts:
        return None
    n, n180 = len(p.orders), len(p.since(p.orders, 180))
    earlier = len(p.since(p.orders, 365)) - n180
    quiet = p.today - max(row.day for row in p.acts)
    known = p.today - min(row.day for row in p.acts)
    since = (p.at - p.lines[-1].at) / DAY_US if p.lines else math.nan
    late = since / (math.log(5) * gap(p))
    if n < 1 and known < 14:
        return "new"
    if n >= 1 and quiet >= 30 and late > 3:
        return "churned"
    if quiet >= 30:
        return "silent"
    if n < 1:
        return "visitor"
    if n180 == 1 and n > 1 and since <= 30:
        return "returned"
    if late > 1:
        return "declining"
    if n == 1:
        return "activated"
    return "growing" if n180 > earlier else "mature"


def rfm(p: Plain) -> str | None:
    n = len(p.since(p.orders, 365))
    medians = [p.r.number(f"median.{name}") for name in ("r_days", "f_365", "m_365")]
    if not n or math.isnan(medians[0]):
        return None
    recent = p.today - p.lines[-1].day <= medians[0]
    return f"{recent:d}{n > medians[1]:d}{p.paid(365) > medians[2]:d}"


def taste(p: Plain, what: str) -> list[tuple[str, float]] | None:
    liked = {k: v for k, v in p.by(what, INTEREST, 30).items() if round(v, 9) >= 0.05}
    total = sum(liked.values())
    found = {}
    for name, mine in liked.items():
        share = p.lookup(f"share.{what}", name, 0.0)
        found[name] = 100 * ((mine + 8 * share) / (total + 8) + 0.2) / (share + 0.2)
    return top(found)


def entropy(counts: Iterable[float]) -> float:
    kept = [count for count in counts if count > 0]
    return -sum(count / sum(kept) * math.log(count / sum(kept)) for count in kept)


def breadth(p: Plain) -> float | None:
    counts = Counter(row.category for row in p.lines if row.category)
    most = math.log(max(p.r.size("share.category"), 2))
    return min(entropy(counts.values()) / most, 1.0) if counts else None


def loyalty(p: Plain) -> float | None:
    counts = Counter(row.brand for row in p.since(p.lines, 365) if row.brand)
    if counts.total() < 2:
        return None
    return min(max(1 - entropy(counts.values()) / math.log(counts.total()), 0.0), 1.0)


def over_everyone(p: Plain, rate: str, k: float, n: float) -> float | None:
    a, b = p.r.prior(rate)
    own = p.shr(rate, k, n)
    return None if own is None else own * (a + b) / a


def last_bought(p: Plain) -> dict[str, int]:
    return {row.category: row.at for row in p.lines if row.category}


def following(p: Plain) -> list[tuple[str, float]] | None:
    bought = last_bought(p)
    if not bought or "next.category" not in p.r.lookups:
        return None
    newest = min(bought, key=lambda name: (-bought[name], name))
    row = p.lookup("next.category", newest, [-1.0] * 2 * NEXT)
    names = {
        p.r.names("bought.category", [int(row[i])])[0]: float(row[NEXT + i])
        for i in range(NEXT) if row[i] >= 0
    }  # fmt: skip
    return top(names, NEXT)


def due(p: Plain) -> list[tuple[str, float]] | None:
    late = {
        name: (p.at - at) / DAY_US / p.lookup("gap.category", name, math.nan)
        for name, at in last_bought(p).items()
    }
    return top({name: x for name, x in late.items() if 0.8 < round(x, 9) <= 4.0})


def aipl(p: Plain) -> list[tuple[str, float]] | None:
    interest = p.by("brand", INTEREST, 30)
    found = []
    for brand in {row.brand for row in p.own if row.brand}:
        bought = sum(row.brand == brand for row in p.since(p.lines, 365))
        praise = sum(row.brand == brand for row in p.since(p.of(e.SHARED, e.REVIEWED), 365))
        keen = round(interest.get(brand, 0.0), 9)
        grade = (
            4 if bought >= 2 or (bought and praise) else 3 if bought
            else 2 if keen >= 2 else 1 if keen >= 0.05 else 0
        )  # fmt: skip
        if grade:
            found.append((-grade, -round(max(keen, 0) / (1 + max(keen, 0)), 9), brand))
    return [(brand, float(-grade)) for grade, _, brand in sorted(found)[:10]] or None


def fifths(p: Plain) -> dict[str, tuple[float, float]]:
    """Acts and fifth by category."""
    found = {}
    for name in {row.category for row in p.own if row.category}:
        rows = [row for row in p.own if row.category == name and row.name in LOOKED]
        priced = [row for row in rows if row.log_price is not None]
        acts = p.faded(priced, 90, LOOKED)
        cuts = [round(float(cut), 9) for cut in p.lookup("cuts", name, p.r.vector("cuts"))]
        if round(acts, 9) < 0.05 or any(map(math.isnan, cuts)):
            continue
        level = round(sum(p.faded([row], 90, LOOKED) * row.log_price for row in priced) / acts, 9)
        place = 1 + sum((cut < level) + (cut <= level) for cut in cuts) / 2
        found[name] = (acts, place)
    return found


def band(p: Plain) -> str | None:
    found = fifths(p).values()
    if not found:
        return None
    mean = sum(acts * fifth for acts, fifth in found) / sum(acts for acts, _ in found)
    return str(math.floor(round(mean, 9) + 0.5))


def bands(p: Plain) -> list[tuple[str, float]] | None:
    found = fifths(p)
    most = top({name: acts for name, (acts, _) in found.items()})
    return most and [(name, float(math.floor(found[name][1] + 0.5))) for name, _ in most]


def compare(p: Plain) -> float | None:
    views, carts, usual = p.faded(p.of(e.VIEWED)), p.faded(p.of(e.ADDED)), p.r.number("looks")
    known = round(views + carts, 9) >= 0.05 and not math.isnan(usual)
    return (views + usual) / (carts + 1) if known else None


def dealt(p: Plain) -> float:
    return sum(row.dealt for row in p.since(p.orders, 365))


def sensitivity(p: Plain) -> float | None:
    own = p.shr("dealt", dealt(p), len(p.since(p.orders, 365)))
    usual = p.r.number("deal_rate")
    bought = [row.category for row in p.lines if row.category]
    anyway = [p.lookup("deal.category", name, usual) for name in bought] or [usual]
    found = math.nan if own is None else own - sum(anyway) / len(anyway)
    return None if math.isnan(found) else found


def saved(p: Plain) -> float | None:
    off = sum(row.said.discount_fen or 0 for row in p.since(p.orders, 365))
    whole = off + p.paid(365)
    return min(max(off / whole, 0.0), 1.0) if whole > 0 else None


def lifetime(p: Plain) -> tuple[float, float, float] | None:
    """Orders after the first, days to the last, days to now."""
    if not p.orders:
        return None
    first, last = p.lines[0].at, p.lines[-1].at
    return len(p.orders) - 1.0, (last - first) / DAY_US, (p.at - first) / DAY_US


def alive(p: Plain) -> float | None:
    known = lifetime(p)
    if known is None:
        return None
    r, alpha, a, b = p.r.vector("lifetime.orders")
    x, t_x, t = known
    if x == 0:
        return 1.0
    return 1 / (1 + a / (b + x - 1) * ((alpha + t) / (alpha + t_x)) ** (r + x))


def repurchase(p: Plain) -> float | None:
    known = lifetime(p)
    if known is None:
        return None
    r, alpha, _, _ = p.r.vector("lifetime.orders")
    x, _, t = known
    return alive(p) * (1 - ((alpha + t) / (alpha + t + 30)) ** (r + x))


def clv(p: Plain) -> float | None:
    """By the published formula, with the hypergeometric function as it stands there."""
    from scipy.special import hyp2f1

    known = lifetime(p)
    if known is None:
        return None
    r, alpha, a, b = p.r.vector("lifetime.orders")
    x, t_x, t = known
    z = 365 / (alpha + t + 365)
    rest = ((alpha + t) / (alpha + t + 365)) ** (r + x) * hyp2f1(r + x, b + x, a + b + x - 1, z)
    left = a / (b + x - 1) * ((alpha + t) / (alpha + t_x)) ** (r + x) if x > 0 else 0.0
    orders = max((a + b + x - 1) / (a - 1) * (1 - rest) / (1 + left), 0.0)
    pp, q, v = p.r.vector("lifetime.spend")
    n = len(p.since(p.orders, 365))
    mean = max(p.paid(365) / n, 0.0) if n else 0.0
    n = n if mean > 0 else 0
    return orders * pp * (v + n * mean) / (pp * n + q - 1) / math.sqrt(1.1)


def churn(p: Plain) -> float | None:
    days = {row.day for row in p.since(p.acts, 30)}
    if not days:
        return None
    known = min(p.today - min(row.day for row in p.acts), 30) + 1
    seen = known - (p.today - max(days))
    return history(p, len(days), seen, known + 30) / history(p, len(days), seen, known)


def history(p: Plain, x: int, last: int, n: int) -> float:
    """Likelihood of x active days of n, the last at a place, by BG/BB."""
    alpha, beta, gamma, delta = p.r.vector("lifetime.days")

    def ratio(a: float, b: float, c: float, d: float) -> float:
        told = [math.lgamma(one) for one in (a, b, c + d, a + b, c, d)]
        return math.exp(told[0] + told[1] + told[2] - told[3] - told[4] - told[5])

    whole = ratio(alpha + x, beta + n - x, alpha, beta) * ratio(gamma, delta + n, gamma, delta)
    return whole + sum(
        ratio(alpha + x, beta + last - x + i, alpha, beta)
        * ratio(gamma + 1, delta + last + i, gamma, delta)
        for i in range(n - last)
    )


def silent(p: Plain) -> float | None:
    if not p.acts:
        return None
    given = p.state.consents
    reachable = given is None or any(one.startswith("marketing.") for one in given)
    return float(reachable and p.today - max(row.day for row in p.acts) >= 30)


def festival_share(p: Plain) -> float | None:
    whole = p.paid(365)
    return min(max(sum(by_phase(p, 365).values()) / whole, 0.0), 1.0) if whole > 0 else None


def by_phase(p: Plain, days: int) -> dict[str, float]:
    rows = p.of(e.ORDERED, e.REFUNDED)
    return {
        name: p.paid(days, [row for row in rows if festivals.phase(row.day) == name])
        for name in festivals.PHASES
    }
