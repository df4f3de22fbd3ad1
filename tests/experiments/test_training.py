"""Held-out rows stay held out, and what is reported is what the saved ranker does."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from connectors.registry import open_source
from experiments.champion import judge
from experiments.config import FitConfig
from experiments.fitting import fit
from experiments.metrics import evaluate
from experiments.results import TrainResult
from experiments.run_notes import describe
from experiments.splits import outer_split
from experiments.train_words import ARTISTS_UNKNOWN
from experiments.training import train
from features.schema import AUDIO_FEATURES
from models.known import KnownTracks
from models.ranker import Ranker
from models.ranking import LABELS, LIKES_ONLY
from models.registry import spec

QUICK = FitConfig(budget_s=None, trials=2, models=("tree", "boosted_trees"), n_folds=3, bag_repeats=1)


@pytest.fixture(scope="module")
def result(demo_tracks: pd.DataFrame) -> TrainResult:
    unlabelled = demo_tracks.head(15).assign(liked=pd.NA, track_id=[f"local:{n}" for n in range(15)])
    table = pd.concat([demo_tracks, unlabelled], ignore_index=True).astype({"liked": "Int8"})
    best = open_source("demo").read().best_prediction
    return train(table, QUICK, source="demo", best_prediction=best, notes=("said before",))


def test_the_reported_metrics_are_the_saved_rankers_on_the_held_out_rows(result: TrainResult) -> None:
    p = result.ranker.predict_proba(result.test_tracks)
    assert np.array_equal(p, result.test_probability)
    assert result.metrics == evaluate(result.test_labels, p, result.ranker.threshold)
    for low, high in result.intervals.values():
        assert low <= high
    assert result.intervals["roc_auc"][0] < result.metrics["roc_auc"] < result.intervals["roc_auc"][1]


def test_no_held_out_track_or_artist_is_known_to_the_ranker(result: TrainResult, demo_tracks: pd.DataFrame) -> None:
    assert not result.ranker.trained_on.flags(result.test_tracks).any()
    assert result.ranker.known.flags(demo_tracks).all()
    training = demo_tracks[~demo_tracks["track_id"].isin(result.test_tracks["track_id"])]
    assert result.n_train == len(training)
    assert not set(training["artist_name"]) & set(result.test_tracks["artist_name"])


def test_what_the_held_out_rows_hold_changes_nothing_but_the_verdict(demo_tracks: pd.DataFrame) -> None:
    """The strongest test of a leak: other held-out rows must leave the ranker exactly as it was."""
    y = demo_tracks["liked"].to_numpy(dtype=np.int64)
    _, test_rows = outer_split(demo_tracks, y, "random")
    first = train(demo_tracks, FitConfig(**{**vars(QUICK), "split": "random"}), source="x")
    turned = demo_tracks.copy()
    turned.loc[test_rows, [*AUDIO_FEATURES]] = turned.loc[test_rows, [*AUDIO_FEATURES]].to_numpy()[::-1]
    second = train(turned, FitConfig(**{**vars(QUICK), "split": "random"}), source="x")
    assert set(second.test_tracks["track_id"]) == set(first.test_tracks["track_id"])
    known = demo_tracks.drop(index=test_rows)
    assert np.array_equal(first.ranker.predict_proba(known), second.ranker.predict_proba(known))
    assert first.ranker.threshold == second.ranker.threshold
    assert first.metrics != second.metrics


def test_baselines_and_the_best_possible_stand_beside_the_families(result: TrainResult) -> None:
    names = ["majority", "untuned_tree", "historic_dense", "artist_mean"]
    assert [baseline.name for baseline in result.baselines] == names
    assert result.baselines[0].metrics["roc_auc"] == 0.5
    assert result.best_possible_auc is not None
    assert result.metrics["roc_auc"] < result.best_possible_auc + 0.05
    assert result.keep_everything["recall"] == 1.0


def test_the_artist_mean_guesses_among_unseen_artists_and_ranks_familiar_ones(
    result: TrainResult, demo_tracks: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    unseen = next(baseline for baseline in result.baselines if baseline.name == "artist_mean")
    assert unseen.metrics["roc_auc"] == 0.5
    assert len(np.unique(unseen.held_out_probability)) == 1
    monkeypatch.setattr("experiments.training.baselines", lambda: (spec("majority"), spec("artist_mean")))
    config = FitConfig(budget_s=None, trials=1, models=("tree",), n_folds=3, bag_repeats=1, split="random")
    majority, familiar = train(demo_tracks, config, source="demo").baselines
    assert familiar.metrics["roc_auc"] > 0.6
    assert familiar.metrics["log_loss"] < majority.metrics["log_loss"]


def test_unlabelled_rows_are_counted_in_the_notes(result: TrainResult) -> None:
    assert result.notes[:2] == ("said before", "15 tracks without a label are not used")


def test_without_artists_nothing_is_said_of_both_sides(result: TrainResult, demo_tracks: pd.DataFrame) -> None:
    nameless = demo_tracks.head(150).assign(artist_name=pd.NA).astype({"artist_name": demo_tracks["artist_name"].dtype})
    config = FitConfig(budget_s=None, trials=1, models=("tree",), n_folds=3, bag_repeats=1)
    found = train(nameless, config, source="x")
    assert ARTISTS_UNKNOWN in found.notes
    assert "Split `artist`: artists are unknown, " in describe(found)
    assert ARTISTS_UNKNOWN not in result.notes
    assert "Split `artist`: no artist is on both sides" in describe(result)
    by_chance = train(nameless, replace(config, split="random"), source="x")
    assert ARTISTS_UNKNOWN not in by_chance.notes
    for one in (found, by_chance):  # a baseline of artists does not apply
        assert [baseline.name for baseline in one.baselines] == ["majority", "untuned_tree", "historic_dense"]


def test_effects_name_the_features_that_the_demo_taste_is_made_of(result: TrainResult) -> None:
    strongest = sorted(result.effects, key=lambda name: -result.effects[name])[:4]
    assert "energy" in strongest
    assert set(result.effects) >= set(AUDIO_FEATURES)
    assert set(result.effects) <= {
        *AUDIO_FEATURES,
        "release_year",
        "popularity",
        "explicit",
        "artist_sound",
        "artist_liked",
    }


def test_versions_and_settings_are_recorded(result: TrainResult) -> None:
    assert {"python", "numpy", "optuna"} <= set(result.versions)
    assert result.settings["trials"] == 2
    assert len(result.data_digest) == 64


def of_source(ranker: Ranker, source: str) -> Ranker:
    return replace(ranker, info={"source": source})


def test_the_first_ranker_is_champion_and_equals_do_not_displace(result: TrainResult) -> None:
    ranker = of_source(result.ranker, "file")
    assert judge(ranker, None, result.test_tracks, result.test_labels, "roc_auc").promote
    again = judge(ranker, ranker, result.test_tracks, result.test_labels, "roc_auc")
    assert not again.promote
    assert "on the same" in again.reason


def test_a_worse_ranker_does_not_displace_and_a_better_one_does(result: TrainResult, demo_tracks: pd.DataFrame) -> None:
    training = demo_tracks[~demo_tracks["track_id"].isin(result.test_tracks["track_id"])].reset_index(drop=True)
    noise = training.assign(liked=np.random.default_rng(0).permutation(training["liked"]))
    config = FitConfig(budget_s=None, trials=1, models=("tree",), n_folds=3, bag_repeats=1)
    worse = of_source(fit(noise, config).ranker, "file")
    better = of_source(result.ranker, "file")
    assert not judge(worse, better, result.test_tracks, result.test_labels, "roc_auc").promote
    assert judge(better, worse, result.test_tracks, result.test_labels, "roc_auc").promote
    assert judge(better, worse, result.test_tracks, result.test_labels, "log_loss").promote


def test_rows_the_champion_was_trained_on_do_not_count_where_enough_others_remain(result: TrainResult) -> None:
    known = result.test_tracks.head(20)
    champion = replace(result.ranker, trained_on=KnownTracks.of(known), info={"source": "file"})
    challenger = of_source(result.ranker, "file")
    assert (
        f"{result.n_test - 20} held-out"
        in judge(challenger, champion, result.test_tracks, result.test_labels, "log_loss").reason
    )
    all_known = replace(champion, trained_on=KnownTracks.of(result.test_tracks))
    reason = judge(challenger, all_known, result.test_tracks, result.test_labels, "log_loss").reason
    assert f"{result.n_test} held-out" in reason
    assert "was trained on some of them" in reason


def test_the_demo_listener_never_displaces_a_real_champion(result: TrainResult) -> None:
    demo = of_source(result.ranker, "demo")
    real = of_source(result.ranker, "csv_file")
    assert not judge(demo, real, result.test_tracks, result.test_labels, "roc_auc").promote


def test_who_knows_likes_alone_does_not_displace_who_knows_dislikes(result: TrainResult) -> None:
    both = replace(result.ranker, info={"source": "file"}, trained_on=KnownTracks.of(result.test_tracks.head(20)))
    likes = replace(both, info={"source": "spotify", LABELS: LIKES_ONLY})
    judged = judge(likes, both, result.test_tracks, result.test_labels, "roc_auc")
    assert not judged.promote
    assert judged.reason == "it learned from likes alone, and the champion knows dislikes, too"
    for challenger, champion in ((likes, likes), (both, likes), (likes, of_source(both, "demo"))):
        told = judge(challenger, champion, result.test_tracks, result.test_labels, "roc_auc").reason
        assert told.startswith("roc_auc "), "likes alone are compared with likes alone, and with the invented demo"
