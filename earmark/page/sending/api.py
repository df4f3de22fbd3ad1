"""The JSON. Which tracks are meant is said by the query, as on the ranking's page."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Response

from earmark.page.desk import AtDesk
from earmark.page.sending import exporting, plans
from earmark.page.sending.answers import AccountPlaylists, FetchedList, Plan, Sent, ToDo, ToPlan, WantedPlaylist
from earmark.page.sending.chosen import Choice, choose
from earmark.page.sending.playlists import account_playlists, fetch_candidates

router = APIRouter()


@router.get("/playlists")
def list_playlists(desk: AtDesk) -> AccountPlaylists:
    """The playlists of the account that is signed in at Spotify."""
    return account_playlists(desk)


@router.post("/lists/playlist", status_code=201)
def fetch_playlist(desk: AtDesk, wanted: WantedPlaylist) -> FetchedList:
    """Fetch a playlist and its audio features, to be ranked; fetching it again replaces it."""
    found = fetch_candidates(desk, wanted.playlist)
    return FetchedList(list_id=found.list_id, title=found.title, n_tracks=len(found.tracks), notes=list(found.notes))


@router.post("/pushes/plan")
def plan_push(desk: AtDesk, choice: Choice, playlist: ToPlan) -> Plan:
    """What sending the chosen tracks to a playlist would do; changes nothing."""
    return plans.plan_sending(desk, choose(desk, choice), playlist.name)


@router.post("/pushes")
def push(desk: AtDesk, choice: Choice, playlist: ToDo) -> Sent:
    """Do what a plan said; 409 where it would be another plan by now. Done twice, the second changes nothing."""
    return plans.send(desk, choose(desk, choice), playlist.name, playlist.plan)


@router.post("/pushes/undo/plan")
def plan_undo(desk: AtDesk, playlist: ToPlan) -> Plan:
    """What taking the last push back would do; changes nothing."""
    return plans.plan_taking_back(desk, playlist.name)


@router.post("/pushes/undo")
def undo(desk: AtDesk, playlist: ToDo) -> Sent:
    """Take the last push back as its plan said; 409 where it would be another plan by now."""
    return plans.take_back(desk, playlist.name, playlist.plan)


_FILES: Final[dict[str, Any]] = {
    media.partition(";")[0]: {"schema": {"type": "object" if shape == "json" else "string"}}
    for shape, media in exporting.MEDIA_TYPES.items()
}


@router.get("/export", response_class=Response, responses={200: {"content": _FILES}})
def export(desk: AtDesk, choice: Choice, shape: Annotated[exporting.Format, Query(alias="format")] = "csv") -> Response:
    """The chosen tracks as a file: CSV, JSON or M3U."""
    return as_file(exporting.export(choose(desk, choice), shape))


def as_file(found: exporting.Export) -> Response:
    """A file to be saved, as an answer."""
    headers = {"Content-Disposition": found.disposition}
    return Response(found.content.encode(), media_type=found.media_type, headers=headers)
