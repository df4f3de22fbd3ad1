"""The saturating power law of learning curves: ``value(n) = limit - scale * n ** -exponent``.

A metric that is better when greater climbs to a limit, each doubling of the labels closing the same part of what is
missing (Figueroa et al., Predicting sample size required for classification performance, BMC Medical Informatics and
Decision Making 12:8, 2012; Viering and Loog, The shape of learning curves, IEEE TPAMI 45, 2023).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

EXPONENTS: Final = np.linspace(0.2, 1.0, 33)
"""What is considered: learning seldom goes slower, nor faster than by the 1 / n of a model whose form is known."""


@dataclass(frozen=True)
class PowerLaw:
    """One law, or many: arrays of one shape.

    Parameters
    ----------
    limit : ndarray of float
        At most 1.
    scale : ndarray of float
        At least 0: more labels never hurt.
    exponent : ndarray of float
        Among ``EXPONENTS``.
    """

    limit: FloatArray
    scale: FloatArray
    exponent: FloatArray

    def at(self, n: float) -> FloatArray:
        """The value at so many labels."""
        return np.asarray(self.limit - self.scale * n**-self.exponent)


def fit_power_law(n: npt.ArrayLike, values: npt.ArrayLike, weights: npt.ArrayLike | None = None) -> PowerLaw:
    """Weighted least squares, of many curves at once.

    For every exponent limit and scale follow directly; the exponent with the least squares is taken.

    Parameters
    ----------
    n : array-like, shape (k,)
        Numbers of labels, at least 2 different ones, above 0.
    values : array-like, shape (..., k)
        A metric that is at most 1.
    weights : array-like, shape (k,), optional
        Above 0; the inverse of each point's variance.

    Returns
    -------
    PowerLaw
        Arrays of shape (...).

    Raises
    ------
    ValueError
    """
    sizes, y = np.asarray(n, dtype=np.float64), np.asarray(values, dtype=np.float64)
    w = np.ones(len(sizes)) if weights is None else np.asarray(weights, dtype=np.float64)
    if len(np.unique(sizes)) < 2 or sizes.min() <= 0 or y.shape[-1:] != sizes.shape or w.shape != sizes.shape:
        raise ValueError(f"a curve needs values at two sizes or more, got sizes {sizes} and values of shape {y.shape}")
    if not np.isfinite(y).all() or y.max() > 1.0 or w.min() <= 0.0:
        raise ValueError("values must be finite and at most 1, weights above 0")
    w = w / w.sum()
    # In units of the largest size, so that no exponent makes tiny numbers: (exponents, k).
    x = (sizes / sizes.max()) ** -EXPONENTS[:, None]
    mean_x, mean_y = x @ w, y @ w
    away = x - mean_x[:, None]
    slope = -np.einsum("...k,gk,k->...g", y - mean_y[..., None], away, w) / (away**2 @ w)
    slope = np.maximum(slope, 0.0)
    limit = mean_y[..., None] + slope * mean_x
    over = limit > 1.0
    slope = np.where(over, np.einsum("...k,gk,k->...g", 1.0 - y, x, w) / (x**2 @ w), slope)
    limit = np.where(over, 1.0, limit)
    missed = y[..., None, :] - limit[..., None] + slope[..., None] * x
    best = np.argmin(missed**2 @ w, axis=-1)
    exponent = EXPONENTS[best]

    def of_best(table: FloatArray) -> FloatArray:
        return np.asarray(np.take_along_axis(table, best[..., None], axis=-1)[..., 0])

    return PowerLaw(of_best(limit), of_best(slope) * sizes.max() ** exponent, exponent)
