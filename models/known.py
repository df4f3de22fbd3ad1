"""Which candidates the listener already judged: fingerprints of the training tracks, not the tracks themselves."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.identity import track_keys

KEYS = ("id_key", "name_key", "feature_key")


@dataclass(frozen=True)
class KnownTracks:
    """Sorted 64-bit fingerprints of ids, of artist + title, and of the features of known tracks.

    Parameters
    ----------
    fingerprints : mapping of str to ndarray of uint64
        One sorted array for each of KEYS.
    """

    fingerprints: Mapping[str, npt.NDArray[np.uint64]]

    @classmethod
    def of(cls, tracks: pd.DataFrame) -> "KnownTracks":
        """Fingerprints of a tracks table."""
        keys = track_keys(tracks)
        arrays = {name: keys[name].to_numpy(dtype=np.uint64) for name in KEYS}
        return cls({name: np.unique(values[values != 0]) for name, values in arrays.items()})

    def flags(self, tracks: pd.DataFrame) -> npt.NDArray[np.bool_]:
        """Which of these tracks are known, shape (n_tracks,): same id, same artist and title, or same features."""
        keys = track_keys(tracks)
        known = np.zeros(len(tracks), dtype=bool)
        for name in KEYS:
            known |= np.isin(keys[name].to_numpy(dtype=np.uint64), self.fingerprints[name])
        return known
