"""Where to cut: the like probability from which a track is kept, and what precision a cut promises.

All functions are pure and work on out-of-fold predictions (labels ``y`` of 0 and 1, like probabilities ``p``), never on
rows the cut is judged on. A track is kept when its like probability is at least the threshold.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

MIN_SUPPORT = 10
"""A cut that keeps fewer out-of-fold tracks than this says nothing about precision."""


@dataclass(frozen=True)
class Cuts:
    """Every distinct cut with its counts, from the strictest to the laxest.

    Parameters
    ----------
    threshold : ndarray of float, shape (k,)
        Descending.
    kept, hits : ndarray of int, shape (k,)
        Tracks kept at the threshold, and how many of those are liked.
    """

    threshold: FloatArray
    kept: IntArray
    hits: IntArray


def cuts(y: IntArray, p: FloatArray) -> Cuts:
    """Count kept and liked tracks at every distinct probability."""
    if len(y) != len(p) or not len(y):
        raise ValueError(f"cuts need as many labels as probabilities and at least one, got {len(y)} and {len(p)}")
    order = np.argsort(-p, kind="stable")
    sorted_p = p[order]
    last_of_tie = np.append(sorted_p[1:] != sorted_p[:-1], True)
    hits = np.cumsum(y[order])[last_of_tie]
    kept = np.flatnonzero(last_of_tie) + 1
    return Cuts(_between(sorted_p, last_of_tie), kept.astype(np.int64), hits.astype(np.int64))


def _between(sorted_p: FloatArray, last_of_tie: npt.NDArray[np.bool_]) -> FloatArray:
    """Cuts halfway to the next lower probability, so that rounding on either side changes nothing."""
    levels = sorted_p[last_of_tie]
    lower = np.append(levels[1:], levels[-1])
    halfway: FloatArray = (levels + lower) / 2
    return halfway


def best_f_beta_threshold(y: IntArray, p: FloatArray, beta: float = 0.5, *, weight: FloatArray | None = None) -> float:
    """The threshold with the highest F-beta; on ties the stricter one.

    F-beta = (1 + beta^2) * hits / (beta^2 * liked + kept) (van Rijsbergen 1979). beta = 0.5 weighs precision over
    recall.

    Parameters
    ----------
    y : ndarray of int, shape (n,)
    p : ndarray of float, shape (n,)
        Calibrated out-of-fold like probabilities.
    beta : float
        Above 0.
    weight : ndarray of float, shape (n,), optional
        How much each row counts; at least 0, and above 0 for a liked one.

    Returns
    -------
    float
        In [0, 1].

    Raises
    ------
    ValueError
        If nothing is liked.
    """
    weight = np.ones(len(y)) if weight is None else weight
    likes = float(weight @ y)
    if not likes:
        raise ValueError("F-beta needs at least one liked track")
    at, order = cuts(y, p), np.argsort(-p, kind="stable")
    hits, kept = (np.cumsum(counted[order])[at.kept - 1] for counted in (weight * y, weight))
    score = (1 + beta**2) * hits / (beta**2 * likes + kept)
    enough = at.kept >= min(MIN_SUPPORT, len(y))
    return float(at.threshold[np.argmax(np.where(enough, score, -1.0))])
