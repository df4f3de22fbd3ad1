"""Every number on one scale: a column's quantiles in the training rows are mapped to those of a normal curve."""

from dataclasses import dataclass
from itertools import pairwise
from statistics import NormalDist
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from features.state import State, require, take_array

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class QuantileCurves:
    """One curve a column, from values to scores of zero mean and unit variance over the training rows.

    A tied mass (40 % of tracks have an instrumentalness of exactly 0) gets the score of its middle rank; values just
    above it get the score of its upper end. Values beyond the training range get the score of the nearest end. The
    number of quantiles follows RealMLP and TabM: ``max(min(n // 30, 1000), 10)`` (Gorishniy et al. 2024,
    arXiv:2410.24210).

    Parameters
    ----------
    names : tuple of str
    knots : tuple of ndarray, each of shape (n_knots,)
        A column's values, ascending; empty where it does not vary.
    scores : tuple of ndarray, each of shape (n_knots,)
        Scaled normal scores at the knots, ascending.
    """

    names: tuple[str, ...]
    knots: tuple[FloatArray, ...]
    scores: tuple[FloatArray, ...]

    @classmethod
    def fitted(cls, names: tuple[str, ...], values: FloatArray) -> Self:
        """Learn the curves of columns (n_tracks, n_columns); NaN counts as missing."""
        curves = [_normal_scores(column[~np.isnan(column)]) for column in values.T]
        return cls(names, tuple(knots for knots, _ in curves), tuple(scores for _, scores in curves))

    def apply(self, values: FloatArray) -> FloatArray:
        """Scores (n_tracks, n_columns); NaN stays NaN, and a column that did not vary is 0."""
        scaled = np.where(np.isnan(values), np.nan, 0.0)
        for position, (knots, scores) in enumerate(zip(self.knots, self.scores, strict=True)):
            if len(knots):
                scaled[:, position] = np.interp(values[:, position], knots, scores)
        return scaled

    def get_state(self) -> State:
        """Knots and scores, by column."""
        arrays: dict[str, npt.NDArray[Any]] = {}
        for name, knots, scores in zip(self.names, self.knots, self.scores, strict=True):
            arrays[f"knots/{name}"], arrays[f"scores/{name}"] = knots, scores
        return State(arrays=arrays)

    @classmethod
    def from_state(cls, names: tuple[str, ...], state: State) -> Self:
        """Rebuild; raises ``RankerFormatError`` where knots or scores cannot be right."""
        curves = [_read_curve(state, name) for name in names]
        return cls(names, tuple(knots for knots, _ in curves), tuple(scores for _, scores in curves))


def _read_curve(state: State, name: str) -> tuple[FloatArray, FloatArray]:
    knots = take_array(state, f"knots/{name}", np.float64, (None,))
    scores = take_array(state, f"scores/{name}", np.float64, knots.shape)
    for what, values in (("knots", knots), ("scores", scores)):
        require((np.diff(values) >= 0).all(), f"array '{what}/{name}' is not ascending")
    return knots, scores


def _normal_scores(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Knots and scaled normal scores of one column's known values; both empty where it does not vary."""
    if len(values) == 0 or values.min() == values.max():
        return np.empty(0), np.empty(0)
    n_quantiles = max(min(len(values) // 30, 1000), 10)
    rank = np.linspace(0, 1, n_quantiles)
    # interpolation inside np.quantile can step back by one bit: the running maximum keeps it ascending
    quantile = np.maximum.accumulate(np.quantile(values, rank))
    knots, ranks = _untie(quantile, rank)
    curve = NormalDist()
    end = 0.5 / len(values)  # an extreme of n rows stands for half a row: finite scores at both ends
    scores = np.array([curve.inv_cdf(min(max(p, end), 1 - end)) for p in ranks])
    fitted = np.interp(values, knots, scores)
    deviation = fitted.std()
    return knots, (scores - fitted.mean()) / (deviation if deviation > 0 else 1.0)


def _untie(quantile: FloatArray, rank: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Give a tied mass three knots: just below it, on it (middle rank), just above it; others keep one."""
    edges = np.flatnonzero(np.diff(quantile, prepend=-np.inf, append=np.inf))
    knots: list[float] = []
    ranks: list[float] = []
    for first, after in pairwise(edges):
        low, high, value = rank[first], rank[after - 1], quantile[first]
        tied = first < after - 1
        knots += [np.nextafter(value, -np.inf), value, np.nextafter(value, np.inf)] if tied else [value]
        ranks += [low, (low + high) / 2, high] if tied else [low]
    return np.maximum.accumulate(np.asarray(knots)), np.asarray(ranks)
