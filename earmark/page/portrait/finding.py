"""Finds the table of a ranker, and keeps what was made of it."""

from typing import Final

from earmark.page.desk import Desk
from earmark.page.faults import NotFoundError
from earmark.page.lists import DEMO
from earmark.page.portrait.answer import Drawn, Portrait, portrait
from earmark.page.portrait.keeping import Kept
from earmark.page.portrait.taste_table import table_of
from earmark.page.portrait.unknown import CandidateGaps, candidate_gaps
from earmark.page.portrait.wording import DEMO_LISTENER, YOU, Listener

_PORTRAITS: Final[Kept[Drawn]] = Kept(4)
_CANDIDATES: Final[Kept[CandidateGaps]] = Kept(16)
_PUT_TOGETHER: Final[Kept[Portrait]] = Kept(16)


def portrait_of(desk: Desk, model: str, list_id: str | None) -> Portrait:
    """The portrait of what a ranker learned, with a list of candidates set against it.

    Parameters
    ----------
    desk : Desk
    model : str
    list_id : str, optional
        Empty for no list. By default the demo candidates, where the ranker learned from the demo.

    Raises
    ------
    NotFoundError
        If there is no such ranker or list, or what the ranker learned from is not kept here.
    """
    run_id = desk.rankers.run_id(model)
    known = table_of(desk.home, run_id)
    if known is None:
        raise NotFoundError(
            "the tracks that this ranker learned from are not kept on this machine, so nothing can be drawn",
            "train again: every train keeps its table now, until its source is forgotten",
        )
    table, key = known
    drawn = _PORTRAITS.get(key, lambda: portrait(table, run_id, listener_of(desk, run_id)))
    chosen = default_list(desk, run_id) if list_id is None else list_id
    if not chosen:
        return drawn.portrait
    candidates = desk.lists.get(chosen)

    def against() -> CandidateGaps:
        return candidate_gaps(drawn.table, drawn.plane, candidates.tracks, list_id=chosen, title=candidates.title)

    found = _CANDIDATES.get((key, chosen), against, source=candidates)
    return _PUT_TOGETHER.get(
        (key, chosen), lambda: drawn.portrait.model_copy(update={"candidates": found}), source=found
    )


def default_list(desk: Desk, run_id: str) -> str:
    """The demo candidates for a ranker that learned from the demo, none for others."""
    return DEMO if listener_of(desk, run_id) is DEMO_LISTENER else ""


def listener_of(desk: Desk, run_id: str) -> Listener:
    """Whose taste a ranker learned."""
    sources = [entry.source for entry in desk.rankers.entries() if entry.run_id == run_id]
    return DEMO_LISTENER if sources == ["demo"] else YOU
