"""A fit searches every family, averages the best, and cuts where it was asked to."""

import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from experiments import schedule
from experiments.config import FitConfig, check_labels
from experiments.finishing import own_cut
from experiments.fitting import SEARCH_ALONE, SEARCH_SHARE, fit, study_digest, task_digest
from experiments.metrics import METRICS, f0_5
from experiments.progress import Progress
from experiments.search import FamilyStudy
from experiments.splits import Split
from features.errors import InputError
from features.inputs import input_table
from models.calibration_choice import label_weights
from models.evidence import OutOfFold
from models.registry import spec
from models.space import Int
from models.threshold import best_f_beta_threshold

QUICK = FitConfig(budget_s=None, trials=3, models=("tree", "boosted_trees"), n_folds=3, bag_repeats=2)


def test_the_ranker_is_the_weighted_ensemble_of_the_first_cut(demo_tracks: pd.DataFrame) -> None:
    found = fit(demo_tracks, QUICK)
    assert [family.spec.name for family in found.families] == ["tree", "boosted_trees"]
    assert sum(found.ranker.info["members"].values()) == pytest.approx(1.0, abs=1e-3)
    assert sum(family.weight for family in found.families) == pytest.approx(1.0)
    assert all(len(member.models) == 3 for member in found.ranker.members)
    assert found.ensemble.weights == tuple(sorted(found.ensemble.weights, reverse=True))


def test_the_ensemble_is_not_worse_than_its_best_family(demo_tracks: pd.DataFrame) -> None:
    y = demo_tracks["liked"].to_numpy(dtype=int)
    area = METRICS["roc_auc"].score
    above = []
    for seed in range(3):  # which family is the best is picked by these labels: one seed says little
        found = fit(demo_tracks, replace(QUICK, seed=seed))
        best = max(area(y, family.out_of_fold) for family in found.families)
        above.append(area(y, found.ensemble.out_of_fold) - best)
    assert np.mean(above) > -0.002


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


def test_sure_likes_beside_unsure_dislikes_do_not_make_tracks_look_liked(demo_tracks: pd.DataFrame) -> None:
    liked = demo_tracks["liked"].to_numpy(dtype=int)
    config = FitConfig(budget_s=None, trials=1, models=("tree",), n_folds=3, bag_repeats=1)
    found = fit(demo_tracks.assign(weight=np.where(liked == 1, 1.0, 0.3)), config).ranker.out_of_fold
    assert found.new.mean() == pytest.approx(liked.mean(), abs=0.05)


def test_weights_of_one_change_nothing(demo_tracks: pd.DataFrame, demo_candidates: pd.DataFrame) -> None:
    config = FitConfig(budget_s=None, trials=1, models=("extra_trees", "tree"), n_folds=3, bag_repeats=1)
    plain, weighed = (fit(table, config).ranker for table in (demo_tracks, demo_tracks.assign(weight=1.0)))
    assert np.array_equal(plain.predict_proba(demo_candidates), weighed.predict_proba(demo_candidates))
    assert plain.threshold == weighed.threshold


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


@pytest.mark.parametrize(
    ("artists", "said"),
    [
        ("one", "the artist split needs at least 2 artists, this table has 1"),
        ("all likes by one", "a training part of the artist split has only skipped tracks"),
    ],
)
def test_where_artists_cannot_be_told_apart_folds_are_cut_at_random_and_that_is_said(
    demo_tracks: pd.DataFrame, artists: str, said: str
) -> None:
    one = demo_tracks["liked"].eq(1) | (artists == "one")
    table = demo_tracks.assign(artist_name=demo_tracks["artist_name"].mask(one, "The One"))
    found = fit(table, FitConfig(None, 1, ("tree",), bag_repeats=1))
    assert any(note.startswith(f"cut at random, for {said}") for note in found.notes)
    assert not any("folds only" in note for note in found.notes), "at random there are enough for all folds"
    assert all(len(member.models) == 8 for member in found.ranker.members)
    assert not np.isnan(found.ensemble.out_of_fold).any()
    assert list(found.ranker.info["notes"]) == list(found.notes)


def test_a_random_or_time_split_that_cannot_be_made_is_not_mended(demo_tracks: pd.DataFrame) -> None:
    with pytest.raises(InputError, match="added_at"):
        fit(demo_tracks.drop(columns="added_at"), FitConfig(None, 1, ("tree",), split="time"))


def test_a_ranker_keeps_the_notes_of_its_fit(demo_tracks: pd.DataFrame) -> None:
    found = fit(
        demo_tracks, FitConfig(None, 1, ("tree",), min_precision=0.999, n_folds=3, bag_repeats=1), info={"a": 1}
    )
    assert any("a precision of 0.999 cannot be promised" in note for note in found.ranker.info["notes"])
    assert tuple(found.ranker.info["notes"]) == found.notes
    assert found.ranker.info["a"] == 1


@pytest.mark.parametrize(
    ("split", "repeats", "share"),
    [("artist", 2, SEARCH_SHARE), ("artist", 1, SEARCH_ALONE), ("time", 2, SEARCH_ALONE)],
)
def test_where_nothing_is_cut_again_the_search_has_most_of_the_seconds(
    demo_tracks: pd.DataFrame, monkeypatch: pytest.MonkeyPatch, split: Split, repeats: int, share: float
) -> None:
    seconds: list[float] = []

    def run(
        studies: list[FamilyStudy], deadline: float, on_trial: schedule.OnTrial, *, latest: float
    ) -> list[FamilyStudy]:
        seconds.append(deadline - time.monotonic())
        assert latest >= deadline
        return search(studies, time.monotonic(), on_trial)  # the defaults will do

    search = schedule.run
    monkeypatch.setattr(schedule, "run", run)
    fit(demo_tracks, FitConfig(10_000, None, ("tree",), split=split, n_folds=3, bag_repeats=repeats))
    assert seconds == [pytest.approx(10_000 * share, abs=100)]


def test_large_tables_are_cut_once() -> None:
    assert [FitConfig().folds_for(n) for n in (2999, 3000)] == [(8, 3), (5, 1)]


def test_the_rankers_own_cut_hears_the_weights_of_labels(demo_tracks: pd.DataFrame) -> None:
    rng = np.random.default_rng(0)
    junk = demo_tracks.assign(
        track_id=[f"junk{row}" for row in range(len(demo_tracks))],
        track_name="junk " + demo_tracks["track_name"],
        liked=pd.array((rng.random(len(demo_tracks)) < 0.9).astype(int), dtype="Int8"),
        weight=0.02,
        energy=rng.permutation(demo_tracks["energy"]),
    )
    table = pd.concat([demo_tracks.assign(weight=1.0), junk], ignore_index=True)
    ranker = fit(table, FitConfig(None, 1, ("tree",), n_folds=3, bag_repeats=1)).ranker
    evidence, weight = ranker.out_of_fold, table["weight"].to_numpy()
    rows, probability, share = evidence.mixed(0.5)
    weight = label_weights(evidence.liked, weight)
    heard = best_f_beta_threshold(evidence.liked[rows], probability, weight=share * weight[rows])
    assert ranker.threshold == heard
    assert best_f_beta_threshold(evidence.liked[rows], probability, weight=share) < heard


def test_the_rankers_own_cut_is_made_for_new_artists_as_well_as_for_familiar_ones() -> None:
    """Familiar artists' tracks are foreseen surely: a cut for them alone keeps too few of the others'."""
    rng = np.random.default_rng(0)
    n = 4000
    liked = rng.integers(0, 2, n)
    # probabilities that mean what they say: densities of likes and skips have the ratio p / (1 - p)
    new, surely = (rng.beta(sureness + liked, sureness + 1 - liked) for sureness in (2.0, 0.03))
    evidence = OutOfFold(liked, new, surely, np.ones(n, dtype=bool), np.arange(n))
    cut, _ = own_cut(evidence, None, None)
    of_new, of_familiar = (best_f_beta_threshold(liked, p) for p in (new, surely))
    assert of_new <= cut < of_familiar - 0.1
    assert f0_5(liked, new, cut) > f0_5(liked, new, of_familiar) + 0.1
    assert f0_5(liked, surely, cut) > f0_5(liked, surely, of_familiar) - 0.02
    strangers = replace(evidence, familiar=np.zeros(n, dtype=bool), probability=new)
    assert own_cut(strangers, None, None)[0] == of_new


def test_evidence_of_familiar_artists_is_asked_for_where_there_is_none(demo_tracks: pd.DataFrame) -> None:
    strangers = demo_tracks.drop_duplicates("artist_name")
    ranker = fit(strangers, QUICK).ranker
    assert not ranker.out_of_fold.familiar.any()
    record = strangers.tail(1)  # by an artist of whom a track was judged, so that all candidates' artists are familiar
    assert len(ranker.rank(record, top=1)) == 1


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
