"""A template for a new family: copy it to ``<name>.py`` beside this file, and it is found, searched, tested and saved.

Nothing else has to be edited (a package it needs goes into ``pyproject.toml``). The registry skips names that begin
with an underscore, so this file is never a family itself. ``pytest tests/models/test_estimators.py`` runs the contract
of every family over yours: defaults within the space, equal seeds give equal predictions, rows do not influence each
other, missing values are taken, and the saved state predicts the same bits.
"""

from typing import Self

import numpy as np
import numpy.typing as npt

from features.preprocessing import TreeInputs  # or DenseInputs: one scale, no missing values, with indicators
from features.state import State, require, take_array
from models.binary import BinaryClassifier, FloatArray
from models.space import Float, Space
from models.spec import ModelSpec

# What is tuned, in which range, and the default that is trial 0 of every search: nobody else writes these numbers.
SPACE: Space = {"smoothing": Float(0.1, 100.0, 10.0, log=True)}


class TemplateClassifier(BinaryClassifier):
    """One paragraph: what it does and when it is good. This one compares each input with its median.

    Parameters
    ----------
    smoothing : float, > 0
        In training rows; pulls the share of likes on either side towards one half.
    random_state : int, RandomState or None
        Every estimator takes one, used or not.

    Attributes
    ----------
    median_ : ndarray of float64, shape (n_inputs,)
    log_odds_ : ndarray of float64, shape (n_inputs, 2)
        At most the median, above it.
    """

    median_: FloatArray
    log_odds_: FloatArray

    # The constructor only stores, under the names of SPACE and with its defaults (a test compares them).
    def __init__(self, *, smoothing: float = 10.0, random_state: int | None = None) -> None:
        self.smoothing = smoothing
        self.random_state = random_state

    def fit(
        self,
        X: npt.ArrayLike,
        y: npt.ArrayLike,
        groups: npt.ArrayLike | None = None,  # noqa: ARG002
        sample_weight: npt.ArrayLike | None = None,  # noqa: ARG002 - use it: self._weights checks it
    ) -> Self:
        """Say what is learned. Import heavy packages in here, not at the top: ranking must not wait for them."""
        X, codes = self._start_fit(X, y)  # checks the input, sets classes_; X float with NaN for missing, codes 0 and 1
        known = ~np.isnan(X)
        self.median_ = np.asarray(
            [np.median(column[on]) if on.any() else 0.0 for column, on in zip(X.T, known.T, strict=True)]
        )
        sides = (known & (self.median_ >= X), known & (self.median_ < X))
        liked = np.column_stack([(side & (codes == 1)[:, None]).sum(axis=0) for side in sides])
        rows = np.column_stack([side.sum(axis=0) for side in sides])
        share = (liked + self.smoothing / 2) / (rows + self.smoothing)
        self.log_odds_ = np.log(share / (1 - share))
        return self  # always

    def _like_probability(self, X: FloatArray) -> FloatArray:
        below = np.where(np.isnan(X), 0.0, np.where(self.median_ >= X, self.log_odds_[:, 0], self.log_odds_[:, 1]))
        return np.asarray(1.0 / (1.0 + np.exp(-below.mean(axis=1))))

    # Saved without pickle: JSON values in `settings`, numbers in `arrays`, a documented format of its own in `blobs`.
    def _fitted_state(self) -> State:
        return State(arrays={"median": self.median_, "log_odds": self.log_odds_})

    # What is loaded may come from a stranger: check dtype, shape and range of everything, and run nothing.
    def _restore(self, state: State) -> None:
        self.median_ = take_array(state, "median", np.float64, (self.n_features_in_,))
        self.log_odds_ = take_array(state, "log_odds", np.float64, (self.n_features_in_, 2))
        require((np.abs(self.log_odds_) < 100).all(), "array 'log_odds' is out of range")


SPEC = ModelSpec(
    name="_template",  # the file's name
    title="Template",  # what people read in tables
    role="family",  # or "baseline": shown beside the families, never tuned, never the winner
    preparation=TreeInputs,
    estimator=TemplateClassifier,
    space=SPACE,
    reference="The paper or documentation behind the method and its space",
    order=99,  # simple families first
    priority=9,  # whose default is fitted first: the best for their seconds
)
