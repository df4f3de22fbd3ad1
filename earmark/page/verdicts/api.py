"""The JSON."""

from typing import Annotated

from fastapi import APIRouter, Query

from earmark.page.desk import AtDesk
from earmark.page.lists import DEMO
from earmark.page.rankers import CHAMPION
from earmark.page.verdicts import giving
from earmark.page.verdicts.answers import (
    AskedList,
    AskedModel,
    AskedTrack,
    Asking,
    Measured,
    Say,
    TrackVerdict,
    Verdicts,
)
from earmark.page.verdicts.asking import BATCH, MOST, to_ask
from earmark.page.verdicts.gaining import answers_since

router = APIRouter()
Many = Annotated[int, Query(ge=1, le=MOST, description="how many tracks")]


@router.get("/verdicts")
def verdicts(desk: AtDesk, list_id: AskedList = DEMO, model: AskedModel = CHAMPION) -> Verdicts:
    """All verdicts that count where this list is learned from."""
    return giving.given(desk, list_id, model)


@router.post("/verdicts")
def say(desk: AtDesk, said: Say) -> TrackVerdict:
    """Keep or skip a track: evidence in the library, committed before the answer."""
    return giving.say(desk, said.list_id, said.track, said.verdict)


@router.delete("/verdicts")
def withdraw(desk: AtDesk, track: AskedTrack, list_id: AskedList = DEMO) -> TrackVerdict:
    """Say nothing of a track any more."""
    return giving.say(desk, list_id, track, None)


@router.post("/verdicts/undo")
def undo(desk: AtDesk) -> TrackVerdict:
    """Take back the last verdict or withdrawal, whichever list it was in; again for the one before."""
    return giving.undo(desk)


@router.get("/ask")
def ask(desk: AtDesk, list_id: AskedList = DEMO, model: AskedModel = CHAMPION, n: Many = BATCH) -> Asking:
    """The tracks worth asking about, best first, each with why."""
    return to_ask(desk, list_id, model, n)


@router.get("/ask/gain")
def gain(desk: AtDesk, list_id: AskedList = DEMO, model: AskedModel = CHAMPION) -> Measured:
    """What the answers since the model's train add, as far as it was measured."""
    return desk.verdicts.meter.found(answers_since(desk, list_id, model))


@router.post("/ask/gain")
def measure(desk: AtDesk, list_id: AskedList = DEMO, model: AskedModel = CHAMPION) -> Measured:
    """Begin to measure it; ask again with GET until it is done."""
    return desk.verdicts.meter.start(answers_since(desk, list_id, model))
