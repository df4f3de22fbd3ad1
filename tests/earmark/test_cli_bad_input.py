"""Whatever file or option comes in: exit code 2, what is wrong, the mend, and nothing half-written."""

import ctypes
import gzip
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from earmark.cli.main import run
from earmark.home import Home
from experiments.config import FitConfig
from experiments.fitting import fit
from features.schema import AUDIO_FEATURES

Maker = Callable[[Path, pd.DataFrame], None]


def empty(path: Path, tracks: pd.DataFrame) -> None:
    path.write_bytes(b"")


def header_only(path: Path, tracks: pd.DataFrame) -> None:
    tracks.head(0).to_csv(path, index=False)


def one_class(path: Path, tracks: pd.DataFrame) -> None:
    tracks.assign(liked=1).to_csv(path, index=False)


def no_labels(path: Path, tracks: pd.DataFrame) -> None:
    tracks.drop(columns="liked").to_csv(path, index=False)


def labels_all_missing(path: Path, tracks: pd.DataFrame) -> None:
    tracks.assign(liked=pd.NA).to_csv(path, index=False)


def labels_of_words(path: Path, tracks: pd.DataFrame) -> None:
    tracks.assign(liked="perhaps").to_csv(path, index=False)


def one_row(path: Path, tracks: pd.DataFrame) -> None:
    tracks.head(1).to_csv(path, index=False)


def few_rows(path: Path, tracks: pd.DataFrame) -> None:
    tracks.head(30).to_csv(path, index=False)


def wrong_types(path: Path, tracks: pd.DataFrame) -> None:
    tracks.assign(**dict.fromkeys(AUDIO_FEATURES, "loud")).to_csv(path, index=False)


def not_a_number(path: Path, tracks: pd.DataFrame) -> None:
    tracks.assign(**dict.fromkeys(AUDIO_FEATURES, np.nan)).to_csv(path, index=False)


def infinities(path: Path, tracks: pd.DataFrame) -> None:
    signs = np.where(np.arange(len(tracks)) % 2, np.inf, -np.inf)
    tracks.assign(**dict.fromkeys(AUDIO_FEATURES, signs)).to_csv(path, index=False)


def huge_numbers(path: Path, tracks: pd.DataFrame) -> None:
    tracks.assign(**dict.fromkeys(AUDIO_FEATURES, 1e300)).to_parquet(path)


def junk_columns(path: Path, tracks: pd.DataFrame) -> None:
    junk = np.random.default_rng(0).normal(size=(200, 50))
    pd.DataFrame(junk, columns=[f"junk {number}" for number in range(50)]).to_csv(path, index=False)


def binary(path: Path, tracks: pd.DataFrame) -> None:
    path.write_bytes(np.random.default_rng(0).bytes(20_000))


def picture(path: Path, tracks: pd.DataFrame) -> None:
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 500)


def pickled(path: Path, tracks: pd.DataFrame) -> None:
    path.write_bytes(b"\x80\x04\x95" + b"\0" * 500)


def prose(path: Path, tracks: pd.DataFrame) -> None:
    path.write_text("Dear listener,\n\nthis is a letter, and no table.\n\nYours, truly\n" * 20)


def truncated_parquet(path: Path, tracks: pd.DataFrame) -> None:
    tracks.to_parquet(path)
    path.write_bytes(path.read_bytes()[:3000])


def truncated_gzip(path: Path, tracks: pd.DataFrame) -> None:
    path.write_bytes(gzip.compress(tracks.to_csv(index=False).encode())[:3000])


def two_labels(path: Path, tracks: pd.DataFrame) -> None:
    tracks.assign(saved=tracks["liked"]).to_csv(path, index=False)


def a_folder(path: Path, tracks: pd.DataFrame) -> None:
    path.mkdir()


def missing(path: Path, tracks: pd.DataFrame) -> None:
    pass


# What must be named in the error, besides its being one.
UNREADABLE: dict[Maker, str] = {
    empty: "is empty",
    header_only: "no rows",
    wrong_types: "not a number|energy",
    not_a_number: "no audio features|none of the",
    infinities: "energy|none of the",
    huge_numbers: "energy|none of the",
    junk_columns: "none of the audio features",
    binary: "binary|text|decode|not a table",
    picture: "a PNG picture",
    pickled: "a Python pickle",
    prose: "none of the audio features|no rows|not a table",
    truncated_parquet: "parquet",
    truncated_gzip: "gzip data ends too early",
    two_labels: "ambiguous label: the columns 'liked', 'saved'",
    a_folder: "is a directory",
    missing: "neither a file nor a source",
}
UNLEARNABLE: dict[Maker, str] = {
    one_class: "none is skipped",
    no_labels: "liked",
    labels_all_missing: "label",
    labels_of_words: "liked|label",
    one_row: "none is|too few",
    few_rows: "too few",
}


def name_of(value: object) -> str:
    return getattr(value, "__name__", "")


def refused(capsys: pytest.CaptureFixture[str], arguments: list[str], expected: str = "") -> str:
    """Run a command that must fail as a user's mistake does; returns what it said."""
    assert run(arguments) == 2
    said = capsys.readouterr()
    assert not said.out, "data must not come from a command that failed"
    assert re.search(r"^error: \S", said.err, re.MULTILINE), said.err
    assert re.search(r"^hint: \S", said.err, re.MULTILINE), said.err
    assert "Traceback" not in said.err
    assert "a bug in earmark" not in said.err
    assert re.search(expected, said.err), said.err
    return said.err


def nothing_written() -> bool:
    """No ranker, run or champion, and no temporary file: a lock and empty folders may be there."""
    files = {path.name for path in Home.here().root.rglob("*") if path.is_file()}
    return files <= {"train.lock"}


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return tmp_path / "tracks.csv"


@pytest.mark.parametrize(("make", "expected"), (UNREADABLE | UNLEARNABLE).items(), ids=name_of)
def test_train_refuses(
    make: Maker, expected: str, table: Path, demo_tracks: pd.DataFrame, capsys: pytest.CaptureFixture[str]
) -> None:
    make(table, demo_tracks)
    refused(capsys, ["train", str(table), "--trials", "1", "--models", "tree", "--json"], expected)
    assert nothing_written()


@pytest.mark.parametrize(("make", "expected"), (UNREADABLE | UNLEARNABLE).items(), ids=name_of)
def test_evaluate_refuses(
    make: Maker, expected: str, table: Path, demo_tracks: pd.DataFrame, capsys: pytest.CaptureFixture[str]
) -> None:
    make(table, demo_tracks)
    refused(capsys, ["evaluate", str(table), "--trials", "1", "--models", "tree", "--json"], expected)
    assert nothing_written()


@pytest.mark.parametrize(
    ("make", "expected"), [pair for pair in UNREADABLE.items() if pair[0] is not two_labels], ids=name_of
)
def test_rank_refuses(
    make: Maker, expected: str, table: Path, demo_tracks: pd.DataFrame, capsys: pytest.CaptureFixture[str],
    ranker_folder: Path, tmp_path: Path,
) -> None:  # fmt: skip
    make(table, demo_tracks)
    target = tmp_path / "kept.csv"
    refused(capsys, ["rank", str(table), "--model", str(ranker_folder), "-o", str(target)], expected)
    assert not target.exists()
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


@pytest.fixture(scope="module")
def ranker_folder(tmp_path_factory: pytest.TempPathFactory, demo_tracks: pd.DataFrame) -> Path:
    config = FitConfig(budget_s=None, trials=1, models=("tree",), bag_repeats=1)
    return fit(demo_tracks, config).ranker.save(tmp_path_factory.mktemp("rankers") / "tree")


@pytest.mark.parametrize(
    "make",
    [make for make in UNREADABLE if make not in {wrong_types, infinities, huge_numbers}],
    ids=name_of,
)
def test_validate_leaves_with_2(
    make: Maker, table: Path, demo_tracks: pd.DataFrame, capsys: pytest.CaptureFixture[str]
) -> None:
    make(table, demo_tracks)
    assert run(["validate", str(table)]) == 2
    said = capsys.readouterr()
    assert "Traceback" not in said.err
    assert ("error: " in said.err and "hint: " in said.err) or "set aside: no audio features" in said.out


@pytest.mark.parametrize("make", [wrong_types, infinities, huge_numbers], ids=name_of)
def test_validate_reports_every_feature_that_cannot_be_right(
    make: Maker, table: Path, demo_tracks: pd.DataFrame, capsys: pytest.CaptureFixture[str]
) -> None:
    make(table, demo_tracks)
    assert run(["validate", str(table)]) == 2
    report = capsys.readouterr().out
    assert all(name in report for name in AUDIO_FEATURES)


def give_up_roots_rights() -> None:
    """Root may read everything: the program to come may not (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH)."""
    for capability in (1, 2):
        ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP


@pytest.mark.skipif(sys.platform == "win32", reason="permissions are POSIX's")
def test_a_file_that_may_not_be_read(tmp_path: Path, demo_tracks: pd.DataFrame) -> None:
    secret = tmp_path / "secret.csv"
    demo_tracks.to_csv(secret, index=False)
    secret.chmod(0)
    home = tmp_path / "open"
    done = subprocess.run(
        [sys.executable, "-m", "earmark.cli.main", "train", str(secret), "--trials", "1", "--models", "tree"],
        env={**os.environ, "EARMARK_HOME": str(home)},
        preexec_fn=give_up_roots_rights if os.getuid() == 0 else None,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert "may not be read (permission denied)" in done.stderr
    assert "hint: give yourself the right to read it" in done.stderr
    assert not done.stdout
    assert {path.name for path in home.rglob("*") if path.is_file()} <= {"train.lock"}


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--budget", "0"], "positive number of seconds"),
        (["--budget", "-1"], "positive number of seconds"),
        (["--budget", "nan"], "positive number of seconds"),
        (["--budget", "inf"], "positive number of seconds"),
        (["--budget", "long"], "--budget"),
        (["--trials", "0"], "at least one trial"),
        (["--trials", "-3"], "at least one trial"),
        (["--trials", "2.5"], "--trials"),
        (["--jobs", "0"], "jobs must be at least 1"),
        (["--seed", "-1"], "a seed is a whole number"),
        (["--seed", "99999999999999999999"], "a seed is a whole number"),
        (["--seed", "x"], "--seed"),
        (["--models", "forest"], "no model family 'forest'"),
        (["--models", "tree,majority"], "no model family 'majority'"),
        (["--split", "album"], "no split 'album'"),
        (["--metric", "beauty"], "no metric 'beauty'"),
        (["--metric", "f1"], "f1 needs a threshold"),
        (["--label", "nosuchcolumn"], "no column 'nosuchcolumn'"),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("command", ["train", "evaluate"])
def test_bad_options_are_refused(
    command: str, arguments: list[str], expected: str, table: Path, demo_tracks: pd.DataFrame,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    demo_tracks.head(100).to_csv(table, index=False)
    refused(capsys, [command, str(table), *arguments], expected)
    assert nothing_written()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["train", "--min-precision", "1.1"], "a precision lies above 0"),
        (["train", "--min-precision", "0"], "a precision lies above 0"),
        (["evaluate", "--folds", "1"], "1 outer fold was asked for\nhint: ask for at least 2"),
        (["evaluate", "--folds", "0"], "0 outer folds were asked for"),
        (["evaluate", "-o", "predictions.xlsx"], "predictions cannot be written as .xlsx"),
        (["evaluate", "--folds", "100000"], "too few"),
        (["evaluate", "-o", "missing/predictions.parquet"], "no folder missing"),
        (["evaluate", "-o", "."], "is a folder"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_options_of_one_command_are_refused(
    arguments: list[str], expected: str, table: Path, demo_tracks: pd.DataFrame, capsys: pytest.CaptureFixture[str]
) -> None:
    demo_tracks.head(100).to_csv(table, index=False)
    command, *options = arguments
    refused(capsys, [command, str(table), "--trials", "1", "--models", "tree", *options], expected)
    assert not list(Home.here().rankers.glob("*"))


def test_a_time_split_needs_times(table: Path, demo_tracks: pd.DataFrame, capsys: pytest.CaptureFixture[str]) -> None:
    demo_tracks.drop(columns="added_at").to_csv(table, index=False)
    refused(capsys, ["train", str(table), "--trials", "1", "--models", "tree", "--split", "time"], "added_at")
    assert not list(Home.here().rankers.glob("*"))
    assert not Home.here().champion_file.exists()


def test_labels_of_candidates_do_not_matter(
    table: Path, demo_tracks: pd.DataFrame, ranker_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = []
    for make in (two_labels, labels_of_words, no_labels):
        make(table, demo_tracks.head(50))
        assert run(["rank", str(table), "--model", str(ranker_folder), "--json"]) == 0
        answers.append(json.loads(capsys.readouterr().out))
    assert answers[0] == answers[1] == answers[2]
    assert answers[0]["n_candidates"] == 50


def test_the_ambiguous_label_can_be_named(
    table: Path, demo_tracks: pd.DataFrame, capsys: pytest.CaptureFixture[str]
) -> None:
    two_labels(table, demo_tracks)
    assert "--label liked or --label saved" in refused(capsys, ["validate", str(table)], "ambiguous")
    assert run(["validate", str(table), "--label", "saved"]) == 0


def test_a_home_that_cannot_be_written_to(
    table: Path, demo_tracks: pd.DataFrame, capsys: pytest.CaptureFixture[str], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    demo_tracks.to_csv(table, index=False)
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("EARMARK_HOME", str(tmp_path / "file"))
    assert "EARMARK_HOME" in refused(capsys, ["train", str(table), "--trials", "1"], "cannot be written to")
    assert (tmp_path / "file").read_text() == "in the way"


def test_a_damaged_study_is_explained_and_left_as_it_is(
    table: Path, demo_tracks: pd.DataFrame, capsys: pytest.CaptureFixture[str]
) -> None:
    demo_tracks.to_csv(table, index=False)
    home = Home.here()
    home.prepare()
    damaged = b"this is not a database, and long enough to be sure of it" * 100
    (home.mlruns / "search.db").write_bytes(damaged)
    refused(capsys, ["evaluate", str(table), "--trials", "1", "--models", "tree", "--folds", "2"], "damaged")
    assert (home.mlruns / "search.db").read_bytes() == damaged


def test_validate_answers_with_the_documented_shape(
    table: Path, demo_tracks: pd.DataFrame, capsys: pytest.CaptureFixture[str]
) -> None:
    faulty = demo_tracks.head(20).astype({"energy": object}).copy()
    faulty.loc[3, "energy"] = "loud"
    faulty.loc[5, list(AUDIO_FEATURES)] = np.nan
    pd.concat([faulty, faulty.tail(1)]).to_csv(table, index=False)
    assert run(["validate", str(table), "--json"]) == 2
    said = capsys.readouterr()
    report = json.loads(said.out, parse_constant=pytest.fail)
    assert {"rows", "usable", "faults", "merged", "set_aside", "notes"} <= set(report)
    assert any(note.startswith("label: 'liked'") for note in report["notes"])
    assert report["rows"] == report["usable"] + report["merged"] + sum(report["set_aside"].values()) == 21
    assert report["merged"] == 1
    assert report["set_aside"] == {"no audio features": 1, "not a number": 1}
    for fault in report["faults"]:
        assert {"column", "rule", "rows", "example", "hint"} <= set(fault)
    (energy,) = [fault for fault in report["faults"] if fault["column"] == "energy"]
    assert (energy["rows"], energy["first_rows"], energy["example"]) == (1, [4], "loud")
    assert "label: 'liked'" in said.err
    assert run(["validate", str(table)]) == 2
    assert "energy" in capsys.readouterr().out


def test_a_good_table_validates_with_0(
    table: Path, demo_tracks: pd.DataFrame, capsys: pytest.CaptureFixture[str]
) -> None:
    demo_tracks.to_csv(table, index=False)
    assert run(["validate", str(table)]) == 0
    assert capsys.readouterr().out == "All good: 600 rows, every one a usable track.\n"
