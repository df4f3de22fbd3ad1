"""A request is bounded in size and time, and says so; streams end with the server."""

import asyncio
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager

import pytest
import requests
import uvicorn
from fastapi.responses import StreamingResponse
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from earmark.page.opening import listen
from earmark.page.security.bodies import SMALL, Bodies
from earmark.page.serving import Streams

Raw = Callable[..., tuple[int, str]]
UPLOAD = 100_000
"""Bytes of the largest file that `plain_page` takes."""


def _post(path: str, visitor: requests.Session, more: str) -> bytes:
    cookie, token = visitor.cookies["earmark_session"], visitor.headers["X-CSRF-Token"]
    return (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nCookie: earmark_session={cookie}\r\n"
        f"X-CSRF-Token: {token!s}\r\nContent-Type: application/json\r\n{more}\r\n"
    ).encode()


@pytest.mark.parametrize("path", ["/nowhere", "/api/v1/nowhere", "/api/v1/verdicts", "/login"])
def test_a_body_beyond_the_bound_is_refused_in_words(plain_page: str, visitor: requests.Session, path: str) -> None:
    assert visitor.post(plain_page + path, data=b"x" * SMALL, timeout=20).status_code != 413
    refused = visitor.post(plain_page + path, data=b"x" * (SMALL + 1), timeout=20)
    assert refused.status_code == 413
    assert "larger than 64 KB" in refused.text
    assert "content-security-policy" in refused.headers


def test_chunks_are_counted_where_no_length_is_given(plain_page: str, visitor: requests.Session) -> None:
    pieces = (b"x" * 10_000 for _ in range(10))
    refused = visitor.post(f"{plain_page}/api/v1/verdicts", data=pieces, timeout=20)
    assert refused.status_code == 413


def test_an_upload_may_be_as_large_as_the_settings_say(plain_page: str, visitor: requests.Session) -> None:
    address = f"{plain_page}/api/v1/lists"
    fits = visitor.post(address, files={"file": ("a.csv", b"x" * UPLOAD)}, timeout=20)
    assert fits.status_code not in {403, 413}
    refused = visitor.post(address, files={"file": ("a.csv", b"x" * (UPLOAD + SMALL))}, timeout=20)
    assert refused.status_code == 413
    assert "larger than" in refused.json()["error"]


def test_a_bomb_is_refused_before_it_is_sent(plain_page: str, visitor: requests.Session, raw: Raw) -> None:
    started = time.monotonic()
    status, rest = raw(plain_page, _post("/api/v1/lists", visitor, "Content-Length: 900000000000\r\n"))
    assert status == 413
    assert "smaller file" in rest
    assert time.monotonic() - started < 5


def test_without_a_token_no_body_is_waited_for(plain_page: str, raw: Raw) -> None:
    head = b"POST /api/v1/lists HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: 1000\r\n\r\n"
    assert raw(plain_page, head)[0] == 403


def test_a_compressed_body_is_not_unpacked(plain_page: str, visitor: requests.Session) -> None:
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    answer = visitor.post(f"{plain_page}/api/v1/verdicts", data=b"\x1f\x8b" + b"\0" * 500, headers=headers, timeout=20)
    assert 400 <= answer.status_code < 500


def test_headers_that_do_not_end_are_given_up(plain_page: str, raw: Raw) -> None:
    sent = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"a" * 100_000
    assert raw(plain_page, sent)[0] == 400


@contextmanager
def _run(app: Streams) -> Iterator[tuple[uvicorn.Server, int]]:
    """A server of one small application, as ours is set up but for that."""

    class Ending(uvicorn.Server):
        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            app.end()
            await super().shutdown(sockets)

    opened = listen("127.0.0.1", 0)
    server = Ending(uvicorn.Config(app, lifespan="off", log_level="warning", timeout_graceful_shutdown=10))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [opened]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield server, opened.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(20)
        assert not thread.is_alive()


def test_a_body_that_trickles_in_is_given_up(raw: Raw) -> None:
    async def echo(scope: Scope, receive: Receive, send: Send) -> None:
        body = await Request(scope, receive).body()
        await JSONResponse({"length": len(body)})(scope, receive, send)

    head = b"POST /api/x HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: 10\r\n\r\n"
    with _run(Streams(Bodies(echo, 0, {True: 5.0, False: 0.3}))) as (_, port):
        started = time.monotonic()
        status, rest = raw(f":{port}", head + b"123")
        assert 0.25 < time.monotonic() - started < 5
        assert status == 408
        assert "did not arrive within 0.3 seconds" in rest
        status, rest = raw(f":{port}", head + b"1234567890")
        assert (status, rest[-13:]) == (200, '{"length":10}')
        with socket.create_connection(("127.0.0.1", port), timeout=5) as gone:
            gone.sendall(head + b"12")
        assert raw(f":{port}", head + b"1234567890")[0] == 200


def test_an_endless_answer_ends_with_the_server_and_as_http_wants_it(capfd: pytest.CaptureFixture[str]) -> None:
    async def events() -> AsyncIterator[bytes]:
        while True:
            yield b"data: 1\n\n"
            await asyncio.sleep(0.05)

    app = Streams(StreamingResponse(events(), media_type="text/event-stream"))
    with _run(app) as (server, port):
        stream = requests.get(f"http://127.0.0.1:{port}/", stream=True, timeout=20)
        lines = stream.iter_lines()
        assert next(lines) == b"data: 1"
        started = time.monotonic()
        server.should_exit = True
        assert set(lines) <= {b"", b"data: 1"}  # a stream that is torn off would raise ChunkedEncodingError
        assert time.monotonic() - started < 5
    assert "Traceback" not in capfd.readouterr().err
