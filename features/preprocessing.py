"""Input preparation: from a tracks table to the array that a model takes.

Conventions: a transformer picks its columns from the table by name, so a column that is missing there is all missing
values; values that are not finite, and the key -1 (Spotify's "unknown"), count as missing. Key 11 (B) lies beside
key 0 (C), so the key becomes a point on a circle: sine and cosine of its angle, 30 degrees a semitone. Whatever is
learned is learned in ``fit``; ``transform`` is NumPy alone, so ranking stays light.
"""

from itertools import pairwise
from statistics import NormalDist
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from features.schema import AUDIO_FEATURES
from features.state import State, require, take_array, take_setting

FloatArray = npt.NDArray[np.float64]

CIRCLE = ("key_sin", "key_cos")
"""What stands for the key."""

NUMERIC = tuple(name for name in AUDIO_FEATURES if name != "key")
"""The audio features that are numbers on a line."""

HISTORIC = tuple(name for name in AUDIO_FEATURES if name not in {"key", "duration_ms", "mode", "tempo"})
"""What the 2021 essay's network saw."""


def read_numbers(tracks: pd.DataFrame, columns: tuple[str, ...]) -> FloatArray:
    """Columns of a tracks table as floats.

    Parameters
    ----------
    tracks : DataFrame
        A tracks table.
    columns : tuple of str
        Columns to read; one that the table lacks is all NaN.

    Returns
    -------
    ndarray of float, shape (n_tracks, n_columns)
        NaN where missing or not finite.
    """
    values = np.full((len(tracks), len(columns)), np.nan)
    for position, name in enumerate(columns):
        if name in tracks.columns:
            values[:, position] = pd.to_numeric(tracks[name], errors="coerce").to_numpy(np.float64, na_value=np.nan)
    values[~np.isfinite(values)] = np.nan
    return values


def key_circle(tracks: pd.DataFrame) -> FloatArray:
    """The key as sine and cosine, each in [-1, 1]: shape (n_tracks, 2); NaN where the key is missing or negative."""
    key = read_numbers(tracks, ("key",))[:, 0]
    angle = 2 * np.pi * np.where(key >= 0, key, np.nan) / 12
    return np.column_stack([np.sin(angle), np.cos(angle)])


class TreeInputs(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """The audio features as they are, for models that only compare: missing stays NaN, the key becomes a circle.

    Attributes
    ----------
    n_features_out_ : int
        Number of inputs it makes: 14.
    """

    def fit(self, tracks: pd.DataFrame, y: object = None) -> Self:  # noqa: ARG002 - scikit-learn's signature
        """Learn nothing; there is nothing here that could leak."""
        self.n_features_out_ = len(NUMERIC) + len(CIRCLE)
        return self

    def transform(self, tracks: pd.DataFrame) -> FloatArray:
        """Prepare tracks.

        Returns
        -------
        ndarray of float, shape (n_tracks, 14)
            Columns as ``get_feature_names_out`` names them; NaN where missing.
        """
        check_is_fitted(self)
        return np.hstack([read_numbers(tracks, NUMERIC), key_circle(tracks)])

    def get_feature_names_out(self, input_features: object = None) -> npt.NDArray[Any]:  # noqa: ARG002
        """Names of the inputs, in order."""
        return np.asarray([*NUMERIC, *CIRCLE], dtype=object)

    def get_state(self) -> State:
        """The columns, so that a later earmark with other features notices."""
        check_is_fitted(self)
        return State(settings={"inputs": [*NUMERIC, *CIRCLE]})

    @classmethod
    def from_state(cls, state: State) -> Self:
        """Rebuild; raises ``RankerFormatError`` where the columns are not the ones this earmark makes."""
        _check_inputs(state, (*NUMERIC, *CIRCLE))
        return cls().fit(pd.DataFrame())


class DenseInputs(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Every feature on one scale, for networks: quantiles to a normal curve, zero for missing, and indicators.

    Each number is mapped through the training rows' quantiles to normal scores, then centred and scaled to unit
    variance over the training rows. A missing value becomes 0 (the mean); an indicator (1 = missing) tells the network,
    for columns that had both missing and known values in training. A constant or empty column becomes 0.

    Notes
    -----
    A tied mass (40 % of tracks have an instrumentalness of exactly 0) gets the score of its middle rank; values just
    above it get the score of its upper end. Values beyond the training range get the score of the nearest end.
    The number of quantiles follows RealMLP and TabM: ``max(min(n // 30, 1000), 10)`` (Gorishniy et al. 2024,
    arXiv:2410.24210).

    Attributes
    ----------
    knots_ : tuple of ndarray, each of shape (n_knots,)
        A numeric column's values, ascending.
    scores_ : tuple of ndarray, each of shape (n_knots,)
        Scaled normal scores at the knots, ascending.
    missing_ : ndarray of bool, shape (13,)
        Which columns get an indicator; the last is the key.
    n_features_out_ : int
    """

    def fit(self, tracks: pd.DataFrame, y: object = None) -> Self:  # noqa: ARG002 - scikit-learn's signature
        """Learn quantiles, scales and which columns have missing values, from training rows only."""
        values = read_numbers(tracks, NUMERIC)
        curves = [_normal_scores(column[~np.isnan(column)]) for column in values.T]
        self.knots_ = tuple(knots for knots, _ in curves)
        self.scores_ = tuple(scores for _, scores in curves)
        absent = np.isnan(np.column_stack([values, key_circle(tracks)[:, 0]]))
        self.missing_ = np.asarray(absent.any(axis=0) & ~absent.all(axis=0))
        self.n_features_out_ = len(self.get_feature_names_out())
        return self

    def transform(self, tracks: pd.DataFrame) -> FloatArray:
        """Prepare tracks.

        Returns
        -------
        ndarray of float, shape (n_tracks, 14 + n_indicators)
            Finite; columns as ``get_feature_names_out`` names them.
        """
        check_is_fitted(self)
        values = read_numbers(tracks, NUMERIC)
        scaled = np.zeros_like(values)
        for position, (knots, scores) in enumerate(zip(self.knots_, self.scores_, strict=True)):
            if len(knots):
                scaled[:, position] = np.interp(values[:, position], knots, scores)
        circle = np.sqrt(2) * key_circle(tracks)  # sine and cosine of even keys have a variance of one half
        absent = np.isnan(np.column_stack([values, circle[:, 0]]))
        return np.hstack([np.nan_to_num(np.hstack([scaled, circle]), nan=0.0), absent[:, self.missing_]])

    def get_feature_names_out(self, input_features: object = None) -> npt.NDArray[Any]:  # noqa: ARG002
        """Names of the inputs, in order; indicators are named ``<column>_missing``."""
        check_is_fitted(self, "missing_")
        columns = (*NUMERIC, "key")
        indicators = [f"{name}_missing" for name, on in zip(columns, self.missing_, strict=True) if on]
        return np.asarray([*NUMERIC, *CIRCLE, *indicators], dtype=object)

    def get_state(self) -> State:
        """Knots, scores and indicators."""
        check_is_fitted(self)
        arrays: dict[str, npt.NDArray[Any]] = {"missing": self.missing_}
        for name, knots, scores in zip(NUMERIC, self.knots_, self.scores_, strict=True):
            arrays[f"knots/{name}"], arrays[f"scores/{name}"] = knots, scores
        return State(settings={"inputs": [*NUMERIC, *CIRCLE]}, arrays=arrays)

    @classmethod
    def from_state(cls, state: State) -> Self:
        """Rebuild; raises ``RankerFormatError`` where knots, scores or indicators cannot be right."""
        _check_inputs(state, (*NUMERIC, *CIRCLE))
        prepared = cls()
        curves = [_read_curve(state, name) for name in NUMERIC]
        prepared.knots_ = tuple(knots for knots, _ in curves)
        prepared.scores_ = tuple(scores for _, scores in curves)
        prepared.missing_ = take_array(state, "missing", bool, (len(NUMERIC) + 1,))
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
        _check_inputs(state, HISTORIC)
        prepared = cls()
        prepared.centre_ = take_array(state, "centre", np.float64, (len(HISTORIC),))
        prepared.scale_ = take_array(state, "scale", np.float64, (len(HISTORIC),))
        require((prepared.scale_ > 0).all(), "array 'scale' is not positive")
        prepared.n_features_out_ = len(HISTORIC)
        return prepared


def _check_inputs(state: State, names: tuple[str, ...]) -> None:
    inputs, expected = take_setting(state, "inputs", list), list(names)
    require(inputs == expected, f"the model's inputs are {inputs}, this earmark makes {expected}")


def _read_curve(state: State, name: str) -> tuple[FloatArray, FloatArray]:
    knots = take_array(state, f"knots/{name}", np.float64, (None,))
    scores = take_array(state, f"scores/{name}", np.float64, knots.shape)
    for what, values in (("knots", knots), ("scores", scores)):
        require((np.diff(values) >= 0).all(), f"array '{what}/{name}' is not ascending")
    return knots, scores


def _normal_scores(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Knots and scaled normal scores of one column's known values; both empty where it does not vary."""
    if len(values) == 0 or values.min() == values.max():
        return np.empty(0), np.empty(0)
    n_quantiles = max(min(len(values) // 30, 1000), 10)
    rank = np.linspace(0, 1, n_quantiles)
    # interpolation inside np.quantile can step back by one bit: the running maximum keeps it ascending
    quantile = np.maximum.accumulate(np.quantile(values, rank))
    knots, ranks = _untie(quantile, rank)
    curve = NormalDist()
    end = 0.5 / len(values)  # an extreme of n rows stands for half a row: finite scores at both ends
    scores = np.array([curve.inv_cdf(min(max(p, end), 1 - end)) for p in ranks])
    fitted = np.interp(values, knots, scores)
    deviation = fitted.std()
    return knots, (scores - fitted.mean()) / (deviation if deviation > 0 else 1.0)


def _untie(quantile: FloatArray, rank: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Give a tied mass three knots: just below it, on it (middle rank), just above it; others keep one."""
    edges = np.flatnonzero(np.diff(quantile, prepend=-np.inf, append=np.inf))
    knots: list[float] = []
    ranks: list[float] = []
    for first, after in pairwise(edges):
        low, high, value = rank[first], rank[after - 1], quantile[first]
        tied = first < after - 1
        knots += [np.nextafter(value, -np.inf), value, np.nextafter(value, np.inf)] if tied else [value]
        ranks += [low, (low + high) / 2, high] if tied else [low]
    return np.maximum.accumulate(np.asarray(knots)), np.asarray(ranks)
