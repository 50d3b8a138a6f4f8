"""The models that may be blended, what each starts from, and what of each is searched."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import sparse

from recsys.candidates.als import AlsConfig
from recsys.candidates.matrix import inverse
from recsys.candidates.matrix.diffusion import Diffusion, DiffusionConfig
from recsys.candidates.matrix.ease import Ease, EaseConfig
from recsys.candidates.matrix.factors import Factors
from recsys.candidates.matrix.filters import ChebyCf, ChebyCfConfig, GfCf, GfCfConfig
from recsys.candidates.matrix.neighbours import ItemKnn, KnnConfig, UserKnn, UserKnnConfig
from recsys.candidates.matrix.popularity import Popularity
from recsys.candidates.matrix.recommender import Recommender
from recsys.candidates.matrix.sparse_ease import SparseEase, SparseEaseConfig
from recsys.candidates.matrix.walks import LinkProp, LinkPropConfig, Rp3Beta, Rp3BetaConfig


@dataclass(frozen=True)
class Family:
    """One kind of model.

    Parameters
    ----------
    name : str
        In the table.
    model : type
        Made from a configuration, or from nothing.
    start : object
        The first configuration; None where there is nothing to search.
    steps : mapping of str to sequence
        Parameter → values it may have, in order; a search moves to neighbouring ones.
    social : bool
        Whether it reads links.
    share : float
        Part of the search's time, relative to others.
    like : str
        A family that the search starts at the best configuration of, where it was searched before.
    """

    name: str
    model: Callable[..., Recommender]
    start: Any
    steps: Mapping[str, Sequence[Any]]
    social: bool = False
    share: float = 1.0
    like: str = ""

    def after(self, found: Mapping[str, Any]) -> "Family":
        """The same, started at what was found best for the family it is like.

        Parameters
        ----------
        found : mapping of str to object
            Family → its best configuration.

        Examples
        --------
        >>> SOCIAL[0].after({"edlae": EaseConfig(l2=7.0)}).start.l2, SOCIAL[0].after({}).start.l2
        (7.0, 50.0)
        """
        other = next((one for one in PLAIN if one.name == self.like and one.name in found), None)
        if other is None:
            return self
        best = {name: getattr(found[other.name], name) for name in other.steps}
        return replace(self, start=replace(self.start, **best))

    def make(self, config: Any) -> Recommender:
        """A model, not yet fitted."""
        return self.model() if config is None else self.model(config)

    def around(self, config: Any, parameter: str) -> Iterator[Any]:
        """Configurations with the next value of a parameter to both sides."""
        values = list(self.steps[parameter])
        place = values.index(getattr(config, parameter))
        for near in (place + 1, place - 1):
            if 0 <= near < len(values):
                yield replace(config, **{parameter: values[near]})


_PENALTY = (3.0, 6.0, 12.0, 25.0, 50.0, 100.0, 200.0, 400.0, 800.0)
_DROPOUT = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
_LIFT = (-0.5, -0.4, -0.3, -0.2, -0.1, 0.0, 0.1, 0.2)

_NEIGHBOURS = (0, 400, 200, 100, 50)

_EASE = {
    "neighbours": _NEIGHBOURS, "dropout": _DROPOUT, "l2": _PENALTY, "popularity": _LIFT,
    "reach": _NEIGHBOURS, "user_power": (0.0, 0.15, 0.3, 0.45),
}  # fmt: skip

POPULARITY = Family("popularity", Popularity, None, {}, share=0.1)

PLAIN = (
    Family("ease", Ease, EaseConfig(l2=100.0, dropout=0.0), {"l2": _PENALTY}),
    Family("edlae", Ease, EaseConfig(l2=50.0, dropout=0.5), _EASE, share=3.0),
    Family(
        "sparse_ease", SparseEase, SparseEaseConfig(),
        {"dropout": _DROPOUT, "l2": _PENALTY, "popularity": _LIFT},
    ),
    Family("gf_cf", GfCf, GfCfConfig(), {"low_pass": (0.0, 0.1, 0.3, 0.6, 1.0)}),
    Family(
        "cheby_cf", ChebyCf, ChebyCfConfig(),
        {
            "power": (0.3, 0.4, 0.5, 0.6), "low_pass": (0.0, 0.1, 0.2, 0.4, 0.8),
            "vectors": (64, 128, 256, 512, 768), "flatness": (0.75, 1.0, 1.5, 2.0),
        },
        share=2.0,
    ),
    Family(
        "item_knn", ItemKnn, KnnConfig(neighbours=100),
        {
            "neighbours": (20, 50, 100, 200, 500), "weighting": ("cosine", "bm25"),
            "power": (0.25, 0.5, 0.75, 1.0, 1.5, 2.0), "shrink": (0.0, 5.0, 20.0),
        },
    ),
    Family(
        "user_knn", UserKnn, UserKnnConfig(neighbours=200),
        {
            "neighbours": (50, 100, 200, 400, 800), "weighting": ("cosine", "bm25"),
            "popularity": (0.0, 0.15, 0.3, 0.45), "power": (0.5, 1.0, 1.5, 2.0),
        },
    ),
    Family(
        "rp3_beta", Rp3Beta, Rp3BetaConfig(),
        {
            "beta": (0.2, 0.4, 0.6, 0.8), "alpha": (0.6, 0.8, 1.0, 1.2),
            "neighbours": (100, 200, 400),
        },
    ),
    Family(
        "link_prop", LinkProp, LinkPropConfig(),
        {
            "last_item": (0.0, 0.15, 0.3, 0.45, 0.6), "middle_item": (0.3, 0.45, 0.5, 0.6, 0.75),
            "middle_user": (0.2, 0.35, 0.5, 0.65, 0.8),
        },
    ),
    Family(
        "als", Factors, AlsConfig(factors=128, iterations=12, regularization=10.0, alpha=20.0),
        {
            "regularization": (0.1, 1.0, 3.0, 10.0, 30.0), "alpha": (2.0, 5.0, 10.0, 20.0, 40.0),
            "factors": (32, 64, 128, 256),
        },
    ),
)  # fmt: skip
"""Models that know nothing of ties."""

SOCIAL = (
    Family(
        "ease_friends", Ease, EaseConfig(l2=50.0, dropout=0.5, social=0.3, taste=0.1),
        {
            "social": (0.0, 0.1, 0.3, 1.0, 3.0), "taste": (0.0, 0.1, 0.2, 0.4, 0.8),
            "neighbours": _NEIGHBOURS, "l2": _PENALTY, "popularity": _LIFT,
        },
        social=True, share=2.0, like="edlae",
    ),
    Family(
        "user_knn_friends", UserKnn, UserKnnConfig(neighbours=200, friends=0.3),
        {"friends": (0.05, 0.1, 0.3, 0.6, 1.0), "popularity": (0.0, 0.15, 0.3, 0.45)}, social=True,
        like="user_knn",
    ),
    Family(
        "friends", Diffusion, DiffusionConfig(hops=1),
        {"popularity": (0.0, 0.15, 0.3, 0.5), "activity": (0.0, 0.25, 0.5, 0.75)}, social=True,
        share=0.5,
    ),
    Family(
        "friends_of_friends", Diffusion, DiffusionConfig(hops=2),
        {"popularity": (0.0, 0.15, 0.3, 0.5), "activity": (0.0, 0.25, 0.5, 0.75)}, social=True,
        share=0.5,
    ),
)  # fmt: skip
"""Models with ties inside."""


APART = ("gf_cf",)
"""Families that are measured when asked for: others of their kind contain them."""


def families(train: sparse.csr_matrix, links: sparse.csr_matrix | None) -> list[Family]:
    """What can be fitted on data of this size; a sparse inverse where no dense one fits."""
    users, items = train.shape
    social = links is not None and links.nnz > 0
    chosen = [POPULARITY, *PLAIN, *(SOCIAL if social else ())]
    dense = inverse.fits(Ease.size(users, items))
    dense_social = inverse.fits(Ease.size(users, items, social=True))
    left_out = {"sparse_ease"} if dense else {"ease", "edlae"}
    left_out |= set() if dense_social else {"ease_friends"}
    return [one for one in chosen if one.name not in left_out]


def told(config: Any) -> dict[str, Any]:
    """A configuration as plain values."""
    if config is None:
        return {}
    return {
        name: float(np.round(value, 6)) if isinstance(value, float) else value
        for name, value in vars(config).items()
    }
