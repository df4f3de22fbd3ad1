"""Gradient-boosted symmetric trees (CatBoost): few questions a tree, strongly regularised, at home on small tables."""

import json
import math
from collections.abc import Sequence
from copy import copy
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit
from sklearn.utils import check_random_state

from features.preprocessing import TreeInputs
from features.state import State
from models.binary import BinaryClassifier, FloatArray
from models.space import Choice, Float, Int, ParameterPath, Space
from models.spec import ModelSpec
from models.symmetric import SymmetricTrees, constant, read_catboost

# Chosen on 32 tables at once and confirmed on 32 others, fitted on 5 or 8 folds and averaged, as rankers do. How many
# trees are best is a matter of the table: 350 of them for a few hundred labels of a clear taste, a quarter of that
# where likes are half chance, and a fixed 300 lost .015 of ROC AUC there.
SPACE: Space = {
    "iterations": ParameterPath(tuple(range(25, 351, 25)), 250),
    "learning_rate": Float(0.03, 0.2, 0.05, log=True),
    "depth": Int(3, 8, 6),
    "l2_leaf_reg": Float(1.0, 60.0, 20.0, log=True),
    "score_function": Choice(("L2", "Cosine"), "Cosine"),
    "random_strength": Float(0.0, 4.0, 1.0),
    "rsm": Float(0.3, 1.0, 1.0),
    "subsample": Float(0.5, 0.95, 0.8),
}

_RATE_ROWS = 1000
_RATE_POWER = 0.427
_HIGHEST_RATE = 0.5
_LARGEST = 1e37


class SymmetricBoosting(BinaryClassifier):
    """CatBoost for two classes and numeric inputs; the fitted trees are kept as plain arrays.

    All nodes of one level of a tree ask the same question, which regularises and predicts fast. CatBoost itself is
    needed for fitting only: rankers load and predict without it.

    Parameters
    ----------
    iterations : int, > 0
        Number of trees.
    learning_rate : float, > 0
        At 1,000 training rows; elsewhere times ``(n_tracks / 1000) ** 0.427``, at most 0.5: few rows are learned
        slowly. The power is that of the rates that CatBoost chooses by itself.
    depth : int, 1 to 8
        Questions a tree.
    l2_leaf_reg, score_function, random_strength, rsm : float and str
        As CatBoost takes them.
    subsample : float, in (0, 1)
        Share of rows drawn for each tree, those of large gradients first (``bootstrap_type="MVS"``).
    border_count : int, 1 to 65535
        Borders tried an input: 64 rank as well as CatBoost's 254 and take half the time.
    leaf_estimation_iterations : int, > 0
        Newton steps a leaf. CatBoost itself takes 10, but 1 where there are less than 200 trees and some 20 inputs, so
        that the first trees of a long fit would not be those of a short one.
    n_jobs : int, > 0
        Threads; more than one gains little on small tables and costs much on a busy machine.
    random_state : int, RandomState or None

    Attributes
    ----------
    trees_ : SymmetricTrees
        The fitted trees; predicting needs nothing else.

    References
    ----------
    Prokhorenkova et al. 2018, "CatBoost: unbiased boosting with categorical features", NeurIPS, arXiv:1706.09516.
    """

    trees_: SymmetricTrees
    added_later = frozenset({"leaf_estimation_iterations"})

    def __init__(
        self,
        *,
        iterations: int = 250,
        learning_rate: float = 0.05,
        depth: int = 6,
        l2_leaf_reg: float = 20.0,
        score_function: str = "Cosine",
        random_strength: float = 1.0,
        rsm: float = 1.0,
        subsample: float = 0.8,
        border_count: int = 64,
        leaf_estimation_iterations: int = 10,
        n_jobs: int = 1,
        random_state: int | None = None,
    ) -> None:
        self.iterations = iterations
        self.learning_rate = learning_rate
        self.depth = depth
        self.l2_leaf_reg = l2_leaf_reg
        self.score_function = score_function
        self.random_strength = random_strength
        self.rsm = rsm
        self.subsample = subsample
        self.border_count = border_count
        self.leaf_estimation_iterations = leaf_estimation_iterations
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
        sample_weight : array of float, shape (n_tracks,), optional
            Not negative; only their ratios matter. Rows of weight 0 are left out.

        Raises
        ------
        ValueError
            Where less than two classes have a weight.
        """
        inputs, labels, weight = self._start_weighed_fit(X, y, sample_weight)
        weight = None if weight is None else weight / weight.mean()
        # comparisons stay as they are, and CatBoost, which reckons in float32, meets no infinity
        values = np.clip(inputs, -_LARGEST, _LARGEST).astype(np.float32)
        if _varies(values):
            self.trees_ = read_catboost(self._grown(values, labels, weight))
        else:  # CatBoost refuses
            self.trees_ = constant(float(logit(np.average(labels, weights=weight))))
        return self

    def rate(self, n_tracks: int) -> float:
        """The learning rate for so many training rows: (0, 0.5]."""
        return min(self.learning_rate * math.pow(n_tracks / _RATE_ROWS, _RATE_POWER), _HIGHEST_RATE)

    def _grown(self, X: npt.NDArray[np.float32], y: npt.NDArray[np.int64], weight: FloatArray | None) -> dict[str, Any]:
        """CatBoost's model as the document that it exports."""
        import catboost  # noqa: PLC0415 - slow to import, and a ranker does not need it

        model = catboost.CatBoostClassifier(
            iterations=self.iterations,
            learning_rate=self.rate(len(y)),
            depth=self.depth,
            l2_leaf_reg=self.l2_leaf_reg,
            score_function=self.score_function,
            random_strength=self.random_strength,
            rsm=self.rsm,
            bootstrap_type="MVS",
            subsample=self.subsample,
            border_count=self.border_count,
            leaf_estimation_iterations=self.leaf_estimation_iterations,
            nan_mode="Min",
            random_seed=int(check_random_state(self.random_state).randint(2**31 - 1)),
            thread_count=self.n_jobs,
            allow_writing_files=False,
            logging_level="Silent",
        ).fit(X, y, sample_weight=weight)
        with TemporaryDirectory() as folder:  # the export is documented for files only
            file = Path(folder) / "model.json"
            model.save_model(file, format="json")
            document: dict[str, Any] = json.loads(file.read_bytes())
        return document

    def along(self, X: npt.ArrayLike, values: Sequence[float]) -> FloatArray:
        """P(like) with the first so many trees: (n_values, n_tracks)."""
        inputs = self._checked(X)
        ends = [int(value) for value in values]
        added = [self.trees_.part(first, end).log_odds(inputs) for first, end in pairwise([0, *ends])]
        return np.asarray(expit(np.cumsum(added, axis=0)))

    def at(self, value: float) -> Self:
        """The first so many trees alone."""
        fewer = copy(self)
        fewer.iterations = int(value)
        fewer.trees_ = self.trees_.part(0, fewer.iterations)
        return fewer

    def _like_probability(self, X: FloatArray) -> FloatArray:
        return np.asarray(expit(self.trees_.log_odds(X)))

    def _fitted_state(self) -> State:
        return self.trees_.get_state()

    def _restore(self, state: State) -> None:
        self.trees_ = SymmetricTrees.from_state(state, self.n_features_in_)


def _varies(X: npt.NDArray[np.float32]) -> bool:
    """Whether any column holds two values; missing counts as one."""
    return bool(((X[0] != X) & ~(np.isnan(X) & np.isnan(X[0]))).any())


SPEC = ModelSpec(
    name="symmetric_trees",
    title="CatBoost",
    role="family",
    preparation=TreeInputs,
    estimator=SymmetricBoosting,
    space=SPACE,
    reference="Prokhorenkova et al. 2018, arXiv:1706.09516; space: TabArena, arXiv:2506.16791, narrowed",
    order=4,
    priority=0,
    seconds=2.0,
)
