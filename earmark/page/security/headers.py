"""Headers on every answer, errors included.

Pure ASGI, as all of the guard: Starlette's ``BaseHTTPMiddleware`` would hold streams back. Answers are not compressed:
on one machine it costs more time than it saves, and compression beside a secret token tells of it (the BREACH attack).
"""

import time
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

STATIC: Final = "/static/"
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-src https://open.spotify.com; base-uri 'none'; frame-ancestors 'none'"
)
_FOR_PLAYER: Final = ("autoplay", "encrypted-media", "fullscreen")
_FOR_NOBODY: Final = ("camera", "microphone", "geolocation", "payment", "usb", "display-capture", "browsing-topics")
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Nobody else learns which page was open. "no-referrer" would say no more, but have browsers send "Origin: null"
    # with the login form, which tells our own form from a stranger's no longer.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(
        [f'{name}=(self "https://open.spotify.com")' for name in _FOR_PLAYER] + [f"{name}=()" for name in _FOR_NOBODY]
    ),
}


class Headers:
    """Adds the headers, how long the answer took, and whether it may be kept.

    Parameters
    ----------
    app : ASGI application
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer; ``Server-Timing`` gives the milliseconds until the answer began."""
        started = time.perf_counter()

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                headers["Cache-Control"] = _keeping(scope, message["status"])
                headers["Server-Timing"] = f"app;dur={1000 * (time.perf_counter() - started):.1f}"
            await send(message)

        await self._app(scope, receive, with_headers)


def _keeping(scope: Scope, status: int) -> str:
    """A static file under its digest never changes; under its name alone it is asked for anew; all else is private."""
    if not scope["path"].startswith(STATIC) or status not in {200, 206, 304}:
        return "no-store"
    return "public, max-age=31536000, immutable" if scope["query_string"].startswith(b"v=") else "no-cache"
