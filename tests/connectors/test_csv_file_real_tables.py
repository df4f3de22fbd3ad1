"""The real tables beside the project."""

from pathlib import Path

import pandas as pd
import pytest

from connectors.registry import open_source
from features.columns import AUDIO_FEATURES
from features.errors import InputError

pytestmark = pytest.mark.shared_data


def test_the_kaggle_table(kaggle_csv: Path) -> None:
    reading = open_source(str(kaggle_csv)).read()
    tracks, raw = reading.tracks, pd.read_csv(kaggle_csv, keep_default_na=False)
    assert reading.notes == (
        "columns: song_title -> track_name, artist -> artist_name",
        "label: 'target': 1,020 liked, 997 not liked",
        "1 column ignored: (nameless)",
    )
    assert list(tracks) == ["track_name", "artist_name", *AUDIO_FEATURES, "liked"]
    for feature in AUDIO_FEATURES:
        assert (tracks[feature] == raw[feature]).all()
    assert (tracks["liked"] == raw["target"]).all()
    assert (tracks["track_name"] == raw["song_title"].str.strip()).all()
    assert (tracks["artist_name"] == raw["artist"].str.strip()).all()


def test_the_catalogue(shared_data: Path) -> None:
    path = shared_data / "catalogue" / "tracks.parquet"
    tracks, raw = open_source(str(path)).read().tracks, pd.read_parquet(path)
    assert set(tracks) == set(raw)
    assert len(tracks) == 153_212
    assert (tracks["track_id"] == raw["track_id"]).all()
    for feature in AUDIO_FEATURES:
        assert (tracks[feature].isna() == raw[feature].isna()).all()
        assert tracks[feature].dtype == "float64"
    assert (tracks["energy"].astype("float32") == raw["energy"]).all()


def test_a_table_of_archive_tracks(shared_data: Path) -> None:
    reading = open_source(str(shared_data / "genre" / "fma_echonest_13129.csv")).read()
    assert len(reading.tracks) == 13_129
    assert "liked" not in reading.tracks
    assert "not in the table: duration_ms, key, loudness, mode, time_signature" in reading.notes


@pytest.mark.parametrize(
    "name", ["genre/fma_genres.csv", "genre/fma_mfcc_2000.csv", "history/Streaming_History_Audio_2023_1.json", "audio"]
)
def test_tables_without_audio_features(shared_data: Path, name: str) -> None:
    with pytest.raises(InputError, match=r"none of the audio features|directory"):
        open_source(str(shared_data / name)).read()


def test_a_sound_file_is_no_table(shared_data: Path) -> None:
    sound = next((shared_data / "audio" / "sonic_pi_cc0").glob("*.flac"))
    with pytest.raises(InputError) as caught:
        open_source(str(sound)).read()
    assert str(sound) in caught.value.message
