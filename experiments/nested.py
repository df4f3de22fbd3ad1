"""Honest outer folds around the whole of fit: what a train would have reached on tracks it never saw."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from experiments.bootstrap import intervals
from experiments.config import FitConfig, check_labels
from experiments.fitting import fit
from experiments.metrics import evaluate
from experiments.progress import Listener, Progress, silent
from experiments.splits import groups_for, outer_folds
from features.schema import labelled


@dataclass(frozen=True)
class OuterFold:
    """One outer fold: a whole fit on its training rows, judged on the others."""

    fold: int
    model: str
    n_train: int
    n_test: int
    seconds: float
    metrics: Mapping[str, float]


@dataclass(frozen=True)
class Evaluation:
    """All outer folds.

    Parameters
    ----------
    split : str
    folds : tuple of OuterFold
    mean : mapping of str to float
        Mean of each metric over the folds.
    interval : mapping of str to (low, high)
        95 % interval of each mean, from bootstraps of the folds' test rows.
    predictions : DataFrame
        ``track_id, liked, like_probability, predicted_like, fold``: one row a predicted track.
    """

    split: str
    folds: tuple[OuterFold, ...]
    mean: Mapping[str, float]
    interval: Mapping[str, tuple[float, float]]
    predictions: pd.DataFrame


def evaluate_folds(
    tracks: pd.DataFrame,
    config: FitConfig,
    *,
    n_folds: int = 5,
    storage_url: str | None = None,
    on_progress: Listener = silent,
) -> Evaluation:
    """Fit on each outer fold's training rows and judge on its test rows.

    Parameters
    ----------
    tracks : DataFrame
        A validated tracks table; rows without a label are left out.
    config : FitConfig
        ``budget_s`` is the whole evaluation's, shared equally among the folds.
    n_folds : int
        At least 2.
    storage_url : str, optional
    on_progress : callable

    Returns
    -------
    Evaluation
    """
    table = labelled(tracks).reset_index(drop=True)
    y = check_labels(table)
    folds = outer_folds(table, y, config.split, n_folds=n_folds, seed=config.seed)
    a_fold = replace(config, budget_s=config.budget_s / len(folds) if config.budget_s is not None else None)
    done: list[OuterFold] = []
    parts, spreads = [], []
    for number, fold in enumerate(folds):
        on_progress(Progress(f"fold {number + 1} of {len(folds)}"))
        clock = time.monotonic()
        fitted = fit(
            table.iloc[fold.train].reset_index(drop=True), a_fold, storage_url=storage_url, on_progress=on_progress
        )
        probability = fitted.ranker.predict_proba(table.iloc[fold.test])
        metrics = evaluate(y[fold.test], probability, fitted.ranker.threshold)
        seconds = time.monotonic() - clock
        done.append(OuterFold(number, fitted.winner.spec.name, len(fold.train), len(fold.test), seconds, metrics))
        parts.append(
            pd.DataFrame(
                {
                    "row": fold.test,
                    "track_id": table["track_id"].to_numpy()[fold.test],
                    "liked": y[fold.test],
                    "like_probability": probability,
                    "predicted_like": probability >= fitted.ranker.threshold,
                    "fold": number,
                }
            )
        )
        groups = groups_for(table.iloc[fold.test], config.split)
        spreads.append(intervals(y[fold.test], probability, fitted.ranker.threshold, groups=groups, seed=config.seed))
    predictions = pd.concat(parts).sort_values("row", ignore_index=True).drop(columns="row")
    mean = {name: float(np.mean([fold.metrics[name] for fold in done])) for name in done[0].metrics}
    interval = {name: _around(centre, [spread[name] for spread in spreads]) for name, centre in mean.items()}
    return Evaluation(config.split, tuple(done), mean, interval, predictions)


def _around(mean: float, of_folds: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """95 % interval of a mean over folds from the folds' own intervals, whose test rows have nothing in common.

    Half the width of each is 1.96 standard errors; errors of independent folds add up by their squares.
    """
    half = float(np.sqrt(np.sum([((high - low) / 2) ** 2 for low, high in of_folds]))) / len(of_folds)
    return mean - half, mean + half
