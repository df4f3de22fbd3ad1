"""Keep, skip, undo and asking over HTTP, as programs and the page's own buttons speak."""

import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import requests

from connectors.library import Library, TrackRow
from earmark.home import Home
from earmark.page.faults import BusyError
from earmark.page.list_files import CandidateList
from earmark.page.rendering import with_minus
from earmark.page.verdicts import book as book_module
from earmark.page.verdicts import measuring
from earmark.page.verdicts.answers import Measured
from earmark.page.verdicts.book import VerdictBook, since
from earmark.page.verdicts.measuring import Answers, GainMeter
from features.columns import ANALYSED_FEATURES

API = "/api/v1"


class Caller:
    """Someone who speaks to the page."""

    def __init__(self, served: Any) -> None:
        self._browser: requests.Session = served.browser
        self._url = served.url

    def __call__(self, method: str, path: str, status: int = 200, **given: Any) -> Any:
        answer = self._browser.request(method, self._url + path, timeout=60, **given)
        assert answer.status_code == status, answer.text
        return answer.json() if path.startswith(API) else answer

    def said(self, list_id: str = "demo") -> dict[str, str]:
        told = self("GET", f"{API}/verdicts", params={"list": list_id})
        return {entry["track_id"]: entry["verdict"] for entry in told["verdicts"]}


@pytest.fixture
def call(served: Any) -> Caller:
    return Caller(served)


@pytest.fixture
def mine(call: Caller, demo_candidates: pd.DataFrame) -> str:
    """The candidates as a file that was dropped on the page, with a title that is none of HTML's business."""
    table = demo_candidates.copy()
    table.loc[0, "track_name"] = "<script>alert(1)</script>"
    data = table.to_csv(index=False).encode()
    made = call("POST", f"{API}/lists", 201, files={"file": ("mine.csv", data, "text/csv")})
    return str(made["list_id"])


def test_a_verdict_is_evidence_at_once(call: Caller, served: Any, mine: str, demo_candidates: pd.DataFrame) -> None:
    one, two = demo_candidates["track_id"].iloc[[1, 2]]
    told = call("POST", f"{API}/verdicts", json={"list": mine, "track": one, "verdict": "keep"})
    assert told == {
        "list": mine, "track_id": one, "title": demo_candidates["track_name"].iloc[1], "verdict": "keep",
        "before": None, "also": [],
    }  # fmt: skip
    call("POST", f"{API}/verdicts", json={"list": "demo", "track": two, "verdict": "skip"})
    with Library.open(served.home.library_url) as library:
        evidence = library.evidence().set_index("track_id")
        assert evidence["source"].to_dict() == {one: "page", two: "page_demo"}
        assert evidence["kind"].to_dict() == {one: "kept", two: "rejected"}
        table = library.tracks_table(sources=("page",)).tracks.iloc[0]
    row = demo_candidates.iloc[1]
    for name in ("track_name", "artist_name", "release_date", "popularity", *ANALYSED_FEATURES):
        assert table[name] == row[name] or (pd.isna(table[name]) and pd.isna(row[name]))
    assert (call.said(mine), call.said()) == ({one: "keep"}, {two: "skip"})


def test_it_can_be_changed_withdrawn_and_undone(call: Caller, demo_candidates: pd.DataFrame) -> None:
    track = demo_candidates["track_id"].iloc[5]
    for verdict in ("keep", "skip", "skip"):
        told = call("POST", f"{API}/verdicts", json={"track": track, "verdict": verdict})
        assert told["verdict"] == verdict
    assert told["before"] == "skip"
    assert call("DELETE", f"{API}/verdicts", params={"track": track})["verdict"] is None
    assert call.said() == {}
    states = []
    for _ in range(3):
        told = call("POST", f"{API}/verdicts/undo")
        states.append((told["verdict"], told["before"], call.said().get(track)))
    assert states == [("skip", None, "skip"), ("keep", "skip", "keep"), (None, "keep", None)]
    assert call("POST", f"{API}/verdicts/undo", 404)["error"] == "there is nothing to undo"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"list": "demo", "track": "nobody's", "verdict": "keep"}, 404),
        ({"list": "../../etc", "track": "x", "verdict": "keep"}, 404),
        ({"list": "file-0123456789abcdef", "track": "x", "verdict": "keep"}, 404),
        ({"list": "demo", "track": "x", "verdict": "love"}, 422),
        ({"list": "demo", "track": "x" * 501, "verdict": "keep"}, 422),
        ({"list": "demo", "track": None, "verdict": "keep"}, 422),
        ({"list": "demo", "track": "\ud800\0", "verdict": "keep"}, 422),
        ({"list": "demo", "track": "\0 %00", "verdict": "keep"}, 404),
    ],
)
def test_what_cannot_be_judged_is_refused_in_words(call: Caller, body: dict[str, Any], status: int) -> None:
    told = call("POST", f"{API}/verdicts", status, json=body)
    assert told["error"]
    assert told["hint"]
    assert call.said() == {}


def test_buttons_show_what_is_said_and_escape_titles(call: Caller, mine: str, demo_candidates: pd.DataFrame) -> None:
    track = demo_candidates["track_id"].iloc[0]
    ask = {"list": mine, "track": track}
    text = call("POST", "/verdicts", params={**ask, "verdict": "keep"}).text
    pressed = buttons(text)
    assert (pressed["Keep"]["aria-pressed"], pressed["Skip"]["aria-pressed"]) == ("true", "false")
    assert pressed["Keep"]["hx-post"].endswith("verdict=none")
    assert "<script" not in text
    assert "Kept <cite>&lt;script&gt;alert(1)&lt;/script&gt;</cite>" in text
    assert buttons(call("GET", "/verdicts/buttons", params=ask).text)["Keep"]["aria-pressed"] == "true"
    text = call("POST", "/verdicts", params={**ask, "verdict": "none"}).text
    assert "No verdict on" in text
    answer = call("POST", "/verdicts/undo")
    assert "Undone" in answer.text
    assert track in answer.headers["HX-Trigger"]
    assert call.said(mine) == {track: "keep"}
    call("POST", "/verdicts/undo")
    assert "nothing to undo" in call("POST", "/verdicts/undo").text


class _Buttons(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, dict[str, str]] = {}
        self._last: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._last = {name: value or "" for name, value in attrs} if tag == "button" else {}

    def handle_data(self, data: str) -> None:
        if self._last and data.strip():
            self.found[data.strip()] = self._last
            self._last = {}


def buttons(text: str) -> dict[str, dict[str, str]]:
    parser = _Buttons()
    parser.feed(text)
    return parser.found


def test_what_is_asked_leaves_out_what_is_judged_or_known(call: Caller, mine: str) -> None:
    first = call("GET", f"{API}/ask", params={"list": mine, "n": 20})
    asked = [track["track_id"] for track in first["tracks"]]
    assert len(set(asked)) == 20
    assert not any(track["known"] for track in first["tracks"])
    assert all(0 <= track["uncertainty"] <= 1 and track["why"] for track in first["tracks"])
    assert call("GET", f"{API}/ask", params={"list": mine, "n": 20}) == first
    for number, track in enumerate(asked[:4]):
        call("POST", f"{API}/verdicts", json={"list": mine, "track": track, "verdict": ("keep", "skip")[number % 2]})
    again = call("GET", f"{API}/ask", params={"list": mine, "n": 20})
    assert again["answers_since_last_train"] == 4
    assert not {track["track_id"] for track in again["tracks"]} & set(asked[:4])
    shown = [track["track_id"] for track in again["tracks"]]
    text = call("GET", "/ask/next", params={"list": mine, "shown": shown, "n": 2}).text
    assert text.count('<li class="track') == 2
    assert not any(f'data-track="{track}"' in text for track in shown)
    text = call("GET", "/ask/batch", params={"list": mine, "first": shown[7]}).text
    assert text.index(f'data-track="{shown[7]}"') == text.index("data-track=")
    call("GET", f"{API}/ask", 422, params={"n": 0})
    call("GET", f"{API}/ask", 404, params={"model": "f" * 32})


def test_answers_are_measured_once_for_each_state(call: Caller, mine: str, demo_candidates: pd.DataFrame) -> None:
    ask = {"params": {"list": mine}}
    assert call("GET", f"{API}/ask/gain", **ask)["state"] == "none"
    assert call("GET", f"{API}/ask/gain", 422)["error"].startswith("answers on the demo's tracks")
    call("POST", f"{API}/ask/gain", **ask)
    assert "no answers since" in wait_for_gain(call, ask)["words"]
    for number, track in enumerate(demo_candidates["track_id"].head(12)):
        call("POST", f"{API}/verdicts", json={"list": mine, "track": track, "verdict": ("keep", "skip")[number % 2]})
    assert call("POST", f"{API}/ask/gain", **ask)["state"] == "running"
    found = wait_for_gain(call, ask)
    assert (found["state"], found["n_answers"]) == ("done", 12)
    assert "12 answers" in found["words"]
    assert found["low"] <= found["difference"] <= found["high"]
    assert np.isclose(found["after"] - found["before"], found["difference"])
    assert call("POST", f"{API}/ask/gain", **ask) == found  # at once, out of memory
    shown = call("GET", "/ask/gain", **ask).text
    assert with_minus(found["words"]) in shown
    assert found["words"].isascii()  # JSON is for programs, too
    call("POST", f"{API}/verdicts/undo")
    assert call("GET", f"{API}/ask/gain", **ask)["state"] == "none"


def wait_for_gain(call: Caller, ask: dict[str, Any]) -> dict[str, Any]:
    end = time.monotonic() + 60
    while (found := call("GET", f"{API}/ask/gain", **ask))["state"] == "running":
        assert time.monotonic() < end
        time.sleep(0.1)
    return dict(found)


def test_without_a_champion_the_way_to_one_is_told(call: Caller, served: Any) -> None:
    served.home.champion_file.unlink()
    assert "Train one first" in call("GET", "/ask").text
    assert call("GET", "/ask", 404, params={"list": "nothing"}).text
    assert "train one first" in call("GET", f"{API}/ask", 404)["hint"]


def test_one_measure_at_a_time_and_faults_in_words(page_home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    go = threading.Event()

    def slow(home: Home, answers: Answers) -> Measured:
        go.wait(20)
        raise ZeroDivisionError("of a sort")

    monkeypatch.setattr(measuring, "_measured", slow)
    meter = GainMeter(page_home)
    one, other = (Answers("a" * 32, "page", ((track, "keep"),)) for track in ("x", "y"))
    assert meter.start(one).state == "running"
    assert meter.start(one).state == "running"
    with pytest.raises(BusyError):
        meter.start(other)
    assert meter.found(other).state == "none"
    go.set()
    end = time.monotonic() + 20
    while meter.found(one).state == "running":
        assert time.monotonic() < end
        time.sleep(0.01)
    assert meter.found(one).state == "failed"
    assert "this is a bug in earmark" in meter.found(one).words


def row(table: pd.DataFrame, number: int) -> dict[str, Any]:
    return dict(table.iloc[number].items())


def listed(table: pd.DataFrame, list_id: str = "file-1") -> CandidateList:
    return CandidateList(list_id, "a list", "file", table)


def test_the_book_answers_from_memory_and_hears_of_other_processes(
    tmp_path: Path, demo_candidates: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path)
    book, one, other = VerdictBook(home), listed(demo_candidates), listed(demo_candidates, "file-2")
    assert book.on(one).verdicts == {}
    assert not home.library_file.exists()  # to look makes nothing
    book.say(one, row(demo_candidates, 0), "keep")
    first = demo_candidates["track_id"].iloc[0]
    assert dict(book.on(other).verdicts) == {first: "keep"}
    started = time.perf_counter()
    for _ in range(200):
        book.on(other)
    assert (time.perf_counter() - started) / 200 < 0.0001
    monkeypatch.setattr(book_module, "LOOK_EVERY_S", 0.0)
    monkeypatch.setattr(book, "_next_look", 0.0)
    assert dict(book.on(other).verdicts) == {first: "keep"}
    with Library.open(home.library_url) as elsewhere:
        elsewhere.verdicts.say("page", "x", TrackRow(track_id="other"), "skip", book.said("page")[first].at)
        assert dict(book.on(other).verdicts) == {first: "keep", "other": "skip"}
        elsewhere.forget("page")
        assert dict(book.on(other).verdicts) == {}
    book.close()


def test_the_book_goes_on_where_the_library_was_made_anew(
    tmp_path: Path, demo_candidates: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(book_module, "LOOK_EVERY_S", 0.0)
    home, one = Home(tmp_path), listed(demo_candidates)
    book = VerdictBook(home)
    book.say(one, row(demo_candidates, 0), "keep")
    assert len(book.on(one).verdicts) == 1
    for file in home.library_file.parent.iterdir():
        file.unlink()
    assert dict(book.on(one).verdicts) == {}
    book.say(one, row(demo_candidates, 1), "skip")
    with Library.open(home.library_url) as library:
        assert len(library.evidence()) == 1
    book.close()


def test_views_go_on_while_a_verdict_waits_for_another_programs_writing(
    tmp_path: Path, demo_candidates: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(book_module, "LOOK_EVERY_S", 0.0)
    home, one = Home(tmp_path), listed(demo_candidates)
    book = VerdictBook(home)
    book.say(one, row(demo_candidates, 0), "keep")
    known = dict(book.on(one).verdicts)
    pull = sqlite3.connect(home.library_file, isolation_level=None)
    pull.execute("BEGIN IMMEDIATE")
    with ThreadPoolExecutor(2) as pool:
        waiting = pool.submit(book.say, one, row(demo_candidates, 1), "skip")
        try:
            for _ in range(20):  # before and after the other thread begins to wait
                assert dict(pool.submit(book.on, one).result(timeout=5).verdicts) == known
                time.sleep(0.01)
            assert not waiting.done()
        finally:
            pull.execute("COMMIT")
        assert waiting.result(timeout=20) is not None
    assert len(book.on(one).verdicts) == 2
    pull.close()
    book.close()


def test_many_threads_give_verdicts_at_once(tmp_path: Path, demo_candidates: pd.DataFrame) -> None:
    book, one = VerdictBook(Home(tmp_path)), listed(demo_candidates)
    with ThreadPoolExecutor(8) as pool:
        steps = list(pool.map(lambda n: book.say(one, row(demo_candidates, n), "keep"), range(40)))
    assert all(steps)
    assert set(book.on(one).verdicts) == set(demo_candidates["track_id"].head(40))
    with ThreadPoolExecutor(8) as pool:
        undone = list(pool.map(lambda _: book.undo(), range(40)))
    assert len({step.track_id for step in undone if step}) == 40
    assert dict(book.on(one).verdicts) == {}
    assert book.undo() is None
    book.close()


def test_answers_are_counted_from_a_trains_beginning(tmp_path: Path, demo_candidates: pd.DataFrame) -> None:
    book, demo = VerdictBook(Home(tmp_path)), listed(demo_candidates, "demo")
    for number in range(3):
        book.say(demo, row(demo_candidates, number), "keep")
    second = sorted(said.at for said in book.said("page_demo").values())[1]
    assert book.count_since("page_demo", second.isoformat()) == 1
    assert book.count_since("page_demo", "") == 3
    assert book.count_since("page", "") == 0
    assert since("2026-01-01").tzinfo is not None
    book.close()
