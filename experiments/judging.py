"""What the predictions of outer folds are worth together, and how sure that is.

Every fold's ranker has a scale of its own. Metrics that compare rows with each other are therefore averaged over the
folds, while metrics that judge each row or count rows take all rows together, so that a calibration error or a
precision does not rest on the few rows of one fold (Forman and Scholz, Apples-to-apples in cross-validation studies,
SIGKDD Explorations 12(1), 2010). Intervals resample artists, whose tracks are liked together.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import stats

from experiments.bootstrap import centred, resampled
from experiments.metrics import METRICS, evaluate
from experiments.predictions import Bools, Floats

Ints = npt.NDArray[np.int64]

RANKING: Final = frozenset({"roc_auc", "average_precision", "precision_at_k"})
"""Metrics of the order of rows: means over folds."""
RESAMPLES: Final = 500
_NAMES: Final = tuple(METRICS)
_OF_ORDER: Final = np.array([name in RANKING for name in _NAMES])
_UPPER: Final = np.array([np.inf if name == "log_loss" else 1.0 for name in _NAMES])


@dataclass(frozen=True)
class Predicted:
    """Rows as the outer folds' rankers predicted them.

    Parameters
    ----------
    liked : ndarray of bool, shape (n,)
    probability : ndarray of float, shape (n,)
    kept : ndarray of bool, shape (n,)
        By each ranker's own cut.
    fold : ndarray of int, shape (n,)
    artist : ndarray of int, shape (n,)
        Equal for tracks of one artist.
    """

    liked: Bools
    probability: Floats
    kept: Bools
    fold: Ints
    artist: Ints

    def take(self, rows: npt.NDArray[np.generic]) -> "Predicted":
        """Some of the rows."""
        return Predicted(self.liked[rows], self.probability[rows], self.kept[rows], self.fold[rows], self.artist[rows])


@dataclass(frozen=True)
class Judgement:
    """What predictions are worth.

    Parameters
    ----------
    n_tracks, n_liked : int
    metrics : mapping of str to float
        The names of ``METRICS``: means over the folds for those in ``RANKING``, of all rows together for the others.
    interval : mapping of str to (low, high)
        95 %, from resampled artists; nan where there are too few.
    mean, mean_interval : mapping
        The same as means over the folds throughout.
    """

    n_tracks: int
    n_liked: int
    metrics: Mapping[str, float]
    interval: Mapping[str, tuple[float, float]]
    mean: Mapping[str, float]
    mean_interval: Mapping[str, tuple[float, float]]


@dataclass(frozen=True)
class Difference:
    """A metric of the same rows in two views: ``value`` is second minus first, with its 95 % interval."""

    first: float
    second: float
    value: float
    low: float
    high: float


def judge(predicted: Predicted, *, seed: int = 0, n: int = RESAMPLES) -> Judgement:
    """All metrics with their intervals.

    Parameters
    ----------
    predicted : Predicted
        At least one row.
    seed : int
    n : int
        Resamples.

    Returns
    -------
    Judgement

    Raises
    ------
    ValueError
        As ``metrics.evaluate`` does.
    """

    def values(rows: npt.NDArray[np.intp]) -> Floats:
        return np.concatenate(_scores(predicted.take(rows)))

    found = _scores(predicted)
    draws = resampled(values, len(predicted.liked), groups=predicted.artist, n=n, seed=seed)
    around = centred(np.concatenate(found), draws).reshape(2, len(_NAMES), 2).clip(0.0, _UPPER[:, None])
    together, mean = ({name: float(row[i]) for i, name in enumerate(_NAMES)} for row in found)
    intervals, of_mean = ({name: _pair(row[i]) for i, name in enumerate(_NAMES)} for row in around)
    n_liked = int(np.count_nonzero(predicted.liked))
    return Judgement(len(predicted.liked), n_liked, together, intervals, mean, of_mean)


def compare(first: Predicted, second: Predicted, *, seed: int = 0, n: int = RESAMPLES) -> dict[str, Difference]:
    """How two predictions of the same rows differ, each resample of artists being the same for both.

    Parameters
    ----------
    first, second : Predicted
        Row by row the same tracks.
    seed : int
    n : int
        Resamples.

    Returns
    -------
    dict of str to Difference
        The names of ``METRICS``.

    Raises
    ------
    ValueError
        Where labels or artists are not the same.
    """
    if not (np.array_equal(first.liked, second.liked) and np.array_equal(first.artist, second.artist)):
        raise ValueError("only predictions of the same rows can be compared")

    def gap(rows: npt.NDArray[np.intp]) -> Floats:
        return _scores(second.take(rows))[0] - _scores(first.take(rows))[0]

    one, other = _scores(first)[0], _scores(second)[0]
    around = centred(other - one, resampled(gap, len(first.liked), groups=first.artist, n=n, seed=seed))
    return {
        name: Difference(float(one[i]), float(other[i]), float(other[i] - one[i]), *_pair(around[i]))
        for i, name in enumerate(_NAMES)
    }


def share_interval(hits: Bools, groups: Ints, *, level: float = 0.95) -> tuple[float, float]:
    """Interval of a share whose rows come in groups.

    Clopper and Pearson's exact interval for as many rows as would say as much if they were independent: rows divided by
    the design effect of the groups, or the number of groups where all rows are hits or none is. Unlike a bootstrap it
    does not call 12 of 12 certain.

    Parameters
    ----------
    hits : ndarray of bool, shape (n,)
    groups : ndarray, shape (n,)
    level : float in (0, 1)

    Returns
    -------
    (low, high) : tuple of float
        In [0, 1]; nan for no rows.

    References
    ----------
    Korn and Graubard, Confidence intervals for proportions with small expected number of positive counts estimated from
    survey data, Survey Methodology 24 (1998).
    """
    n = len(hits)
    if not n:
        return float("nan"), float("nan")
    share = float(hits.mean())
    code = np.unique(groups, return_inverse=True)[1]
    n_groups = int(code.max()) + 1
    effective = float(n_groups)
    if 0.0 < share < 1.0 and n_groups > 1:
        of_groups = np.bincount(code, hits - share)
        variance = float(np.sum(of_groups**2)) / n**2 * n_groups / (n_groups - 1)
        effective = min(1.0, share * (1.0 - share) / (n - 1) / variance) * n if variance else float(n)
    tail, found = (1.0 - level) / 2.0, share * effective
    low = float(stats.beta.ppf(tail, found, effective - found + 1.0)) if share > 0.0 else 0.0
    high = float(stats.beta.ppf(1.0 - tail, found + 1.0, effective - found)) if share < 1.0 else 1.0
    return low, high


def _scores(predicted: Predicted) -> tuple[Floats, Floats]:
    """All metrics as ``Judgement.metrics`` has them, and as means over the folds that define them; (12,) each."""
    folds = [predicted.fold == fold for fold in np.unique(predicted.fold)]
    by_fold = np.array([_evaluated(predicted.take(rows)) for rows in folds])
    defined = ~np.isnan(by_fold)
    times = defined.sum(axis=0)
    total = np.where(defined, by_fold, 0.0).sum(axis=0)
    mean = np.divide(total, times, out=np.full(len(_NAMES), np.nan), where=times > 0)
    return np.where(_OF_ORDER, mean, _evaluated(predicted)), mean


def _evaluated(predicted: Predicted) -> Floats:
    return np.array(list(evaluate(predicted.liked, predicted.probability, predicted.kept).values()))


def _pair(row: Floats) -> tuple[float, float]:
    return float(row[0]), float(row[1])
