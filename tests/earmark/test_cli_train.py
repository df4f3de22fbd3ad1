"""One small train for real, and what can be asked afterwards: its answer, its ranker, the lists."""

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from earmark.cli.main import run
from experiments.metrics import METRICS

TRAIN = ["--trials", "2", "--models", "tree,boosted_trees", "--seed", "0", "--json"]
METRIC_NAMES = {
    "roc_auc", "average_precision", "precision", "recall", "f1", "f0_5", "combined", "accuracy", "log_loss", "brier",
    "ece", "precision_at_k",
}  # fmt: skip
CHATTER = re.compile(
    r"warning|onednn|alembic|\bINFO\b|\bWARN|deprecat|tensorflow|cuda|optuna|sqlalchemy|mlflow\.|absl|\d{2}:\d{2}:\d{2}",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Trained:
    """A finished `earmark train --json`."""

    home: Path
    table: Path
    answer: dict[str, Any]
    stdout: str
    stderr: str


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory, demo_tracks: pd.DataFrame) -> tuple[Trained, Trained]:
    """Two equal trains side by side, each in a home of its own."""
    table = tmp_path_factory.mktemp("tables") / "small.csv"
    demo_tracks.head(300).to_csv(table, index=False)
    homes = [tmp_path_factory.mktemp("home") for _ in range(2)]
    trains = [
        subprocess.Popen(
            [sys.executable, "-m", "earmark.cli.main", "train", str(table), *TRAIN],
            env={
                **{key: value for key, value in os.environ.items() if key != "PYTHONWARNINGS"},
                "EARMARK_HOME": str(home),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for home in homes
    ]
    finished = []
    for train, home in zip(trains, homes, strict=True):
        stdout, stderr = train.communicate(timeout=120)
        assert train.returncode == 0, stderr
        finished.append(Trained(home, table, json.loads(stdout, parse_constant=pytest.fail), stdout, stderr))
    return finished[0], finished[1]


@pytest.fixture
def trained(pair: tuple[Trained, Trained], monkeypatch: pytest.MonkeyPatch) -> Trained:
    """The first of them, in whose home commands then run."""
    monkeypatch.setenv("EARMARK_HOME", str(pair[0].home))
    return pair[0]


def test_the_answer_has_the_documented_shape(trained: Trained) -> None:
    answer = trained.answer
    assert {
        "run_id", "model", "source", "split", "seed", "budget_s", "elapsed_s", "n_tracks", "n_liked", "threshold",
        "notes", "metrics", "families", "baselines",
    } <= set(answer)  # fmt: skip
    assert set(answer["metrics"]) == METRIC_NAMES == set(METRICS)
    assert [family["name"] for family in answer["families"]] == ["tree", "boosted_trees"]
    for family in answer["families"]:
        assert {"name", "trials", "best_params", "metrics"} <= set(family)
        assert family["trials"] == 2
        assert family["best_params"]
        assert set(family["metrics"]) == METRIC_NAMES
    baselines = {"majority", "untuned_tree", "historic_dense", "artist_mean"}
    assert {baseline["name"] for baseline in answer["baselines"]} == baselines
    for baseline in answer["baselines"]:
        assert set(baseline["metrics"]) == METRIC_NAMES
    assert (answer["source"], answer["split"], answer["seed"], answer["budget_s"]) == ("small.csv", "artist", 0, None)
    assert (answer["n_tracks"], answer["n_train"] + answer["n_test"]) == (300, 300)
    assert 0 < answer["n_liked"] < 300
    assert 0 <= answer["threshold"] <= 1
    assert answer["model"] in {"tree", "boosted_trees", "ensemble"}
    assert sum(answer["weights"].values()) == pytest.approx(1.0, abs=1e-3)
    assert answer["elapsed_s"] > 0
    assert all(isinstance(line, str) for line in answer["notes"])


def test_the_winner_learned_something_and_the_majority_did_not(trained: Trained) -> None:
    by_name = {entry["name"]: entry["metrics"] for entry in trained.answer["families"] + trained.answer["baselines"]}
    assert by_name["majority"]["roc_auc"] == 0.5
    assert trained.answer["metrics"]["roc_auc"] > 0.7
    low, high = trained.answer["intervals"]["roc_auc"]
    assert low <= trained.answer["metrics"]["roc_auc"] <= high
    heaviest = max(trained.answer["families"], key=lambda family: family["weight"])
    assert by_name[heaviest["name"]]["roc_auc"] > 0.65


def test_an_equal_train_gives_an_equal_answer(pair: tuple[Trained, Trained]) -> None:
    varies = {"run_id", "elapsed_s", "ranker"}
    first, second = ({key: value for key, value in one.answer.items() if key not in varies} for one in pair)
    assert first == second
    assert pair[0].answer["run_id"] != pair[1].answer["run_id"]
    arrays = [(Path(one.answer["ranker"]) / "arrays.npz").read_bytes() for one in pair]
    assert arrays[0] == arrays[1]


def test_stdout_is_json_alone_and_stderr_is_for_people(pair: tuple[Trained, Trained]) -> None:
    for one in pair:
        assert one.stdout.startswith("{")
        chatter = [line for line in one.stderr.splitlines() if CHATTER.search(line.replace("recording in MLflow", ""))]
        assert not chatter


def test_progress_and_the_final_table_are_said(trained: Trained) -> None:
    said = trained.stderr
    for expected in (
        "label: 'liked': 146 liked, 154 not liked",
        "searching tree: ",
        "searching boosted_trees: ",
        f"On {trained.answer['n_test']} held-out tracks (no artist on both sides):",
        "Historic dense net (2021) (baseline)",
        "keep everything",
        "95 % bootstrap interval",
        "It is the new champion: it is the first.",
        trained.answer["ranker"],
    ):
        assert expected in said
    table = said[said.index("held-out") :]
    assert f"{trained.answer['metrics']['roc_auc']:.3f}" in table
    assert len(said.splitlines()) < 65, "a train that is not on a terminal should say little"


def test_state_is_where_earmark_home_says(trained: Trained) -> None:
    assert {path.name for path in trained.home.iterdir()} == {"mlruns"}
    inside = {path.name for path in (trained.home / "mlruns").iterdir()}
    assert {"mlflow.db", "search.db", "artifacts", "rankers", "champion.json"} <= inside
    assert Path(trained.answer["ranker"]) == trained.home / "mlruns" / "rankers" / trained.answer["run_id"]


def test_the_ranker_is_the_champion_and_is_found_by_its_run_id(
    trained: Trained, capsys: pytest.CaptureFixture[str]
) -> None:
    run_id = trained.answer["run_id"]
    answers = []
    for model in ("champion", run_id, run_id[:8], trained.answer["ranker"]):
        assert run(["rank", "demo_candidates", "--model", model, "--json"]) == 0
        answers.append(json.loads(capsys.readouterr().out))
    assert all(answer == answers[0] for answer in answers)
    assert answers[0]["model"] == run_id
    assert answers[0]["threshold"] == trained.answer["threshold"]


def test_models_lists_it(trained: Trained, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["models", "--json"]) == 0
    (ranker,) = json.loads(capsys.readouterr().out)["rankers"]
    assert ranker["ranker"] == trained.answer["run_id"]
    assert (ranker["model"], ranker["source"], ranker["champion"]) == (trained.answer["model"], "small.csv", True)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", ranker["trained"])


def test_doctor_finds_both_databases_whole(trained: Trained, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor", "--json"]) == 0
    checks = {check["name"]: check for check in json.loads(capsys.readouterr().out)}
    assert checks["mlflow.db"]["found"] == checks["search.db"]["found"] == "ok"
    assert checks["champion"]["found"] == trained.answer["ranker"]
