"""XGBoost that stops early on rows set apart: what the tuned number of trees is measured against."""

from typing import Any, Self

import numpy as np
import numpy.typing as npt

from models.estimators.boosted_trees import MAX_BIN, BoostedTrees
from models.folds import deal_folds

PART = 7
"""One of so many parts of the training rows, whole artists, stops the growing: 15 %."""
MOST_TREES, PATIENCE = 2000, 50


class StoppedTrees(BoostedTrees):
    """As ``BoostedTrees`` with its defaults, but for the number of trees: as many as were best on rows set apart.

    Parameters
    ----------
    refit : bool
        Grow as many anew from all rows.
    random_state : int or None

    Attributes
    ----------
    n_trees_ : int
    """

    n_trees_: int

    def __init__(self, *, refit: bool = False, random_state: int | None = None) -> None:
        super().__init__(random_state=random_state)
        self.refit = refit

    def fit(
        self,
        X: npt.ArrayLike,
        y: npt.ArrayLike,
        groups: npt.ArrayLike | None = None,
        sample_weight: npt.ArrayLike | None = None,
    ) -> Self:
        """Grow until the log loss of the rows set apart has not fallen for ``PATIENCE`` trees."""
        import xgboost

        inputs, codes = self._start_fit(X, y)
        weight = self._weights(sample_weight, codes)
        values = inputs.astype(np.float32)
        artists = None if groups is None else np.asarray(groups)
        apart = deal_folds(codes, artists, PART, int(self.random_state or 0)) == 0

        def matrix(rows: npt.NDArray[np.bool_], ref: Any = None) -> Any:
            own = None if weight is None else weight[rows]
            return xgboost.QuantileDMatrix(
                values[rows], codes[rows], weight=own, nthread=self.n_jobs, max_bin=MAX_BIN, ref=ref
            )

        learnt = matrix(~apart)
        params = {**self._booster_params(), "eval_metric": "logloss"}
        judges = [(matrix(apart, learnt), "apart")]
        found = xgboost.train(
            params, learnt, MOST_TREES, evals=judges, early_stopping_rounds=PATIENCE, verbose_eval=False
        )
        self.n_trees_ = int(found.best_iteration) + 1
        if self.refit:
            self.booster_ = xgboost.train(params, matrix(np.ones_like(apart)), self.n_trees_)
        else:
            self.booster_ = found[: self.n_trees_]
        self.booster_.set_param({"nthread": self.n_jobs})
        return self
