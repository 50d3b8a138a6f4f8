"""The service that one writes first: FastAPI, ``implicit.recommend``, pandas, ``Booster.predict``.

Run as ``python -m training.bench.feed.obvious PORT TABLES BUNDLE CANDIDATES AT_US``.
"""

import sys
from pathlib import Path

import lightgbm
import numpy as np
import pandas as pd
import uvicorn
from fastapi import FastAPI
from implicit.als import AlternatingLeastSquares
from pydantic import BaseModel
from scipy import sparse
from threadpoolctl import threadpool_limits

from features import columns as c
from features.frames.feed import COLUMNS
from training.bench.feed.tables import SCOPES, moment_of, unknown


class Asked(BaseModel):
    """A request."""

    user_id: str
    k: int = 20


class Item(BaseModel):
    """One item of the answer."""

    item_id: str
    score: float


class Answer(BaseModel):
    """The answer."""

    items: list[Item]


class Shop:
    """Tables as frames, models as their libraries give them."""

    def __init__(self, tables: Path, bundle: Path, candidates: int, at_us: int) -> None:
        self.items = pd.read_parquet(tables / "items.parquet")
        frames = {word: pd.read_parquet(tables / f"{word}.parquet") for word in SCOPES.values()}
        self.known = {word: frame.set_index(c.USER) for word, frame in frames.items()}
        self.users = pd.read_parquet(tables / "users.parquet").set_index(c.USER)
        self.again = pd.read_parquet(tables / "again.parquet").set_index(c.USER)
        with threadpool_limits(1, "blas"):  # as implicit recommends
            self.model = AlternatingLeastSquares(factors=64, num_threads=1)
        self.model.item_factors = np.load(bundle / "als.items.npy")
        self.model.user_factors = np.load(tables / "users.npy")
        popular = np.load(bundle / "popular.codes.npy")[:candidates]
        self.popular = pd.DataFrame({
            c.ITEM: popular,
            "source.popular_rank": np.arange(len(popular), dtype=float),
        })
        self.booster = lightgbm.Booster(model_file=bundle / "feed.lightgbm.txt")
        self.candidates, self.moment = candidates, moment_of(at_us)

    def recommend(self, user: int, k: int) -> Answer:
        """Candidates, joins, prediction, the best."""
        nothing = sparse.csr_matrix(np.zeros((1, 0), dtype=np.float32))
        codes, scores = self.model.recommend(
            user, nothing, N=self.candidates, filter_already_liked_items=False
        )
        taste = pd.DataFrame({
            c.ITEM: codes,
            "source.als": scores.astype(float),
            "source.als_rank": np.arange(len(codes), dtype=float),
        })
        again = self.again.loc[[user]] if user in self.again.index else self.again[:0]
        found = taste.merge(self.popular, on=c.ITEM, how="outer")
        found = found.merge(again, on=c.ITEM, how="outer").sort_values(c.ITEM)
        found = found.merge(self.items, left_on=c.ITEM, right_index=True)
        found = found[found["on_sale"]]
        for word, table in self.known.items():
            mine = table.loc[[user]] if user in table.index else table[:0]
            found = found.merge(mine, on=word, how="left")
            empty = unknown(mine.columns)
            found = found.fillna({name: value for name, value in empty.items() if value == 0.0})
        raw = self.moment | {name: found[name].to_numpy() for name in found.columns}
        raw |= {str(name): np.asarray(value) for name, value in self.users.loc[user].items()}
        rows = np.column_stack([
            np.broadcast_to(formula(raw), len(found)) for formula in COLUMNS.values()
        ])
        ranked = found.assign(score=self.booster.predict(rows.astype(np.float32)))
        best = ranked.sort_values("score", ascending=False, kind="stable").head(k)
        pairs = zip(best["name"], best["score"], strict=True)
        return Answer(items=[Item(item_id=name, score=score) for name, score in pairs])


def main() -> None:
    """Serve until told to stop."""
    port, tables, bundle, candidates, at_us = sys.argv[1:]
    shop = Shop(Path(tables), Path(bundle), int(candidates), int(at_us))
    app = FastAPI()

    @app.post("/v1/feed")
    def feed(asked: Asked) -> Answer:
        return shop.recommend(int(asked.user_id[1:]), asked.k)

    uvicorn.run(app, port=int(port), log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
