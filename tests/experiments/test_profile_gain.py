"""Artists' profiles are left out where models foresee likes better without them."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from experiments.config import FitConfig
from experiments.evaluation import Task
from experiments.fitting import fit
from experiments.positive_unlabelled import with_background
from experiments.profile_gain import profiles_lose
from experiments.splits import inner_folds
from features.columns import AUDIO_FEATURES
from features.context import CONTEXT_COLUMNS, ArtistProfiles
from features.inputs import input_table
from features.schema import validate

TINY = FitConfig(budget_s=None, trials=1, models=("extra_trees",), n_folds=3, bag_repeats=1)


def listener(by_artist: float, n: int = 1600) -> pd.DataFrame:
    """Tracks of 160 artists, each with a sound of their own, liked for their own energy or for their artist's."""
    rng = np.random.default_rng(0)
    artist = rng.integers(0, 160, n)
    sound = rng.random((160, len(AUDIO_FEATURES)))
    unit = np.clip(sound[artist] + rng.normal(scale=0.25, size=(n, len(AUDIO_FEATURES))), 0, 1)
    tracks = pd.DataFrame(unit, columns=list(AUDIO_FEATURES))
    at = AUDIO_FEATURES.index("energy")
    score = 12 * ((1 - by_artist) * (unit[:, at] - 0.5) + by_artist * (sound[artist, at] - 0.5))
    tracks = tracks.assign(
        key=np.floor(tracks["key"] * 11),
        mode=np.round(tracks["mode"]),
        time_signature=4.0,
        loudness=-30 * tracks["loudness"],
        tempo=60 + 120 * tracks["tempo"],
        duration_ms=np.round(100_000 + 200_000 * tracks["duration_ms"]),
        track_id=[f"track{row}" for row in range(n)],
        artist_name=[f"artist {number}" for number in artist],
        liked=(rng.random(n) < expit(score)).astype(int),
    )
    return validate(tracks)[0]


def task_of(tracks: pd.DataFrame, *, profiles: bool = True) -> Task:
    known = ArtistProfiles.build(judged=tracks if profiles else None)
    y = tracks["liked"].to_numpy(dtype=np.int64)
    folds = inner_folds(tracks, y, "artist", n_folds=8, seed=0)
    return Task(input_table(known.attach(tracks)), y, np.arange(len(y)), folds, "roc_auc", 0, 2, None)


@pytest.mark.parametrize(("by_artist", "lose"), [(0.0, True), (1.0, False)])
def test_profiles_lose_where_only_the_track_itself_is_heard(by_artist: float, lose: bool) -> None:
    assert profiles_lose(task_of(listener(by_artist))) is lose


def test_without_profiles_nothing_is_lost() -> None:
    assert not profiles_lose(task_of(listener(0.0), profiles=False))


@pytest.mark.parametrize(("by_artist", "hears"), [(0.0, False), (1.0, True)])
def test_a_ranker_hears_artists_where_that_does_not_lose(by_artist: float, hears: bool) -> None:
    found = fit(listener(by_artist), TINY)
    assert any(name in found.ranker.background for name in CONTEXT_COLUMNS) is hears
    assert any("how artists usually sound is left out" in note for note in found.notes) is not hears


def test_background_is_no_measure_of_what_profiles_are_worth() -> None:
    """Likes are told from background otherwise than from dislikes: a listener without an ear for artists shows it."""
    tracks = listener(0.0)
    hidden = tracks.assign(liked=tracks["liked"].mask(tracks["liked"] == 0))
    table, _ = with_background(hidden, None, TINY)
    found = fit(table, TINY)
    assert any(name in found.ranker.background for name in CONTEXT_COLUMNS)
    assert not any("how artists usually sound is left out" in note for note in found.notes)
