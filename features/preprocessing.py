"""Input preparation: from a tracks table to the array that a model takes.

A transformer picks its columns by name (`features.inputs` says which there are). Whatever is learned is learned in
``fit``, from training rows only; ``transform`` is NumPy alone, so ranking stays light. Beside the audio features a
transformer takes those further columns that its training rows have; where a later table lacks one, it is missing there.
"""

from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from features.columns import AUDIO_FEATURES
from features.inputs import CIRCLE, FURTHER, NUMERIC, further_inputs, key_circle, key_number, read_numbers
from features.quantiles import QuantileCurves
from features.state import State, require, take_array, take_setting

FloatArray = npt.NDArray[np.float64]

HISTORIC = tuple(name for name in AUDIO_FEATURES if name not in {"key", "duration_ms", "mode", "tempo"})
"""What the 2021 essay's network saw."""


class _Inputs(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """What the transformers share: the further columns, and their place in a state.

    Attributes
    ----------
    further_ : tuple of str
        Columns beside the audio features.
    n_features_out_ : int
        Number of inputs it makes.
    """

    further_: tuple[str, ...]
    n_features_out_: int

    _key: tuple[str, ...] = CIRCLE
    """What the key comes as."""

    @property
    def _columns(self) -> tuple[str, ...]:
        """The numeric columns it reads, in order; the key comes apart."""
        return (*NUMERIC, *self.further_)

    def _inputs_state(self) -> dict[str, Any]:
        return {"inputs": [*self._columns, *self._key]}

    def _restore_inputs(self, state: State) -> None:
        names = take_setting(state, "inputs", list)
        self.further_ = tuple(name for name in FURTHER if name in names)
        expected = [*self._columns, *self._key]
        require(names == expected, f"the model's inputs are {names}, this earmark makes {expected}")


class TreeInputs(_Inputs):
    """The features as they are, for models that only compare: missing stays NaN.

    So does the key, which a tree can cut into any keys that it wants. On 31 tables extra trees and CatBoost rank better
    by it than by its circle (.0015 and .0007 of ROC AUC in the mean). Rankers of before read the circle, and still do.
    """

    _key: tuple[str, ...] = ("key",)

    def fit(self, tracks: pd.DataFrame, y: object = None) -> Self:  # noqa: ARG002 - scikit-learn's signature
        """Learn which further columns there are."""
        self.further_ = further_inputs(tracks)
        self.n_features_out_ = len(self._columns) + len(self._key)
        return self

    def transform(self, tracks: pd.DataFrame) -> FloatArray:
        """Prepare tracks.

        Returns
        -------
        ndarray of float, shape (n_tracks, 13 + n_further)
            Columns as ``get_feature_names_out`` names them; NaN where missing.
        """
        check_is_fitted(self)
        key = key_circle(tracks) if self._key == CIRCLE else key_number(tracks)[:, None]
        return np.hstack([read_numbers(tracks, self._columns), key])

    def get_feature_names_out(self, input_features: object = None) -> npt.NDArray[Any]:  # noqa: ARG002
        """Names of the inputs, in order."""
        return np.asarray([*self._columns, *self._key], dtype=object)

    def get_state(self) -> State:
        """The columns, so that a later earmark with other features notices."""
        check_is_fitted(self)
        return State(settings=self._inputs_state())

    @classmethod
    def from_state(cls, state: State) -> Self:
        """Rebuild; raises ``RankerFormatError`` where the columns are not the ones this earmark makes."""
        prepared = cls()
        if take_setting(state, "inputs", list)[-len(CIRCLE) :] == [*CIRCLE]:
            prepared._key = CIRCLE
        prepared._restore_inputs(state)
        prepared.n_features_out_ = len(prepared.get_feature_names_out())
        return prepared


class DenseInputs(_Inputs):
    """Every feature on one scale, for networks: quantiles to a normal curve, zero for missing, and indicators.

    Each number is mapped through the training rows' quantiles to normal scores (`features.quantiles`). A missing value
    becomes 0 (the mean); an indicator (1 = missing) tells the network, for columns that had both missing and known
    values in training: one for all columns that were missing from the same tracks, as what is known of an artist is. A
    constant or empty column becomes 0.

    Attributes
    ----------
    curves_ : QuantileCurves
    missing_ : ndarray of bool, shape (13 + n_further,)
        Which columns get an indicator, of those that are always missing together the first; the last is the key.
    """

    curves_: QuantileCurves
    missing_: npt.NDArray[np.bool_]

    def fit(self, tracks: pd.DataFrame, y: object = None) -> Self:  # noqa: ARG002 - scikit-learn's signature
        """Learn quantiles, scales and which columns have missing values, from training rows only."""
        self.further_ = further_inputs(tracks)
        values = read_numbers(tracks, self._columns)
        self.curves_ = QuantileCurves.fitted(self._columns, values)
        absent = np.isnan(np.column_stack([values, key_circle(tracks)[:, 0]]))
        once = np.zeros(absent.shape[1], dtype=bool)
        once[np.unique(absent, axis=1, return_index=True)[1]] = True
        self.missing_ = np.asarray(absent.any(axis=0) & ~absent.all(axis=0) & once)
        self.n_features_out_ = len(self.get_feature_names_out())
        return self

    def transform(self, tracks: pd.DataFrame) -> FloatArray:
        """Prepare tracks.

        Returns
        -------
        ndarray of float, shape (n_tracks, 14 + n_further + n_indicators)
            Finite; columns as ``get_feature_names_out`` names them.
        """
        check_is_fitted(self)
        values = read_numbers(tracks, self._columns)
        circle = np.sqrt(2) * key_circle(tracks)  # sine and cosine of even keys have a variance of one half
        absent = np.isnan(np.column_stack([values, circle[:, 0]]))
        inputs = np.nan_to_num(np.hstack([self.curves_.apply(values), circle]), nan=0.0)
        return np.hstack([inputs, absent[:, self.missing_]])

    def get_feature_names_out(self, input_features: object = None) -> npt.NDArray[Any]:  # noqa: ARG002
        """Names of the inputs, in order; indicators are named ``<column>_missing``."""
        check_is_fitted(self, "missing_")
        columns = (*self._columns, "key")
        indicators = [f"{name}_missing" for name, on in zip(columns, self.missing_, strict=True) if on]
        return np.asarray([*self._columns, *CIRCLE, *indicators], dtype=object)

    def get_state(self) -> State:
        """Knots, scores and indicators."""
        check_is_fitted(self)
        return State(self._inputs_state(), {"missing": self.missing_, **self.curves_.get_state().arrays})

    @classmethod
    def from_state(cls, state: State) -> Self:
        """Rebuild; raises ``RankerFormatError`` where knots, scores or indicators cannot be right."""
        prepared = cls()
        prepared._restore_inputs(state)
        prepared.curves_ = QuantileCurves.from_state(prepared._columns, state)
        prepared.missing_ = take_array(state, "missing", bool, (len(prepared._columns) + 1,))
        prepared.n_features_out_ = len(prepared.get_feature_names_out())
        return prepared


class PairwiseInputs(_Inputs):
    """Normal scores of all inputs, and the sums and differences of every two audio inputs; missing stays NaN.

    A tree cuts along one input at a time; along sums and differences of two it cuts obliquely, which trees need many
    levels for otherwise. Normal scores give all inputs one scale, on which sums mean something.

    Attributes
    ----------
    curves_ : QuantileCurves
    """

    curves_: QuantileCurves

    def fit(self, tracks: pd.DataFrame, y: object = None) -> Self:  # noqa: ARG002 - scikit-learn's signature
        """Learn the quantiles, from training rows only."""
        self.further_ = further_inputs(tracks)
        self.curves_ = QuantileCurves.fitted(self._columns, read_numbers(tracks, self._columns))
        self.n_features_out_ = len(self.get_feature_names_out())
        return self

    def transform(self, tracks: pd.DataFrame) -> FloatArray:
        """Prepare tracks.

        Returns
        -------
        ndarray of float, shape (n_tracks, 14 + n_further + 182)
            Columns as ``get_feature_names_out`` names them; NaN where missing.
        """
        check_is_fitted(self)
        scaled = self.curves_.apply(read_numbers(tracks, self._columns))
        inputs = np.empty((self.n_features_out_, len(tracks))).T  # column after column, as they are made
        width = scaled.shape[1]
        inputs[:, :width] = scaled
        inputs[:, width : width + 2] = np.sqrt(2) * key_circle(tracks)
        width += 2
        audio = np.asfortranarray(np.hstack([inputs[:, : len(NUMERIC)], inputs[:, width - 2 : width]]))
        for combined in (np.subtract, np.add):
            for place in range(audio.shape[1] - 1):
                others = audio[:, place + 1 :]
                combined(audio[:, [place]], others, out=inputs[:, width : width + others.shape[1]])
                width += others.shape[1]
        return inputs

    def get_feature_names_out(self, input_features: object = None) -> npt.NDArray[Any]:  # noqa: ARG002
        """Names of the inputs, in order; pairs are named ``<column>-<column>`` and ``<column>+<column>``."""
        check_is_fitted(self, "further_")
        audio = (*NUMERIC, *CIRCLE)
        pairs = list(zip(*np.triu_indices(len(audio), 1), strict=True))
        made = [f"{audio[left]}{sign}{audio[right]}" for sign in "-+" for left, right in pairs]
        return np.asarray([*self._columns, *CIRCLE, *made], dtype=object)

    def get_state(self) -> State:
        """Knots and scores."""
        check_is_fitted(self)
        return State(self._inputs_state(), self.curves_.get_state().arrays)

    @classmethod
    def from_state(cls, state: State) -> Self:
        """Rebuild; raises ``RankerFormatError`` where knots or scores cannot be right."""
        prepared = cls()
        prepared._restore_inputs(state)
        prepared.curves_ = QuantileCurves.from_state(prepared._columns, state)
        prepared.n_features_out_ = len(prepared.get_feature_names_out())
        return prepared


class HistoricInputs(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Nine features, standardised: what the 2021 essay's network saw (no key, duration, mode, tempo).

    Attributes
    ----------
    centre_, scale_ : ndarray of float, shape (9,)
        Mean and standard deviation over the known values of the training rows; 0 and 1 where there are none.
    n_features_out_ : int
    """

    def fit(self, tracks: pd.DataFrame, y: object = None) -> Self:  # noqa: ARG002 - scikit-learn's signature
        """Learn means and deviations, from training rows only."""
        values = read_numbers(tracks, HISTORIC)
        known = ~np.isnan(values)
        count = np.maximum(known.sum(axis=0), 1)
        self.centre_ = np.nansum(values, axis=0) / count
        deviation = np.sqrt(np.nansum((values - self.centre_) ** 2, axis=0) / count)
        self.scale_ = np.where(deviation > 1e-12 * (1 + np.abs(self.centre_)), deviation, 1.0)
        self.n_features_out_ = len(HISTORIC)
        return self

    def transform(self, tracks: pd.DataFrame) -> FloatArray:
        """Prepare tracks: (n_tracks, 9), finite; a missing value is 0, the mean."""
        check_is_fitted(self)
        return np.asarray(np.nan_to_num((read_numbers(tracks, HISTORIC) - self.centre_) / self.scale_, nan=0.0))

    def get_feature_names_out(self, input_features: object = None) -> npt.NDArray[Any]:  # noqa: ARG002
        """Names of the inputs, in order."""
        return np.asarray(HISTORIC, dtype=object)

    def get_state(self) -> State:
        """Means and deviations."""
        check_is_fitted(self)
        return State(settings={"inputs": [*HISTORIC]}, arrays={"centre": self.centre_, "scale": self.scale_})

    @classmethod
    def from_state(cls, state: State) -> Self:
        """Rebuild; raises ``RankerFormatError`` where means or deviations cannot be right."""
        inputs = take_setting(state, "inputs", list)
        require(inputs == [*HISTORIC], f"the model's inputs are {inputs}, this earmark makes {[*HISTORIC]}")
        prepared = cls()
        prepared.centre_ = take_array(state, "centre", np.float64, (len(HISTORIC),))
        prepared.scale_ = take_array(state, "scale", np.float64, (len(HISTORIC),))
        require((prepared.scale_ > 0).all(), "array 'scale' is not positive")
        prepared.n_features_out_ = len(HISTORIC)
        return prepared
