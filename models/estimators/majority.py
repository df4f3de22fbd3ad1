"""Baseline: every track gets the share of liked tracks in training."""

from typing import Any, Self

import numpy as np
import numpy.typing as npt

from features.preprocessing import TreeInputs
from features.state import State, require, take_setting
from models.binary import BinaryClassifier, FloatArray
from models.spec import ModelSpec


class Majority(BinaryClassifier):
    """A constant: the base rate.

    Parameters
    ----------
    random_state : int or None
        Not used; every estimator here takes one.

    Attributes
    ----------
    like_rate_ : float
        Share of the second class in training, in (0, 1).
    """

    like_rate_: float

    def __init__(self, *, random_state: int | None = None) -> None:
        self.random_state = random_state

    def fit(
        self,
        X: npt.ArrayLike,
        y: npt.ArrayLike,
        groups: npt.ArrayLike | None = None,  # noqa: ARG002
        sample_weight: npt.ArrayLike | None = None,
    ) -> Self:
        """Count."""
        _, codes = self._start_fit(X, y)
        self.like_rate_ = float(np.average(codes, weights=self._weights(sample_weight, codes)))
        return self

    def _like_probability(self, X: FloatArray) -> FloatArray:
        return np.full(len(X), self.like_rate_)

    def _fitted_state(self) -> State:
        return State(settings={"like_rate": self.like_rate_})

    def _restore(self, state: State) -> None:
        self.like_rate_ = take_setting(state, "like_rate", float)
        require(0 < self.like_rate_ < 1, f"the share of likes is {self.like_rate_}, expected between 0 and 1")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.poor_score = True  # scikit-learn's checks need not expect it to learn
        return tags


SPEC = ModelSpec(
    name="majority",
    title="Majority class",
    role="baseline",
    preparation=TreeInputs,
    estimator=Majority,
    space={},
    reference="Base rate of the training rows",
    order=1,
)
