"""An additive model: a curve for each input and products of every two, shrunk as much as the labels ask for."""

from typing import Self

import numpy as np
import numpy.typing as npt
from scipy.special import expit
from sklearn.utils import check_random_state

from features.preprocessing import DenseInputs
from features.state import State
from models.adaptive_ridge import fit_adaptive_ridge
from models.additive_effects import Basis, Effects
from models.binary import BinaryClassifier, FloatArray
from models.space import Choice, Float, Int, Space
from models.spec import ModelSpec

SPACE: Space = {
    "n_bins": Int(2, 16, 8),
    "products": Choice(("none", "straight", "bent"), "bent"),
    "penalty": Float(0.3, 30.0, 2.0, log=True),
    "pooling": Float(0.1, 30.0, 1.0, log=True),
}

_CHUNK = 8192
"""Rows predicted at a time: bounds memory on large tables."""


class AdditiveModel(BinaryClassifier):
    """Logistic regression on lines, piecewise-linear curves and products of the inputs, shrunk by empirical Bayes.

    Smooth where trees are ragged, so the two average well. How much each curve and each product may bend the prediction
    is learned from the rows themselves (`models.adaptive_ridge`): on hard or small tables little more than a few
    straight lines is left. A few hundred coefficients at most, so it is quick to fit and quicker to ask.

    Parameters
    ----------
    n_bins : int, >= 2
        Pieces of each curve, cut at quantiles of the training rows; fewer where there are many inputs.
    products : {"none", "straight", "bent"}
        Whether inputs are multiplied by each other, and whether by each other's squares as well.
    penalty : float, > 0
        Multiplies the learned penalties.
    pooling : float, > 0
        How alike the penalties of different inputs are held.
    random_state : int, RandomState or None

    Attributes
    ----------
    effects_ : Effects
    """

    effects_: Effects

    def __init__(
        self,
        *,
        n_bins: int = 8,
        products: str = "bent",
        penalty: float = 2.0,
        pooling: float = 1.0,
        random_state: int | None = None,
    ) -> None:
        self.n_bins = n_bins
        self.products = products
        self.penalty = penalty
        self.pooling = pooling
        self.random_state = random_state

    def fit(
        self,
        X: npt.ArrayLike,
        y: npt.ArrayLike,
        groups: npt.ArrayLike | None = None,  # noqa: ARG002
        sample_weight: npt.ArrayLike | None = None,
    ) -> Self:
        """Learn the effects.

        Parameters
        ----------
        X : array, shape (n_tracks, n_inputs)
            On one scale, as ``DenseInputs`` makes it; a missing value counts as 0.
        y : array, shape (n_tracks,)
            Two classes.
        groups : array, optional
            Not used: no split is made inside.
        sample_weight : array, shape (n_tracks,), optional
            1 counts as one track.
        """
        X, codes = self._start_fit(X, y)
        weight = self._weights(sample_weight, codes)
        if self.products not in {"none", "straight", "bent"}:
            raise ValueError(f"products is {self.products!r}, expected 'none', 'straight' or 'bent'")
        x = np.nan_to_num(X, nan=0.0)
        bent = self.products == "bent"
        basis = Basis.fitted(x, codes, n_bins=self.n_bins, products=self.products != "none", bent=bent)
        columns = basis.columns(x)
        centre = columns.mean(axis=0)
        coefficients, _ = fit_adaptive_ridge(
            columns - centre,
            codes,
            np.ones(len(codes)) if weight is None else weight,
            basis.groups(self.pooling),
            penalty=self.penalty,
            seed=int(check_random_state(self.random_state).randint(2**31 - 1)),
        )
        self.effects_ = basis.effects(coefficients[:-1], float(coefficients[-1] - centre @ coefficients[:-1]))
        return self

    def _like_probability(self, X: FloatArray) -> FloatArray:
        rows = (np.nan_to_num(X[at : at + _CHUNK], nan=0.0) for at in range(0, len(X), _CHUNK))
        return np.asarray(expit(np.concatenate([self.effects_.log_odds(chunk) for chunk in rows])))

    def _fitted_state(self) -> State:
        return self.effects_.get_state()

    def _restore(self, state: State) -> None:
        self.effects_ = Effects.from_state(state, self.n_features_in_)


SPEC = ModelSpec(
    name="additive",
    title="Additive model",
    role="family",
    preparation=DenseInputs,
    estimator=AdditiveModel,
    space=SPACE,
    reference="Hastie and Tibshirani 1986; pairs: Lou et al. 2013, GA2M; shrinkage: MacKay 1992, evidence framework",
    order=3,
    priority=2,
    seconds=2.5,
)
