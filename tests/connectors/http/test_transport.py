"""The transport against a real server: what is sent again, how long is waited, and what is never done."""

import contextlib
import gzip
import json
import os
import socket
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.http import transport as module
from connectors.http.faults import BadAnswer, QuotaExceeded, RateLimited, ServiceUnavailable
from connectors.http.transport import MOST_ATTEMPTS, Transport
from connectors.http.waiting import Wait
from features.errors import EarmarkError
from tests.connectors.http.scripted import Scripted, limited
from tests.standin.exchange import Reply, Request

OK = Reply(200, {"done": True})
FAILED = Reply(503, "out of order")
PAGE = "<!doctype html><html><body>Welcome to the hotel</body></html>"


class Clock:
    """Sleeps in no time, and remembers how long it would have been."""

    def __init__(self) -> None:
        self.slept = 0.0

    def __call__(self, seconds: float) -> None:
        self.slept += seconds


def make(clock: Clock, max_wait: float = 60.0, waits: list[Wait] | None = None) -> Transport:
    return Transport("Service", max_wait=max_wait, sleep=clock, on_wait=(waits if waits is not None else []).append)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
@pytest.mark.parametrize(
    "trouble",
    [FAILED, Reply(500, PAGE), None, Reply(200, {"done": "x" * 200}, keep=50), Reply(200, b'{"items": [{"na')],
    ids=["503", "500 page", "hang up", "cut body", "cut json"],
)
def test_what_may_be_repeated_is_sent_again(clock: Clock, method: str, trouble: Reply | None) -> None:
    with Scripted(trouble, trouble, OK) as service, make(clock) as transport:
        assert transport.request(method, service.url).json() == {"done": True}
        assert transport.calls == len(service.requests) == 3


@pytest.mark.parametrize("trouble", [FAILED, None, Reply(200, {"done": "x" * 200}, keep=50)])
def test_a_post_that_may_have_been_carried_out_is_not_sent_again(clock: Clock, trouble: Reply | None) -> None:
    with Scripted(trouble, OK) as service, make(clock) as transport, pytest.raises(ServiceUnavailable) as caught:
        transport.post(service.url, json={})
    assert len(service.requests) == 1
    assert clock.slept == 0
    assert caught.value.exit_code == 3


def test_a_post_that_was_not_carried_out_is_sent_again(clock: Clock) -> None:
    with Scripted(limited("3"), OK) as service, make(clock) as transport:
        assert transport.post(service.url, json={"a": 1}).json() == {"done": True}
    assert [request.json() for request in service.requests] == [{"a": 1}, {"a": 1}]
    assert clock.slept == pytest.approx(3)


def test_a_post_is_sent_once_there_is_a_connection(clock: Clock) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen: connections are refused
        port = taken.getsockname()[1]
        with make(clock) as transport, pytest.raises(ServiceUnavailable, match="no connection is made"):
            transport.post(f"http://127.0.0.1:{port}/")
    assert transport.calls == MOST_ATTEMPTS


def test_a_failing_service_is_given_up_on_after_bounded_jittered_waits(clock: Clock) -> None:
    waits: list[Wait] = []
    with (
        Scripted(FAILED) as service,
        make(clock, waits=waits) as transport,
        pytest.raises(ServiceUnavailable) as caught,
    ):
        transport.get(service.url)
    assert transport.calls == MOST_ATTEMPTS
    assert clock.slept <= 0.5 + 1 + 2 + 4 + 8
    assert {wait.why for wait in waits} == {"service"}
    assert "503" in caught.value.message


def test_a_failing_service_that_says_when_is_not_asked_before_and_the_hint_repeats_it(clock: Clock) -> None:
    reply = Reply(503, "out of order", {"Retry-After": "74214"})
    with Scripted(reply) as service, make(clock) as transport, pytest.raises(ServiceUnavailable) as caught:
        transport.get(service.url)
    assert (transport.calls, clock.slept) == (1, 0)
    then = datetime.now().astimezone() + timedelta(seconds=74_214)
    assert then.strftime("%d %b %Y") in caught.value.hint


def test_no_waiting_at_all_where_none_is_allowed(clock: Clock) -> None:
    with Scripted(FAILED) as service, make(clock, max_wait=0) as transport, pytest.raises(ServiceUnavailable):
        transport.get(service.url)
    assert (transport.calls, clock.slept) == (1, 0)


@pytest.mark.parametrize(
    "retry_after",
    [lambda: "7", lambda: format_datetime(datetime.now(UTC) + timedelta(seconds=7.9), usegmt=True)],
    ids=["seconds", "date"],
)
def test_a_rate_limit_is_waited_out_in_sight(clock: Clock, retry_after: Callable[[], str]) -> None:
    waits: list[Wait] = []
    with Scripted(lambda _: limited(retry_after()), OK) as service, make(clock, waits=waits) as transport:
        assert transport.get(service.url).status_code == 200
    assert 6 <= clock.slept <= 8
    assert [wait.why for wait in waits] == ["rate_limit"] * len(waits)
    remaining = [wait.remaining for wait in waits]
    assert remaining == sorted(remaining, reverse=True)
    assert remaining[0] == waits[0].seconds
    assert remaining[-1] == 0
    assert len(remaining) >= 7


def test_waits_of_one_request_add_up_to_what_is_allowed(clock: Clock) -> None:
    with Scripted(limited("25")) as service, make(clock) as transport, pytest.raises(RateLimited):
        transport.get(service.url)
    assert clock.slept == pytest.approx(50)
    assert transport.calls == 3


def test_a_long_rate_limit_ends_at_once_and_says_when_to_come_back(clock: Clock) -> None:
    with Scripted(limited("74214")) as service, make(clock) as transport, pytest.raises(RateLimited) as caught:
        transport.get(service.url)
    assert (transport.calls, clock.slept) == (1, 0)
    fault = caught.value
    assert fault.seconds == 74_214
    assert abs((fault.retry_at - datetime.now(UTC)).total_seconds() - 74_214) < 10
    assert "20 h 36 min" in fault.message
    assert fault.retry_at.astimezone().strftime("%d %b %Y %H:%M") in fault.message
    assert (fault.exit_code, "--max-wait" in fault.hint) == (3, True)


@pytest.mark.parametrize("retry_after", ["99999999999999999999", "Sun, 06 Nov 9999 08:49:37 GMT"])
def test_an_absurd_rate_limit_is_still_a_date(clock: Clock, retry_after: str) -> None:
    with Scripted(limited(retry_after)) as service, make(clock) as transport, pytest.raises(RateLimited):
        transport.get(service.url)


@pytest.mark.parametrize("retry_after", [None, "soon", "-5", "0", "Sun, 06 Nov 1994 08:49:37 GMT"])
def test_a_rate_limit_without_a_time_is_waited_out_with_growing_patience(clock: Clock, retry_after: str | None) -> None:
    with Scripted(limited(retry_after), limited(retry_after), OK) as service, make(clock) as transport:
        transport.get(service.url)
    assert 3 <= clock.slept <= 3 + 0.5 + 1


def test_a_used_up_quota_is_told_apart_and_not_waited_for(clock: Clock) -> None:
    used_up = limited("5", "QUOTA_EXCEEDED")
    with Scripted(used_up) as service, make(clock) as transport, pytest.raises(QuotaExceeded) as caught:
        transport.get(service.url)
    assert (transport.calls, clock.slept) == (1, 0)
    assert caught.value.retry_at is not None
    assert "quota" in caught.value.message


def test_a_web_page_in_place_of_an_answer_is_not_believed(clock: Clock) -> None:
    page = Reply(200, PAGE)
    with Scripted(page) as service, make(clock) as transport, pytest.raises(BadAnswer, match="a web page came"):
        transport.get(service.url)
    assert transport.calls == 1


@pytest.mark.parametrize("body", [b'{"a": ', b"[" * 100_000, b"\xff\xfe{}", b"ok"])
def test_an_answer_that_stays_broken_is_an_error(clock: Clock, body: bytes) -> None:
    with Scripted(Reply(200, body)) as service, make(clock) as transport, pytest.raises(BadAnswer, match="not JSON"):
        transport.get(service.url)


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_a_change_may_be_answered_with_a_word(clock: Clock, method: str) -> None:
    with Scripted(Reply(200, "done")) as service, make(clock) as transport:
        assert transport.request(method, service.url).text == "done"
    with Scripted(Reply(200, PAGE)) as service, make(clock) as transport, pytest.raises(BadAnswer):
        transport.request(method, service.url)


def test_an_answer_in_chunks_that_breaks_off_is_asked_for_again(clock: Clock) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    with socket.create_server(("127.0.0.1", 0)) as server, make(clock) as transport:

        def serve() -> None:
            for body in (b"8\r\n[1, 2, 3\r\n", b"8\r\n[1, 2, 3\r\n1\r\n]\r\n0\r\n\r\n"):
                connection, _ = server.accept()
                with connection:
                    connection.recv(65_536)
                    connection.sendall(head + body)

        thread = threading.Thread(target=serve)
        thread.start()
        assert transport.get(f"http://127.0.0.1:{server.getsockname()[1]}/").json() == [1, 2, 3]
        thread.join()
    assert transport.calls == 2


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_a_refusal_is_handed_over_whatever_its_body(clock: Clock, status: int) -> None:
    with Scripted(Reply(status, "Active premium subscription required"), OK) as service, make(clock) as transport:
        assert transport.get(service.url).text.startswith("Active premium")
        assert (transport.status, transport.refusal) == (status, "Active premium subscription required")
        transport.get(service.url)
        assert (transport.status, transport.refusal) == (200, "")


@pytest.mark.parametrize(
    "target", ["http://localhost:{port}/", "https://127.0.0.1:{port}/", "http://127.0.0.2:{port}/", "//a b/"]
)
def test_a_token_never_follows_a_redirect_to_another_server(clock: Clock, target: str) -> None:
    with Scripted(OK) as other, Scripted() as service, make(clock) as transport:
        port = other.url.rpartition(":")[2]
        service.answers = [Reply(302, None, {"Location": target.format(port=port)})]
        with pytest.raises(BadAnswer, match="redirects"):
            transport.get(service.url, headers={"Authorization": "Bearer secret"})
    assert not other.requests


def test_another_port_is_another_server(clock: Clock) -> None:
    with (
        Scripted(OK) as other,
        Scripted(Reply(307, None, {"Location": other.url})) as service,
        make(clock) as transport,
        pytest.raises(BadAnswer),
    ):
        transport.get(service.url)
    assert not other.requests


def test_a_redirect_within_the_server_is_followed_for_reading_alone(clock: Clock) -> None:
    here = Reply(301, None, {"Location": "/new"})
    with Scripted(here, OK) as service, make(clock) as transport:
        assert transport.get(f"{service.url}/old", params={"a": "1"}).json() == {"done": True}
    assert [(request.path, transport.calls) for request in service.requests][1] == ("/new", 2)
    with Scripted(here, OK) as service, make(clock) as transport, pytest.raises(BadAnswer):
        transport.put(f"{service.url}/old")


def test_redirects_in_a_circle_end(clock: Clock) -> None:
    again = Reply(302, None, {"Location": "/again"})
    with Scripted(again) as service, make(clock) as transport, pytest.raises(BadAnswer, match="without an end"):
        transport.get(service.url)


def test_an_answer_without_end_is_not_read_to_its_end(clock: Clock) -> None:
    bomb = gzip.compress(b"[" + b"0," * 4_000_000 + b"0]")
    packed = Reply(200, bomb, {"Content-Encoding": "gzip"})
    transport = Transport("Service", sleep=clock, largest=100_000)
    with Scripted(packed) as service, transport, pytest.raises(BadAnswer, match="longer"):
        transport.get(service.url)


def test_a_packed_answer_is_unpacked(clock: Clock) -> None:
    packed = Reply(200, gzip.compress(b'{"done": true}'), {"Content-Encoding": "gzip"})
    with Scripted(packed) as service, make(clock) as transport:
        assert transport.get(service.url).json() == {"done": True}


def test_a_server_that_drips_is_given_up_on(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SLOWEST", -1.0)
    with Scripted(OK) as service, make(clock) as transport, pytest.raises(ServiceUnavailable, match="too slowly"):
        transport.get(service.url)


def test_a_server_that_does_not_answer_is_given_up_on(clock: Clock) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"http://127.0.0.1:{mute.getsockname()[1]}/"
        with make(clock, max_wait=0) as transport, pytest.raises(ServiceUnavailable, match="in time"):
            transport.get(url, timeout=0.1)


def test_a_name_that_is_not_known_is_said_so(clock: Clock) -> None:
    with (
        make(clock, max_wait=0) as transport,
        pytest.raises(ServiceUnavailable, match="name cannot be looked up") as caught,
    ):
        transport.get("https://earmark.invalid/")
    assert "online" in caught.value.hint


def test_requests_are_spaced_where_the_service_asks_for_it(clock: Clock) -> None:
    with Scripted(OK) as service, Transport("Service", per_second=0.5, sleep=clock) as transport:
        for _ in range(3):
            transport.get(service.url)
    assert 3.5 <= clock.slept <= 4.0  # two gaps of 2 s, less what the requests took


def test_a_connection_is_kept_open(clock: Clock) -> None:
    ports = set()

    def count(request: Request) -> Reply:
        ports.add(threading.get_ident())  # the server has one thread a connection
        return OK

    with Scripted(count) as service, make(clock) as transport:
        for _ in range(5):
            transport.get(service.url)
    assert len(ports) == 1


def test_a_password_in_netrc_does_not_replace_the_token(
    clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login somebody password else\n")
    netrc.chmod(0o600)
    monkeypatch.setitem(os.environ, "NETRC", str(netrc))
    with Scripted(OK) as service, make(clock) as transport:
        transport.get(service.url, headers={"Authorization": "Bearer ours"})
    assert service.requests[0].headers["authorization"] == "Bearer ours"


def test_a_proxy_is_not_asked_for_this_machine(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    with Scripted(OK) as proxy, Scripted(OK) as service, make(clock) as transport:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        transport.request("GET", service.url, proxies=None)
    assert not proxy.requests


TROUBLES = st.sampled_from(
    [OK, FAILED, None, limited("0"), limited("3"), limited("9"), limited(), Reply(200, b'{"cut')]
)


@settings(max_examples=40, deadline=None)
@given(st.lists(TROUBLES, min_size=1, max_size=8), st.sampled_from(["GET", "POST"]), st.floats(0, 20))
def test_whatever_comes_waits_are_bounded_and_nothing_is_done_twice(
    script: list[Reply | None], method: str, max_wait: float
) -> None:
    clock = Clock()
    known = contextlib.suppress(RateLimited, ServiceUnavailable, BadAnswer)
    with Scripted(*script) as service, make(clock, max_wait=max_wait) as transport, known:
        transport.request(method, service.url)
    assert clock.slept <= max_wait + 1e-6
    assert transport.calls == len(service.requests)
    if method == "POST":
        answered = [script[min(at, len(script) - 1)] for at in range(len(service.requests))]
        assert [reply for reply in answered[:-1] if reply is None or reply.status != 429] == []


def test_an_address_that_cannot_be_is_a_bug_and_no_trouble_of_the_network(clock: Clock) -> None:
    with make(clock) as transport, pytest.raises(ValueError, match="parse"):
        transport.get("not an address")


def test_an_interrupt_ends_a_wait(clock: Clock) -> None:
    def interrupt(seconds: float) -> None:
        raise KeyboardInterrupt

    transport = Transport("Service", sleep=interrupt)
    with Scripted(limited("30")) as service, transport, pytest.raises(KeyboardInterrupt):
        transport.get(service.url)


def test_every_fault_says_what_to_do() -> None:
    now = datetime.now(UTC)
    for fault in (RateLimited("Service", now, 5), QuotaExceeded("Service"), QuotaExceeded("Service", now)):
        assert isinstance(fault, EarmarkError)
        assert fault.message[0].isupper() or fault.message.startswith("the quota")
        assert json.dumps([fault.message, fault.hint])
