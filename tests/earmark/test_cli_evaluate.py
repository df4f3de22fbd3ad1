"""`earmark evaluate`: what it answers, what it says to people, what it leaves behind."""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from earmark.cli.main import run
from experiments.metrics import METRICS

COLUMNS = ["view", "fold", "track_id", "liked", "like_probability", "predicted_like", "familiar"]


@dataclass(frozen=True)
class Evaluated:
    """A finished `earmark evaluate --json` of two outer folds."""

    home: Path
    table: Path
    answer: dict[str, Any]
    said: str


@pytest.fixture
def table(tmp_path: Path, demo_tracks: pd.DataFrame) -> Path:
    path = tmp_path / "small.csv"
    demo_tracks.head(300).to_csv(path, index=False)
    return path


@pytest.fixture
def evaluated(table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Evaluated:
    arguments = ["evaluate", str(table), "--folds", "2", "--trials", "1", "--models", "tree", "--json"]
    assert run(arguments) == 0
    said = capsys.readouterr()
    return Evaluated(tmp_path / "home", table, json.loads(said.out, parse_constant=pytest.fail), said.err)


def check_documented_keys(answer: dict[str, Any]) -> None:
    """The contract of the first view: its folds, the mean of their metrics, and an interval around it."""
    assert (answer["split"], answer["against"], answer["left_out"]) == ("artist", "dislikes", {})
    assert [fold["fold"] for fold in answer["folds"]] == [0, 1]
    for fold in answer["folds"]:
        assert {"fold", "model", "n_train", "n_test", "seconds", "metrics"} == set(fold)
        assert fold["n_train"] + fold["n_test"] == 300
        assert set(fold["metrics"]) == set(METRICS)
    for name in METRICS:
        mean = sum(fold["metrics"][name] for fold in answer["folds"]) / 2
        assert math.isclose(answer["mean"][name], mean)
        low, high = answer["interval"][name]
        assert low <= answer["mean"][name] <= high


def check_views(answer: dict[str, Any]) -> None:
    assert list(answer["views"]) == ["unseen", "familiar"]
    for view in answer["views"].values():
        assert set(view["metrics"]) == set(view["interval"]) == set(METRICS)
        assert view["all_rows"]["n_tracks"] == 300
        assert view["why_not"] is None
    assert answer["views"]["unseen"]["n_tracks"] == 300 > answer["views"]["familiar"]["n_tracks"] > 200
    for gap in answer["paired"].values():
        assert math.isclose(gap["difference"], gap["familiar"] - gap["unseen"], abs_tol=1e-12)
        assert gap["interval"][0] <= gap["difference"] <= gap["interval"][1]
    for name, checks in answer["promise"].items():
        assert [check["promised"] for check in checks] == [0.7, 0.8, 0.9]
        for check in checks:
            assert check["n_candidates"] == answer["views"][name]["n_tracks"]
            assert check["verdict"] in {"held", "within chance", "broken", "out of reach"}
            assert (check["realised"] is None) == (check["n_kept"] == 0)
    curve = answer["learning_curve"]
    assert (curve["family"], curve["metric"], curve["n_folds"]) == ("tree", "roc_auc", 2)
    assert [point["share"] for point in curve["points"]] == [0.5, 1.0]  # two points make no law
    assert curve["power_law"] is curve["twice_as_many"] is None
    assert answer["budget"] is None


def check_predictions(evaluated: Evaluated) -> None:
    table = pd.read_csv(evaluated.table)
    predictions = pd.read_parquet(evaluated.answer["predictions"])
    assert list(predictions.columns) == COLUMNS
    for name in ("unseen", "familiar"):
        view = predictions[predictions["view"] == name].reset_index(drop=True)
        assert list(view["track_id"]) == list(table["track_id"])
        assert list(view["liked"]) == list(table["liked"])
        assert view["like_probability"].between(0, 1).all()
    unseen = predictions[predictions["view"] == "unseen"].reset_index(drop=True)
    artists = table["artist_name"].groupby(unseen["fold"]).agg(set)
    assert not artists[0] & artists[1]


def check_what_is_said(said: str) -> None:
    progress, tables = said.split("judging\n")
    for who in ("unseen", "familiar"):
        assert f"{who} artists, fold 2 of 2: searching tree" in progress
    assert "learning curve, fold 1 of 2" in progress
    lines = tables.splitlines()
    assert max(map(len, [line for line in lines if "  " in line])) <= 100  # the tables
    assert [line.split("  ")[0] for line in lines if line.startswith(("ROC", "log", "cal"))] == [
        "ROC AUC", "log loss", "calibration error",
    ]  # fmt: skip
    assert "liked of kept, unseen artists" in tables
    assert "(all 300 tracks of the random folds: ROC AUC 0." in tables
    assert "Tracks by artists it never heard: " in tables
    assert "romise" in tables
    assert "300 labels are too few to tell what more of them would bring" in tables


def test_evaluate_answers_tells_and_keeps(evaluated: Evaluated, capsys: pytest.CaptureFixture[str]) -> None:
    check_documented_keys(evaluated.answer)
    check_views(evaluated.answer)
    check_predictions(evaluated)
    check_what_is_said(evaluated.said)
    assert not list((evaluated.home / "mlruns" / "rankers").iterdir())

    target = evaluated.table.parent / "here.parquet"
    again = ["evaluate", str(evaluated.table), "--folds", "2", "--trials", "1", "--models", "tree", "--json"]
    assert run([*again, "--split", "artist", "-o", str(target)]) == 0
    alone = json.loads(capsys.readouterr().out)
    assert alone["predictions"] == str(target)
    assert list(alone["views"]) == ["unseen"]
    assert alone["mean"] == evaluated.answer["mean"]  # from the studies' finished trials
    everything = pd.read_parquet(evaluated.answer["predictions"])
    unseen = everything[everything["view"] == "unseen"]
    assert pd.read_parquet(target).equals(unseen)
    as_text = target.with_suffix(".csv")
    assert run([*again, "--split", "artist", "-o", str(as_text)]) == 0
    pd.testing.assert_frame_equal(pd.read_csv(as_text), unseen, check_dtype=False, check_categorical=False)


def test_train_and_evaluate_answer_alike_about_what_was_read(
    table: Path, demo_tracks: pd.DataFrame, capsys: pytest.CaptureFixture[str]
) -> None:
    tracks = demo_tracks.head(120)
    wrong = tracks.tail(1).assign(track_id="local:wrong", track_name="Wrong", energy=52.0)
    pd.concat([tracks, tracks.head(7), wrong]).to_csv(table, index=False)
    answers = []
    for command in (["train"], ["evaluate", "--folds", "2", "--split", "random"]):
        assert run([*command, str(table), "--trials", "1", "--models", "tree", "--json"]) == 0
        answers.append(json.loads(capsys.readouterr().out))
    trained, evaluated = answers
    for answer in answers:
        assert (answer["source"], answer["merged"], answer["set_aside"]) == (table.name, 7, {"out of range": 1})
        assert answer["notes"][0].startswith("label: 'liked'")
    assert evaluated["notes"][0] == trained["notes"][0]


def test_a_split_that_is_not_one_is_explained_with_all_of_them(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["evaluate", str(table), "--split", "album"]) == 2
    said = capsys.readouterr().err
    assert "no split 'album'" in said
    assert "both, artist, random, time" in said
