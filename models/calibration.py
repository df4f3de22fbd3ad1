"""From a model's scores to probabilities that mean what they say.

Calibration is learnt from out-of-fold predictions only, and is strictly increasing: it never changes an order, so ROC
AUC is the same before and after.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit

FloatArray = npt.NDArray[np.float64]

EDGE = 1e-6
"""Scores are kept this far from 0 and 1, so that their log-odds stay finite."""


def log_odds(probability: FloatArray) -> FloatArray:
    """Log-odds of probabilities, clipped to [EDGE, 1 - EDGE].

    Parameters
    ----------
    probability : ndarray of float, shape (n,)
        In [0, 1].

    Returns
    -------
    ndarray of float, shape (n,)
        In about [-13.8, 13.8].
    """
    clipped: FloatArray = logit(np.clip(probability, EDGE, 1.0 - EDGE))
    return clipped


@dataclass(frozen=True)
class PlattCalibration:
    """``expit(slope * log_odds(p) + intercept)`` with a positive slope.

    Parameters
    ----------
    slope : float
        Above 1 sharpens, below 1 flattens; always > 0.
    intercept : float
        Shift on the log-odds scale.

    References
    ----------
    Platt, J. (1999). Probabilistic outputs for support vector machines. The log-odds form is that of Kull, M. et al.
    (2017), Beta calibration, with equal slopes.
    """

    slope: float = 1.0
    intercept: float = 0.0

    def __post_init__(self) -> None:
        if not (np.isfinite(self.slope) and np.isfinite(self.intercept) and self.slope > 0):
            raise ValueError(f"a calibration needs a positive slope and finite values, got {self}")

    def apply(self, probability: FloatArray) -> FloatArray:
        """Calibrated probabilities, in the order of the given ones."""
        return np.asarray(expit(self.apply_log_odds(probability)), dtype=np.float64)

    def apply_log_odds(self, probability: FloatArray) -> FloatArray:
        """Calibrated log-odds: the scale on which effects add up."""
        return self.slope * log_odds(probability) + self.intercept


def fit_platt(y: npt.NDArray[np.int64], probability: FloatArray, *, iterations: int = 50) -> PlattCalibration:
    """Fit a Platt calibration by Newton's method.

    Platt's smoothed targets, (n1 + 1) / (n1 + 2) and 1 / (n0 + 2), stand in for 1 and 0: they keep a perfectly
    separating score from an infinite slope.

    Parameters
    ----------
    y : ndarray of int, shape (n,)
        0 or 1; both must occur.
    probability : ndarray of float, shape (n,)
        Out-of-fold scores in [0, 1].
    iterations : int
        At most this many Newton steps.

    Returns
    -------
    PlattCalibration
        The identity with a shifted intercept where the scores are constant or point the wrong way (a calibration must
        not turn an order round).

    Raises
    ------
    ValueError
        If one class is missing or lengths differ.
    """
    if len(y) != len(probability):
        raise ValueError(f"{len(y)} labels for {len(probability)} scores")
    positives = int(y.sum())
    negatives = len(y) - positives
    if not positives or not negatives:
        raise ValueError("calibration needs both liked and skipped tracks")
    target = np.where(y == 1, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    x = log_odds(probability)
    weights = _newton(x, target, iterations)
    if weights is None:
        base = float(log_odds(np.array([target.mean()]))[0])
        return PlattCalibration(1.0, base - float(np.mean(x)))
    return PlattCalibration(float(weights[0]), float(weights[1]))


def _newton(x: FloatArray, target: FloatArray, iterations: int) -> FloatArray | None:
    """Logistic regression of ``target`` on one score; None where its slope is not positive."""
    design = np.column_stack([x, np.ones_like(x)])
    weights = np.array([1.0, 0.0])
    loss = _log_loss(design @ weights, target)
    for _ in range(iterations):
        fitted = expit(design @ weights)
        gradient = design.T @ (fitted - target)
        curvature = fitted * (1 - fitted)
        # The small ridge keeps a constant score from making the matrix singular.
        hessian = (design * curvature[:, None]).T @ design + 1e-9 * np.eye(2)
        step = np.linalg.solve(hessian, gradient)
        # Far from the optimum a whole Newton step can overshoot: it is halved until the loss falls.
        while (candidate := _log_loss(design @ (weights - step), target)) > loss and np.abs(step).max() > 1e-12:
            step = step / 2
        weights, loss = weights - step, min(candidate, loss)
        if np.abs(step).max() < 1e-10:
            break
    if not np.all(np.isfinite(weights)) or weights[0] <= 1e-3:
        return None
    return weights


def _log_loss(scores: FloatArray, target: FloatArray) -> float:
    return float(np.sum(np.logaddexp(0.0, scores) - target * scores))
