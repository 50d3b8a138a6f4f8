"""What sources learn of titles, attributes and prices."""

import numpy as np
import pyarrow as pa
import pytest

from features.tables import ITEMS
from recsys.candidates.content import vectors
from tests.serving import shops
from training import supply


def known(prices) -> pa.Table:
    rows = [
        {"item_id": f"i{n}", "valid_from_us": 0, "title": f"绿茶{n}", "price_fen": price}
        for n, price in enumerate(prices)
    ]
    return pa.Table.from_pylist(rows, schema=ITEMS.schema)


@pytest.mark.parametrize("prices", [[None] * 10, [None] * 5 + [100] * 5, list(range(10))])
def test_items_have_likeness_with_prices_and_without(prices):
    found = supply.content(known(prices), shops.parts().items, 0)
    assert np.allclose(np.linalg.norm(found.vectors, axis=1), 1.0, atol=1e-5)
    assert len(found.new) == 10  # nobody did anything with them


def test_a_token_that_everything_has_says_nothing():
    assert not vectors([["t:绿茶"], ["t:绿茶"]]).any()
