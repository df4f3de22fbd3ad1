"""What every metric takes: labels, probabilities and a cut, checked once."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Threshold = float | Bools
"""A number, or which rows were kept."""

_P = ParamSpec("_P")


def validate(y_true: npt.ArrayLike, probability: npt.ArrayLike) -> tuple[Bools, Floats]:
    """Check labels and probabilities: what every metric does first.

    Parameters
    ----------
    y_true : array-like of 0 and 1, shape (n,)
    probability : array-like of float in [0, 1], shape (n,)

    Returns
    -------
    liked : ndarray of bool, shape (n,)
    probability : ndarray of float, shape (n,)

    Raises
    ------
    ValueError
    """
    y, p = np.asarray(y_true), np.asarray(probability, dtype=np.float64)
    if y.ndim != 1 or y.shape != p.shape or not len(y):
        raise ValueError(
            f"labels and probabilities must be one-dimensional, equally long and not empty: {y.shape}, {p.shape}"
        )
    liked: Bools = y == 1
    if not (liked | (y == 0)).all():
        raise ValueError(f"labels must be 0 or 1, got {np.unique(y[~liked & (y != 0)])[:3]}")
    if not (p.min() >= 0.0 and p.max() <= 1.0):  # false for nan, too
        raise ValueError(f"probabilities must be finite and in [0, 1], got {p.min()} to {p.max()}")
    return liked, p


def validated(
    core: Callable[Concatenate[Bools, Floats, _P], float],
) -> Callable[Concatenate[npt.ArrayLike, npt.ArrayLike, _P], float]:
    """Validate, then call; ``inspect.unwrap`` gives the core for callers that have validated once for many metrics."""

    @wraps(core)
    def metric(y_true: npt.ArrayLike, probability: npt.ArrayLike, /, *args: _P.args, **kwargs: _P.kwargs) -> float:
        return core(*validate(y_true, probability), *args, **kwargs)

    return metric


def kept_rows(probability: Floats, threshold: Threshold) -> Bools:
    """Which rows are kept, (n,); raises ``ValueError`` for a threshold that is nan or an array that does not fit."""
    if isinstance(threshold, np.ndarray):
        if threshold.dtype != np.bool_ or threshold.shape != probability.shape:
            raise ValueError(f"kept rows must be a boolean array of shape {probability.shape}")
        return threshold
    if np.isnan(threshold):
        raise ValueError("the threshold is nan")
    return probability >= threshold
