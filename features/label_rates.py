"""How well the labels of tracks go with one number or one name a track: what `features.leaks` judges columns by."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]

_FOLDS: Final = 5
_PRIOR_TRACKS: Final = 2.0  # the overall rate counts as much as so many tracks
_BIN_TRACKS: Final = 10
_MOST_BINS: Final = 200


def standard_error(auc: float, y: FloatArray) -> float:
    """What an AUC strays by if its true value is ``auc``."""
    others = len(y) / 2 - 1
    factor = 1 + others * ((1 - auc) / (2 - auc) + auc / (1 + auc))
    return float(np.sqrt(auc * (1 - auc) * factor / (y.sum() * (len(y) - y.sum()))))


def label_folds(track_id: "pd.Series[Any]", y: FloatArray) -> IntArray:
    """Deal the rows of each class to folds in the order of their ids' hashes, wherever they stand in the table."""
    folds = np.empty(len(y), dtype=np.intp)
    folds[np.lexsort((pd.util.hash_pandas_object(track_id, index=False).to_numpy(), y))] = np.arange(len(y)) % _FOLDS
    return folds


def equal_bins(codes: IntArray, counts: IntArray) -> IntArray:
    """Join neighbouring values to bins of about equal size; a value that fills a bin has it to itself."""
    size = max(_BIN_TRACKS, len(codes) / _MOST_BINS)
    starts = (np.diff((np.cumsum(counts) - counts) // size, prepend=0) > 0) | (counts >= size)
    return np.asarray(np.cumsum(starts)[codes], dtype=np.intp)


def auc_of_ranks(codes: IntArray, y: FloatArray) -> float:
    """ROC AUC of codes from 0, ties counting half."""
    liked = np.bincount(codes, weights=y)
    skipped = np.bincount(codes) - liked
    return float(liked @ (np.cumsum(skipped) - skipped / 2)) / float(liked.sum() * skipped.sum())


def auc_of_rates(codes: IntArray, y: FloatArray, folds: IntArray) -> float:
    """ROC AUC of the share of likes among the rows of other folds with the same code.

    In one direction only: other folds lack a row's own like, so what is unrelated falls a little below 0.5.
    """
    shape, cells = (int(codes.max()) + 1, _FOLDS), codes * _FOLDS + folds
    liked, rows = (np.bincount(cells, weights, shape[0] * _FOLDS).reshape(shape) for weights in (y, None))
    liked, rows = (counts.sum(axis=1, keepdims=True) - counts for counts in (liked, rows))
    rates = (liked + _PRIOR_TRACKS * y.mean()) / (rows + _PRIOR_TRACKS)
    return auc_of_ranks(np.unique(rates[codes, folds], return_inverse=True)[1], y)
