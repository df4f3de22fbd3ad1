"""Candidates that lack what training always knew: scored by the mean over what other tracks have in its place.

Of a column without a gap in training no model has learned what a gap means: a tree sends it to an arbitrary side, for
all candidates the same, and their scores are all too high or all too low. The mean over the gap's likely contents is
what a model that never saw the column would say (marginalising over it, as in partial dependence: Friedman, Annals of
Statistics 29, 2001). What is known of artists is left alone: rankers learn what it means to know nothing of one.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.context import CONTEXT_COLUMNS

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

_MOST_CONTENTS: Final = 16
"""Contents that a gap is filled with: half a background's, and half the time."""
_ROWS: Final = 2048
"""Rows with gaps that are filled at a time: bounds memory on large tables."""


def mean_over_gaps(
    score: Callable[[pd.DataFrame], FloatArray], inputs: pd.DataFrame, background: pd.DataFrame
) -> FloatArray:
    """Scores of rows; of those with a gap where the background has none, the mean over its contents.

    Parameters
    ----------
    score : callable
        Scores of some inputs, (n,).
    inputs : DataFrame, shape (n_tracks, n_inputs)
    background : DataFrame, shape (n_background, n_inputs)
        Tracks of the training table. All gaps of a row are filled by the same track, one track after the other.

    Returns
    -------
    ndarray of float, shape (n_tracks,)
        Rows have no say in each other.
    """
    lacking = gaps(inputs, background)
    known = background.to_numpy(dtype=np.float64)
    found = np.empty(len(inputs))
    kinds, kind_of = np.unique(lacking, axis=0, return_inverse=True)
    for number, gap in enumerate(kinds):
        places = np.flatnonzero(kind_of.reshape(-1) == number)
        contents, shares = likely_contents(known[:, gap])
        at_a_time = _ROWS if gap.any() else len(places)
        for start in range(0, len(places), at_a_time):
            rows = places[start : start + at_a_time]
            filled = np.repeat(inputs.iloc[rows].to_numpy(dtype=np.float64)[None], len(contents), axis=0)
            filled[:, :, gap] = contents[:, None, :]
            many = pd.DataFrame(filled.reshape(-1, inputs.shape[1]), columns=inputs.columns)
            found[rows] = shares @ score(many).reshape(len(contents), len(rows))
    return found


def likely_contents(known: FloatArray) -> tuple[FloatArray, FloatArray]:
    """What some columns hold, and how often.

    Of many different contents a few are picked that stand for all: in their order along the direction in which they
    differ most they are cut into parts of like share, and a middle one of each is taken. On the Kaggle CSV like
    probabilities then are those of all 32 contents but for .0004 to .004, where a gap changes them by .03 to .07; on an
    invented table but for .006 to .033, where it changes them by .12 to .29.

    Parameters
    ----------
    known : ndarray of float, shape (n_background, n_columns)

    Returns
    -------
    contents : ndarray of float, shape (n_contents, n_columns)
        Rows of ``known``, each once; at most 16. One, of no columns, where there are none.
    shares : ndarray of float, shape (n_contents,)
        Sum to 1.
    """
    contents, times = np.unique(known, axis=0, return_counts=True)
    shares = times / times.sum()
    if len(contents) <= _MOST_CONTENTS:
        return contents, shares
    deviation = contents.std(axis=0)
    scaled = (contents - contents.mean(axis=0)) / np.where(deviation > 0, deviation, 1.0)
    direction = np.linalg.svd(scaled, full_matrices=False)[2][0]
    direction = direction * np.sign(direction[np.argmax(np.abs(direction))])  # either sign is right, libraries differ
    order = np.argsort(scaled @ direction, kind="stable")
    middle = np.cumsum(shares[order]) - shares[order] / 2
    parts = np.split(order, np.searchsorted(middle, np.arange(1, _MOST_CONTENTS) / _MOST_CONTENTS))
    parts = [part for part in parts if len(part)]
    # of an even number the lower and the upper middle in turn, so that none of both is the rule
    picked = [part[(len(part) - number % 2) // 2] for number, part in enumerate(parts)]
    return contents[picked], np.array([shares[part].sum() for part in parts])


def gaps(inputs: pd.DataFrame, background: pd.DataFrame) -> BoolArray:
    """Where rows lack what every track of the background has, shape (n_tracks, n_inputs).

    Parameters
    ----------
    inputs : DataFrame, shape (n_tracks, n_inputs)
    background : DataFrame, shape (n_background, n_inputs)
    """
    always = background.notna().all().to_numpy() & ~background.columns.isin(CONTEXT_COLUMNS)
    return np.asarray(inputs.isna().to_numpy() & always, dtype=np.bool_)
