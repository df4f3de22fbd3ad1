"""The HTML: logging in and out, and what the API can be asked."""

from typing import Annotated, Final

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from earmark.page.desk import AtDesk
from earmark.page.faults import fault
from earmark.page.rendering import html
from earmark.page.security.documentation import described
from earmark.page.security.gate import local_path, session_cookie
from earmark.page.security.password import Password, TooManyError
from earmark.page.security.tokens import Sessions

router = APIRouter()
_OLD_FORM: Final = "this form has been open for too long"
Next = Annotated[str, Query(max_length=2000)]


@router.get("/login")
def ask(request: Request, desk: AtDesk, next: Next = "/") -> Response:  # noqa: A002 (the name in the address)
    """The form that asks for the password."""
    if desk.settings.password is None or _sessions(request).is_logged_in(request.state.session_id):
        return RedirectResponse(local_path(next), status_code=303)
    return html(request, "security/login.html", {"next": local_path(next), "fault": None})


@router.post("/login")
def log_in(
    request: Request,
    password: Annotated[str, Form(max_length=1000)],
    csrf_token: Annotated[str, Form(max_length=200)],
    next: Annotated[str, Form(max_length=2000)] = "/",  # noqa: A002 (the name in the form)
) -> Response:
    """Compare the password, and open a new session where it is right."""
    lock: Password | None = request.app.state.password
    target = local_path(next)
    if lock is None:
        return RedirectResponse(target, status_code=303)
    if not _sessions(request).is_token(request.state.session_id, csrf_token):
        return _asked_again(request, target, _OLD_FORM, "try once more", 403)
    try:
        right = lock.check(password, request.client.host if request.client else "")
    except TooManyError as error:
        return _asked_again(request, target, error.message, error.hint, 429)
    if not right:
        return _asked_again(request, target, "this is not the password", "it was given when the page was started", 401)
    answer = RedirectResponse(target, status_code=303)
    answer.headers["Set-Cookie"] = session_cookie(_sessions(request).log_in())
    return answer


@router.post("/logout")
def log_out(request: Request, csrf_token: Annotated[str, Form(max_length=200)]) -> Response:
    """Have this session ask for the password again."""
    sessions = _sessions(request)
    if not sessions.is_token(request.state.session_id, csrf_token):
        return fault(request, 403, _OLD_FORM, "open the page anew")
    sessions.log_out(request.state.session_id)
    answer = RedirectResponse("/login", status_code=303)
    answer.headers["Set-Cookie"] = session_cookie(Sessions.new_id())
    return answer


@router.get("/api/v1/docs")
def documentation(request: Request) -> Response:
    """What the API can be asked, for people."""
    return html(request, "security/docs.html", {"routes": described(request.app.openapi())})


def _sessions(request: Request) -> Sessions:
    sessions: Sessions = request.app.state.sessions
    return sessions


def _asked_again(request: Request, target: str, message: str, hint: str, status: int) -> Response:
    said = {"next": target, "fault": {"message": message, "hint": hint}}
    return html(request, "security/login.html", said, status=status)
