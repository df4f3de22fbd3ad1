"""Tracks of the library as candidates."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors.library import Library
from connectors.library.rows import FeatureRow, TrackRow
from features.schema import validate

NOW = datetime(2026, 11, 21, tzinfo=UTC)
OLD, NEW, OTHER = "0" * 22, "1" * 22, "2" * 22
SOUND = {"energy": 0.5, "valence": 0.25, "tempo": 120.0}


@pytest.fixture
def library(tmp_path: Path) -> "Library":
    with Library.open(f"sqlite:///{tmp_path / 'library.db'}") as opened:
        opened.add_tracks(
            [
                TrackRow(track_id=OLD, track_name="Song", artist_name="Band", isrc="GBAYE0601498", duration_ms=200_000),
                TrackRow(track_id=NEW, isrc="GBAYE0601498"),
                TrackRow(track_id=OTHER, track_name="Else", artist_name="Band", duration_ms=100_000, explicit=True),
            ]
        )
        opened.add_features([FeatureRow(track_id=OLD, values=SOUND, source="reccobeats", fetched_at=NOW)])
        yield opened


def test_they_come_in_the_order_asked_for_under_the_id_asked_for(library: "Library") -> None:
    found = library.candidates([OTHER, NEW, OLD, "unknown"])
    assert found["track_id"].tolist() == [OTHER, NEW]


def test_one_id_is_told_what_another_of_its_recording_is_known_by(library: "Library") -> None:
    found = library.candidates([NEW]).iloc[0]
    assert (found["track_name"], found["energy"], found["duration_ms"]) == ("Song", 0.5, 200_000)


def test_they_are_a_tracks_table_without_labels(library: "Library") -> None:
    found = library.candidates([OLD, OTHER])
    assert "liked" not in found
    tracks, report = validate(found)
    assert tracks["track_id"].tolist() == [OLD]  # of the other nothing is known that can be judged
    assert report.rows == 2


def test_a_local_file_is_given_under_spotifys_id_where_that_is_asked_for_too(library: "Library") -> None:
    local = "local:0123456789abcdef"
    library.add_tracks([TrackRow(track_id=local, track_name="Song", artist_name="Band", duration_ms=201_000)])
    found = library.candidates([local, OTHER, NEW, OLD])
    assert found["track_id"].tolist() == [NEW, OTHER]
    alone = library.candidates([local])
    assert (alone["track_id"].tolist(), alone["energy"].tolist()) == ([local], [0.5])


def test_nothing_asked_nothing_given(library: "Library") -> None:
    assert library.candidates([]).empty
