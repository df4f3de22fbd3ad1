"""How sure a metric is: percentile bootstrap intervals over rows or over whole groups of rows."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from experiments.metrics import METRICS, evaluate
from experiments.predictions import Threshold, kept_rows, validate

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]

_PATIENCE = 20  # draws for each resample wanted, before tables with next to one class give up


def intervals(
    y_true: npt.ArrayLike,
    probability: npt.ArrayLike,
    threshold: Threshold,
    *,
    groups: npt.ArrayLike | None = None,
    n: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> dict[str, tuple[float, float]]:
    """Bootstrap interval of every metric.

    Rows are drawn with replacement ``n`` times, whole groups at a time where groups are given, because an artist's
    tracks are liked together and say less than as many tracks apart. An interval runs between the
    ``(1 - level) / 2`` and ``(1 + level) / 2`` quantiles of the resampled values. Resamples with one class are drawn
    again, up to ``20 n`` draws in all.

    Parameters
    ----------
    y_true : array-like of 0 and 1, shape (n_rows,)
    probability : array-like of float in [0, 1], shape (n_rows,)
    threshold : float, or ndarray of bool, shape (n_rows,)
        The cut, or which rows were kept.
    groups : array-like, shape (n_rows,), optional
        Which rows belong together (artists).
    n : int, at least 1
        Number of resamples.
    seed : int
    level : float in (0, 1)

    Returns
    -------
    dict of str to (low, high)
        The names of ``METRICS``; (nan, nan) each where the rows hold only one class or one group.

    Raises
    ------
    ValueError
        As ``metrics.validate`` does, and for groups of another length, ``n`` or ``level`` out of range.

    References
    ----------
    Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 13; Field and Welsh, Bootstrapping clustered
    data, J. R. Stat. Soc. B 69 (2007), for whole groups.
    """
    liked, p = validate(y_true, probability)
    if n < 1 or not 0.0 < level < 1.0:
        raise ValueError(f"n must be at least 1 and level within (0, 1), got {n} and {level}")
    kept = kept_rows(p, threshold)

    def metrics(rows: Rows) -> Floats:
        return np.array(list(evaluate(liked[rows], p[rows], kept[rows]).values()))

    both_classes = 0 < np.count_nonzero(liked) < len(liked)
    values = resampled(metrics, len(p), groups=groups, n=n if both_classes else 0, seed=seed)
    if not len(values):
        return dict.fromkeys(METRICS, (float("nan"), float("nan")))
    low, high = np.quantile(values, [(1.0 - level) / 2.0, (1.0 + level) / 2.0], axis=0)
    return {name: (float(low[i]), float(high[i])) for i, name in enumerate(METRICS)}


def resampled(
    statistic: Callable[[Rows], Floats],
    n_rows: int,
    *,
    groups: npt.ArrayLike | None = None,
    n: int = 1000,
    seed: int = 0,
) -> Floats:
    """Values of a statistic on rows drawn with replacement, whole groups at a time where groups are given.

    What is computed on the same draw is paired: let the statistic return both values of a difference.

    Parameters
    ----------
    statistic : callable
        Row numbers (n_drawn,), some of them more than once, to values (k,); nan where a value is undefined.
    n_rows : int
    groups : array-like, shape (n_rows,), optional
        Which rows belong together.
    n : int
        Number of resamples.
    seed : int

    Returns
    -------
    ndarray of float, shape (n, k)
        A draw where a value is undefined that all rows together define is drawn again, up to ``20 n`` draws in all:
        the table may have fewer rows than ``n``, and has none where there is only one group.

    Raises
    ------
    ValueError
        For groups of another length.
    """
    members = _members(n_rows, groups)
    everything = statistic(np.arange(n_rows))
    defined = ~np.isnan(everything)
    rng = np.random.default_rng(seed)
    values: list[Floats] = []
    for _ in range(_PATIENCE * n if len(members) > 1 else 0):
        drawn = rng.integers(len(members), size=len(members))
        value = statistic(drawn if groups is None else np.concatenate([members[group] for group in drawn]))
        if not np.isnan(value[defined]).any():
            values.append(value)
        if len(values) == n:
            break
    return np.array(values).reshape(len(values), len(everything))


def centred(value: Floats, draws: Floats, *, level: float = 0.95) -> Floats:
    """Percentile intervals moved so that the draws' mean lies on the value.

    Resampled rows repeat, which makes some metrics look worse (calibration error) or better (precision at the top)
    than they are; the draws' spread is what is wanted of them, not their level (Efron and Tibshirani 1993, chapter 10).

    Parameters
    ----------
    value : ndarray of float, shape (k,)
    draws : ndarray of float, shape (n, k)
        From ``resampled``.
    level : float in (0, 1)

    Returns
    -------
    ndarray of float, shape (k, 2)
        Low and high; nan where there are no draws.
    """
    if not len(draws):
        return np.full((len(value), 2), np.nan)
    tails = [(1.0 - level) / 2.0, (1.0 + level) / 2.0]
    return np.asarray((np.quantile(draws, tails, axis=0) - draws.mean(axis=0) + value).T)


def _members(n_rows: int, groups: npt.ArrayLike | None) -> list[npt.NDArray[np.intp]]:
    """The rows of every group, in the order of the groups' first rows, so that a group's name does not matter."""
    if groups is None:
        return list(np.arange(n_rows)[:, None])
    names = np.asarray(groups)
    if names.shape != (n_rows,):
        raise ValueError(f"groups must have shape ({n_rows},), got {names.shape}")
    _, first, codes = np.unique(names, return_index=True, return_inverse=True)
    rows = np.split(np.argsort(codes, kind="stable"), np.cumsum(np.bincount(codes))[:-1])
    return [rows[group] for group in np.argsort(first)]
