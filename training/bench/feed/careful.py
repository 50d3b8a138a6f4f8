"""The service of a careful author: faiss, NumPy, one thread; everything of a person in memory.

Run as ``python -m training.bench.feed.careful PORT TABLES BUNDLE CANDIDATES AT_US``.
"""

import sys
from pathlib import Path
from typing import Any

import faiss
import lightgbm
import numpy as np
import numpy.typing as npt
import pandas as pd
import uvicorn
from fastapi import FastAPI, Response
from pydantic import BaseModel

from features import columns as c
from features.frames.feed import COLUMNS
from training.bench.feed.tables import SCOPES, moment_of, unknown

Known = tuple[npt.NDArray[np.int64], dict[str, npt.NDArray[np.float64]]]
"""Sorted codes, and for each counter its values followed by the one of what is not there."""


class Asked(BaseModel):
    """A request."""

    user_id: str
    k: int = 20


class Answer(BaseModel):
    """The answer."""

    items: list[tuple[str, float]]


AGAIN = frozenset({"source.again", "source.again_rank"})
"""Columns of own items."""


class Shop:
    """Arrays, dictionaries, and models on one thread."""

    def __init__(self, tables: Path, bundle: Path, candidates: int, at_us: int) -> None:
        items = pd.read_parquet(tables / "items.parquet")
        self.names = items.pop("name").to_numpy()
        self.on_sale = items.pop("on_sale").to_numpy()
        self.items = {name: items[name].to_numpy() for name in items.columns}
        self.known = {word: _by_person(tables, word) for word in SCOPES.values()}
        users = pd.read_parquet(tables / "users.parquet").set_index(c.USER)
        self.users = dict(zip(users.index.tolist(), users.to_dict("records"), strict=True))
        again = pd.read_parquet(tables / "again.parquet")
        self.again: dict[Any, dict[str, npt.NDArray[Any]]] = {
            user: {name: part[name].to_numpy() for name in (c.ITEM, *AGAIN)}
            for user, part in again.groupby(c.USER)
        }
        faiss.omp_set_num_threads(1)
        self.index = faiss.read_index(str(bundle / "als.faiss"), faiss.IO_FLAG_MMAP)
        if isinstance(self.index, faiss.IndexIVF):
            lists: Any = faiss.downcast_InvertedLists(self.index.invlists)  # type: ignore[arg-type]
            lists.prefetch_nthread = 0  # its threads would cost more than they save
        self.vectors = np.load(tables / "users.npy")
        self.popular = np.load(bundle / "popular.codes.npy")[:candidates]
        self.booster = lightgbm.Booster(model_file=bundle / "feed.lightgbm.txt")
        self.candidates, self.moment = candidates, moment_of(at_us)

    def recommend(self, user: int, k: int) -> Answer:
        """Candidates, look-ups, prediction, the best."""
        scores, found = self.index.search(self.vectors[user][None, :], self.candidates)
        again = self.again.get(user) or {c.ITEM: np.zeros(0, dtype=np.int64)}
        codes = np.unique(np.concatenate([found[0], self.popular, again[c.ITEM]]))
        codes = codes[self.on_sale[codes]]
        raw = self.moment | {name: values[codes] for name, values in self.items.items()}
        raw |= {str(name): np.asarray(value) for name, value in self.users[user].items()}
        for word, people in self.known.items():
            tails, values = people.get(user) or _nothing(people)
            wanted = codes if word == c.ITEM else raw[word]
            place = np.searchsorted(tails, wanted)
            place[np.append(tails, -1)[place] != wanted] = -1
            raw |= {name: column[place] for name, column in values.items()}
        for name, ranked in (("als", found[0]), ("popular", self.popular)):
            ranks = np.full(len(codes), np.nan)
            ranks[np.searchsorted(codes, ranked)] = np.arange(len(ranked))
            raw[f"source.{name}_rank"] = ranks
        raw["source.als"] = np.full(len(codes), np.nan)
        raw["source.als"][np.searchsorted(codes, found[0])] = scores[0]
        for name in AGAIN & again.keys():
            raw[name] = np.full(len(codes), np.nan)
            raw[name][np.searchsorted(codes, again[c.ITEM])] = again[name]
        rows = np.empty((len(codes), len(COLUMNS)), dtype=np.float32)
        for i, formula in enumerate(COLUMNS.values()):
            rows[:, i] = formula(raw)
        worth = self.booster.predict(rows, num_threads=1)
        best = np.argsort(-worth, kind="stable")[:k]
        names = self.names[codes[best]].tolist()
        return Answer(items=list(zip(names, worth[best].tolist(), strict=True)))


def _by_person(tables: Path, word: str) -> dict[Any, Known]:
    table = pd.read_parquet(tables / f"{word}.parquet").sort_values([c.USER, word])
    counters = [name for name in table.columns if name not in {c.USER, word}]
    empty = unknown(counters)
    return {
        user: (
            part[word].to_numpy(),
            {name: np.append(part[name].to_numpy(), empty[name]) for name in counters},
        )
        for user, part in table.groupby(c.USER)
    }


def _nothing(people: dict[Any, Known]) -> Known:
    _, columns = next(iter(people.values()))
    return np.zeros(0, dtype=np.int64), {name: column[-1:] for name, column in columns.items()}


def main() -> None:
    """Serve until told to stop."""
    port, tables, bundle, candidates, at_us = sys.argv[1:]
    shop = Shop(Path(tables), Path(bundle), int(candidates), int(at_us))
    app = FastAPI()

    @app.post("/v1/feed")
    async def feed(asked: Asked) -> Response:
        answer = shop.recommend(int(asked.user_id[1:]), asked.k)
        return Response(answer.model_dump_json(), media_type="application/json")

    uvicorn.run(app, port=int(port), log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
