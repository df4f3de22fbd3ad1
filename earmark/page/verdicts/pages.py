"""The HTML: the buttons and what they answer, and the page that asks."""

import json
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse
from pydantic import StringConstraints

from earmark.page.desk import AtDesk
from earmark.page.faults import NotFoundError
from earmark.page.lists import DEMO
from earmark.page.rankers import CHAMPION
from earmark.page.rendering import html
from earmark.page.verdicts import giving
from earmark.page.verdicts.answers import AskedList, AskedModel, AskedTrack
from earmark.page.verdicts.asking import BATCH, MOST, to_ask
from earmark.page.verdicts.gaining import answers_since

router = APIRouter()
Shown = Annotated[list[Annotated[str, StringConstraints(max_length=500)]], Query(max_length=MOST)]
Many = Annotated[int, Query(ge=1, le=BATCH)]
First = Annotated[str | None, Query(max_length=500)]


@router.post("/verdicts")
def say(
    request: Request,
    desk: AtDesk,
    track: AskedTrack,
    verdict: Literal["keep", "skip", "none"],
    list_id: AskedList = DEMO,
) -> HTMLResponse:
    """A button: the buttons anew, a message with the way back, and an event where other ids' buttons change, too."""
    said = giving.say(desk, list_id, track, None if verdict == "none" else verdict)
    answer = html(request, "verdicts/said.html", {"said": said, "undone": False})
    if said.also:
        answer.headers["HX-Trigger"] = json.dumps({"earmark:said": {"tracks": said.also}})
    return answer


@router.get("/verdicts/buttons")
def buttons(request: Request, desk: AtDesk, track: AskedTrack, list_id: AskedList = DEMO) -> HTMLResponse:
    """A track's buttons as they are now."""
    track_id = giving.track_of(desk, list_id, track)["track_id"]
    verdict = desk.verdicts.on(desk.lists.get(list_id)).verdicts.get(track_id)
    about = {"track": {"track_id": track, "verdict": verdict}, "list_id": list_id}
    return html(request, "verdicts/buttons.html", about)


@router.post("/verdicts/undo")
def undo(request: Request, desk: AtDesk) -> HTMLResponse:
    """A message, and an event with the track and the recording's other ids, whose buttons may be on the page."""
    try:
        said = giving.undo(desk)
    except NotFoundError:
        return html(request, "verdicts/said.html", {"said": None, "undone": True})
    answer = html(request, "verdicts/said.html", {"said": said, "undone": True})
    undone = {"track": said.track_id, "tracks": [said.track_id, *said.also]}
    answer.headers["HX-Trigger"] = json.dumps({"earmark:undone": undone})
    return answer


@router.get("/ask")
def ask(request: Request, desk: AtDesk, list_id: AskedList = DEMO, model: AskedModel = CHAMPION) -> HTMLResponse:
    """The page that asks."""
    desk.lists.get(list_id)
    lists, models = desk.lists.entries(), desk.rankers.entries()
    untrained = model == CHAMPION and desk.home.champion() is None
    asking = None if untrained else to_ask(desk, list_id, model, BATCH)
    about = {"lists": lists, "models": models, "list_id": list_id, "model": model, "asking": asking, "size": BATCH}
    return html(request, "verdicts/ask.html", about)


@router.get("/ask/batch")
def batch(
    request: Request, desk: AtDesk, list_id: AskedList = DEMO, model: AskedModel = CHAMPION, first: First = None
) -> HTMLResponse:
    """The rows anew, one of them first where its answer was undone."""
    asking = to_ask(desk, list_id, model, BATCH, first=first)
    return html(request, "verdicts/rows.html", {"asking": asking, "list_id": list_id, "model": model})


@router.get("/ask/next")
def following(
    request: Request,
    desk: AtDesk,
    shown: Shown = [],  # noqa: B006 (FastAPI copies it)
    list_id: AskedList = DEMO,
    model: AskedModel = CHAMPION,
    n: Many = 1,
) -> HTMLResponse:
    """The rows that slide in after answers."""
    asking = to_ask(desk, list_id, model, n, shown=shown)
    return html(request, "verdicts/rows.html", {"asking": asking, "list_id": list_id, "model": model})


@router.get("/ask/progress")
def progress(request: Request, desk: AtDesk, list_id: AskedList = DEMO, model: AskedModel = CHAMPION) -> HTMLResponse:
    """How many answers there are since the last train."""
    n = giving.since_train(desk, list_id, model)
    return html(request, "verdicts/progress.html", {"n_answers": n})


@router.get("/ask/gain")
def gain(request: Request, desk: AtDesk, list_id: AskedList = DEMO, model: AskedModel = CHAMPION) -> HTMLResponse:
    """What they add, as far as it was measured."""
    found = desk.verdicts.meter.found(answers_since(desk, list_id, model))
    return html(request, "verdicts/gain.html", {"gain": found, "list_id": list_id, "model": model})


@router.post("/ask/gain")
def measure(request: Request, desk: AtDesk, list_id: AskedList = DEMO, model: AskedModel = CHAMPION) -> HTMLResponse:
    """Begin to measure it."""
    found = desk.verdicts.meter.start(answers_since(desk, list_id, model))
    return html(request, "verdicts/gain.html", {"gain": found, "list_id": list_id, "model": model})
