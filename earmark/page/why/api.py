"""The JSON."""

from fastapi import APIRouter

from earmark.page.desk import AtDesk
from earmark.page.why.answers import WhyAnswer
from earmark.page.why.asked import CHAMPION, DEMO, ListId, Model, TrackId
from earmark.page.why.finding import why_of

router = APIRouter()


@router.get("/why")
def why(desk: AtDesk, track: TrackId, list_id: ListId = DEMO, model: Model = CHAMPION) -> WhyAnswer:
    """The effects of a track's features on its like probability, and the track among likes and skips."""
    return why_of(desk, list_id, model, track)
