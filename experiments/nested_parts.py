"""Parts of a training table that a learning curve is measured on."""

from typing import Final

import numpy as np
import pandas as pd

from experiments.config import MIN_OF_EACH, MIN_TRACKS, FitConfig
from experiments.splits import Rows, groups_for, inner_folds
from features.errors import InputError

SHARES: Final = (1.0, 1 / 2, 1 / 4, 1 / 8, 1 / 16)
"""Of all training rows; each part within the one before."""


def nested_parts(table: pd.DataFrame, y: Rows, train: Rows, config: FitConfig) -> dict[float, Rows]:
    """Parts of some rows, each within the next larger one, made of whole artists drawn at random.

    Parameters
    ----------
    table : DataFrame, shape (n, any)
    y : ndarray of int, shape (n,)
    train : ndarray of int
        Positions in the table.
    config : FitConfig
        Its seed and split.

    Returns
    -------
    dict of float to ndarray of int
        By share (1, 1/2, 1/4, ...), as far as a part can be learned from; the same whatever the order of the rows.
    """
    rows = train[np.argsort(table["track_id"].to_numpy(dtype=str)[train], kind="stable")]
    artists = pd.factorize(groups_for(table.iloc[rows], "artist"))[0]
    order = np.random.default_rng([config.seed, len(rows)]).permutation(artists.max() + 1)
    counted = np.cumsum(np.bincount(artists)[order])
    place = np.argsort(order)[artists]
    parts: dict[float, Rows] = {}
    for share in SHARES:
        last = int(np.argmin(np.abs(counted - share * len(rows))))
        part = np.sort(rows[place <= last])
        if not _can_be_learned(table, y, part, config) or any(len(part) == len(other) for other in parts.values()):
            break
        parts[share] = part
    return parts


def _can_be_learned(table: pd.DataFrame, y: Rows, rows: Rows, config: FitConfig) -> bool:
    liked = int(y[rows].sum())
    if len(rows) < MIN_TRACKS or min(liked, len(rows) - liked) < MIN_OF_EACH:
        return False
    try:
        inner_folds(table.iloc[rows], y[rows], config.split, n_folds=2, seed=config.seed)
    except InputError:
        return False
    return True
