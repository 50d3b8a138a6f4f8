from pathlib import Path

import pytest

from features.errors import InputError
from features.home import Home
from serving.settings import Settings


def test_everything_travels_through_the_environment() -> None:
    settings = Settings(
        Home(Path("/shop")), "beef", "0.0.0.0", 0, 3, -5, Path("/keys"),
        store="redis://shop:6379/0", traces=0.25,
    )  # fmt: skip
    assert Settings.from_environment(settings.to_environment()) == settings


def test_without_keys_nobody_else_may_listen() -> None:
    with pytest.raises(InputError, match="huoren key app"):
        Settings(Home(Path("/shop")), host="0.0.0.0")


@pytest.mark.parametrize(
    "name", ["HUOREN_PORT", "HUOREN_WORKERS", "HUOREN_CLOCK_OFFSET_US", "HUOREN_TRACES"]
)
def test_numbers_must_be_numbers(name: str) -> None:
    with pytest.raises(InputError, match=name):
        Settings.from_environment({name: "many"})


def test_a_share_is_at_most_all() -> None:
    with pytest.raises(InputError, match="HUOREN_TRACES of 0 to 1"):
        Settings.from_environment({"HUOREN_TRACES": "1.5"})
