"""The calibration curve behind a promise: the precision of the tracks above any cut, and how well it is known.

A cut's own out-of-fold rows are few where it is strict. The curve borrows from the rows below: log-odds of being liked
are piecewise linear in the score's log-odds, with bends at two quantiles and weak priors. One posterior covers all
cuts at once, so that choosing among them is not a matter of many tests.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from models.calibration import log_odds
from models.logistic import Prior, fit_logistic, posterior_covariance

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

BENDS = (0.7, 0.9)
"""Quantiles of the scores where the curve may bend: models are wrong about their own best guesses most of all."""


@dataclass(frozen=True)
class PrecisionCurve:
    """A fitted curve.

    Parameters
    ----------
    knots : ndarray of float, shape (n_bends,)
        Log-odds where it bends.
    theta : ndarray of float, shape (2 + n_bends,)
        Intercept, slope, and how much the slope changes at each bend.
    covariance : ndarray of float, shape (2 + n_bends, 2 + n_bends)
    shift : float
        What weighting the classes adds to log-odds.
    correlation : float
        Between labels of one group around the curve, in [0, 1].
    """

    knots: FloatArray
    theta: FloatArray
    covariance: FloatArray
    shift: float
    correlation: float

    def precision(
        self, probability: FloatArray, kept: IntArray, *, rate_shift: float = 0.0
    ) -> tuple[FloatArray, FloatArray]:
        """Expected share of likes among the best ``kept`` tracks, for many values of ``kept``.

        Parameters
        ----------
        probability : ndarray of float, shape (n,)
            Descending.
        kept : ndarray of int, shape (n_cuts,)
            From 1 to n.
        rate_shift : float
            Added to log-odds: the base rate of these tracks over that of ``probability``.

        Returns
        -------
        (share, sd) : ndarrays of float, shape (n_cuts,)
            The share in (0, 1), and the standard deviation of its log-odds.
        """
        design = _design(log_odds(probability) - self.shift, self.knots)
        liked = expit(design @ self.theta + self.shift + rate_shift)
        share = np.cumsum(liked)[kept - 1] / kept
        gradient = np.cumsum((liked * (1 - liked))[:, None] * design, axis=0)[kept - 1] / kept[:, None]
        variance = np.einsum("ij,jk,ik->i", gradient, self.covariance, gradient)
        return share, np.sqrt(variance) / np.maximum(share * (1 - share), 1e-12)


def fit_curve(
    y: IntArray, probability: FloatArray, weight: FloatArray, shift: float, groups: IntArray | None
) -> PrecisionCurve:
    """Fit the curve.

    Parameters
    ----------
    y : ndarray of int, shape (n,)
    probability : ndarray of float, shape (n,)
        Out-of-fold like probabilities, at the base rate of the weighted rows.
    weight : ndarray of float, shape (n,)
        How many rows each counts for, before the classes are weighted.
    shift : float
        Log of the weight of a liked row over that of a skipped one.
    groups : ndarray of int, shape (n,), optional
        Codes from 0.
    """
    scores = log_odds(probability) - shift
    knots = np.quantile(scores, BENDS)
    design = _design(scores, knots)
    # Slope 1 and no bends: the scores mean what they say. The intercept's prior only keeps it finite.
    bends = np.ones(len(knots))
    prior = Prior(np.concatenate([[0.0, 1.0], 0 * bends]), np.concatenate([[0.01, 1.0], bends]))
    theta, _ = fit_logistic(design, y, weight, prior)
    covariance = posterior_covariance(design, theta, weight, prior)
    if groups is None:
        return PrecisionCurve(knots, theta, covariance, shift, 0.0)
    correlation = within_group_correlation(y, expit(design @ theta), groups)
    whole = float(design_effect(groups, weight, correlation)[-1])
    return PrecisionCurve(knots, theta, covariance * whole, shift, correlation)


def within_group_correlation(y: IntArray, expected: FloatArray, groups: IntArray) -> float:
    """How alike labels of one group are beyond what was expected of them, in [0, 1].

    The mean product of two rows' residuals over all pairs in one group, in units of their standard deviations (the
    moment estimate of generalised estimating equations, Liang & Zeger 1986); 0 where it is negative.
    """
    residual, deviation = y - expected, np.sqrt(expected * (1 - expected))
    products = np.sum(np.bincount(groups, residual) ** 2) - np.sum(residual**2)
    scale = np.sum(np.bincount(groups, deviation) ** 2) - np.sum(deviation**2)
    return float(np.clip(products / scale, 0.0, 1.0)) if scale > 1e-9 else 0.0


def design_effect(groups: IntArray, weight: FloatArray, correlation: float) -> FloatArray:
    """By how much correlated groups deflate the number of rows, for the first 1, 2, ... n rows (Kish 1965).

    ``1 + (m - 1) * correlation``, where m is the size of the group that a row is in on average: never below 1.
    """
    order = np.argsort(groups, kind="stable")
    first = np.flatnonzero(np.diff(groups[order], prepend=-1))
    before = np.cumsum(weight[order]) - weight[order]
    # What a row's own group weighs before it: with it come twice as many pairs.
    own_before = np.empty_like(weight)
    own_before[order] = before - np.repeat(before[first], np.diff(first, append=len(groups)))
    pairs, rows = np.cumsum(2 * own_before * weight), np.cumsum(weight**2)
    effect: FloatArray = 1.0 + correlation * np.maximum(pairs, 0.0) / np.maximum(rows, 1e-300)
    return effect


def _design(scores: FloatArray, knots: FloatArray) -> FloatArray:
    return np.column_stack([np.ones_like(scores), scores, *(np.maximum(scores - knot, 0.0) for knot in knots)])
