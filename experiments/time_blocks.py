"""Cutting a tracks table where time passes."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.errors import InputError


def time_blocks(tracks: pd.DataFrame, cuts: Sequence[float]) -> npt.NDArray[np.int64]:
    """The block of time that each row falls in.

    Parameters
    ----------
    tracks : DataFrame, shape (n, any)
        With ``added_at``. Rows without a time count as the earliest: they may teach but never test.
    cuts : sequence of float in (0, 1), increasing
        Shares of the rows before each cut; a cut moves to the nearest place where time passes.

    Returns
    -------
    ndarray of int, shape (n,)
        0 for rows before the first cut, up to ``len(cuts)``; no time is in two blocks.

    Raises
    ------
    InputError
        Where ``added_at`` is missing for half of the rows or more, or the times are too few to cut.
    """
    if "added_at" not in tracks:
        raise InputError(
            "the time split needs the column added_at, this table has none",
            "Bring a table that says when each track was added, or use --split artist.",
        )
    times = tracks["added_at"]
    missing = int(times.isna().sum())
    if 2 * missing >= len(times):
        raise InputError(
            f"the time split needs added_at, {missing:,} of {len(times):,} tracks have none",
            "Use --split artist, or leave out the tracks without a time.",
        )
    codes = times.rank(method="dense").fillna(0.0).to_numpy(dtype=np.float64).astype(np.int64)
    rows_until = np.cumsum(np.bincount(codes))  # rows_until[t]: how many rows are no later than the t-th moment
    ends = [int(np.argmin(np.abs(rows_until - cut * len(codes)))) for cut in cuts]
    if len(set(ends)) < len(ends) or ends[-1] == len(rows_until) - 1:
        raise InputError(
            f"tracks were added at {len(rows_until):,} different times, too few or crowded for {len(cuts) + 1} blocks",
            "Use fewer folds, or --split artist.",
        )
    return np.searchsorted(np.array(ends), codes, side="left").astype(np.int64)
