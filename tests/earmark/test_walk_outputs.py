"""What a newcomer may type: a result never takes the place of what was read, and cuts are refused before reading."""

import json
from pathlib import Path

import pandas as pd
import pytest

from connectors.library import EvidenceRow, FeatureRow, Library, TrackRow
from earmark.cli.main import run
from earmark.home import Home
from experiments.config import FitConfig
from experiments.fitting import fit
from features.columns import AUDIO_FEATURES


@pytest.fixture(scope="module")
def ranker_folder(tmp_path_factory: pytest.TempPathFactory, demo_tracks: pd.DataFrame) -> Path:
    config = FitConfig(budget_s=None, trials=1, models=("tree",), bag_repeats=1)
    return fit(demo_tracks, config).ranker.save(tmp_path_factory.mktemp("rankers") / "tree")


@pytest.fixture
def table(tmp_path: Path, demo_tracks: pd.DataFrame) -> Path:
    path = tmp_path / "tracks.csv"
    demo_tracks.head(100).to_csv(path, index=False)
    return path


@pytest.fixture
def catalogue(tmp_path: Path, demo_tracks: pd.DataFrame) -> Path:
    path = tmp_path / "catalogue.csv"
    demo_tracks.drop(columns="liked").to_csv(path, index=False)
    return path


def test_evaluate_never_overwrites_what_it_judges(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = table.read_bytes()
    link = tmp_path / "link.parquet"
    link.symlink_to(table)
    for target in (table, link):
        assert run(["evaluate", str(table), "--trials", "1", "--models", "tree", "-o", str(target)]) == 2
        assert f"{target} holds the tracks themselves" in capsys.readouterr().err
    assert table.read_bytes() == before


def test_a_path_from_the_home_folder_is_the_same_file(
    table: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOME", str(table.parent))
    assert run(["evaluate", "~/tracks.csv", "--trials", "1", "-o", str(table)]) == 2
    assert "holds the tracks themselves" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["evaluate", "rank"])
def test_a_catalogue_is_never_overwritten(
    command: str, table: Path, catalogue: Path, ranker_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = catalogue.read_bytes()
    own = ["--model", str(ranker_folder)] if command == "rank" else ["--trials", "1", "--models", "tree"]
    assert run([command, str(table), "--catalogue", str(catalogue), "-o", str(catalogue), *own]) == 2
    assert "holds the catalogue itself" in capsys.readouterr().err
    assert catalogue.read_bytes() == before


@pytest.mark.parametrize(
    ("cut", "expected"),
    [
        (["--top", "3", "--threshold", "0.5"], "more than one cut"),
        (["--top", "0"], "top must be at least 1"),
        (["--threshold", "2"], "a threshold is a like probability"),
        (["--min-precision", "80"], "a precision lies above 0"),
        (["--base-rate", "0"], "a base rate lies between"),
    ],
)
def test_a_cut_that_cannot_be_is_refused_before_candidates_are_read(
    cut: list[str], expected: str, table: Path, ranker_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["rank", str(table), "--model", str(ranker_folder), *cut]) == 2
    said = capsys.readouterr()
    assert not said.out
    assert said.err.startswith("error: ")
    assert expected in said.err


@pytest.fixture
def pulled(demo_tracks: pd.DataFrame) -> int:
    """A library at home with tracks of a history, all with audio features; how many."""
    tracks = demo_tracks[demo_tracks["energy"].notna()].head(40)
    at = pd.Timestamp("2026-03-01T12:00Z").to_pydatetime()
    with Library.open(Home.here().library_url) as library:
        for row in tracks.itertuples():
            values = {name: getattr(row, name) for name in AUDIO_FEATURES}
            library.add_tracks(
                [TrackRow(track_id=row.track_id, track_name=row.track_name, artist_name=row.artist_name)]
            )
            kind = "like" if row.liked else "ban"
            said = EvidenceRow(track_id=row.track_id, source="history", kind=kind, liked=bool(row.liked), at=at)
            library.add_evidence([said])
            library.add_features([FeatureRow(track_id=row.track_id, values=values, source="catalogue", fetched_at=at)])
    return len(tracks)


@pytest.mark.parametrize("source", ["library", "history"])
def test_validate_reads_the_library_like_train_does(
    source: str, pulled: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["validate", source, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"] == pulled


def test_one_track_is_spoken_of_as_one(table: Path, ranker_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rank", str(table), "--model", str(ranker_folder), "--top", "1"]) == 0
    said = capsys.readouterr().err
    assert "1 of them reaches the ranker's own cut" in said
    assert "1 of the kept tracks was in the training table already: its verdict is known." in said


def test_nothing_is_expected_of_tracks_whose_verdicts_are_known(
    table: Path, ranker_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["rank", str(table), "--model", str(ranker_folder), "--top", "50"]) == 0
    said = capsys.readouterr().err
    assert "50 of the kept tracks were in the training table already: their verdicts are known, so there is" in said
    assert "to be liked" not in said
    tracks = pd.read_csv(table)
    new = tracks.tail(1).assign(
        track_id="local:new", track_name="New", artist_name="Newcomer", energy=0.512345, tempo=101.234567
    )
    pd.concat([tracks.head(2), new]).to_csv(table, index=False)
    assert run(["rank", str(table), "--model", str(ranker_folder), "--top", "3"]) == 0
    said = capsys.readouterr().err
    assert "Of these, expect " in said
    assert "2 of the kept tracks were in the training table already, and what to expect counts them, too." in said
