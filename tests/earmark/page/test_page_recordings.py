"""A verdict is about a recording: it shows under every id of it, and whoever changes it changes the one that counts."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.library import Library, Said, TrackRow
from connectors.library.identity import recordings
from earmark.home import Home
from earmark.page.list_files import CandidateList
from earmark.page.verdicts.book import VerdictBook
from earmark.page.verdicts.recordings import ListIndex, ListVerdicts

API = "/api/v1"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
COLUMNS = ["track_id", "track_name", "artist_name", "isrc", "duration_ms"]
TEXTS = {"track_id": "str", "track_name": "str", "artist_name": "str", "isrc": "str", "duration_ms": "float64"}

TRACKS = st.tuples(
    st.sampled_from([*"abcdefgh", "isrc:USAAA0000001", "isrc:USAAA0000002"]),
    st.sampled_from([None, "Hurt", "HURT", "One"]),
    st.sampled_from([None, "Johnny Cash", "johnny cash;U2", "U2"]),
    st.sampled_from([None, "USAAA0000001", "us-aaa-00-00002", "nonsense"]),
    st.sampled_from([None, 200_000.0, 201_500.0, 203_000.0, 230_000.0]),
)


def table_of(rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=COLUMNS).drop_duplicates("track_id").reset_index(drop=True).astype(TEXTS)


@settings(deadline=None)
@given(
    st.lists(TRACKS, min_size=1, max_size=12),
    st.lists(st.tuples(TRACKS, st.sampled_from(["keep", "skip"]), st.integers(0, 3)), max_size=8),
)
def test_it_is_the_last_word_on_what_the_library_calls_the_recording(
    rows: list[tuple[Any, ...]], judged: list[tuple[tuple[Any, ...], str, int]]
) -> None:
    """The same as to number the recordings of all tracks at once."""
    listed = table_of(rows)
    tracks = {row[0]: TrackRow(**dict(zip(COLUMNS, row, strict=True))) for row, _, _ in judged}
    said = {row[0]: Said(verdict, NOON + timedelta(minutes=at)) for row, verdict, at in judged}
    found = ListIndex(listed).verdicts(said, tracks)

    known = pd.DataFrame([vars(row) for row in tracks.values()], columns=COLUMNS).astype(TEXTS)
    everything = pd.concat([known, listed]).groupby("track_id", sort=False, as_index=False).first()[COLUMNS]
    number = dict(zip(everything["track_id"], recordings(everything), strict=True))
    for track_id in listed["track_id"]:
        theirs = {one for one in said if number[one] == number[track_id]}
        assert set(found.given_under.get(track_id, ())) == theirs
        last = max(theirs, key=lambda one: (said[one].at, one), default=None)
        assert found.verdicts.get(track_id) == (said[last].verdict if last is not None else None)
    others = set(said) - set(listed["track_id"])
    assert {one: found.verdicts[one] for one in others} == {one: said[one].verdict for one in others}


def test_ids_of_one_recording_in_a_list_are_found() -> None:
    listed = table_of(
        [
            ("a", "Hurt", "Cash", None, 200_000.0),
            ("b", "hurt", "CASH", None, 201_000.0),
            ("c", "Hurt", "Cash", None, 3e5),
        ]
    )
    index = ListIndex(listed)
    assert [sorted(index.ids_of(one)) for one in "abc"] == [["a", "b"], ["a", "b"], ["c"]]
    assert index.ids_of("nobody's") == ["nobody's"]


def large(n: int) -> pd.DataFrame:
    """Candidates of whom each 50th is there under a second id."""
    number = np.arange(n) - (np.arange(n) % 50 == 1)
    return pd.DataFrame(
        {
            "track_id": [f"{row:022d}" for row in range(n)],
            "track_name": [f"Song {one}" for one in number],
            "artist_name": [f"Artist {one % 997}" for one in number],
            "isrc": [f"USAAA{one:07d}" if one % 3 else None for one in number],
            "duration_ms": 180_000.0 + number,
        }
    ).astype(TEXTS)


def test_a_list_is_indexed_once_and_looked_through_once_a_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """50,000 candidates and 1,000 verdicts: views of a list that nothing changed cost a look into a dictionary."""
    done: Counter[str] = Counter()

    class Counted(ListIndex):
        def __init__(self, tracks: pd.DataFrame) -> None:
            done["indexed"] += 1
            super().__init__(tracks)

        def verdicts(self, said: Mapping[str, Said], tracks: Mapping[str, TrackRow]) -> ListVerdicts:
            done["looked through"] += 1
            return super().verdicts(said, tracks)

    monkeypatch.setattr("earmark.page.verdicts.mirror.ListIndex", Counted)
    table = large(50_000)
    book, listed = VerdictBook(Home(tmp_path)), CandidateList("file-1", "large", "file", table)
    row = dict(table.iloc[1].items())
    with Library.open(Home(tmp_path).library_url) as library, library.transaction():
        for number in range(0, 50_000, 50):
            about = TrackRow(**{name: None if pd.isna(value) else value for name, value in table.iloc[number].items()})
            library.verdicts.say("page", "file-1", about, "keep", NOON)
    assert len(book.on(listed).verdicts) == 2_000
    for _ in range(200):
        book.on(listed)
    assert done["indexed"] == 1
    assert done["looked through"] <= 3  # not once a view; the library is looked at anew now and then
    assert book.say(listed, row, "keep") is None  # the other id was kept
    assert book.say(listed, row, "skip") is not None
    before = done["looked through"]
    found = book.on(listed).verdicts
    assert (found[table["track_id"][0]], found[table["track_id"][1]], len(found)) == ("skip", "skip", 2_000)
    for _ in range(200):
        book.on(listed)
    assert done["indexed"] == 1
    assert done["looked through"] <= before + 3
    book.close()


class Visitor:
    """Somebody with two lists of the same recordings under different ids."""

    def __init__(self, served: Any, candidates: pd.DataFrame) -> None:
        self._browser: requests.Session = served.browser
        self._url = served.url
        first = candidates.head(30).assign(isrc=[f"USAAA{number:07d}" for number in range(30)])
        first["track_id"] = [f"{number:022d}" for number in range(30)]
        second = first.assign(track_id=[f"x{number:021d}" for number in range(30)])
        second.loc[1:, "isrc"] = None  # these are known by name and duration
        second["duration_ms"] += 1_500
        twice = pd.concat([second, first.head(1)])
        self.one, self.other = (self._added(name, table) for name, table in (("one.csv", first), ("two.csv", twice)))

    def _added(self, name: str, table: pd.DataFrame) -> str:
        data = table.to_csv(index=False).encode()
        answer = self._browser.post(f"{self._url}{API}/lists", files={"file": (name, data, "text/csv")}, timeout=60)
        return str(answer.json()["list_id"])

    def verdicts(self, list_id: str) -> dict[str, str]:
        asked = {"list": list_id, "per_page": 100}
        told = self._browser.get(f"{self._url}{API}/ranking", params=asked, timeout=60).json()["tracks"]
        return {track["track_id"]: track["verdict"] for track in told if track["verdict"]}

    def post(self, path: str, **given: Any) -> requests.Response:
        answer = self._browser.post(f"{self._url}{path}", timeout=60, **given)
        assert answer.status_code == 200, answer.text
        return answer


@pytest.fixture
def visitor(served: Any, demo_candidates: pd.DataFrame) -> Visitor:
    return Visitor(served, demo_candidates)


def test_a_verdict_shows_in_every_list_and_is_changed_and_undone_there(visitor: Visitor, served: Any) -> None:
    a, b = (f"{number:022d}" for number in range(2))
    x, y = (f"x{number:021d}" for number in range(2))
    for track in (a, b):
        visitor.post(f"{API}/verdicts", json={"list": visitor.one, "track": track, "verdict": "keep"})
    assert visitor.verdicts(visitor.one) == {a: "keep", b: "keep"}
    assert visitor.verdicts(visitor.other) == {x: "keep", a: "keep", y: "keep"}
    told = visitor.post(f"{API}/verdicts", json={"list": visitor.other, "track": y, "verdict": "skip"}).json()
    assert (told["verdict"], told["before"], told["also"]) == ("skip", "keep", [b])
    assert visitor.verdicts(visitor.one) == {a: "keep", b: "skip"}
    with Library.open(served.home.library_url) as library:
        assert {one: said.verdict for one, said in library.verdicts.all("page").items()} == {a: "keep", y: "skip"}
        assert sorted(library.tracks_table(sources=("page",)).tracks["liked"]) == [0, 1]  # as a train sees them
    visitor.post(f"{API}/verdicts/undo")
    assert visitor.verdicts(visitor.other) == {x: "keep", a: "keep", y: "keep"}


def test_buttons_of_other_ids_are_told_to_change(visitor: Visitor) -> None:
    a, x = f"{0:022d}", f"x{0:021d}"
    answer = visitor.post("/verdicts", params={"list": visitor.other, "track": x, "verdict": "keep"})
    assert f'"earmark:said": {{"tracks": ["{a}"]}}' in answer.headers["HX-Trigger"]
    answer = visitor.post("/verdicts", params={"list": visitor.other, "track": a, "verdict": "none"})
    assert f'["{x}"]' in answer.headers["HX-Trigger"]
    assert visitor.verdicts(visitor.other) == {}
    undone = visitor.post("/verdicts/undo").headers["HX-Trigger"]
    assert f'"tracks": ["{a}", "{x}"]' in undone
    assert visitor.verdicts(visitor.one) == {a: "keep"}
    visitor.post("/verdicts", params={"list": visitor.one, "track": f"{5:022d}", "verdict": "keep"})
    visitor.post(f"{API}/verdicts/undo")


def test_what_is_judged_under_another_id_is_not_asked_about(visitor: Visitor, served: Any) -> None:
    asked = {"list": visitor.other, "n": 50}
    url = f"{served.url}{API}/ask"
    before = {track["track_id"] for track in served.browser.get(url, params=asked, timeout=60).json()["tracks"]}
    number = next(one for one in range(1, 30) if f"x{one:021d}" in before)
    visitor.post(f"{API}/verdicts", json={"list": visitor.one, "track": f"{number:022d}", "verdict": "skip"})
    after = {track["track_id"] for track in served.browser.get(url, params=asked, timeout=60).json()["tracks"]}
    assert f"x{number:021d}" not in after


def test_a_verdict_given_elsewhere_a_moment_ago_is_withdrawn_through_a_copy(tmp_path: Path) -> None:
    """Two pages on one library: what one of them looked up a moment ago is not what counts."""
    home = Home(tmp_path)
    home.prepare()
    listed = CandidateList(
        "file-1",
        "list",
        "file",
        table_of([("a", "Hurt", "Cash", None, 200_000.0), ("b", "HURT", "cash", None, 201_000.0)]),
    )
    here, there = VerdictBook(home), VerdictBook(home)
    first, copy = (dict(row) for row in listed.tracks.to_dict("records"))
    there.on(listed)
    here.say(listed, first, "keep")
    assert there.say(listed, copy, None) is not None
    assert not VerdictBook(home).said("page")
    here.say(listed, first, "keep")
    there.say(listed, copy, "skip")
    assert {one.verdict for one in VerdictBook(home).said("page").values()} == {"skip"}
