"""What a model family is: data around one scikit-learn style estimator.

Conventions: ``X`` is a float array (n_tracks, n_inputs) with NaN for missing values, ``y`` an integer array (n_tracks,)
of 0 (skipped) and 1 (liked), ``groups`` an integer or string array (n_tracks,) of artists.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, Self, runtime_checkable

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from features.state import State
    from models.space import Space, Value


class Preparation(Protocol):
    """Turns a tracks table into the array an estimator takes; a transformer fitted on training rows only."""

    def fit(self, tracks: pd.DataFrame, y: object = None) -> Self:
        """Learn from training rows only."""

    def transform(self, tracks: pd.DataFrame) -> npt.NDArray[np.float64]:
        """Prepare tracks: (n_tracks, n_inputs)."""

    def get_state(self) -> State:
        """The fitted state."""

    @classmethod
    def from_state(cls, state: State) -> Self:
        """Rebuild a fitted preparation; raises ``RankerFormatError`` where the state cannot be right."""


class Estimator(Protocol):
    """A binary classifier in scikit-learn's manner that can also leave and restore its state."""

    def fit(
        self,
        X: npt.NDArray[np.float64],
        y: npt.NDArray[Any],
        groups: npt.NDArray[Any] | None = None,
        sample_weight: npt.NDArray[Any] | None = None,
    ) -> Self:
        """Fit; ``groups`` keeps an artist on one side of any split made inside, weights say how sure a label is."""

    def predict_proba(self, X: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Probabilities of skip and like: (n_tracks, 2), rows sum to 1."""

    def get_state(self) -> State:
        """The fitted state."""

    @classmethod
    def from_state(cls, state: State) -> Self:
        """Rebuild a fitted estimator; raises ``RankerFormatError`` where the state cannot be right."""


@runtime_checkable
class Pathwise(Estimator, Protocol):
    """A fitted estimator that knows what it would be with each value of its path, see `models.space.ParameterPath`."""

    def along(self, X: npt.NDArray[np.float64], values: Sequence[float]) -> npt.NDArray[np.float64]:
        """P(like) with each of some ascending values, none beyond the one it was fitted with: (n_values, n_tracks)."""

    def at(self, value: float) -> Self:
        """The estimator that a fit with this value would have made; this one stays as it is."""


@dataclass(frozen=True)
class ModelSpec:
    """One family of models, or one baseline that is shown beside them.

    Parameters
    ----------
    name : str
        The module's name under ``models/estimators``.
    title : str
        What people read in tables and pictures.
    role : {"family", "baseline"}
        Families are tuned and may win; baselines are fitted once with their defaults.
    preparation : type of Preparation
        Called without arguments for an unfitted one.
    estimator : type of Estimator
        Called with hyperparameters and ``random_state``.
    space : mapping
        What is tuned, with the defaults; empty for a baseline. Where it holds a path, the estimator is `Pathwise`.
    reference : str
        The paper or documentation behind the method and its space.
    order : int
        Position in tables (simple families first).
    priority : int
        Whose default is fitted first, the lowest first: by how well a family ranks alone for the seconds it takes.
        A search of few seconds gets no further than the first ones.
    learns_once : bool
        Whether it learns each track once: with its artist's profile or without. Other families learn those of a small
        table twice, with and without (`experiments.evaluation`), which takes more time and may not be worth it.
    needs_many_labels : bool
        Whether it ranks worse than other families where labels are few: it then joins an average only where it is as
        good on those few, and is not given the benefit of the doubt (`models.ensemble.select`).
    needs_artists : bool
        Whether it goes by artists' names alone: where none is named, its guesses would pass for its figures.
    seconds : float
        What the default trial takes: 8 folds of 2,000 tracks on two cores of today, imports included. A search with
        few seconds leaves out what would not finish.
    """

    name: str
    title: str
    role: Literal["family", "baseline"]
    preparation: type[Preparation]
    estimator: Callable[..., Estimator]
    space: Space
    reference: str
    order: int = 0
    priority: int = 9
    learns_once: bool = False
    needs_many_labels: bool = False
    needs_artists: bool = False
    seconds: float = 1.0

    def build(self, params: Mapping[str, Value], seed: int) -> Estimator:
        """An unfitted estimator."""
        return self.estimator(**params, random_state=seed)
