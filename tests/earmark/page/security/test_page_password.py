"""A page with a password: nothing without it, no guessing, and nothing that was known before the login counts after."""

from collections.abc import Callable

import pytest
import requests

from earmark.page.security.password import Password, TooManyError
from earmark.page.security.tokens import Sessions
from earmark.page.settings import PageSettings

Serve = Callable[..., str]
RIGHT = "correct horse"


@pytest.fixture
def locked(serve: Serve) -> str:
    return serve(PageSettings(password=RIGHT))


def _log_in(address: str, visitor: requests.Session, password: str, **more: str) -> requests.Response:
    token = visitor.get(f"{address}/api/v1/session", timeout=20).json()["csrf_token"]
    form = {"password": password, "csrf_token": token} | more
    return visitor.post(f"{address}/login", data=form, allow_redirects=False, timeout=20)


def test_without_the_password_there_is_nothing_to_see(locked: str) -> None:
    for path in ("/", "/ask", "/train", "/portrait", "/send", "/nowhere", "/why?track=x", "/login%3F", "/login%23/x"):
        sent = requests.get(locked + path, allow_redirects=False, timeout=20)
        assert sent.status_code == 303
        assert sent.headers["location"].startswith("/login?next=%2F")
        assert not sent.content
    for path in ("/api/v1/openapi.json", "/api/v1/docs", "/api/v1/models", "/api/v1/nowhere", "/api/v1/session/"):
        refused = requests.get(locked + path, timeout=20)
        assert refused.status_code == 401
        assert "asks for a password" in refused.json()["error"]
    assert requests.get(f"{locked}/static/page.js", timeout=20).status_code == 200
    assert requests.get(f"{locked}/api/v1/session", timeout=20).json()["password_needed"] is True


def test_a_token_alone_changes_nothing(locked: str) -> None:
    visitor = requests.Session()
    visitor.headers["X-CSRF-Token"] = visitor.get(f"{locked}/api/v1/session", timeout=20).json()["csrf_token"]
    assert visitor.post(f"{locked}/api/v1/verdicts", json={}, timeout=20).status_code == 401


def test_a_part_of_a_page_that_has_lost_its_login_leads_to_it(locked: str) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": f"{locked}/ask?list=demo"}
    refused = requests.get(f"{locked}/why?track=x", headers=headers, timeout=20)
    assert (refused.status_code, refused.headers["HX-Redirect"]) == (401, "/login?next=%2Fask")


def test_the_password_opens_the_page_under_a_new_session(locked: str) -> None:
    visitor = requests.Session()
    before = _log_in(locked, visitor, RIGHT, next="/api/v1/docs?x=1")
    assert (before.status_code, before.headers["location"]) == (303, "/api/v1/docs?x=1")
    known = before.request.headers["Cookie"].partition("=")[2]
    assert visitor.cookies["earmark_session"] != known
    assert visitor.get(f"{locked}/api/v1/docs", timeout=20).status_code == 200
    session = visitor.get(f"{locked}/api/v1/session", timeout=20).json()
    assert session["password_needed"] is False
    fixed = requests.get(f"{locked}/api/v1/docs", cookies={"earmark_session": known}, timeout=20)
    assert fixed.status_code == 401, "an id that was known before the login must not be logged in"
    left = visitor.get(f"{locked}/login?next=//evil.example", allow_redirects=False, timeout=20)
    assert (left.status_code, left.headers["location"]) == (303, "/")


def test_logging_out_needs_the_token_and_ends_the_session(locked: str) -> None:
    visitor = requests.Session()
    _log_in(locked, visitor, RIGHT)
    mine = visitor.cookies["earmark_session"]
    assert visitor.post(f"{locked}/logout", data={"csrf_token": "x"}, timeout=20).status_code == 403
    token = visitor.get(f"{locked}/api/v1/session", timeout=20).json()["csrf_token"]
    out = visitor.post(f"{locked}/logout", data={"csrf_token": token}, allow_redirects=False, timeout=20)
    assert (out.status_code, out.headers["location"]) == (303, "/login")
    assert visitor.cookies["earmark_session"] != mine
    assert requests.get(f"{locked}/api/v1/docs", cookies={"earmark_session": mine}, timeout=20).status_code == 401


def test_the_form_needs_its_own_token_and_no_other_website(locked: str) -> None:
    visitor = requests.Session()
    visitor.get(f"{locked}/login", timeout=20)
    forged = {"password": RIGHT, "csrf_token": "0" * 64}
    assert visitor.post(f"{locked}/login", data=forged, timeout=20).status_code == 403
    assert visitor.post(f"{locked}/login", data={"password": RIGHT}, timeout=20).status_code == 422
    other = requests.get(f"{locked}/api/v1/session", timeout=20).json()["csrf_token"]
    assert visitor.post(f"{locked}/login", data=forged | {"csrf_token": other}, timeout=20).status_code == 403
    assert visitor.get(f"{locked}/api/v1/docs", timeout=20).status_code == 401


def test_guessing_ends_after_five_tries_whatever_a_header_claims(locked: str) -> None:
    visitor = requests.Session()
    for guess in range(5):
        visitor.headers["X-Forwarded-For"] = f"10.0.0.{guess}"
        wrong = _log_in(locked, visitor, f"guess{guess}")
        assert wrong.status_code == 401
        assert "not the password" in wrong.text
        assert f"guess{guess}" not in wrong.text
    stopped = _log_in(locked, visitor, RIGHT)
    assert stopped.status_code == 429
    assert "too many wrong passwords" in stopped.text
    assert "wait 60 seconds" in stopped.text or "wait 59 seconds" in stopped.text


def test_guesses_are_counted_per_address_in_all_and_for_a_minute() -> None:
    now = [0.0]
    lock = Password(RIGHT, lambda: now[0])
    for address in "abcd":
        for _ in range(5):
            assert not lock.check("wrong", address)
        now[0] += 1
    with pytest.raises(TooManyError, match="too many"):
        lock.check(RIGHT, "e")
    now[0] = 60.0
    assert lock.check(RIGHT, "e"), "the first five are a minute ago"
    with pytest.raises(TooManyError, match="too many"):
        lock.check(RIGHT, "d")
    now[0] = 63.5
    assert lock.check(RIGHT, "d")


@pytest.mark.parametrize("given", ["", RIGHT[:-1], RIGHT + " ", RIGHT.upper(), "\ud800", "\0"])
def test_nothing_but_the_password_is_the_password(given: str) -> None:
    assert not Password(RIGHT).check(given, "here")


def test_a_login_ends_by_itself_and_the_oldest_gives_way() -> None:
    sessions = Sessions(b"k" * 32, life_s=-1.0)
    assert not sessions.is_logged_in(sessions.log_in())
    lasting = Sessions(b"k" * 32)
    first = lasting.log_in()
    ids = [lasting.log_in() for _ in range(1000)]
    assert not lasting.is_logged_in(first)
    assert all(map(lasting.is_logged_in, ids))
    assert not lasting.is_logged_in(Sessions.new_id())
