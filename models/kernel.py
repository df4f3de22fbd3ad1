"""How alike two tracks are to a Gaussian process, and how much each input matters to that, learned from labels.

The kernel is a Matérn of the distance in which every input has a length of its own (automatic relevance determination),
plus a linear one (Rasmussen and Williams 2006, "Gaussian Processes for Machine Learning", chapters 4 and 5).

Its parameters are those that make labels of +1 and -1 with normal noise most probable, under a weak prior. That
likelihood has a closed form and a gradient; the logistic one, by which probabilities are fitted afterwards
(`models.estimators.gaussian_process`), has neither, and agrees on which inputs matter.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.linalg import cho_solve, cholesky
from scipy.optimize import minimize

FloatArray = npt.NDArray[np.float64]

SMOOTHNESS = (1.5, 2.5)
"""Of the Matérn: once or twice differentiable."""

_TYPICAL = np.log([0.3, 0.3, 0.6])
"""Height, slope and noise to begin with, and that the prior expects; labels of +1 and -1 have a variance of about 1."""
_TYPICAL_LENGTH = 1.5
"""The same of an input's length, times the root of the number of inputs: the distance of two usual tracks."""
_PRECISION = 0.5
"""Of the normal prior of a parameter's logarithm."""
_LOW, _HIGH = (-4.0, -5.0, -3.0), (2.0, 2.0, 1.0)
_LENGTH_REACH = 4.0
"""Logarithms stay in these bounds, lengths so near to the typical one: beyond, matrices come to be singular."""
_ITERATIONS = 25


@dataclass(frozen=True)
class Kernel:
    """Covariance of what two tracks are liked by.

    Parameters
    ----------
    length : ndarray of float, shape (n_inputs,)
        > 0; an input of great length hardly matters.
    height, slope : float
        > 0; variance of the Matérn part, and of the linear one for inputs of unit variance.
    smoothness : {1.5, 2.5}
    """

    length: FloatArray
    height: float
    slope: float
    smoothness: float

    def between(self, A: FloatArray, B: FloatArray) -> FloatArray:
        """Covariances, (n_a, n_inputs) and (n_b, n_inputs) to (n_a, n_b)."""
        alike = matern(squared_distances(A / self.length, B / self.length), self.smoothness)
        return np.asarray(self.height * alike + (self.slope / A.shape[1]) * (A @ B.T))


def squared_distances(A: FloatArray, B: FloatArray) -> FloatArray:
    """(n_a, n_inputs) and (n_b, n_inputs) to (n_a, n_b)."""
    found = -2.0 * (A @ B.T)
    found += (A * A).sum(axis=1)[:, None]
    found += (B * B).sum(axis=1)
    return np.asarray(np.maximum(found, 0.0, out=found))


def matern(squared: FloatArray, smoothness: float) -> FloatArray:
    """The Matérn of squared distances: 1 at 0."""
    return _matern_of(*_decay(squared, smoothness), smoothness)


def _decay(squared: FloatArray, smoothness: float) -> tuple[FloatArray, FloatArray]:
    """Distances in the Matérn's own measure, and the exponential that it falls by."""
    if smoothness not in SMOOTHNESS:
        raise ValueError(f"smoothness is {smoothness!r}, expected one of {SMOOTHNESS}")
    far = np.sqrt(2.0 * smoothness * squared)
    return far, np.exp(-far)


def _matern_of(far: FloatArray, fall: FloatArray, smoothness: float) -> FloatArray:
    return (1.0 + far) * fall if smoothness == 1.5 else (1.0 + far + far * far / 3.0) * fall


def _steepness(far: FloatArray, fall: FloatArray, smoothness: float) -> FloatArray:
    """-2 times the Matérn's derivative by squared distances."""
    return 3.0 * fall if smoothness == 1.5 else 5.0 / 3.0 * (1.0 + far) * fall


def learned_kernel(x: FloatArray, y: FloatArray, weight: FloatArray, smoothness: float) -> tuple[Kernel, float]:
    """The most probable kernel and variance of the labels' noise, > 0.

    Parameters
    ----------
    x : ndarray of float, shape (n_rows, n_inputs)
        Of about unit variance. The cost is cubic in the rows: a few hundred are enough.
    y : ndarray of float, shape (n_rows,)
        +1 or -1.
    weight : ndarray of float, shape (n_rows,)
        > 0; a label of weight 2 is half as noisy.
    smoothness : {1.5, 2.5}
    """
    n_inputs = x.shape[1]
    usual = np.log(_TYPICAL_LENGTH * np.sqrt(n_inputs))
    expected = np.concatenate([np.full(n_inputs, usual), _TYPICAL])
    bounds = [(usual - _LENGTH_REACH, usual + _LENGTH_REACH)] * n_inputs + list(zip(_LOW, _HIGH, strict=True))
    target = y - np.average(y, weights=weight)

    def improbability(at: FloatArray) -> tuple[float, FloatArray]:
        value, gradient = _negative_log_likelihood(at, x, target, weight, smoothness)
        away = at - expected
        return value + 0.5 * _PRECISION * float(away @ away), gradient + _PRECISION * away

    found = minimize(
        improbability, expected, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": _ITERATIONS}
    ).x
    height, slope, noise = np.exp(found[n_inputs:])
    return Kernel(np.exp(found[:n_inputs]), float(height), float(slope), smoothness), float(noise)


def _negative_log_likelihood(
    at: FloatArray, x: FloatArray, target: FloatArray, weight: FloatArray, smoothness: float
) -> tuple[float, FloatArray]:
    """Of the logarithms of lengths, height, slope and noise, with its gradient; without its constant."""
    n_rows, n_inputs = x.shape
    length, (height, slope, noise) = np.exp(at[:n_inputs]), np.exp(at[n_inputs:])
    decay = _decay(squared_distances(x / length, x / length), smoothness)
    alike = _matern_of(*decay, smoothness)
    linear = (slope / n_inputs) * (x @ x.T)
    factor = cholesky(height * alike + linear + np.diag(noise / weight), lower=True)
    inverse = cho_solve((factor, True), np.eye(n_rows))
    weights = inverse @ target
    value = 0.5 * float(target @ weights) + float(np.log(np.diag(factor)).sum())
    # the derivative by a parameter is half the sum of this, entry by entry, times the covariances' own derivative
    outer = inverse - np.outer(weights, weights)
    pull = outer * (height * _steepness(*decay, smoothness))
    spread = 2.0 * (pull.sum(axis=1) @ (x * x) - (x * (pull @ x)).sum(axis=0))
    gradient = 0.5 * np.concatenate(
        [
            spread / length**2,
            [(outer * (height * alike)).sum(), (outer * linear).sum(), (np.diag(outer) * noise / weight).sum()],
        ]
    )
    return value, gradient
