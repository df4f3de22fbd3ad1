"""What a fold's model is fitted on; the folds themselves are tested where they are cut."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import log_loss

from experiments.config import SMALL_TABLE
from experiments.evaluation import HIDDEN, UNEVEN, Task, _training_rows, run_folds, shown_shares
from experiments.splits import Fold
from features.context import ARTIST_TRACKS
from models.registry import spec
from models.space import path_of


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
    share = np.repeat([1 - HIDDEN, HIDDEN], len(train))  # no more is known than was said once
    assert weights == pytest.approx(share * inputs["energy"] / inputs["energy"].mean())
    *_, weights = _training_rows(replace(of, hidden=0.5), 0)
    assert weights == pytest.approx(inputs["energy"] / inputs["energy"].mean() / 2)
    alike, *_, weights = _training_rows(replace(of, weights=None), 0)
    assert weights is not None
    assert weights.tolist() == pytest.approx(share)
    assert len(alike) == len(share)


@pytest.mark.parametrize(("n", "once"), [(SMALL_TABLE, False), (SMALL_TABLE - 1, True)])
def test_rows_of_a_large_table_and_of_some_families_are_learned_once(n: int, once: bool) -> None:
    of = task(n)
    inputs, y, groups, weights = _training_rows(of, 0, once=once)
    assert np.array_equal(np.sort(groups), of.folds[0].train)
    assert np.array_equal(y, of.y[groups])
    assert weights is not None
    assert weights == pytest.approx(inputs["energy"] / inputs["energy"].mean())
    assert _training_rows(replace(of, weights=None), 0, once=once)[-1] is None
    share = float(inputs[ARTIST_TRACKS].isna().mean())
    assert share == pytest.approx(HIDDEN, abs=0.04)  # more than three standard errors of 1,500 rows


def test_that_a_profile_is_known_is_learned_as_far_as_it_can_be_believed() -> None:
    y = np.array([1] * 100 + [0] * 100)
    has_profile = np.zeros(200, dtype=bool)
    has_profile[[*range(90, 100), *range(100, 130)]] = True  # 10 likes and 30 skips
    artists = np.arange(200)
    shares = shown_shares(y, artists, has_profile, 0.7)
    assert np.all(shares[~has_profile] == 0.7)
    shown = np.array([shares[has_profile & (y == label)].sum() for label in (0, 1)])
    assert shown.sum() == pytest.approx(0.7 * 40)
    # the conjugate posterior of a difference of -.25 seen in 40 artists, each with a variance of .25
    believed = 0.5 - 0.25 * UNEVEN**2 / (UNEVEN**2 + 0.25 / 40)
    assert shown[1] / shown.sum() == pytest.approx(believed)
    fewer = np.where(has_profile, artists // 10, artists)  # the same rows of four artists say less
    shares = shown_shares(y, fewer, has_profile, 0.7)
    assert shares[has_profile & (y == 1)].sum() / shares[has_profile].sum() > believed
    assert shares.max() <= 1


@pytest.mark.parametrize("label", [0, 1])
def test_profiles_of_one_kind_alone_are_not_learned(label: int) -> None:
    y = np.arange(100) % 2
    has_profile = (y == label) & (np.arange(100) < 20)
    assert not shown_shares(y, np.arange(100), has_profile, 0.7)[has_profile].any()
    inputs = pd.DataFrame({"energy": np.arange(100) / 100, ARTIST_TRACKS: np.where(has_profile, 1.0, np.nan)})
    of = Task(inputs, y, np.arange(100), (Fold(np.arange(100), np.arange(0)),), jobs=1)
    learned, _, rows, weights = _training_rows(of, 0)
    assert learned[ARTIST_TRACKS].isna().all()
    assert weights is not None
    assert np.bincount(rows, weights) == pytest.approx(np.ones(100))


@pytest.mark.parametrize("labels", [0, 40])
def test_labels_count_for_what_they_weigh_where_profiles_are_shown(labels: int) -> None:
    y, has_profile = np.arange(200) % 3 // 2, np.arange(200) < 80
    weights = np.where(np.arange(200) < labels, 2.0, 1.0)
    twice = np.concatenate([np.arange(200), np.arange(labels)])  # a weight of 2 is two rows of one artist
    shares = shown_shares(y, np.arange(200), has_profile, 0.5, weights)
    assert shares[twice] == pytest.approx(shown_shares(y[twice], twice, has_profile[twice], 0.5))


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


def listener(clear: bool) -> Task:
    """400 tracks that are liked for their energy, always or hardly more often than not."""
    rng = np.random.default_rng(0)
    inputs = pd.DataFrame({name: rng.random(400) for name in ("energy", "valence", "danceability", "tempo")})
    sure = np.where(inputs["energy"] > 0.5, 0.95, 0.05) if clear else np.where(inputs["energy"] > 0.5, 0.6, 0.4)
    y = (rng.random(400) < sure).astype(int)
    part = np.arange(400) % 4
    folds = tuple(Fold(np.flatnonzero(part != number), np.flatnonzero(part == number)) for number in range(4))
    return Task(inputs, y, np.arange(400), folds, "roc_auc", 0, 2)


@pytest.mark.parametrize("family", ["boosted_trees", "extra_trees", "symmetric_trees"])
def test_along_a_path_all_folds_get_the_value_of_the_lowest_loss(family: str) -> None:
    of = listener(clear=True)
    name, path = path_of(spec(family).space, {}) or pytest.fail("no path")
    run = run_folds(spec(family), {}, of)
    assert set(run.chosen) == {name}
    given = {step: run_folds(spec(family), {name: step}, of) for step in path.steps}
    losses = {step: log_loss(of.y, fixed.out_of_fold) for step, fixed in given.items()}
    best = min(losses, key=lambda step: losses[step])
    assert run.chosen[name] == best
    assert given[best].chosen == {}
    assert np.array_equal(run.out_of_fold, given[best].out_of_fold), (
        "a resumed search is given the value, and ends equal"
    )
    assert run.scores == given[best].scores
    for fold, model in zip(of.folds, run.models, strict=True):
        assert np.array_equal(model.predict(of.tracks.iloc[fold.test]), run.out_of_fold[fold.test])


def test_models_of_a_table_that_says_little_stop_early() -> None:
    clear, unclear = (run_folds(spec("symmetric_trees"), {}, listener(clear)).chosen for clear in (True, False))
    assert 0 < unclear["iterations"] < clear["iterations"]  # type: ignore[operator]


def test_every_fold_is_told_in_order_with_the_score_of_what_is_best_so_far() -> None:
    of, told = listener(clear=True), []
    run = run_folds(spec("boosted_trees"), {}, of, lambda number, score: told.append((number, score)))
    assert [number for number, _ in told] == [0, 1, 2, 3]
    assert told[-1][1] == pytest.approx(run.scores[-1])
