"""Logistic regression that learns from the rows how much to shrink each group of its coefficients.

A ridge penalty is the precision of a normal prior. Instead of trying penalties out on held-out rows, each is set to
what makes the labels most probable: a group whose coefficients are no larger than chance would make them is shrunk
away, one that the labels speak for is left nearly free. Hundreds of coefficients then cost little where they are of no
use, and one fit is enough (MacKay 1992, "The Evidence Framework Applied to Classification Networks"; the same update
as in Wood and Fasiolo 2017, "A generalized Fellner-Schall method", arXiv:1606.04802).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from models.logistic import Prior, fit_logistic, log_loss_rows

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_ITERATIONS = 12
_ROWS = 4_000
"""Penalties do not depend on the number of rows, so they are learned from at most so many."""
_LOW, _HIGH = 0.3, 1e4
"""Penalties are kept between these: below, nothing is shrunk; above, nothing is left."""
_FREE = 1e-6
"""Penalty of the intercept."""
_FACTOR_LOW, _FACTOR_HIGH = 0.05, 50.0
"""How far an input's products may differ from those of other inputs, as a factor of the penalty."""
_SETTLED = 0.002
"""Stop once the number of coefficients in use changes by less than this share."""


@dataclass(frozen=True)
class Groups:
    """Which coefficients share a penalty, and which groups are of a kind.

    A group's penalty is pulled towards what all groups of its kind say together, so that groups of one coefficient can
    have penalties of their own. That of a product is pulled towards what all products of either factor say: an input of
    no use makes products of no use.

    Parameters
    ----------
    group : ndarray of int, shape (n_columns,)
        From 0 to n_groups - 1.
    kind : ndarray of int, shape (n_groups,)
        From 0 to n_kinds - 1.
    start : ndarray of float, shape (n_kinds,)
        Penalties to begin with, > 0, of columns of unit scale; they are worth one coefficient of evidence.
    pooling : ndarray of float, shape (n_kinds,)
        How many coefficients' evidence the kind's penalty is worth to each of its groups, > 0.
    factors : ndarray of int, shape (n_groups, 2)
        The inputs that a group multiplies; -1 in a group that is no product.
    """

    group: IntArray
    kind: IntArray
    start: FloatArray
    pooling: FloatArray
    factors: IntArray


def fit_adaptive_ridge(
    design: FloatArray, y: IntArray, weight: FloatArray, groups: Groups, *, penalty: float, seed: int
) -> tuple[FloatArray, FloatArray]:
    """Learn the penalties, then the coefficients under them.

    Parameters
    ----------
    design : ndarray of float, shape (n_rows, n_columns)
        Finite; without a column of ones.
    y : ndarray of int, shape (n_rows,)
        0 or 1.
    weight : ndarray of float, shape (n_rows,)
        At least 0; a weight of 2 counts as two rows.
    groups : Groups
    penalty : float, > 0
        The learned penalties are multiplied by it. Above 1: rows of one artist tell less than as many rows of different
        artists, which the learning does not know.
    seed : int
        Of the rows that the penalties are learned from.

    Returns
    -------
    coefficients : ndarray of float, shape (n_columns + 1,)
        The last one is the intercept.
    penalties : ndarray of float, shape (n_groups,)
    """
    columns = np.column_stack([design, np.ones(len(design))])
    some = np.sort(np.random.default_rng(seed).permutation(len(columns))[:_ROWS])
    theta, learned = _learn(columns[some], y[some], weight[some], groups)
    penalties = np.clip(penalty * learned, _LOW, _HIGH)
    prior = Prior(np.zeros(len(theta)), np.append(penalties[groups.group], _FREE))
    theta, _ = fit_logistic(columns, y, weight, prior, start=theta)
    return theta, penalties


def _learn(columns: FloatArray, y: IntArray, weight: FloatArray, groups: Groups) -> tuple[FloatArray, FloatArray]:
    """One Newton step of the coefficients and one update of the penalties, by turns: coefficients, penalties."""
    n_groups = len(groups.kind)
    size = np.bincount(groups.group, minlength=n_groups)
    penalties = groups.start[groups.kind]
    pooling = groups.pooling[groups.kind]
    theta = np.zeros(columns.shape[1])
    share = (weight @ y + 0.5) / (weight.sum() + 1.0)
    theta[-1] = np.log(share / (1.0 - share))
    before = np.inf
    for _ in range(_ITERATIONS):
        precision = np.append(penalties[groups.group], _FREE)
        theta, variance = _step(columns, y, weight, precision, theta)
        # coefficients in use: those that the rows determine rather than the penalty
        used = np.maximum(size - penalties * np.bincount(groups.group, variance[:-1], minlength=n_groups), 0.0)
        squares = np.bincount(groups.group, theta[:-1] ** 2, minlength=n_groups)
        expected = _expected(groups, used, np.asarray(squares, dtype=np.float64))
        penalties = np.clip((used + pooling) / (squares + pooling / expected), _LOW, _HIGH)
        if abs(used.sum() - before) < _SETTLED * used.sum():
            break
        before = used.sum()
    return theta, penalties


def _expected(groups: Groups, used: FloatArray, squares: FloatArray) -> FloatArray:
    """The penalty that each group is pulled towards: (n_groups,). What is known beforehand is worth one coefficient."""
    n_kinds = len(groups.start)
    used_of_kind = np.bincount(groups.kind, used, minlength=n_kinds) + 1.0
    squares_of_kind = np.bincount(groups.kind, squares, minlength=n_kinds) + 1.0 / groups.start
    expected = (used_of_kind / squares_of_kind)[groups.kind]
    product = groups.factors[:, 0] >= 0
    if product.any():
        inputs = groups.factors[product]
        used_of_input = np.bincount(inputs.ravel(), np.repeat(used[product], 2)) + 1.0
        squares_of_input = np.bincount(inputs.ravel(), np.repeat((squares * expected)[product], 2)) + 1.0
        factor = np.clip(used_of_input / squares_of_input, _FACTOR_LOW, _FACTOR_HIGH)
        expected[product] *= factor[inputs].prod(axis=1)
    return np.asarray(expected)


def _step(
    columns: FloatArray, y: IntArray, weight: FloatArray, precision: FloatArray, theta: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """A Newton step, halved until the loss does not rise, and the variances where it began."""
    fitted = expit(columns @ theta)
    gradient = columns.T @ (weight * (fitted - y)) + precision * theta
    scaled = columns * np.sqrt(weight * fitted * (1.0 - fitted))[:, None]
    hessian = scaled.T @ scaled
    hessian[np.diag_indices_from(hessian)] += precision
    inverse = np.linalg.inv(hessian)

    def loss(at: FloatArray) -> float:
        return float(weight @ log_loss_rows(columns @ at, y) + 0.5 * precision @ at**2)

    step, here = inverse @ gradient, loss(theta)
    for _ in range(30):
        if loss(theta - step) <= here:
            return theta - step, np.diag(inverse)
        step = step / 2
    return theta, np.diag(inverse)
