"""What plays say about recordings: finished or skipped more often than is usual for this listener.

A single play says little: moods, phone calls and browsing end plays as well. So a recording needs two outcomes or more,
its share of skips is shrunk towards the listener's own, and there is a verdict only where it is probably above or below
that. How a play came about weighs it, here and nowhere else: lengths, reasons and counts never become features.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import betaincc, betaln

from connectors.evidence.play_weights import FINISHED, SKIPPED, weigh
from connectors.evidence.rules import RULE_OF
from connectors.library.rows import EvidenceRow

FEWEST_OUTCOMES: Final = 2
"""Below this many plays that were finished or skipped there is no verdict."""

SURE_ENOUGH: Final = 0.7
"""The least probability of being on one side of the listener's usual rate. On real plays nothing is learned better from
verdicts above 0.8 than above 0.6, only from fewer; those in between count for less by their weight."""

_PRIOR_PLAYS: Final = np.array([1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0, 32.0])
_USUAL_PRIOR_PLAYS: Final = 4.0
_FEWEST_RECORDINGS: Final = 30
"""Below this many recordings with enough outcomes the strength of the prior is not fitted, but taken as usual."""

Floats = npt.NDArray[np.float64]


def verdicts(
    plays: pd.DataFrame, recording: npt.NDArray[np.integer], *, duration_ms: Floats | None = None
) -> list[EvidenceRow]:
    """Draw one verdict a recording where the plays are clear.

    Parameters
    ----------
    plays : DataFrame
        Columns of ``connectors.library.rows.PlayRow``, in any order.
    recording : ndarray of int, shape (n_plays,)
        The recording that each play is of.
    duration_ms : ndarray of float, shape (n_plays,), optional
        Length of the recording, NaN where unknown; it is then told from plays that reached the end.

    Returns
    -------
    list of EvidenceRow
        Source "history", kind "finished" or "skipped", by track id; about the recording's first id in order. The weight
        is that of the rule times the certainty, 2 |P - 0.5| with P the posterior probability that the recording's share
        of skips is above the listener's usual one.
    """
    if plays.empty:
        return []
    weighed = weigh(plays, recording, duration_ms)
    counts = _counts(weighed)
    total = counts[["skips", "finishes"]].sum()
    if total.min() == 0:
        return []  # who never skips, or only ever skips, tells nothing of one recording against another
    usual = float(total["skips"] / total.sum())
    counts = counts[counts["n"] >= FEWEST_OUTCOMES]
    skips, finishes = counts["skips"].to_numpy(), counts["finishes"].to_numpy()
    strength = prior_plays(skips, finishes, usual)
    above = betaincc(usual * strength + skips, (1 - usual) * strength + finishes, usual)
    return _rows(counts.assign(above=above))


def prior_plays(skips: Floats, finishes: Floats, usual: float) -> float:
    """How many plays the listener's habit is worth: the likeliest strength of a Beta prior, by the recordings at hand.

    A beta-binomial likelihood over a grid: a listener whose recordings hardly differ gets a strong prior and few
    verdicts, one who skips some always and others never a weak prior and many.

    Parameters
    ----------
    skips, finishes : ndarray of float, shape (n_recordings,)
        Weighed outcomes.
    usual : float
        The prior's mean, in (0, 1).

    Returns
    -------
    float
        1..32.
    """
    if len(skips) < _FEWEST_RECORDINGS:
        return _USUAL_PRIOR_PLAYS
    a, b = usual * _PRIOR_PLAYS, (1 - usual) * _PRIOR_PLAYS
    likelihood = betaln(a + skips[:, None], b + finishes[:, None]) - betaln(a, b)
    return float(_PRIOR_PLAYS[likelihood.sum(axis=0).argmax()])


def _counts(weighed: pd.DataFrame) -> pd.DataFrame:
    """Weighed skips and finishes of each recording, how many plays they are, the last one's time, and the first id."""
    skip, finish = weighed["outcome"] == SKIPPED, weighed["outcome"] == FINISHED
    rows = weighed[skip | finish]
    table = rows.assign(
        skips=rows["weight"].where(skip, 0.0),
        finishes=rows["weight"].where(finish, 0.0),
        skipped=skip.astype(int),
    )
    grouped = table.groupby("recording")
    counts = grouped.agg(
        skips=("skips", "sum"),
        finishes=("finishes", "sum"),
        n=("skipped", "size"),
        n_skipped=("skipped", "sum"),
        at=("ended_at", "max"),
    )
    return counts.assign(track_id=weighed.groupby("recording")["track_id"].min())


def _rows(counts: pd.DataFrame) -> list[EvidenceRow]:
    clear = counts[(counts["above"] - 0.5).abs() >= SURE_ENOUGH - 0.5].sort_values("track_id")
    columns = (clear[name].tolist() for name in ("track_id", "above", "n", "n_skipped", "at"))
    return [_row(*cells) for cells in zip(*columns, strict=True)]


def _row(track_id: str, above: float, n: int, n_skipped: int, at: pd.Timestamp) -> EvidenceRow:
    skipped = above > 0.5
    kind = SKIPPED if skipped else FINISHED
    return EvidenceRow(
        track_id=track_id,
        source="history",
        kind=kind,
        liked=not skipped,
        weight=round(RULE_OF[kind].weight * abs(2 * above - 1), 6),
        at=at.to_pydatetime(),
        reason=f"{kind} {n_skipped if skipped else n - n_skipped} of {n} times",
    )
