import numpy as np

from training.world import Truth


def test_degrees_have_a_heavy_tail(ask) -> None:
    rows = ask("select count(*) from t where tie_type = 'friend' group by user_id")
    degree = np.array(rows)[:, 0]
    assert 8 < degree.mean() < 25
    assert degree.max() > 6 * degree.mean()
    assert np.quantile(degree, 0.9) > 1.8 * np.median(degree)


def test_friendship_goes_both_ways_and_following_need_not(ask) -> None:
    ties = set(ask("select user_id, peer_id from t where tie_type = 'friend'"))
    assert ties == {(peer, user) for user, peer in ties}
    follows = set(ask("select user_id, peer_id from t where tie_type = 'follow'"))
    assert follows != {(peer, user) for user, peer in follows}
    assert all(user != peer for user, peer in ties | follows)


def test_friends_have_like_tastes(ask, truth: Truth) -> None:
    taste = np.array(truth.table("users")["taste"].to_pylist())
    pairs = np.array(
        ask("select user_id[2:]::int, peer_id[2:]::int from t where tie_type = 'friend'")
    )
    likeness = np.corrcoef(taste[pairs[:, 0]].ravel(), taste[pairs[:, 1]].ravel())[0, 1]
    assert 0.2 < likeness < 0.7


def test_strength_differs_by_direction_but_not_wholly(ask) -> None:
    [(together,)] = ask(
        "select corr(log(a.strength), log(b.strength)) from true_ties a join true_ties b"
        " on a.user_id = b.peer_id and a.peer_id = b.user_id"
    )
    assert 0.3 < together < 0.8


def test_nobody_is_tied_before_both_have_registered(ask) -> None:
    assert ask(
        "select count(*) from t join u a using (user_id) join u b on b.user_id = peer_id"
        " where since_us < greatest(a.registered_us, b.registered_us)"
    ) == [(0,)]


def test_the_ties_table_does_not_tell_the_strength(ask) -> None:
    assert ask("select distinct source, extra from t") == [("world", None)]
