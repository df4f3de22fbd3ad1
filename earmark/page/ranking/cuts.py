"""From a wanted cut to what is kept, what is expected of it, and what can be promised."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from earmark.page.ranking.candidates import BoolArray, Candidates
from earmark.page.ranking.questions import Cut
from earmark.ranking import rank_answer
from features.report import ValidationReport
from models import promise
from models.cut_tests import Support
from models.ranking import Ranking
from models.scored import Scored

AskPromises = Callable[[], promise.Promises]
"""What can be promised of the candidates; asked only where a precision was wanted."""


@dataclass(frozen=True)
class Kept:
    """What a cut keeps.

    Parameters
    ----------
    account : dict
        `earmark.ranking.rank_answer` without tracks.
    n_kept : int
        The first so many of the candidates that pass the filters.
    threshold : float
        `predicted_like` is a like probability of at least this.
    likes : (float, float, float)
        Likes to expect among the kept: their like probabilities' sum, and a 90 % interval; NaN where none can be told.
    refused : bool
        Whether the wanted precision cannot be promised; nothing is kept then.
    instead : models.promise.Cut or None
        What can be promised in its place.
    """

    account: dict[str, Any]
    n_kept: int
    threshold: float
    likes: tuple[float, float, float]
    refused: bool = False
    instead: promise.Cut | None = None


def keep(
    scored: Scored, candidates: Candidates, among: BoolArray, cut: Cut, promises: AskPromises, report: ValidationReport
) -> Kept:
    """Cut the candidates that pass.

    Parameters
    ----------
    scored : Scored
    candidates : Candidates
        The same, made ready.
    among : ndarray of bool, shape (n,)
        The candidates that pass the filters.
    cut : Cut
    promises : callable
        `promises_of` the same candidates.
    report : ValidationReport
        Of the list.

    Raises
    ------
    InputError
        If the cut cannot be asked for: more than one, or a precision of a ranker that knows no dislikes.
    """
    if not among.any():
        cut = Cut()  # of no track, nothing is promised or refused
    threshold, wanted = cut.threshold, cut.min_precision
    if wanted is not None and cut == Cut(min_precision=wanted) and not scored.relative:
        found = promises().cut(wanted)
        if found is None:
            return _refused(scored, among, instead_of(wanted, scored, promises()), report)
        threshold, wanted = found.threshold, None  # what `Scored.keep` finds as well, found once
    ranking = scored.keep(min_precision=wanted, top=cut.top, threshold=threshold, among=among)
    n_kept = len(ranking.tracks)
    likes = _likes(candidates.probability[among][:n_kept], ranking)
    return Kept(_account(ranking, n_kept, report), n_kept, ranking.threshold, likes)


def promises_of(scored: Scored, candidates: Candidates, among: BoolArray) -> promise.Promises:
    """What can be promised of the candidates that pass, at least one; see `promise.Promises`."""
    rows = scored.evidence
    shift, sd = scored.doubt
    support = Support(
        rows.liked, rows.probability, groups=rows.artist, weights=rows.weight, rate_shift=shift, rate_sd=sd
    )
    return promise.Promises(support, candidates.probability[among], candidates.artist_keys[among])


def instead_of(wanted: float, scored: Scored, promises: promise.Promises) -> promise.Cut | None:
    """What can be promised where ``wanted`` cannot: None where it is not worth saying."""
    found, known = promises.best(below=wanted), scored.evidence
    if found is None or found.min_precision < np.average(known.liked, weights=known.weight):
        return None
    return found


def _refused(scored: Scored, among: BoolArray, instead: promise.Cut | None, report: ValidationReport) -> Kept:
    """What is said where the wanted precision cannot be promised: nothing is kept."""
    unknown = (math.nan, math.nan, math.nan)
    own = scored.ranker.threshold
    nothing = Ranking(scored.tracks.iloc[:0], own, int(among.sum()), unknown, scored.base_rate, scored.notes)
    return Kept(_account(nothing, 0, report), 0, own, (0.0, 0.0, 0.0), refused=True, instead=instead)


def _account(ranking: Ranking, n_kept: int, report: ValidationReport) -> dict[str, Any]:
    """The command line's answer, but for its tracks."""
    account = rank_answer(replace(ranking, tracks=ranking.tracks.iloc[:0]), "", report=report)
    del account["tracks"]
    return {**account, "n_kept": n_kept}


def _likes(kept: Any, ranking: Ranking) -> tuple[float, float, float]:
    """Likes to expect among tracks of these like probabilities; the interval is the precision's."""
    value, low, high = ranking.expected_precision
    if not len(kept):
        return 0.0, 0.0, 0.0
    total = float(kept.sum())
    if math.isnan(value):
        return math.nan, math.nan, math.nan
    return total, min(low * len(kept), total), max(high * len(kept), total)
