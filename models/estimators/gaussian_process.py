"""A Gaussian process: tracks near to liked ones are liked, with a nearness that is learned."""

from typing import Self

import numpy as np
import numpy.typing as npt
from scipy.linalg import cholesky, solve_triangular
from scipy.special import expit
from sklearn.utils import check_random_state

from features.preprocessing import DenseInputs
from features.state import State, require, take_array
from models.binary import BinaryClassifier, FloatArray
from models.kernel import SMOOTHNESS, learned_kernel, matern, squared_distances
from models.logistic import Prior, fit_logistic
from models.space import Choice, Float, Space
from models.spec import ModelSpec

SPACE: Space = {
    "smoothness": Choice(SMOOTHNESS, 1.5),
    "scale": Float(0.1, 4.0, 0.7, log=True),
}

_FARTHEST = 3.0
"""Inputs are cut off at so many deviations: of tracks beyond, the nearest known is as good a guess."""
_MOST_LABELS = 500
"""Rows that the kernel is learned from: 900 make it no better and take three times as long."""
_MOST_POINTS = 600
_LARGEST = 1e12
"""Beyond it no number of a fitted process can be; sums of finite ones could overflow."""
_LEAST_WEIGHT = 1e-9
"""Of a usual one's: the noise of a label is divided by its weight."""
_JITTER = 1e-4
"""Added to the points' variances, as a share: keeps two alike from being singular."""
_FREE = 1e-6
"""Precision of the intercept's prior."""
_BLOCK = 64
"""Rows predicted at a time, the last ones filled up: what is in between fits a processor's cache."""


class GaussianProcess(BinaryClassifier):
    """A logistic Gaussian process with a Matérn kernel whose lengths are learned (`models.kernel`).

    It draws its borders smoothly and anywhere, trees in steps and along the inputs: the two average well. Inputs of no
    use get long lengths and come to be ignored.

    Large tables are spoken for by some of their rows, the points: the process is what it is at them (subset of
    regressors; Quiñonero-Candela and Rasmussen 2005, "A Unifying View of Sparse Approximate Gaussian Process
    Regression", JMLR 6), and all rows say what that is, by the logistic likelihood (Laplace's approximation).

    Parameters
    ----------
    smoothness : {1.5, 2.5}
        Of the Matérn: once or twice differentiable.
    scale : float, > 0
        Multiplies the variance of the log-odds that the labels' noise suggests; less is more cautious.
    n_points : int, > 0
    random_state : int, RandomState or None
        Which rows are points, and which the kernel is learned from.

    Attributes
    ----------
    length_ : ndarray of float64, shape (n_inputs,)
        Of each input; a long one hardly matters.
    points_ : ndarray of float64, shape (n_points, n_inputs)
    pull_ : ndarray of float64, shape (n_points,)
        Log-odds that a point adds to a track at its place.
    slope_ : ndarray of float64, shape (n_inputs,)
        Of the linear part.
    intercept_ : ndarray of float64, shape (1,)
    """

    length_: FloatArray
    points_: FloatArray
    pull_: FloatArray
    slope_: FloatArray
    intercept_: FloatArray

    def __init__(
        self,
        *,
        smoothness: float = 1.5,
        scale: float = 0.7,
        n_points: int = _MOST_POINTS,
        random_state: int | None = None,
    ) -> None:
        self.smoothness = smoothness
        self.scale = scale
        self.n_points = n_points
        self.random_state = random_state

    def fit(
        self,
        X: npt.ArrayLike,
        y: npt.ArrayLike,
        groups: npt.ArrayLike | None = None,  # noqa: ARG002
        sample_weight: npt.ArrayLike | None = None,
    ) -> Self:
        """Learn the kernel, then the process.

        Parameters
        ----------
        X : array, shape (n_tracks, n_inputs)
            On one scale, as ``DenseInputs`` makes it; a missing value counts as 0.
        y : array, shape (n_tracks,)
            Two classes.
        groups : array, optional
            Not used: no split is made inside.
        sample_weight : array, shape (n_tracks,), optional
            1 counts as one track. Rows of weight 0 are left out.
        """
        inputs, codes, weight = self._start_weighed_fit(X, y, sample_weight)
        x, weight = _cut(inputs), np.ones(len(codes)) if weight is None else weight
        order = check_random_state(self.random_state).permutation(len(x))
        some = _telling(order, codes)
        # weights tell which labels are noisier than others, not how noisy all are
        usual = np.maximum(weight[some] / weight[some].mean(), _LEAST_WEIGHT)
        kernel, noise = learned_kernel(x[some], np.where(codes[some] == 1, 1.0, -1.0), usual, self.smoothness)
        # labels of +1 and -1 with this noise have log-odds of 2 / noise times their mean
        variance = self.scale * 4.0 / noise
        points = x[order[: self.n_points]]
        among = variance * kernel.between(points, points)
        root = cholesky(among + _JITTER * np.diag(np.diag(among) + 1.0))
        columns = solve_triangular(root, variance * kernel.between(points, x), trans="T").T
        design = np.column_stack([columns, np.ones(len(x))])
        prior = Prior(np.zeros(design.shape[1]), np.append(np.ones(len(points)), _FREE))
        found, _ = fit_logistic(design, codes, weight, prior)
        pull = variance * solve_triangular(root, found[:-1])
        self.length_, self.points_ = kernel.length, points
        self.pull_ = kernel.height * pull
        self.slope_ = kernel.slope / x.shape[1] * (pull @ points)
        self.intercept_ = found[-1:]
        return self

    def _like_probability(self, X: FloatArray) -> FloatArray:
        x = _cut(X)
        log_odds = np.empty(len(x))
        points = self.points_ / self.length_
        for start in range(0, len(x), _BLOCK):
            rows = x[start : start + _BLOCK]
            # linear algebra adds up fewer rows in another order, and rows have no say in each other
            block = np.concatenate([rows, np.zeros((_BLOCK - len(rows), x.shape[1]))])
            alike = matern(squared_distances(block / self.length_, points), self.smoothness)
            told = alike @ self.pull_ + block @ self.slope_ + self.intercept_
            log_odds[start : start + _BLOCK] = told[: len(rows)]
        return np.asarray(expit(log_odds))

    def _fitted_state(self) -> State:
        names = ("length", "points", "pull", "slope", "intercept")
        return State(arrays={name: getattr(self, f"{name}_") for name in names})

    def _restore(self, state: State) -> None:
        require(self.smoothness in SMOOTHNESS, f"the smoothness is {self.smoothness}, expected one of {SMOOTHNESS}")
        self.length_ = take_array(state, "length", np.float64, (self.n_features_in_,))
        require((self.length_ > 1e-6).all(), "array 'length' is not positive")
        self.points_ = take_array(state, "points", np.float64, (None, self.n_features_in_))
        self.pull_ = take_array(state, "pull", np.float64, (len(self.points_),))
        self.slope_ = take_array(state, "slope", np.float64, (self.n_features_in_,))
        self.intercept_ = take_array(state, "intercept", np.float64, (1,))
        for name in ("points", "pull", "slope", "intercept"):
            largest = np.abs(getattr(self, f"{name}_")).max(initial=0.0)
            require(largest < _LARGEST, f"array '{name}' holds numbers up to {largest:.3g}")


def _telling(order: npt.NDArray[np.int64], codes: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Rows that the kernel is learned from: of the rarer class up to half.

    Drawn evenly, a few hundred rows may hold none of it. In the mean over 12 tables of 1,400 rows this gains .022 of
    ROC AUC where 3 % are liked, .017 where 5 % are, and nothing where half are.
    """
    rare, usual = (order[codes[order] == code] for code in np.argsort(np.bincount(codes), kind="stable"))
    rare = rare[: _MOST_LABELS // 2]
    return np.concatenate([rare, usual[: _MOST_LABELS - len(rare)]])


def _cut(X: FloatArray) -> FloatArray:
    return np.clip(np.nan_to_num(X, nan=0.0), -_FARTHEST, _FARTHEST)


SPEC = ModelSpec(
    name="gaussian_process",
    title="Gaussian process",
    role="family",
    preparation=DenseInputs,
    estimator=GaussianProcess,
    space=SPACE,
    reference="Rasmussen and Williams 2006, Gaussian Processes for Machine Learning, chapters 3 to 5",
    order=5,
    priority=3,
    learns_once=True,
    seconds=4.0,
)
