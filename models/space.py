"""Search spaces as data: what may be tuned, in which range, and the default that is always tried first."""

from collections.abc import Mapping
from dataclasses import dataclass

Value = int | float | str | bool | None
"""One hyperparameter value."""


@dataclass(frozen=True)
class Int:
    """An integer in [low, high], both ends included; ``log`` searches its logarithm."""

    low: int
    high: int
    default: int
    log: bool = False


@dataclass(frozen=True)
class Float:
    """A real number in [low, high]; ``log`` searches its logarithm (``low`` must then be positive)."""

    low: float
    high: float
    default: float
    log: bool = False


@dataclass(frozen=True)
class Choice:
    """One of a few values."""

    options: tuple[Value, ...]
    default: Value


@dataclass(frozen=True)
class ParameterPath:
    """Values of which one fit tells all: they are read off instead of searched.

    A model is fitted with the last of its ``steps`` and then knows what it would be with each (`models.spec.Pathwise`):
    a boosted model holds those of fewer trees, a forest can be shrunken after it was grown. Which step is best is seen
    on the rows that were held out, of all folds together (`experiments.evaluation`); ``default`` is for a fit without
    folds.
    """

    steps: tuple[int | float, ...]
    default: int | float


Dimension = Int | Float | Choice | ParameterPath
Space = Mapping[str, Dimension]
"""Hyperparameter name -> dimension; at most one is a path."""


def defaults(space: Space) -> dict[str, Value]:
    """The default of every dimension."""
    return {name: dimension.default for name, dimension in space.items()}


def searched(space: Space) -> dict[str, Int | Float | Choice]:
    """The dimensions that a trial is asked for: all but a path. Their defaults are trial 0 of every study."""
    return {name: dimension for name, dimension in space.items() if not isinstance(dimension, ParameterPath)}


def path_of(space: Space, params: Mapping[str, Value]) -> tuple[str, ParameterPath] | None:
    """The dimension whose values are to be read off, and its name; None where there is none, or its value is given."""
    for name, dimension in space.items():
        if isinstance(dimension, ParameterPath) and name not in params:
            return name, dimension
    return None
