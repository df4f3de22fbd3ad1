"""Extremely randomised trees: many deep trees with thresholds drawn at random, averaged."""

from collections.abc import Sequence
from copy import copy
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from features.preprocessing import TreeInputs
from features.state import State, bad_state, require
from models.binary import BinaryClassifier, FloatArray
from models.forest import MOST_INPUTS, Forest, read_forest, shrunken_means
from models.forest_booster import forest_booster
from models.space import Choice, Float, Int, ParameterPath, Space
from models.spec import ModelSpec

if TYPE_CHECKING:
    import xgboost

SPACE: Space = {
    "criterion": Choice(("gini", "entropy"), "entropy"),
    "max_features": Float(0.1, 1.0, 1.0),
    "min_samples_split": Int(2, 64, 2, log=True),
    "min_samples_leaf": Int(1, 32, 2, log=True),
    "bootstrap": Choice((False, True), False),
    "shrinkage": ParameterPath((0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0), 2.0),
}


class ExtraTrees(BinaryClassifier):
    """scikit-learn's extra trees with leaves pulled towards their ancestors, predicted by XGBoost.

    Thresholds drawn at random make trees that are unlike each other and unlike boosted ones, so their average is smooth
    and adds to an ensemble of others. Missing values are sent to either side as the training rows suggest.

    Parameters
    ----------
    n_estimators : int, > 0
        Number of trees. More always rank a little better; a few dozen are enough where forests of several folds are
        averaged, as 8 of them then hold hundreds.
    criterion, max_features, min_samples_split, min_samples_leaf, bootstrap
        As ``sklearn.ensemble.ExtraTreesClassifier`` takes them.
    shrinkage : float, >= 0
        In training rows; see ``models.forest.read_forest``. 0: the leaves' frequencies.
    n_jobs : int, > 0
        Threads.
    random_state : int, RandomState or None

    Attributes
    ----------
    forest_ : Forest
        The fitted trees.
    booster_ : xgboost.Booster
        The same trees, for predicting.
    grown_ : tuple of sklearn.tree._tree.Tree
        The trees before they were shrunken, as long as another shrinkage may be asked for.
    """

    forest_: Forest
    booster_: "xgboost.Booster"
    grown_: tuple[Any, ...]

    def __init__(
        self,
        *,
        n_estimators: int = 48,
        criterion: str = "entropy",
        max_features: float = 1.0,
        min_samples_split: int = 2,
        min_samples_leaf: int = 2,
        bootstrap: bool = False,
        shrinkage: float = 2.0,
        n_jobs: int = 1,
        random_state: int | None = None,
    ) -> None:
        self.n_estimators = n_estimators
        self.criterion = criterion
        self.max_features = max_features
        self.min_samples_split = min_samples_split
        self.min_samples_leaf = min_samples_leaf
        self.bootstrap = bootstrap
        self.shrinkage = shrinkage
        self.n_jobs = n_jobs
        self.random_state = random_state

    def fit(
        self,
        X: npt.ArrayLike,
        y: npt.ArrayLike,
        groups: npt.ArrayLike | None = None,  # noqa: ARG002
        sample_weight: npt.ArrayLike | None = None,
    ) -> Self:
        """Grow the trees.

        Parameters
        ----------
        X : array, shape (n_tracks, n_inputs)
            NaN for missing.
        y : array, shape (n_tracks,)
            Two classes.
        groups : array, optional
            Not used: no split is made inside.
        sample_weight : array, shape (n_tracks,), optional
        """
        # growing needs scikit-learn's forests, predicting does not: rankers load without them
        from sklearn.ensemble import ExtraTreesClassifier  # noqa: PLC0415

        X, y = self._start_fit(X, y)
        if self.n_features_in_ > MOST_INPUTS:
            raise ValueError(f"extra trees take at most {MOST_INPUTS} inputs, not {self.n_features_in_}")
        grown = ExtraTreesClassifier(
            n_estimators=self.n_estimators,
            criterion=self.criterion,
            max_features=self.max_features,
            min_samples_split=self.min_samples_split,
            min_samples_leaf=self.min_samples_leaf,
            bootstrap=self.bootstrap,
            n_jobs=self.n_jobs,
            random_state=self.random_state,
        ).fit(X, y, self._relative_weights(sample_weight, y))
        self.grown_ = tuple(tree.tree_ for tree in grown.estimators_)
        self.forest_, self.booster_ = self._shrunken(self.shrinkage)
        return self

    def along(self, X: npt.ArrayLike, values: Sequence[float]) -> FloatArray:
        """P(like) with each shrinkage: (n_values, n_tracks). What was fitted knows it, what was loaded does not."""
        return shrunken_means(self.grown_, _as_float32(self._checked(X)), values)

    def at(self, value: float) -> Self:
        """The same trees with another shrinkage, which then is final."""
        other = copy(self)
        if value != self.shrinkage:
            other.shrinkage = value
            other.forest_, other.booster_ = self._shrunken(value)
        other.grown_ = ()  # twice the memory, for a question that is answered
        return other

    def _shrunken(self, shrinkage: float) -> "tuple[Forest, xgboost.Booster]":
        forest = read_forest(self.grown_, shrinkage)
        return forest, forest_booster(forest, self.n_features_in_, self.n_jobs)

    def _like_probability(self, X: FloatArray) -> FloatArray:
        # as float32, the shares of the mean can add up to a little more than 1
        like = np.clip(self.booster_.inplace_predict(_as_float32(X)), 0.0, 1.0)
        return np.asarray(like, dtype=np.float64)

    def _fitted_state(self) -> State:
        return self.forest_.get_state()

    def _restore(self, state: State) -> None:
        require(type(self.n_jobs) is int and 0 < self.n_jobs <= 1024, f"n_jobs is {self.n_jobs}")
        require(self.n_features_in_ <= MOST_INPUTS, f"the number of inputs is {self.n_features_in_}")
        self.forest_ = Forest.from_state(state, self.n_features_in_)
        try:
            self.booster_ = forest_booster(self.forest_, self.n_features_in_, self.n_jobs)
        except MemoryError as error:
            raise bad_state("the forest does not fit into memory") from error


def _as_float32(X: FloatArray) -> npt.NDArray[np.float32]:
    with np.errstate(over="ignore"):  # beyond float32 is infinite, and greater than every threshold
        return X.astype(np.float32)


SPEC = ModelSpec(
    name="extra_trees",
    title="Extra trees",
    role="family",
    preparation=TreeInputs,
    estimator=ExtraTrees,
    space=SPACE,
    reference="Geurts et al. 2006, Extremely randomized trees; shrinkage: Agarwal et al. 2022, arXiv:2202.00858",
    order=1,
    priority=1,
    seconds=1.5,
)
