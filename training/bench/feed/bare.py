"""The floor: the parts of a feed request with nothing around them, each on its own.

Run as ``python -m training.bench.feed.bare PORT``, it is the HTTP part: an answer of the usual size
for the usual body, encoded each time.
"""

import sys
from collections.abc import Callable, Mapping
from time import process_time
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from features.frames.feed import COLUMNS
from features.home import Home
from features.store import open_store
from recsys.bundle import Bundle
from recsys.ranking import native
from training.bench.feed.world import CANDIDATES, ZONE, World

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

TURNS = 300


class Given(msgspec.Struct):
    """One item of an answer."""

    item_id: str
    score: float
    sources: tuple[str, ...]


def parts_ms(world: World) -> Mapping[str, float]:
    """CPU milliseconds of each part but HTTP; the median over many people.

    Reading one state, solving a person's vector, finding the nearest, taking as many rows as there
    are candidates out of an array, and the compiled trees.
    """
    parts = Bundle.open(world.bundle).parts
    assert parts.feed is not None
    assert parts.feed.text_file is not None
    score = native.of_text(parts.feed.text_file.read_text())
    store = open_store(Home(world.root), ZONE, applies=False)
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(len(parts.items), len(COLUMNS))).astype(np.float32)
    codes = rng.integers(len(parts.items), size=(TURNS, 2 * CANDIDATES))
    vectors = parts.als.vectors[rng.integers(len(parts.items), size=TURNS)]
    gram = parts.als.gram + np.eye(len(parts.als.gram))
    try:
        return {
            "state": _median(lambda turn: store.states([world.users[turn % len(world.users)]])),
            "solve": _median(lambda turn: np.linalg.solve(gram, vectors[turn])),
            "nearest": _median(lambda turn: parts.als.nearest.search(vectors[turn], CANDIDATES)),
            "rows": _median(lambda turn: rows[codes[turn]]),
            "trees": _median(lambda turn: score(rows[codes[turn]])),
        }
    finally:
        store.close()


def _median(part: Callable[[int], object]) -> float:
    taken = []
    for turn in range(TURNS):
        start = process_time()
        part(turn)
        taken.append((process_time() - start) * 1e3)
    return float(np.median(taken))


def main() -> None:
    """Answer over HTTP until told to stop."""
    import uvicorn
    from starlette.applications import Starlette
    from starlette.responses import Response
    from starlette.routing import Route

    encode = msgspec.json.Encoder().encode
    decode = msgspec.json.Decoder(dict[str, object]).decode
    items = [Given(f"i{n:07d}", n / 3, ("als", "popular")) for n in range(20)]

    async def feed(request: "Request") -> "Response":
        decode(await request.body())
        return Response(encode({"items": items}), media_type="application/json")

    app = Starlette(routes=[Route("/v1/feed", feed, methods=["POST"])])
    uvicorn.run(app, port=int(sys.argv[1]), log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
