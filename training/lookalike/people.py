"""Everybody as rows of numbers: what the portraits tell, and a vector of what they took."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from scipy import sparse

from features import columns as c
from features.clock import DAY_US
from features.portraits import Kind, Tag, Use
from features.weights import INTEREST
from recsys.segments.desk import Desk
from recsys.segments.vocabulary import tags

Floats = npt.NDArray[np.float32]

DAYS = 180
HALF_LIFE = 60.0
FACTORS = 32
"""Length of a vector."""

KEYS = 3_000
"""Items, categories and brands that vectors are made of, the most met ones of each."""

WORDS = 60
"""Values of a word or a ranked list that get a column of their own, the commonest."""


@dataclass(frozen=True)
class People:
    """Everybody who may be in a segment.

    Parameters
    ----------
    users : list of str, length n
        Ascending.
    rows : ndarray, float32, shape (n, columns)
        Tags; NaN where unknown.
    columns : tuple of str
    vectors : ndarray, float32, shape (n, FACTORS)
        Of length 1, or 0 for who took nothing.
    active : ndarray, float32, shape (n,)
        How much each did.
    """

    users: list[str]
    rows: Floats
    columns: tuple[str, ...]
    vectors: Floats
    active: Floats

    @classmethod
    def of(cls, desk: Desk, seed: int = 0) -> "People":
        """Read the newest portraits, and the acts of ``DAYS`` days."""
        usable = [tag for tag in tags().values() if Use.RANK in tag.usable_in]
        table = desk.ask(desk.ground.people.select(c.USER, *(tag.column for tag in usable)))
        table = table.sort_by(c.USER)
        users = table[c.USER].to_pylist()
        found = [column for tag in usable for column in _columns(tag, table[tag.column])]
        vectors, active = _vectors(desk, users, seed)
        rows = np.column_stack([values for _, values in found]).astype(np.float32)
        return cls(users, rows, tuple(name for name, _ in found), vectors, active)


def _columns(tag: Tag, column: pa.ChunkedArray) -> list[tuple[str, npt.NDArray[np.float32]]]:
    name = tag.name
    match tag.kind:
        case Kind.INT | Kind.FLOAT | Kind.BOOL:
            values = column.cast(pa.float32()).fill_null(np.nan).to_numpy()
            return [(name, np.sign(values) * np.log1p(np.abs(values)))]
        case Kind.VECTOR:
            whole = column.combine_chunks()
            return [
                (f"{name}.{label}", _number(pc.list_element(whole, n)))
                for n, label in enumerate(tag.labels)
                if len(whole) and whole.null_count < len(whole)
            ]
        case Kind.ENUM | Kind.TEXT:
            common = _commonest(column.drop_null())
            return [(f"{name}.{word}", _number(pc.equal(column, word))) for word in common]
    return _listed(name, column.combine_chunks())


def _listed(name: str, column: pa.Array) -> list[tuple[str, npt.NDArray[np.float32]]]:
    """A ranked list as the scores of its commonest names."""
    parents = pc.list_parent_indices(column).to_numpy()
    entries = pc.list_flatten(column)
    if not len(entries):
        return []
    keys, scores = pc.struct_field(entries, "key"), pc.struct_field(entries, "score")
    found = []
    for word in _commonest(keys):
        own = pc.equal(keys, word).to_numpy(zero_copy_only=False)
        values = np.zeros(len(column), dtype=np.float32)
        values[parents[own]] = scores.to_numpy(zero_copy_only=False)[own]
        found.append((f"{name}.{word}", values))
    return found


def _commonest(words: pa.Array | pa.ChunkedArray) -> list[str]:
    counted = pc.value_counts(words.cast(pa.string()))
    told = sorted(counted.to_pylist(), key=lambda one: (-one["counts"], str(one["values"])))
    return [str(one["values"]) for one in told[:WORDS] if one["values"] is not None]


def _number(column: pa.Array | pa.ChunkedArray) -> npt.NDArray[np.float32]:
    told = column.cast(pa.float32()).fill_null(np.nan)
    return np.asarray(told.to_numpy(zero_copy_only=False), dtype=np.float32)


def _vectors(
    desk: Desk, users: list[str], seed: int
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Truncated singular vectors of people × (item, category, brand), weighted by rarity.

    Halko, Martinsson & Tropp, SIAM Review 2011, by scikit-learn.
    """
    from sklearn.utils.extmath import randomized_svd

    rows = desk.sql(
        _TAKEN, since=desk.as_of_us - DAYS * DAY_US, at=desk.as_of_us, day=float(DAY_US),
        events=list(INTEREST), weights=list(INTEREST.values()),
    )  # fmt: skip
    places = pc.index_in(rows[c.USER], value_set=pa.array(users, pa.string()))
    keys = rows["key"].combine_chunks().dictionary_encode()
    known = places.is_valid().to_numpy()
    who = places.fill_null(0).to_numpy()[known]
    what = keys.indices.to_numpy()[known]
    weight = np.log1p(np.maximum(rows["weight"].to_numpy()[known], 0.0)).astype(np.float32)
    shape = (len(users), max(len(keys.dictionary), 1))
    met = sparse.csr_array((weight, (who, what)), shape=shape)
    active = np.asarray(met.sum(axis=1), dtype=np.float32).ravel()
    if min(shape) <= FACTORS:
        return np.zeros((len(users), FACTORS), dtype=np.float32), active
    rarity = np.log(len(users) / (1.0 + np.bincount(met.indices, minlength=shape[1])))
    met = met @ sparse.diags_array(np.maximum(rarity, 0.0).astype(np.float32))
    left, strength, _ = randomized_svd(sparse.csr_matrix(met), FACTORS, random_state=seed)
    found = (left * np.sqrt(strength)).astype(np.float32)
    length = np.linalg.norm(found, axis=1, keepdims=True)
    return np.divide(found, length, out=np.zeros_like(found), where=length > 1e-9), active


_TAKEN = f"""
    WITH weights AS (SELECT unnest($events) AS event, unnest($weights) AS weight),
    wares AS (
        SELECT item_id, arg_max(category, valid_from_us) AS category,
            arg_max(brand, valid_from_us) AS brand FROM items GROUP BY item_id
    ), acts AS (
        SELECT user_id, item_id, category, brand,
            weight * pow(2.0, ($at - at_us) / -($day * {HALF_LIFE})) AS weight
        FROM events JOIN weights USING (event) LEFT JOIN wares USING (item_id)
        WHERE at_us >= $since AND item_id IS NOT NULL
    ), keyed AS (
        SELECT user_id, unnest(['i:' || item_id, 'c:' || category, 'b:' || brand]) AS key, weight
        FROM acts
    ), common AS (
        SELECT key FROM keyed WHERE key IS NOT NULL GROUP BY key
        QUALIFY row_number() OVER (PARTITION BY key[1] ORDER BY count(*) DESC, key) <= {KEYS}
    )
    SELECT user_id, key, sum(weight) AS weight FROM keyed SEMI JOIN common USING (key)
    GROUP BY ALL
"""
