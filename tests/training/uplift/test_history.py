"""A campaign of the history becomes a trial."""

import numpy as np
import pytest

from features.errors import InputError, UnknownName
from tests.training.conftest import END, Shop
from training import persons
from training.uplift import history


def test_everyone_assigned_is_there_once_with_what_came_after(shop: Shop):
    (name,) = history.campaigns(shop.past)
    found = history.read(shop.past, name, days=14)
    facts = shop.past.connection
    assigned = facts.execute(
        "SELECT count(DISTINCT user_id) FROM facts WHERE campaign_id = ?", [name]
    )
    assert len(found.users) == len(set(found.users)) == assigned.fetchall()[0][0]
    since = dict(zip(found.users, found.at_us.tolist(), strict=True))
    user, orders = found.users[int(found.trial.outcome.argmax())], found.trial.outcome.max()
    counted = facts.execute(
        "SELECT count(*) FROM facts WHERE user_id = ? AND event = 'Order Completed' AND line = 0 "
        "AND at_us >= ? AND at_us < ?", [user, since[user], since[user] + 14 * 86_400_000_000],
    )  # fmt: skip
    assert counted.fetchall()[0][0] == orders


def test_chances_and_columns_are_those_logged(shop: Shop):
    (name,) = history.campaigns(shop.past)
    trial = history.read(shop.past, name).trial
    assert np.all(trial.propensity == 0.5)
    assert trial.columns == persons.columns()


def test_what_is_not_known_yet_is_not_judged(shop: Shop):
    (name,) = history.campaigns(shop.past)
    with pytest.raises(InputError, match="not known yet"):
        history.read(shop.past, name, days=40, end_us=END)


def test_an_unknown_campaign_names_the_nearest(shop: Shop):
    with pytest.raises(UnknownName, match="unknown campaign 'c-welcome'; next: use one of: c-"):
        history.read(shop.past, "c-welcome")
