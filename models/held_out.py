"""How well a network in training does on the rows its members are held out from: what early stopping looks at."""

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


def judge(
    logits: npt.NDArray[np.float32],
    y: npt.NDArray[np.float32],
    held_out: npt.NDArray[np.bool_],
    weight: FloatArray | None = None,
) -> dict[str, float]:
    """Loss, AUC and accuracy of held-out predictions, pooled over members.

    Parameters
    ----------
    logits : ndarray of float32, shape (n_rows, n_members)
    y : ndarray of float32, shape (n_rows,)
    held_out : ndarray of bool, shape (n_rows, n_members)
    weight : ndarray of float, shape (n_rows,), optional
        Of each row's loss; AUC and accuracy do not weigh.
    """
    row, member = np.nonzero(held_out)
    z, liked = logits[row, member].astype(np.float64), y[row] > 0.5
    losses = np.logaddexp(0.0, np.where(liked, -z, z))
    return {
        "validation_loss": float(np.average(losses, weights=None if weight is None else weight[row])),
        "validation_auc": area_under_curve(z, liked),
        "validation_accuracy": float(np.mean((z > 0) == liked)),
    }


def area_under_curve(score: FloatArray, liked: npt.NDArray[np.bool_]) -> float:
    """ROC AUC with ties counted half (Mann-Whitney); 0.5 where one class is missing."""
    n_liked = int(liked.sum())
    n_skipped = len(liked) - n_liked
    if n_liked == 0 or n_skipped == 0:
        return 0.5
    _, code, count = np.unique(score, return_inverse=True, return_counts=True)
    middle_rank = np.cumsum(count) - (count - 1) / 2
    return float((middle_rank[code][liked].sum() - n_liked * (n_liked + 1) / 2) / (n_liked * n_skipped))
