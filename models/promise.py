"""The promise: at least so many of the kept tracks will be liked, with a stated confidence.

``min_precision=0.8`` at 90 % confidence means: among the candidates at hand, at least 80 % of those kept will be liked,
in at least 9 of 10 such cases. The luck of these very candidates is in it, not only the precision on average. A cut is
promised where two witnesses agree:

- its own out-of-fold rows: the hits among candidates are beta-binomial, under Jeffreys' prior Beta(hits + 1/2,
  misses + 1/2) (without candidates: Clopper & Pearson's exact lower bound);
- the posterior of the calibration curve through all out-of-fold rows (`models.precision_curve`).

The cuts are tested one after another, from a start towards laxer ones up to the first that fails: fixed-sequence
testing (Angelopoulos et al. 2021, "Learn then Test"), in which no cut pays for the number of cuts. The start is where
the curve, not the cut's own count, says that a cut should pass most easily.

Each precision has a start of its own, so a higher one may pass where a lower one fails, or keep more. Whoever asks for
the lower is then given the higher one's cut, if that is one of ``STRICTER``: all precisions would take a second.
All functions are pure.
"""

import math
from dataclasses import dataclass, replace
from functools import lru_cache, partial

import numpy as np
from scipy.special import betainc, betaincinv, expit, logit

from models.cut_tests import (
    LEVELS,
    Groups,
    Support,
    as_rows,
    counted_confidence,
    curve_confidence,
    cut_sequence,
)
from models.precision_curve import FloatArray, IntArray
from models.threshold import MIN_SUPPORT

STRICTER = tuple(percent / 100 for percent in range(5, 101, 5))
"""Precisions whose cuts serve whoever asks for less."""
_REMEMBERED = 256
CAUTION = 0.5
"""Standard deviations of bad luck that the start of the sequence allows for."""


@dataclass(frozen=True)
class Cut:
    """A cut and what is promised of it.

    Parameters
    ----------
    threshold : float
        Like probability from which a track is kept, in [0, 1].
    min_precision : float
        What is promised.
    precision : float
        What is to be expected: the mean of the calibration curve over the kept tracks.
    kept : int
        Candidates at or above the threshold (without candidates: out-of-fold rows).
    confidence : float
        With which the promise holds: the lower one of the two witnesses'.
    """

    threshold: float
    min_precision: float
    precision: float
    kept: int
    confidence: float


class Promises:
    """What can be promised of some candidates: asked for one precision after another, no cut is looked for twice.

    Parameters
    ----------
    support : Support
        Out-of-fold rows.
    candidates : ndarray of float, shape (n_candidates,), optional
        Like probabilities of the tracks that promises are about. Without them they are about the precision of a cut on
        average over tracks like the out-of-fold rows.
    candidate_groups : ndarray, shape (n_candidates,), optional
        Their artists.
    confidence : float
        In (0, 1).
    """

    def __init__(
        self,
        support: Support,
        candidates: FloatArray | None = None,
        candidate_groups: Groups | None = None,
        confidence: float = 0.9,
    ) -> None:
        self._n = len(support.p) if candidates is None else len(candidates)
        self._own = lru_cache(_REMEMBERED)(
            partial(_find, support, candidates=candidates, candidate_groups=candidate_groups, confidence=confidence)
        )

    def cut(self, min_precision: float) -> Cut | None:
        """The laxest cut of which a precision, or one of ``STRICTER``, can be promised; see `promised_cut`."""
        laxest = self._own(min_precision)
        for stricter in STRICTER:
            if stricter > min_precision:
                laxest = _laxer(laxest, self._own(stricter))
        return None if laxest is None else replace(laxest, min_precision=min_precision)

    def best(self, *, below: float = 1.0, min_kept: int = 10) -> Cut | None:
        """The highest precision that can be promised of at least some tracks; see `best_promise`."""
        least, highest = min(min_kept, self._n), math.ceil(round(below * 100, 6)) - 1
        found = (self.cut(percent / 100) for percent in range(highest, 0, -1))
        return next((cut for cut in found if cut is not None and cut.kept >= least), None)


def promised_cut(
    y: IntArray,
    p: FloatArray,
    min_precision: float,
    *,
    candidates: FloatArray | None = None,
    groups: Groups | None = None,
    candidate_groups: Groups | None = None,
    weights: FloatArray | None = None,
    rate_shift: float = 0.0,
    rate_sd: float = 0.0,
    confidence: float = 0.9,
) -> Cut | None:
    """The laxest cut of which a precision, or one of ``STRICTER``, can be promised.

    Parameters
    ----------
    y, p, groups, weights, rate_shift, rate_sd
        Out-of-fold rows; see `Support`.
    min_precision : float
        In (0, 1].
    candidates, candidate_groups, confidence
        See `Promises`.

    Returns
    -------
    Cut or None
        None where the precision cannot be promised of any number of tracks; `best_promise` says what can.

    Raises
    ------
    ValueError
        If something is out of range.
    """
    support = Support(y, p, groups=groups, weights=weights, rate_shift=rate_shift, rate_sd=rate_sd)
    return Promises(support, candidates, candidate_groups, confidence).cut(min_precision)


def best_promise(
    y: IntArray,
    p: FloatArray,
    *,
    below: float = 1.0,
    min_kept: int = 10,
    candidates: FloatArray | None = None,
    groups: Groups | None = None,
    candidate_groups: Groups | None = None,
    weights: FloatArray | None = None,
    rate_shift: float = 0.0,
    rate_sd: float = 0.0,
    confidence: float = 0.9,
) -> Cut | None:
    """The highest precision that can be promised of at least some tracks: what to offer where more was asked for.

    Asked for the precision found, `promised_cut` gives this very cut.

    Parameters
    ----------
    below : float
        Precisions below this are tried, in steps of 0.01 from the top.
    min_kept : int
        The cut keeps at least so many, or all candidates where there are fewer.
    y, p, candidates, groups, candidate_groups, weights, rate_shift, rate_sd, confidence
        See `promised_cut`.

    Returns
    -------
    Cut or None
        None where nothing worth saying can be promised.
    """
    support = Support(y, p, groups=groups, weights=weights, rate_shift=rate_shift, rate_sd=rate_sd)
    return Promises(support, candidates, candidate_groups, confidence).best(below=below, min_kept=min_kept)


def kept_precision(
    y: IntArray,
    p: FloatArray,
    kept: FloatArray,
    *,
    groups: Groups | None = None,
    weights: FloatArray | None = None,
    rate_shift: float = 0.0,
    rate_sd: float = 0.0,
    level: float = 0.9,
) -> tuple[float, float, float]:
    """What share of the kept tracks will be liked, with an interval.

    Both come from the calibration curve: its posterior mean over the kept tracks, and quantiles of the share among
    them, in which the luck of the draw is counted.

    Parameters
    ----------
    y, p, groups, weights, rate_shift, rate_sd
        Out-of-fold rows; see `Support`.
    kept : ndarray of float, shape (n_kept,)
        Like probabilities of the kept tracks.
    level : float
        Mass of the interval, in (0, 1).

    Returns
    -------
    (value, low, high) : tuple of float
        In [0, 1]; all NaN when nothing is kept.
    """
    if not len(kept):
        return math.nan, math.nan, math.nan
    curve = Support(y, p, groups=groups, weights=weights).curve
    share, sd = curve.precision(-np.sort(-kept), np.array([len(kept)]), rate_shift=rate_shift)
    hits, misses = as_rows(share, np.hypot(sd, rate_sd))
    precision = betaincinv(hits, misses, LEVELS)
    tail = (1 - level) / 2
    low, high = (_share_quantile(precision, len(kept), mass) for mass in (tail, 1 - tail))
    value = float(share[0])
    return value, min(low, value), max(high, value)


def _share_quantile(precision: FloatArray, n: int, mass: float) -> float:
    """Quantile of the share of hits among n tracks whose precision is any of these."""
    low, high = 0, n
    while low < high:
        hits = (low + high) // 2
        if 1 - np.mean(betainc(hits + 1, n - hits, precision)) >= mass:
            high = hits
        else:
            low = hits + 1
    return low / n


def _laxer(one: Cut | None, other: Cut | None) -> Cut | None:
    """The one that keeps more, the first of equals."""
    if one is None or other is None:
        return one or other
    return other if other.threshold < one.threshold else one


def _find(
    support: Support,
    min_precision: float,
    *,
    candidates: FloatArray | None,
    candidate_groups: Groups | None,
    confidence: float,
) -> Cut | None:
    """The laxest cut in this precision's own sequence, on support made ready before."""
    if not 0 < min_precision <= 1:
        raise ValueError(f"a precision lies above 0 and at most at 1, got {min_precision}")
    if not 0 < confidence < 1:
        raise ValueError(f"a confidence lies between 0 and 1, got {confidence}")
    if candidates is not None and not np.all((candidates >= 0) & (candidates <= 1)):
        raise ValueError("like probabilities of candidates lie in [0, 1]")
    if candidates is not None and not len(candidates):
        return None
    at = cut_sequence(support, min_precision, candidates, candidate_groups)
    rows = at.hits + at.misses
    supported = rows >= MIN_SUPPORT
    if not supported.any():
        return None
    # The sequence starts where the curve expects a cut to pass most easily, with a little bad luck (laxest of equals).
    share = expit(logit(at.share) - at.shift)
    feared = np.clip(rows * share - CAUTION * np.sqrt(rows * share * (1 - share)), 0.0, rows)
    ease = np.where(supported, counted_confidence(at, min_precision, feared, rows - feared).round(3), -1.0)
    start = len(ease) - 1 - int(np.argmax(ease[::-1]))
    curve = curve_confidence(at, min_precision)
    # A promise that is barely in reach where it is easiest is more likely luck: half the doubt is allowed there.
    if curve[start] < 1 - (1 - confidence) / 2:
        return None
    counted = counted_confidence(at, min_precision, at.hits, at.misses)
    failed = np.flatnonzero(~(supported & (counted >= confidence) & (curve >= confidence))[start:])
    last = (start + int(failed[0]) if len(failed) else len(ease)) - 1
    if last < start:
        return None
    sure = float(min(counted[last], curve[last]))
    return Cut(float(at.threshold[last]), min_precision, float(at.share[last]), int(at.kept[last]), sure)
