"""What all our estimators share: scikit-learn's manners for a classifier of two classes, and its saved settings.

Conventions: ``X`` (n_tracks, n_inputs) may hold NaN for missing values; ``y`` holds two classes of any kind, the second
of which in sorted order (1 among 0 and 1) is the one that ``P(like)`` is about.
"""

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from features.state import State, bad_state, require, take_setting

FloatArray = npt.NDArray[np.float64]


class BinaryClassifier(ClassifierMixin, BaseEstimator, ABC):  # type: ignore[misc]
    """Base of the estimators: checks input, encodes the two classes, keeps parameters in the saved state.

    A subclass writes ``fit`` (which begins with ``_start_fit`` or ``_start_weighed_fit``), ``_like_probability``,
    ``_fitted_state`` and ``_restore``.

    Attributes
    ----------
    classes_ : ndarray, shape (2,)
        The two classes, sorted.
    n_features_in_ : int
        Number of inputs.
    """

    classes_: npt.NDArray[Any]
    n_features_in_: int
    added_later: ClassVar[frozenset[str]] = frozenset()
    """Parameters that rankers saved by an earlier version do not have; they keep their defaults."""

    @abstractmethod
    def fit(
        self,
        X: npt.ArrayLike,
        y: npt.ArrayLike,
        groups: npt.ArrayLike | None = None,
        sample_weight: npt.ArrayLike | None = None,
    ) -> Self:
        """Fit on training rows; returns self."""

    @abstractmethod
    def _like_probability(self, X: FloatArray) -> FloatArray:
        """P(second class): (n_tracks,)."""

    @abstractmethod
    def _fitted_state(self) -> State:
        """What was learned, without parameters and classes."""

    @abstractmethod
    def _restore(self, state: State) -> None:
        """Take back what ``_fitted_state`` gave, checking all of it."""

    def predict_proba(self, X: npt.ArrayLike) -> FloatArray:
        """Probabilities of the two classes: (n_tracks, 2), each row sums to 1."""
        like = self._like_probability(self._checked(X))
        return np.column_stack([1.0 - like, like])

    def predict(self, X: npt.ArrayLike) -> npt.NDArray[Any]:
        """The more probable class: (n_tracks,)."""
        check_is_fitted(self)
        return np.asarray(self.classes_[(self.predict_proba(X)[:, 1] > 0.5).astype(int)])

    def get_state(self) -> State:
        """All it needs to predict again: constructor's parameters, classes and what was learned."""
        check_is_fitted(self)
        learned = self._fitted_state()
        frame = {"params": self.get_params(), "classes": self.classes_.tolist(), "n_inputs": self.n_features_in_}
        return State({**frame, **learned.settings}, learned.arrays, learned.blobs)

    @classmethod
    def from_state(cls, state: State) -> Self:
        """Rebuild a fitted estimator.

        Raises
        ------
        RankerFormatError
            Where a setting, an array or a blob is missing or cannot be right.
        """
        params = take_setting(state, "params", dict)
        missing = set(cls().get_params()) ^ set(params)
        require(missing <= cls.added_later, f"the parameters {sorted(params)} are not those of {cls.__name__}")
        require(
            all(value is None or isinstance(value, bool | int | float | str) for value in params.values()),
            f"the parameters of {cls.__name__} must be plain values",
        )
        classes = take_setting(state, "classes", list)
        plain = len(classes) == 2 and all(type(value) in {bool, int, float, str} for value in classes)
        require(plain and type(classes[0]) is type(classes[1]), f"classes are {classes}, expected two plain values")
        fitted = cls(**params)
        fitted.classes_ = np.asarray(classes)
        fitted.n_features_in_ = take_setting(state, "n_inputs", int)
        require(0 < fitted.n_features_in_ < 100_000, f"the number of inputs is {fitted.n_features_in_}")
        try:
            fitted._restore(state)
        except (TypeError, ValueError, OverflowError) as error:
            raise bad_state(f"the state of {cls.__name__} cannot be read: {error}") from error
        return fitted

    def _checked(self, X: npt.ArrayLike) -> FloatArray:
        """Inputs to predict from, as floats; raises before a fit, and for another number of inputs."""
        check_is_fitted(self)
        inputs: FloatArray = validate_data(self, X, reset=False, ensure_all_finite="allow-nan", dtype=float)
        return inputs

    def _start_fit(self, X: npt.ArrayLike, y: npt.ArrayLike) -> tuple[FloatArray, npt.NDArray[np.int64]]:
        """Check input and encode the classes: X as floats, y as 0 and 1; sets ``classes_``."""
        inputs, labels = validate_data(self, X, y, ensure_all_finite="allow-nan", dtype=float)
        check_classification_targets(labels)
        classes, codes = np.unique(labels, return_inverse=True)
        if len(classes) < 2:
            raise ValueError(f"{type(self).__name__} needs two classes, but y holds only one class: {classes.tolist()}")
        if len(classes) > 2:
            message = "Only binary classification is supported. The type of the target is multiclass."
            raise ValueError(f"{message} y holds {len(classes)} classes.")
        self.classes_ = classes
        return inputs, codes.astype(np.int64)

    def _start_weighed_fit(
        self, X: npt.ArrayLike, y: npt.ArrayLike, sample_weight: npt.ArrayLike | None
    ) -> tuple[FloatArray, npt.NDArray[np.int64], FloatArray | None]:
        """As `_start_fit`, with checked weights, and without the rows of weight 0."""
        inputs, codes = self._start_fit(X, y)
        weight = self._weights(sample_weight, codes)
        if weight is None:
            return inputs, codes, None
        kept = weight > 0
        inputs, codes, weight = inputs[kept], codes[kept], weight[kept]
        if len(np.unique(codes)) < 2:
            raise ValueError("rows of only one class have a weight above 0")
        return inputs, codes, weight

    @staticmethod
    def _weights(sample_weight: npt.ArrayLike | None, y: npt.NDArray[Any]) -> FloatArray | None:
        """Checked weights of the rows, shape (n_tracks,): 1 counts as one track; None where each does."""
        if sample_weight is None:
            return None
        weight = np.asarray(sample_weight, dtype=np.float64)
        if weight.shape != y.shape or not np.isfinite(weight).all() or (weight < 0).any() or not weight.any():
            raise ValueError(f"sample_weight must hold {len(y)} finite numbers, none negative and not all of them zero")
        return weight

    @classmethod
    def _relative_weights(cls, sample_weight: npt.ArrayLike | None, y: npt.NDArray[Any]) -> FloatArray | None:
        """The same, scaled to a mean of 1: for what is tuned to count rows."""
        weight = cls._weights(sample_weight, y)
        return None if weight is None else np.asarray(weight / weight.mean())

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.input_tags.allow_nan = True
        return tags
