"""A library that cannot be read: what does not need it goes on, and the rest says what is wrong and how to mend it."""

import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pandas as pd
import pytest
import requests

from connectors.library import Library
from earmark.home import Home
from earmark.page import patience
from earmark.page.list_files import CandidateList
from earmark.page.settings import PageSettings
from earmark.page.verdicts import book as book_module
from earmark.page.verdicts.book import VerdictBook
from features.errors import InputError, ServiceError

API = "/api/v1"
Serving = Callable[[Home, PageSettings], AbstractContextManager[str]]
NOBODY = "postgresql://me:secret@127.0.0.1:1/earmark"


def visitor(url: str) -> requests.Session:
    browser = requests.Session()
    browser.headers["X-CSRF-Token"] = browser.get(f"{url}{API}/session", timeout=20).json()["csrf_token"]
    return browser


def damaged(file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"this is no database, and long enough to be looked at" * 100)


@pytest.mark.parametrize(("kind", "status"), [("nobody listens", 502), ("damaged", 422)])
def test_what_needs_no_library_goes_on_and_the_rest_says_how_to_mend_it(
    page_home: Home, serving: Serving, monkeypatch: pytest.MonkeyPatch, kind: str, status: int
) -> None:
    if kind == "damaged":
        damaged(page_home.library_file)
        error, hint = f"the library {page_home.library_file} is damaged", "move the file away"
    else:
        monkeypatch.setenv("EARMARK_DATABASE_URL", NOBODY)
        error, hint = "the library&#39;s database does not answer", "see whether the server runs"
    with serving(page_home, PageSettings()) as url:
        browser = visitor(url)

        def get(path: str) -> requests.Response:
            answer = browser.get(f"{url}{path}", timeout=60)
            assert "secret" not in answer.text
            return answer

        start = get("/")
        assert (start.status_code, start.text.count('<li class="track')) == (200, 100)
        assert "What you kept and skipped cannot be shown or changed now: " + error in start.text
        assert hint in start.text
        ranking = get(f"{API}/ranking").json()
        assert any(line.startswith("what was kept and skipped is not told: ") for line in ranking["notes"])
        for path in ("/portrait", "/train", "/playlists", f"{API}/cut?top=3", f"{API}/sources"):
            assert get(path).status_code == 200, path
        for path in ("/ask", "/send"):
            refused = get(path)
            assert (refused.status_code, error in refused.text, hint in refused.text) == (status, True, True)
        told = get(f"{API}/ask")
        assert (told.status_code, set(told.json())) == (status, {"error", "hint"})
        said = browser.post(f"{url}/verdicts", params={"track": ranking["tracks"][0]["track_id"], "verdict": "keep"})
        assert (said.status_code, error in said.text) == (status, True)


def listed(table: pd.DataFrame) -> CandidateList:
    return CandidateList("file-1", "a list", "file", table)


def test_the_last_known_is_shown_until_the_library_is_back(
    tmp_path: Path, demo_candidates: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(book_module, "LOOK_EVERY_S", 0.0)
    monkeypatch.setattr(book_module, "RETRY_S", 0.0)
    book, one = VerdictBook(Home(tmp_path)), listed(demo_candidates)
    book.say(one, dict(demo_candidates.iloc[0].items()), "keep")
    known = dict(book.on(one).verdicts)
    file = Home(tmp_path).library_file
    book.close()
    whole = file.rename(tmp_path / "whole.db")
    damaged(file)
    assert book.last_known(one).verdicts == known
    assert book.fault is not None
    for ask in (lambda: book.on(one), lambda: book.said("page"), book.undo):
        with pytest.raises(InputError, match="damaged"):
            ask()
    whole.replace(file)
    assert book.on(one).verdicts == known
    assert book.fault is None
    book.close()


def test_a_library_that_does_not_answer_keeps_a_view_waiting_for_a_while_only(
    tmp_path: Path, demo_candidates: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "PATIENCE_S", 0.2)
    home = Home(tmp_path)
    Library.open(home.library_url).close()
    other = sqlite3.connect(home.library_file, isolation_level=None)
    other.execute("PRAGMA locking_mode = EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")
    other.execute("CREATE TABLE mine (a)")
    book, one = VerdictBook(home), listed(demo_candidates)
    began = time.monotonic()
    assert book.last_known(one).verdicts == {}
    with pytest.raises(ServiceError, match=r"has not answered within 0\.2 seconds"):
        book.on(one)
    assert time.monotonic() - began < 10  # it waits a minute for its turn
    other.execute("ROLLBACK")
    other.close()
    monkeypatch.setattr(patience, "PATIENCE_S", 30.0)
    monkeypatch.setattr(book, "_next_look", 0.0)
    until = time.monotonic() + 30
    while book.fault is not None:
        book.last_known(one)
        assert time.monotonic() < until
        time.sleep(0.05)
    book.close()


def test_work_that_is_waited_for_gives_and_raises_what_it_does() -> None:
    assert patience.patiently(lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        patience.patiently(lambda: 1 // 0)
    go = threading.Event()
    with pytest.raises(ServiceError, match=r"within 0\.05 seconds") as caught:
        patience.patiently(lambda: go.wait(20), seconds=0.05)
    go.set()
    assert "reload" in caught.value.hint
