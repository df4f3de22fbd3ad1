"""Whether a new ranker takes the champion's place."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from experiments.metrics import METRICS
from models.ranker import Ranker
from models.ranking import is_relative

MIN_CLEAN_ROWS = 50
"""Fewer rows than this, unknown to the old champion, say too little."""
DEMO = "demo"


@dataclass(frozen=True)
class Verdict:
    """Whether the champion changes, and why, in words."""

    promote: bool
    reason: str


def judge(
    challenger: Ranker,
    champion: Ranker | None,
    tracks: pd.DataFrame,
    y: npt.NDArray[np.int64],
    metric: str,
) -> Verdict:
    """Compare two rankers on the challenger's held-out rows.

    Rows that the old champion was trained on flatter it: they are left out where enough others remain. Where too few
    remain, all rows count and the old champion keeps its advantage. The demo listener never displaces a real one, and
    who knows likes alone does not displace who knows dislikes, too: its held-out rows have none to tell likes from, and
    it could promise nothing.

    Parameters
    ----------
    challenger, champion : Ranker
        ``champion`` is None when there is none yet.
    tracks : DataFrame, n rows
        The challenger's held-out rows.
    y : ndarray of int, shape (n,)
    metric : str
        Name in ``METRICS``; must not need a threshold.

    Returns
    -------
    Verdict
    """
    if champion is None:
        return Verdict(promote=True, reason="it is the first")
    if challenger.info.get("source") == DEMO and champion.info.get("source") != DEMO:
        return Verdict(promote=False, reason="the demo listener never displaces a real listener's champion")
    if is_relative(challenger.info) and not is_relative(champion.info) and champion.info.get("source") != DEMO:
        return Verdict(promote=False, reason="it learned from likes alone, and the champion knows dislikes, too")
    clean = ~champion.trained_on.flags(tracks)
    enough = clean.sum() >= MIN_CLEAN_ROWS and len(np.unique(y[clean])) == 2
    rows = clean if enough else np.ones(len(y), dtype=bool)
    measure = METRICS[metric]
    new, old = (measure.score(y[rows], ranker.predict_proba(tracks[rows])) for ranker in (challenger, champion))
    better = new > old if measure.greater_is_better else new < old
    reason = f"{metric} {new:.3f} against the champion's {old:.3f} on the same {int(rows.sum())} held-out tracks"
    if not enough:
        reason += " (the champion was trained on some of them)"
    return Verdict(promote=bool(better), reason=reason)
