"""How much a request may bring, and how long it may take over it.

A body is read whole before anything is done about it; so that it is refused in words, and no half of it was acted on.
"""

import asyncio
from collections.abc import Mapping
from typing import Final

from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from earmark.page.faults import fault

SMALL: Final = 64 * 1024
"""Bytes of a verdict, a form, a few settings."""
SECONDS: Final = 10.0
UPLOADS: Final = frozenset({"/api/v1/lists", "/api/v1/tables"})
UPLOAD_SECONDS: Final = 120.0
_DRAINED: Final = 64 * 2**20
"""Bytes of an oversized body that are read and dropped: a browser hears the refusal only once it has sent it all."""


class Bodies:
    """Reads bodies within their bounds.

    Parameters
    ----------
    app : ASGI application
    max_upload_bytes : int
        The largest file; what a form adds to it is allowed for.
    seconds : mapping of bool to float
        How long a body may take: an upload (True), or any other (False).
    """

    def __init__(self, app: ASGIApp, max_upload_bytes: int, seconds: Mapping[bool, float] | None = None) -> None:
        self._app = app
        self._limits = {True: max_upload_bytes + SMALL, False: SMALL}
        self._seconds = seconds or {True: UPLOAD_SECONDS, False: SECONDS}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer; 413 to a body that is too large, 408 to one that takes too long."""
        request = Request(scope)
        if not {"content-length", "transfer-encoding"} & set(request.headers):
            await self._app(scope, receive, send)
            return
        upload = request.method == "POST" and scope["path"] in UPLOADS
        limit, seconds = self._limits[upload], self._seconds[upload]
        try:
            async with asyncio.timeout(seconds):
                body = await _read(receive, limit, _declared(request))
        except TimeoutError:
            answer = fault(
                request,
                408,
                f"the request did not arrive within {seconds:g} seconds",
                "send it again, or a smaller one",
            )
            await answer(scope, receive, send)
        except ConnectionResetError:
            return
        except OverflowError:
            answer = fault(
                request, 413, f"the request is larger than {_in_words(limit)}", "send a smaller file, or fewer tracks"
            )
            await answer(scope, receive, send)
        else:
            await self._app(scope, _replayed(body, receive), send)


def _declared(request: Request) -> int:
    text = request.headers.get("content-length", "0")
    return int(text) if text.isascii() and text.isdigit() else 0


async def _read(receive: Receive, limit: int, declared: int) -> bytes:
    """The body; OverflowError where it is too large, ConnectionResetError where the visitor has gone."""
    if declared > limit + _DRAINED:
        raise OverflowError
    chunks: list[bytes] = []
    size = 0
    more = True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            raise ConnectionResetError
        chunk = message.get("body", b"")
        size += len(chunk)
        if size <= limit:
            chunks.append(chunk)
        else:
            chunks.clear()
        more = message.get("more_body", False) and size <= limit + _DRAINED
    if size > limit:
        raise OverflowError
    return b"".join(chunks)


def _replayed(body: bytes, receive: Receive) -> Receive:
    """The body as one message; then what the connection says, such as that the visitor has gone."""
    waiting = [body]

    async def again() -> Message:
        if waiting:
            return {"type": "http.request", "body": waiting.pop(), "more_body": False}
        return await receive()

    return again


def _in_words(size: int) -> str:
    return f"{size // 2**20} MB" if size >= 2**20 else f"{size // 1024} KB"
