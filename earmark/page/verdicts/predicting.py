"""What each model of a ranker says of a list, kept: after every answer the same is asked again."""

from threading import Lock
from typing import Final

import numpy as np
import numpy.typing as npt

from models.member import predictions
from models.scored import Scored

_KEPT: Final = 4


class Predictions:
    """Predictions of the lists asked about last; shared by all requests."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: list[tuple[Scored, npt.NDArray[np.float64]]] = []

    def of(self, scored: Scored) -> npt.NDArray[np.float64]:
        """What the members of the ranker say of the tracks: (n_members, n_tracks)."""
        with self._lock:  # two requests for one list predict it once
            for kept, found in self._kept:
                if kept is scored:
                    return found
            found = predictions(scored.ranker.members, scored.inputs)
            self._kept = [(scored, found), *self._kept[: _KEPT - 1]]
            return found
