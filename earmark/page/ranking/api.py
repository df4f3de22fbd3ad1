"""The JSON: rankers, lists, the ranking and its cut."""

from typing import Annotated

from fastapi import APIRouter, File, Path, UploadFile

from earmark.page.desk import AtDesk
from earmark.page.lists import ListEntry
from earmark.page.rankers import RankerEntry
from earmark.page.ranking.answers import CutAnswer, RankingAnswer, cut_answer, ranking_answer
from earmark.page.ranking.board import board_of
from earmark.page.ranking.questions import Asked, AskedCut

router = APIRouter()


@router.get("/models")
def models(desk: AtDesk) -> list[RankerEntry]:
    """All rankers, the newest first."""
    return desk.rankers.entries()


@router.get("/lists")
def lists(desk: AtDesk) -> list[ListEntry]:
    """All lists of candidates: the demo's, then the newest first."""
    return desk.lists.entries()


@router.post("/lists", status_code=201)
def add_list(desk: AtDesk, file: Annotated[UploadFile, File(description="a table of tracks")]) -> ListEntry:
    """Keep the tracks of a file (CSV, JSON, JSON lines or parquet, also under gzip) as a list."""
    most = desk.settings.max_upload_bytes
    kept = desk.lists.add_file(file.filename or "", file.file.read(most + 1), most)
    return ListEntry(kept.list_id, kept.title, kept.kind, len(kept.tracks), kept.added_at)


@router.delete("/lists/{list_id}", status_code=204)
def remove_list(desk: AtDesk, list_id: Annotated[str, Path(max_length=40)]) -> None:
    """Delete a list; verdicts on its tracks stay."""
    desk.lists.remove(list_id)
    desk.forget_list(list_id)


@router.get("/ranking")
def ranking(desk: AtDesk, query: Asked) -> RankingAnswer:
    """The ranking, as `earmark rank --json` tells it, a page at a time."""
    return ranking_answer(board_of(desk, query.list_id, query.model), query, desk)


@router.get("/cut")
def cut(desk: AtDesk, query: AskedCut) -> CutAnswer:
    """What a cut keeps and what is promised of it, without the tracks."""
    return cut_answer(board_of(desk, query.list_id, query.model), query)
