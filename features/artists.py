"""Artists as numbers: a stable 64-bit key for the first artist of every track."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.artist_names import artist_keys
from features.identity import hash64


def artist_hashes(artist_name: "pd.Series[Any]") -> npt.NDArray[np.uint64]:
    """The first artist of each list, however the name is written.

    Parameters
    ----------
    artist_name : Series of str, shape (n_tracks,)

    Returns
    -------
    ndarray of uint64, shape (n_tracks,)
        0 where no artist is named. "Drake" and "Drake, Future" are the same, and so then are "Tyler" and "Tyler, The
        Creator".
    """
    names = artist_name.astype(object).where(artist_name.notna(), None)
    known: dict[Any, int] = {name: _hash(name) for name in names.unique()}
    return np.array([known[name] for name in names], dtype=np.uint64)


def _hash(name: object) -> int:
    keys = artist_keys(name)
    return hash64(keys[-1].encode()) if keys else 0
