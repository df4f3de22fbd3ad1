"""What is known of likes and not of skips would tell where a label is from; the library's sources leave it out."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import pytest

from connectors.library import EvidenceRow, FeatureRow, Library, TrackRow
from connectors.registry import open_source
from connectors.source import Reading
from features.columns import ANALYSED_FEATURES

NOW = datetime(2026, 1, 1, tzinfo=UTC)
DETAILS = ["duration_ms", "release_date", "explicit"]


class Shelf:
    """A library whose likes are an account's and whose skips are an export's."""

    def __init__(self, url: str) -> None:
        self.url = url

    def add(self, first: int, last: int, *, liked: bool | None, described: bool, heard: bool = True) -> None:
        """Tracks with a label, with or without what Spotify's Web API tells of them, and with audio features."""
        values = {name: 4.0 if name == "time_signature" else 1.0 for name in ANALYSED_FEATURES}
        with Library.open(self.url) as library:
            for number in range(first, last):
                told = {"duration_ms": 200_000.0, "release_date": "2001", "explicit": False} if described else {}
                row = TrackRow(track_id=f"{number:022d}", track_name=f"Song {number}", artist_name="Band", **told)
                library.add_tracks([row])
                if liked is not None:
                    kind, source = ("like", "spotify") if liked else ("ban", "history")
                    library.add_evidence([EvidenceRow(track_id=row.track_id, source=source, kind=kind, liked=liked)])
                if heard:
                    library.add_features(
                        [FeatureRow(track_id=row.track_id, values=values, source="reccobeats", fetched_at=NOW)]
                    )

    def read(self, without_features: Literal["use", "wait"] = "wait") -> Reading:
        """The source ``library``."""
        return open_source("library", library_url=self.url, without_features=without_features).read()


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(f"sqlite:///{tmp_path / 'library.db'}")


def test_what_only_the_account_told_of_is_left_out_and_said(shelf: Shelf) -> None:
    shelf.add(0, 20, liked=True, described=True)
    shelf.add(20, 40, liked=False, described=False)
    reading = shelf.read()
    assert reading.tracks[DETAILS].isna().all(axis=None)
    assert reading.tracks[list(ANALYSED_FEATURES)].notna().all(axis=None)
    assert reading.notes[-1].endswith(f"to different degrees: {', '.join(DETAILS)}")
    with Library.open(shelf.url) as library:  # what is exported stays whole
        assert library.tracks_table().tracks[DETAILS].notna().all(axis=1).sum() == 20


@pytest.mark.parametrize(("described", "kept"), [(20, True), (18, True), (17, False)])
def test_a_tenth_more_or_less_is_chance(described: int, kept: bool, shelf: Shelf) -> None:
    shelf.add(0, 20, liked=True, described=True)
    shelf.add(20, 20 + described, liked=False, described=True)
    shelf.add(20 + described, 40, liked=False, described=False)
    reading = shelf.read()
    assert reading.tracks[DETAILS].notna().any(axis=None) == kept
    assert any("different degrees" in note for note in reading.notes) != kept


def test_likes_alone_are_left_as_they_are(shelf: Shelf) -> None:
    shelf.add(0, 20, liked=True, described=True)
    shelf.add(20, 30, liked=False, described=False, heard=False)  # these wait for their features
    assert shelf.read().tracks[DETAILS].notna().all(axis=None)


def test_likes_that_alone_have_audio_features_are_told_where_the_others_do_not_wait(shelf: Shelf) -> None:
    shelf.add(0, 20, liked=True, described=True)
    shelf.add(20, 30, liked=False, described=True)
    shelf.add(30, 50, liked=False, described=True, heard=False)
    told = "100 % of the liked tracks have audio features and 33 % of the others"
    assert told in shelf.read("use").notes[-1]
    assert not any(told in note for note in shelf.read().notes)
