"""Where the browser comes back to after a sign-in: a server on this machine that waits for one answer."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hmac import compare_digest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from connectors.http.faults import duration_words
from connectors.http.redaction import hide
from features.errors import InputError

PATH: Final = "/callback"
_PAGE: Final = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>earmark</title>'
    "<body style='font-family: sans-serif; margin: 4em'><h1>{title}</h1><p>{text}</p></body></html>"
)
_RECEIVED: Final = _PAGE.format(title="Back to earmark", text="You can close this page; the terminal goes on.")
_FOREIGN: Final = _PAGE.format(title="Not this sign-in", text="Open the address that the terminal shows.")
_NOTHING: Final = _PAGE.format(title="Nothing here", text="Open the address that the terminal shows.")


@dataclass(frozen=True)
class Redirect:
    """What Spotify sends the browser back with: a code, or an error.

    Parameters
    ----------
    code, error : str, optional
    """

    code: str | None = None
    error: str | None = None


def read_redirect(address: str, state: str) -> Redirect | None:
    """The answer in a redirect address.

    Parameters
    ----------
    address : str
        A whole address, or its path and query.
    state : str
        What this sign-in was begun with.

    Returns
    -------
    Redirect or None
        None where the address belongs to another sign-in, or to none.
    """
    try:
        query = parse_qs(urlsplit(address.strip()).query, max_num_fields=20)
    except ValueError:
        return None
    values = {name: given[0] for name, given in query.items() if len(given) == 1}
    if not compare_digest(values.get("state", "").encode(errors="replace"), state.encode()):
        return None
    if "error" in values:
        return Redirect(error=values["error"][:100])
    hide(values.get("code"))
    return Redirect(code=values["code"]) if values.get("code") else None


def code_of(redirect: Redirect) -> str:
    """The code.

    Raises
    ------
    InputError
        If Spotify sent an error in its place.
    """
    if redirect.code is not None:
        return redirect.code
    if redirect.error == "access_denied":
        raise InputError(
            "you declined on Spotify's page, so nobody is signed in",
            "run it again and agree; earmark reads your likes and playlists, and changes only playlists that it made",
        )
    known = redirect.error if redirect.error and redirect.error.replace("_", "").isalnum() else "an error"
    raise InputError(f"Spotify does not let you sign in: {known}", "check the app's settings, then run it again")


class Callback:
    """The server; made by `listening`.

    Parameters
    ----------
    server : ThreadingHTTPServer
    answers : SimpleQueue of Redirect
    """

    def __init__(self, server: ThreadingHTTPServer, answers: "SimpleQueue[Redirect]") -> None:
        self._server = server
        self._answers = answers

    @property
    def port(self) -> int:
        """Where it listens, on 127.0.0.1."""
        return int(self._server.server_address[1])

    def wait(self, timeout: float) -> Redirect:
        """The first answer to this sign-in; those to others are refused, and waiting goes on.

        Raises
        ------
        InputError
            If none comes within ``timeout`` seconds.
        """
        try:
            return self._answers.get(timeout=timeout)
        except Empty:
            raise InputError(
                f"nobody signed in within {duration_words(timeout)}",
                "run it again; if the browser is on another machine: earmark login spotify --headless",
            ) from None


@contextmanager
def listening(port: int, state: str) -> Iterator[Callback]:
    """Listen on 127.0.0.1 for the answer to the sign-in begun with ``state``.

    Raises
    ------
    InputError
        If the port is taken or may not be used.
    """
    answers: SimpleQueue[Redirect] = SimpleQueue()

    try:
        server = _Server(port, state, answers)
    except (OSError, OverflowError) as error:
        raise InputError(
            f"port {port} of this machine cannot be listened on: {getattr(error, 'strerror', None) or 'not a port'}",
            "choose another with --port N (and add http://127.0.0.1:N/callback to the app's redirect URIs), "
            "or use --headless",
        ) from None
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield Callback(server, answers)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    """Threads, because browsers open connections in advance on which they say nothing."""

    daemon_threads = True
    allow_reuse_address = os.name != "nt"  # Windows would let two programs listen on one port

    def __init__(self, port: int, state: str, answers: "SimpleQueue[Redirect]") -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.state = state
        self.answers = answers

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that goes away is no news."""


class _Handler(BaseHTTPRequestHandler):
    """Answers with pages that hold nothing of the request."""

    timeout = 10.0
    server_version = "earmark"
    sys_version = ""

    server: "_Server"

    def do_GET(self) -> None:
        """Receive the answer."""
        if self.path.partition("?")[0] != PATH:
            self._page(404, _NOTHING)
            return
        redirect = read_redirect(self.path, self.server.state)
        if redirect is None:
            self._page(400, _FOREIGN)
            return
        self._page(200, _RECEIVED)
        self.server.answers.put(redirect)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002
        """Python's own page would repeat parts of the request."""
        self._page(int(code), _NOTHING)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the base class's name)
        """Say nothing: the request holds the code."""

    def _page(self, status: int, page: str) -> None:
        body = page.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.close_connection = True
