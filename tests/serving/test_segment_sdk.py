"""Segment's own Python SDK sends to the service when its host is changed, and nothing else.

Its pins differ from ours, so ``make segment`` installs it beside the environment, not into it.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from features.clock import DAY_US, now_us
from features.home import Home
from tests.serving.shops import promote, write_bundle
from tests.serving.test_serve import Served

pytestmark = pytest.mark.segment

INSTALLED = os.environ.get("HUOREN_SEGMENT", str(Path(sys.prefix) / "segment"))

SENDS = """
import sys
import segment.analytics as analytics

analytics.host, analytics.write_key, analytics.max_retries = sys.argv[1], "any", 0
failed = []
analytics.on_error = lambda error, items: failed.append(repr(error))
analytics.track("by-sdk", "Product Viewed", {"product_id": "i3"})
bought = [{"product_id": "i4", "price": 9.9, "quantity": 1}, {"product_id": "i5", "price": 1.0}]
analytics.track("by-sdk", "Order Completed", {"order_id": "o1", "total": 10.9, "products": bought})
analytics.flush()
analytics.shutdown()
sys.exit("; ".join(failed) or 0)
"""


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    home = Home(tmp_path)
    promote(home, write_bundle(home, now_us() - DAY_US))
    served = Served(home)
    yield served
    served.end()


def test_the_sdk_only_changes_its_host(served: Served) -> None:
    subprocess.run(
        [sys.executable, "-c", SENDS, served.url],
        env={**os.environ, "PYTHONPATH": INSTALLED},
        check=True,
        timeout=60,
    )
    tags: dict[str, object] = {}
    end = time.monotonic() + 10
    while "life.f_365" not in tags and time.monotonic() < end:
        told = httpx.get(f"{served.url}/v1/users/by-sdk/portrait")
        tags = {tag["tag"]: tag["value"] for tag in told.json().get("tags", ())}
    assert tags["life.f_365"] == 1
