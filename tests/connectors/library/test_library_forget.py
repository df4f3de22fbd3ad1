"""Forgetting a source: all of it, for good, and nothing of anybody else's."""

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from connectors.library import EvidenceRow, FeatureRow, Library, MadePlaylist, PlayRow, TrackRow
from connectors.pull_report import PullReport

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SOURCES = ("spotify", "history", "csv")


def fill(library: Library, source: str, track_ids: list[str]) -> None:
    """Everything that a source can bring, about some tracks."""
    library.add_tracks(TrackRow(track_id=track_id, track_name=f"Marker-{track_id}") for track_id in track_ids)
    library.add_evidence(
        EvidenceRow(track_id=t, source=source, kind="like", liked=True, at=NOON, reason=f"by {source}")
        for t in track_ids
    )
    library.add_features(
        FeatureRow(track_id=t, values={"energy": 0.5}, source=source, fetched_at=NOON) for t in track_ids
    )
    library.set_position(source, "stream", {"offset": 1})
    library.mark_not_found(source, ["elsewhere"], NOON)
    library.remember(f"{source}:probe", {"open": True})
    library.record_pull(PullReport(source, 1, {"kept": 1}, 1, 1.0), NOON)
    if source == "history":
        library.add_plays(PlayRow(track_id=t, ended_at=NOON, ms_played=1, outcome="skipped") for t in track_ids)
    if source == "spotify":
        library.save_playlist(MadePlaylist(playlist_id="p", account="me", name="Likes", created_at=NOON))


def state(library: Library) -> dict[str, object]:
    """All that can be seen of a library."""
    tables = {name: getattr(library, name)().to_csv() for name in ("tracks", "evidence", "plays", "features")}
    return {
        **tables,
        "positions": [library.position(source, "stream") for source in SOURCES],
        "not found": [library.not_found(source, datetime(2020, 1, 1, tzinfo=UTC)) for source in SOURCES],
        "remembered": [library.recall(f"{source}:probe") for source in SOURCES],
        "playlists": library.made_playlists(),
        "pulls": [pull.report for pull in library.summary().pulls],
    }


@pytest.mark.parametrize("forgotten", SOURCES)
def test_it_is_as_if_the_source_had_never_been_pulled(library: Library, tmp_path: Path, forgotten: str) -> None:
    ids = {"spotify": ["only-spotify", "shared"], "history": ["only-history", "shared"], "csv": ["only-csv", "shared"]}
    with Library.open(f"sqlite:///{tmp_path}/other.db") as never:
        for source in SOURCES:
            fill(library, source, ids[source])
            if source != forgotten:
                fill(never, source, ids[source])
        gone = library.forget(forgotten)
        assert state(library) == state(never)
    assert gone == {
        "evidence": 2,
        "plays": 2 if forgotten == "history" else 0,
        "features": 2,
        "not_found": 1,
        "positions": 1,
        "remembered": 1,
        "playlists": 1 if forgotten == "spotify" else 0,
        "pulls": 1,
        "tracks": 1,
        "descriptions": 0,
    }
    assert set(library.forget(forgotten).values()) == {0}


def test_what_was_looked_up_for_a_track_goes_with_it(library: Library) -> None:
    """Or the list of those tracks would tell what the account held."""
    library.add_evidence(
        [EvidenceRow(track_id="mine", source="spotify", kind="like", liked=True),
         EvidenceRow(track_id="both", source="spotify", kind="like", liked=True),
         EvidenceRow(track_id="both", source="csv", kind="csv_liked", liked=True)]
    )  # fmt: skip
    for source in ("reccobeats", "catalogue"):
        library.add_features(
            FeatureRow(track_id=t, values={"energy": 0.5}, source=source, fetched_at=NOON)
            for t in ("mine", "both", "unliked")
        )
    library.add_features([FeatureRow(track_id="file", values={"energy": 0.5}, source="csv", fetched_at=NOON)])
    library.mark_not_found("reccobeats", ["mine", "both"], NOON)
    library.forget("spotify")
    assert library.tracks()["track_id"].to_list() == ["both", "file"]
    assert library.features()["track_id"].to_list() == ["both", "both", "file"]
    assert library.not_found("reccobeats", datetime(2020, 1, 1, tzinfo=UTC)) == {"both"}


def test_what_spotify_told_of_tracks_that_stay_goes_too(library: Library) -> None:
    for one in ("played", "tabled"):
        library.add_tracks(
            [
                TrackRow(
                    track_id=one, track_name="T", artist_name="A", isrc="QZES72042147", duration_ms=1.0, popularity=9
                )
            ]
        )
        library.add_evidence([EvidenceRow(track_id=one, source="spotify", kind="like", liked=True)])
    library.add_plays([PlayRow(track_id="played", ended_at=NOON, ms_played=1, outcome="skipped")])
    library.add_evidence([EvidenceRow(track_id="tabled", source="csv", kind="csv_liked", liked=True)])
    assert library.forget("history")["descriptions"] == 0
    library.add_plays([PlayRow(track_id="played", ended_at=NOON, ms_played=1, outcome="skipped")])
    assert library.forget("spotify")["descriptions"] == 1
    tracks = library.tracks().set_index("track_id")
    assert tracks.loc["played", ["track_name", "artist_name"]].to_list() == ["T", "A"]
    assert tracks.loc["played", ["isrc", "duration_ms", "popularity"]].isna().all()
    assert tracks.loc["tabled", ["isrc", "duration_ms", "popularity"]].to_list() == ["QZES72042147", 1.0, 9.0]


def test_names_that_look_alike_are_told_apart(library: Library) -> None:
    library.remember("spotify_2:probe", {})
    library.remember("spotifyX2:probe", {})
    library.forget("spotify_2")
    assert library.recall("spotify_2:probe") is None
    assert library.recall("spotifyX2:probe") == {}


def test_it_is_gone_from_the_file_and_its_log(sqlite_file: Path) -> None:
    with Library.open(f"sqlite:///{sqlite_file}") as library:
        fill(library, "spotify", [f"secret-{number}" for number in range(3_000)])
        fill(library, "csv", ["kept"])
        before = sqlite_file.stat().st_size + sqlite_file.with_name("library.db-wal").stat().st_size
        library.forget("spotify")
        files = list(sqlite_file.parent.iterdir())
        content = b"".join(path.read_bytes() for path in files)
        assert b"secret-" not in content
        assert b"Marker-kept" in content
        assert sum(path.stat().st_size for path in files if "shm" not in path.name) < before / 3
        library.add_tracks([TrackRow(track_id="after")])
        assert library.tracks()["track_id"].to_list() == ["after", "kept"]


def test_it_works_while_another_process_reads(sqlite_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.library.forgetting._VACUUM_WAIT_MS", 10)
    url = f"sqlite:///{sqlite_file}"
    with Library.open(url) as library, Library.open(url) as reader:
        fill(library, "spotify", ["a"])
        with reader._reading() as connection:
            connection.exec_driver_sql("SELECT count(*) FROM tracks").fetchall()
            library.forget("spotify")
        assert reader.tracks().empty
        assert isinstance(library.evidence(), pd.DataFrame)
