"""What a set of predictions is worth: pure functions of labels, probabilities and, for some, a threshold.

Conventions: ``y_true`` (n,) holds 1 (liked) and 0 (skipped); ``probability`` (n,) is P(like) in [0, 1]; a row is kept
where ``probability >= threshold``. ``threshold`` is a number, or a boolean array (n,) that says which rows were kept,
for predictions that were not all cut at one number. All values are in [0, 1] except log loss, which is in [0, inf).
Every function raises ``ValueError`` for no rows, unequal lengths, labels other than 0 and 1, and probabilities that are
not finite or not in [0, 1]. Where a value is undefined it is nan, and the docstring says when.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from experiments.predictions import Bools, Floats, Threshold, kept_rows, validate, validated

ECE_BINS: Final = 10
_EPSILON: Final = float(np.finfo(np.float64).eps)


@validated
def roc_auc(y_true: Bools, probability: Floats) -> float:
    """Chance that a liked track is ranked above a skipped one, ties counting half.

    ``(sum of mid-ranks of liked - n1 (n1 + 1) / 2) / (n1 n0)``; 0.5 is guessing. Nan where only one class occurs.
    Hanley and McNeil, Radiology 143 (1982).
    """
    n_liked = int(np.count_nonzero(y_true))
    pairs = n_liked * (len(y_true) - n_liked)
    if not pairs:
        return float("nan")
    order = np.argsort(probability)
    ends = _ends_of_ties(probability[order])
    starts = np.concatenate([[0], ends[:-1] + 1])
    liked_in_tie = np.diff(np.cumsum(y_true[order])[ends], prepend=0)
    rank_sum = float(liked_in_tie @ ((starts + ends) / 2.0 + 1.0))
    return (rank_sum - n_liked * (n_liked + 1) / 2.0) / pairs


@validated
def average_precision(y_true: Bools, probability: Floats) -> float:
    """Precision averaged over the recall steps of the ranking: ``sum_k (R_k - R_(k-1)) P_k``, no interpolation.

    Tied rows enter together. The share of likes is guessing. Nan where nothing is liked; 1 where all is.
    Manning, Raghavan and Schütze, Introduction to Information Retrieval (2008), chapter 8.
    """
    n_liked = int(np.count_nonzero(y_true))
    if not n_liked:
        return float("nan")
    order = np.argsort(-probability)
    ends = _ends_of_ties(probability[order])
    liked_so_far = np.cumsum(y_true[order])[ends]
    return float(np.diff(liked_so_far, prepend=0) @ (liked_so_far / (ends + 1.0))) / n_liked


@validated
def precision(y_true: Bools, probability: Floats, threshold: Threshold) -> float:
    """Share of kept tracks that are liked: ``TP / (TP + FP)``; 0 where nothing is kept. van Rijsbergen (1979)."""
    true_positives, n_kept, _ = _counts(y_true, probability, threshold)
    return true_positives / n_kept if n_kept else 0.0


@validated
def recall(y_true: Bools, probability: Floats, threshold: Threshold) -> float:
    """Share of liked tracks that are kept: ``TP / (TP + FN)``; 0 where nothing is liked. van Rijsbergen (1979)."""
    true_positives, _, n_liked = _counts(y_true, probability, threshold)
    return true_positives / n_liked if n_liked else 0.0


@validated
def f_beta(y_true: Bools, probability: Floats, threshold: Threshold, beta: float) -> float:
    """Weighted harmonic mean of precision and recall: ``(1 + b^2) P R / (b^2 P + R)``.

    ``beta`` > 0 is how many times recall weighs as much as precision. 0 where no kept track is liked.
    van Rijsbergen, Information Retrieval (1979), chapter 7.
    """
    return _f_beta(*_counts(y_true, probability, threshold), beta)


@validated
def f1(y_true: Bools, probability: Floats, threshold: Threshold) -> float:
    """``f_beta`` with beta 1: precision and recall weigh the same. 0 where no kept track is liked."""
    return _f_beta(*_counts(y_true, probability, threshold), 1.0)


@validated
def f0_5(y_true: Bools, probability: Floats, threshold: Threshold) -> float:
    """``f_beta`` with beta 0.5: precision weighs twice as much as recall. 0 where no kept track is liked."""
    return _f_beta(*_counts(y_true, probability, threshold), 0.5)


@validated
def combined(y_true: Bools, probability: Floats, threshold: Threshold) -> float:
    """``recall x F0.5``: rewards precision but punishes silence; 0 where no kept track is liked.

    Keeping everything scores well by it (0.56 at half liked): never choose a threshold by it alone.
    """
    counts = _counts(y_true, probability, threshold)
    return counts[0] / counts[2] * _f_beta(*counts, 0.5) if counts[2] else 0.0


@validated
def accuracy(y_true: Bools, probability: Floats, threshold: Threshold) -> float:
    """Share of rows that are rightly kept or rightly left out: ``(TP + TN) / n``; defined for one class, too."""
    return float(np.count_nonzero(kept_rows(probability, threshold) == y_true)) / len(y_true)


@validated
def log_loss(y_true: Bools, probability: Floats) -> float:
    """Mean surprise at the labels, in nats: ``-mean(y ln p + (1 - y) ln(1 - p))``; 0 is best, 0.693 is a coin.

    Probabilities are clipped to [2.2e-16, 1 - 2.2e-16], so a certain error costs 36 and not infinity. Defined for one
    class, too. Good, J. R. Stat. Soc. B 14 (1952).
    """
    of_label = np.where(y_true, probability, 1.0 - probability)
    return float(-np.log(np.clip(of_label, _EPSILON, 1.0 - _EPSILON)).mean())


@validated
def brier(y_true: Bools, probability: Floats) -> float:
    """Mean squared error of the probabilities: ``mean((p - y)^2)``; 0 is best. Defined for one class, too.

    Brier, Monthly Weather Review 78 (1950).
    """
    return float(((probability - y_true) ** 2).mean())


@validated
def ece(y_true: Bools, probability: Floats) -> float:
    """Expected calibration error: ``sum_b n_b / n |mean p in b - share of likes in b|``; 0 is best.

    Ten bins of equal width, [0, 0.1) to [0.9, 1]: the same bins for every model, so that values compare. Perfectly
    calibrated small samples still score above 0. Defined for one class, too.
    Naeini, Cooper and Hauskrecht, AAAI (2015); Guo et al., ICML (2017).
    """
    bins = np.minimum((probability * ECE_BINS).astype(np.intp), ECE_BINS - 1)
    return float(np.abs(np.bincount(bins, probability - y_true, minlength=ECE_BINS)).sum()) / len(y_true)


@validated
def precision_at_k(y_true: Bools, probability: Floats, k: int | None = None) -> float:
    """Share of liked tracks among the k ranked highest.

    ``k`` is at least 1 and counts at most n; by default 10 % of the rows, rounded up, and no fewer than 10: the top of
    a playlist. Rows tied at the cut count by their share of likes, which is what a random order among them would give
    on average (McSherry and Najork, ECIR 2008). Defined for one class, too.

    Raises
    ------
    ValueError
        Also for ``k`` below 1.
    """
    if k is not None and k < 1:
        raise ValueError(f"k must be at least 1, got {k}")
    n = len(y_true)
    k = min(max(10, -(-n // 10)) if k is None else k, n)
    last = np.partition(probability, n - k)[n - k]
    above, tied = probability > last, probability == last
    share_of_tie = (k - np.count_nonzero(above)) / np.count_nonzero(tied)
    return float(np.count_nonzero(y_true & above) + share_of_tie * np.count_nonzero(y_true & tied)) / k


@dataclass(frozen=True)
class Metric:
    """One metric as the rest of earmark sees it.

    Parameters
    ----------
    function : callable
        ``(y_true, probability)`` or, where ``needs_threshold``, ``(y_true, probability, threshold)`` to a float.
    needs_threshold : bool
    greater_is_better : bool
    title : str
        What people read in tables and pictures.
    """

    function: Callable[..., float]
    needs_threshold: bool
    greater_is_better: bool
    title: str

    def score(self, y_true: npt.ArrayLike, probability: npt.ArrayLike, threshold: Threshold = 0.5) -> float:
        """The metric's value; ``threshold`` is not used where none is needed."""
        return self.function(y_true, probability, *([threshold] if self.needs_threshold else []))


METRICS: Final[Mapping[str, Metric]] = {
    "roc_auc": Metric(roc_auc, False, True, "ROC AUC"),
    "average_precision": Metric(average_precision, False, True, "average precision"),
    "precision": Metric(precision, True, True, "precision"),
    "recall": Metric(recall, True, True, "recall"),
    "f1": Metric(f1, True, True, "F1"),
    "f0_5": Metric(f0_5, True, True, "F0.5"),
    "combined": Metric(combined, True, True, "recall x F0.5"),
    "accuracy": Metric(accuracy, True, True, "accuracy"),
    "log_loss": Metric(log_loss, False, False, "log loss"),
    "brier": Metric(brier, False, False, "Brier score"),
    "ece": Metric(ece, False, False, "calibration error"),
    "precision_at_k": Metric(precision_at_k, False, True, "precision in the top 10 %"),
}
"""Every metric by its name, in the order of tables."""


def evaluate(y_true: npt.ArrayLike, probability: npt.ArrayLike, threshold: Threshold) -> dict[str, float]:
    """All metrics at once, validated once.

    Parameters
    ----------
    y_true : array-like of 0 and 1, shape (n,)
    probability : array-like of float in [0, 1], shape (n,)
    threshold : float, or ndarray of bool, shape (n,)

    Returns
    -------
    dict
        The names of ``METRICS``, in that order.

    Raises
    ------
    ValueError
    """
    liked, p = validate(y_true, probability)
    kept = kept_rows(p, threshold)
    return {name: core(liked, p, kept) if needs else core(liked, p) for name, needs, core in _CORES}


def keep_everything(y_true: npt.ArrayLike) -> dict[str, float]:
    """What liking every track scores: the constant probability "share of likes", every row kept.

    Its log loss and Brier score are the best that a constant can have, its calibration error is 0, its ROC AUC 0.5 (nan
    where only one class occurs).
    """
    y = np.asarray(y_true)
    share = float(y.mean()) if y.size else 0.0
    return evaluate(y, np.full(y.shape, share), np.ones(y.shape, dtype=np.bool_))


def _counts(y_true: Bools, probability: Floats, threshold: Threshold) -> tuple[int, int, int]:
    """True positives, kept rows, liked rows."""
    kept = kept_rows(probability, threshold)
    return int(np.count_nonzero(y_true & kept)), int(np.count_nonzero(kept)), int(np.count_nonzero(y_true))


def _f_beta(true_positives: int, n_kept: int, n_liked: int, beta: float) -> float:
    # F-beta in counts: nothing to divide by only where nothing is kept and nothing is liked
    return (1.0 + beta**2) * true_positives / (beta**2 * n_liked + n_kept) if true_positives else 0.0


def _ends_of_ties(ordered: Floats) -> npt.NDArray[np.intp]:
    """The last index of every run of equal values."""
    return np.concatenate([np.flatnonzero(ordered[1:] != ordered[:-1]), [len(ordered) - 1]])


_CORES: Final = tuple(
    (name, metric.needs_threshold, inspect.unwrap(metric.function)) for name, metric in METRICS.items()
)
