"""Love and hate from ListenBrainz: every verdict is accounted for, and those taken back disappear."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from connectors.http.faults import NotFound, RateLimited
from connectors.library import EvidenceRow, Library
from connectors.listenbrainz.pull import pull_listenbrainz
from connectors.track_ids import best_id
from features.errors import InputError, ServiceError
from tests.connectors.listenbrainz.services import CREATED, ListenBrainzService, verdict
from tests.standin.exchange import Reply

SPOTIFY = "4iV5W9uYEdYUVa79Axb7Rh"
CREDITS = [{"artist_credit_name": "A", "join_phrase": " & "}, {"artist_credit_name": "B"}]


def told(library: Library) -> dict[tuple[str, str], bool]:
    evidence = library.evidence()
    evidence = evidence[evidence["source"] == "listenbrainz"]
    return {(row.track_id, row.kind): row.liked for row in evidence.itertuples()}


def named(number: int) -> str:
    return str(best_id(None, None, "Band", f"Song {number}"))


def test_love_and_hate_become_evidence(library: Library, service: ListenBrainzService) -> None:
    service.feedback["rob"] = [verdict(0), verdict(1, -1, release_name="Album")]
    report = pull_listenbrainz(library, service.client(), "rob")
    assert report.outcomes == {"loved": 1, "hated": 1}
    assert report.seen == 2
    assert report.calls == 1
    evidence = library.evidence().set_index("track_id")
    assert evidence.loc[named(0), ["source", "kind", "liked", "weight", "reason"]].tolist() == [
        "listenbrainz", "love", True, 1.0, "loved on ListenBrainz",
    ]  # fmt: skip
    assert evidence.loc[named(1), ["kind", "liked"]].tolist() == ["hate", False]
    assert evidence.loc[named(0), "at"] == pd.Timestamp(datetime.fromtimestamp(CREATED, UTC))
    tracks = library.tracks().set_index("track_id")
    assert tracks.loc[named(1), ["track_name", "artist_name", "album_name"]].tolist() == ["Song 1", "Band", "Album"]


@pytest.mark.parametrize(
    ("metadata", "track_id"),
    [
        ({"additional_info": {"spotify_id": f"https://open.spotify.com/track/{SPOTIFY}"}}, SPOTIFY),
        ({"additional_info": {"origin_url": f"https://open.spotify.com/track/{SPOTIFY}?si=1"}}, SPOTIFY),
        ({"additional_info": {"spotify_id": "no id", "isrc": "us-s1z-99-00001"}}, "isrc:USS1Z9900001"),
        ({"additional_info": {"isrc": "USS1Z9900001", "origin_url": "https://youtu.be/x"}}, "isrc:USS1Z9900001"),
        ({"additional_info": {}}, named(0)),
        ({"additional_info": None}, named(0)),
        ({"mbid_mapping": {"artists": CREDITS}}, best_id(None, None, "A;B", "Song 0")),
        ({"mbid_mapping": {"artists": 5}}, named(0)),
        ({"additional_info": {"duration_ms": 10**400}}, named(0)),
    ],
)
def test_ids_are_the_best_that_is_told(
    library: Library, service: ListenBrainzService, metadata: dict[str, Any], track_id: str
) -> None:
    service.feedback["rob"] = [verdict(0, **metadata)]
    pull_listenbrainz(library, service.client(), "rob")
    assert list(told(library)) == [(track_id, "love")]


def test_nothing_is_dropped_in_silence(library: Library, service: ListenBrainzService) -> None:
    service.feedback["rob"] = [
        verdict(0),
        verdict(0) | {"created": CREATED - 99, "recording_mbid": "another release"},
        verdict(0, -1) | {"created": "once"},
        verdict(1) | {"track_metadata": None},
        verdict(2, track_name=""),
        verdict(3, artist_name=None),
        verdict(4, 0),
        verdict(5) | {"score": True},
        "nonsense",
    ]
    report = pull_listenbrainz(library, service.client(), "rob")
    assert report.outcomes == {
        "loved": 1,
        "merged with a newer verdict on the same track": 1,
        "hated": 1,
        "left out: ListenBrainz does not know which recording it is": 3,
        "left out: neither love nor hate": 3,
    }
    assert report.seen == 9
    evidence = library.evidence().set_index("kind")
    assert evidence.loc["love", "at"] == pd.Timestamp(datetime.fromtimestamp(CREATED, UTC))
    assert pd.isna(evidence.loc["hate", "at"])


def test_a_thousand_a_call_and_both_scores_at_once(library: Library, service: ListenBrainzService) -> None:
    service.feedback["rob"] = [verdict(one, -1 if one % 3 == 0 else 1) for one in range(2500)]
    report = pull_listenbrainz(library, service.client(), "rob")
    assert report.calls == 3
    assert report.outcomes == {"loved": 1666, "hated": 834}
    assert [query for _, query in service.asked] == [
        {"count": "1000", "offset": offset, "metadata": "true"} for offset in ("0", "1000", "2000")
    ]


def test_what_was_taken_back_disappears(library: Library, service: ListenBrainzService) -> None:
    service.feedback["rob"] = [verdict(0), verdict(1), verdict(2, -1), verdict(3)]
    pull_listenbrainz(library, service.client(), "rob")
    library.add_evidence([EvidenceRow(track_id=named(1), source="spotify", kind="like", liked=True)])
    service.feedback["rob"] = [verdict(2), verdict(0)]
    report = pull_listenbrainz(library, service.client(), "rob")
    assert told(library) == {(named(0), "love"): True, (named(2), "love"): True}
    assert report.notes == ("3 verdicts that were taken back are gone",)
    assert (library.evidence()["source"] == "spotify").sum() == 1
    service.feedback["rob"] = []
    pull_listenbrainz(library, service.client(), "rob")
    assert told(library) == {}


def test_a_page_that_comes_empty_once_takes_nothing_back(library: Library, service: ListenBrainzService) -> None:
    service.feedback["rob"] = [verdict(one) for one in range(1500)]
    pull_listenbrainz(library, service.client(), "rob")
    service.faults = [None, Reply(200, {"feedback": [], "count": 0, "total_count": 1500, "offset": 1000})]
    report = pull_listenbrainz(library, service.client(), "rob")
    assert report.notes == (
        "500 verdicts are counted and not listed: none is taken as taken back, the next pull asks again",
    )
    assert len(told(library)) == 1500


@pytest.mark.parametrize(
    ("after", "fault"),
    [(1, Reply(429, None, {"Retry-After": "900"})), (2, Reply(200, "<html>")), (0, Reply(200, {}))],
    ids=["rate limit", "no JSON", "another shape"],
)
def test_a_pull_that_breaks_off_goes_on_at_its_page(
    library: Library, service: ListenBrainzService, tmp_path: Path, after: int, fault: Reply
) -> None:
    service.feedback["rob"] = [verdict(one, 1 if one % 2 else -1) for one in range(2400)]
    service.faults = [None] * after + [fault] * 6
    with pytest.raises(ServiceError):
        pull_listenbrainz(library, service.client(), "rob")
    assert len(library.evidence()) == 1000 * after
    service.faults = []
    service.asked.clear()
    report = pull_listenbrainz(library, service.client(), "rob")
    assert [query["offset"] for _, query in service.asked] == [str(1000 * page) for page in range(after, 3)]
    assert report.outcomes == {"loved": 1200, "hated": 1200}
    with Library.open(f"sqlite:///{tmp_path / 'undisturbed.db'}") as undisturbed:
        pull_listenbrainz(undisturbed, service.client(), "rob")
        pd.testing.assert_frame_equal(library.evidence(), undisturbed.evidence())
        pd.testing.assert_frame_equal(library.tracks(), undisturbed.tracks())


def test_pages_that_moved_are_read_again(library: Library, service: ListenBrainzService) -> None:
    service.feedback["rob"] = [verdict(one) for one in range(10, 2200)]
    service.faults = [None, Reply(429, None, {"Retry-After": "900"})]
    with pytest.raises(RateLimited):
        pull_listenbrainz(library, service.client(), "rob")
    service.feedback["rob"] = [verdict(1), verdict(2), *service.feedback["rob"][5:]]
    report = pull_listenbrainz(library, service.client(), "rob")
    assert report.outcomes == {"loved": 2187}
    assert set(told(library)) == {(named(one), "love") for one in (1, 2, *range(15, 2200))}


def test_another_user_replaces_the_first(library: Library, service: ListenBrainzService) -> None:
    service.feedback = {"rob": [verdict(one) for one in range(1500)], "ann": [verdict(7)]}
    service.faults = [None, Reply(429, None, {"Retry-After": "900"})]
    with pytest.raises(RateLimited):
        pull_listenbrainz(library, service.client(), "rob")
    pull_listenbrainz(library, service.client(), "ann")
    assert list(told(library)) == [(named(7), "love")]


@pytest.mark.parametrize("user", ["rob", "Rob Kaye", "a/b?c#d", "ünï", "100%", "..rob", "a\\b"])
def test_any_user_name_stays_one_part_of_the_address(library: Library, service: ListenBrainzService, user: str) -> None:
    service.feedback[user] = [verdict(0)]
    assert pull_listenbrainz(library, service.client(), user).seen == 1
    assert len(service.asked) == 1


@pytest.mark.parametrize("user", ["", " ", ".", ".."])
def test_names_that_are_none(library: Library, service: ListenBrainzService, user: str) -> None:
    with pytest.raises(InputError, match="no name"):
        pull_listenbrainz(library, service.client(), user)
    assert service.asked == []


def test_an_unknown_user_is_said_and_costs_nothing(library: Library, service: ListenBrainzService) -> None:
    service.feedback["rob"] = [verdict(0)]
    pull_listenbrainz(library, service.client(), "rob")
    with pytest.raises(NotFound, match="no user 'bob'") as raised:
        pull_listenbrainz(library, service.client(), "bob")
    assert raised.value.exit_code == 2
    assert "listenbrainz.org/user/" in raised.value.hint
    assert len(told(library)) == 1


def test_the_rate_limit_of_its_headers_is_kept_to(library: Library, service: ListenBrainzService) -> None:
    service.feedback["rob"] = [verdict(one) for one in range(1500)]
    service.headers = {"X-RateLimit-Limit": "30", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset-In": "7"}
    pull_listenbrainz(library, service.client(max_wait=10), "rob")
    assert sum(service.slept) == 7
    assert [service.waits[0].service, service.waits[0].seconds, service.waits[-1].remaining] == ["ListenBrainz", 7, 0]

    service.slept.clear()
    service.feedback["ann"] = service.feedback["rob"]
    with pytest.raises(RateLimited):
        pull_listenbrainz(library, service.client(max_wait=5), "ann")
    assert service.slept == []
    pull_listenbrainz(library, service.client(max_wait=5), "ann")
    service.headers["X-RateLimit-Remaining"] = "29"
    pull_listenbrainz(library, service.client(max_wait=0), "ann")
    assert service.slept == []


def test_refusals_are_said(library: Library, service: ListenBrainzService) -> None:
    service.faults = [Reply(400, {"code": 400, "error": "bad\x1b[2J count"})]
    with pytest.raises(ServiceError, match=r"400: bad\?\[2J count"):
        pull_listenbrainz(library, service.client(), "rob")
