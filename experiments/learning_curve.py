"""How much more labels would help: the same cheap fit on nested parts of outer folds' training rows.

Every point uses one recipe, the default trial of one family with its calibration and artists, so that points differ by
nothing but their labels. Parts keep artists whole, as more labels would come with more artists.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from experiments.bootstrap import centred, resampled
from experiments.config import MIN_TRACKS, FitConfig
from experiments.fitting import fit
from experiments.metrics import roc_auc
from experiments.nested_parts import SHARES, nested_parts
from experiments.power_law import fit_power_law
from experiments.progress import Listener, Progress, silent
from experiments.splits import Fold, groups_for
from models.spec import ModelSpec

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

INNER_FOLDS: Final = 5
"""The same for all sizes, whatever a fit of that size would choose."""
MIN_SIZES: Final = 3
"""A law of three unknowns needs so many."""
RESAMPLES: Final = 500


@dataclass(frozen=True)
class Estimate:
    """A value with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class CurvePoint:
    """One size.

    Parameters
    ----------
    share : float
        Of an outer fold's training rows.
    n_train : int
        Their mean number over the folds.
    roc_auc : Estimate
        Mean over the folds.
    behind : Estimate
        What the largest size has more, on the same rows and resamples.
    """

    share: float
    n_train: int
    roc_auc: Estimate
    behind: Estimate


@dataclass(frozen=True)
class LearningCurve:
    """ROC AUC by number of labels, on the same test rows.

    Parameters
    ----------
    family : str
        Whose default trial was fitted.
    n_folds : int
        Outer folds it was measured on.
    points : tuple of CurvePoint
        The smallest first.
    limit : Estimate or None
        What the curve climbs to; None where there are fewer than MIN_SIZES points.
    scale, exponent : float or None
        Of the law ``limit - scale * n ** -exponent``, where there is one.
    n_labels : int
        Of the whole table.
    gain : Estimate or None
        ROC AUC to be won by twice as many labels as the table has.
    """

    family: str
    n_folds: int
    points: tuple[CurvePoint, ...]
    limit: Estimate | None
    scale: float | None
    exponent: float | None
    n_labels: int
    gain: Estimate | None


def curve_family(
    specs: Sequence[ModelSpec], weights: Mapping[str, float], n_train: int, seconds: float | None
) -> ModelSpec | None:
    """The family whose curve is measured: the one the rankers rest on most, of those that there is time for.

    Parameters
    ----------
    specs : sequence of ModelSpec
    weights : mapping of str to float
        By family, what they weigh in the rankers of the outer folds.
    n_train : int
        Rows of an outer fold's training part.
    seconds : float, optional
        For the whole curve.

    Returns
    -------
    ModelSpec or None
        None where even the cheapest takes too long.
    """
    affordable = [spec for spec in specs if seconds is None or _usual_seconds(spec, n_train) <= seconds]
    return max(affordable, key=lambda spec: (weights.get(spec.name, 0.0), -spec.seconds), default=None)


def learning_curve(
    table: pd.DataFrame,
    y: IntArray,
    folds: Sequence[Fold],
    config: FitConfig,
    family: ModelSpec,
    *,
    seconds: float | None = None,
    catalogue: pd.DataFrame | None = None,
    storage_url: str | None = None,
    on_progress: Listener = silent,
) -> LearningCurve | None:
    """Fit on nested parts of each outer fold's training rows, as many folds as there is time for, at least one.

    Parameters
    ----------
    table : DataFrame, shape (n, any)
    y : ndarray of int, shape (n,)
    folds : sequence of Fold
        Outer folds.
    config : FitConfig
        Its budget and trials do not count.
    family : ModelSpec
    seconds : float, optional
        After a fold none is begun that would not end in time.
    catalogue : DataFrame, optional
        As `experiments.fitting.fit` takes it.
    storage_url : str, optional
    on_progress : callable

    Returns
    -------
    LearningCurve or None
        None where not even a half of the training rows can be learned from.
    """
    parts = [nested_parts(table, y, fold.train, config) for fold in folds]
    shares = sorted(set.intersection(*(set(part) for part in parts)))
    if len(shares) < 2:
        return None
    recipe = replace(
        config,
        budget_s=None,
        trials=1,
        models=(family.name,),
        n_folds=config.n_folds or INNER_FOLDS,
        bag_repeats=1,
    )
    artists = groups_for(table, "artist")
    aucs, draws, sizes = [], [], []
    started = time.monotonic()
    for number, fold in enumerate(folds):
        if number and seconds is not None and (time.monotonic() - started) * (number + 1) / number > seconds:
            break
        predictions = []
        for share in shares:
            rows = parts[number][share]
            on_progress(Progress(f"learning curve, fold {number + 1} of {len(folds)}, {len(rows):,} labels"))
            train = table.iloc[rows].reset_index(drop=True)
            ranker = fit(train, recipe, catalogue=catalogue, storage_url=storage_url).ranker
            predictions.append(ranker.predict_proba(table.iloc[fold.test]))
        of_fold, of_draws = _aucs(y[fold.test], np.array(predictions), artists[fold.test], config.seed + number)
        aucs.append(of_fold)
        draws.append(of_draws)
        sizes.append([len(parts[number][share]) for share in shares])
    return _curve(
        family.name, shares, np.mean(sizes, axis=0), np.array(aucs), _over_folds(draws, config.seed), len(table)
    )


def _usual_seconds(spec: ModelSpec, n_train: int) -> float:
    """What all sizes of one outer fold take on a usual machine; some of a fit does not shrink with its rows."""
    sizes = [share * n_train for share in SHARES if share * n_train >= MIN_TRACKS]
    return sum(spec.seconds * INNER_FOLDS / 8 * max(0.5, size / 1750) for size in sizes)


def _aucs(y: IntArray, predictions: FloatArray, artists: IntArray, seed: int) -> tuple[FloatArray, FloatArray]:
    """ROC AUC of every size on one fold's test rows, and on resampled artists, the same for all sizes."""

    def values(rows: npt.NDArray[np.intp]) -> FloatArray:
        return np.array([roc_auc(y[rows], probability[rows]) for probability in predictions])

    return values(np.arange(len(y))), resampled(values, len(y), groups=artists, n=RESAMPLES, seed=seed)


def _over_folds(draws: Sequence[FloatArray], seed: int) -> FloatArray:
    """Means over resampled folds of their resampled artists: which rows teach is luck as much as which are tested."""
    enough = [of_fold for of_fold in draws if len(of_fold)]
    if not enough:
        return np.zeros((0, draws[0].shape[1]))
    rng = np.random.default_rng(seed)
    fold = rng.integers(len(enough), size=(RESAMPLES, len(enough)))
    return np.array([np.mean(list(_drawn(enough, row, rng)), axis=0) for row in fold])


def _drawn(draws: Sequence[FloatArray], folds: IntArray, rng: np.random.Generator) -> Iterator[FloatArray]:
    for fold in folds:
        yield draws[fold][rng.integers(len(draws[fold]))]


def _curve(
    family: str, shares: Sequence[float], sizes: FloatArray, aucs: FloatArray, draws: FloatArray, n_labels: int
) -> LearningCurve:
    mean = aucs.mean(axis=0)
    around = centred(mean, draws).clip(0.0, 1.0)
    gaps, around_gaps = mean[-1] - mean, centred(mean[-1] - mean, draws[:, -1:] - draws)
    points = tuple(
        CurvePoint(
            share,
            round(float(sizes[i])),
            Estimate(float(mean[i]), *map(float, around[i])),
            Estimate(float(gaps[i]), *map(float, around_gaps[i])),
        )
        for i, share in enumerate(shares)
    )
    if len(shares) < MIN_SIZES or not len(draws):
        return LearningCurve(family, len(aucs), points, None, None, None, n_labels, None)
    weights = 1.0 / np.maximum(draws.var(axis=0), 1e-6)
    law = fit_power_law(sizes, mean, weights)
    of_draws = fit_power_law(sizes, draws, weights)
    twice, of_twice = (found.at(2.0 * n_labels) - found.at(n_labels) for found in (law, of_draws))
    return LearningCurve(
        family=family,
        n_folds=len(aucs),
        points=points,
        limit=_estimate(float(law.limit), of_draws.limit),
        scale=float(law.scale),
        exponent=float(law.exponent),
        n_labels=n_labels,
        gain=_estimate(float(twice), of_twice),
    )


def _estimate(value: float, draws: FloatArray) -> Estimate:
    """With the percentiles of the draws, at least as wide as to hold the value: neither can leave its bounds."""
    low, high = np.quantile(draws, [0.025, 0.975])
    return Estimate(value, float(min(low, value)), float(max(high, value)))
