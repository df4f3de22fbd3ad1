"""A threaded HTTP server on loopback: sockets, keep-alive and broken connections; no knowledge of any service."""

import contextlib
import socket
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.standin.exchange import Reply, Request

HOST = "127.0.0.1"
_REASONS = {status.value: status.phrase for status in HTTPStatus}


class LoopbackServer(ThreadingHTTPServer):
    """Serves one service on its own port until it is stopped.

    Parameters
    ----------
    service : str
        The name that its requests carry.
    port : int
        0 takes a free one.
    answer : callable
        Gives the reply to a request; None hangs up without one.
    """

    request_queue_size = 128
    allow_reuse_address = True

    def __init__(self, service: str, port: int, answer: Callable[[Request], Reply | None]) -> None:
        super().__init__((HOST, port), _Connection)
        self.service = service
        self.answer = answer
        self._open: set[socket.socket] = set()
        self._guard = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._main = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def url(self) -> str:
        """Its address, without a slash at the end."""
        return f"http://{HOST}:{self.server_port}"

    def server_bind(self) -> None:
        """Bind without looking up a host name, which can take seconds."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = HOST, self.server_address[1]

    def start(self) -> None:
        """Serve in threads of its own."""
        self._main.start()

    def stop(self) -> None:
        """Close all connections, and wait for their threads; also where it was never started."""
        if self._main.is_alive():
            self.shutdown()
            self._main.join()
        with self._guard:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            threads = list(self._threads)
        for thread in threads:
            thread.join(timeout=5.0)
        self.socket.close()

    def process_request(self, request: Any, client_address: Any) -> None:
        """One thread a connection."""
        thread = threading.Thread(target=self.process_request_thread, args=(request, client_address), daemon=True)
        with self._guard:
            self._open.add(request)
            self._threads = [*(one for one in self._threads if one.is_alive()), thread]
            thread.start()

    def shutdown_request(self, request: Any) -> None:
        """Close a connection."""
        with self._guard:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that hung up or were killed: tests do that. Others are recorded by ``answer``."""


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: LoopbackServer

    def _serve(self) -> None:
        path, _, query = self.path.partition("?")
        length = int(self.headers.get("Content-Length") or 0)
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(length) if length else b""
        reply = self.server.answer(Request(self.server.service, self.command, path, query, headers, body))
        if reply is None:
            self._hang_up()
            return
        content = reply.encoded()
        lines = [f"HTTP/1.1 {reply.status} {_REASONS.get(reply.status, 'Unknown')}", f"Content-Length: {len(content)}"]
        kind = "text/plain; charset=utf-8" if isinstance(reply.body, str | bytes) else "application/json; charset=utf-8"
        lines += [f"{name}: {value}" for name, value in {"Content-Type": kind, **reply.headers}.items()]
        # One write for head and body: two would wait for each other's acknowledgement.
        self.wfile.write("\r\n".join([*lines, "", ""]).encode() + content[: reply.keep])
        if reply.hang_up or reply.keep is not None:
            self._hang_up()

    do_GET = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815  # names that http.server looks for

    def _hang_up(self) -> None:
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Print nothing."""
