"""How many of the unlabelled would be liked: the class prior of positive-unlabelled learning, from scores alone.

Unlabelled tracks are a mixture: a share of them would be liked and scores as the likes do, the rest does not. Above a
high score there are hardly any others, so the share of unlabelled scores there over the share of likes' scores there
is near the prior; anywhere, it is an upper bound (Blanchard, Lee and Scott, JMLR 11, 2010). Few scores are left at the
very top, so the threshold is the one with the least upper confidence bound: the best bin estimate (Garg, Wu, Smola,
Balakrishnan and Lipton, NeurIPS 2021), here with the Dvoretzky-Kiefer-Wolfowitz inequality for both sides.

It cannot be told from likes' near relatives among what is not liked: if nothing scores high but likes, or if some of
the others score as the likes do everywhere, the estimate is too high, never too low but for chance.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

CONFIDENCE: Final = 0.9
_SLACK: Final = 0.01  # the published choice (gamma)


@dataclass(frozen=True)
class ClassPrior:
    """Share of likes among the unlabelled.

    Parameters
    ----------
    value : float
        Estimate, in [0, 1].
    high : float
        Upper bound with 90 % confidence, in [value, 1].
    """

    value: float
    high: float


def class_prior(likes: npt.ArrayLike, unlabelled: npt.ArrayLike) -> ClassPrior:
    """Estimate the share of likes among the unlabelled.

    Parameters
    ----------
    likes : array-like of float, shape (n_likes,)
        Scores of likes by models that did not see them, higher for what is rather liked.
    unlabelled : array-like of float, shape (n_unlabelled,)
        Scores of the unlabelled, also out of fold.

    Returns
    -------
    ClassPrior
        What is drawn like the likes among the unlabelled, from above. Depends on the order of the scores alone.

    Raises
    ------
    ValueError
        If there are no scores on a side, or one is not finite.
    """
    own, others = np.asarray(likes, dtype=np.float64), np.asarray(unlabelled, dtype=np.float64)
    if not len(own) or not len(others):
        raise ValueError("scores are needed of likes and of unlabelled tracks")
    if not (np.isfinite(own).all() and np.isfinite(others).all()):
        raise ValueError("scores must be finite")
    cuts = np.unique(np.concatenate([own, others]))
    liked, mixed = _share_above(own, cuts), _share_above(others, cuts)
    # each side's distribution function is within its margin everywhere, with half of the doubt each
    doubt = np.log(4 / (1 - CONFIDENCE)) / 2
    margin = np.sqrt(doubt / len(own)), np.sqrt(doubt / len(others))
    at = int(np.argmin((mixed + (1 + _SLACK) * sum(margin)) / liked.clip(min=1e-12)))
    sure = liked - margin[0]
    bound = np.divide(mixed + margin[1], sure, out=np.ones_like(sure), where=sure > 0).min()
    value = float(min(mixed[at] / liked[at], 1.0))
    return ClassPrior(value, float(np.clip(bound, value, 1.0)))


def _share_above(scores: FloatArray, cuts: FloatArray) -> FloatArray:
    """Share of the scores at or above each cut."""
    found: FloatArray = 1.0 - np.searchsorted(np.sort(scores), cuts, side="left") / len(scores)
    return found
