"""Logistic regression of a few coefficients under a normal prior, with its posterior covariance.

scikit-learn's has one penalty for all coefficients, none towards 1, and no covariance; calibration needs all three.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit

FloatArray = npt.NDArray[np.float64]

ITERATIONS = 50


@dataclass(frozen=True)
class Prior:
    """Independent normal priors of the coefficients.

    Parameters
    ----------
    mean, precision : ndarray of float, shape (n_coefficients,)
        Precision 0: nothing is known beforehand.
    """

    mean: FloatArray
    precision: FloatArray


def log_loss_rows(scores: FloatArray, y: npt.NDArray[np.int64]) -> FloatArray:
    """Log loss of each row in nats, from log-odds."""
    loss: FloatArray = np.logaddexp(0.0, scores) - y * scores
    return loss


def fit_logistic(
    design: FloatArray,
    y: npt.NDArray[np.int64],
    weight: FloatArray,
    prior: Prior,
    *,
    start: FloatArray | None = None,
    free: npt.NDArray[np.bool_] | None = None,
) -> tuple[FloatArray, float]:
    """The posterior mode, by Newton's method.

    Parameters
    ----------
    design : ndarray of float, shape (n_rows, n_coefficients)
        A column of ones where there is an intercept.
    y : ndarray of int, shape (n_rows,)
        0 or 1.
    weight : ndarray of float, shape (n_rows,)
        At least 0; a weight of 2 counts as two rows.
    prior : Prior
    start : ndarray of float, shape (n_coefficients,), optional
        Where to begin; the prior's mean by default.
    free : ndarray of bool, shape (n_coefficients,), optional
        The others stay where they start.

    Returns
    -------
    (theta, loss) : ndarray of float of shape (n_coefficients,), float
        The coefficients, and what they minimise: weighted log loss in nats plus half the prior's squared distances.
    """
    theta = np.array(prior.mean if start is None else start, dtype=np.float64)
    moving = np.ones(len(theta), dtype=bool) if free is None else free

    def loss_of(at: FloatArray) -> float:
        return float(weight @ log_loss_rows(design @ at, y) + 0.5 * prior.precision @ (at - prior.mean) ** 2)

    columns, loss = design[:, moving], loss_of(theta)
    for _ in range(ITERATIONS if moving.any() else 0):
        fitted = expit(design @ theta)
        gradient = columns.T @ (weight * (fitted - y)) + (prior.precision * (theta - prior.mean))[moving]
        step = np.zeros_like(theta)
        step[moving] = np.linalg.solve(_hessian(columns, fitted, weight, prior.precision[moving]), gradient)
        size = float(np.abs(step).max())
        # Far from the optimum a whole Newton step can overshoot: it is halved until the loss falls.
        while (candidate := loss_of(theta - step)) > loss and size > 1e-9:
            step, size = step / 2, size / 2
        if candidate > loss:
            break
        theta, loss = theta - step, candidate
        if size < 1e-6:
            break
    return theta, loss


def posterior_covariance(design: FloatArray, theta: FloatArray, weight: FloatArray, prior: Prior) -> FloatArray:
    """Laplace's approximation at ``theta``, shape (n_coefficients, n_coefficients)."""
    hessian = _hessian(design, expit(design @ theta), weight, prior.precision)
    return np.asarray(np.linalg.inv(hessian), dtype=np.float64)


def _hessian(columns: FloatArray, fitted: FloatArray, weight: FloatArray, precision: FloatArray) -> FloatArray:
    curvature = weight * fitted * (1 - fitted)
    # The tiny ridge keeps saturated scores from making the matrix singular.
    return np.asarray((columns * curvature[:, None]).T @ columns + np.diag(precision + 1e-9), dtype=np.float64)
