"""From raw rows to a tracks table: one row a recording, with its label and one value a feature."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import update

from connectors.library import EvidenceRow, FeatureRow, Library, PlayRow, TrackRow
from connectors.library.labelling import COLUMNS
from connectors.library.tables import FEATURES
from connectors.pull_report import PullReport
from connectors.track_ids import MatchedBy
from features.columns import ANALYSED_FEATURES, AUDIO_FEATURES
from features.schema import COLUMNS as SCHEMA_COLUMNS
from features.schema import validate

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
A, B, C = ("a" * 22, "b" * 22, "c" * 22)
VALUES = dict(zip(AUDIO_FEATURES, (0.1, 0.2, 2e5, 0.4, 0.5, 6.0, 0.7, -8.0, 1.0, 0.1, 120.0, 4.0, 0.3), strict=True))


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Library]:
    """A library on SQLite: what is resolved is the same wherever it lies, which one test below shows."""
    with Library.open(f"sqlite:///{tmp_path}/library.db") as library:
        yield library


def like(track_id: str, **changes: object) -> EvidenceRow:
    row = EvidenceRow(track_id=track_id, source="spotify", kind="like", liked=True, at=NOON, reason="saved")
    return replace(row, **changes)


def heard(track_id: str, source: str, **values: float) -> FeatureRow:
    return FeatureRow(track_id=track_id, values=values, source=source, fetched_at=NOON)


def test_the_table_has_the_schemas_columns_and_dtypes(library: Library) -> None:
    empty = library.tracks_table()
    assert list(empty.tracks.columns) == list(COLUMNS) == [name for name in SCHEMA_COLUMNS if name in COLUMNS]
    library.add_tracks([TrackRow(track_id=A, track_name="Hurt", artist_name="Johnny Cash", isrc="us-df2-03-00001")])
    library.add_evidence([like(A, weight=0.5)])
    library.add_features([heard(A, "spotify", **VALUES)])
    found = library.tracks_table()
    for table in (empty.tracks, found.tracks):
        assert table.dtypes.astype(str).to_dict() == {name: SCHEMA_COLUMNS[name].dtype for name in COLUMNS}
    row = found.tracks.iloc[0]
    assert row["isrc"] == "USDF20300001"
    assert (row["liked"], row["weight"], row["added_at"]) == (1, 0.5, NOON)
    assert row[list(AUDIO_FEATURES)].to_dict() == VALUES
    assert set(found.feature_sources.iloc[0][list(AUDIO_FEATURES)]) == {"spotify"}
    assert found.notes == (
        "1 labelled tracks: 1 liked, 0 not liked",
        "1 of 1 labelled tracks have audio features",
    )
    tracks, report = validate(found.tracks)
    assert report.usable == 1
    pd.testing.assert_frame_equal(tracks, found.tracks)


def test_one_recording_under_several_ids_is_one_row(shelf: Library) -> None:
    """Evidence of one id, features of another, names of a third; the id that services know stands for it."""
    shelf.add_tracks(
        [
            TrackRow(track_id="local:1", track_name="Hurt", artist_name="Johnny Cash"),
            TrackRow(track_id=A, track_name="Hurt", artist_name="Johnny Cash", duration_ms=2e5, popularity=50.0),
            TrackRow(
                track_id="isrc:USDF20300001",
                track_name="hurt",
                artist_name="Johnny Cash",
                duration_ms=201_000.0,
                album_name="American IV",
            ),
            TrackRow(track_id=B, track_name="One", artist_name="Johnny Cash", duration_ms=2e5),
        ]
    )
    shelf.add_evidence([like("local:1"), like("isrc:USDF20300001", source="csv", kind="csv_liked")])
    shelf.add_features([heard("isrc:USDF20300001", "reccobeats", energy=0.5)])
    found = shelf.tracks_table()
    assert len(found.tracks) == 1
    row = found.tracks.iloc[0]
    assert row["track_id"] == A
    assert (row["track_name"], row["album_name"], row["isrc"]) == ("Hurt", "American IV", "USDF20300001")
    assert (row["duration_ms"], row["popularity"], row["energy"]) == (2e5, 50.0, 0.5)
    assert found.n_recordings == 2
    assert "3 ids are of 1 recordings: ids of one recording were merged" in found.notes


def test_the_strongest_evidence_decides_and_contradictions_are_told(shelf: Library) -> None:
    later = NOON + timedelta(days=1)
    shelf.add_evidence(
        [
            like(A),
            like(A, kind="ban", liked=False, at=None, source="history"),
            like(B, kind="love", source="listenbrainz", at=None),
            like(B, kind="hate", source="listenbrainz", liked=False, at=None),
            like(C, kind="love", source="listenbrainz"),
            like(C, kind="hate", source="listenbrainz", liked=False, at=later),
        ]
    )
    found = shelf.tracks_table()
    assert found.tracks["liked"].fillna(-1).to_list() == [0, -1, 0]
    assert found.tracks["added_at"].isna().to_list() == [True, True, False]
    assert found.tracks["added_at"][2] == later
    assert found.conflicts["track_id"].to_list() == [A, B, C]
    assert found.conflicts["decided_by"].to_list()[0] == "ban"
    assert "1 tracks are without a label: what is known of them contradicts itself" in found.notes


def test_only_the_sources_asked_for_count_as_evidence(shelf: Library) -> None:
    shelf.add_evidence([like(A), like(B, source="csv", kind="csv_disliked", liked=False)])
    shelf.add_features([heard(A, "csv", energy=0.25), heard(B, "spotify", energy=0.75)])
    found = shelf.tracks_table(sources=["csv"]).tracks
    assert found["track_id"].to_list() == [B]
    assert found["energy"].to_list() == [0.75]
    assert shelf.tracks_table(sources=["listenbrainz"]).tracks.empty


def test_a_whole_analysis_comes_before_a_mixture(shelf: Library) -> None:
    shelf.add_evidence([like(A), like(B)])
    whole = dict.fromkeys(ANALYSED_FEATURES, 0.5)
    shelf.add_features(
        [
            heard(A, "spotify", energy=0.1, key=3.0),
            heard(A, "reccobeats", **dict.fromkeys(ANALYSED_FEATURES, 0.75)),
            heard(A, "catalogue", **whole),
            heard(B, "reccobeats", energy=0.4, valence=0.4, tempo=99.0),
            heard(B, "catalogue", energy=0.3, valence=0.3),
            heard(B, "csv", energy=0.2),
            heard(B, "another", energy=0.9, mode=1.0),
        ]
    )
    found = shelf.tracks_table()
    assert set(found.tracks.loc[0, list(ANALYSED_FEATURES)]) == {0.5}
    assert set(found.feature_sources.loc[0, list(ANALYSED_FEATURES)]) == {"catalogue"}
    mixed = found.tracks.loc[1, ["energy", "valence", "tempo", "mode"]]
    assert mixed.to_list() == [0.2, 0.3, 99.0, 1.0]
    whose = found.feature_sources.loc[1, ["energy", "valence", "tempo", "mode", "key"]]
    assert whose.isna().to_list() == [False, False, False, False, True]
    assert whose.to_list()[:4] == ["csv", "catalogue", "reccobeats", "another"]


def test_a_duration_is_the_catalogues_before_an_analysis(shelf: Library) -> None:
    shelf.add_tracks([TrackRow(track_id=A, duration_ms=1e5)])
    shelf.add_evidence([like(A), like(B)])
    shelf.add_features([heard(A, "spotify", duration_ms=2e5), heard(B, "spotify", duration_ms=2e5)])
    found = shelf.tracks_table()
    assert found.tracks["duration_ms"].to_list() == [1e5, 2e5]
    assert found.feature_sources["duration_ms"].isna().to_list() == [True, False]


def test_tracks_without_features_are_used_or_wait(shelf: Library) -> None:
    shelf.add_evidence([like(A), like(B), like(C)])
    shelf.add_features([heard(A, "spotify", energy=0.5), heard(B, "spotify", duration_ms=1e5)])
    used, waited = shelf.tracks_table(), shelf.tracks_table(without_features="wait")
    assert used.tracks["track_id"].to_list() == [A, B, C]
    assert used.waiting == 0
    assert waited.tracks["track_id"].to_list() == waited.feature_sources["track_id"].to_list() == [A]
    assert waited.waiting == 2
    assert "1 of 3 labelled tracks have audio features" in waited.notes
    assert "2 labelled tracks wait until their audio features are known" in waited.notes


def test_the_table_is_the_same_in_whatever_order_rows_were_written(tmp_path: Path, postgresql_url: str) -> None:
    tracks = [TrackRow(track_id=f"{n:022d}", track_name=f"T{n // 2}", artist_name="Ä") for n in range(40)]
    said = [like(row.track_id, liked=n % 3 > 0, kind="love" if n % 3 else "hate") for n, row in enumerate(tracks)]
    values = [heard(row.track_id, ("csv", "reccobeats")[n % 2], energy=n / 40) for n, row in enumerate(tracks)]
    tables = []
    for place, url in enumerate((f"sqlite:///{tmp_path}/1.db", f"sqlite:///{tmp_path}/2.db", postgresql_url)):
        step = -1 if place else 1
        with Library.open(url) as library:
            library.add_features(values[::step])
            library.add_evidence(said[::step])
            library.add_tracks(tracks[::step])
            tables.append(library.tracks_table())
    for other in tables[1:]:
        pd.testing.assert_frame_equal(other.tracks, tables[0].tracks)
        pd.testing.assert_frame_equal(other.feature_sources, tables[0].feature_sources)
        pd.testing.assert_frame_equal(other.conflicts, tables[0].conflicts)
        assert other.notes == tables[0].notes


def test_plays_tell_when_they_are_read(shelf: Library) -> None:
    """Verdicts are drawn from all plays of a recording, also where they were stored under several ids."""
    pytest.importorskip("connectors.evidence.skips")
    names = [TrackRow(track_id=track_id, track_name="Hurt", artist_name="Johnny Cash") for track_id in (A, B)]
    names += [TrackRow(track_id=C, track_name="One", artist_name="Johnny Cash")]
    shelf.add_tracks(names)
    for hours in range(40):
        outcome, track_id = ("skipped", (A, B)[hours % 2]) if hours % 3 else ("finished", C)
        at = NOON + timedelta(hours=hours)
        shelf.add_plays([PlayRow(track_id=track_id, ended_at=at, ms_played=1_000, outcome=outcome)])
    found = shelf.tracks_table().tracks
    assert found["track_id"].to_list() == [A, C]
    assert found["liked"].to_list() == [0, 1]
    assert ((found["weight"] > 0) & (found["weight"] <= 1)).all()
    assert shelf.evidence().empty
    assert shelf.tracks_table(sources=["spotify"]).tracks.empty


@pytest.mark.parametrize(
    ("first", "second", "energy"),
    [
        ("name", "id", 0.75),
        ("name", "isrc", 0.75),
        ("isrc", "id", 0.75),
        ("id", "name", 0.25),
        ("id", "id", 0.25),
        ("unknown", "id", 0.75),
        ("unknown", "isrc", 0.75),
        ("unknown", "name", 0.25),
        ("name", "unknown", 0.75),
    ],
)
def test_of_one_sources_analyses_the_surest_match_counts(
    first: MatchedBy, second: MatchedBy, energy: float, shelf: Library
) -> None:
    """``first`` is of the id that comes first; an earlier earmark's rows do not say how they were matched."""
    shelf.add_tracks([TrackRow(track_id=track_id, isrc="USDF20300001") for track_id in (A, B)])
    shelf.add_evidence([like(A)])
    for track_id, way, value in ((A, first, 0.25), (B, second, 0.75)):
        matched = None if way == "unknown" else way
        shelf.add_features([replace(heard(track_id, "catalogue", **{**VALUES, "energy": value}), matched_by=matched)])
        if way == "unknown":
            with shelf._writing() as connection:
                unknown = update(FEATURES).where(FEATURES.c.track_id == track_id).values(matched_by=None)
                connection.execute(unknown)
    assert shelf.tracks_table().tracks["energy"].to_list() == [energy]
    # Whose values they are comes first: another source's are not preferred for being matched more surely.
    shelf.add_features([replace(heard(B, "spotify", **{**VALUES, "energy": 0.5}), matched_by="name")])
    assert shelf.tracks_table().tracks["energy"].to_list() == [0.5]


def test_a_track_counts_under_its_least_sure_match(library: Library) -> None:
    library.add_features([replace(heard(A, "catalogue", energy=0.5, tempo=120.0), matched_by="id")])
    library.add_features([replace(heard(A, "catalogue", valence=0.5), matched_by="name")])
    library.add_features([replace(heard(B, "catalogue", energy=0.5), matched_by="isrc")])
    library.add_features([replace(heard(C, "catalogue", duration_ms=2e5), matched_by="id")])  # no analysis
    assert library.summary().features[0].matched_by == {"isrc": 1, "name": 1}


def test_the_summary_counts_what_is_there(library: Library) -> None:
    library.add_tracks([TrackRow(track_id=A, isrc="USDF20300001"), TrackRow(track_id=B, isrc="USDF20300001")])
    library.add_evidence(
        [like(A), like(B, at=NOON + timedelta(1)), like(C), like(C, kind="ban", liked=False, source="history")]
    )
    library.add_features([heard(A, "reccobeats", energy=0.5), heard(B, "spotify", **VALUES)])
    library.mark_not_found("reccobeats", [C], datetime(2999, 1, 1, tzinfo=UTC))
    library.mark_not_found("catalogue", [C], NOON)
    library.record_pull(PullReport("spotify", 2, {"kept": 2}, 3, 1.5), NOON)
    library.record_pull(PullReport("spotify", 3, {"kept": 3}, 3, 1.5, ("a note",)), NOON + timedelta(hours=1))
    summary = library.summary()
    assert (summary.tracks, summary.recordings, summary.plays) == (3, 2, 0)
    assert (summary.liked, summary.disliked, summary.undecided, summary.conflicts) == (1, 1, 0, 1)
    assert summary.covered == 1
    answer = summary.as_json()
    assert answer["coverage"] == {"labelled": 2, "with_features": 1}
    assert answer["evidence"] == [
        {"source": "history", "kind": "ban", "liked": False, "tracks": 1, "newest": NOON.isoformat()},
        {
            "source": "spotify",
            "kind": "like",
            "liked": True,
            "tracks": 3,
            "newest": (NOON + timedelta(days=1)).isoformat(),
        },
    ]
    assert answer["features"] == [
        {"source": "reccobeats", "tracks": 1, "whole": 0, "matched_by": {"id": 1}},
        {"source": "spotify", "tracks": 1, "whole": 1, "matched_by": {"id": 1}},
    ]
    assert answer["not_found"] == {"reccobeats": 1}
    assert [(pull["source"], pull["seen"], pull["at"]) for pull in answer["pulls"]] == [
        ("spotify", 3, "2026-03-01T13:00:00+00:00")
    ]
