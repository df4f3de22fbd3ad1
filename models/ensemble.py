"""Which models to average, and with what weights: greedy selection over out-of-fold predictions.

Members are added one at a time, with replacement, each time the one that lowers the log loss of the average most
(Caruana, Niculescu-Mizil, Crew and Ksikes 2004, Ensemble selection from libraries of models). Out-of-fold predictions
are few and candidates were tuned on them, so the selection is guarded: it is repeated on many halves of the artists
and the weights are averaged (bagged selection, same paper), and what it gains over simpler ensembles is measured on
the other halves. The simplest ensemble that is not worse than the best by more than its noise wins.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

ROUNDS = 20
"""Members added in one selection, counting repeats: weights are multiples of 1 / ROUNDS before they are averaged."""
BAGS = 24
SMALLEST_WEIGHT = 0.03
"""Members with less are dropped: they cost time in every ranking and change nothing."""
_WANTED = 0.02
_GOOD = 0.06
_DOUBT = 2.5
_BAD = 0.25
_EDGE = 1e-4


@dataclass(frozen=True)
class Selection:
    """Chosen weights.

    Parameters
    ----------
    weights : ndarray of float, shape (n_candidates,)
        Not negative, sum to 1.
    kind : str
        "broad" (all that may be good alike), "greedy", "equal" (all that greedy selection wants, alike), "shrunken"
        (halfway between these two) or "single".
    gain : float
        Log loss, on rows that had no say in the weights, by which the best single candidate is worse; 0 for "single".
    """

    weights: FloatArray
    kind: str
    gain: float


def select(
    y: IntArray,
    predictions: FloatArray,
    groups: npt.NDArray[np.generic] | None = None,
    *,
    sample_weight: FloatArray | None = None,
    doubted: npt.NDArray[np.bool_] | None = None,
    seed: int = 0,
) -> Selection:
    """Choose weights for averaging candidates' probabilities.

    Parameters
    ----------
    y : ndarray of int, shape (n,)
        0 or 1; both must occur.
    predictions : ndarray of float, shape (n_candidates, n)
        Out-of-fold probabilities, each candidate calibrated for itself (else a sharp candidate beats a good one).
    groups : ndarray, shape (n,), optional
        Artists: never on both sides of a half.
    sample_weight : ndarray of float, shape (n,), optional
        How much each label counts in every log loss; above 0, and only their ratios matter.
    doubted : ndarray of bool, shape (n_candidates,), optional
        Candidates that must be good on these very rows to join the broad average: those of families that rank worse
        than others on few rows. Any other joins unless it is clearly worse than the best.
    seed : int

    Returns
    -------
    Selection
    """
    n_candidates = len(predictions)
    if n_candidates == 1:
        return Selection(np.ones(1), "single", 0.0)
    kinds = ("single", "broad", "equal", "shrunken", "greedy")
    weight = np.ones(len(y)) if sample_weight is None else sample_weight
    doubted = np.zeros(n_candidates, dtype=bool) if doubted is None else doubted
    codes = np.unique(groups, return_inverse=True)[1] if groups is not None else np.arange(len(y))
    rng = np.random.default_rng([seed, len(y)])
    collected: list[FloatArray] = []
    losses: list[list[float]] = []
    for _ in range(BAGS):
        inside = (rng.permutation(codes.max() + 1) % 2 == 0)[codes]
        if len(np.unique(y[inside])) < 2 or len(np.unique(y[~inside])) < 2:
            continue
        greedy = _greedy(y[inside], predictions[:, inside], weight[inside])
        options = _options(greedy, _losses(y[inside], predictions[:, inside]), weight[inside], doubted)
        collected.append(greedy)
        held_out = np.array([options[kind] @ predictions[:, ~inside] for kind in kinds])
        losses.append(_mean_losses(y[~inside], held_out, weight[~inside]).tolist())
    if not collected:
        return Selection(np.full(n_candidates, 1 / n_candidates), "equal", 0.0)
    table = np.array(losses)
    kind = kinds[_simplest_good_enough(table)]
    weights = _options(np.mean(collected, axis=0), _losses(y, predictions), weight, doubted)[kind]
    return Selection(_without_small(weights), kind, float(np.mean(table[:, 0] - table[:, kinds.index(kind)])))


def _greedy(y: IntArray, predictions: FloatArray, weight: FloatArray) -> FloatArray:
    """Weights after ROUNDS additions; the best prefix of them, so that a needless addition is taken back."""
    counts = np.zeros(len(predictions))
    total = np.zeros(len(y))
    best_loss, best = np.inf, counts
    for size in range(1, ROUNDS + 1):
        losses = _mean_losses(y, (total + predictions) / size, weight)
        chosen = int(np.argmin(losses))
        counts[chosen] += 1
        total = total + predictions[chosen]
        if losses[chosen] < best_loss:
            best_loss, best = losses[chosen], counts / size
    return best


def _options(
    greedy: FloatArray, losses: FloatArray, weight: FloatArray, doubted: npt.NDArray[np.bool_]
) -> dict[str, FloatArray]:
    single = np.zeros(len(losses))
    single[np.argmin(np.average(losses, axis=1, weights=weight))] = 1.0
    broad = np.where(_may_be_good(losses, weight, doubted), 1.0, 0.0)
    broad /= broad.sum()
    # all alike, but for those that no selection wanted
    equal = np.where(greedy >= _WANTED, 1.0, 0.0)
    equal /= equal.sum()
    return {"single": single, "broad": broad, "equal": equal, "shrunken": (greedy + equal) / 2, "greedy": greedy}


def _simplest_good_enough(losses: FloatArray) -> int:
    """Column with the lowest mean loss; the broad average is preferred to all others unless it is clearly worse.

    Halves overlap, so a plain standard error over them would be too small; the spread over the halves is used as the
    noise of one decision. On few rows everything but the broad average is mostly luck: half the spread lost .0004 of
    ROC AUC over 79 tables of 100 to 1,600 labels, .0009 on those of 300 to 700.
    """
    means = losses.mean(axis=0)
    best = int(np.argmin(means))
    noise = float(np.std(losses[:, 1] - losses[:, best]))
    return best if means[best] + noise < means[1] else 1


def _without_small(weights: FloatArray) -> FloatArray:
    kept: FloatArray = np.where(weights >= min(SMALLEST_WEIGHT, weights.max()), weights, 0.0)
    return np.asarray(kept / kept.sum())


def _may_be_good(losses: FloatArray, weight: FloatArray, doubted: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Candidates that are not clearly worse than the best one: (n_candidates,).

    That is by more than a share of its loss, and by more than some standard errors of the paired difference: among 200
    labels that is mostly luck, and leaving out what only looks worse there cost .0026 of ROC AUC (.0018 of log loss) in
    the mean over 19 and 25 tables of 200 to 500 labels. From some 1,000 labels on, more where few are liked, the share
    alone decides. What is worse by a quarter is bad, however few the labels are.
    """
    means = np.average(losses, axis=1, weights=weight)
    best = int(np.argmin(means))
    worse = means - means[best]
    apart = (losses - losses[best] - worse[:, None]) * weight
    error = np.sqrt(np.sum(apart**2, axis=1)) / weight.sum()
    luck = np.where(doubted, 0.0, _DOUBT) * error
    return np.asarray(worse <= np.clip(luck, _GOOD * means[best], _BAD * means[best]))


def _mean_losses(y: IntArray, probability: FloatArray, weight: FloatArray) -> FloatArray:
    """Weighted log loss of each candidate, (n_candidates,)."""
    return np.asarray(np.average(_losses(y, probability), axis=1, weights=weight))


def _losses(y: IntArray, probability: FloatArray) -> FloatArray:
    """Log loss of each candidate on each row, (n_candidates, n)."""
    clipped = np.clip(probability, _EDGE, 1 - _EDGE)
    return np.asarray(-np.where(y == 1, np.log(clipped), np.log1p(-clipped)))
