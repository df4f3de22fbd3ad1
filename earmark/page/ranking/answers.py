"""The answers: what is kept and promised, and the tracks."""

import math
from typing import Any, Literal

from pydantic import BaseModel

from earmark.page.desk import Desk
from earmark.page.ranking.board import Board
from earmark.page.ranking.cuts import Kept
from earmark.page.ranking.questions import Cut, CutQuery, RankingQuery
from earmark.page.rendering import percent

Verdict = Literal["keep", "skip"]


class Estimate(BaseModel):
    """A number with its 90 % interval; all None where none can be told."""

    value: float | None
    low: float | None
    high: float | None


class BaseRateAnswer(BaseModel):
    """The candidates' share of likes, as their scores tell it; see `models.base_rate.BaseRate`."""

    value: float
    estimate: float
    low: float
    high: float
    adjusted: bool


class Instead(BaseModel):
    """What can be promised: at least this share of likes, among so many kept tracks."""

    min_precision: float
    n_kept: int


class CutAnswer(BaseModel):
    """What a cut keeps: what a slider needs.

    Parameters
    ----------
    list_id, model : str
        The list, and the ranker's run id.
    threshold : float or None
        Least like probability of what is kept; None where nothing can be.
    n_candidates, n_kept : int
        Candidates that pass the filters, and those of them that are kept.
    expected_likes, expected_precision : Estimate
        Likes among the kept: how many (the sum of their like probabilities), and which share.
    relative : bool
        Whether the ranker knows no dislikes: it ranks, and can promise nothing.
    reachable : bool
        Whether what was asked for can be promised; always, where nothing was to be promised.
    promise : str
        What is promised, or cannot be, in words.
    instead : Instead or None
        What can be promised where the wanted precision cannot.
    base_rate : BaseRateAnswer or None
    notes : list of str
    """

    list_id: str
    model: str
    threshold: float | None
    n_candidates: int
    n_kept: int
    expected_likes: Estimate
    expected_precision: Estimate
    relative: bool
    reachable: bool
    promise: str
    instead: Instead | None
    base_rate: BaseRateAnswer | None
    notes: list[str]


class Track(BaseModel):
    """A ranked candidate.

    Parameters
    ----------
    rank : int
        Among all candidates of the list, from 1.
    track_id : str
    track_name, artist_name : str or None
    like_probability : float
    predicted_like : bool
        Whether the like probability reaches the threshold.
    kept : bool
    known : bool
        Whether the ranker learned from it.
    explicit : bool
    verdict : {"keep", "skip"} or None
        What the listener said of it, under whichever id of its recording.
    """

    rank: int
    track_id: str
    track_name: str | None
    artist_name: str | None
    like_probability: float
    predicted_like: bool
    kept: bool
    known: bool
    explicit: bool
    verdict: Verdict | None


class RankingAnswer(CutAnswer):
    """`earmark rank --json`, a page at a time.

    Parameters
    ----------
    set_aside : dict of str to int
    merged : int
        Rows of the list that cannot be ranked, by reason, and rows that were duplicates.
    n_shown : int
        Tracks that the search leaves, on all pages.
    page, pages, per_page : int
        From 1; one empty page where nothing is shown.
    tracks : list of Track
    """

    set_aside: dict[str, int]
    merged: int
    n_shown: int
    page: int
    pages: int
    per_page: int
    tracks: list[Track]


def cut_answer(board: Board, query: CutQuery) -> CutAnswer:
    """What a cut keeps of a list, and what is promised of it."""
    return CutAnswer(**_cut_fields(board, query))


def ranking_answer(board: Board, query: RankingQuery, desk: Desk) -> RankingAnswer:
    """A page of the ranking.

    Raises
    ------
    InputError
        If the wanted precision cannot be promised, in the words of `Ranker.rank`.
    """
    kept = board.kept(query.filters, query.cut)
    if kept.refused:
        board.scored.keep(min_precision=query.min_precision, among=board.passing(query.filters))
    rows = board.shown(query.filters, query.cut, query.shown)
    tracks = [Track.model_construct(**track) for track in tracks_of(board, query, desk)]
    fields = _cut_fields(board, query)
    if (fault := desk.verdicts.fault) is not None:
        fields["notes"] = [*fields["notes"], f"what was kept and skipped is not told: {fault.message}: {fault.hint}"]
    return RankingAnswer(
        **fields,
        set_aside=kept.account["set_aside"],
        merged=kept.account["merged"],
        n_shown=len(rows),
        page=query.page,
        pages=n_pages(len(rows), query.per_page),
        per_page=query.per_page,
        tracks=tracks,
    )


def tracks_of(board: Board, query: RankingQuery, desk: Desk) -> list[dict[str, Any]]:
    """The tracks of one page, as the fields of `Track`."""
    threshold = board.kept(query.filters, query.cut).threshold
    entries, probability = board.candidates.entries, board.candidates.probability
    return [
        {**entries[row], "predicted_like": bool(probability[row] >= threshold), "kept": kept, "verdict": verdict}
        for row, kept, verdict in rows_of(board, query, desk)
    ]


def rows_of(board: Board, query: RankingQuery, desk: Desk) -> list[tuple[int, bool, Verdict | None]]:
    """Of each track of one page: its position, whether it is kept, and what the listener said of it."""
    rows = board.shown(query.filters, query.cut, query.shown)
    first = (query.page - 1) * query.per_page
    entries, verdicts = board.candidates.entries, desk.verdicts.last_known(board.listed).verdicts
    last = board.last(query.filters, query.cut)
    some = rows[first : first + query.per_page].tolist()
    return [(row, row <= last, verdicts.get(entries[row]["track_id"])) for row in some]


def n_pages(n: int, per_page: int) -> int:
    """Pages that n rows fill; at least one."""
    return max(1, math.ceil(n / per_page))


def _cut_fields(board: Board, query: CutQuery) -> dict[str, Any]:
    kept = board.kept(query.filters, query.cut)
    account = kept.account
    names = ("n_candidates", "n_kept", "expected_precision", "base_rate", "notes")
    likes = (None if math.isnan(number) else round(number, 1) for number in kept.likes)
    return {
        **{name: account[name] for name in names},
        "list_id": board.listed.list_id,
        "model": board.run_id,
        "threshold": None if kept.refused else kept.threshold,
        "expected_likes": dict(zip(("value", "low", "high"), likes, strict=True)),
        "relative": board.scored.relative,
        "reachable": not kept.refused,
        "promise": in_words(kept, query.cut, relative=board.scored.relative),
        "instead": instead(kept),
    }


def instead(kept: Kept) -> dict[str, Any] | None:
    """What can be promised in the place of what cannot."""
    found = kept.instead
    return None if found is None else {"min_precision": found.min_precision, "n_kept": found.kept}


def in_words(kept: Kept, cut: Cut, *, relative: bool) -> str:
    """What is promised of the kept tracks."""
    if not kept.account["n_candidates"]:
        return "There is no candidate to keep."
    if cut.min_precision is not None:
        return _refusal(kept, cut.min_precision) if kept.refused else _promise(cut.min_precision)
    if relative:
        return "The ranker knows likes but no dislikes: it ranks, and cannot say how many will be liked."
    if cut.top is not None:
        return "The best of the list; no precision is promised."
    by = "The predicted likes, by the ranker's own cut" if cut.threshold is None else "Cut at a like probability"
    return f"{by}; no precision is promised."


def _promise(wanted: float) -> str:
    return f"Promised with 90 % confidence: at least {percent(wanted)} of the kept will be liked."


def _refusal(kept: Kept, wanted: float) -> str:
    asked = f"{percent(wanted)} cannot be promised of these {kept.account['n_candidates']:,} candidates"
    if kept.instead is None:
        return f"{asked}, nor anything else worth saying: keep the predicted likes, or train on more tracks."
    share, some = percent(kept.instead.min_precision), kept.instead.kept
    return f"{asked} with 90 % confidence; {share} can, and keeps {some:,} of them."
