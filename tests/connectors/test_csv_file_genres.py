"""Genres under exporters' names and in every format, read to validated tracks."""

import io
from pathlib import Path

import pandas as pd
import pytest

from connectors.registry import open_source
from connectors.sources.csv_file import read_table
from features.schema import validate


def genres_of(data: bytes) -> list[str | None]:
    tracks, _ = validate(read_table(data)[0])
    return [None if pd.isna(text) else text for text in tracks["genres"]]


@pytest.mark.parametrize(
    "header",
    ["genre", "genres", "Genres", "track_genre", "playlist_genre", "genre_top", "artist_genres", "Artist Genres",
     "Genre(s)", "top genre", "music_genre"],
)  # fmt: skip
def test_exporters_names(header: str) -> None:
    data = f'{header},danceability,energy\nHip-Hop,0.5,0.5\n"pop,Rock",0.4,0.4\n,0.3,0.3\n'.encode()
    assert genres_of(data) == ["hip hop", "pop;rock", None]


def test_a_tracks_own_genre_goes_before_its_artists() -> None:
    data = b"artist_genres,playlist_genre,track_genre,energy\na,b,c,0.5\na,b,c,0.4\n"
    tracks, notes = read_table(data)
    assert tracks["genres"].tolist() == ["c", "c"]
    assert any("'track_genre' is used, not 'artist_genres', 'playlist_genre'" in note for note in notes)


def test_lists_in_parquet_and_json() -> None:
    table = pd.DataFrame({"genres": [["Rock", "Pop"], [], None, ["Hip-Hop"]], "energy": [0.1, 0.2, 0.3, 0.4]})
    expected = ["rock;pop", None, None, "hip hop"]
    buffer = io.BytesIO()
    table.to_parquet(buffer)
    assert genres_of(buffer.getvalue()) == expected
    assert genres_of(table.to_json(orient="records").encode()) == expected
    assert genres_of(table.to_json(orient="records", lines=True).encode()) == expected
    assert genres_of(table.to_csv(index=False).encode()) == expected


def test_a_table_with_labels_keeps_both() -> None:
    tracks, _ = read_table(b"genre,energy,liked\nrock,0.5,1\njazz,0.4,0\n")
    assert tracks["liked"].tolist() == [1, 0]
    assert tracks["genres"].tolist() == ["rock", "jazz"]


@pytest.mark.shared_data
def test_a_table_of_archive_tracks(shared_data: Path) -> None:
    raw = pd.read_csv(shared_data / "genre" / "fma_echonest_13129.csv")
    tracks, _ = validate(open_source(str(shared_data / "genre" / "fma_echonest_13129.csv")).read().tracks)
    known = raw["genre_top"].dropna().str.lower().str.replace("-", " ")
    assert set(tracks["genres"].dropna()) == set(known)
    assert abs(int(tracks["genres"].notna().sum()) - len(known)) < 50  # but for duplicates
