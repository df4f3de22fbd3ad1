"""Profiles from the real catalogue: they know most artists, are quick, and tell apart what a listener likes."""

import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold

from features.catalogue import read_catalogue
from features.columns import AUDIO_FEATURES
from features.context import CONTEXT_COLUMNS, ArtistProfiles, covered, without_context
from features.schema import validate


@pytest.fixture(scope="module")
def judged(kaggle_csv: Path) -> pd.DataFrame:
    table = pd.read_csv(kaggle_csv)
    return validate(table.rename(columns={"target": "liked", "song_title": "track_name", "artist": "artist_name"}))[0]


@pytest.fixture(scope="module")
def catalogue(shared_data: Path, judged: pd.DataFrame) -> pd.DataFrame:
    return read_catalogue(shared_data / "catalogue" / "tracks.parquet", first=judged["artist_name"].unique()).tracks


@pytest.fixture(scope="module")
def profiles(catalogue: pd.DataFrame, judged: pd.DataFrame) -> ArtistProfiles:
    return ArtistProfiles.build(catalogue=catalogue, judged=judged)


def test_most_artists_of_a_listener_are_known(profiles: ArtistProfiles, judged: pd.DataFrame) -> None:
    attached = profiles.attach(judged)
    assert covered(attached).mean() == pytest.approx(0.78, abs=0.01)
    known = attached.dropna(subset=["artist_energy_mean", "energy"])
    assert np.corrcoef(known["artist_energy_mean"], known["energy"])[0, 1] > 0.4  # an artist's tracks are alike
    assert known["artist_year_mean"].dropna().between(1950, 2026).all()


def test_it_takes_seconds_to_build_and_a_moment_to_use(
    shared_data: Path, catalogue: pd.DataFrame, profiles: ArtistProfiles, judged: pd.DataFrame
) -> None:
    start = time.process_time()
    tracks = read_catalogue(shared_data / "catalogue" / "tracks.parquet").tracks
    ArtistProfiles.build(catalogue=tracks, judged=judged)
    built = time.process_time()
    profiles.with_tracks(judged).attach(judged)
    assert built - start < 3
    assert time.process_time() - built < 0.3


def test_the_real_profiles_fit_into_a_saved_ranker(profiles: ArtistProfiles, judged: pd.DataFrame) -> None:
    state = profiles.get_state()
    assert sum(array.nbytes for array in state.arrays.values()) < 10e6
    pd.testing.assert_frame_equal(
        ArtistProfiles.from_state(state).attach(judged), profiles.attach(judged), check_exact=True
    )


def test_profiles_tell_more_of_artists_never_seen(profiles: ArtistProfiles, judged: pd.DataFrame) -> None:
    attached = profiles.attach(judged[judged["liked"].notna()].reset_index(drop=True))
    liked = attached["liked"].to_numpy(dtype=np.int64)
    names = [*AUDIO_FEATURES, *(name for name in CONTEXT_COLUMNS if name in attached)]
    known = attached[names].to_numpy(np.float64)
    unknown = without_context(attached)[names].to_numpy(np.float64)
    folds = list(StratifiedGroupKFold(3, shuffle=True, random_state=0).split(known, liked, attached["artist_name"]))

    def auc(train: np.ndarray, labels: np.ndarray, test: np.ndarray, rows: np.ndarray) -> float:
        trees = ExtraTreesClassifier(60, random_state=0, n_jobs=1)
        return float(roc_auc_score(liked[rows], trees.fit(train, labels).predict_proba(test[rows])[:, 1]))

    sound = known[:, : len(AUDIO_FEATURES)]
    plain, with_profiles, nothing_known = [], [], []
    for rows, held_out in folds:
        twice, labels = np.vstack([known[rows], unknown[rows]]), np.tile(liked[rows], 2)
        plain.append(auc(sound[rows], liked[rows], sound, held_out))
        with_profiles.append(auc(twice, labels, known, held_out))
        nothing_known.append(auc(twice, labels, unknown, held_out))
    assert np.mean(with_profiles) > np.mean(plain) + 0.03
    assert np.mean(nothing_known) > np.mean(plain) - 0.015  # learned twice, missing profiles do no harm
