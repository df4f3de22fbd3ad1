"""An evaluation of likes alone: told from background, and silent on all that depends on a share of likes."""

import math

import numpy as np
import pandas as pd
import pytest

from experiments.benchmark.likes_only import hidden
from experiments.config import FitConfig
from experiments.judging import Difference
from experiments.likes_alone import LEFT_OUT, TOLD, told_of_gaps
from experiments.metrics import METRICS
from experiments.nested import Evaluation, Shares, evaluate_folds
from experiments.splits import groups_for
from features.errors import InputError

QUICK = FitConfig(budget_s=None, trials=1, models=("tree",), n_folds=3, bag_repeats=1)


@pytest.fixture(scope="module")
def found(own: pd.DataFrame) -> Evaluation:
    return evaluate_folds(own, QUICK, views=("artist", "random"), n_folds=2)


def test_likes_are_told_from_background_with_intervals(found: Evaluation) -> None:
    for view in found.views:
        assert view.about is not None
        assert view.all_rows is not None
        for judged in (view.about, view.all_rows):
            for name in TOLD:
                low, high = judged.interval[name]
                assert low < judged.metrics[name] < high
        assert 0.55 < view.all_rows.metrics["roc_auc"] < 0.9
        assert view.all_rows.metrics["roc_auc"] == pytest.approx(
            np.mean([fold.metrics["roc_auc"] for fold in view.folds])
        )
    assert found.paired["roc_auc"].low < found.paired["roc_auc"].value < found.paired["roc_auc"].high


def test_what_depends_on_a_share_of_likes_is_left_out_with_the_reason(found: Evaluation) -> None:
    assert set(found.left_out) == (set(METRICS) - set(TOLD)) | {"promise", "predicted_like", "learning_curve"}
    assert all(len(why) > 40 for why in found.left_out.values())
    for view in found.views:
        assert view.promises == ()
        assert view.all_rows is not None
        for name in METRICS.keys() - set(TOLD):
            assert math.isnan(view.all_rows.metrics[name])
            assert math.isnan(view.all_rows.mean[name])
            assert all(map(math.isnan, (*view.all_rows.interval[name], *view.all_rows.mean_interval[name])))
            assert all(math.isnan(fold.metrics[name]) for fold in view.folds)
            assert math.isnan(found.paired[name].value)
    assert found.curve is None


def test_predictions_tell_likes_from_what_nobody_judged(found: Evaluation, own: pd.DataFrame) -> None:
    rows = found.predictions
    assert list(rows.columns) == [
        "view", "fold", "track_id", "liked", "like_probability", "predicted_like", "familiar",
    ]  # fmt: skip
    assert rows["predicted_like"].isna().all()
    likes = list(own["track_id"][own["liked"] == 1])
    for name in ("unseen", "familiar"):
        view = rows[rows["view"] == name]
        assert list(view["track_id"][view["liked"] == 1]) == likes
        others = view["track_id"][view["liked"].isna()]
        assert not others.duplicated().any()
        assert set(others) <= set(own["track_id"][own["liked"].isna()])
        assert len(view) == len(likes) + len(others)
        assert view["like_probability"].between(0, 1).all()
    unseen = rows[rows["view"] == "unseen"].merge(own[["track_id", "artist_name"]], on="track_id")
    fold = unseen["fold"].groupby(groups_for(unseen, "artist"))
    assert (fold.min() == fold.max()).all()


def test_the_notes_say_what_the_figures_are_of(found: Evaluation) -> None:
    told = " | ".join(found.notes)
    assert "there are likes and no dislikes" in told
    assert "held-out figures tell likes from background, not likes from dislikes" in told
    assert "like probabilities are relative" in told
    assert "drawn anew" in told
    assert "familiar are artists with" in told
    assert "are not used" not in told
    assert "judged apart" not in told


def test_a_few_dislikes_count_with_the_background(demo_tracks: pd.DataFrame) -> None:
    few = demo_tracks["liked"].eq(0) & (demo_tracks["liked"].eq(0).cumsum() <= 9)
    tracks = hidden(demo_tracks, seed=0)
    tracks["liked"] = tracks["liked"].mask(few, 0)
    found = evaluate_folds(tracks, QUICK, views=("artist",), n_folds=2)
    assert any("9 dislikes are too few to be judged apart" in line for line in found.notes)
    assert not any("familiar are artists" in line for line in found.notes)
    assert set(found.predictions["track_id"][found.predictions["liked"] == 0]) == set(tracks["track_id"][few])
    assert "precision" in found.left_out


def test_it_is_repeatable(found: Evaluation, own: pd.DataFrame) -> None:
    again = evaluate_folds(own, QUICK, views=("artist",), n_folds=2)
    before = found.predictions[found.predictions["view"] == "unseen"]
    pd.testing.assert_frame_equal(again.predictions, before.reset_index(drop=True))


def test_all_seconds_go_to_the_fits(own: pd.DataFrame) -> None:
    config = FitConfig(**{**vars(QUICK), "budget_s": 3.0, "trials": 2})
    found = evaluate_folds(own, config, n_folds=2)
    assert found.shares == Shares(3.0, 2, 1.5, 0.0)


def test_likes_without_anything_to_set_them_against_are_refused(demo_tracks: pd.DataFrame) -> None:
    likes = demo_tracks[demo_tracks["liked"] == 1]
    with pytest.raises(InputError, match="none is skipped") as caught:
        evaluate_folds(likes, QUICK, n_folds=2)
    assert "--catalogue FILE" in caught.value.hint


def test_gaps_that_are_left_out_say_nothing() -> None:
    gaps = told_of_gaps(dict.fromkeys(METRICS, Difference(0.6, 0.7, 0.1, 0.05, 0.15)))
    assert gaps["roc_auc"].value == 0.1
    assert all(map(math.isnan, vars(gaps["brier"]).values()))
    assert set(gaps) == set(METRICS) > set(LEFT_OUT) & set(METRICS)
