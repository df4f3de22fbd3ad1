"""`earmark evaluate` of likes alone: what it answers and says, and that nothing is shown that cannot be known."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from earmark.cli.main import run
from experiments.benchmark.likes_only import hidden
from experiments.metrics import METRICS

QUICK = ("--folds", "2", "--trials", "1", "--models", "tree")
TOLD = {"roc_auc", "average_precision"}


@pytest.fixture
def unlabelled(tmp_path: Path, demo_tracks: pd.DataFrame) -> Path:
    """Likes, and tracks that nobody judged."""
    path = tmp_path / "mine.csv"
    hidden(demo_tracks, seed=0).to_csv(path, index=False)
    return path


@pytest.fixture
def likes(tmp_path: Path, demo_tracks: pd.DataFrame) -> Path:
    """Likes and nothing else."""
    path = tmp_path / "likes.csv"
    demo_tracks[demo_tracks["liked"] == 1].head(120).to_csv(path, index=False)
    return path


def check_metrics(metrics: dict[str, Any], interval: dict[str, Any]) -> None:
    """All keys, and null but for what is told."""
    assert set(metrics) == set(interval) == set(METRICS)
    assert {name for name, value in metrics.items() if value is not None} == TOLD
    assert {name for name, pair in interval.items() if pair != [None, None]} == TOLD
    assert all(interval[name][0] < metrics[name] < interval[name][1] for name in TOLD)


def test_likes_and_own_unlabelled_rows(unlabelled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["evaluate", str(unlabelled), *QUICK, "--json"]) == 0
    printed = capsys.readouterr()
    answer = json.loads(printed.out, parse_constant=pytest.fail)
    assert {"split", "folds", "mean", "interval", "predictions", "views", "paired", "promise", "budget"} < set(answer)
    assert (answer["against"], answer["split"]) == ("background", "artist")
    assert set(answer["left_out"]) == {*METRICS, "promise", "predicted_like", "learning_curve"} - TOLD
    check_metrics(answer["mean"], answer["interval"])
    for view in answer["views"].values():
        check_metrics(view["metrics"], view["interval"])
        check_metrics(view["all_rows"]["metrics"], view["all_rows"]["interval"])
        assert {name for name, value in view["folds"][0]["metrics"].items() if value is not None} == TOLD
    assert {name for name, gap in answer["paired"].items() if gap["difference"] is not None} == TOLD
    assert answer["promise"] == {"unseen": None, "familiar": None}
    assert answer["learning_curve"] is None
    assert any("not likes from dislikes" in line for line in answer["notes"])
    predictions = pd.read_parquet(answer["predictions"])
    assert predictions["predicted_like"].isna().all()
    assert set(predictions["liked"].dropna()) == {1}


def test_likes_against_a_catalogue_in_words(
    likes: Path, demo_tracks: pd.DataFrame, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    catalogue = tmp_path / "catalogue.csv"
    demo_tracks.drop(columns=["liked", "added_at"]).to_csv(catalogue, index=False)
    assert run(["evaluate", str(likes), *QUICK, "--split", "artist", "--catalogue", str(catalogue)]) == 0
    said = capsys.readouterr().err
    tables = said.split("judging\n")[1]
    assert [line.split("  ")[0] for line in tables.splitlines() if "  " in line] == [
        "", "tracks", "ROC AUC", "average precision",
    ]  # fmt: skip
    assert "chance alone reaches the share of likes among the tracks" in tables
    assert "it puts the liked one first " in tables
    assert "That is not how well it tells likes from dislikes" in tables
    assert "Note: held-out figures tell likes from background, not likes from dislikes" in tables
    assert "Note: like probabilities are relative to that background" in tables
    assert "Note: left out: precision, recall" in tables
    assert "Note: left out: the learning curve" in tables
    for wrong in ("skipped", "what it keeps", "asked", "cut)", "labels would"):
        assert wrong not in tables


def test_likes_without_a_catalogue_are_refused_with_the_mend(likes: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["evaluate", str(likes), *QUICK]) == 2
    said = capsys.readouterr().err
    assert "none is skipped" in said
    assert "--catalogue FILE" in said
