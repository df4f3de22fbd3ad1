"""Extremely randomised trees: many deep trees with thresholds drawn at random, averaged."""

from typing import TYPE_CHECKING, Self

import numpy as np
import numpy.typing as npt

from features.preprocessing import TreeInputs
from features.state import State, bad_state, require
from models.binary import BinaryClassifier, FloatArray
from models.forest import MOST_INPUTS, Forest, read_forest
from models.forest_booster import forest_booster
from models.space import Choice, Float, Int, Space
from models.spec import ModelSpec

if TYPE_CHECKING:
    import xgboost

SPACE: Space = {
    "criterion": Choice(("gini", "entropy"), "entropy"),
    "max_features": Float(0.1, 1.0, 1.0),
    "min_samples_split": Int(2, 64, 2, log=True),
    "min_samples_leaf": Int(1, 32, 2, log=True),
    "bootstrap": Choice((False, True), False),
    "shrinkage": Float(0.1, 100.0, 2.0, log=True),
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
    """

    forest_: Forest
    booster_: "xgboost.Booster"

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
        self.forest_ = read_forest([tree.tree_ for tree in grown.estimators_], self.shrinkage)
        self.booster_ = forest_booster(self.forest_, self.n_features_in_, self.n_jobs)
        return self

    def _like_probability(self, X: FloatArray) -> FloatArray:
        with np.errstate(over="ignore"):  # beyond float32 is infinite, and greater than every threshold
            values = X.astype(np.float32)
        # as float32, the shares of the mean can add up to a little more than 1
        return np.asarray(np.clip(self.booster_.inplace_predict(values), 0.0, 1.0), dtype=np.float64)

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
