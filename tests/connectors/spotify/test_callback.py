"""The server that the browser comes back to."""

import http.client
import socket
import threading
import time
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.spotify.callback import Callback, Redirect, code_of, listening, read_redirect
from features.errors import InputError

STATE = "a-state-that-nobody-guesses"


def get(port: int, target: str, method: str = "GET") -> tuple[int, str, http.client.HTTPMessage]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request(method, target)
        answer = connection.getresponse()
        return answer.status, answer.read().decode(), answer.headers
    finally:
        connection.close()


def answered(**values: str) -> str:
    return f"/callback?{urlencode(values)}"


def test_the_code_is_handed_over_and_the_page_repeats_nothing() -> None:
    with listening(0, STATE) as callback:
        status, page, headers = get(callback.port, answered(code="the-code-of-spotify", state=STATE))
        assert callback.wait(5) == Redirect(code="the-code-of-spotify")
    assert status == 200
    assert "the-code" not in page
    assert STATE not in page
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize(
    "target",
    [
        answered(code="foreign", state="another"),
        answered(code="foreign"),
        answered(code="foreign", state=""),
        answered(error="access_denied", state="another"),
        answered(state=STATE),
        f"/callback?code=a&state=x&state={STATE}",
        f"/callback?code=one&code=two&state={STATE}",
        "/callback",
        answered(code="foreign", state="ü" * 30),
    ],
)
def test_answers_to_other_sign_ins_are_refused_and_waiting_goes_on(target: str) -> None:
    with listening(0, STATE) as callback:
        assert get(callback.port, target)[0] == 400
        with pytest.raises(InputError):
            callback.wait(0.01)
        assert get(callback.port, answered(code="ours-at-last", state=STATE))[0] == 200
        assert callback.wait(5) == Redirect(code="ours-at-last")


@pytest.mark.parametrize("target", ["/", "/favicon.ico", "/callback/more?code=x", "/%63allback"])
def test_there_is_nothing_else(target: str) -> None:
    with listening(0, STATE) as callback:
        status, page, _ = get(
            callback.port, f"{target}?state={STATE}&code=<script>alert(1)</script>".replace("<", "%3C")
        )
        assert status == 404
        assert "script" not in page
        with pytest.raises(InputError):
            callback.wait(0.01)


@pytest.mark.parametrize("method", ["POST", "HEAD", "PUT", "<b>"])
def test_only_get_is_answered(method: str) -> None:
    with listening(0, STATE) as callback:
        status, page, _ = get(callback.port, answered(code="the-code", state=STATE), method)
        assert status >= 400
        assert method not in page
        with pytest.raises(InputError):
            callback.wait(0.01)


def test_a_browser_that_says_nothing_does_not_block_the_answer() -> None:
    with listening(0, STATE) as callback, socket.create_connection(("127.0.0.1", callback.port)):
        assert get(callback.port, answered(code="the-code", state=STATE))[0] == 200
        assert callback.wait(5).code == "the-code"


def test_garbage_is_answered_with_nothing_of_it() -> None:
    with listening(0, STATE) as callback, socket.create_connection(("127.0.0.1", callback.port), timeout=5) as line:
        line.sendall(b"<script>alert(1)</script>\r\n\r\n")
        assert b"script" not in line.recv(4096)


def test_it_listens_on_this_machine_alone() -> None:
    with listening(0, STATE) as callback, pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.2", callback.port), timeout=1)


def test_it_is_gone_afterwards() -> None:
    with listening(0, STATE) as callback:
        port = callback.port
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port), timeout=1)
    with listening(port, STATE) as again:
        assert again.port == port


def test_a_port_that_is_taken_is_said_so() -> None:
    with listening(0, STATE) as callback:
        second = listening(callback.port, STATE)
        with pytest.raises(InputError, match=f"port {callback.port}") as caught:
            second.__enter__()
    assert "--port" in caught.value.hint
    assert "--headless" in caught.value.hint


def test_waiting_ends_with_words() -> None:
    began = time.monotonic()
    with listening(0, STATE) as callback, pytest.raises(InputError, match="nobody signed in within 1 s") as caught:
        callback.wait(0.05)
    assert time.monotonic() - began < 2
    assert "--headless" in caught.value.hint


def test_the_answer_may_come_while_waiting() -> None:
    def later(callback: Callback) -> None:
        get(callback.port, answered(code="the-code", state=STATE))

    with listening(0, STATE) as callback:
        thread = threading.Thread(target=later, args=(callback,))
        thread.start()
        assert callback.wait(5).code == "the-code"
        thread.join()


def test_a_refusal_is_said_in_words() -> None:
    redirect = read_redirect(f"http://127.0.0.1:1/callback?error=access_denied&state={STATE}", STATE)
    assert redirect == Redirect(error="access_denied")
    with pytest.raises(InputError, match="declined"):
        code_of(Redirect(error="access_denied"))
    with pytest.raises(InputError, match="server_error"):
        code_of(Redirect(error="server_error"))
    with pytest.raises(InputError) as caught:
        code_of(Redirect(error="\x1b[31m<script>"))
    assert "script" not in caught.value.message


@given(st.text())
def test_any_address_is_read_or_refused(address: str) -> None:
    assert read_redirect(address, STATE) is None


def test_an_address_that_was_pasted_with_broken_characters_belongs_to_no_sign_in() -> None:
    assert read_redirect("http://127.0.0.1:8912/callback?code=a&state=\udcff", STATE) is None
