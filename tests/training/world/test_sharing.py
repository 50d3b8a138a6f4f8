import numpy as np
import pytest

from training.world import Truth


def test_the_chance_of_opening_is_calibrated(ask) -> None:
    rows = ask(
        "select p_open, o.share_id is not null from true_shares s"
        " join (select share_id, peer_id, at_us from e where event = 'Product Shared') sent"
        " using (share_id, peer_id) left join (select share_id, user_id from e"
        " where event = 'Share Link Opened') o on o.share_id = s.share_id and o.user_id = s.peer_id"
        " where at_us < (select max(at_us) from e) - 86400000000"
    )
    chance, opened = np.array(rows, dtype=float).T
    error = np.sqrt((chance * (1 - chance)).sum()) / len(rows)
    # Links to items that went off sale meanwhile stay unopened.
    assert opened.mean() == pytest.approx(chance.mean(), abs=3 * error + 0.01)
    assert opened[chance > 0.6].mean() > 2 * opened[chance < 0.3].mean()


def test_every_sent_link_has_its_truth(ask) -> None:
    sent = ask("select share_id, peer_id from e where event = 'Product Shared'")
    assert set(sent) == set(ask("select share_id, peer_id from true_shares"))
    assert len(sent) == len(set(sent))


def test_links_of_those_who_are_heeded_are_opened(ask, truth: Truth) -> None:
    opened = ask("select user_id, peer_id from e where event = 'Share Link Opened'")
    sent = ask("select peer_id, user_id from e where event = 'Product Shared'")
    heed = truth.tie_strength(*zip(*opened, strict=True))
    ignored = truth.tie_strength(*zip(*(set(sent) - set(opened)), strict=True))
    assert np.median(heed) > 1.5 * np.median(ignored)


def test_orders_follow_links(ask) -> None:
    [(rate,)] = ask(
        "select count(distinct o.share_id) / count(distinct v.share_id) from e v left join"
        " (from e where event = 'Order Completed') o using (share_id, user_id)"
        " where v.event = 'Share Link Opened'"
    )
    assert 0.1 < rate < 0.6
