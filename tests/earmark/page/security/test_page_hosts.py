"""The page answers to its own names alone: DNS rebinding ends here."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.page.security.hosts import host_allowed, host_name
from earmark.page.settings import PageSettings

Raw = Callable[..., tuple[int, str]]
Serve = Callable[..., str]
EVERYWHERE = "0.0.0.0"  # noqa: S104 (never bound)


@pytest.mark.parametrize(
    ("values", "name"),
    [
        (["127.0.0.1:8000"], "127.0.0.1"),
        (["127.0.0.1"], "127.0.0.1"),
        (["LocalHost.:80"], "localhost"),
        (["[::1]:8000"], "::1"),
        (["[0:0:0:0:0:0:0:1]"], "::1"),
        (["EARMARK.lan"], "earmark.lan"),
        ([], None),
        (["127.0.0.1", "127.0.0.1"], None),
        ([""], None),
        (["."], None),
        (["::1"], None),
        (["[::1"], None),
        (["[1:2]"], None),
        (["user@127.0.0.1"], None),
        (["127.0.0.1:"], None),
        (["127.0.0.1:port"], None),
        (["127.0.0.1 "], None),
        (["127.0.0.1, evil.example"], None),
        (["127.0.0.1/evil"], None),
        (["\u0661\u0662\u0667.0.0.1"], None),
    ],
)
def test_a_name_is_read_from_one_well_formed_host(values: list[str], name: str | None) -> None:
    assert host_name(values) == name


@given(st.lists(st.text(max_size=60), max_size=3))
def test_no_host_is_allowed_but_in_the_names_of_this_machine(values: list[str]) -> None:
    name = host_name(values)
    if name is not None and host_allowed(name, PageSettings()):
        assert name in {"127.0.0.1", "localhost", "::1"}


@pytest.mark.parametrize(
    ("bound", "name", "allowed"),
    [
        ("127.0.0.1", "192.168.1.5", False),
        ("127.0.0.1", "earmark.lan", False),
        ("127.0.0.2", "127.0.0.2", True),
        ("localhost", "localhost", True),
        ("::1", "::1", True),
        (EVERYWHERE, "192.168.1.5", True),
        (EVERYWHERE, "fe80::1", True),
        (EVERYWHERE, "evil.example", False),
        ("192.168.1.5", "192.168.1.5", True),
        ("Earmark.lan.", "earmark.lan", True),
        ("earmark.lan", "earmark.lan.evil.example", False),
    ],
)
def test_beyond_this_machine_numbers_and_the_bound_name_are_allowed(bound: str, name: str, allowed: bool) -> None:
    assert host_allowed(name, PageSettings(host=bound)) is allowed


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1", 200),
        ("127.0.0.1:1", 200),
        ("LOCALHOST:8000", 200),
        ("localhost.", 200),
        ("[::1]:8000", 200),
        ("evil.example", 421),
        ("127.0.0.1.evil.example:8000", 421),
        ("localhost.evil.example", 421),
        ("192.168.1.5", 421),
        ("127.0.0.1@evil.example", 400),
        ("", 400),
    ],
)
@pytest.mark.parametrize("path", ["/api/v1/session", "/static/page.js"])
def test_a_request_for_another_name_is_refused(plain_page: str, raw: Raw, path: str, host: str, status: int) -> None:
    sent = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()
    answered, rest = raw(plain_page, sent)
    assert answered == status
    if status != 200:
        assert "csrf_token" not in rest
        assert "set-cookie" not in rest.lower()
        assert "content-security-policy" in rest


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /api/v1/session HTTP/1.0\r\n\r\n",
        b"GET /api/v1/session HTTP/1.1\r\nConnection: close\r\n\r\n",
        b"GET /api/v1/session HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
        b"GET /api/v1/session HTTP/1.0\r\nHost: 127.0.0.1\r\nHost: evil.example\r\n\r\n",
        b"GET http://[ HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
        b"GET http://evil.example/api/v1/session HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
        b"CONNECT 127.0.0.1:80 HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
    ],
)
def test_a_request_without_one_host_or_path_is_refused(plain_page: str, raw: Raw, sent: bytes) -> None:
    status, rest = raw(plain_page, sent)
    assert status == 400
    assert "csrf_token" not in rest


def test_the_refusal_says_where_to_go(plain_page: str, serve: Serve, raw: Raw) -> None:
    sent = b"GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
    assert "open http://127.0.0.1:8000/" in raw(plain_page, sent)[1]
    beyond = serve(PageSettings(host=EVERYWHERE, password="a" * 12))
    assert "by its address in numbers" in raw(beyond, sent)[1]
