"""Runs the cells that have no result yet, one after the other, each in a process of its own on the same two cores."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from experiments.benchmark.peers.columns import COLUMNS, LABEL, folds, read_table, write_fold
from experiments.benchmark.peers.machine import Others, machine
from experiments.benchmark.peers.methods import CATALOGUE_OPTION, CATALOGUE_TABLE, METHODS, Cell
from experiments.benchmark.peers.store import (
    PEERS_SCRIPT,
    ROOT,
    Folder,
    Result,
    Side,
    code_digest,
    file_digest,
    folder_for,
    our_code,
)
from experiments.benchmark.shared_tables import TableMissingError, shared_table
from experiments.versions import LEARNERS, versions

CORES = 2
SEED = 0
PATIENCE_S = 900.0
"""Seconds beyond its budget after which a method is taken to hang."""
LAST_LINES = 3
OUR_MODULE = "experiments.benchmark.peers.fit_ours"
PEERS_PYTHON = ROOT / ".venv-peers" / "bin" / "python"


class BenchmarkError(RuntimeError):
    """The benchmark cannot go on, and a person can mend it."""


@dataclass(frozen=True)
class Bench:
    """Where the table lies, who fits the peers, and where the results go.

    Parameters
    ----------
    csv : Path
        The Kaggle CSV.
    root : Path
        Of the results.
    peers_python : Path
        The peers' Python; it need not be there to read results.
    """

    csv: Path
    root: Path
    peers_python: Path = PEERS_PYTHON

    def folder(self, side: Side) -> Folder | None:
        """The results under the data, versions and code of now; None where the peers' environment is missing."""
        data = {"table": file_digest(self.csv), "seed": SEED, "cores": CORES, "machine": machine()}
        if side == "ours":
            catalogue = file_digest(_catalogue())
            about = {"catalogue": catalogue, "code": code_digest(our_code()), "versions": versions(LEARNERS)}
            return folder_for(self.root, side, data | about)
        found = _peers_versions(self.peers_python)
        if found is None:
            return None
        return folder_for(self.root, side, data | {"code": code_digest([ROOT / PEERS_SCRIPT]), "versions": found})


@cache
def _peers_versions(python: Path) -> dict[str, str] | None:
    command = [str(python), "-P", str(ROOT / PEERS_SCRIPT), "--versions"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    found: dict[str, str] = json.loads(done.stdout)
    return found


def missing(bench: Bench, cells: Sequence[Cell]) -> list[Cell]:
    """The cells without a result under the data, versions and code of now; failed ones are tried again.

    Raises
    ------
    BenchmarkError
        If a peer is among them and its environment is missing.
    """
    sides = {side: bench.folder(side) for side in _sides(cells)}
    if "peers" in sides and sides["peers"] is None:
        raise BenchmarkError(
            f"the peers' environment is missing: {bench.peers_python} does not run; 'make bench' makes it"
        )
    left = []
    for cell in cells:
        folder = sides[_side(cell)]
        result = folder.read(cell) if folder else None
        if result is None or result.failed:
            left.append(cell)
    return left


def run(bench: Bench, cells: Sequence[Cell]) -> Generator[Result, None, None]:
    """Fit every cell and keep what comes of it at once; yields each result after it is kept.

    Raises
    ------
    BenchmarkError
        If our code changes while it is measured.
    """
    table = read_table(bench.csv)
    kept = {side: bench.folder(side) for side in _sides(cells)}
    parts = {name: folds(table, column) for name, column in COLUMNS.items()}
    with _few_cores():
        for cell in cells:
            folder = kept[_side(cell)]
            if folder is None:
                raise BenchmarkError(f"{cell.method} has no environment to run in")
            train, test = parts[cell.column][cell.fold]
            with tempfile.TemporaryDirectory() as scratch:
                names = METHODS[cell.method].names_in(COLUMNS[cell.column])
                paths = write_fold(table, train, test, names, Path(scratch))
                result = _fit(bench, cell, paths, Path(scratch), table[LABEL].to_numpy()[test], len(train))
            if bench.folder(_side(cell)) != folder:
                raise BenchmarkError(f"the code or its libraries changed while {cell.method} was measured: start again")
            folder.write(result)
            yield result


def _fit(bench: Bench, cell: Cell, paths: tuple[Path, Path], scratch: Path, liked: Any, n_train: int) -> Result:
    started, clock, others = datetime.now(UTC), time.perf_counter(), Others()
    error = _outcome(_command(bench, cell, paths, scratch), scratch, PATIENCE_S + (cell.budget_s or 0.0))
    seconds, probability, note = time.perf_counter() - clock, np.zeros(0), error
    if not error:
        answer = json.loads((scratch / "answer.json").read_text(encoding="utf-8"))
        seconds, note = float(answer["seconds"]), str(answer["note"])
        probability = pd.read_parquet(scratch / "predictions.parquet")["probability"].to_numpy(dtype=np.float64)
        if probability.shape != liked.shape or not ((probability >= 0) & (probability <= 1)).all():
            probability, note = np.zeros(0), "its predictions are no probabilities of the test rows"
    return Result(
        cell=cell,
        n_train=n_train,
        liked=tuple(int(label) for label in liked),
        probability=tuple(float(value) for value in probability),
        seconds=seconds,
        started=started.isoformat(timespec="seconds"),
        others_cores=others.cores(),
        note=note,
    )


def _command(bench: Bench, cell: Cell, paths: tuple[Path, Path], scratch: Path) -> list[str]:
    method, column = METHODS[cell.method], COLUMNS[cell.column]
    files = ["--train", str(paths[0]), "--test", str(paths[1]), "--out", str(scratch)]
    asked = [*files, "--cores", str(CORES), "--seed", str(SEED)]
    asked += [] if cell.budget_s is None else ["--seconds", f"{cell.budget_s:g}"]
    if not method.ours:
        return [str(bench.peers_python), "-P", str(ROOT / PEERS_SCRIPT), cell.method, *asked]
    options = method.options_in(column)
    if CATALOGUE_OPTION in options:
        options[CATALOGUE_OPTION] = str(shared_table(options[CATALOGUE_OPTION]))
    return [sys.executable, "-m", OUR_MODULE, *asked, "--options", json.dumps(options)]


def _outcome(command: Sequence[str], scratch: Path, patience_s: float) -> str:
    """Run a fit to its end; empty where it ended well, else what its last lines were."""
    with (scratch / "log").open("w+", encoding="utf-8", errors="replace") as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=log, cwd=scratch, env=_environment(scratch), start_new_session=True
        )
        try:
            code = process.wait(patience_s)
        except subprocess.TimeoutExpired:
            return f"stopped after {patience_s:.0f} s"
        finally:
            if process.poll() is None:  # also where the person stops us: its workers must not outlive it
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        if not code:
            return ""
        log.seek(0)
        return " / ".join(line.strip() for line in log.read().splitlines()[-LAST_LINES:]) or f"left with {code}"


def _environment(scratch: Path) -> Mapping[str, str]:
    """Equal for all: two threads, which sleep while they wait (else two libraries' threads fight over two cores)."""
    inherited = {name: value for name, value in os.environ.items() if name != "MLFLOW_TRACKING_URI"}
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), str(CORES))
    own = {"OMP_WAIT_POLICY": "passive", "CUDA_VISIBLE_DEVICES": "", "EARMARK_HOME": str(scratch)}
    return inherited | threads | own


@contextmanager
def _few_cores() -> Iterator[None]:
    """Bind ourselves, and so every fit that we start, to the first two cores, where the system can."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(before)[:CORES])
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _catalogue() -> Path | None:
    try:
        return shared_table(CATALOGUE_TABLE)
    except TableMissingError:
        return None


def _side(cell: Cell) -> Side:
    return "ours" if METHODS[cell.method].ours else "peers"


def _sides(cells: Sequence[Cell]) -> set[Side]:
    return {_side(cell) for cell in cells}
