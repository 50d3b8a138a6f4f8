"""A small real home: ten items, a bundle without learned rankers, a champion."""

import json
from pathlib import Path

import numpy as np
from scipy import sparse

from features.catalogue import of_key
from features.counters import Key
from features.home import Home
from features.ids import IdMap
from features.items import NAMED, NEVER_US, Items
from features.references import References
from recsys.bundle import Bundle, Parts
from recsys.candidates.als import Als, AlsConfig
from recsys.candidates.popular import Popular
from recsys.candidates.similar import Similar

ITEMS = [f"i{n}" for n in range(10)]


def parts(best: str = "i0") -> Parts:
    """Parts whose most popular item is ``best``; the others follow in order."""
    ids = IdMap.of(ITEMS)
    names = ["tea", "cups"]
    category = IdMap.of(names)
    size = len(ids)
    codes = category.codes([names[int(name[1:]) % 2] for name in ITEMS])
    coded = {column: np.full(size, -1, dtype=np.int32) for column in NAMED}
    coded["category"][ids.codes(ITEMS)] = codes
    popularity = np.zeros(size)
    popularity[ids.codes(ITEMS)] = np.arange(size, 0, -1)
    popularity[ids.code(best)] = 99.0
    items = Items(
        ids,
        {column: category if column == "category" else IdMap.of([]) for column in NAMED},
        coded,
        np.full(size, 1_000, dtype=np.int64),
        np.full(size, NEVER_US, dtype=np.int64),
        np.full(size, NEVER_US, dtype=np.int64),
        np.ones(size, dtype=np.bool_),
        {counter.name: np.zeros(size, dtype=np.float32) for counter in of_key(Key.ITEM)},
    )
    vectors = np.eye(size, 4, dtype=np.float32)
    als = Als(vectors, AlsConfig(factors=4))
    near = Similar.of(sparse.csr_matrix((size, size), dtype=np.float32))
    return Parts(items, References.empty(), als, Popular.fit(popularity), None, None, similar=near)


def write_bundle(home: Home, as_of_us: int, *, best: str = "i0") -> Bundle:
    """Write a bundle of ``parts``."""
    home.bundles.mkdir(parents=True, exist_ok=True)
    return Bundle.write(parts(best), home.bundles, as_of_us)


def promote(home: Home, bundle: Bundle, previous: str | None = None) -> None:
    """Name a bundle as champion."""
    said = {"sha": bundle.manifest["sha"], "feature_hash": bundle.feature_hash}
    unfinished = home.root / "champion.partial"
    unfinished.write_text(json.dumps(said | {"previous": previous}))
    Path(unfinished).replace(home.champion)
