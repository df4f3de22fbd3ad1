"""Loved tracks from Last.fm on loopback, in its own words: every row is accounted for, and the key stays hidden."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from connectors.http.faults import NotFound, RateLimited
from connectors.http.transport import Transport
from connectors.lastfm.client import LastFm
from connectors.lastfm.pull import pull_lastfm
from connectors.library import EvidenceRow, Library
from connectors.track_ids import best_id
from features.errors import InputError, ServiceError
from tests.standin.exchange import Reply, Request
from tests.standin.server import LoopbackServer

KEY = "0123456789abcdef0123456789abcdef"
SINCE = 1_700_000_000


def loved(number: int, **other: Any) -> dict[str, Any]:
    """A track as Last.fm words it, the lower the number the newer."""
    told = {
        "artist": {"url": "https://www.last.fm/music/Band", "name": "Band", "mbid": ""},
        "date": {"uts": str(SINCE - number), "#text": "14 Nov 2023, 22:13"},
        "mbid": "",
        "url": f"https://www.last.fm/music/Band/_/Song+{number}",
        "name": f"Song {number}",
        "image": [{"size": "small", "#text": ""}],
        "streamable": {"fulltrack": "0", "#text": "0"},
    }
    return told | other


class Service:
    """Serves ``tracks`` to whoever has the key, and counts ``unlisted`` more; ``faults`` come first, one a request."""

    def __init__(self) -> None:
        self.tracks: dict[str, list[Any]] = {}
        self.unlisted = 0
        self.faults: list[Reply | None] = []
        self.asked: list[dict[str, str]] = []
        self.server = LoopbackServer("lastfm", 0, self._answer)

    def client(self, key: str = KEY) -> LastFm:
        return LastFm(Transport("Last.fm", max_wait=0.0, sleep=lambda _: None), key, self.server.url)

    def _answer(self, request: Request) -> Reply:
        self.asked.append(request.query)
        if self.faults and (fault := self.faults.pop(0)):
            return fault
        query = request.query
        assert (request.method, query["method"], query["format"]) == ("GET", "user.getlovedtracks", "json")
        if query["api_key"] != KEY:
            return Reply(403, {"message": "Invalid API key - You must be granted a valid key by last.fm", "error": 10})
        if query["user"] not in self.tracks:
            return Reply(404, {"message": "User not found", "error": 6})
        everything, size, page = self.tracks[query["user"]], int(query["limit"]), int(query["page"])
        part: Any = everything[(page - 1) * size : page * size]
        total = len(everything) + self.unlisted
        pages = -(-total // size)
        about = {"user": query["user"], "totalPages": str(pages), "page": str(page), "perPage": str(size)}
        found = part[0] if len(part) == 1 else part
        return Reply(200, {"lovedtracks": {"track": found, "@attr": {**about, "total": str(total)}}})


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library.open(f"sqlite:///{tmp_path / 'library.db'}") as opened:
        yield opened


@pytest.fixture
def service() -> Iterator[Service]:
    made = Service()
    made.server.start()
    yield made
    made.server.stop()


def named(number: int) -> str:
    return str(best_id(None, None, "Band", f"Song {number}"))


def test_loved_tracks_become_evidence_page_by_page(library: Library, service: Service) -> None:
    service.tracks["rj"] = [loved(number) for number in range(401)]
    report = pull_lastfm(library, service.client(), "rj")
    assert (report.source, report.seen, report.outcomes, report.calls) == ("lastfm", 401, {"loved": 401}, 3)
    evidence = library.evidence().set_index("track_id")
    row = evidence.loc[named(400)]  # alone on its page, which Last.fm writes as an object
    assert row[["source", "kind", "liked", "reason"]].tolist() == ["lastfm", "love", True, "loved on Last.fm"]
    assert row["at"] == pd.Timestamp(SINCE - 400, unit="s", tz="UTC")
    assert library.tracks().set_index("track_id").loc[named(7), ["track_name", "artist_name"]].tolist() == [
        "Song 7",
        "Band",
    ]


def test_nothing_is_dropped_in_silence(library: Library, service: Service) -> None:
    service.tracks["rj"] = [
        loved(0),
        loved(0, date={"uts": "1"}),
        loved(1, name=" "),
        loved(2, artist=None),
        loved(3, artist={"#text": "Band"}, date=None),
        "nonsense",
    ]
    report = pull_lastfm(library, service.client(), "rj")
    assert report.outcomes == {
        "loved": 2,
        "merged with a newer love of the same track": 1,
        "left out: without artist or title": 3,
    }
    evidence = library.evidence().set_index("track_id")
    assert evidence.loc[named(0), "at"] == pd.Timestamp(SINCE, unit="s", tz="UTC")
    assert pd.isna(evidence.loc[named(3), "at"])


def test_love_that_was_taken_back_disappears(library: Library, service: Service) -> None:
    service.tracks["rj"] = [loved(0), loved(1)]
    pull_lastfm(library, service.client(), "rj")
    library.add_evidence([EvidenceRow(track_id=named(1), source="spotify", kind="like", liked=True)])
    service.tracks["rj"] = [loved(0)]
    assert pull_lastfm(library, service.client(), "rj").notes == ("1 loves that were taken back are gone",)
    assert sorted(library.evidence()["source"]) == ["lastfm", "spotify"]


def test_love_that_was_taken_back_disappears_also_where_some_is_counted_and_never_listed(
    library: Library, service: Service
) -> None:
    service.tracks["rj"], service.unlisted = [loved(number) for number in range(250)], 3
    assert pull_lastfm(library, service.client(), "rj").notes == (
        "3 loves are counted and not listed: none is taken as taken back, the next pull asks again",
    )
    del service.tracks["rj"][7]
    assert pull_lastfm(library, service.client(), "rj").notes == ("1 loves that were taken back are gone",)
    assert set(library.evidence()["track_id"]) == {named(number) for number in range(250) if number != 7}
    assert pull_lastfm(library, service.client(), "rj").notes == ()


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(429, None, {"Retry-After": "900"}), RateLimited),
        (Reply(200, "<html>"), ServiceError),
        (Reply(200, {"lovedtracks": 3}), ServiceError),
        (Reply(200, {"error": 29, "message": "Rate Limit Exceeded"}), ServiceError),
        (Reply(400, {"error": 8, "message": "Operation failed"}), ServiceError),
    ],
)
def test_a_pull_that_broke_off_goes_on_with_its_page(
    library: Library, service: Service, reply: Reply, error: type[Exception]
) -> None:
    service.tracks["rj"] = [loved(number) for number in range(450)]
    service.faults = [None, reply]
    with pytest.raises(error):
        pull_lastfm(library, service.client(), "rj")
    assert len(library.evidence()) == 200
    service.asked.clear()
    report = pull_lastfm(library, service.client(), "rj")
    assert [query["page"] for query in service.asked] == ["2", "3"]
    assert (report.seen, len(library.evidence())) == (450, 450)


def test_love_given_meanwhile_starts_anew_and_loses_nothing(library: Library, service: Service) -> None:
    service.tracks["rj"] = [loved(number) for number in range(1, 451)]
    service.faults = [None, Reply(200, {"error": 29, "message": "Rate Limit Exceeded"})]
    with pytest.raises(ServiceError):
        pull_lastfm(library, service.client(), "rj")
    service.tracks["rj"].insert(0, loved(0))
    assert pull_lastfm(library, service.client(), "rj").outcomes == {"loved": 451}
    assert len(library.evidence()) == 451


def test_refusals_say_the_mend(library: Library, service: Service) -> None:
    with pytest.raises(NotFound, match="knows no user 'nobody'"):
        pull_lastfm(library, service.client(), "nobody")
    with pytest.raises(InputError, match="does not know this key"):
        pull_lastfm(library, service.client("another-key-altogether"), "rj")
    service.faults = [Reply(403, {"error": 17, "message": "Login: User required to be logged in"})]
    with pytest.raises(InputError, match="are private"):
        pull_lastfm(library, service.client(), "rj")
    with pytest.raises(InputError, match="a key of your own"):
        service.client(" ")


def test_the_key_is_in_no_log(library: Library, service: Service, caplog: pytest.LogCaptureFixture) -> None:
    service.tracks["rj"] = [loved(0)]
    with caplog.at_level(logging.DEBUG):
        pull_lastfm(library, service.client(), "rj")
    assert "getlovedtracks" in caplog.text
    assert KEY not in caplog.text
