"""One fitted model: a family's preparation and estimator, fitted together on the same training rows."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import blake2b
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.errors import InputError
from features.state import State
from models.space import Value, defaults
from models.spec import Estimator, ModelSpec, Pathwise, Preparation

_PARTS = ("preparation", "estimator")


@dataclass(frozen=True)
class FittedModel:
    """A family's preparation and estimator, both fitted.

    Parameters
    ----------
    spec : ModelSpec
    preparation : Preparation
    estimator : Estimator
    """

    spec: ModelSpec
    preparation: Preparation
    estimator: Estimator

    def predict(self, tracks: pd.DataFrame) -> npt.NDArray[np.float64]:
        """Uncalibrated P(like).

        Parameters
        ----------
        tracks : DataFrame, n_tracks rows
            A tracks table; audio features it lacks count as missing.

        Returns
        -------
        ndarray of float, shape (n_tracks,)
            In [0, 1]; each row's value depends on that row alone.
        """
        if len(tracks) == 0:
            return np.empty(0)
        return self.estimator.predict_proba(self.preparation.transform(tracks))[:, 1]

    def along(self, tracks: pd.DataFrame, values: Sequence[float]) -> npt.NDArray[np.float64]:
        """Uncalibrated P(like) with each value of the family's path (`models.spec.Pathwise`): (n_values, n_tracks)."""
        return self._pathwise().along(self.preparation.transform(tracks), values)

    def at(self, value: float) -> "FittedModel":
        """The model that a fit with this value of the family's path would have made."""
        return replace(self, estimator=self._pathwise().at(value))

    def _pathwise(self) -> Pathwise:
        if not isinstance(self.estimator, Pathwise):
            raise TypeError(f"{self.spec.name} has no path")
        return self.estimator

    @cached_property
    def preparation_key(self) -> bytes:
        """Equal for models whose preparations make the same of the same tracks."""
        state = self.preparation.get_state()
        described = [type(self.preparation).__qualname__, dict(state.settings)]
        digest = blake2b(json.dumps(described, sort_keys=True).encode(), digest_size=16)
        for name, values in sorted(state.arrays.items()):
            digest.update(json.dumps([name, values.dtype.str, values.shape]).encode())
            digest.update(values.tobytes())
        for name, content in sorted(state.blobs.items()):
            digest.update(json.dumps([name, len(content)]).encode() + content)
        return digest.digest()

    def get_state(self) -> State:
        """Both parts' states in one, their keys under ``preparation/`` and ``estimator/``."""
        settings: dict[str, Any] = {}
        arrays: dict[str, npt.NDArray[Any]] = {}
        blobs: dict[str, bytes] = {}
        for part, state in zip(_PARTS, (self.preparation.get_state(), self.estimator.get_state()), strict=True):
            settings.update(_prefixed(part, state.settings))
            arrays.update(_prefixed(part, state.arrays))
            blobs.update(_prefixed(part, state.blobs))
        return State(settings, arrays, blobs)

    @classmethod
    def from_state(cls, spec: ModelSpec, state: State) -> Self:
        """Rebuild a fitted model of the family ``spec``.

        Raises
        ------
        RankerFormatError
            Where either part's state cannot be right.
        """
        preparation, estimator = (_part(state, part) for part in _PARTS)
        return cls(spec, spec.preparation.from_state(preparation), spec.build({}, seed=0).from_state(estimator))


def fit_model(
    spec: ModelSpec,
    params: Mapping[str, Value],
    seed: int,
    tracks: pd.DataFrame,
    y: npt.NDArray[Any],
    groups: npt.NDArray[Any] | None = None,
    sample_weight: npt.NDArray[Any] | None = None,
) -> FittedModel:
    """Fit a family's preparation and estimator on training rows.

    Parameters
    ----------
    spec : ModelSpec
    params : mapping
        Hyperparameters; those left out keep the family's defaults.
    seed : int
    tracks : DataFrame, n_tracks rows
        Training rows only.
    y : ndarray of int, shape (n_tracks,)
        1 = liked, 0 = skipped.
    groups : ndarray, shape (n_tracks,), optional
        Artists, kept on one side of any split made inside.
    sample_weight : ndarray of float, shape (n_tracks,), optional
        How much each label counts.

    Returns
    -------
    FittedModel

    Raises
    ------
    InputError
        Where the training rows hold one class only.
    """
    labels = np.asarray(y)
    present = set(np.unique(labels).tolist())
    if present != {0, 1}:
        raise InputError(
            f"training needs liked (1) and skipped (0) tracks, but the training rows hold {sorted(present)} only",
            "Add tracks of the other kind, or use fewer folds if they are few.",
        )
    preparation = spec.preparation().fit(tracks, labels)
    estimator = spec.build({**defaults(spec.space), **params}, seed)
    estimator.fit(preparation.transform(tracks), labels, groups, sample_weight)
    return FittedModel(spec, preparation, estimator)


def _prefixed(part: str, values: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{part}/{name}": value for name, value in values.items()}


def _part(state: State, part: str) -> State:
    def own(values: Mapping[str, Any]) -> dict[str, Any]:
        return {name.removeprefix(f"{part}/"): value for name, value in values.items() if name.startswith(f"{part}/")}

    return State(own(state.settings), own(state.arrays), own(state.blobs))
