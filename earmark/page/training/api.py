"""Trains as JSON, and as a stream of what happens."""

from collections.abc import AsyncIterator
from typing import Annotated, Final

from fastapi import APIRouter, Depends, File, Form, Header, Path, Query, UploadFile
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel

from earmark.page.desk import AtDesk
from earmark.page.faults import NotFoundError
from earmark.page.training.job_ids import PATTERN
from earmark.page.training.options import TrainRequest
from earmark.page.training.sources import Source, offered_sources, table_summary
from earmark.page.training.story import Standing, TrainJob, leaderboard, stage_words
from earmark.page.training.tables import TrainingTable

router = APIRouter()
RETRY_MS: Final = 1000
"""A browser that lost the stream asks again after so long."""
LAST_EVENT: Final = 2**53

JobId = Annotated[str, Path(pattern=PATTERN, max_length=40)]


class Trains(BaseModel):
    """The page's trains.

    Parameters
    ----------
    busy_elsewhere : bool
        Whether a train or evaluation of the command line keeps the page from training.
    trains : list of TrainJob
        The newest first; the first one may be running.
    """

    busy_elsewhere: bool
    trains: list[TrainJob]


class Sources(BaseModel):
    """What can be trained from."""

    sources: list[Source]


class TableAnswer(BaseModel):
    """A labelled table that was put here.

    Parameters
    ----------
    source : Source
        Its name is what a train is asked with.
    n_tracks, n_liked, n_skipped : int
    notes : list of str
        What was recognised, merged and set aside.
    """

    source: Source
    n_tracks: int
    n_liked: int
    n_skipped: int
    notes: list[str]


class Happening(BaseModel):
    """One event of a train's stream.

    Parameters
    ----------
    kind : str
        ``started``, ``read``, ``said``, ``progress``, ``finished``, ``failed`` or ``cancelled``; the last three end it.
    at : float
        Seconds since 1970.
    stage : str
        What is going on now, in words.
    seconds_left : float or None
    lines : list of str
        What was read.
    standing : Standing or None
        The family whose trial just finished.
    """

    kind: str
    at: float
    stage: str
    seconds_left: float | None = None
    lines: list[str] = []
    standing: Standing | None = None


@router.get("/sources")
def get_sources(desk: AtDesk) -> Sources:
    """What can be trained from."""
    return Sources(sources=offered_sources(desk.home, desk.trainer.tables))


@router.post("/tables", status_code=201)
def post_table(
    desk: AtDesk,
    file: Annotated[UploadFile, File()],
    label: Annotated[str, Form(max_length=200)] = "",
) -> TableAnswer:
    """Put a labelled table here, to train from."""
    data = file.file.read(desk.settings.max_upload_bytes + 1)
    return _table_answer(desk.trainer.tables.put(file.filename or "", data, label or None))


@router.post("/trains", status_code=201)
def post_train(desk: AtDesk, request: TrainRequest) -> TrainJob:
    """Start a train; one at a time."""
    return desk.trainer.start(request)


@router.get("/trains")
def get_trains(desk: AtDesk) -> Trains:
    """The page's last trains."""
    return Trains(busy_elsewhere=desk.trainer.is_busy_elsewhere(), trains=desk.trainer.jobs())


@router.get("/trains/current")
def get_current(desk: AtDesk) -> TrainJob:
    """The train that runs, else the last one."""
    job = desk.trainer.current()
    if job is None:
        raise NotFoundError("the page has not trained yet", "start a train: POST /api/v1/trains")
    return job


@router.get("/trains/{job_id}")
def get_train(desk: AtDesk, job_id: JobId) -> TrainJob:
    """One train."""
    return desk.trainer.job(job_id)


@router.post("/trains/{job_id}/cancel")
def cancel_train(desk: AtDesk, job_id: JobId) -> TrainJob:
    """End a train as Ctrl-C would; finished trials are kept."""
    return desk.trainer.cancel(job_id)


def _listened_to(desk: AtDesk, job_id: JobId) -> TrainJob:
    """The train that a stream is about, found before the stream begins."""
    return desk.trainer.job(job_id)


@router.get("/trains/{job_id}/events", response_class=EventSourceResponse)
async def get_events(
    desk: AtDesk,
    job: Annotated[TrainJob, Depends(_listened_to)],
    after: Annotated[int, Query(ge=0, le=LAST_EVENT)] = 0,
    last_event_id: Annotated[str | None, Header(max_length=20)] = None,
) -> AsyncIterator[ServerSentEvent]:
    """What happens to a train, as it happens, from an event on; a browser that comes back goes on where it was."""
    known = int(last_event_id) if last_event_id is not None and last_event_id.isdecimal() else after
    async for event in desk.trainer.events(job.job_id, min(known, LAST_EVENT)):
        standing = None
        if event.kind == "progress" and event.values["family"] is not None:
            standing = next(row for row in leaderboard(job.options, [event]) if row.name == event.values["family"])
        happening = Happening(
            kind=event.kind,
            at=event.at,
            stage=stage_words(event),
            seconds_left=event.values.get("seconds_left"),
            lines=event.values.get("lines", []),
            standing=standing,
        )
        yield ServerSentEvent(data=happening, event=event.kind, id=str(event.event_id), retry=RETRY_MS)


def _table_answer(table: TrainingTable) -> TableAnswer:
    source = Source(name=table.table_id, title=table.title, summary=table_summary(table))
    return TableAnswer(
        source=source,
        n_tracks=table.n_tracks,
        n_liked=table.n_liked,
        n_skipped=table.n_skipped,
        notes=list(table.notes),
    )
