"""What the listener's likes and skips of an artist's other tracks say about one more track of that artist.

The ensemble knows how a track sounds. Where the listener has judged other tracks of the artist, a small logistic model
shifts its log-odds ``s``:

    shift = b0 + b1 * s + b2 * log((likes + a) / (skips + a)) + b3 * residuals / (variance + a)

``likes`` and ``skips`` count the artist's other judged tracks, smoothed by ``a``; ``residuals`` are how much better
those were liked than the ensemble foresaw, in standardised form (the score of a random intercept by artist; compare
Breslow and Clayton 1993, Approximate inference in generalized linear mixed models). An artist that was never judged
gets no shift at all, so one ranker serves familiar and new artists: learning names cannot cost new artists anything.

In fitting, a track and the other versions of the same song never count among "other tracks", and ``s`` is out-of-fold
by artist, so no label has any part in its own prediction.
"""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from features.state import State, require, take_array

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Keys = npt.NDArray[np.uint64]

SMOOTHING = 0.25
"""``a``: likes and skips that every artist is given before counting."""
MIN_ROWS = 30
"""Rows with other tracks of their artist below which nothing is learned from artists."""
_RIDGE = 1.0
_COEFFICIENTS = 4
_STEPS = 50
"""Newton's steps, each of at most 1: so no coefficient can be larger."""


@dataclass(frozen=True)
class ArtistAffinity:
    """Counts by artist and the model that reads them.

    Parameters
    ----------
    artists : ndarray of uint64, shape (n_artists,)
        Artist keys, ascending.
    likes, skips, residuals, variances : ndarray of float, shape (n_artists,)
    coefficients : ndarray of float, shape (4,)
        b0 to b3; all 0 where artists do not help.
    """

    artists: Keys
    likes: FloatArray
    skips: FloatArray
    residuals: FloatArray
    variances: FloatArray
    coefficients: FloatArray

    @classmethod
    def none(cls) -> Self:
        """No artist known, no shift."""
        empty = np.empty(0)
        return cls(np.empty(0, dtype=np.uint64), empty, empty, empty, empty, np.zeros(_COEFFICIENTS))

    def familiar(self, artists: Keys) -> npt.NDArray[np.bool_]:
        """Which tracks are by an artist that was judged before; shape (n_tracks,)."""
        return self._found(artists)[1]

    def shift(self, log_odds: FloatArray, artists: Keys) -> FloatArray:
        """What to add to the ensemble's log-odds.

        Parameters
        ----------
        log_odds : ndarray of float, shape (n_tracks,)
            Calibrated for new artists.
        artists : ndarray of uint64, shape (n_tracks,)
            Artist keys; 0 where unknown.

        Returns
        -------
        ndarray of float, shape (n_tracks,)
            0 for artists never judged.
        """
        place, found = self._found(artists)
        shift = np.zeros(len(log_odds))
        if found.any():
            rows = place[found]
            evidence = (self.likes[rows], self.skips[rows], self.residuals[rows], self.variances[rows])
            shift[found] = _design(log_odds[found], *evidence) @ self.coefficients
        return shift

    def _found(self, artists: Keys) -> tuple[IntArray, npt.NDArray[np.bool_]]:
        if not len(self.artists):
            return np.zeros(len(artists), dtype=np.int64), np.zeros(len(artists), dtype=bool)
        place = np.minimum(np.searchsorted(self.artists, artists), len(self.artists) - 1)
        return place, (self.artists[place] == artists) & (artists != 0)

    def get_state(self) -> State:
        """All arrays."""
        return State(arrays={name: getattr(self, name) for name in ("artists", *_COUNTS, "coefficients")})

    @classmethod
    def from_state(cls, state: State) -> Self:
        """Rebuild; raises ``RankerFormatError`` where keys, counts or coefficients cannot be right."""
        artists = take_array(state, "artists", np.uint64, (None,))
        require((artists[1:] > artists[:-1]).all() and (artists > 0).all(), "the artists' keys are not ascending")
        likes, skips, residuals, variances = (take_array(state, name, np.float64, artists.shape) for name in _COUNTS)
        require(all((count >= 0).all() for count in (likes, skips, variances)), "an artist's count is negative")
        judged = likes + skips
        fits = (
            (judged < _MOST_TRACKS) & (np.abs(residuals) <= judged + _ROUNDING) & (variances <= judged / 4 + _ROUNDING)
        )
        require(fits.all(), "an artist's residuals do not fit its counts")
        coefficients = take_array(state, "coefficients", np.float64, (_COEFFICIENTS,))
        require((np.abs(coefficients) <= _STEPS).all(), "the coefficients of the artists are out of range")
        return cls(artists, likes, skips, residuals, variances, coefficients)


_COUNTS = ("likes", "skips", "residuals", "variances")
_MOST_TRACKS = 1e9
_ROUNDING = 1e-6


@dataclass(frozen=True)
class AffinityFit:
    """A fitted affinity and what it says of its own training rows.

    Parameters
    ----------
    affinity : ArtistAffinity
    familiar : ndarray of bool, shape (n,)
        Rows whose artist has other judged songs.
    shift : ndarray of float, shape (n,)
        Left-one-out: from the artist's other songs alone, by coefficients of other artists.
    gain : float
        Nested log loss that it saves on familiar rows; 0 where it was not kept.
    """

    affinity: ArtistAffinity
    familiar: npt.NDArray[np.bool_]
    shift: FloatArray
    gain: float


def fit_affinity(
    y: IntArray,
    log_odds: FloatArray,
    artists: Keys,
    songs: IntArray,
    *,
    sample_weight: FloatArray | None = None,
    seed: int = 0,
) -> AffinityFit:
    """Learn how much the artist counts.

    Parameters
    ----------
    y : ndarray of int, shape (n,)
    log_odds : ndarray of float, shape (n,)
        The ensemble's calibrated out-of-fold log-odds; out-of-fold by artist where that can be had.
    artists : ndarray of uint64, shape (n,)
        Artist keys; 0 where unknown.
    songs : ndarray of int, shape (n,)
        Equal for versions of one song.
    sample_weight : ndarray of float, shape (n,), optional
        For how many labels each counts, at least 0 (`models.calibration_choice.label_weights`): an artist's likes and
        skips are weighed, and so are the rows that tell how much they matter.
    seed : int

    Returns
    -------
    AffinityFit
        With coefficients of 0 where too few artists have several songs, or where the gain, measured on artists that
        the coefficients were not learned from, is not beyond its standard error.
    """
    weight = np.ones(len(y)) if sample_weight is None else sample_weight
    table = _count(y, log_odds, artists, weight)
    n_others, *others = _others(y, log_odds, artists, songs, weight)
    familiar = (n_others > 0) & (artists != 0)
    shift, gain = np.zeros(len(y)), 0.0
    rows = np.flatnonzero(familiar)
    if len(rows) < MIN_ROWS or len(np.unique(y[rows])) < 2:
        return AffinityFit(table, familiar, shift, gain)
    design = _design(log_odds[rows], *(count[rows] for count in others))
    nested = _nested_shift(design, y[rows], log_odds[rows], weight[rows], artists[rows], seed)
    saved = _losses(y[rows], log_odds[rows]) - _losses(y[rows], log_odds[rows] + nested)
    mean = float(np.average(saved, weights=weight[rows]))
    if mean <= _clustered_error(saved - mean, weight[rows], artists[rows]):
        return AffinityFit(table, familiar, shift, gain)
    shift[rows] = nested
    coefficients = _fit(design, y[rows], log_odds[rows], weight[rows])
    return AffinityFit(replace(table, coefficients=coefficients), familiar, shift, mean)


def _count(y: IntArray, log_odds: FloatArray, artists: Keys, weight: FloatArray) -> ArtistAffinity:
    known = artists != 0
    keys, code = np.unique(artists[known], return_inverse=True)
    p = expit(log_odds[known])

    def total(values: FloatArray) -> FloatArray:
        return np.bincount(code, weight[known] * values, len(keys)).astype(np.float64)

    liked = y[known].astype(np.float64)
    return ArtistAffinity(
        keys, total(liked), total(1 - liked), total(liked - p), total(p * (1 - p)), np.zeros(_COEFFICIENTS)
    )


def _others(
    y: IntArray, log_odds: FloatArray, artists: Keys, songs: IntArray, weight: FloatArray
) -> tuple[FloatArray, ...]:
    """Rows of the artist's other songs, and their weighed likes, skips, residuals and variances, each of shape (n,)."""
    p = expit(log_odds)
    artist = np.unique(artists, return_inverse=True)[1]
    song = np.unique(np.column_stack([artist, songs]), axis=0, return_inverse=True)[1].reshape(-1)
    liked = y.astype(np.float64)
    values = (np.ones(len(y)), *(weight * value for value in (liked, 1.0 - liked, liked - p, p * (1 - p))))
    return tuple(
        np.asarray(np.bincount(artist, value)[artist] - np.bincount(song, value)[song], dtype=np.float64)
        for value in values
    )


def _design(
    log_odds: FloatArray, likes: FloatArray, skips: FloatArray, residuals: FloatArray, variances: FloatArray
) -> FloatArray:
    ratio = np.log((likes + SMOOTHING) / (skips + SMOOTHING))
    return np.column_stack([np.ones(len(log_odds)), log_odds, ratio, residuals / (variances + SMOOTHING)])


def _nested_shift(
    design: FloatArray,
    y: IntArray,
    log_odds: FloatArray,
    weight: FloatArray,
    artists: Keys,
    seed: int,
    n_folds: int = 5,
) -> FloatArray:
    """Each row's shift by coefficients that were learned from other artists."""
    code = np.unique(artists, return_inverse=True)[1]
    fold = np.random.default_rng(seed).permutation(code.max() + 1)[code] % n_folds
    shift = np.zeros(len(y))
    for number in range(n_folds):
        test = fold == number
        shift[test] = design[test] @ _fit(design[~test], y[~test], log_odds[~test], weight[~test])
    return shift


def _fit(design: FloatArray, y: IntArray, offset: FloatArray, weight: FloatArray) -> FloatArray:
    """Ridge logistic regression with an offset, by Newton's method; the ridge keeps separated classes finite."""
    coefficients = np.zeros(design.shape[1])
    ridge = _RIDGE * np.eye(design.shape[1])
    for _ in range(_STEPS):
        p = expit(offset + design @ coefficients)
        gradient = design.T @ (weight * (p - y)) + ridge @ coefficients
        step = np.linalg.solve((design * (weight * (p * (1 - p)))[:, None]).T @ design + ridge, gradient)
        coefficients = coefficients - np.clip(step, -1.0, 1.0)
        if np.abs(step).max() < 1e-9:
            break
    return np.asarray(coefficients)


def _losses(y: IntArray, log_odds: FloatArray) -> FloatArray:
    return np.asarray(np.logaddexp(0.0, np.where(y == 1, -log_odds, log_odds)))


def _clustered_error(deviations: FloatArray, weight: FloatArray, groups: Keys) -> float:
    """Standard error of a weighted mean whose rows are correlated within groups."""
    code = np.unique(groups, return_inverse=True)[1]
    sums = np.bincount(code, weight * deviations)
    return float(np.sqrt(np.sum(sums**2)) / weight.sum())
