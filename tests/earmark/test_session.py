"""A train from start to end inside this process: what it leaves behind, and who becomes champion."""

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from earmark import session
from earmark.cli.main import run
from earmark.home import Home
from experiments.config import FitConfig
from experiments.progress import Progress
from features.errors import InputError, ServiceError
from models.ranker import Ranker
from models.ranker_folder import read_info

CONFIG = FitConfig(budget_s=None, trials=1, models=("tree",), bag_repeats=1)


@pytest.fixture
def table(tmp_path: Path, demo_tracks: pd.DataFrame) -> Path:
    path = tmp_path / "small.csv"
    demo_tracks.head(300).to_csv(path, index=False)
    return path


@pytest.fixture
def home() -> Home:
    home = Home.here()
    home.prepare()
    return home


def runs(home: Home) -> list[tuple[str, str]]:
    """Status and note of every train, oldest first."""
    query = """SELECT status, coalesce((SELECT value FROM tags WHERE run_uuid = runs.run_uuid
               AND key = 'mlflow.note.content'), '') FROM runs WHERE NOT EXISTS (SELECT 1 FROM tags
               WHERE run_uuid = runs.run_uuid AND key = 'mlflow.parentRunId') ORDER BY start_time"""
    with closing(sqlite3.connect(home.mlruns / "mlflow.db")) as connection:
        return connection.execute(query).fetchall()


def test_trains_one_after_another(
    home: Home, table: Path, demo_ranker: Ranker, capsys: pytest.CaptureFixture[str]
) -> None:
    """A champion that cannot be loaded loses its place; an equal ranker does not take it; a budget is kept."""
    demo_ranker.save(home.rankers / "damaged0")
    (home.rankers / "damaged0" / "arrays.npz").write_bytes(b"x")
    home.set_champion("damaged0")
    arguments = ["train", str(table), "--trials", "1", "--models", "tree", "--json"]
    assert run(arguments) == 0
    said = capsys.readouterr()
    first = json.loads(said.out)
    assert first["champion"]["promoted"] is True
    assert "the old champion cannot be loaded" in first["champion"]["reason"]
    assert home.champion() == Path(first["ranker"])

    assert run([*arguments, "--budget", "1", "--min-precision", "0.999"]) == 0
    second = json.loads(capsys.readouterr().out)
    assert second["champion"]["promoted"] is False
    assert "against the champion's" in second["champion"]["reason"]
    assert home.champion() == Path(first["ranker"])
    assert second["budget_s"] == 1.0
    assert any("a precision of 0.999 cannot be promised" in line for line in second["notes"])
    assert {folder.name for folder in home.rankers.iterdir()} == {"damaged0", first["run_id"], second["run_id"]}
    assert [status for status, _ in runs(home)] == ["FINISHED", "FINISHED"]
    assert read_info(home.rankers / second["run_id"])["n_tracks"] == second["n_train"]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """MLflow and the train itself as stand-ins that remember what was asked of them."""
    seen: dict[str, Any] = {"ended": [], "promoted": []}

    class StandIn:
        def __init__(self, mlruns: Path) -> None:
            seen["mlruns"] = mlruns

        def check(self) -> None:
            seen["checked"] = True

        def start(self, *asked: object) -> str:
            seen["started"] = asked
            return "0123456789abcdef"

        def fail(self, run_id: str, status: str, reason: str) -> None:
            seen["ended"].append((run_id, status, reason))

    monkeypatch.setattr(session, "Tracker", StandIn)
    return seen


@pytest.mark.parametrize(
    ("error", "status", "reason"),
    [
        (KeyboardInterrupt(), "KILLED", "Finished trials are kept"),
        (InputError("too few tracks", "bring more"), "FAILED", "too few tracks\n\nbring more"),
        (ZeroDivisionError("of a sort"), "FAILED", "A bug: ZeroDivisionError: of a sort"),
    ],
)
def test_a_train_that_ends_early_closes_its_run_and_lets_go_of_the_folder(
    home: Home, table: Path, quick: dict[str, Any], error: BaseException, status: str, reason: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(session, "train", fail)
    with pytest.raises(type(error)):
        session.train_and_record(str(table), CONFIG, home)
    ((run_id, ended, told),) = quick["ended"]
    assert (run_id, ended) == ("0123456789abcdef", status)
    assert reason in told
    assert not list(home.rankers.iterdir())
    assert not home.champion_file.exists()
    with session.alone(home):
        pass


def test_no_run_is_opened_for_a_table_that_cannot_be_learnt_from(
    home: Home, tmp_path: Path, demo_tracks: pd.DataFrame, quick: dict[str, Any]
) -> None:
    path = tmp_path / "liked.csv"
    demo_tracks.assign(liked=1).to_csv(path, index=False)
    with pytest.raises(InputError, match="none is skipped"):
        session.train_and_record(str(path), CONFIG, home)
    assert "started" not in quick


@pytest.fixture
def unread(monkeypatch: pytest.MonkeyPatch) -> None:
    """A train that gets as far as reading tracks has looked too late."""

    def read(*_: object, **__: object) -> None:
        raise AssertionError("tracks were read")

    monkeypatch.setattr(session, "read_tracks", read)


@pytest.mark.usefixtures("unread")
@pytest.mark.parametrize("damage", ["text", "torn", "page"])
def test_a_damaged_database_of_runs_is_told_before_anything_is_read(home: Home, table: Path, damage: str) -> None:
    database = home.mlruns / "mlflow.db"
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("CREATE TABLE experiments (name TEXT)")
        connection.executemany("INSERT INTO experiments VALUES (?)", [(f"{row:02} {'x' * 1000}",) for row in range(40)])
    content = database.read_bytes()
    spoilt = {"text": b"words, words, words", "torn": content[: len(content) // 2], "page": bytearray(content)}[damage]
    if damage == "page":
        spoilt[-4096:] = b"\xff" * 4096  # type: ignore[index]
    database.write_bytes(spoilt)
    with pytest.raises(InputError, match="the database of earlier runs is damaged") as caught:
        session.train_and_record(str(table), CONFIG, home)
    assert f"move {database} away" in caught.value.hint


@pytest.mark.usefixtures("unread")
def test_a_damaged_champion_file_is_told_before_anything_is_read(home: Home, table: Path) -> None:
    home.champion_file.write_text("{")
    with pytest.raises(InputError, match=r"champion\.json is damaged"):
        session.train_and_record(str(table), CONFIG, home)
    with session.alone(home):
        pass


@pytest.mark.usefixtures("unread")
def test_a_server_that_does_not_answer_is_told_before_anything_is_read(
    home: Home, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://somebody:secret@127.0.0.1:9")
    with pytest.raises(ServiceError, match=r"cannot be recorded at http://127\.0\.0\.1:9: no answer") as caught:
        session.train_and_record(str(table), CONFIG, home)
    assert "unset MLFLOW_TRACKING_URI" in caught.value.hint
    assert "secret" not in f"{caught.value.message} {caught.value.hint}"


def test_preparing_counts_towards_the_budget_and_fetching_does_not(
    home: Home, table: Path, quick: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    moments = iter([0.0, 100.0, 130.0])  # begun, read, ready to search
    # not the clock of everybody: servers of other tests run beside this one
    monkeypatch.setattr(session, "time", SimpleNamespace(monotonic=lambda: next(moments)))
    asked: list[FitConfig] = []

    def stop(_: object, config: FitConfig, **__: object) -> None:
        asked.append(config)
        raise InputError("enough", "seen")

    monkeypatch.setattr(session, "train", stop)
    with pytest.raises(InputError, match="enough"):
        session.train_and_record(str(table), replace(CONFIG, budget_s=40.0), home)
    assert asked[0].budget_s == 10.0


def test_what_was_read_is_told_before_the_search(home: Home, table: Path, quick: dict[str, Any]) -> None:
    told: list[object] = []

    def on_read(read: object) -> None:
        told.append(read)

    def on_progress(moment: Progress) -> None:
        told.append(moment.stage)
        raise InputError("enough", "seen")

    with pytest.raises(InputError, match="enough"):
        session.train_and_record(str(table), CONFIG, home, on_read=on_read, on_progress=on_progress)
    read, stage = told
    assert len(read.tracks) == 300  # type: ignore[attr-defined]
    assert stage == "fitting baselines"


@pytest.fixture
def elsewhere(home: Home) -> Iterator[Callable[[], None]]:
    """Another process that holds the folder until it is killed."""
    code = (
        "import sys, time\nfrom earmark.home import Home\nfrom earmark.session import alone\n"
        "with alone(Home.here()):\n    print('held', flush=True)\n    time.sleep(60)"
    )
    holder = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"

    def kill() -> None:
        holder.kill()
        holder.wait()

    yield kill
    kill()
    holder.stdout.close()


@pytest.mark.parametrize("command", ["train", "evaluate"])
def test_only_one_search_at_a_time_in_a_home(
    command: str, elsewhere: Callable[[], None], home: Home, table: Path, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    arguments = [command, str(table), "--trials", "1", "--models", "tree"]
    assert run(arguments) == 2
    said = capsys.readouterr()
    assert f"another train or evaluation is running in {home.mlruns}" in said.err
    assert "EARMARK_HOME" in said.err
    assert not said.out
    assert not (home.mlruns / "search.db").exists()
    (tmp_path / "own" / "mlruns").mkdir(parents=True)
    with session.alone(Home(tmp_path / "own")):
        pass  # another home is free
    elsewhere()
    with session.alone(home):
        pass  # a killed process holds nothing
