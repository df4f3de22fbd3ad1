"""Which candidates pass and in which order they are shown. Pure functions over arrays, all in order of rank."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from earmark.page.ranking.candidates import Candidates
from earmark.page.ranking.questions import LIKELY, Filters
from features.identity import normalise_name

BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]


def passing(candidates: Candidates, filters: Filters) -> BoolArray:
    """The candidates that may be kept.

    Parameters
    ----------
    candidates : Candidates
    filters : Filters

    Returns
    -------
    ndarray of bool, shape (n,)
        What `Scored.keep` takes as ``among``.
    """
    mask = np.ones(len(candidates), dtype=bool)
    if filters.hide_known:
        mask &= ~candidates.known
    if filters.hide_explicit:
        mask &= ~candidates.explicit
    for name, least in filters.minimums:
        mask &= candidates.numbers[name] >= least  # False where it is missing
    return mask if filters.per_artist is None else best_of_each(candidates.artists, mask, filters.per_artist)


def best_of_each(artists: IntArray, mask: BoolArray, most: int) -> BoolArray:
    """The first rows of every artist.

    Parameters
    ----------
    artists : ndarray of int, shape (n,)
        Codes, best track first; negative where the artist is unknown: such tracks are never too many.
    mask : ndarray of bool, shape (n,)
        Rows that count.
    most : int
        At least 1.

    Returns
    -------
    ndarray of bool, shape (n,)
        A part of ``mask``.
    """
    rows = np.flatnonzero(mask & (artists >= 0))
    order = np.argsort(artists[rows], kind="stable")
    first = np.flatnonzero(np.diff(artists[rows][order], prepend=-1))
    place = np.arange(len(rows)) - np.repeat(first, np.diff(first, append=len(rows)))
    kept = mask & (artists < 0)
    kept[rows[order[place < most]]] = True
    return kept


def found(texts: Sequence[str], wanted: str) -> BoolArray:
    """The texts that hold every word of what is searched for.

    Parameters
    ----------
    texts : sequence of str
        Normalised by `features.identity.normalise_name`.
    wanted : str
        As somebody typed it; case, accents and kinds of quotes do not count.
    """
    words = normalise_name(wanted).split()
    return np.fromiter((all(word in text for word in words) for text in texts), dtype=bool, count=len(texts))


def order(candidates: Candidates, sort: str, *, reverse: bool = False) -> IntArray:
    """All positions in the order of a column: names from A to Z, numbers from the largest, missing ones last.

    Parameters
    ----------
    candidates : Candidates
    sort : str
        One of `questions.SORTS`.
    reverse : bool
        The other way round; missing ones stay last, equals in order of rank.

    Returns
    -------
    ndarray of int, shape (n,)
    """
    if sort == LIKELY:
        rows = np.arange(len(candidates))
        return rows[::-1] if reverse else rows
    if sort in candidates.names:
        names = candidates.names[sort]
        ranks = np.unique(np.array([*names, ""], dtype=object), return_inverse=True)[1][:-1].astype(np.float64)
        ranks[ranks == 0] = np.nan  # the empty name
        values = -ranks if not reverse else ranks
    else:
        values = -candidates.numbers[sort] if reverse else candidates.numbers[sort]
    return np.argsort(-values, kind="stable")  # NaN last
