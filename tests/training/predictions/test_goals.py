"""Goals are configuration, and refuse what makes no sense."""

from pathlib import Path

import pytest

from features.errors import FileRefused, InputError, UnknownName
from training.predictions.goals import PRESETS, Goal, read


def test_the_seven_presets_are_there():
    assert list(PRESETS) == [
        "ready-to-buy", "repurchase", "churn", "silent-to-active", "share", "group-join",
        "high-value",
    ]  # fmt: skip
    assert all(goal.zh and goal.sentence for goal in PRESETS.values())


def test_a_goal_of_ones_own_is_a_file(tmp_path: Path):
    path = tmp_path / "wishes.toml"
    path.write_text('events = ["Product Added to Wishlist"]\ndays = 30\nabsent = true\n')
    assert read(path) == Goal(
        "wishes", events=("Product Added to Wishlist",), days=30, absent=True
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        ("events = []", InputError, "has no event"),
        ('events = ["Order Complete"]', UnknownName, "Order Completed"),
        ('events = ["Order Completed"]\ndays = 1', InputError, "7 to 120 days; got 1"),
        ('events = ["Order Completed"]\nday = 9', UnknownName, "use one of: days"),
        ('events = ["Order Completed"]\ndays = "9"', InputError, "days of a goal is of another"),
        ('events = ["Order Completed"]\nabsent = 1', InputError, "absent of a goal"),
        ('events = ["Order Completed"]\nidle_days = -1', InputError, "negative"),
        ("events = [", FileRefused, "cannot be read"),
    ],
)
def test_what_makes_no_sense_is_refused(
    tmp_path: Path, text: str, error: type[Exception], said: str
):
    path = tmp_path / "goal.toml"
    path.write_text(text)
    with pytest.raises(error, match=said):
        read(path)
