"""A learning curve: nested parts of whole artists, one recipe for all sizes, a law where there are sizes enough."""

import numpy as np
import pandas as pd
import pytest

from experiments.config import FitConfig
from experiments.learning_curve import LearningCurve, curve_family, learning_curve
from experiments.nested_parts import nested_parts
from experiments.splits import groups_for, outer_folds
from models.registry import families, spec

QUICK = FitConfig(budget_s=None, trials=7, models=("tree", "extra_trees"), n_folds=3)


def labels(tracks: pd.DataFrame) -> np.ndarray:
    return tracks["liked"].to_numpy(dtype=np.int64)


@pytest.fixture(scope="module")
def curve(demo_tracks: pd.DataFrame) -> LearningCurve:
    y = labels(demo_tracks)
    found = learning_curve(demo_tracks, y, outer_folds(demo_tracks, y, n_folds=2), QUICK, spec("tree"))
    assert found is not None
    return found


def test_parts_are_nested_and_made_of_whole_artists(demo_tracks: pd.DataFrame) -> None:
    train = np.flatnonzero(np.arange(600) % 7 > 0)
    parts = nested_parts(demo_tracks, labels(demo_tracks), train, QUICK)
    assert list(parts) == [1.0, 0.5, 0.25, 0.125]  # a sixteenth is too few
    assert np.array_equal(parts[1.0], train)
    artists = groups_for(demo_tracks, "artist")
    for share, part in parts.items():
        assert len(part) == pytest.approx(share * len(train), abs=20)
        assert set(part) <= set(train)
        assert not set(artists[part]) & set(artists[np.setdiff1d(train, part)])
        if share < 1:
            assert set(part) <= set(parts[2 * share])


def test_parts_do_not_depend_on_the_order_of_the_rows(demo_tracks: pd.DataFrame) -> None:
    order = np.random.default_rng(0).permutation(600)
    mixed = demo_tracks.iloc[order].reset_index(drop=True)
    straight = nested_parts(demo_tracks, labels(demo_tracks), np.arange(600), QUICK)
    other = nested_parts(mixed, labels(mixed), np.arange(600), QUICK)
    for share, part in straight.items():
        assert set(demo_tracks["track_id"].iloc[part]) == set(mixed["track_id"].iloc[other[share]])


def test_few_labels_have_no_parts(demo_tracks: pd.DataFrame) -> None:
    few = demo_tracks.head(100)
    assert list(nested_parts(few, labels(few), np.arange(100), QUICK)) == [1.0]
    y = labels(few)
    assert learning_curve(few, y, outer_folds(few, y, n_folds=2), QUICK, spec("tree")) is None


def test_a_curve_is_of_one_recipe_and_climbs(curve: LearningCurve) -> None:
    assert (curve.family, curve.n_folds, curve.n_labels) == ("tree", 2, 600)
    assert [point.share for point in curve.points] == [0.25, 0.5, 1.0]
    assert [point.n_train for point in curve.points] == pytest.approx([75, 150, 300], abs=10)
    first, last = curve.points[0], curve.points[-1]
    assert last.roc_auc.value > first.roc_auc.value > 0.6
    for point in curve.points:
        assert point.roc_auc.low < point.roc_auc.value < point.roc_auc.high
        assert point.behind.value == pytest.approx(last.roc_auc.value - point.roc_auc.value)
    assert (last.behind.low, last.behind.value, last.behind.high) == (0, 0, 0)
    assert first.behind.low < first.behind.value < first.behind.high


def test_twice_as_many_labels_gain_what_the_law_says(curve: LearningCurve) -> None:
    assert curve.limit is not None
    assert curve.gain is not None
    assert curve.scale is not None
    assert curve.exponent is not None
    assert curve.gain.value == pytest.approx(curve.scale * (600**-curve.exponent - 1200**-curve.exponent))
    assert 0 <= curve.gain.low <= curve.gain.value <= curve.gain.high < 0.2
    assert curve.points[-1].roc_auc.value < curve.limit.high <= 1.0


def test_the_same_curve_again(curve: LearningCurve, demo_tracks: pd.DataFrame) -> None:
    y = labels(demo_tracks)
    assert learning_curve(demo_tracks, y, outer_folds(demo_tracks, y, n_folds=2), QUICK, spec("tree")) == curve


def test_a_curve_that_is_out_of_time_ends_after_a_fold(demo_tracks: pd.DataFrame) -> None:
    y = labels(demo_tracks)
    found = learning_curve(demo_tracks, y, outer_folds(demo_tracks, y, n_folds=2), QUICK, spec("tree"), seconds=1e-3)
    assert found is not None
    assert found.n_folds == 1


def test_the_curve_is_of_the_family_that_rankers_rest_on_as_far_as_time_allows() -> None:
    weights = {"dense": 3.0, "extra_trees": 2.0, "tree": 0.1}
    chosen = curve_family(families(), weights, 1600, None)
    assert chosen is not None
    assert chosen.name == "dense"
    hurried = curve_family(families(), weights, 1600, 12.0)
    assert hurried is not None
    assert hurried.name == "extra_trees"
    assert curve_family(families(), weights, 1600, 0.01) is None
