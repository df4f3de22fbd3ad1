"""A fit searches every family, averages the best, and cuts where it was asked to."""

import time

import numpy as np
import pandas as pd
import pytest

from experiments.config import FitConfig, check_labels
from experiments.fitting import fit, study_digest, task_digest
from experiments.metrics import METRICS
from experiments.progress import Progress
from features.errors import InputError
from features.inputs import input_table
from models.registry import spec
from models.space import Int

QUICK = FitConfig(budget_s=None, trials=3, models=("tree", "boosted_trees"), n_folds=3, bag_repeats=2)


def test_the_ranker_is_the_weighted_ensemble_of_the_first_cut(demo_tracks: pd.DataFrame) -> None:
    found = fit(demo_tracks, QUICK)
    assert [family.spec.name for family in found.families] == ["tree", "boosted_trees"]
    assert sum(found.ranker.info["members"].values()) == pytest.approx(1.0, abs=1e-3)
    assert sum(family.weight for family in found.families) == pytest.approx(1.0)
    assert all(len(member.models) == 3 for member in found.ranker.members)
    assert found.ensemble.weights == tuple(sorted(found.ensemble.weights, reverse=True))


def test_the_ensemble_is_not_worse_than_its_best_family(demo_tracks: pd.DataFrame) -> None:
    found = fit(demo_tracks, QUICK)
    y = demo_tracks["liked"].to_numpy(dtype=int)
    area = METRICS["roc_auc"].score
    assert area(y, found.ensemble.out_of_fold) > max(area(y, family.out_of_fold) for family in found.families) - 0.002


def test_weights_of_labels_are_respected(demo_tracks: pd.DataFrame) -> None:
    """Labels turned round do no harm where their weight is next to nothing."""
    turned = np.random.default_rng(0).random(len(demo_tracks)) < 0.4
    liked = demo_tracks["liked"].where(~turned, 1 - demo_tracks["liked"])
    wrong = demo_tracks.assign(liked=liked)
    config = FitConfig(budget_s=None, trials=1, models=("boosted_trees",), n_folds=3, bag_repeats=1)
    truth = demo_tracks["liked"].to_numpy(dtype=int)
    area = METRICS["roc_auc"].score
    misled = fit(wrong, config).ensemble.out_of_fold
    warned = fit(wrong.assign(weight=np.where(turned, 0.01, 1.0)), config).ensemble.out_of_fold
    assert area(truth[turned], warned[turned]) > area(truth[turned], misled[turned]) + 0.05


def test_equal_seeds_give_equal_rankers(demo_tracks: pd.DataFrame, demo_candidates: pd.DataFrame) -> None:
    one, other = (fit(demo_tracks, QUICK).ranker.predict_proba(demo_candidates) for _ in range(2))
    assert np.array_equal(one, other)


def test_out_of_fold_probabilities_are_calibrated(demo_tracks: pd.DataFrame) -> None:
    evidence = fit(demo_tracks, QUICK).ranker.out_of_fold
    for probability in (evidence.new, evidence.probability):
        assert probability.mean() == pytest.approx(evidence.liked.mean(), abs=0.02)
        confident = probability > 0.7
        assert evidence.liked[confident].mean() == pytest.approx(probability[confident].mean(), abs=0.1)


def test_a_wanted_precision_moves_the_rankers_own_cut(demo_tracks: pd.DataFrame) -> None:
    usual = fit(demo_tracks, QUICK).ranker
    strict = fit(demo_tracks, FitConfig(**{**vars(QUICK), "min_precision": 0.9})).ranker
    kept = strict.out_of_fold.probability >= strict.threshold
    assert strict.out_of_fold.liked[kept].mean() >= 0.9
    assert strict.threshold > usual.threshold


def test_a_precision_out_of_reach_is_said_and_the_usual_cut_stays(demo_tracks: pd.DataFrame) -> None:
    noise = demo_tracks.assign(liked=np.random.default_rng(0).integers(0, 2, len(demo_tracks)))
    found = fit(noise, FitConfig(**{**vars(QUICK), "min_precision": 0.999}))
    assert any("a precision of 0.999 cannot be promised" in note for note in found.notes)


def test_a_time_split_leaves_the_first_block_unpredicted_and_still_calibrates(demo_tracks: pd.DataFrame) -> None:
    found = fit(demo_tracks, FitConfig(**{**vars(QUICK), "split": "time", "models": ("tree",)}))
    missing = np.isnan(found.ensemble.out_of_fold)
    assert 0 < missing.mean() < 0.5
    oldest = demo_tracks["added_at"].rank(method="first").to_numpy()
    assert oldest[missing].max() < oldest[~missing].min()
    assert len(found.ranker.out_of_fold.liked) == (~missing).sum()


def test_few_artists_are_cut_into_fewer_folds(demo_tracks: pd.DataFrame) -> None:
    few = demo_tracks[demo_tracks["artist_name"].isin(demo_tracks["artist_name"].value_counts().index[:5])]
    found = fit(few.reset_index(drop=True), FitConfig(budget_s=None, trials=1, models=("tree",)))
    assert any("folds only" in note for note in found.notes)
    assert not np.isnan(found.ensemble.out_of_fold).any()


def test_a_budget_is_kept_and_every_family_that_fits_gets_a_trial(demo_tracks: pd.DataFrame) -> None:
    moments: list[Progress] = []
    config = FitConfig(budget_s=8, models=("tree", "boosted_trees"), n_folds=3)
    clock = time.monotonic()
    found = fit(demo_tracks, config, on_progress=moments.append)
    assert time.monotonic() - clock < 8 * 1.5
    assert all(len(family.trials) >= 1 for family in found.families)
    left = [moment.seconds_left for moment in moments if moment.seconds_left is not None]
    assert left == sorted(left, reverse=True)


def test_a_family_that_does_not_fit_into_the_budget_is_left_out_and_named(demo_tracks: pd.DataFrame) -> None:
    found = fit(demo_tracks, FitConfig(budget_s=2, models=("tree", "dense"), n_folds=3))
    assert [family.spec.name for family in found.families] == ["tree"]
    assert any("no time for Dense" in note for note in found.notes)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"budget_s": None, "trials": None}, "neither a budget nor"),
        ({"budget_s": 0.0}, "positive number of seconds"),
        ({"budget_s": float("nan")}, "positive number of seconds"),
        ({"trials": 0}, "at least one trial"),
        ({"jobs": 0}, "jobs must be at least 1"),
        ({"seed": -1}, "a whole number from 0"),
        ({"metric": "auc"}, "no metric 'auc'"),
        ({"metric": "f1"}, "needs a threshold"),
        ({"min_precision": 1.2}, "at most at 1"),
        ({"n_folds": 1}, "cannot be cut"),
    ],
)
def test_settings_out_of_range_are_explained(change: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        FitConfig(**change)  # type: ignore[arg-type]


def test_an_unknown_family_is_explained_with_the_known_ones() -> None:
    with pytest.raises(InputError) as caught:
        FitConfig(models=("forest",)).families()
    assert "boosted_trees" in caught.value.hint


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ([1] * 100, "none is skipped"),
        ([0] * 100, "none is liked"),
        ([0, 1] * 20, "40 labelled tracks"),
        ([1] * 5 + [0] * 95, "5 liked, 95 skipped"),
    ],
)
def test_too_little_to_learn_from_is_refused_with_what_is_needed(labels: list[int], said: str) -> None:
    with pytest.raises(InputError, match=said):
        check_labels(pd.DataFrame({"liked": labels}))


def test_a_table_without_labels_is_explained(demo_candidates: pd.DataFrame) -> None:
    with pytest.raises(InputError) as caught:
        check_labels(demo_candidates)
    assert "--label" in caught.value.hint


def test_another_space_table_or_seed_is_another_study(demo_tracks: pd.DataFrame) -> None:
    tree = spec("tree")
    wider = type(tree)(**{**vars(tree), "space": {**tree.space, "max_depth": Int(2, 20, 6)}})
    inputs = input_table(demo_tracks)
    digest = task_digest(demo_tracks, inputs, QUICK)
    assert study_digest(tree, digest) != study_digest(wider, digest)
    assert digest != task_digest(demo_tracks.head(599), inputs.head(599), QUICK)
    assert digest != task_digest(demo_tracks, inputs.drop(columns="release_year"), QUICK)
    assert digest != task_digest(demo_tracks, inputs, FitConfig(**{**vars(QUICK), "seed": 1}))
    assert digest == task_digest(demo_tracks, inputs, FitConfig(**{**vars(QUICK), "budget_s": 7.0, "trials": None}))


def test_asking_for_less_precision_than_the_usual_cut_has_does_not_loosen_it(demo_tracks: pd.DataFrame) -> None:
    usual = fit(demo_tracks, QUICK).ranker
    lax = fit(demo_tracks, FitConfig(**{**vars(QUICK), "min_precision": 0.3})).ranker
    assert lax.threshold == usual.threshold


@pytest.mark.parametrize("seed", [50_000, 2**31 - 1])
def test_large_seeds_work(demo_tracks: pd.DataFrame, seed: int) -> None:
    found = fit(demo_tracks, FitConfig(**{**vars(QUICK), "seed": seed, "bag_repeats": 1}))
    assert [len(family.trials) for family in found.families] == [3, 3]
