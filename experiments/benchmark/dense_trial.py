"""How long a default trial of the dense networks takes: all inner folds, 1,600 rows, after the graph is built.

Rows of the Kaggle CSV, with audio features alone and with how the artists sound, cut as training cuts them. The first
trial, which builds the graphs, is shown by itself.
"""

import time

import numpy as np
import pandas as pd

from experiments.benchmark.commands import Load
from experiments.benchmark.figure import Figure, at_most
from experiments.benchmark.peers.columns import LABEL, read_table
from experiments.benchmark.shared_tables import kaggle_csv
from experiments.config import FitConfig
from experiments.evaluation import Task, run_folds
from experiments.splits import groups_for, inner_folds
from features.context import ArtistProfiles
from features.inputs import input_table
from features.schema import validate
from models.registry import spec

N_ROWS = 1600
MOST_SECONDS = 6.0
REPETITIONS = 2


def run() -> list[Figure]:
    """Seconds of a trial, the least of two, for both kinds of tables."""
    tracks = validate(read_table(kaggle_csv()))[0]
    tracks = tracks.sample(N_ROWS, random_state=0).reset_index(drop=True)
    figures = []
    for known in (False, True):
        task = _task(tracks, known=known)
        load = Load()
        first, *again = [_seconds(task) for _ in range(1 + REPETITIONS)]
        inputs = "artists' profiles" if known else "audio features"
        note = f"the first {first:.1f} s; {task.tracks.shape[1]} inputs, {len(task.folds)} folds; {load.in_words()}"
        figures.append(at_most(f"default trial, {inputs}", min(again), MOST_SECONDS, unit="s", note=note))
    return figures


def _task(tracks: pd.DataFrame, *, known: bool) -> Task:
    """The first cut of a training without an end of trials, as `experiments.fitting` makes it."""
    config = FitConfig(budget_s=60.0)
    n_folds, _ = config.folds_for(len(tracks))
    labels = tracks[LABEL].to_numpy(dtype=np.int64)
    folds = inner_folds(tracks, labels, config.split, n_folds=n_folds, repeats=1, seed=config.seed)
    inputs = input_table(ArtistProfiles.build(judged=tracks).attach(tracks) if known else tracks)
    return Task(inputs, labels, groups_for(tracks, config.split), folds, config.metric, config.seed, config.jobs)


def _seconds(task: Task) -> float:
    started = time.perf_counter()
    run_folds(spec("dense"), {}, task)
    return time.perf_counter() - started
