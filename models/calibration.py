"""From a model's scores to probabilities that mean what they say.

Calibration is learnt from out-of-fold predictions only, and is strictly increasing: it never changes an order, so ROC
AUC is the same before and after. Families, from the simplest to the richest: identity; temperature (Guo et al. 2017);
Platt (1999); beta (Kull, Silva Filho & Flach 2017). `models.calibration_choice` picks among them.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import ClassVar

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit

FloatArray = npt.NDArray[np.float64]

EDGE = 1e-6
"""Scores are kept this far from 0 and 1, so that their log-odds stay finite."""


def log_odds(probability: FloatArray) -> FloatArray:
    """Log-odds of probabilities, clipped to [EDGE, 1 - EDGE].

    Parameters
    ----------
    probability : ndarray of float, shape (n,)
        In [0, 1].

    Returns
    -------
    ndarray of float, shape (n,)
        In about [-13.8, 13.8].
    """
    clipped: FloatArray = logit(np.clip(probability, EDGE, 1.0 - EDGE))
    return clipped


@dataclass(frozen=True)
class Calibration(ABC):
    """A strictly increasing map of scores to probabilities; its parameters are checked, for they may be a stranger's.

    Attributes
    ----------
    name : str
        The family.
    """

    name: ClassVar[str]

    def __post_init__(self) -> None:
        if not all(math.isfinite(value) for value in self.parameters().values()) or not self._increases():
            raise ValueError(f"a {self.name} calibration needs {self._needs()}, got {self.parameters()}")

    def apply(self, probability: FloatArray) -> FloatArray:
        """Calibrated probabilities, in the order of the given ones."""
        return np.asarray(expit(self.apply_log_odds(probability)), dtype=np.float64)

    @abstractmethod
    def apply_log_odds(self, probability: FloatArray) -> FloatArray:
        """Calibrated log-odds: the scale on which effects add up."""

    @abstractmethod
    def _increases(self) -> bool:
        """Whether it is strictly increasing."""

    @classmethod
    def _needs(cls) -> str:
        return "finite numbers"

    def parameters(self) -> dict[str, float]:
        """What `calibration_from` makes it again from."""
        return asdict(self)


@dataclass(frozen=True)
class IdentityCalibration(Calibration):
    """Scores as they are, but for the clipping of `log_odds`."""

    name: ClassVar[str] = "identity"

    def apply_log_odds(self, probability: FloatArray) -> FloatArray:
        """``log_odds(p)``."""
        return log_odds(probability)

    def _increases(self) -> bool:
        return True


@dataclass(frozen=True)
class TemperatureCalibration(Calibration):
    """``expit(slope * log_odds(p))``.

    Parameters
    ----------
    slope : float
        One over the temperature. Above 0; below 1 it flattens overconfident scores.
    """

    name: ClassVar[str] = "temperature"
    slope: float

    def apply_log_odds(self, probability: FloatArray) -> FloatArray:
        """``slope * log_odds(p)``."""
        return self.slope * log_odds(probability)

    def _increases(self) -> bool:
        return self.slope > 0

    @classmethod
    def _needs(cls) -> str:
        return "a finite, positive slope"


@dataclass(frozen=True)
class PlattCalibration(Calibration):
    """``expit(slope * log_odds(p) + intercept)``.

    Parameters
    ----------
    slope : float
        Above 0; below 1 it flattens overconfident scores.
    intercept : float
        Shifts the log-odds.
    """

    name: ClassVar[str] = "platt"
    slope: float
    intercept: float

    def apply_log_odds(self, probability: FloatArray) -> FloatArray:
        """``slope * log_odds(p) + intercept``."""
        return self.slope * log_odds(probability) + self.intercept

    def _increases(self) -> bool:
        return self.slope > 0

    @classmethod
    def _needs(cls) -> str:
        return "a finite, positive slope and a finite intercept"


@dataclass(frozen=True)
class BetaCalibration(Calibration):
    """``expit(a * ln p - b * ln(1 - p) + c)``: Platt's, with a slope of its own at either end.

    Parameters
    ----------
    a, b : float
        At least 0, one of them above 0: the slopes on log-odds near p = 0 and near p = 1.
    c : float
        Shifts the log-odds.
    """

    name: ClassVar[str] = "beta"
    a: float
    b: float
    c: float

    def apply_log_odds(self, probability: FloatArray) -> FloatArray:
        """``a * ln p - b * ln(1 - p) + c``."""
        clipped = np.clip(probability, EDGE, 1.0 - EDGE)
        scores: FloatArray = self.a * np.log(clipped) - self.b * np.log1p(-clipped) + self.c
        return scores

    def _increases(self) -> bool:
        return min(self.a, self.b) >= 0 and max(self.a, self.b) > 0

    @classmethod
    def _needs(cls) -> str:
        return "finite a, b >= 0 (not both 0) and a finite c"


FAMILIES: dict[str, type[Calibration]] = {
    family.name: family for family in (IdentityCalibration, TemperatureCalibration, PlattCalibration, BetaCalibration)
}
"""Every family by name, from the simplest to the richest."""


def calibration_from(name: str, parameters: Mapping[str, float]) -> Calibration:
    """Make a calibration again from what `Calibration.parameters` said, as read from a file.

    Parameters
    ----------
    name : str
        One of ``FAMILIES``.
    parameters : mapping of str to float
        Exactly the family's own.

    Raises
    ------
    ValueError
        If the family is unknown, a parameter is missing, too much, no number, not finite, or would break the order.
    """
    if not isinstance(name, str) or name not in FAMILIES:
        raise ValueError(f"unknown calibration {name!r}, expected one of {', '.join(FAMILIES)}")
    family = FAMILIES[name]
    expected = [field.name for field in fields(family)]
    if not isinstance(parameters, Mapping) or set(parameters) != set(expected):
        raise ValueError(f"a {name} calibration has the parameters {expected}, got {parameters!r}")
    if not all(type(value) in {int, float} for value in parameters.values()):
        raise ValueError(f"the parameters of a {name} calibration are numbers, got {dict(parameters)!r}")
    try:
        return family(**{key: float(parameters[key]) for key in expected})
    except OverflowError as error:
        raise ValueError(f"the parameters of a {name} calibration are out of range") from error
