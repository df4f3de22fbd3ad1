"""What is known of every cut that may be promised: counted rows, the calibration curve, and how sure either is.

`Support` holds out-of-fold rows, `cut_sequence` picks cuts to test, and two witnesses, `counted_confidence` and
`curve_confidence`, say how surely a cut keeps a promised precision. `models.promise` decides.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import betainc, betaincinv, expit, logit

from models.precision_curve import FloatArray, IntArray, design_effect, fit_curve
from models.threshold import cuts

Groups = npt.NDArray[np.generic]

LEVELS = (np.arange(48) + 0.5) / 48
"""Quantiles that stand for a posterior."""
SPACING = 1.15
"""Each cut of a sequence allows for so many times the misses (without candidates: keeps so many times the rows)."""


class Support:
    """Out-of-fold predictions made ready to promise on: sorted, counted, and with their curve.

    Parameters
    ----------
    y : ndarray of int, shape (n,)
        0 or 1; both must occur.
    p : ndarray of float, shape (n,)
        Calibrated out-of-fold like probabilities, on the scale of the candidates' (both moved to another base rate by
        `models.base_rate.adjust`, or neither).
    groups : ndarray, shape (n,), optional
        Artists: labels of one artist are alike, and count for fewer rows.
    weights : ndarray of float, shape (n,), optional
        At least 0; `models.base_rate.class_weights` where the candidates' base rate is another.
    rate_shift, rate_sd : float
        What is doubtful about the candidates' base rate (`BaseRate.doubt`): its log-odds may lie this far from where
        ``p`` has them, give or take a standard deviation.

    Raises
    ------
    ValueError
        If a class is missing, lengths differ, or a value is out of range.
    """

    def __init__(
        self,
        y: IntArray,
        p: FloatArray,
        *,
        groups: Groups | None = None,
        weights: FloatArray | None = None,
        rate_shift: float = 0.0,
        rate_sd: float = 0.0,
    ) -> None:
        weight = np.ones(len(y)) if weights is None else np.asarray(weights, dtype=np.float64)
        _check_rows(y, p, weight, groups)
        # A row of the typical weight of its class counts as one row, and what liked rows weigh over skipped ones is a
        # shift of log-odds. Kish's (sum w)^2 / sum w^2 over both classes would trust a cut without misses too much.
        skipped, liked = (float(np.sum(weight[y == label] ** 2) / np.sum(weight[y == label])) for label in (0, 1))
        order = np.argsort(-p, kind="stable")
        rows = (weight / np.where(y == 1, liked, skipped))[order]
        self.p, self.shift = p[order], float(np.log(liked / skipped))
        self.rate_shift, self.rate_sd = rate_shift, rate_sd
        self.hits = np.concatenate([[0.0], np.cumsum(rows * y[order])])
        self.misses = np.concatenate([[0.0], np.cumsum(rows * (1 - y[order]))])
        codes = _codes(groups, order)
        self.curve = fit_curve(y[order], self.p, rows, self.shift, codes)
        self.effect = np.concatenate([[1.0], _effect(codes, rows, self.curve.correlation)])


@dataclass(frozen=True)
class CutSequence:
    """Cuts from strict to lax, and what is known of each.

    Parameters
    ----------
    threshold : ndarray of float, shape (n_cuts,)
        Descending.
    kept : ndarray of int, shape (n_cuts,)
        Candidates at or above it; out-of-fold rows where there are none.
    hits, misses : ndarrays of float, shape (n_cuts,)
        Liked and skipped out-of-fold rows at or above it, deflated by the design effect.
    share, sd : ndarrays of float, shape (n_cuts,)
        Precision by the curve, and the standard deviation of its log-odds.
    effect : ndarray of float, shape (n_cuts,)
        Design effect among the kept candidates.
    shift : float
        What the weights of the classes and doubts about the base rate add to the log-odds of counted rows.
    predictive : bool
        Whether the promise is about these candidates, and not about precision on average.
    """

    threshold: FloatArray
    kept: IntArray
    hits: FloatArray
    misses: FloatArray
    share: FloatArray
    sd: FloatArray
    effect: FloatArray
    shift: float
    predictive: bool


def as_rows(share: FloatArray, sd: FloatArray) -> tuple[FloatArray, FloatArray]:
    """A share as liked and skipped rows: the beta distribution of this mean and (delta method) variance.

    A normal distribution of its log-odds would know nothing where all rows are liked: their variance has no end there.
    """
    rows = np.maximum(1.0 / np.maximum(sd**2 * share * (1 - share), 1e-12) - 1.0, 1.0)
    return rows * share, rows * (1 - share)


def cut_sequence(
    support: Support, min_precision: float, candidates: FloatArray | None, candidate_groups: Groups | None
) -> CutSequence:
    """The cuts to test; every one falls between two scores, ties are never cut apart."""
    ranked = support.p if candidates is None else candidates
    order = np.argsort(-ranked, kind="stable")
    every = cuts(np.zeros(len(ranked), dtype=np.int64), ranked)
    wanted = _kept_counts(len(ranked), min_precision) if candidates is not None else _row_counts(len(ranked))
    chosen = np.unique(np.searchsorted(every.kept, wanted))
    threshold, kept = every.threshold[chosen], every.kept[chosen]
    above = np.searchsorted(-support.p, -threshold, side="right")
    share, sd = support.curve.precision(ranked[order], kept, rate_shift=support.rate_shift)
    effect = _effect(_codes(candidate_groups, order), np.ones(len(ranked)), support.curve.correlation)[kept - 1]
    deflation = support.effect[above]
    return CutSequence(
        threshold,
        kept,
        support.hits[above] / deflation,
        support.misses[above] / deflation,
        share,
        np.hypot(sd, support.rate_sd),
        effect,
        support.shift + support.rate_shift,
        candidates is not None,
    )


def _kept_counts(n: int, min_precision: float) -> IntArray:
    """The smallest numbers of kept tracks that allow for 0, 1, 2, ... misses: there a promise is easiest to keep."""
    if min_precision == 1:
        return _row_counts(n)
    found, misses = [1], 1
    while (kept := math.ceil(misses / (1 - min_precision) - 1e-9)) <= n:
        found.append(kept)
        misses = max(misses + 1, int(misses * SPACING))
    return np.array(found, dtype=np.int64)


def _row_counts(n: int) -> IntArray:
    steps = int(np.log(n) / np.log(SPACING)) + 1
    return np.unique(np.minimum(np.ceil(SPACING ** np.arange(steps + 1)), n)).astype(np.int64)


def counted_confidence(at: CutSequence, min_precision: float, hits: FloatArray, misses: FloatArray) -> FloatArray:
    """The first witness: how surely counted rows above each cut say that the promise holds, shape (n_cuts,)."""
    if not at.predictive:
        # The bound on counted rows that weighting the classes turns into the promised precision.
        bound = expit(logit(min_precision) - at.shift)
        return np.where(hits > 0, 1.0 - betainc(np.maximum(hits, 1e-9), misses + 1.0, bound), 0.0)
    counted = betaincinv(hits[:, None] + 0.5, misses[:, None] + 0.5, LEVELS)
    return _kept_promise(expit(logit(counted) + at.shift), at, min_precision)


def curve_confidence(at: CutSequence, min_precision: float) -> FloatArray:
    """The second witness: how surely the curve says that the promise holds, shape (n_cuts,)."""
    hits, misses = as_rows(at.share, at.sd)
    if not at.predictive:
        return np.asarray(1.0 - betainc(hits, misses, min_precision), dtype=np.float64)
    return _kept_promise(betaincinv(hits[:, None], misses[:, None], LEVELS), at, min_precision)


def _kept_promise(precision: FloatArray, at: CutSequence, min_precision: float) -> FloatArray:
    """Chance of enough hits among the kept candidates, (n_cuts,), from quantiles of the precision, (n_cuts, n)."""
    enough = np.ceil(min_precision * at.kept - 1e-9) / at.effect
    spare = at.kept / at.effect - enough
    return np.asarray(np.mean(betainc(enough[:, None], spare[:, None] + 1.0, precision), axis=1), dtype=np.float64)


def _codes(groups: Groups | None, order: IntArray) -> IntArray | None:
    return None if groups is None else np.unique(groups, return_inverse=True)[1][order]


def _effect(codes: IntArray | None, weight: FloatArray, correlation: float) -> FloatArray:
    return np.ones(len(weight)) if codes is None else design_effect(codes, weight, correlation)


def _check_rows(y: IntArray, p: FloatArray, weight: FloatArray, groups: Groups | None) -> None:
    lengths = {len(y), len(p), len(weight), len(y if groups is None else groups)}
    if len(lengths) > 1:
        raise ValueError(f"labels, probabilities, weights and groups differ in length: {sorted(lengths)}")
    if not np.all((p >= 0) & (p <= 1)):
        raise ValueError("like probabilities lie in [0, 1]")
    if not np.all(np.isfinite(weight) & (weight >= 0)):
        raise ValueError("weights are finite and at least 0")
    if not weight[y == 1].any() or not weight[y == 0].any():
        raise ValueError("a promise needs both liked and skipped tracks")
