"""The JSON: a session and its token, for programs that want to change something."""

from fastapi import APIRouter, Request
from pydantic import BaseModel

from earmark.page.desk import AtDesk
from earmark.page.security.tokens import Sessions

router = APIRouter()


class SessionAnswer(BaseModel):
    """A session; its cookie comes with the answer.

    Parameters
    ----------
    csrf_token : str
        To be sent as ``X-CSRF-Token``, beside the cookie, with every request that changes something.
    password_needed : bool
        Whether the visitor has to log in, at ``/login``, before anything else.
    """

    csrf_token: str
    password_needed: bool


@router.get("/session")
def session(request: Request, desk: AtDesk) -> SessionAnswer:
    """Open a session, or go on with the one that the cookie names."""
    sessions: Sessions = request.app.state.sessions
    needed = desk.settings.password is not None and not sessions.is_logged_in(request.state.session_id)
    return SessionAnswer(csrf_token=request.state.csrf_token, password_needed=needed)
