"""What an evaluation of likes alone tells, and what it leaves out and why.

Without dislikes the held-out likes are told from held-out background. How well they are put before it does not depend
on how much background was drawn; precision, calibration and all else that counts likes among tracks does.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import numpy as np

from experiments.judging import Difference, Judgement
from experiments.metrics import METRICS

TOLD: Final = ("roc_auc", "average_precision")
"""What remains; of average precision, chance alone reaches the share of likes among the rows."""

_NO_RATE: Final = "depends on what share of tracks would be liked, which likes alone do not tell"
_NO_CURVE: Final = "would tell what more labels of both kinds bring, and dislikes are missing or too few"

LEFT_OUT: Final[Mapping[str, str]] = {
    **{name: _NO_RATE for name in METRICS if name not in TOLD},
    "promise": _NO_RATE,
    "predicted_like": _NO_RATE,
    "learning_curve": _NO_CURVE,
}
"""By the names of the answer's keys, of metrics and of a column of the predictions: why there is none."""

_NONE: Final = (float("nan"), float("nan"))


def told(metrics: Mapping[str, float]) -> dict[str, float]:
    """The same names, nan for what is left out."""
    return {name: value if name in TOLD else float("nan") for name, value in metrics.items()}


def told_of(found: Judgement) -> Judgement:
    """A judgement without what is left out: nan, and an interval of nan."""
    interval, of_mean = (
        {name: pair if name in TOLD else _NONE for name, pair in pairs.items()}
        for pairs in (found.interval, found.mean_interval)
    )
    return replace(found, metrics=told(found.metrics), interval=interval, mean=told(found.mean), mean_interval=of_mean)


def told_of_gaps(gaps: Mapping[str, Difference]) -> dict[str, Difference]:
    """Differences without what is left out."""
    nothing = Difference(*np.full(5, np.nan).tolist())
    return {name: gap if name in TOLD else nothing for name, gap in gaps.items()}
