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


Space = Mapping[str, Int | Float | Choice]
"""Hyperparameter name -> dimension."""


def defaults(space: Space) -> dict[str, Value]:
    """The default of every dimension: trial 0 of every study."""
    return {name: dimension.default for name, dimension in space.items()}
