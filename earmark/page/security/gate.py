"""Who may ask, and who may change: sessions, the password, and tokens against requests that others forge."""

import re
from typing import Final
from urllib.parse import quote, urlsplit

from fastapi import Request
from starlette.datastructures import MutableHeaders
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from earmark.page.faults import API, fault
from earmark.page.rendering import html, is_fragment
from earmark.page.security.headers import STATIC
from earmark.page.security.tokens import COOKIE, Sessions
from earmark.page.settings import PageSettings

SESSION: Final = "/api/v1/session"
LOGIN: Final = "/login"
FORMS: Final = frozenset({LOGIN, "/logout"})
"""Plain forms: they bring the token as a field, which their routes compare."""
_READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_LOCAL: Final = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")
_RELOAD: Final = "open the page anew (a program: GET /api/v1/session, and send its token as X-CSRF-Token)"


class Gate:
    """Gives every visitor a session, and lets through what it may ask.

    Parameters
    ----------
    app : ASGI application
    settings : PageSettings
    sessions : Sessions
    """

    def __init__(self, app: ASGIApp, settings: PageSettings, sessions: Sessions) -> None:
        self._app = app
        self._settings = settings
        self._sessions = sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer; ``request.state`` has ``session_id`` and ``csrf_token``."""
        request = Request(scope)
        session_id = request.cookies.get(COOKIE, "")
        known = Sessions.is_id(session_id)
        if not known:
            session_id = Sessions.new_id()
        request.state.session_id = session_id
        request.state.csrf_token = self._sessions.token(session_id)
        refusal = self._refusal(request, known=known)
        if refusal is None and not known and _opens_a_session(request):
            send = _with_cookie(send, session_id)
        await (refusal or self._app)(scope, receive, send)

    def _refusal(self, request: Request, *, known: bool) -> Response | None:
        if is_foreign(request):
            return fault(request, 403, "another website sent this request", "open earmark's own page and do it there")
        if not known and request.headers.get("sec-fetch-site") == "cross-site":
            return html(request, "security/arrival.html", {"wanted": _asked(request)})
        if self._settings.password is not None and not self._may_enter(request, known=known):
            return _ask_for_password(request)
        if request.method in _READING or request.scope["path"] in FORMS:
            return None
        return self._without_token(request, known=known)

    def _without_token(self, request: Request, *, known: bool) -> Response | None:
        if not known:
            return fault(request, 403, "this change came without a session", _RELOAD)
        if not self._sessions.is_token(request.state.session_id, request.headers.get("X-CSRF-Token", "")):
            return fault(request, 403, "this change came without the token of its session", _RELOAD)
        return None

    def _may_enter(self, request: Request, *, known: bool) -> bool:
        path = request.scope["path"]
        if path in {LOGIN, SESSION} or path.startswith(STATIC):
            return True
        return known and self._sessions.is_logged_in(request.state.session_id)


def is_foreign(request: Request) -> bool:
    """Whether a browser says that another website made this request, be it one on another port of this machine.

    Following a link to the page is allowed.
    """
    site = request.headers.get("sec-fetch-site", "none")
    reading = request.method in _READING
    if site not in {"same-origin", "none"}:
        return not (reading and request.headers.get("sec-fetch-mode") == "navigate")
    origin = request.headers.get("origin")
    return not reading and origin is not None and urlsplit(origin).netloc.lower() != request.headers["host"].lower()


def local_path(text: str) -> str:
    """Where to go after the login: a path of this page, or the start; never another website."""
    return text if _LOCAL.fullmatch(text) else "/"


def session_cookie(session_id: str) -> str:
    """The cookie of a session: for this page alone, out of reach of scripts, not sent along from other websites.

    It is not marked ``Secure``, for the page speaks plain HTTP.
    """
    return f"{COOKIE}={session_id}; HttpOnly; Path=/; SameSite=Strict"


def _opens_a_session(request: Request) -> bool:
    path = request.scope["path"]
    return path == SESSION or not path.startswith((STATIC, API))


def _with_cookie(send: Send, session_id: str) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            if "set-cookie" not in headers:  # a login has its own
                headers.append("set-cookie", session_cookie(session_id))
        await send(message)

    return sending


def _ask_for_password(request: Request) -> Response:
    path = request.scope["path"]
    if path.startswith(API):
        return fault(request, 401, "this page asks for a password", "log in at /login, and send its cookie along")
    if is_fragment(request):
        shown = urlsplit(request.headers.get("HX-Current-URL", "/"))
        answer = fault(request, 401, "this page asks for its password again", "log in")
        answer.headers["HX-Redirect"] = f"{LOGIN}?next={quote(local_path(shown.path or '/'), safe='')}"
        return answer
    wanted = _asked(request) if request.method == "GET" else "/"
    return RedirectResponse(f"{LOGIN}?next={quote(wanted, safe='')}", status_code=303)


def _asked(request: Request) -> str:
    path, query = quote(request.scope["path"]), request.url.query
    return local_path(f"{path}?{query}" if query else path)
