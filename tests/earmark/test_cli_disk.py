"""A disk that is full, for real: exit code 2, databases intact, and all is well once there is room."""

import os
import re
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits and tmpfs are Linux's")

TRAIN = ["--trials", "2", "--models", "tree", "--seed", "0"]
KIB = 1024
WHERE_IT_FAILS = {"the studies": 60 * KIB, "the runs": 1100 * KIB}
"""A file's largest size: the study's database outgrows the first, the run's database only the second."""


@dataclass(frozen=True)
class Outcome:
    """How a train on a full disk ended."""

    home: Path
    code: int
    stdout: str
    stderr: str


def start(table: Path, home: Path, before: Callable[[], None] | None = None) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "earmark.cli.main", "train", str(table), *TRAIN],
        env={**os.environ, "EARMARK_HOME": str(home), "OMP_NUM_THREADS": "1"},
        preexec_fn=before,  # noqa: PLW1509 (no threads of ours hold locks here)
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def limit(size: int) -> Callable[[], None]:
    """No file may grow beyond ``size`` bytes; writing more fails with EFBIG."""

    def apply() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return apply


def outcome(process: "subprocess.Popen[str]", home: Path) -> Outcome:
    stdout, stderr = process.communicate(timeout=120)
    return Outcome(home, process.returncode, stdout, stderr)


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory, demo_tracks: pd.DataFrame) -> Path:
    path = tmp_path_factory.mktemp("tables") / "small.csv"
    demo_tracks.head(300).to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def limited(table: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    """Trains that may write small files only, side by side."""
    homes = {name: tmp_path_factory.mktemp("home") for name in WHERE_IT_FAILS}
    trains = {name: start(table, homes[name], limit(size)) for name, size in WHERE_IT_FAILS.items()}
    return {name: outcome(train, homes[name]) for name, train in trains.items()}


def assert_explained(found: Outcome) -> None:
    assert found.code == 2, found.stderr
    assert not found.stdout
    assert "Traceback" not in found.stderr
    assert re.search(r"^error: .*disk", found.stderr, re.MULTILINE), found.stderr
    assert re.search(r"^hint: .*(room|disk)", found.stderr, re.MULTILINE), found.stderr


def assert_whole(home: Path) -> None:
    """Nothing half-written: sound databases, no ranker, no champion, no temporary file."""
    for database in (home / "mlruns").glob("*.db"):
        with closing(sqlite3.connect(database)) as connection:
            assert connection.execute("PRAGMA quick_check").fetchone() == ("ok",), database
    assert not list((home / "mlruns" / "rankers").iterdir())
    assert not [path for path in (home / "mlruns").iterdir() if path.name.startswith((".", "champion"))]


@pytest.mark.parametrize("name", WHERE_IT_FAILS)
def test_files_that_may_not_grow_are_a_full_disk(limited: dict[str, Outcome], name: str) -> None:
    assert_explained(limited[name])
    assert_whole(limited[name].home)


def test_the_limits_reach_different_databases(limited: dict[str, Outcome]) -> None:
    assert "judging" not in limited["the studies"].stderr
    assert "recording in MLflow" in limited["the runs"].stderr


def test_a_later_train_with_room_goes_on(limited: dict[str, Outcome], table: Path) -> None:
    home = limited["the runs"].home
    again = outcome(start(table, home), home)
    assert again.code == 0, again.stderr
    assert "searching tree: 2 trials" in again.stderr, "the trials that had finished were lost"
    assert "searching tree: 0 trials" not in again.stderr
    assert (home / "mlruns" / "champion.json").is_file()
    with closing(sqlite3.connect(home / "mlruns" / "mlflow.db")) as connection:
        runs = dict(connection.execute("SELECT status, count(*) FROM runs GROUP BY status"))
    assert "RUNNING" not in runs
    assert runs["FINISHED"]


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of half a megabyte."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = shutil.which("mount")
    if mount is None or os.geteuid() != 0:
        pytest.skip("only root can mount a tiny disk")
    done = subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(disk)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"a tiny disk cannot be mounted here: {done.stderr.strip()}")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


def test_a_disk_without_room(tiny_disk: Path, table: Path) -> None:
    found = outcome(start(table, tiny_disk), tiny_disk)
    assert_explained(found)
    assert_whole(tiny_disk)
