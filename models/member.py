"""One part of an ensemble."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.calibration import Calibration
from models.fitted import FittedModel

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Member:
    """One part of the ensemble: a family's fold models, averaged, calibrated and weighed.

    Parameters
    ----------
    models : tuple of FittedModel
        One a fold and cut; all of one family.
    calibration : Calibration
        From this member's own out-of-fold predictions.
    weight : float
        In (0, 1]; the members' weights sum to 1.
    """

    models: tuple[FittedModel, ...]
    calibration: Calibration
    weight: float

    def predict(self, inputs: pd.DataFrame) -> FloatArray:
        """Probabilities, shape (n_tracks,)."""
        mean: FloatArray = np.mean([model.predict(inputs) for model in self.models], axis=0)
        return self.calibration.apply(mean)
