"""The HTML."""

import math
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse

from connectors.spotify.settings import PUSH_SCOPES
from earmark.page.desk import AtDesk
from earmark.page.rendering import html, is_fragment
from earmark.page.sending import exporting, plans
from earmark.page.sending.account import READ_SCOPES, sign_in_for
from earmark.page.sending.answers import PlanId, PlaylistName
from earmark.page.sending.api import as_file
from earmark.page.sending.chosen import Choice, choose, query_of
from earmark.page.sending.playlists import account_playlists

router = APIRouter()

NAME = "Predicted likes"
"""As `earmark push` calls a playlist."""
Name = Annotated[PlaylistName, Query()]
Seen = Annotated[PlanId, Query()]


@router.get("/send")
def send_page(request: Request, desk: AtDesk, choice: Choice) -> HTMLResponse:
    """What would be sent, and where to; asks no service."""
    chosen = choose(desk, choice)
    expected = chosen.ranking.expected_precision
    context = {
        "chosen": chosen,
        "expected": None if math.isnan(expected[0]) else expected,
        "invented": plans.invented(chosen),
        "state": query_of(choice),
        "sign_in": sign_in_for(PUSH_SCOPES),
        "name": NAME,
        "names": plans.sent_before(desk),
    }
    return html(request, "sending/send.html", context)


@router.get("/send/plan")
def show_plan(request: Request, desk: AtDesk, choice: Choice, name: Name) -> HTMLResponse:
    """The dry run, with the button that does it."""
    plan = plans.plan_sending(desk, choose(desk, choice), name)
    action = f"/send?{query_of(choice, name=plan.name, plan=plan.plan)}"
    return html(request, "sending/plan.html", {"plan": plan, "action": action})


@router.post("/send")
def send(request: Request, desk: AtDesk, choice: Choice, name: Name, plan: Seen) -> HTMLResponse:
    """Do what was shown."""
    sent = plans.send(desk, choose(desk, choice), name, plan)
    return html(request, "sending/sent.html", {"sent": sent, "undo": False})


@router.get("/send/undo/plan")
def show_undo(request: Request, desk: AtDesk, name: Name) -> HTMLResponse:
    """The dry run of taking the last sending back."""
    plan = plans.plan_taking_back(desk, name)
    action = f"/send/undo?{query_of(None, name=plan.name, plan=plan.plan)}"
    return html(request, "sending/plan.html", {"plan": plan, "action": action})


@router.post("/send/undo")
def undo(request: Request, desk: AtDesk, name: Name, plan: Seen) -> HTMLResponse:
    """Take the last sending back as was shown."""
    return html(request, "sending/sent.html", {"sent": plans.take_back(desk, name, plan), "undo": True})


@router.get("/playlists")
def playlists(request: Request, desk: AtDesk) -> HTMLResponse:
    """The account's playlists, to choose one to rank; how to sign in where nobody is."""
    sign_in = sign_in_for(READ_SCOPES)
    context = {"sign_in": sign_in, "found": account_playlists(desk) if sign_in.allowed else None}
    return html(request, "sending/playlists.html" if is_fragment(request) else "sending/playlists_page.html", context)


@router.get("/export.{shape}")
def export(desk: AtDesk, choice: Choice, shape: exporting.Format) -> Response:
    """The chosen tracks as a file."""
    return as_file(exporting.export(choose(desk, choice), shape))
