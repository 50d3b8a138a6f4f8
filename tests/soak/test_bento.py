"""A Bento runs from a clean directory, on what it holds and its environment alone."""

import os
import re
import socket
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

pytestmark = pytest.mark.soak

PROJECT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    root = tmp_path_factory.mktemp("bento")
    home = Home(root / "home")
    promote(home, write_bundle(home, now_us() - DAY_US))
    clean = root / "clean"
    clean.mkdir()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"} | {
        "BENTOML_HOME": str(root / "bentoml"), "BENTOML_DO_NOT_TRACK": "true",
        "HUOREN_HOME": str(home.root), "HUOREN_PORT": str(port),
    }  # fmt: skip
    bentoml = str(Path(sys.executable).with_name("bentoml"))
    built = subprocess.run(
        [bentoml, "build", "--output", "tag", "."], cwd=PROJECT, env=environment, check=True,
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    tag = re.search(r"huoren:\w+", built.stdout)
    assert tag, built.stdout
    words = [bentoml, "serve", tag[0], "--port", str(port)]
    process = subprocess.Popen(words, cwd=clean, env=environment)
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    process.wait(30)


def test_it_answers(served: str) -> None:
    end = time.monotonic() + 120
    while time.monotonic() < end:
        try:
            if httpx.get(f"{served}/readyz", timeout=5).status_code == 200:
                break
        except httpx.HTTPError:
            time.sleep(0.5)
    answer = httpx.post(f"{served}/v1/feed", json={"user_id": "u1", "k": 3}, timeout=10)
    assert [item["item_id"] for item in answer.json()["items"]] == ["i0", "i1", "i2"]
