"""Trains are recorded whole, killed ones are recognised, and the champion bears its alias."""

import json
import os
import re
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import mlflow
import numpy as np
import pytest
from filelock import FileLock, Timeout
from mlflow import MlflowClient

from experiments.benchmark.made_up_train import made_up_ranker, made_up_result, made_up_tracks
from experiments.figures_judgement import roc
from experiments.mlflow_folder import database_uri, experiment_id
from experiments.results import TrainResult
from experiments.run_rows import KIND_TAG, train_row, walk
from experiments.running import RunningTrains
from experiments.tracking import Recorded, Tracker
from features.errors import InputError, ServiceError
from models.ranker import Ranker

HOLD = """
import sys, time
from pathlib import Path
from experiments.tracking import Tracker
print(Tracker(Path(sys.argv[1])).start("to be killed", {}), flush=True)
time.sleep(300)
"""


@pytest.fixture(scope="module")
def ranker() -> Ranker:
    return made_up_ranker(made_up_tracks())


@pytest.fixture(scope="module")
def result(ranker: Ranker) -> TrainResult:
    return made_up_result(trials=9, ranker=ranker)


@pytest.fixture(scope="module")
def mlruns(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("with space & 100% #1") / "mlruns"


@pytest.fixture(scope="module")
def tracker(mlruns: Path) -> Tracker:
    return Tracker(mlruns)


@pytest.fixture(scope="module")
def recorded(tracker: Tracker, result: TrainResult, tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    run_id = tracker.start("running", {"source": "made up", "seed": 0})
    folder = result.ranker.save(tmp_path_factory.mktemp("saved") / run_id)
    return tracker.record(run_id, result, folder, {"roc": roc(result)})


@pytest.fixture
def client(tracker: Tracker) -> MlflowClient:
    return MlflowClient(tracker.uri, tracker.uri)


def test_every_row_of_a_train_becomes_a_closed_run_under_its_parent(
    recorded: Recorded, client: MlflowClient, mlruns: Path, result: TrainResult
) -> None:
    runs = client.search_runs([str(experiment_id(mlruns, "earmark"))], max_results=500)
    mine = {r.info.run_id: r for r in runs if r.info.run_id == recorded.run_id or "mlflow.parentRunId" in r.data.tags}
    rows = list(walk(train_row(result)))
    assert sorted(r.info.run_name for r in mine.values()) == sorted(row.name for row in rows)
    assert {r.info.status for r in mine.values()} == {"FINISHED"}
    for run in mine.values():
        parent = mine.get(run.data.tags.get("mlflow.parentRunId", ""))
        kind = run.data.tags[KIND_TAG]
        assert (parent.data.tags[KIND_TAG] if parent else None) == {
            "train": None, "family": "train", "baseline": "train", "trial": "family"
        }[kind]  # fmt: skip


def test_the_train_run_holds_metrics_settings_data_and_pictures(
    recorded: Recorded, client: MlflowClient, result: TrainResult
) -> None:
    run = client.get_run(recorded.run_id)
    for name, value in result.metrics.items():
        assert run.data.metrics[name] == pytest.approx(value, rel=1e-5)
        assert run.data.metrics[f"interval/{name}_low"] <= run.data.metrics[name]
    assert run.data.metrics["keep_everything/recall"] == 1
    assert run.data.params["seed"] == "0"
    assert run.data.params["model"] == "ensemble"
    assert run.data.tags["version.numpy"] == np.__version__
    assert run.data.tags["earmark.data_digest"] == result.data_digest
    assert "| keep everything |" in run.data.tags["mlflow.note.content"]
    dataset = run.inputs.dataset_inputs[0].dataset
    assert result.data_digest.startswith(dataset.digest)
    assert [c["name"] for c in json.loads(dataset.schema)["mlflow_colspec"]] == list(result.columns)
    assert [f.path for f in client.list_artifacts(recorded.run_id, "pictures")] == ["pictures/roc.png"]


def test_fold_scores_are_steps_of_a_trial(recorded: Recorded, client: MlflowClient, mlruns: Path) -> None:
    found = client.search_runs([str(experiment_id(mlruns, "earmark"))], f"tags.`{KIND_TAG}` = 'trial'")
    history = client.get_metric_history(found[0].info.run_id, "fold_score")
    assert [point.step for point in sorted(history, key=lambda point: point.step)] == list(range(5))


def test_the_registered_model_predicts_what_the_ranker_predicts(
    recorded: Recorded, tracker: Tracker, mlruns: Path, ranker: Ranker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mlflow.tracking._tracking_service.utils, "_tracking_uri", database_uri(mlruns))
    model = mlflow.pyfunc.load_model(f"models:/earmark-ranker/{recorded.version}")
    tracks = made_up_tracks(n=20, seed=5).drop(columns="liked")
    tracks.loc[3, ["tempo", "energy"]] = np.nan
    found = model.predict(tracks)
    assert np.allclose(found["like_probability"], ranker.predict_proba(tracks))
    assert (found["predicted_like"] == (ranker.predict_proba(tracks) >= ranker.threshold)).all()
    assert not model.predict(tracks, params={"threshold": 1.0})["predicted_like"].any()
    assert {"energy", "track_name"} <= set(model.metadata.get_input_schema().input_names())


def test_promoting_moves_the_champions_alias(recorded: Recorded, tracker: Tracker, client: MlflowClient) -> None:
    assert "champion" not in client.get_registered_model("earmark-ranker").aliases
    tracker.promote(recorded.version)
    promoted = client.get_model_version_by_alias("earmark-ranker", "champion")
    assert (str(promoted.version), promoted.run_id) == (recorded.version, recorded.run_id)


@pytest.mark.parametrize("end", ["record", "fail"])
def test_a_run_that_a_thread_started_is_ended_and_let_go_of_in_another(
    end: str, ranker: Ranker, result: TrainResult, tmp_path: Path
) -> None:
    tracker = Tracker(tmp_path / "mlruns")
    with ThreadPoolExecutor(1) as pool:  # as in a session: MLflow is imported beside the search
        run_id = pool.submit(tracker.start, "running", {}).result()
    (held,) = (tmp_path / "mlruns" / "running").iterdir()
    # a lock that nobody refers to is let go of by the garbage collector, which would prove nothing
    alive = RunningTrains._held.copy()
    lock = tmp_path / "another name of the same lock"
    os.link(held, lock)
    with pytest.raises(Timeout), FileLock(lock, timeout=0):
        pass
    if end == "record":
        tracker.record(run_id, result, ranker.save(tmp_path / run_id), {})
    else:
        tracker.fail(run_id, "KILLED", "the reason")
    assert not held.exists()
    with FileLock(lock, timeout=0):
        assert not alive[held.stem].is_locked


def test_a_killed_train_is_marked_and_a_living_one_is_not(mlruns: Path, tracker: Tracker, client: MlflowClient) -> None:
    living = tracker.start("still here", {})
    with subprocess.Popen([sys.executable, "-c", HOLD, str(mlruns)], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            killed = process.stdout.readline().strip()
            Tracker(mlruns).prepare()
            assert client.get_run(killed).info.status == "RUNNING"
        finally:
            process.kill()
    Tracker(mlruns).prepare()
    assert client.get_run(killed).info.status == "KILLED"
    assert client.get_run(living).info.status == "RUNNING"
    tracker.fail(living, "FAILED", "the reason")
    closed = client.get_run(living)
    assert (closed.info.status, closed.data.tags["mlflow.note.content"]) == ("FAILED", "the reason")
    assert not list((mlruns / "running").iterdir())


def test_runs_and_champion_follow_a_moved_folder(
    ranker: Ranker, result: TrainResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    tracker = Tracker(before)
    run_id = tracker.start("running", {})
    recorded = tracker.record(run_id, result, ranker.save(tmp_path / run_id), {})
    tracker.promote(recorded.version)
    before.rename(after)
    moved = Tracker(after)
    moved.prepare()
    uri = MlflowClient(moved.uri).get_run(run_id).info.artifact_uri
    assert uri.startswith(after.as_uri())
    monkeypatch.setattr(mlflow.tracking._tracking_service.utils, "_tracking_uri", moved.uri)
    champion = mlflow.pyfunc.load_model("models:/earmark-ranker@champion")
    tracks = made_up_tracks(n=10, seed=7).drop(columns="liked")
    assert np.array_equal(champion.predict(tracks)["like_probability"], ranker.predict_proba(tracks))
    assert not before.exists()


def test_the_environment_says_where_to_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    tracker = Tracker(tmp_path)
    assert tracker.uri == "http://127.0.0.1:9"
    with pytest.raises(ServiceError, match=re.escape("http://127.0.0.1:9")):
        tracker.prepare()


def test_a_folder_that_cannot_be_made_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot record"):
        Tracker(tmp_path / "file" / "mlruns").prepare()


def test_recording_leaves_the_environment_and_the_database_as_it_should(
    recorded: Recorded, mlruns: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert "MLFLOW_TRACKING_URI" not in os.environ
    with sqlite3.connect(mlruns / "mlflow.db") as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "")
