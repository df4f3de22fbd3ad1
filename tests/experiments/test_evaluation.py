"""What a fold's model is fitted on; the folds themselves are tested where they are cut."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from experiments.config import SMALL_TABLE
from experiments.evaluation import HIDDEN, Task, _training_rows
from experiments.splits import Fold
from features.context import ARTIST_TRACKS


def task(n: int, *, profiles: bool = True) -> Task:
    """Rows that are told apart by their energy, in two folds."""
    inputs = pd.DataFrame({"energy": np.arange(n) / n})
    if profiles:
        inputs[ARTIST_TRACKS] = 1.0
    rows = np.arange(n)
    folds = (Fold(rows[rows % 2 == 0], rows[rows % 2 == 1]), Fold(rows[rows % 2 == 1], rows[rows % 2 == 0]))
    return Task(inputs, rows % 3 // 2, rows, folds, "roc_auc", 0, 1, rows / n)


@pytest.mark.parametrize("n", [200, SMALL_TABLE - 1])
def test_rows_of_a_small_table_are_learned_with_and_without_profile(n: int) -> None:
    of = task(n)
    inputs, y, groups, weights = _training_rows(of, 0)
    train = of.folds[0].train
    assert np.array_equal(groups, np.concatenate([train, train]))
    assert inputs[ARTIST_TRACKS].notna().tolist() == [True] * len(train) + [False] * len(train)
    assert np.array_equal(y, of.y[groups])
    assert weights is not None
    assert weights == pytest.approx(inputs["energy"] / inputs["energy"].mean() / 2), (
        "no more is known than was said once"
    )
    alike, *_, weights = _training_rows(replace(of, weights=None), 0)
    assert weights is not None
    assert weights.tolist() == [0.5] * len(alike)


def test_rows_of_a_large_table_are_learned_once() -> None:
    of = task(SMALL_TABLE)
    inputs, y, groups, weights = _training_rows(of, 0)
    assert np.array_equal(np.sort(groups), of.folds[0].train)
    assert np.array_equal(y, of.y[groups])
    assert weights is not None
    assert weights == pytest.approx(inputs["energy"] / inputs["energy"].mean())
    assert _training_rows(replace(of, weights=None), 0)[-1] is None
    share = float(inputs[ARTIST_TRACKS].isna().mean())
    assert share == pytest.approx(HIDDEN, abs=0.04)  # more than three standard errors of 1,500 rows


def test_who_is_hidden_is_drawn_for_each_fold_and_seed_and_the_same_again() -> None:
    of = replace(task(SMALL_TABLE), folds=(Fold(np.arange(SMALL_TABLE), np.arange(0)),) * 2)

    def hidden(of: Task, number: int) -> set[int]:
        inputs, _, groups, _ = _training_rows(of, number)
        return set(groups[inputs[ARTIST_TRACKS].isna().to_numpy()].tolist())

    assert hidden(of, 0) == hidden(of, 0)
    assert hidden(of, 0) != hidden(of, 1)
    assert hidden(of, 0) != hidden(replace(of, seed=1), 0)


@pytest.mark.parametrize("n", [200, SMALL_TABLE])
def test_without_profiles_every_row_is_learned_once_as_it_is(n: int) -> None:
    of = task(n, profiles=False)
    inputs, _, groups, _ = _training_rows(of, 1)
    assert np.array_equal(groups, of.folds[1].train)
    assert np.array_equal(inputs["energy"], of.tracks["energy"].iloc[groups])
