"""``POST /v1/score/{model}``: scores that ``huoren score`` left in the home."""

import asyncio
import json
from pathlib import Path
from typing import Any

from features import consent
from serving.asking import Asking
from serving.errors import Refusal, invalid
from serving.predicted import PersonScore, ScoreReply, ScoreRequest

_AT_ONCE = 50
"""People whose states are read before other requests get their turn."""

Found = dict[str, tuple[float | None, float | None, float | None, int, list[str]]]


async def score(asking: Asking) -> ScoreReply:
    """Answer with the scores of some people; null for who has none or does not want one."""
    folder, model = asking.resources.settings.home.root / "scores", asking.path["model"]
    known = await asyncio.to_thread(_cards, folder)
    if model not in known:
        held = ", ".join(sorted(known)) or "none"
        raise Refusal("unknown-model", f"there are no scores of {model!r}; there are of: {held}")
    users, people = await _asked_for(asking)
    card, found = await asyncio.to_thread(_read, folder, model, users)
    return ScoreReply(
        **asking.head(None) | {"as_of": card["as_of"]},
        model=model,
        sentence=str(card.get("sentence") or f"more {card.get('outcome', '')} for being treated"),
        quality=str(card.get("verdict") or card["backtest"]["band"]),
        scores=await _all_scored(asking, users, found),
        people=people,
    )


async def _asked_for(asking: Asking) -> tuple[list[str], int | None]:
    """The people by id; of a segment its size too."""
    asked: ScoreRequest = asking.body
    if (asked.user_ids is None) == (asked.segment_id is None):
        raise invalid("user_ids", "give user_ids, or segment_id")
    if asked.user_ids is not None:
        return asked.user_ids, None
    given = {"segment": asked.segment_id, "model": asking.path["model"], "k": asked.k}
    found = await asking.resources.clerk.ask("scored", given, asking.gone)
    return found["user_ids"], found["people"]


async def _all_scored(asking: Asking, users: list[str], found: Found) -> list[PersonScore]:
    """Everybody's scores; others get their turn in between."""
    given = []
    for start in range(0, len(users), _AT_ONCE):
        given += [_scored(asking, user, found) for user in users[start : start + _AT_ONCE]]
        await asyncio.sleep(0)
    return given


def _scored(asking: Asking, user: str, found: Found) -> PersonScore:
    state = asking.resources.store.state(user)
    if user not in found or (state is not None and not consent.personal(consent.say(state))):
        return PersonScore(user_id=user)
    probability, effect, similarity, percentile, reasons = found[user]
    return PersonScore(
        user_id=user, probability=probability, effect=effect, similarity=similarity,
        percentile=percentile, reasons=reasons,
    )  # fmt: skip


def _cards(folder: Path) -> set[str]:
    return {path.stem for path in folder.glob("*.json")}


def _read(folder: Path, model: str, users: list[str]) -> tuple[dict[str, Any], Found]:
    import duckdb  # a worker that answers apps alone does without it

    card: dict[str, Any] = json.loads((folder / f"{model}.json").read_text(encoding="utf-8"))
    with duckdb.connect(config={"threads": 1}) as connection:
        path = [str(folder / f"{model}.parquet")]
        described = connection.execute("DESCRIBE SELECT * FROM read_parquet(?)", path).fetchall()
        columns = {str(name) for name, *_ in described}
        told = ", ".join(
            name if name in columns else f"NULL::DOUBLE AS {name}"
            for name in ("probability", "effect", "similarity")
        )
        rows = connection.execute(
            f"SELECT user_id, {told}, percentile, reasons FROM read_parquet(?) "
            "WHERE user_id IN (SELECT unnest(?))", [*path, users],
        ).fetchall()  # fmt: skip
    return card, {
        user: (p, effect, alike, int(place), list(why))
        for user, p, effect, alike, place, why in rows
    }
