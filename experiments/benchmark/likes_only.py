"""What likes alone are worth: a labelled table whose dislikes are hidden, beside the same table with them (an hour).

Five folds by artist of a real listener's table, a whole fit on each one's training rows, judged on the same held-out
likes and dislikes: with all labels; with the training rows' dislikes, and a third of the likes, left unlabelled ("own
unlabelled rows"); and with likes alone, against tracks of a catalogue. Nothing of the hidden or held-out dislikes has a
part in choosing the background. All three hear from the same catalogue how artists sound.

``python -m experiments.benchmark.likes_only [--budget S] [--trials N] [--models A,B] [--folds N] [--json]``.
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from importlib import import_module
from statistics import fmean
from typing import Any

import numpy as np
import pandas as pd

from experiments.benchmark.commands import Load
from experiments.benchmark.figure import Figure, at_most, text_table
from experiments.benchmark.shared_tables import kaggle_csv, shared_table
from experiments.config import FitConfig
from experiments.fitting import fit
from experiments.metrics import METRICS
from experiments.positive_unlabelled import with_background
from experiments.splits import outer_folds
from models.ranker import Ranker

N_FOLDS = 5
HIDDEN_LIKES = 1 / 3
"""Likes among the own unlabelled rows: nobody presses like on all that they like."""
WANTED = 0.05
CONFIG = FitConfig(budget_s=60)
CATALOGUE = "catalogue/tracks.parquet"
FULL, OWN, CATALOGUED = "all labels", "own unlabelled rows", "catalogue alone"


def run(config: FitConfig = CONFIG, n_folds: int = N_FOLDS) -> list[Figure]:
    """ROC AUC of each setting, and by how much it is below that of all labels."""
    reading: Any = import_module("earmark.reading")  # the front door reads; the room of experiments does not
    tracks = reading.read_tracks(str(kaggle_csv())).tracks
    catalogue = reading.read_known(shared_table(CATALOGUE)).tracks
    return measure(tracks, catalogue, config, n_folds)


def measure(tracks: pd.DataFrame, catalogue: pd.DataFrame, config: FitConfig, n_folds: int = N_FOLDS) -> list[Figure]:
    """The figures of a labelled table.

    Parameters
    ----------
    tracks : DataFrame
        A validated tracks table, every row labelled.
    catalogue : DataFrame
        Canonical columns.
    config : FitConfig
        Of every fit.
    n_folds : int
    """
    load, started = Load(), time.perf_counter()
    y = tracks["liked"].to_numpy(dtype=np.int64)
    scores: dict[str, list[float]] = {FULL: [], OWN: [], CATALOGUED: []}
    rankers: dict[str, Ranker] = {}
    for number, fold in enumerate(outer_folds(tracks, y, n_folds=n_folds)):
        train = tracks.iloc[fold.train].reset_index(drop=True)
        test = tracks.iloc[fold.test].drop(columns="liked").reset_index(drop=True)
        likes = train[train["liked"] == 1].reset_index(drop=True)
        for name, table in ((FULL, train), (OWN, hidden(train, number)), (CATALOGUED, likes)):
            learnt, _ = with_background(table, catalogue, config)
            rankers[name] = fit(learnt, replace(config, seed=number), catalogue=catalogue).ranker
            scores[name].append(METRICS["roc_auc"].score(y[fold.test], rankers[name].predict_proba(test)))
        told = ", ".join(f"{name} {values[-1]:.4f}" for name, values in scores.items())
        print(f"fold {number + 1} of {n_folds}: {told}", file=sys.stderr, flush=True)
    note = f"{time.perf_counter() - started:.0f} s for all, {load.in_words()}"
    return figures_of(scores, {name: ranker.info.get("class_prior") for name, ranker in rankers.items()}, note)


def hidden(train: pd.DataFrame, seed: int) -> pd.DataFrame:
    """A table without its dislikes' labels, nor those of some of its likes."""
    draw = np.random.default_rng(seed).random(len(train)) < HIDDEN_LIKES
    return train.assign(liked=train["liked"].mask((train["liked"] == 0) | draw))


def figures_of(scores: dict[str, list[float]], priors: dict[str, Any], note: str = "") -> list[Figure]:
    """Mean ROC AUC of each setting, then what hiding the dislikes costs."""
    figures = []
    for name, values in scores.items():
        folds = " ".join(f"{value:.3f}" for value in values)
        prior = priors.get(name)
        told = "" if prior is None else f"; likes among the background: {prior['value']:.2f} (last fold)"
        figures.append(Figure(f"{name}, ROC AUC", fmean(values), note=f"folds {folds}{told}"))
    for name in (OWN, CATALOGUED):
        lost = fmean(scores[FULL]) - fmean(scores[name])
        figures.append(at_most(f"{name}, ROC AUC below that of all labels", lost, WANTED, note=note))
    return figures


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure with options; the exit code is 1 where a figure is not as wanted."""
    parser = argparse.ArgumentParser(prog="python -m experiments.benchmark.likes_only", description=__doc__)
    parser.add_argument("--budget", type=float, help="seconds of a fit (default: 60, or none where trials are given)")
    parser.add_argument("--trials", type=int, help="trials of a family")
    parser.add_argument("--models", default="", help="families, by comma (default: all)")
    parser.add_argument("--folds", type=int, default=N_FOLDS, help=f"outer folds (default: {N_FOLDS})")
    parser.add_argument("--inner", type=int, help="inner folds, cut once (default: as in train)")
    parser.add_argument("--json", action="store_true", help="answer with JSON")
    asked = parser.parse_args(arguments)
    budget = asked.budget or (CONFIG.budget_s if asked.trials is None else None)
    models = tuple(name for name in asked.models.split(",") if name)
    repeats = None if asked.inner is None else 1
    config = FitConfig(budget, asked.trials, models, n_folds=asked.inner, bag_repeats=repeats)
    found = run(config, asked.folds)
    print(json.dumps([asdict(figure) for figure in found], indent=2) if asked.json else text_table({"likes": found}))
    return int(any(figure.holds is False for figure in found))


if __name__ == "__main__":
    sys.exit(main())
