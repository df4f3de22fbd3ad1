"""`earmark ui` explains what it cannot open, before it starts a server."""

import socket
import sqlite3
from pathlib import Path

import pytest

from earmark.cli.main import run
from experiments.mlflow_folder import experiment_id
from experiments.run_views import EXPERIMENT, view_url


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EARMARK_HOME", str(tmp_path))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return tmp_path


@pytest.fixture
def recorded(home: Path) -> Path:
    """A home whose database knows the experiment."""
    (home / "mlruns").mkdir()
    with sqlite3.connect(home / "mlruns" / "mlflow.db") as connection:
        connection.execute("CREATE TABLE experiments (experiment_id INTEGER, name TEXT)")
        connection.execute("INSERT INTO experiments VALUES (7, ?)", (EXPERIMENT,))
    connection.close()
    return home


def test_without_a_recorded_train_it_says_how_to_make_one(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["ui"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "no recorded trains" in said.err
    assert "make train" in said.err
    assert not (home / "mlruns").exists()


def test_a_damaged_database_is_told_apart_from_an_empty_one(recorded: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert experiment_id(recorded / "mlruns", EXPERIMENT) == "7"
    (recorded / "mlruns" / "mlflow.db").write_bytes(b"not a database" * 100)
    assert run(["ui"]) == 2
    assert "damaged" in capsys.readouterr().err
    (recorded / "mlruns" / "mlflow.db").write_bytes(b"")
    assert experiment_id(recorded / "mlruns", EXPERIMENT) is None


def test_a_taken_port_is_refused_with_another_one_proposed(recorded: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert run(["ui", "--port", str(port)]) == 2
    said = capsys.readouterr().err
    assert f"port {port} on 127.0.0.1 is taken" in said
    assert f"--port {port + 1}" in said


def test_runs_on_a_server_are_looked_at_there(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://mlflow.example:8443")
    assert run(["ui"]) == 2
    assert "https://mlflow.example:8443" in capsys.readouterr().err


def test_a_server_that_dies_is_reported_with_its_log(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("earmark.cli.ui._command", lambda *_: ["/bin/sh", "-c", "echo because; exit 4"])
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:////nowhere/at/all.db")
    assert run(["ui", "--port", "50999"]) == 3
    assert "exit code 4" in capsys.readouterr().err
    assert (home / "mlruns" / "ui.log").read_text() == "because\n"


def test_an_address_opens_a_view_as_machine_learning() -> None:
    address = view_url("http://127.0.0.1:5000", "7", "models")
    assert address == (
        "http://127.0.0.1:5000/#/experiments/7/runs?workflowType=machine_learning&viewStateShareKey=models"
    )
