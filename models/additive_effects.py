"""What an additive model is made of: lines, piecewise-linear curves, and products of inputs.

For fitting, each is a column of a design (`Basis`); for predicting, their coefficients are folded into a slope and a
curve for each input and two small matrices (`Effects`), so that no product is ever written out.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy.special import erf

from features.state import State, require, take_array
from models.adaptive_ridge import Groups

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_START = np.array([10.0, 10.0, 100.0, 100.0])
_POOLING = np.array([0.3, 0.3, 3.0, 30.0])
"""Of lines, curves, products and bent products, see ``Groups``: products are many, and most are of no use."""
_MOST_BINS = 160
"""Bins of all inputs together: many inputs get fewer each."""
_MOST_PAIRED = 16
"""Inputs that are multiplied with each other; of more, those that tell most of the labels by themselves."""
_INDICATOR_VARIANCE = 0.26
_NARROWEST = 1e-9
"""A bin as narrow as rounding errors is none."""
_MOST_KNOTS = 10_000


def uniform(x: FloatArray) -> FloatArray:
    """Normal scores as uniform ones of unit variance: they are bounded, and so are their products."""
    return np.asarray(np.sqrt(3.0) * erf(x / np.sqrt(2.0)))


def bend(u: FloatArray) -> FloatArray:
    """The second Legendre polynomial of a uniform score: what is not a line in its square, of unit variance."""
    return np.asarray(np.sqrt(5.0) / 2.0 * (u**2 - 1.0))


@dataclass(frozen=True)
class Effects:
    """A fitted additive model.

    Its log-odds are ``intercept + x @ slope``, plus each input's curve, plus ``u' products u`` and ``u' bent v``, where
    ``x`` are the inputs, ``u`` the uniform scores of the paired ones, and ``v`` those bent.

    Parameters
    ----------
    slope : ndarray of float64, shape (n_inputs,)
    intercept : ndarray of float64, shape (1,)
    n_knots : ndarray of int64, shape (n_inputs,)
        Knots of each input's curve; 0 where it has none.
    knot, height : ndarray of float64, shape (n_knots.sum(),)
        Curves, input after input; flat beyond their ends.
    paired : ndarray of int64, shape (n_paired,)
        Inputs that are multiplied.
    products, bent : ndarray of float64, shape (n_paired, n_paired)
    """

    slope: FloatArray
    intercept: FloatArray
    n_knots: IntArray
    knot: FloatArray
    height: FloatArray
    paired: IntArray
    products: FloatArray
    bent: FloatArray

    def log_odds(self, x: FloatArray) -> FloatArray:
        """(n_tracks, n_inputs), finite, to (n_tracks,)."""
        total = x @ self.slope + self.intercept
        end = np.cumsum(self.n_knots)
        for place in np.flatnonzero(self.n_knots):
            curve = slice(end[place] - self.n_knots[place], end[place])
            total += np.interp(x[:, place], self.knot[curve], self.height[curve])
        u = uniform(x[:, self.paired])
        total += np.einsum("ri,ri->r", u @ self.products, u) + np.einsum("ri,ri->r", u @ self.bent, bend(u))
        return np.asarray(total)

    def get_state(self) -> State:
        """The arrays."""
        return State(arrays={name: getattr(self, name) for name in self.__dataclass_fields__})

    @classmethod
    def from_state(cls, state: State, n_inputs: int) -> Self:
        """Rebuild; raises ``RankerFormatError`` where the arrays are not effects of ``n_inputs`` inputs."""
        n_knots = take_array(state, "n_knots", np.int64, (n_inputs,))
        require(((n_knots >= 0) & (n_knots <= _MOST_KNOTS)).all(), "a curve has an impossible number of knots")
        paired = take_array(state, "paired", np.int64, (None,))
        require(((paired >= 0) & (paired < n_inputs)).all(), f"a product is of none of the {n_inputs} inputs")
        knot = take_array(state, "knot", np.float64, (int(n_knots.sum()),))
        same_curve = np.diff(np.repeat(np.arange(n_inputs), n_knots)) == 0
        require((np.diff(knot)[same_curve] > 0).all(), "the knots of a curve are not ascending")
        square = (len(paired), len(paired))
        return cls(
            slope=take_array(state, "slope", np.float64, (n_inputs,)),
            intercept=take_array(state, "intercept", np.float64, (1,)),
            n_knots=n_knots,
            knot=knot,
            height=take_array(state, "height", np.float64, knot.shape),
            paired=paired,
            products=take_array(state, "products", np.float64, square),
            bent=take_array(state, "bent", np.float64, square),
        )


@dataclass(frozen=True)
class Basis:
    """The columns of the design: inputs, bins of their curves, products of two, products of one and another bent.

    Parameters
    ----------
    n_inputs : int
    edges : tuple of ndarray, one an input
        Ascending ends of its bins; empty where it has no curve.
    paired : ndarray of int64
        Inputs that are multiplied.
    bent : bool
        Whether there are bent products.
    """

    n_inputs: int
    edges: tuple[FloatArray, ...]
    paired: IntArray
    bent: bool

    @classmethod
    def fitted(cls, x: FloatArray, y: IntArray, *, n_bins: int, products: bool, bent: bool) -> Self:
        """Choose bins and pairs by training rows (n_rows, n_inputs) and their labels (0 or 1)."""
        telling = np.array([_telling(column, y) for column in x.T])
        strongest = np.argsort(-telling, kind="stable")
        edges = [_edges(column, n_bins) for column in x.T]
        curves = [place for place in strongest if len(edges[place])][: _MOST_BINS // 2]
        fewer = max(2, min(n_bins, _MOST_BINS // max(len(curves), 1)))
        none = np.empty(0)
        edges = [_edges(x[:, place], fewer) if place in curves else none for place in range(x.shape[1])]
        varying = strongest[np.isfinite(telling[strongest])] if products else strongest[:0]
        return cls(x.shape[1], tuple(edges), np.sort(varying[:_MOST_PAIRED]), bent)

    @property
    def _bins(self) -> IntArray:
        """Number of bins of each input."""
        return np.array([max(len(each) - 1, 0) for each in self.edges], dtype=np.int64)

    @property
    def _products(self) -> tuple[IntArray, IntArray]:
        """Places among the paired inputs of both factors of each product."""
        left, right = np.triu_indices(len(self.paired), 1)
        return left, right

    @property
    def _bent_products(self) -> tuple[IntArray, IntArray]:
        """Places of the straight and of the bent factor."""
        left, right = np.nonzero(~np.eye(len(self.paired) if self.bent else 0, dtype=bool))
        return left, right

    def columns(self, x: FloatArray) -> FloatArray:
        """The design, (n_rows, n_inputs) to (n_rows, n_columns)."""
        bins = [
            np.clip((x[:, [place]] - each[:-1]) / np.diff(each), 0.0, 1.0)
            for place, each in enumerate(self.edges)
            if len(each)
        ]
        u = uniform(x[:, self.paired])
        (left, right), (straight, bent) = self._products, self._bent_products
        return np.hstack([x, *bins, u[:, left] * u[:, right], u[:, straight] * bend(u)[:, bent]])

    def groups(self, pooling: float) -> Groups:
        """Each line, curve and product has a penalty of its own; ``pooling`` multiplies how alike they are held."""
        bins = self._bins
        factors = np.hstack([self._products, self._bent_products]).T
        sizes = [self.n_inputs, int((bins > 0).sum()), len(self._products[0]), len(self._bent_products[0])]
        lines_and_curves = sizes[0] + sizes[1]
        curve = sizes[0] + np.repeat(np.arange(sizes[1]), bins[bins > 0])
        return Groups(
            group=np.concatenate([np.arange(sizes[0]), curve, lines_and_curves + np.arange(len(factors))]),
            kind=np.repeat(np.arange(4), sizes),
            start=_START,
            pooling=pooling * _POOLING,
            factors=np.vstack([np.full((lines_and_curves, 2), -1), factors]),
        )

    def effects(self, coefficients: FloatArray, intercept: float) -> Effects:
        """Fold the coefficients of all columns."""
        bins = self._bins
        (left, right), (straight, bent) = self._products, self._bent_products
        cuts = np.cumsum([self.n_inputs, *bins, len(left)])
        slope, *curves, of_products, of_bent = np.split(coefficients, cuts)
        side = len(self.paired)
        products, bent_products = np.zeros((side, side)), np.zeros((side, side))
        products[left, right] = of_products
        bent_products[straight, bent] = of_bent
        heights = [np.concatenate([[0.0], np.cumsum(curve)]) for curve in curves if len(curve)]
        return Effects(
            slope=slope,
            intercept=np.array([intercept]),
            n_knots=np.array([len(each) for each in self.edges], dtype=np.int64),
            knot=np.concatenate([*self.edges, np.empty(0)]),
            height=np.concatenate([*heights, np.empty(0)]),
            paired=self.paired,
            products=products,
            bent=bent_products,
        )


def _edges(column: FloatArray, n_bins: int) -> FloatArray:
    """Quantiles of a column; none where they make fewer than two bins, which a line does not say already."""
    edges = np.quantile(column, np.linspace(0.0, 1.0, n_bins + 1))
    edges = edges[np.diff(edges, prepend=-np.inf) > _NARROWEST]
    return edges if len(edges) > 2 else edges[:0]


def _telling(column: FloatArray, y: IntArray) -> float:
    """How much more the rate of likes differs between a column's eighths than by chance; -inf for an indicator.

    Indicators of missing values are many, and their products with other inputs are mostly of no use. As the other
    inputs have unit variance, they are known by theirs, which is at most a quarter.
    """
    if column.var() < _INDICATOR_VARIANCE:
        return -np.inf
    cuts = np.unique(np.quantile(column, np.linspace(0.0, 1.0, 9)))
    part = np.searchsorted(cuts[:-1], column, side="left")
    rows, liked, rate = np.bincount(part), np.bincount(part, y), y.mean()
    squares = (liked[rows > 0] - rate * rows[rows > 0]) ** 2 / rows[rows > 0]
    return float(squares.sum() / (rate * (1.0 - rate)) - (len(squares) - 1))
