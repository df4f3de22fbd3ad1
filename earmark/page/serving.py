"""The page's server: one process that answers, and ends when it is told to."""

import asyncio
import logging
import socket
from typing import Final

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from earmark.home import Home
from earmark.page.app import create_app
from earmark.page.settings import PageSettings

_PATIENCE_S: Final = 10
"""For answers that are under way, after every stream was told to end."""
_CONNECTIONS: Final = 200
"""A browser opens six; beyond these, requests are refused with 503."""


def server_of(home: Home, settings: PageSettings) -> uvicorn.Server:
    """The server of a page; ``run(sockets=[...])`` answers until a signal ends it.

    What is being answered then is finished, and streams are ended. Once all has ended, the signal is raised again.

    Parameters
    ----------
    home : Home
    settings : PageSettings
    """
    logging.getLogger("python_multipart").setLevel(logging.ERROR)  # a malformed upload is told to who sent it
    return _Server(Streams(create_app(home, settings)))


class Streams:
    """Ends answers that go on for ever, such as a train's progress, when the server does.

    Parameters
    ----------
    app : ASGI application
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._ending = asyncio.Event()

    def end(self) -> None:
        """From now on, every visitor counts as gone."""
        self._ending.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer; an answer that is cut short is still closed as HTTP wants it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        unfinished = False

        async def sending(message: Message) -> None:
            nonlocal unfinished
            unfinished = message["type"] == "http.response.start" or message.get("more_body", False)
            await send(message)

        async def receiving() -> Message:
            heard = asyncio.ensure_future(receive())
            ended = asyncio.ensure_future(self._ending.wait())
            try:
                await asyncio.wait({heard, ended}, return_when=asyncio.FIRST_COMPLETED)
                return heard.result() if heard.done() else {"type": "http.disconnect"}
            finally:
                heard.cancel()
                ended.cancel()

        await self._app(scope, receiving, sending)
        if unfinished and self._ending.is_set():
            await send({"type": "http.response.body", "body": b"", "more_body": False})


class _Server(uvicorn.Server):
    """Uvicorn for one local page: no access log, no names of software, no trust in what proxies would say."""

    def __init__(self, streams: Streams) -> None:
        self._streams = streams
        super().__init__(
            uvicorn.Config(
                streams,
                http="h11",
                ws="none",
                lifespan="on",
                log_level="warning",
                access_log=False,
                server_header=False,
                proxy_headers=False,
                limit_concurrency=_CONNECTIONS,
                h11_max_incomplete_event_size=32 * 1024,
                timeout_keep_alive=30,
                timeout_graceful_shutdown=_PATIENCE_S,
            )
        )

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End streams first: waiting for them would be in vain."""
        self._streams.end()
        await super().shutdown(sockets)
