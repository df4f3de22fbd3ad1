"""`earmark library`: shown to people and to programs, forgotten, and exported."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
import typer

from connectors.library import EvidenceRow, FeatureRow, Library, MadePlaylist, TrackRow
from connectors.pull_report import PullReport
from connectors.registry import open_source
from earmark.cli import library as command
from earmark.home import Home
from features.columns import ANALYSED_FEATURES, AUDIO_FEATURES
from features.errors import InputError
from features.schema import validate

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def run(*arguments: str) -> None:
    """The command, errors passing as they do within earmark."""
    with typer.main.get_command(command.app).make_context("library", list(arguments)) as context:
        context.command.invoke(context)


@pytest.fixture
def filled(demo_tracks: pd.DataFrame) -> pd.DataFrame:
    """A library at home with 200 tracks of the demo listener, as pulls would have left it."""
    tracks = demo_tracks[demo_tracks["energy"].notna()].head(200)
    with Library.open(Home.here().library_url) as library:
        library.add_tracks(
            TrackRow(track_id=row.track_id, track_name=row.track_name, artist_name=row.artist_name)
            for row in tracks.itertuples()
        )
        library.add_evidence(
            EvidenceRow(
                track_id=row.track_id,
                source="spotify" if row.liked else "history",
                kind="like" if row.liked else "ban",
                liked=bool(row.liked),
                at=NOON if row.liked else None,
            )
            for row in tracks.itertuples()
        )
        heard = tracks.head(150)
        library.add_features(
            FeatureRow(
                track_id=row.track_id,
                values={name: getattr(row, name) for name in AUDIO_FEATURES},
                source="reccobeats",
                fetched_at=NOON,
            )
            for row in heard.itertuples()
        )
        library.mark_not_found("reccobeats", tracks["track_id"].tail(50), datetime(2999, 1, 1, tzinfo=UTC))
        first = tracks["track_id"].iloc[0]
        both = {"source": "listenbrainz", "weight": 1.0}
        library.add_evidence([EvidenceRow(track_id=first, kind="love", liked=True, **both)])
        library.add_evidence([EvidenceRow(track_id=first, kind="hate", liked=False, **both)])
        library.record_pull(PullReport("spotify", 120, {"kept": 118, "local file": 2}, 4, 2.0), NOON)
        library.save_playlist(MadePlaylist(playlist_id="p", account="me", name="Likes", created_at=NOON))
    return tracks


def test_an_empty_library_says_how_to_begin_and_makes_no_file(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in ([], ["show"]):
        run(*arguments)
        said = capsys.readouterr()
        assert said.out == ""
        assert "earmark pull spotify" in said.err
    run("--json")
    assert json.loads(capsys.readouterr().out)["tracks"] == 0
    run("forget", "spotify")
    assert "nothing of spotify" in capsys.readouterr().err
    assert not Home.here().library_file.parent.exists()


def test_people_see_counts_coverage_conflicts_and_pulls(
    filled: pd.DataFrame, capsys: pytest.CaptureFixture[str]
) -> None:
    run()
    said = capsys.readouterr().out
    liked = int(filled["liked"].sum())
    assert f"Library: {Home.here().library_file}" in said
    assert "have audio features (7" in said
    assert "1 have evidence both ways: the stronger decided, " in said
    assert "1 playlists made by earmark" in said
    rows = {tuple(line.split()[:2]): line.split() for line in said.splitlines() if line}
    assert rows["spotify", "like"][2:] == ["liked", str(liked), "2026-03-01"]
    assert rows["history", "ban"][2:] == ["not", "liked", str(200 - liked), "-"]
    assert rows["reccobeats", "150"][3:] == ["id", "150", "50"]
    assert "spotify    2026-03-01 12:00 UTC  118 kept, 2 local file" in said
    run("show")
    assert capsys.readouterr().out == said


@pytest.mark.parametrize("arguments", [["--json"], ["show", "--json"], ["--json", "show"]])
def test_programs_get_json(filled: pd.DataFrame, arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    run(*arguments)
    said = json.loads(capsys.readouterr().out)
    assert set(said) == {
        "library", "tracks", "recordings", "plays", "labels", "conflicts", "coverage", "evidence", "features",
        "not_found", "playlists", "pulls",
    }  # fmt: skip
    assert said["conflicts"] == 1
    assert said["tracks"] == 200
    assert said["pulls"][0]["outcomes"] == {"kept": 118, "local file": 2}
    assert said["features"][0]["matched_by"] == {"id": 150}


def test_how_values_were_matched_is_shown_the_surest_first(capsys: pytest.CaptureFixture[str]) -> None:
    ids = ["a" * 22, "b" * 22, "isrc:QZAAA0000001", "local:0123456789abcdef"]
    with Library.open(Home.here().library_url) as library:
        library.add_features(
            FeatureRow(track_id=track_id, values={"energy": 0.5}, source="csv", fetched_at=NOON) for track_id in ids
        )
    run()
    assert "  id 2, ISRC 1, name 1  " in capsys.readouterr().out


def test_names_in_a_library_cannot_command_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with Library.open(Home.here().library_url) as library:
        library.record_pull(PullReport("csv", 1, {"\x1b[2Jcleared": 1}, 1, 1.0), NOON)
    run()
    assert "\x1b" not in capsys.readouterr().out


def test_a_source_is_forgotten(filled: pd.DataFrame, capsys: pytest.CaptureFixture[str]) -> None:
    run("forget", "spotify", "--json")
    said = json.loads(capsys.readouterr().out)
    assert said["source"] == "spotify"
    assert said["deleted"]["evidence"] == int(filled["liked"].sum())
    run("forget", "history")
    assert "Forgot history: " in capsys.readouterr().err
    run("--json")
    assert json.loads(capsys.readouterr().out)["tracks"] == 1  # what ListenBrainz tells of
    with pytest.raises(InputError, match="no source 'spotfy'") as caught:
        run("forget", "spotfy")
    assert "spotify, history" in caught.value.hint


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".CSV"])
def test_an_exported_table_is_read_again(
    filled: pd.DataFrame, ending: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / f"mine{ending}"
    run("export", str(target), "--json")
    said = capsys.readouterr()
    assert json.loads(said.out)["tracks"] == 200
    assert "labelled tracks have audio features" in said.err
    read, _ = validate(open_source(str(target)).read().tracks)
    expected = filled.set_index("track_id")
    read = read.set_index("track_id")
    heard = read.index.intersection(expected.index)
    assert len(heard) == len(read) == 150  # those without features are set aside
    pd.testing.assert_frame_equal(read[list(ANALYSED_FEATURES)], expected.loc[read.index, list(ANALYSED_FEATURES)])
    decided = read["liked"].notna()
    assert decided.sum() >= 149
    assert (read["liked"][decided] == expected.loc[read.index, "liked"][decided]).all()
    assert (read["added_at"].notna() == (read["liked"] == 1).fillna(value=False)).all()


def test_an_export_that_cannot_be_is_refused_before_any_work(tmp_path: Path) -> None:
    for name, words in (("mine.xlsx", "not as .xlsx"), ("mine", "without an ending"), ("no/mine.csv", "no folder")):
        with pytest.raises(InputError, match=words):
            run("export", str(tmp_path / name))
    with pytest.raises(InputError, match="nothing to export") as caught:
        run("export", str(tmp_path / "mine.csv"))
    assert "earmark pull" in caught.value.hint
    assert list(tmp_path.iterdir()) == []


def test_the_address_of_a_shared_database_moves_library_and_search(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home = Home.here()
    assert home.library_url == f"sqlite:///{home.root}/data/library.db"
    monkeypatch.setenv("EARMARK_DATABASE_URL", f"sqlite:///{tmp_path}/shared.db")
    assert home.library_url == home.search_url == f"sqlite:///{tmp_path}/shared.db"
    for scheme in ("postgres", "postgresql", "postgresql+psycopg"):
        monkeypatch.setenv("EARMARK_DATABASE_URL", f"{scheme}://me:secret@127.0.0.1:1/earmark")
        assert home.library_url == home.search_url == "postgresql+psycopg://me:secret@127.0.0.1:1/earmark"
    for broken in ("mysql://me:secret@host/x", "me:secret@host", "postgresql://"):
        monkeypatch.setenv("EARMARK_DATABASE_URL", broken)
        with pytest.raises(InputError, match="EARMARK_DATABASE_URL") as caught:
            run()
        assert "secret" not in caught.value.message + caught.value.hint
