"""A run as one value: TOML in, TOML out."""

from dataclasses import fields
from pathlib import Path

import pytest

from features.errors import InputError, UnknownName
from training.config import TrainConfig, of, read, to_toml


def test_nothing_given_is_the_default():
    assert read(None) == of({}) == TrainConfig()


def test_what_is_left_out_has_its_default():
    config = of({"seed": 3, "als": {"factors": 8}})
    assert (config.seed, config.als.factors) == (3, 8)
    assert config.als.iterations == TrainConfig().als.iterations
    assert config.sharing == TrainConfig().sharing


@pytest.mark.parametrize(
    ("given", "nearest"),
    [
        ({"sed": 1}, "seed"),
        ({"feed": {"round": 1}}, r"feed\.rounds"),
        ({"als": {"factor": 1}}, r"als\.factors"),
    ],
)
def test_an_unknown_key_brings_the_nearest(given, nearest):
    with pytest.raises(UnknownName, match=f"unknown setting.*next: use one of: {nearest}"):
        of(given)


@pytest.mark.parametrize(
    "given",
    [{"seed": "one"}, {"als": 3}, {"als": {"factors": 1.5}}, {"cuts": 0.5}, {"cuts": ["a"]},
     {"seed": {"value": 1}}],
)  # fmt: skip
def test_a_wrong_type_is_refused(given):
    with pytest.raises(InputError, match="a setting has a wrong value"):
        of(given)


def test_what_is_written_reads_back(tmp_path: Path):
    config = of({"cuts": [0.25, 0.5, 0.75], "feed": {"learning_rate": 0.1}, "repeats_from": 0.5})
    (tmp_path / "train.toml").write_text(to_toml(config))
    assert read(tmp_path / "train.toml") == config


def test_every_setting_is_printed():
    text = to_toml(TrainConfig())
    for field in fields(TrainConfig):
        assert f"{field.name} = " in text or f"[{field.name}]" in text


@pytest.mark.parametrize("content", ["seed = ", "[als", None])
def test_a_file_that_is_no_toml(tmp_path: Path, content):
    if content:
        (tmp_path / "train.toml").write_text(content)
    with pytest.raises(InputError, match=r"train\.toml cannot be read.*expected TOML"):
        read(tmp_path / "train.toml")


def test_any_setting_changes_the_fingerprint():
    default = TrainConfig().hash
    assert of({}).hash == default
    assert len({default, of({"seed": 1}).hash, of({"als": {"alpha": 3.0}}).hash}) == 3


@pytest.mark.parametrize(
    "given", [{"cuts": [0.5, 0.9]}, {"cuts": [0.9, 0.5, 0.7]}, {"cuts": [0.5, 0.9, 1.5]}]
)
def test_time_that_cannot_be_cut_is_refused(given):
    with pytest.raises(InputError, match="at least 3 ascending parts between 0 and 1"):
        of(given)


def test_nobody_asked_is_refused():
    with pytest.raises(InputError, match="queries must be positive"):
        of({"queries": 0})


def test_fewer_impressions_than_none_are_refused():
    with pytest.raises(InputError, match=r"impressions is below zero \(expected impressions >= 0"):
        of({"impressions": -1})
