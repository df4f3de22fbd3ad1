"""Labels that rest on skips alone are a weak signal: the sources say so where most are of that kind, and only there."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from connectors.evidence.rules import RULE_OF
from connectors.history.pull import pull_history
from connectors.library import EvidenceRow, Library, TrackRow
from connectors.registry import open_source
from connectors.sources._from_library import WEAK
from tests.connectors.history.exports import row, skip, uri, write

N_PLAYED = 12


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A library of 12 tracks whose labels come from an export of plays alone; a third of them were skipped."""
    plays = [(skip if n % N_PLAYED % 3 == 0 else row)(n % N_PLAYED, 4.0 * n) for n in range(120)]
    url = f"sqlite:///{tmp_path / 'library.db'}"
    with Library.open(url) as library:
        pull_history(library, [write(tmp_path / "export" / "Streaming_History_Audio_2023_1.json", plays)])
    return url


def say(url: str, kind: str, source: str, numbers: Iterable[int]) -> None:
    """Evidence of a kind, of tracks by number."""
    rule = RULE_OF[kind]
    with Library.open(url) as library:
        for number in numbers:
            track_id = uri(number).rpartition(":")[2]
            library.add_tracks([TrackRow(track_id=track_id, track_name=f"Song {number}", artist_name="Band")])
            library.add_evidence([EvidenceRow(track_id=track_id, source=source, kind=kind, liked=rule.liked)])


def says_so(url: str, source: str, **asked: bool) -> bool:
    """Whether reading a source says it."""
    reading = open_source(source, library_url=url, without_features="use", **asked).read()  # type: ignore[arg-type]
    if asked.get("labels", True):
        assert len(reading.tracks) >= N_PLAYED
    assert reading.notes.count(WEAK) <= 1
    return WEAK in reading.notes


@pytest.mark.parametrize("source", ["history", "library"])
def test_skips_alone_are_said_to_be_weak(source: str, url: str) -> None:
    assert says_so(url, source)


def test_the_words_name_the_figures() -> None:
    assert "weak signal" in WEAK
    assert "0.55 for artists that it did not know and 0.75 for familiar ones" in WEAK


def test_likes_of_an_account_outnumber_them_in_the_library_but_not_in_the_history(url: str) -> None:
    say(url, "like", "spotify", range(100, 100 + N_PLAYED - 1))
    assert says_so(url, "library")
    say(url, "like", "spotify", [200])  # half and half
    assert not says_so(url, "library")
    assert says_so(url, "history")


@pytest.mark.parametrize(("kind", "source"), [("ban", "history"), ("rejected", "page"), ("like", "history")])
def test_a_stronger_word_on_the_same_track_decides_in_place_of_the_skips(kind: str, source: str, url: str) -> None:
    say(url, kind, source, range(5))
    assert says_so(url, "history")
    say(url, kind, source, range(6))
    assert not says_so(url, "history")


def test_a_like_of_a_recording_counts_under_whichever_id_it_was_said(url: str) -> None:
    """Spotify relinks tracks: the history has the old id, the likes have the new one, and both are one recording."""
    old = [uri(number).rpartition(":")[2] for number in range(N_PLAYED)]
    new = [uri(500 + number).rpartition(":")[2] for number in range(N_PLAYED)]
    with Library.open(url) as library:
        for number, pair in enumerate(zip(old, new, strict=True)):
            library.add_tracks([TrackRow(track_id=one, isrc=f"GBAAA26000{number:02d}") for one in pair])
        library.add_evidence([EvidenceRow(track_id=one, source="spotify", kind="like", liked=True) for one in new])
    assert not says_so(url, "library")
    assert says_so(url, "history")


def test_what_was_said_on_the_page_does_not_count_where_it_is_not_asked_for(url: str) -> None:
    say(url, "rejected", "page", range(N_PLAYED))
    assert not says_so(url, "history")
    assert says_so(url, "history", page_verdicts=False)


def test_much_played_tracks_are_no_stronger(url: str) -> None:
    say(url, "top", "spotify", range(N_PLAYED))
    assert says_so(url, "library")


def test_candidates_need_no_such_word(url: str) -> None:
    assert not says_so(url, "history", labels=False)
