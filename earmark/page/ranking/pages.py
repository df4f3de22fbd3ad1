"""The HTML: the ranking, and the parts of it that change while somebody works on it."""

from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from earmark.page.desk import AtDesk, Desk
from earmark.page.faults import status_of
from earmark.page.lists import ListEntry
from earmark.page.rankers import CHAMPION, RankerEntry
from earmark.page.ranking.answers import cut_answer, n_pages, rows_of
from earmark.page.ranking.board import Board, board_of
from earmark.page.ranking.questions import SORTS, Asked, AskedCut, CutQuery, RankingQuery
from earmark.page.rendering import html
from features.columns import AUDIO_FEATURES
from features.errors import EarmarkError
from features.schema import COLUMNS

router = APIRouter()
Q = TypeVar("Q", bound=CutQuery)

FEATURES = tuple((name, COLUMNS[name]) for name in AUDIO_FEATURES)
"""Audio features and what is known of their values, for the filters."""


@router.get("/")
def page(request: Request, desk: AtDesk, query: Asked) -> HTMLResponse:
    """The whole page; where nothing can be ranked, what to choose from and why not."""
    found, status = _found_or_fault(desk, query)
    context = {
        **found,
        "query": query,
        "lists": desk.lists.entries(),
        "models": desk.rankers.entries(),
        "features": FEATURES,
        "sorts": SORTS,
        "champion": CHAMPION,
    }
    context |= _chosen(context["lists"], context["models"], query, found.get("board"))
    return html(request, "ranking/index.html", context, status=status)


@router.get("/ranked")
def ranked(request: Request, desk: AtDesk, query: Asked) -> HTMLResponse:
    """What changes with filters, cut and order; the address of the page that shows the same goes with it."""
    answer = html(request, "ranking/ranked.html", _found(desk, query))
    address = "/" + (f"?{urlencode(query.given(page=None))}" if query.given(page=None) else "")
    before = urlsplit(request.headers.get("HX-Current-URL", ""))
    if address != before._replace(scheme="", netloc="", fragment="").geturl():
        answer.headers["HX-Push-Url"] = address
    return answer


@router.get("/ranked/rows")
def rows(request: Request, desk: AtDesk, query: Asked) -> HTMLResponse:
    """More tracks."""
    return html(request, "ranking/rows.html", _found(desk, query))


@router.get("/ranked/cut")
def cut(request: Request, desk: AtDesk, query: AskedCut) -> HTMLResponse:
    """What a cut would keep, while the slider moves."""
    board = board_of(desk, query.list_id, query.model)
    return html(request, "ranking/cut.html", _cut(board, _possible(board, query)))


def _found_or_fault(desk: Desk, query: RankingQuery) -> tuple[dict[str, Any], int]:
    """The ranking, or what went wrong, and the status."""
    try:
        if query.model == CHAMPION and desk.home.champion() is None:
            return {"fault": None, "untrained": True}, 200
        return {**_found(desk, query), "fault": None, "untrained": False}, 200
    except EarmarkError as error:
        return {"fault": error, "untrained": False}, status_of(error)


def _found(desk: Desk, query: RankingQuery) -> dict[str, Any]:
    """A page of tracks with what is kept of all."""
    board = board_of(desk, query.list_id, query.model)
    query = _possible(board, query)
    n_shown = len(board.shown(query.filters, query.cut, query.shown))
    more = query.page < n_pages(n_shown, query.per_page)
    rows = [board.row(*row) for row in rows_of(board, query, desk)]
    return {
        **_cut(board, query),
        "board": board,
        "shown": query,
        "rows": rows,
        "unreadable": desk.verdicts.fault,
        "n_shown": n_shown,
        "n_listed": len(board.candidates),
        "state": urlencode(query.given(page=None, per_page=None)),
        "more": urlencode(query.given(page=query.page + 1)) if more else None,
    }


def _cut(board: Board, query: CutQuery) -> dict[str, Any]:
    said = cut_answer(board, query)
    if said.instead is None:
        return {"said": said, "instead": None}
    return {"said": said, "instead": urlencode(query.given(min_precision=said.instead.min_precision, page=None))}


def _possible(board: Board, query: Q) -> Q:
    """The question without what the ranker cannot answer: one that knows no dislikes can promise no precision."""
    return query.model_copy(update={"min_precision": None}) if board.scored.relative else query


def _chosen(
    lists: list[ListEntry], models: list[RankerEntry], query: RankingQuery, board: Board | None
) -> Mapping[str, Any]:
    """The list and the ranker that are asked, as far as they are known."""
    run_id = board.run_id if board is not None else query.model
    chosen = next((entry for entry in models if entry.run_id == run_id), None)
    listed = next((entry for entry in lists if entry.list_id == query.list_id), None)
    invented = chosen is not None and chosen.source == "demo" and query.list_id != "demo"
    return {"chosen": chosen, "listed": listed, "invented": invented}
