"""Verdicts given on the page are part of the next train, once each, and a train without any is as it was."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from connectors.demo.listener import demo_listener
from connectors.library import EvidenceRow, FeatureRow, Library, TrackRow
from earmark import session
from earmark.cli.main import run
from earmark.home import Home
from earmark.reading import ReadTracks, read_tracks
from earmark.training_tables import forget_tables, load_table, save_table
from earmark.verdicts import joined_tracks, verdict_source, verdict_tracks, with_verdicts
from experiments.config import FitConfig
from experiments.splits import Split
from features.columns import ANALYSED_FEATURES
from features.errors import InputError
from features.schema import validate

CONFIG = FitConfig(budget_s=None, trials=1, models=("tree",), bag_repeats=1)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def home() -> Home:
    home = Home.here()
    home.prepare()
    return home


@pytest.fixture
def library(home: Home) -> Iterator[Library]:
    with Library.open(home.library_url) as opened:
        yield opened


def say(library: Library, rows: pd.DataFrame, verdict: str, *, source: str = "page", minute: int = 0) -> None:
    for row in rows.to_dict("records"):
        values = {name: row[name] for name in ANALYSED_FEATURES if pd.notna(row[name])}
        track = TrackRow(
            track_id=row["track_id"], track_name=row["track_name"], artist_name=row["artist_name"],
            duration_ms=row["duration_ms"], popularity=row["popularity"], release_date=row["release_date"],
        )  # fmt: skip
        library.verdicts.say(source, "list", track, verdict, NOON + timedelta(minutes=minute), values)


def read_of(tracks: pd.DataFrame, source: str = "my.csv") -> ReadTracks:
    return replace(read_tracks("demo"), tracks=tracks, source=source, best_prediction=None)


def test_without_verdicts_nothing_is_changed_or_made(home: Home, demo_tracks: pd.DataFrame) -> None:
    read = read_of(demo_tracks)
    assert with_verdicts(read, home) is read
    assert not home.library_file.exists()
    with Library.open(home.library_url):
        assert with_verdicts(read, home) is read
    assert verdict_tracks(home, "page") is None


def test_new_tracks_are_added_and_known_ones_get_the_pages_label(
    home: Home, library: Library, demo_tracks: pd.DataFrame, demo_candidates: pd.DataFrame
) -> None:
    known = demo_tracks[demo_tracks["liked"] == 1].iloc[[3]]
    new = demo_candidates[~demo_candidates["track_id"].isin(demo_tracks["track_id"])].head(4)
    say(library, new, "keep")
    say(library, known, "skip", minute=1)
    joined = with_verdicts(read_of(demo_tracks), home)
    assert joined.notes[-1] == "5 verdicts from the page count as well"
    assert joined.verdicts_of == "page"
    tracks = joined.tracks
    assert len(tracks) == len(demo_tracks) + 4
    assert tracks.dtypes.to_dict() == demo_tracks.dtypes.to_dict()
    changed = tracks["liked"].head(len(demo_tracks)) != demo_tracks["liked"]
    assert tracks["track_id"][np.flatnonzero(changed)].to_list() == known["track_id"].to_list()
    rest = demo_tracks.drop(columns="liked")
    pd.testing.assert_frame_equal(tracks.head(len(demo_tracks)).drop(columns="liked"), rest)
    added = tracks.tail(4).set_index("track_id")
    assert (added["liked"] == 1).all()
    features = ["energy", "popularity", "artist_name", "duration_ms"]
    pd.testing.assert_frame_equal(added[features].sort_index(), new.set_index("track_id")[features].sort_index())
    again, report = validate(tracks)
    pd.testing.assert_frame_equal(again, tracks)
    assert (report.merged, report.usable) == (0, len(tracks))


def test_one_recording_under_another_id_is_the_same_track(demo_tracks: pd.DataFrame) -> None:
    """By name where one id is made up, by the very same analysis whatever the ids; the newest word counts."""
    table = demo_tracks.head(50)
    said = table.iloc[[4, 4, 9]].assign(track_id=["x" * 22, "local:0000000000000000", "y" * 22], liked=[0, 1, 0])
    said.loc[said.index[2], "track_name"] = "Another name"
    joined = joined_tracks(table, said.astype(table.dtypes))
    assert joined["track_id"].to_list() == table["track_id"].to_list()
    assert joined["liked"].iloc[[4, 9]].to_list() == [0, 0]


def test_columns_that_the_table_lacks_are_not_made(home: Home, library: Library, demo_tracks: pd.DataFrame) -> None:
    table, _ = validate(demo_tracks[["track_name", "artist_name", "energy", "valence", "liked"]])
    say(library, demo_tracks.tail(2).assign(track_id=["x" * 22, "y" * 22], energy=0.123), "keep")
    joined = with_verdicts(read_of(table), home).tracks
    assert list(joined.columns) == list(table.columns)


def test_the_demo_hears_its_own_verdicts_alone(home: Home, library: Library, demo_candidates: pd.DataFrame) -> None:
    listener, read = demo_listener(), read_tracks("demo")
    say(library, demo_candidates.head(3), "keep")
    assert with_verdicts(read, home) is read
    say(library, demo_candidates.tail(6), "skip", source="page_demo")
    joined = with_verdicts(read, home)
    assert (joined.verdicts_of, joined.notes[-1]) == ("page_demo", "6 verdicts from the page count as well")
    best = joined.best_prediction
    assert best is not None
    assert best.index.is_unique
    truth = pd.Series(listener.candidate_feature_probability, index=listener.candidates["track_id"])
    new = joined.tracks["track_id"][len(read.tracks) :]
    assert len(new) > 0
    assert best.loc[new].to_list() == truth.loc[new].to_list()
    assert best.loc[read.best_prediction.index].equals(read.best_prediction)
    stranger = demo_candidates.head(1).assign(track_id="z" * 22, track_name="Other", energy=0.111)
    say(library, stranger, "keep", source="page_demo")
    assert with_verdicts(read, home).best_prediction is None  # nobody knows the truth of all of them
    say(library, demo_candidates.head(1), "skip")
    files = with_verdicts(read_of(read.tracks), home)
    assert files.notes[-1] == "3 verdicts from the page count as well"


def test_sources_of_the_library_have_them_once(home: Home, library: Library) -> None:
    for number, source in enumerate(("spotify", "history", "listenbrainz")):
        track_id = f"{source:0<22}"
        kind = {"spotify": "like", "history": "finished", "listenbrainz": "love"}[source]
        library.add_tracks([TrackRow(track_id=track_id, track_name=source, artist_name="Band")])
        library.add_evidence([EvidenceRow(track_id=track_id, source=source, kind=kind, liked=True)])
        values = dict.fromkeys(ANALYSED_FEATURES, 0.1 * number + 0.2) | {"tempo": 120.0 + number}
        library.add_features([FeatureRow(track_id=track_id, values=values, source="csv", fetched_at=NOON)])
    track = TrackRow(track_id=f"{'history':0<22}", track_name="history", artist_name="Band")
    library.verdicts.say("page", "list", track, "skip", NOON, {})
    demo = TrackRow(track_id="d" * 22, track_name="Invented", artist_name="Nobody")
    library.verdicts.say("page_demo", "demo", demo, "keep", NOON, {"energy": 0.5})

    def labels(source: str, **asked: bool) -> dict[str, int]:
        read = read_tracks(source, **asked)
        joined = with_verdicts(read, home) if asked.get("page_verdicts", True) else read
        assert ("1 verdict from the page counts as well" in joined.notes) == asked.get("page_verdicts", True)
        return joined.tracks.set_index("track_name")["liked"].to_dict()

    assert labels("library") == {"history": 0, "listenbrainz": 1, "spotify": 1}
    assert labels("history") == {"history": 0}
    assert labels("listenbrainz") == {"history": 0, "listenbrainz": 1}
    assert labels("library", page_verdicts=False) == {"history": 1, "listenbrainz": 1, "spotify": 1}
    assert labels("history", page_verdicts=False) == {"history": 1}


def test_a_train_learns_from_them_unless_told_not_to(
    home: Home, library: Library, tmp_path: Path, demo_tracks: pd.DataFrame, demo_candidates: pd.DataFrame,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    table = tmp_path / "small.csv"
    demo_tracks.head(300).to_csv(table, index=False)
    arguments = ["train", str(table), "--trials", "1", "--models", "tree", "--json"]
    new = demo_candidates[~demo_candidates["track_id"].isin(demo_tracks["track_id"])].head(7)
    say(library, new, "keep")
    assert run(arguments) == 0
    said = capsys.readouterr()
    told = json.loads(said.out)
    assert told["n_tracks"] == 307
    assert told["n_liked"] == demo_tracks["liked"].head(300).sum() + 7
    assert "7 verdicts from the page count as well" in said.err
    kept = load_table(home, told["run_id"])
    assert kept is not None
    assert set(new["track_id"]) <= set(kept["track_id"])
    assert run(["library", "forget", "page", "--json"]) == 0
    gone = json.loads(capsys.readouterr().out)["deleted"]
    assert (gone["evidence"], gone["tracks"]) == (7, 7)
    assert load_table(home, told["run_id"]) is None


@pytest.mark.parametrize("split", ["artist", "random", "time"])
def test_a_train_learns_from_every_one_of_them(
    home: Home, library: Library, tmp_path: Path, demo_tracks: pd.DataFrame, demo_candidates: pd.DataFrame, split: Split
) -> None:
    """A verdict is newer than all else, so a split by time would only judge on it."""
    table = tmp_path / "small.csv"
    dates = pd.date_range("2020-01-01", periods=300, freq="D", tz="UTC")
    demo_tracks.head(300).assign(added_at=dates).to_csv(table, index=False)
    new = demo_candidates[~demo_candidates["track_id"].isin(demo_tracks["track_id"])].head(20)
    say(library, new.head(10), "keep")
    say(library, new.tail(10), "skip")
    found = session.train_and_record(str(table), replace(CONFIG, split=split), home)
    judged = found.result.judged.set_index("track_id")["held_out"]
    assert not judged[new["track_id"]].any()
    assert 30 <= judged.sum() == found.result.n_test
    artists = found.result.judged.groupby("held_out")["artist_name"].agg(set)
    assert split != "artist" or not artists[True] & artists[False]


def test_a_train_can_leave_them_out(
    home: Home, library: Library, tmp_path: Path, demo_tracks: pd.DataFrame, demo_candidates: pd.DataFrame,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    table = tmp_path / "small.csv"
    demo_tracks.head(300).to_csv(table, index=False)
    say(library, demo_candidates.head(2).assign(track_id=["x" * 22, "y" * 22], energy=[0.111, 0.222]), "keep")
    asked: list[int] = []

    def stop(read: ReadTracks) -> None:
        asked.append(len(read.tracks))
        raise InputError("enough", "seen")

    for page_verdicts in (True, False):
        with pytest.raises(InputError, match="enough"):
            session.train_and_record(str(table), CONFIG, home, page_verdicts=page_verdicts, on_read=stop)
    assert asked == [302, 300]
    seen: list[bool] = []
    monkeypatch.setattr(
        session, "train_and_record", lambda *_, **asked: seen.append(asked["page_verdicts"]) or stop_at()
    )
    for option in ([], ["--no-verdicts"]):
        assert run(["train", str(table), *option]) == 2
    assert seen == [True, False]


def stop_at() -> None:
    raise InputError("enough", "seen")


def test_tables_with_verdicts_go_with_them(home: Home, demo_tracks: pd.DataFrame) -> None:
    save_table(home, "a" * 32, demo_tracks, "demo", "page_demo")
    save_table(home, "b" * 32, demo_tracks, "my.csv", "page")
    save_table(home, "c" * 32, demo_tracks, "demo")
    assert forget_tables(home, {"page"}) == 1
    assert load_table(home, "b" * 32) is None
    assert forget_tables(home, {"page_demo"}) == 1
    assert load_table(home, "c" * 32) is not None


def test_whose_verdicts_count_for_what() -> None:
    assert [verdict_source(name) for name in ("demo", "spotify", "my.csv")] == ["page_demo", "page", "page"]
