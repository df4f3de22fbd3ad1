"""Gradient-boosted trees (XGBoost), set for tables of a few thousand tracks."""

from collections.abc import Sequence
from copy import copy
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.utils import check_random_state

from features.preprocessing import PairwiseInputs
from features.state import State, bad_state, require
from models.binary import BinaryClassifier, FloatArray
from models.booster_file import check_booster_file
from models.space import Float, Int, ParameterPath, Space
from models.spec import ModelSpec

if TYPE_CHECKING:
    import xgboost

SPACE: Space = {
    "n_estimators": ParameterPath((20, 40, 60, 80, 100, 130, 160, 200, 250, 300), 160),
    "learning_rate": Float(0.03, 0.2, 0.045, log=True),
    "max_depth": Int(1, 8, 5),
    "min_child_weight": Float(0.1, 32.0, 2.0, log=True),
    "subsample": Float(0.5, 1.0, 0.7),
    "colsample_bynode": Float(0.05, 1.0, 0.3, log=True),
    "reg_alpha": Float(0.0, 5.0, 0.0),
    "reg_lambda": Float(0.1, 30.0, 3.0, log=True),
}

MAX_BIN = 64
"""Cuts of an input that are tried: on small tables more of them cost three times the seconds and gain nothing."""

MODEL_FILE = "model.ubj"
"""XGBoost's own open format (Universal Binary JSON)."""


class BoostedTrees(BinaryClassifier):
    """XGBoost for two classes.

    The number of trees is not found by early stopping on a part of the training rows: all of them train. It is read off
    the held-out rows of all folds together (`models.space.ParameterPath`).

    Parameters
    ----------
    n_estimators : int, > 0
        Number of trees.
    learning_rate, max_depth, min_child_weight, subsample, colsample_bynode, reg_alpha, reg_lambda
        As XGBoost takes them.
    n_jobs : int, > 0
        Threads; more than one gains little on small tables and costs much on a busy machine.
    random_state : int, RandomState or None

    Attributes
    ----------
    booster_ : xgboost.Booster
    """

    booster_: "xgboost.Booster"

    def __init__(
        self,
        *,
        n_estimators: int = 160,
        learning_rate: float = 0.045,
        max_depth: int = 5,
        min_child_weight: float = 2.0,
        subsample: float = 0.7,
        colsample_bynode: float = 0.3,
        reg_alpha: float = 0.0,
        reg_lambda: float = 3.0,
        n_jobs: int = 1,
        random_state: int | None = None,
    ) -> None:
        self.n_estimators = n_estimators
        self.learning_rate = learning_rate
        self.max_depth = max_depth
        self.min_child_weight = min_child_weight
        self.subsample = subsample
        self.colsample_bynode = colsample_bynode
        self.reg_alpha = reg_alpha
        self.reg_lambda = reg_lambda
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
            1 counts as one track.
        """
        import xgboost  # noqa: PLC0415 - slow to import, and a ranker of another family does not need it

        X, y = self._start_fit(X, y)
        weight = self._weights(sample_weight, y)
        rows = xgboost.QuantileDMatrix(X.astype(np.float32), y, weight=weight, nthread=self.n_jobs, max_bin=MAX_BIN)
        self.booster_ = xgboost.train(self._booster_params(), rows, num_boost_round=self.n_estimators)
        self.booster_.set_param({"nthread": self.n_jobs})
        return self

    def along(self, X: npt.ArrayLike, values: Sequence[float]) -> FloatArray:
        """P(like) with the first so many trees: (n_values, n_tracks)."""
        inputs = self._checked(X).astype(np.float32)
        told = [self.booster_.inplace_predict(inputs, iteration_range=(0, int(value))) for value in values]
        return np.asarray(told, dtype=np.float64)

    def at(self, value: float) -> Self:
        """The first so many trees alone."""
        fewer = copy(self)
        fewer.n_estimators = int(value)
        fewer.booster_ = self.booster_[: fewer.n_estimators]
        fewer.booster_.set_param({"nthread": self.n_jobs})
        return fewer

    def _booster_params(self) -> dict[str, Any]:
        seed = check_random_state(self.random_state).randint(2**31 - 1)
        tuned = (
            "learning_rate",
            "max_depth",
            "min_child_weight",
            "subsample",
            "colsample_bynode",
            "reg_alpha",
            "reg_lambda",
        )
        return {
            "objective": "binary:logistic",
            "tree_method": "hist",
            "max_bin": MAX_BIN,
            "nthread": self.n_jobs,
            "seed": int(seed),
            "verbosity": 0,
            **{name: getattr(self, name) for name in tuned},
        }

    def _like_probability(self, X: FloatArray) -> FloatArray:
        return np.asarray(self.booster_.inplace_predict(X.astype(np.float32)), dtype=np.float64)

    def _fitted_state(self) -> State:
        return State(blobs={MODEL_FILE: bytes(self.booster_.save_raw("ubj"))})

    def _restore(self, state: State) -> None:
        import xgboost  # noqa: PLC0415 - see fit

        require(MODEL_FILE in state.blobs, f"the file {MODEL_FILE} is missing")
        content = state.blobs[MODEL_FILE]
        require(type(self.n_jobs) is int and 0 < self.n_jobs <= 1024, f"n_jobs is {self.n_jobs}")
        check_booster_file(content, self.n_features_in_)
        try:
            self.booster_ = xgboost.Booster({"nthread": self.n_jobs}, model_file=bytearray(content))
        except xgboost.core.XGBoostError as error:
            raise bad_state(f"{MODEL_FILE} cannot be read: {str(error).splitlines()[0]}") from error


SPEC = ModelSpec(
    name="boosted_trees",
    title="XGBoost",
    role="family",
    preparation=PairwiseInputs,
    estimator=BoostedTrees,
    space=SPACE,
    reference="Chen and Guestrin 2016, arXiv:1603.02754; space: TabArena, arXiv:2506.16791, widened",
    order=2,
    priority=4,
    seconds=3.0,
)
