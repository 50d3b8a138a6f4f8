"""A bundle as MLflow serves models: ``mlflow.pyfunc.load_model("models:/huoren@champion")``.

``predict`` takes a table with the column ``user_id`` and gives the feed of each person, one row for
each item. What people did is read from the home that ``HUOREN_HOME`` names; without one everybody
is a stranger, who is shown what is popular.
"""

import os
from pathlib import Path
from typing import Any

import pandas as pd

from features import columns as c
from features import snapshot
from features.clock import BusinessZone
from features.errors import InputError
from features.home import Home
from recsys.bundle import Bundle
from recsys.feed import Feed
from recsys.query import FeedQuery
from training.past import Past
from training.replayed import Replayed

K = 20


class Model:
    """A bundle that predicts.

    Parameters
    ----------
    bundle : Bundle
        What answers.
    home : Home, optional
        Whose history says what people did.
    """

    def __init__(self, bundle: Bundle, home: Home | None = None) -> None:
        self.bundle = bundle
        self.home = home

    def predict(
        self, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """Feeds of several people.

        Parameters
        ----------
        model_input : pandas.DataFrame
            With the column ``user_id``.
        params : mapping, optional
            ``k``: items for each person; 20 when left out.

        Returns
        -------
        pandas.DataFrame
            ``user_id``, ``place`` (from 1), ``item_id``, ``score``.

        Raises
        ------
        InputError
            When the column is missing.
        """
        given = pd.DataFrame(model_input)
        if c.USER not in given:
            raise InputError(
                "whose feeds?",
                expected=f"a column {c.USER}",
                got=", ".join(map(str, given.columns)),
            )
        users = [str(user) for user in given[c.USER]]
        people, feed = self._people(users), Feed(self.bundle)
        k, at_us = int((params or {}).get("k", K)), self.bundle.as_of_us
        rows = [
            (user, place, item.item_id, item.score)
            for user in users
            for place, item in enumerate(
                feed.recommend(FeedQuery(user, k=k, at_us=at_us), people).items, start=1
            )
        ]
        return pd.DataFrame(rows, columns=[c.USER, "place", c.ITEM, "score"])

    def _people(self, users: list[str]) -> Replayed:
        if self.home is None:
            return Replayed({})
        zone = BusinessZone(self.bundle.settings.zone)
        connection, _ = snapshot.connect_facts(self.home, self.bundle.as_of_us, zone)
        with connection:
            return Replayed.of(Past(connection, zone), users, self.bundle.parts.items)


def _load_pyfunc(path: str) -> Model:
    """What MLflow calls."""
    home = os.environ.get("HUOREN_HOME")
    return Model(Bundle.open(Path(path)), Home(Path(home).resolve()) if home else None)
