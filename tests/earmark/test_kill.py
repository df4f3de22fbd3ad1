"""Killing a train loses nothing that had finished: started again, it goes on and ends as an undisturbed one does."""

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from earmark.cli.main import run

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")

TRIALS = 12
"""Two more than the sampler draws blindly: a killed search must also go on with what it had learnt."""
FAMILIES = ("extra_trees", "boosted_trees")
TOTAL = TRIALS * len(FAMILIES)
LIMIT_S = 90
Trials = dict[tuple[str, int], tuple[str, float | None, dict[str, float]]]
"""(study, number) -> (state, value, params)."""


@dataclass(frozen=True)
class Running:
    """`earmark train` as a process of its own."""

    process: "subprocess.Popen[bytes]"
    home: Path
    log: Path

    @classmethod
    def start(cls, table: Path, home: Path, number: int = 0) -> "Running":
        home.mkdir(exist_ok=True)
        log = home / f"said-{number}.txt"
        arguments = ["train", str(table), "--trials", str(TRIALS), "--models", ",".join(FAMILIES), "--json"]
        with log.open("wb") as stderr, (home / f"answer-{number}.json").open("wb") as stdout:
            process = subprocess.Popen(
                [sys.executable, "-m", "earmark.cli.main", *arguments],
                env={**os.environ, "EARMARK_HOME": str(home), "OMP_NUM_THREADS": "1"},
                stdout=stdout,
                stderr=stderr,
            )
        return cls(process, home, log)

    def wait_until(self, happened: Any, what: str) -> None:
        deadline = time.monotonic() + LIMIT_S
        while not happened():
            assert self.process.poll() is None, f"it ended before {what}: {self.log.read_text()}"
            assert time.monotonic() < deadline, f"{what} did not happen: {self.log.read_text()}"
            time.sleep(0.01)

    def wait_for_trials(self, count: int) -> None:
        self.wait_until(lambda: len(finished_trials(self.home)) >= count, f"{count} trials finished")

    def wait_for_words(self, words: str) -> None:
        self.wait_until(lambda: words in self.log.read_text(), repr(words))

    def end(self, number: int) -> int:
        self.process.send_signal(number)
        return self.process.wait(LIMIT_S)

    def answer(self) -> dict[str, Any]:
        assert self.process.wait(LIMIT_S) == 0, self.log.read_text()
        path = self.home / self.log.name.replace("said", "answer").replace(".txt", ".json")
        answer: dict[str, Any] = json.loads(path.read_text())
        return answer


def finished_trials(home: Path) -> Trials:
    """Every finished trial of every study, as it is in the database now."""
    database = home / "mlruns" / "search.db"
    if not database.exists():
        return {}
    query = """SELECT s.study_name, t.number, t.state, v.value, p.param_name, p.param_value FROM trials t
        JOIN studies s ON s.study_id = t.study_id LEFT JOIN trial_values v ON v.trial_id = t.trial_id
        LEFT JOIN trial_params p ON p.trial_id = t.trial_id WHERE t.state IN ('COMPLETE', 'PRUNED')"""
    try:
        with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True, timeout=10)) as connection:
            rows = connection.execute(query).fetchall()
    except sqlite3.OperationalError:  # the tables are just being made
        return {}
    trials: Trials = {}
    for study, number, state, value, name, param in rows:
        trials.setdefault((study, number), (state, value, {}))[2][name] = param
    return trials


def assert_sound(home: Path) -> None:
    """SQLite finds nothing wrong, and no half-written ranker or champion lies about."""
    mlruns = home / "mlruns"
    for name in ("search.db", "mlflow.db"):
        if (mlruns / name).exists():
            with closing(sqlite3.connect(mlruns / name)) as connection:
                assert connection.execute("PRAGMA quick_check").fetchone() == ("ok",), name


def train_statuses(home: Path) -> list[str]:
    """Statuses of the runs in MLflow that are no other run's child."""
    query = """SELECT status FROM runs WHERE NOT EXISTS (SELECT 1 FROM tags WHERE run_uuid = runs.run_uuid
        AND key = 'mlflow.parentRunId')"""
    with closing(sqlite3.connect(home / "mlruns" / "mlflow.db")) as connection:
        return sorted(status for (status,) in connection.execute(query))


def outcome(answer: dict[str, Any]) -> dict[str, Any]:
    """The part of an answer that must not depend on what happened on the way."""
    varies = {"run_id", "elapsed_s", "ranker"}
    return {key: value for key, value in answer.items() if key not in varies}


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory, demo_tracks: pd.DataFrame) -> Path:
    path = tmp_path_factory.mktemp("tables") / "small.csv"
    demo_tracks.head(300).to_csv(path, index=False)
    return path


def moments() -> list[tuple[int, float]]:
    """Three random moments, early, in the middle and late in the search: finished trials, and seconds after them."""
    chance = random.Random(2021)
    third = TOTAL // 3
    return [(chance.randrange(1 + third * part, third * (part + 1)), chance.uniform(0, 0.2)) for part in range(3)]


@pytest.mark.timeout(240)
def test_kill_9_at_three_random_moments_loses_nothing(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    undisturbed = Running.start(table, tmp_path / "undisturbed")
    home = tmp_path / "disturbed"
    for number, (count, seconds) in enumerate(moments()):
        train = Running.start(table, home, number)
        train.wait_for_trials(count)
        time.sleep(seconds)
        before = finished_trials(home)
        assert train.end(signal.SIGKILL) == -signal.SIGKILL, "it had ended before it was killed"
        assert count <= len(before) <= TOTAL
        assert_sound(home)
        after = finished_trials(home)
        assert {key: after.get(key) for key in before} == before
        assert not (home / "mlruns" / "champion.json").exists()

    last = Running.start(table, home, 3)
    last.wait_for_words("fitting baselines")
    monkeypatch.setenv("EARMARK_HOME", str(home))
    assert run(["train", str(table), "--trials", "1"]) == 2, "two trains at once in one home"
    assert "another train or evaluation is running" in capsys.readouterr().err

    answer, expected = last.answer(), undisturbed.answer()
    assert_sound(home)
    final = finished_trials(home)
    assert {key: final.get(key) for key in before} == before
    assert [family["trials"] for family in answer["families"]] == [TRIALS] * len(FAMILIES)
    assert outcome(answer) == outcome(expected)

    def in_order(trials: Trials) -> list[Any]:
        return [(study, *found) for (study, _), found in sorted(trials.items())]

    assert in_order(final) == in_order(finished_trials(undisturbed.home))
    statuses = train_statuses(home)
    assert statuses.count("FINISHED") == 1
    assert set(statuses) == {"FINISHED", "KILLED"}
    assert train_statuses(undisturbed.home) == ["FINISHED"]
    assert [path.name for path in (home / "mlruns" / "rankers").iterdir()] == [answer["run_id"]]


@pytest.mark.parametrize("moment", ["while libraries are imported", "in the search"])
def test_ctrl_c_keeps_finished_trials_and_says_so(table: Path, tmp_path: Path, moment: str) -> None:
    train = Running.start(table, tmp_path / "home")
    if moment == "in the search":
        train.wait_for_trials(3)
    else:
        train.wait_for_words("fitting baselines")
        time.sleep(random.Random(7).uniform(0.2, 1.0))
    before = finished_trials(train.home)
    assert train.end(signal.SIGINT) == 130
    said = train.log.read_text()
    assert "\nerror: interrupted\nhint: what had finished is kept: a train goes on from its finished trials\n" in said
    assert "Traceback" not in said
    assert not (train.home / "answer-0.json").read_text()
    after = finished_trials(train.home)
    assert {key: after.get(key) for key in before} == before
    assert_sound(train.home)
    assert train_statuses(train.home) == ["KILLED"]
    assert not list((train.home / "mlruns" / "rankers").iterdir())


def test_a_kill_while_the_run_database_is_made_does_not_spoil_it(tmp_path: Path) -> None:
    """MLflow cannot go on from tables that are half made: every later train would fail."""
    mlruns = tmp_path / "mlruns"
    code = (
        f"from pathlib import Path; from experiments.tracking import Tracker; Tracker(Path({str(mlruns)!r})).prepare()"
    )
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    process = subprocess.Popen([sys.executable, "-c", code], env=environment)
    while not list(mlruns.rglob("mlflow.db")):
        assert process.poll() is None
        time.sleep(0.005)
    time.sleep(0.15)
    process.kill()
    assert process.wait() == -signal.SIGKILL, "the database was made before the kill"
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)
    assert_sound(tmp_path)
    assert [path.name for path in mlruns.glob(".*")] == []
