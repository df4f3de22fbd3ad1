"""The guard as a whole: an application none of whose answers, errors included, comes from outside of it."""

from typing import Final

from fastapi import FastAPI, Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from earmark.page.faults import fault
from earmark.page.security.bodies import Bodies
from earmark.page.security.gate import Gate
from earmark.page.security.headers import Headers
from earmark.page.security.hosts import host_allowed, host_name
from earmark.page.security.tokens import Sessions
from earmark.page.settings import PageSettings

_POLICY_VIOLATION: Final = 1008
"""RFC 6455, section 7.4.1."""


class GuardedApp(FastAPI):
    """FastAPI behind the guard; ``state.desk`` and ``state.sessions`` must be set before the first request."""

    def build_middleware_stack(self) -> ASGIApp:
        """Everything, with the guard outside of what turns errors into answers."""
        settings: PageSettings = self.state.desk.settings
        sessions: Sessions = self.state.sessions
        inside = super().build_middleware_stack()
        checked = Gate(Bodies(inside, settings.max_upload_bytes), settings, sessions)
        guarded = Headers(Hosts(checked, settings))

        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http":
                await guarded(scope, receive, send)
            elif scope["type"] == "lifespan":
                await inside(scope, receive, send)
            else:  # the page speaks no WebSocket
                await send({"type": "websocket.close", "code": _POLICY_VIOLATION})

        return answer


class Hosts:
    """Refuses names that the page does not answer to.

    Parameters
    ----------
    app : ASGI application
    settings : PageSettings
    """

    def __init__(self, app: ASGIApp, settings: PageSettings) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer; 400 where ``Host`` is missing, doubled or malformed, 421 where it is another's."""
        if not scope["path"].startswith("/"):  # for a proxy, or for nobody; it could not even be told as an address
            await PlainTextResponse("this is not a page", 400)(scope, receive, send)
            return
        request = Request(scope)
        name = host_name(request.headers.getlist("host"))
        if name is not None and host_allowed(name, self._settings):
            await self._app(scope, receive, send)
            return
        if name is None:
            answer = fault(request, 400, "the request does not say, once, which host it is for", "open / in a browser")
        else:
            answer = fault(request, 421, f"this page does not answer to the name {name[:100]!r}", self._mend())
        await answer(scope, receive, send)

    def _mend(self) -> str:
        if self._settings.reachable_from_elsewhere:
            return "open it by its address in numbers, or start it with --host and this name"
        return f"open http://127.0.0.1:{self._settings.port}/"
