"""The JSON."""

from typing import Annotated

from fastapi import APIRouter, Query

from earmark.page.desk import AtDesk
from earmark.page.portrait.answer import Portrait
from earmark.page.portrait.finding import portrait_of
from earmark.page.rankers import CHAMPION

router = APIRouter()

Model = Annotated[str, Query(max_length=64, description="champion, or a run's id: /api/v1/models")]
ListId = Annotated[
    str | None,
    Query(alias="list", max_length=64, description="candidates to set against it; empty for none: /api/v1/lists"),
]


@router.get("/portrait")
def portrait(desk: AtDesk, model: Model = CHAMPION, list_id: ListId = None) -> Portrait:
    """Where likes and the other tracks lie, how sure the ranker is, and what it knows nothing about."""
    return portrait_of(desk, model, list_id)
