"""How many tracks a second the default ensemble scores, and each of its families alone."""

import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from experiments.benchmark.commands import Load, earmark
from experiments.benchmark.figure import Figure, at_least
from experiments.benchmark.shared_tables import kaggle_csv, shared_table
from models.gaps import gaps
from models.member import Member
from models.ranker import Ranker
from models.ranker_folder import load

N_CANDIDATES = 100_000
REPETITIONS = 3
TRACKS_A_SECOND = 100_000.0


def run() -> list[Figure]:
    """Best of some runs of a saved ranker of default settings, asked about real tracks on all cores."""
    candidates = pd.read_parquet(shared_table("catalogue/tracks.parquet")).head(N_CANDIDATES)
    ranker = _default_ranker()
    ranker.predict_proba(candidates.head(10))  # whatever is imported or made at the first question
    wanted = f"{N_CANDIDATES:,} tracks scored by the default ensemble of {_n_models(ranker.members)} models"
    seconds, note = _best_of(partial(ranker.predict_proba, candidates))
    figures = [at_least(wanted, N_CANDIDATES / seconds, TRACKS_A_SECOND, unit="tracks/s", note=note)]
    inputs = ranker.inputs(candidates)
    whole = candidates.iloc[np.flatnonzero(~gaps(inputs, ranker.background).any(axis=1))]
    seconds, note = _best_of(partial(ranker.predict_proba, whole))
    few = f"{len(whole):,} tracks without a gap where training had none"
    figures.append(Figure(few, len(whole) / seconds, unit="tracks/s", note=note))
    parts: dict[str, Callable[[], object]] = {"what models read of the tracks": partial(ranker.inputs, candidates)}
    for member in ranker.members:
        named = f"scored from that by {member.models[0].spec.name}, {_n_models([member])} models"
        parts[named] = partial(member.predict, inputs)
    for part, score in parts.items():
        seconds, note = _best_of(score)
        figures.append(Figure(part, N_CANDIDATES / seconds, unit="tracks/s", note=note))
    return figures


def _default_ranker() -> Ranker:
    """Trained on the Kaggle CSV with the defaults of all families, saved and loaded again."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        answer = earmark("train", str(kaggle_csv()), "--trials", "1", "--seed", "0", "--json", home=home).answer()
        return load(home / "mlruns" / "rankers" / answer["run_id"])


def _n_models(members: Sequence[Member]) -> int:
    return sum(len(member.models) for member in members)


def _best_of(score: Callable[[], object]) -> tuple[float, str]:
    """Least wall seconds of some runs, and in words those and the processor's."""
    load = Load()
    taken = []
    for _ in range(REPETITIONS):
        started, worked = time.perf_counter(), time.process_time()
        score()
        taken.append((time.perf_counter() - started, time.process_time() - worked))
    wall, cpu = min(taken)
    return wall, f"{wall:.2f} s, {cpu:.2f} s of processor time; best of {REPETITIONS}; {load.in_words()}"
