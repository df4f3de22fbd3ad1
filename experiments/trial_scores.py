"""Which trials are better, in the metric they were searched by: the greatest AUC but the least log loss.

Pruned trials have seen some folds only, so their scores compare with nobody's: they are never the best.
"""

import math
from collections.abc import Iterable, Sequence

import numpy as np

from experiments.metrics import METRICS
from experiments.results import TrialRecord


def best_so_far(trials: Iterable[TrialRecord], metric: str) -> list[float]:
    """The best score after each trial, in the order given; NaN until the first complete one.

    Parameters
    ----------
    trials : iterable of TrialRecord
    metric : str
        A name of `experiments.metrics.METRICS`.
    """
    sign = _sign(metric)
    scores = [sign * trial.value if trial.state == "complete" else math.nan for trial in trials]
    best: list[float] = (sign * np.fmax.accumulate(np.array(scores, dtype=np.float64))).tolist()
    return best


def best_score(trials: Iterable[TrialRecord], metric: str) -> float:
    """The best score of the complete trials; NaN where there is none."""
    return (best_so_far(trials, metric) or [math.nan])[-1]


def best_first(trials: Sequence[TrialRecord], metric: str) -> list[TrialRecord]:
    """Complete trials before pruned ones, better before worse, older before newer where they tie."""
    sign = _sign(metric)
    return sorted(trials, key=lambda trial: (trial.state != "complete", -sign * trial.value, trial.number))


def _sign(metric: str) -> float:
    """What makes greater better."""
    return 1.0 if METRICS[metric].greater_is_better else -1.0
