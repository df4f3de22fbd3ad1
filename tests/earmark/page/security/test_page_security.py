"""What another website cannot do: change anything, read anything, put the page in a frame, or leave its folder."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests

from earmark.home import Home
from earmark.page.app import create_app
from earmark.page.security.gate import local_path
from earmark.page.security.tokens import Sessions, page_key

Raw = Callable[..., tuple[int, str]]
Serve = Callable[..., str]
PAGES = (
    "/",
    "/ask",
    "/train",
    "/portrait",
    "/send",
    "/login",
    "/api/v1/docs",
    "/api/v1/openapi.json",
    "/nowhere",
    "/api/v1/nowhere",
)
STATIC = ("/static/page.js", "/static/page.css", "/static/icon.svg", "/static/nothing.js", "/static/")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-src https://open.spotify.com; base-uri 'none'; frame-ancestors 'none'"
)


def _routes(address: str) -> list[tuple[str, str, dict[str, Any]]]:
    """Method, path and description of every route of the API."""
    paths = requests.get(f"{address}/api/v1/openapi.json", timeout=20).json()["paths"]
    return [(method.upper(), path, about) for path, methods in paths.items() for method, about in methods.items()]


def _filled(path: str, value: str) -> str:
    return re.sub(r"\{[^}]*\}", value, path)


def _changes(address: str) -> list[tuple[str, str]]:
    found = [(method, _filled(path, "x")) for method, path, _ in _routes(address) if method != "GET"]
    return [*found, ("POST", "/nowhere"), ("POST", "/static/page.js"), ("DELETE", "/"), ("TRACE", "/"), ("PUT", "/ask")]


def test_every_change_needs_the_token_of_its_own_session(plain_page: str, visitor: requests.Session) -> None:
    other = requests.get(f"{plain_page}/api/v1/session", timeout=20).json()["csrf_token"]
    mine = visitor.headers["X-CSRF-Token"]
    assert mine != other
    stranger = requests.Session()
    for method, path in _changes(plain_page):
        refused = stranger.request(method, plain_page + path, headers={"X-CSRF-Token": mine}, timeout=20)
        assert (refused.status_code, method, path) == (403, method, path)
        assert "without a session" in refused.text
        for token in (None, "", "x", other, str(mine)[:-1], f"{mine}0", "\xe9" * 64):
            headers = {"X-CSRF-Token": token.encode("latin-1") if token is not None else None}
            refused = visitor.request(method, plain_page + path, headers=headers, timeout=20)
            assert (refused.status_code, method, path, token) == (403, method, path, token)
            assert "without the token" in refused.text


def test_with_its_token_a_change_gets_through(plain_page: str, visitor: requests.Session) -> None:
    assert visitor.post(f"{plain_page}/nowhere", timeout=20).status_code in {404, 405}
    assert visitor.post(f"{plain_page}/nowhere", headers={"Origin": plain_page}, timeout=20).status_code in {404, 405}
    own = {"Origin": plain_page, "Sec-Fetch-Site": "same-origin"}
    assert visitor.post(f"{plain_page}/nowhere", headers=own, timeout=20).status_code in {404, 405}


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
    ],
)
def test_another_website_is_refused_even_with_the_token(
    plain_page: str, visitor: requests.Session, headers: dict[str, str]
) -> None:
    for path in ("/nowhere", "/login", "/api/v1/verdicts"):
        refused = visitor.post(plain_page + path, headers=headers, timeout=20)
        assert refused.status_code == 403
        assert "another website" in refused.text


@pytest.mark.parametrize("mode", ["no-cors", "cors", "websocket", "nested-navigate", None])
@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_website_cannot_have_answers_made(
    plain_page: str, visitor: requests.Session, site: str, mode: str | None
) -> None:
    headers = {"Sec-Fetch-Site": site} | ({} if mode is None else {"Sec-Fetch-Mode": mode})
    assert visitor.get(f"{plain_page}/api/v1/session", headers=headers, timeout=20).status_code == 403


def test_following_a_link_to_the_page_keeps_the_session_that_the_browser_did_not_send(plain_page: str) -> None:
    """A cookie that is ``SameSite=Strict`` stays behind; a new one would end the session of the open tabs."""
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    arrived = requests.get(f"{plain_page}/login?next=/ask&x=%22%3E", headers=headers, timeout=20)
    assert "set-cookie" not in arrived.headers
    assert 'http-equiv="refresh" content="0; url=/login?next=/ask&amp;x=%22%3E"' in arrived.text
    elsewhere = requests.Request("GET", plain_page, headers=headers).prepare()
    elsewhere.url = f"{plain_page}//evil.example/"
    assert 'content="0; url=/"' in requests.Session().send(elsewhere, timeout=20).text


def test_the_cookie_is_out_of_reach_and_is_not_replaced(plain_page: str) -> None:
    first = requests.get(f"{plain_page}/api/v1/session", timeout=20)
    assert re.fullmatch(
        r"earmark_session=[A-Za-z0-9_-]{43}; HttpOnly; Path=/; SameSite=Strict", first.headers["set-cookie"]
    )
    again = requests.get(f"{plain_page}/api/v1/session", cookies=first.cookies, timeout=20)
    assert "set-cookie" not in again.headers
    assert again.json() == first.json()
    forged = requests.get(f"{plain_page}/api/v1/session", cookies={"earmark_session": "chosen"}, timeout=20)
    assert "set-cookie" in forged.headers
    assert "set-cookie" not in requests.get(f"{plain_page}/static/page.js", timeout=20).headers


def test_every_answer_has_the_headers(plain_page: str, visitor: requests.Session) -> None:
    asked = [("GET", path) for path in (*PAGES, *STATIC)]
    asked += [(method, _filled(path, "x")) for method, path, _ in _routes(plain_page) if "events" not in path]
    asked += [("OPTIONS", "/"), ("POST", "/"), ("DELETE", "/static/page.js")]
    for method, path in asked:
        answer = visitor.request(method, plain_page + path, timeout=60, allow_redirects=False)
        where = f"{method} {path}: {answer.status_code}"
        assert answer.status_code < 500, where
        assert answer.headers["Content-Security-Policy"] == POLICY, where
        assert answer.headers["X-Content-Type-Options"] == "nosniff", where
        assert answer.headers["X-Frame-Options"] == "DENY", where
        assert answer.headers["Referrer-Policy"] == "same-origin", where
        assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin", where
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin", where
        assert "camera=()" in answer.headers["Permissions-Policy"], where
        assert re.fullmatch(r"app;dur=\d+\.\d", answer.headers["Server-Timing"]), where
        assert "server" not in answer.headers, where
        assert not [name for name in answer.headers if name.lower().startswith("access-control")], where
        if path not in STATIC[:3] or method != "GET":
            assert answer.headers["Cache-Control"] == "no-store", where


def test_only_what_its_address_names_by_its_content_is_kept(plain_page: str) -> None:
    def keeping(path: str) -> str:
        return requests.get(plain_page + path, timeout=20).headers["Cache-Control"]

    assert keeping("/static/page.js?v=0123456789ab") == "public, max-age=31536000, immutable"
    assert keeping("/static/page.js") == "no-cache"
    assert keeping("/static/none.js?v=0123456789ab") == "no-store"
    assert keeping("/api/v1/session?v=1") == "no-store"


def test_pages_hold_nothing_that_the_policy_would_stop(plain_page: str) -> None:
    for path in PAGES:
        answer = requests.get(plain_page + path, timeout=60)
        if not answer.headers["content-type"].startswith("text/html"):
            continue
        assert not re.search(r"<script(?![^>]*\bsrc=)", answer.text), path
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|hx-on|javascript:", answer.text), path
        assert not re.search(r'(src|href)="(https?:)?//(?!127\.0\.0\.1|open\.spotify\.com)', answer.text), path


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py",
        "/static/../../home.py",
        "/static/%2e%2e/app.py",
        "/static/..%2fapp.py",
        "/static/..%5capp.py",
        "/static/%2fetc%2fpasswd",
        "/static//etc/passwd",
        "/static/....//app.py",
        "/static/%00",
        "/static/page.js%00.css",
        "/static/" + "a" * 5000,
        "/static/../static/../../../../../../../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "//etc/passwd",
    ],
)
def test_no_path_leaves_the_folder(plain_page: str, raw: Raw, path: str) -> None:
    sent = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode()
    status, rest = raw(plain_page, sent)
    assert status == 404
    assert "root:" not in rest
    assert "def create_app" not in rest


@pytest.mark.parametrize(
    "value", ["../../../../../../etc/passwd", "/etc/passwd", "..%2f..%2fpage.key", "page.key\0", "~"]
)
def test_no_id_is_a_path(plain_page: str, visitor: requests.Session, value: str) -> None:
    for method, path, about in _routes(plain_page):
        names = [given["name"] for given in about.get("parameters", ()) if given["in"] == "query"]
        if "events" in path:
            continue
        address = plain_page + _filled(path, quote(value, safe=""))
        answer = visitor.request(method, address, params=dict.fromkeys(names, value), json={}, timeout=60)
        assert answer.status_code < 500, (method, path, answer.text[:300])
        assert "root:" not in answer.text


def test_the_key_is_its_owners_alone_and_outlives_a_restart(tmp_path: Path) -> None:
    home = Home(tmp_path)
    first = create_app(home).state.sessions
    file = tmp_path / "data" / "page.key"
    assert file.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in file.parent.iterdir()] == ["page.key"]
    session_id = Sessions.new_id()
    file.chmod(0o644)
    second = create_app(home).state.sessions
    assert second.is_token(session_id, first.token(session_id))
    assert file.stat().st_mode & 0o777 == 0o600
    file.write_bytes(b"cut off")
    third = Sessions(page_key(file))
    assert not third.is_token(session_id, first.token(session_id))
    assert len(file.read_bytes()) == 32


def test_ids_and_tokens_do_not_repeat() -> None:
    ids = {Sessions.new_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert all(map(Sessions.is_id, ids))
    sessions = Sessions(b"k" * 32)
    assert len({sessions.token(each) for each in ids}) == 1000
    assert not Sessions.is_id("x" * 42 + "\n")


@pytest.mark.parametrize(
    ("wanted", "given"),
    [
        ("/", "/"),
        ("/ask?list=demo", "/ask?list=demo"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("/\t/evil.example", "/"),
        ("https://evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("/a\r\nSet-Cookie: x=y", "/"),
        ("", "/"),
    ],
)
def test_after_the_login_one_stays_here(wanted: str, given: str) -> None:
    assert local_path(wanted) == given
