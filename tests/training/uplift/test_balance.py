"""The check of balance finds what came after the assignment."""

from dataclasses import replace

import numpy as np

from tests.training.uplift.people import trial
from training.uplift.balance import differences, foretelling


def with_column(values: np.ndarray):
    one = trial()
    return replace(one, rows=np.column_stack([one.rows, values]), columns=(*one.columns, "late"))


def test_arms_made_by_lot_are_alike():
    assert differences(trial()) == []
    assert foretelling(trial()) == []


def test_a_column_that_the_treatment_changed_is_named():
    one = trial()
    (found,) = differences(with_column(one.rows[:, 1] + 0.5 * one.treated))
    assert (found.column, found.of_unknown) == ("late", False)
    assert 0.3 < found.smd < 0.7
    assert "may have come after the assignment" in str(found)


def test_values_known_in_one_arm_alone_are_named():
    one = trial()
    late = np.where(one.treated & (one.rows[:, 1] > 0), np.nan, 1.0)
    assert [(d.column, d.of_unknown) for d in differences(with_column(late))] == [("late", True)]


def test_a_column_that_makes_the_outcome_certain_is_named():
    one = trial()
    bought = one.outcome * (np.arange(len(one)) % 3 == 0) * 9.9
    assert foretelling(with_column(bought)) == ["late"]
