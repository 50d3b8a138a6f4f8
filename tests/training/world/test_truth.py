from pathlib import Path

import numpy as np
import pytest

from features.errors import InputError, MissingStep
from training.world import Truth


def test_orders_are_of_what_is_wanted(ask, truth: Truth) -> None:
    rows = ask("select user_id, item_id from e where event = 'Order Completed' limit 400")
    users, items = zip(*rows, strict=True)
    grid = truth.oracle_scores(users, items)
    assert np.diag(grid).mean() > grid.mean() + 1.0


def test_the_oracles_lists_hit_the_last_week(ask, truth: Truth) -> None:
    lists = truth.oracle_lists()
    week = "(select max(at_us) from e) - 6 * 86400000000"
    rows = ask(
        "select distinct user_id, item_id from e"
        f" where event = 'Order Completed' and at_us > {week}"
    )
    hits = [item in lists[user][:20] for user, item in rows if user in lists]
    assert np.mean(hits) > 0.3


def test_strengths_are_those_of_friends(ask, truth: Truth) -> None:
    [(user, peer)] = ask("select user_id, peer_id from t where tie_type = 'friend' limit 1")
    strength = truth.tie_strength([user, user], [peer, user])
    assert strength[0] > 0
    assert strength[1] == 0


def test_effects_of_strangers_to_the_trial_are_unknown(truth: Truth) -> None:
    assert np.isnan(truth.campaign_effect(["nobody"])).all()


def test_unknown_names_are_refused(truth: Truth) -> None:
    with pytest.raises(InputError, match="no user 'nobody'"):
        truth.oracle_scores(["nobody"], ["i000000"])
    with pytest.raises(InputError, match="no table 'fairies'"):
        truth.table("fairies")


def test_a_place_without_truth_is_told(tmp_path: Path) -> None:
    with pytest.raises(MissingStep, match="huoren simulate"):
        Truth(tmp_path)
