"""Splits that an estimator makes inside its own training rows, for early stopping."""

import numpy as np
import numpy.typing as npt


def deal_folds(
    y: npt.NDArray[np.int64], groups: npt.NDArray[np.generic] | None, n_folds: int, seed: int
) -> npt.NDArray[np.int64]:
    """Deal rows out to folds of nearly equal size and class balance, a group never to two folds.

    Largest groups first, each to the fold that then stands the most even, in shuffled order among equals; a row without
    groups is a group of its own. With fewer groups than two, groups are ignored: nothing could be held out otherwise.

    Parameters
    ----------
    y : ndarray of int, shape (n_rows,)
        Class codes 0 and 1.
    groups : ndarray, shape (n_rows,), or None
        Artists.
    n_folds : int, >= 2
    seed : int

    Returns
    -------
    ndarray of int, shape (n_rows,)
        A fold in [0, n_folds) for each row; folds may stay empty where there are fewer groups.
    """
    code = np.arange(len(y)) if groups is None else np.unique(groups, return_inverse=True)[1]
    if code.max() == 0:
        code = np.arange(len(y))
    counts = np.zeros((code.max() + 1, 2))
    np.add.at(counts, (code, y), 1)
    shuffled = np.random.default_rng(seed).permutation(len(counts))
    order = shuffled[np.argsort(-counts[shuffled].sum(axis=1), kind="stable")]
    loads = np.zeros((n_folds, 2))
    share = np.maximum(counts.sum(axis=0), 1)
    fold_of = np.zeros(len(counts), dtype=np.int64)
    for group in order:
        # the growth of the squared loads, each class in shares of its total: even folds first, then even classes
        growth = ((2 * loads + counts[group]) * counts[group] / share**2).sum(axis=1)
        fold_of[group] = np.lexsort((loads.sum(axis=1), growth))[0]
        loads[fold_of[group]] += counts[group]
    return fold_of[code]
