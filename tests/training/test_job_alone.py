"""A run in a home is alone there, ends politely, and mends what a killed one left."""

import fcntl
import os
import signal

import pytest

from features.errors import StoreError
from features.home import Home
from training.job import alone


def test_two_runs_do_not_share_a_home(tmp_path):
    home, said = Home(tmp_path), "another training run is at work"
    with alone(home), pytest.raises(StoreError, match=said), alone(home):
        raise AssertionError
    with alone(home):
        assert (tmp_path / "training.lock").exists()


def test_half_a_bundle_of_a_killed_run_goes(tmp_path):
    home = Home(tmp_path)
    (home.bundles / "partial-1234").mkdir(parents=True)
    (home.bundles / "abcdef").mkdir()
    with alone(home):
        assert [path.name for path in home.bundles.iterdir()] == ["abcdef"]


def test_a_polite_kill_ends_a_run_as_ctrl_c_does(tmp_path):
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt), alone(Home(tmp_path)):
        os.kill(os.getpid(), signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is before
    with (tmp_path / "training.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
