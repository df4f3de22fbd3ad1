"""What the stored predictions are worth: means over folds, and paired differences with their intervals."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import fmean, variance
from typing import Final

from scipy.stats import t as student_t

from experiments.benchmark.peers.methods import METHODS
from experiments.benchmark.peers.store import Result
from experiments.metrics import evaluate, keep_everything

JUDGED: Final = ("roc_auc", "average_precision", "accuracy", "log_loss", "brier", "ece")
"""Metrics of the tables."""
COMPARED: Final = ("roc_auc", "log_loss", "brier")
"""Metrics of the paired differences."""
LEVEL: Final = 0.95


@dataclass(frozen=True)
class Row:
    """A method with one budget in one column.

    Parameters
    ----------
    column, method : str
    budget_s : float or None
    results : mapping of int to Result
        By fold; failed ones are in it.
    """

    column: str
    method: str
    budget_s: float | None
    results: Mapping[int, Result]

    @property
    def judged(self) -> dict[int, Result]:
        """The folds with predictions."""
        return {fold: result for fold, result in sorted(self.results.items()) if not result.failed}

    @cached_property
    def scores(self) -> dict[int, dict[str, float]]:
        """Every metric of every judged fold."""
        return {fold: evaluate(result.liked, result.probability, 0.5) for fold, result in self.judged.items()}

    def by_fold(self, metric: str) -> dict[int, float]:
        """A metric of every judged fold."""
        return {fold: scores[metric] for fold, scores in self.scores.items()}

    def mean(self, metric: str) -> float | None:
        """Its mean over the judged folds; None where there are none."""
        values = self.by_fold(metric).values()
        return fmean(values) if values else None

    @property
    def seconds(self) -> float | None:
        """Mean seconds of a judged fold."""
        return fmean(result.seconds for result in self.judged.values()) if self.judged else None


@dataclass(frozen=True)
class Difference:
    """One row's metric less another's, paired by fold.

    Parameters
    ----------
    metric : str
    mean : float
    low, high : float
        The interval; nan for a single fold.
    n_folds : int
        Folds that both were judged on.
    """

    metric: str
    mean: float
    low: float
    high: float
    n_folds: int


def rows_of(results: Iterable[Result]) -> list[Row]:
    """Results by column, method and budget, in the order of the methods and their budgets."""
    found: dict[tuple[str, str, float | None], dict[int, Result]] = {}
    for result in results:
        cell = result.cell
        found.setdefault((cell.column, cell.method, cell.budget_s), {})[cell.fold] = result
    order = {
        (name, budget): (place, budget or 0.0)
        for place, name in enumerate(METHODS)
        for budget in METHODS[name].budgets_s
    }
    return [
        Row(*key, found[key])
        for key in sorted(found, key=lambda key: (key[0], *order.get(key[1:], (len(METHODS), 0.0))))
    ]


def difference(row: Row, other: Row, metric: str) -> Difference | None:
    """``row`` less ``other`` over the folds that both were judged on; None where there are none."""
    ours, theirs = row.by_fold(metric), other.by_fold(metric)
    common = [fold for fold in ours if fold in theirs]
    if not common:
        return None
    differences = [ours[fold] - theirs[fold] for fold in common]
    share = fmean(len(row.judged[fold].liked) / row.judged[fold].n_train for fold in common)
    low, high = corrected_interval(differences, share)
    return Difference(metric, fmean(differences), low, high, len(common))


def corrected_interval(differences: Sequence[float], test_share: float, level: float = LEVEL) -> tuple[float, float]:
    """Interval of the mean difference of two learners over k folds: the corrected resampled t-test's.

    ``mean -+ t_(k-1) sqrt((1 / k + n_test / n_train) s^2)``: the training parts of folds overlap, so that their
    differences vary less than those of fresh samples would; the second term makes up for it.
    Nadeau and Bengio, Inference for the generalization error, Machine Learning 52 (2003); Bouckaert and Frank, PAKDD
    (2004), for repeated cross-validation.

    Parameters
    ----------
    differences : sequence of float
        One a fold.
    test_share : float
        Test rows over training rows: 0.25 for five folds.
    level : float in (0, 1)

    Returns
    -------
    low, high : float
        Both nan for fewer than two folds.
    """
    k = len(differences)
    if k < 2:
        return math.nan, math.nan
    error = math.sqrt((1.0 / k + test_share) * variance(differences))
    half = float(student_t.ppf((1.0 + level) / 2.0, k - 1)) * error
    return fmean(differences) - half, fmean(differences) + half


def keeping_everything(results: Iterable[Result]) -> dict[str, float]:
    """Means over folds of what liking every track scores."""
    folds = {result.cell.fold: result.liked for result in results}
    scores = [keep_everything(liked) for liked in folds.values()]
    return {metric: fmean(score[metric] for score in scores) for metric in JUDGED} if scores else {}
