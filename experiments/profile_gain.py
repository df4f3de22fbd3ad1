"""Whether it helps to know how artists sound: measured out of fold, before the search.

A listener who goes by the sound of single tracks is foreseen worse by models that also hear how each artist usually
sounds: more inputs, and rows learned without them, too (`features.context`). So one family is fitted both ways on half
of the folds, and profiles are left out where they lose clearly.

Of 19 tables this left profiles out in the four where they lost most, .003 to .010 of ROC AUC on other artists' tracks
(800 to 2,000 labels of invented listeners without an ear for artists). It kept them in all six large parts of a real
listener's table, where they won .004 to .053, and in nine tables where they made little difference (-.005 to +.007).
"""

from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from experiments.evaluation import Task, run_folds
from features.context import CONTEXT_COLUMNS, coverage
from models.registry import spec
from models.space import Value

FloatArray = npt.NDArray[np.float64]

FAMILY: Final = "symmetric_trees"
"""The best single family at its defaults."""
PARAMS: Final[dict[str, Value]] = {"iterations": 150, "learning_rate": 0.068}
"""Half of the default's trees at twice their rate."""
DOUBT: Final = 1.0
"""Standard errors by which profiles must lose to be left out: real listeners mostly hear artists."""
_EDGE: Final = 1e-4


def profiles_lose(task: Task) -> bool:
    """Whether tracks are foreseen clearly worse with their artists' profiles than without.

    Parameters
    ----------
    task : Task
        Its inputs have context columns.

    Returns
    -------
    bool
        By the log loss of out-of-fold predictions; False where no track has a profile.
    """
    if not coverage(task.tracks):
        return False
    some = replace(task, folds=task.folds[: max(2, len(task.folds) // 2)])
    plain = task.tracks.drop(columns=[name for name in CONTEXT_COLUMNS if name in task.tracks])
    lost = _losses(some) - _losses(replace(some, tracks=plain))
    judged = ~np.isnan(lost)
    weight = np.ones(len(lost))[judged] if task.weights is None else task.weights[judged]
    mean = float(np.average(lost[judged], weights=weight))
    error = float(np.sqrt(np.sum((weight * (lost[judged] - mean)) ** 2)) / np.sum(weight))
    return mean > DOUBT * error


def _losses(task: Task) -> FloatArray:
    """Log loss of each row's out-of-fold prediction; NaN where no fold predicts it."""
    p = np.clip(run_folds(spec(FAMILY), PARAMS, task).out_of_fold, _EDGE, 1 - _EDGE)
    return np.asarray(-np.where(task.y == 1, np.log(p), np.log1p(-p)))
