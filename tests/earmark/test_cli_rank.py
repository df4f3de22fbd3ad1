"""`earmark rank`: what it keeps, in every format, with any ranker, and what it says beside it."""

import csv
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from earmark.cli.main import run
from earmark.home import Home
from experiments.config import FitConfig
from experiments.fitting import fit
from features.schema import AUDIO_FEATURES
from models.ranker import Ranker

RUN_ID = "abcdef0123"
BESIDE = ("release_year", "popularity", "explicit", "artist_sound", "artist_liked", "genres")
Answer = Callable[..., Any]


@pytest.fixture(scope="module")
def small_ranker(demo_tracks: pd.DataFrame) -> Ranker:
    """A bag of eight trees: loads in a moment."""
    return fit(demo_tracks, FitConfig(budget_s=None, trials=1, models=("tree",), bag_repeats=1)).ranker


@pytest.fixture
def champion(small_ranker: Ranker) -> Path:
    home = Home.here()
    home.prepare()
    folder = small_ranker.save(home.rankers / RUN_ID)
    home.set_champion(RUN_ID)
    return folder


@pytest.fixture
def ranked(champion: Path, capsys: pytest.CaptureFixture[str]) -> Answer:
    """Rank the demo candidates and read the JSON."""

    def answer(*arguments: str) -> Any:
        assert run(["rank", "demo_candidates", "--json", *arguments]) == 0
        return json.loads(capsys.readouterr().out, parse_constant=pytest.fail)

    return answer


@pytest.fixture
def odd_candidates(tmp_path: Path, demo_tracks: pd.DataFrame) -> Path:
    """Four tracks whose names try to be more than names."""
    tracks = demo_tracks.drop(columns="liked").head(4).copy()
    tracks["track_id"] = ["4uLU6hMCjMI75M1A2tKUQC", "local:1", "local:2", "local:3"]
    tracks["track_name"] = ["Plain", "Bell\x07 and \x1b[2Jclear\u2028end", "#EXTINF:1,Comment", None]
    tracks["artist_name"] = ["Somebody", "A\rB", "#Hash", None]
    tracks["duration_ms"] = [200_400.0, 59_600.0, float("nan"), 1000.0]
    path = tmp_path / "odd.parquet"
    tracks.to_parquet(path)
    return path


def test_the_answer_has_the_documented_shape(ranked: Answer) -> None:
    found = ranked()
    assert set(found) == {
        "model", "threshold", "n_candidates", "n_kept", "expected_precision", "tracks", "set_aside", "merged",
        "base_rate", "notes",
    }  # fmt: skip
    assert set(found["expected_precision"]) == {"value", "low", "high"}
    assert found["model"] == RUN_ID
    assert found["n_candidates"] + found["merged"] + sum(found["set_aside"].values()) == 300
    assert 0 < found["n_kept"] == len(found["tracks"]) < found["n_candidates"]
    for track in found["tracks"]:
        assert set(track) == {
            "rank", "track_id", "track_name", "artist_name", "like_probability", "predicted_like", "known",
        }  # fmt: skip
    assert [track["rank"] for track in found["tracks"]] == list(range(1, found["n_kept"] + 1))
    chances = [track["like_probability"] for track in found["tracks"]]
    assert chances == sorted(chances, reverse=True)
    assert all(found["threshold"] <= chance <= 1 for chance in chances)
    low, value, high = (found["expected_precision"][name] for name in ("low", "value", "high"))
    assert 0 <= low <= value <= high <= 1


def test_tracks_of_the_training_table_are_flagged(ranked: Answer, demo_tracks: pd.DataFrame) -> None:
    tracks = ranked("--top", "300")["tracks"]
    known = {track["track_id"] for track in tracks if track["known"]}
    assert known
    assert known == {track["track_id"] for track in tracks} & set(demo_tracks["track_id"])


def test_top_threshold_and_precision_cut_differently(ranked: Answer) -> None:
    everything = ranked("--threshold", "0")
    assert everything["n_kept"] == everything["n_candidates"]
    ids = [track["track_id"] for track in everything["tracks"]]
    best = ranked("--top", "7")
    assert [track["track_id"] for track in best["tracks"]] == ids[:7]
    half = ranked("--threshold", "0.5")
    assert half["threshold"] == 0.5
    assert [track["track_id"] for track in half["tracks"]] == ids[: half["n_kept"]]
    loose, strict = ranked("--min-precision", "0.3"), ranked("--min-precision", "0.4")
    assert 0 < strict["n_kept"] < loose["n_kept"]
    assert strict["expected_precision"]["value"] > loose["expected_precision"]["value"]


def test_a_cut_that_keeps_nothing_promises_nothing(ranked: Answer) -> None:
    found = ranked("--threshold", "1")
    assert found["tracks"] == []
    assert found["n_kept"] == 0
    assert found["expected_precision"] == {"value": None, "low": None, "high": None}


def test_reasons_name_features_with_their_values_strongest_first(ranked: Answer) -> None:
    for track in ranked("--top", "5", "--why")["tracks"]:
        assert 1 <= len(track["reasons"]) <= 3
        sizes = [abs(reason["effect"]) for reason in track["reasons"]]
        assert sizes == sorted(sizes, reverse=True)
        for reason in track["reasons"]:
            assert set(reason) == {"feature", "value", "effect"}
            assert reason["feature"] in {*AUDIO_FEATURES, *BESIDE}
            assert reason["value"] is None or isinstance(reason["value"], float)


def test_the_table_is_on_stdout_and_the_rest_beside_it(champion: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rank", "demo_candidates", "--top", "4", "--why"]) == 0
    said = capsys.readouterr()
    lines = said.out.splitlines()
    assert lines[0].split() == ["#", "like", "track", "artist", "because"]
    assert [line.split()[0] for line in lines[1:]] == ["1", "2", "3", "4"]
    assert re.search(r"[a-z]+ [^:]*(:\d\d)?: [+-]\d\.\d\d", lines[1])
    assert "Kept the best 4 of 294 candidates" in said.err
    assert re.search(r"expect \d+ % to be liked \(90 % interval \d+ % to \d+ %\)", said.err)
    assert "6 rows set aside: no audio features (6)" in said.err


def test_how_many_are_kept_and_known_is_said(ranked: Answer, capsys: pytest.CaptureFixture[str]) -> None:
    found = ranked()
    assert run(["rank", "demo_candidates"]) == 0
    said = capsys.readouterr()
    assert len(said.out.splitlines()) == 1 + found["n_kept"]
    assert f"Kept {found['n_kept']} of 294 candidates (like probability >= {found['threshold']:.2f})" in said.err
    known = sum(track["known"] for track in found["tracks"])
    were = "was" if known == 1 else "were"
    assert (f"{known} of the kept tracks {were} in the training table already" in said.err) == bool(known)


def test_csv_carries_what_json_does(ranked: Answer, capsys: pytest.CaptureFixture[str]) -> None:
    found = ranked("--why")
    assert run(["rank", "demo_candidates", "--format", "csv", "--why"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert len(rows) == found["n_kept"]
    for row, track in zip(rows, found["tracks"], strict=True):
        assert (row["track_id"], float(row["like_probability"])) == (track["track_id"], track["like_probability"])
        assert (row["known"], row["predicted_like"]) == (str(track["known"]), str(track["predicted_like"]))
        assert row["reasons"].count(": ") == len(track["reasons"])


def test_m3u_has_durations_addresses_and_no_control_characters(
    champion: Path, odd_candidates: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["rank", str(odd_candidates), "--format", "m3u", "--threshold", "0"]) == 0
    text = capsys.readouterr().out
    assert all(character == "\n" or character.isprintable() for character in text)
    header, *lines = text.splitlines()
    assert header == "#EXTM3U"
    (address,) = [line for line in lines if not line.startswith("#EXTINF:")]
    assert re.fullmatch(r"https://open\.spotify\.com/track/[0-9A-Za-z]{22}", address)
    assert lines[lines.index(address) - 1] == "#EXTINF:200,Somebody - Plain"
    assert {
        "#EXTINF:60,A B - Bell  and  [2Jclear end",
        "#EXTINF:-1,#Hash - #EXTINF:1,Comment",
        "#EXTINF:1,local:3",
    } < set(lines), "a title from a stranger's table must not become a file that is played"


def test_a_table_moves_no_cursor(champion: Path, odd_candidates: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rank", str(odd_candidates), "--threshold", "0"]) == 0
    said = capsys.readouterr()
    assert all(character == "\n" or character.isprintable() for character in said.out + said.err)
    assert len(said.out.splitlines()) == 5


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("a.csv", "rank,track_id,"),
        ("a.json", "{"),
        ("a.m3u", "#EXTM3U\n"),
        ("a.M3U8", "#EXTM3U\n"),
        ("a.txt", "#  like"),
    ],
)
def test_a_file_is_written_whole_in_the_format_of_its_ending(
    name: str, begins: str, champion: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "out" / name
    target.parent.mkdir()
    target.write_text("what was there before")
    assert run(["rank", "demo_candidates", "--top", "3", "-o", str(target)]) == 0
    said = capsys.readouterr()
    assert not said.out
    assert f"Written to {target}" in said.err
    written = target.read_text()
    assert written.startswith(begins)
    assert list(target.parent.iterdir()) == [target]
    wanted = {"a.csv": "csv", "a.json": "json", "a.txt": "table"}.get(name, "m3u")
    assert run(["rank", "demo_candidates", "--top", "3", "--format", wanted]) == 0
    assert capsys.readouterr().out == written


def test_a_named_format_wins_over_the_ending(champion: Path, tmp_path: Path) -> None:
    target = tmp_path / "playlist.csv"
    assert run(["rank", "demo_candidates", "--format", "m3u", "-o", str(target)]) == 0
    assert target.read_text().startswith("#EXTM3U")


def test_json_into_a_file_of_any_name(champion: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "answer"
    assert run(["rank", "demo_candidates", "--json", "-o", str(target)]) == 0
    assert json.loads(target.read_text())["n_kept"]
    assert not capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--json", "--format", "csv"], "contradict"),
        (["--json", "-o", "likes.csv"], "--json and the ending of likes.csv contradict"),
        (["--json", "-o", "likes.M3U"], "--json and the ending of likes.M3U contradict"),
        (["--top", "3", "--threshold", "0.5"], "more than one cut"),
        (["--top", "3", "--min-precision", "0.5"], "more than one cut"),
        (["--threshold", "0.3", "--min-precision", "0.5"], "more than one cut"),
        (["--top", "0"], "at least 1"),
        (["--top", "-2"], "at least 1"),
        (["--top", "many"], "--top"),
        (["--top", "2.5"], "--top"),
        (["--threshold", "1.01"], "from 0 to 1"),
        (["--threshold", "-0.1"], "from 0 to 1"),
        (["--threshold", "nan"], "from 0 to 1"),
        (["--min-precision", "0"], "above 0"),
        (["--min-precision", "1.5"], "above 0"),
        (["--min-precision", "nan"], "above 0"),
        (["--format", "xml"], "no format 'xml'"),
        (["-o", "playlist.xyz"], "says no format"),
        (["-o", "."], ". is a folder"),
        (["-o", "missing-folder/a.csv"], "no folder missing-folder"),
        (["--model", "nosuchrun"], "no ranker 'nosuchrun'"),
        (["--model", "x" * 300], "too long"),
        (["--model", "."], "no saved ranker"),
        (["--label", "x"], "No such option"),
    ],
)
def test_contradictions_and_bad_numbers_are_refused(
    arguments: list[str], expected: str, champion: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert run(["rank", "demo_candidates", *arguments]) == 2
    said = capsys.readouterr()
    assert not said.out
    assert expected in said.err
    assert re.search(r"^error: ", said.err, re.MULTILINE)
    assert re.search(r"^hint: ", said.err, re.MULTILINE)
    assert "Traceback" not in said.err
    assert not list((tmp_path / "here").iterdir())


def test_a_precision_out_of_reach_is_refused(
    champion: Path, small_ranker: Ranker, capsys: pytest.CaptureFixture[str]
) -> None:
    seen = small_ranker.out_of_fold
    always_wrong = replace(small_ranker, out_of_fold=replace(seen, liked=1 - seen.liked))
    folder = always_wrong.save(champion.parent / "wrong01")
    assert run(["rank", "demo_candidates", "--model", str(folder), "--min-precision", "0.99"]) == 2
    said = capsys.readouterr()
    assert "a precision of 0.99 cannot be promised for these 294 candidates" in said.err
    assert not said.out


def test_a_ranker_is_named_by_run_id_its_beginning_or_a_folder(
    champion: Path, ranked: Answer, small_ranker: Ranker, tmp_path: Path
) -> None:
    by_default = ranked("--top", "5")
    assert ranked("--top", "5", "--model", "champion") == by_default
    assert ranked("--top", "5", "--model", RUN_ID) == by_default
    assert ranked("--top", "5", "--model", RUN_ID[:6]) == by_default
    copy = small_ranker.save(tmp_path / "given-by-a-friend")
    assert ranked("--top", "5", "--model", str(copy)) == {**by_default, "model": "given-by-a-friend"}


def test_an_ambiguous_run_id_asks_for_more(
    champion: Path, small_ranker: Ranker, capsys: pytest.CaptureFixture[str]
) -> None:
    small_ranker.save(champion.parent / "abcdef9999")
    assert run(["rank", "demo_candidates", "--model", "abcdef"]) == 2
    assert "give more of the run id" in capsys.readouterr().err


def test_before_the_first_train_it_says_how_to_train(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rank", "demo_candidates"]) == 2
    said = capsys.readouterr()
    assert not said.out
    assert "no trained ranker" in said.err
    assert "earmark train" in said.err
    assert not Home.here().mlruns.exists()


def test_labels_among_the_candidates_do_not_matter(champion: Path, demo_tracks: pd.DataFrame, tmp_path: Path) -> None:
    labelled, bare = tmp_path / "labelled.csv", tmp_path / "bare.csv"
    demo_tracks.head(40).to_csv(labelled, index=False)
    demo_tracks.head(40).drop(columns="liked").to_csv(bare, index=False)
    for path in (labelled, bare):
        assert run(["rank", str(path), "--json", "-o", str(path.with_suffix(".json"))]) == 0
    answers = [json.loads(path.with_suffix(".json").read_text()) for path in (labelled, bare)]
    assert answers[0] == answers[1]
    assert all(track["known"] for track in answers[0]["tracks"])


def test_the_candidates_are_never_overwritten(
    champion: Path, odd_candidates: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = odd_candidates.read_bytes()
    link = tmp_path / "link.csv"
    link.symlink_to(odd_candidates)
    assert run(["rank", str(odd_candidates), "-o", str(link)]) == 2
    assert "holds the candidates themselves" in capsys.readouterr().err
    assert odd_candidates.read_bytes() == before


@pytest.mark.parametrize(("source", "invented"), [("demo", True), ("my-likes.csv", False)])
def test_whose_taste_is_asked_is_said(
    source: str, invented: bool, small_ranker: Ranker, odd_candidates: Path, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    info = {**small_ranker.info, "source": source, "trained": "2026-05-04T03:02:01+00:00"}
    folder = replace(small_ranker, info=info).save(tmp_path / "somebodys")
    assert run(["rank", str(odd_candidates), "--model", str(folder)]) == 0
    said = capsys.readouterr().err
    assert f"tree, trained on {source} 2026-05-04" in said
    assert ("invented demo listener, not yours" in said) == invented
    assert run(["rank", "demo_candidates", "--model", str(folder)]) == 0
    assert "not yours" not in capsys.readouterr().err


def test_characters_that_the_terminal_lacks_are_escaped(
    champion: Path, demo_tracks: pd.DataFrame, tmp_path: Path
) -> None:
    table = tmp_path / "one.csv"
    demo_tracks.head(1).assign(track_name="Motörhead").to_csv(table, index=False)
    done = subprocess.run(
        [sys.executable, "-m", "earmark.cli.main", "rank", str(table), "--threshold", "0"],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Mot\\xf6rhead" in done.stdout


def test_ranking_imports_neither_tensorflow_nor_mlflow(champion: Path) -> None:
    code = (
        "import sys\nfrom earmark.cli.main import run\ncode = run(['rank', 'demo_candidates', '--top', '1', '--why'])\n"
        "print(code, sorted({'tensorflow', 'keras', 'mlflow', 'optuna', 'matplotlib'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "0 []"
