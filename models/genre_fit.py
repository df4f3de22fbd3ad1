"""How much genres count: `models.genre_effects` learned from the labels, and what it would have said of them.

No track's own label has a part in its own prediction: the ensemble's log-odds are out-of-fold, and so is the shift that
is learned upon them, by artist. Where genres say nothing they are left out.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import csr_array
from scipy.special import expit

from features.inputs import NUMERIC, read_numbers
from models.genre_effects import MOST_GENRES, N_PLAIN, BoolArray, FloatArray, GenreEffects, Texts

IntArray = npt.NDArray[np.int64]

MIN_ROWS: Final = 30
"""Tracks with a known genre below which nothing is learned from genres."""
PENALTIES: Final = (30.0, 10.0, 3.0, 1.0)
"""Ridges of a genre's effect that are tried, the strongest first."""

_SOUND_PENALTY: Final = 4.0  # times as much: it is there to correct what the ensemble said, not to say it again
_PLAIN_PENALTY: Final = 1.0
_SURE: Final = 1.645  # standard errors: 5 % of the tables whose genres say nothing are taken in
_FOLDS: Final = 5
_STEPS: Final = 7  # of Newton's method for each penalty, from the one before; each of at most 1


@dataclass(frozen=True)
class GenreFit:
    """Fitted effects and what they say of their own training rows.

    Parameters
    ----------
    effects : GenreEffects
    known : ndarray of bool, shape (n,)
        Rows of a known genre.
    shift : ndarray of float, shape (n,)
        Out-of-fold, by artist.
    gain : float
        Log loss that it saves on rows of a known genre, against the same without genres; 0 where it was not kept.
    """

    effects: GenreEffects
    known: BoolArray
    shift: FloatArray
    gain: float


def fit_genres(
    y: IntArray,
    log_odds: FloatArray,
    inputs: pd.DataFrame,
    texts: Texts,
    artists: IntArray,
    *,
    sample_weight: FloatArray | None = None,
    seed: int = 0,
) -> GenreFit:
    """Learn how much genres count.

    Parameters
    ----------
    y : ndarray of int, shape (n,)
    log_odds : ndarray of float, shape (n,)
        The ensemble's calibrated out-of-fold log-odds.
    inputs : DataFrame, n rows
        What models read.
    texts : ndarray of str objects, shape (n,)
        Genres (`features.genres.genre_texts`).
    artists : ndarray of int, shape (n,)
        Equal for tracks of one artist, which are kept on one side of every fold.
    sample_weight : ndarray of float, shape (n,), optional
        How much each label counts.
    seed : int

    Returns
    -------
    GenreFit
        Without genres where too few tracks have one, or where the gain, measured on artists that nothing was learned
        from, is not surely above 0.
    """
    rows = _Rows(y, log_odds, np.ones(len(y)) if sample_weight is None else sample_weight, artists)
    nothing = GenreFit(GenreEffects.none(), np.zeros(len(y), dtype=bool), np.zeros(len(y)), 0.0)
    effects = _unfitted(inputs, texts, artists)
    known = effects.known(texts)
    there = np.flatnonzero(known)
    if len(there) < MIN_ROWS or len(np.unique(artists[there])) < _FOLDS or len(np.unique(y[there])) < 2:
        return nothing
    design = effects.design(log_odds[there], inputs.iloc[there], texts[there])
    rows = rows.take(there)
    tried = _out_of_fold(design, rows, seed)
    best, losses = _best(tried, rows)
    # A correction that needs no genres is no reason to heed them.
    without = np.vstack([np.zeros((1, len(there))), _out_of_fold(design[:, :N_PLAIN], rows, seed)])
    saved = _best(without, rows)[1] - losses
    gain = float(np.average(saved, weights=rows.weight))
    if gain <= _SURE * _clustered_error(saved - gain, rows):
        return nothing
    shift = np.zeros(len(y))
    shift[there] = tried[best]
    coefficients = _paths(design, rows)[best]
    found = GenreEffects(effects.genres, effects.centre, effects.scale, coefficients)
    return GenreFit(found, known, shift, gain)


@dataclass(frozen=True)
class _Rows:
    """Training rows."""

    y: IntArray
    log_odds: FloatArray
    weight: FloatArray
    artists: IntArray

    def take(self, at: npt.NDArray[Any]) -> "_Rows":
        return _Rows(self.y[at], self.log_odds[at], self.weight[at], self.artists[at])


def _unfitted(inputs: pd.DataFrame, texts: Texts, artists: IntArray) -> GenreEffects:
    """The genres of two artists or more and the features' scales; labels have no part in them."""
    pairs = {(name, artist) for text, artist in zip(texts, artists, strict=True) for name in text.split(";") if name}
    names, counts = np.unique(np.array([name for name, _ in pairs], dtype=object), return_counts=True)
    order = [place for place in np.argsort(-counts, kind="stable") if counts[place] > 1][:MOST_GENRES]
    values = read_numbers(inputs, NUMERIC)
    there = ~np.isnan(values)
    number = np.maximum(there.sum(axis=0), 1)
    centre = np.where(there, values, 0.0).sum(axis=0) / number
    deviation = np.sqrt(np.where(there, (values - centre) ** 2, 0.0).sum(axis=0) / number)
    scale = np.where(deviation > 1e-12 * (1 + np.abs(centre)), deviation, 1.0)
    genres = tuple(sorted(names[order]))
    return GenreEffects(genres, centre, scale, np.zeros(N_PLAIN + len(genres)))


def _best(shifts: FloatArray, rows: _Rows) -> tuple[int, FloatArray]:
    """The place of the shift with the lowest mean loss, and its losses: (n,)."""
    losses = np.array([_losses(rows.y, rows.log_odds + shift) for shift in shifts])
    best = int(np.argmin(np.average(losses, axis=1, weights=rows.weight)))
    return best, losses[best]


def _out_of_fold(design: csr_array[Any], rows: _Rows, seed: int) -> FloatArray:
    """Each row's shift by what other artists teach, for every penalty: (n_penalties, n)."""
    code = np.unique(rows.artists, return_inverse=True)[1]
    fold = np.random.default_rng(seed).permutation(code.max() + 1)[code] % _FOLDS
    shift = np.zeros((len(PENALTIES), len(fold)))
    for number in range(_FOLDS):
        test, train = np.flatnonzero(fold == number), np.flatnonzero(fold != number)
        shift[:, test] = (design[test] @ _paths(design[train], rows.take(train)).T).T
    return shift


def _paths(design: csr_array[Any], rows: _Rows) -> FloatArray:
    """Coefficients for every penalty, each starting from the one before: (n_penalties, n_columns)."""
    weights = np.zeros(design.shape[1])
    found = []
    for penalty in PENALTIES:
        ridge = np.full(design.shape[1], penalty)
        ridge[:N_PLAIN] = _SOUND_PENALTY * penalty
        ridge[: N_PLAIN - len(NUMERIC)] = _PLAIN_PENALTY
        weights = _fit(design, rows, ridge, weights)
        found.append(weights)
    return np.array(found)


def _fit(design: csr_array[Any], rows: _Rows, ridge: FloatArray, start: FloatArray) -> FloatArray:
    """Ridge logistic regression with an offset, by Newton's method."""
    weights = start
    for _ in range(_STEPS):
        p = expit(rows.log_odds + design @ weights)
        gradient = design.T @ (rows.weight * (p - rows.y)) + ridge * weights
        curved = design.multiply((rows.weight * p * (1 - p))[:, None]).tocsr()
        step = np.linalg.solve((design.T @ curved).toarray() + np.diag(ridge), gradient)
        weights = weights - np.clip(step, -1.0, 1.0)
        if np.abs(step).max() < 1e-6:
            break
    return np.asarray(weights)


def _losses(y: IntArray, log_odds: FloatArray) -> FloatArray:
    return np.asarray(np.logaddexp(0.0, np.where(y == 1, -log_odds, log_odds)))


def _clustered_error(deviations: FloatArray, rows: _Rows) -> float:
    """Standard error of a weighted mean whose rows are correlated within artists."""
    code = np.unique(rows.artists, return_inverse=True)[1]
    sums = np.bincount(code, rows.weight * deviations)
    return float(np.sqrt(np.sum(sums**2)) / rows.weight.sum())
