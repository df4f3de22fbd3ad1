"""The HTML: what a row of the ranking unfolds to, or a page of its own."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from earmark.page.desk import AtDesk
from earmark.page.rendering import html, is_fragment
from earmark.page.why.asked import CHAMPION, DEMO, ListId, Model, TrackId
from earmark.page.why.drawing import SHOWN, effect_lines, in_words, range_rows
from earmark.page.why.finding import why_of

router = APIRouter()


@router.get("/why")
def why_page(
    request: Request, desk: AtDesk, track: TrackId, list_id: ListId = DEMO, model: Model = CHAMPION
) -> HTMLResponse:
    """Why a track got its score."""
    answer = why_of(desk, list_id, model, track)
    lines = effect_lines(answer)
    context = {
        "why": answer,
        "lines": lines[:SHOWN],
        "further": lines[SHOWN:],
        "further_sum": in_words(sum(line.effect.effect for line in lines[SHOWN:])),
        "ranges": range_rows(answer),
        "list_id": list_id,
        "model": model,
    }
    return html(request, "why/fragment.html" if is_fragment(request) else "why/page.html", context)
