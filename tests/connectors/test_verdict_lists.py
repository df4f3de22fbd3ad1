"""Lists that change while they are read: nothing twice, nothing lost, and never read for ever."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from connectors.library import EvidenceRow, Library, TrackRow
from connectors.verdict_lists import Progress, VerdictList, VerdictPage
from features.errors import ServiceError

LIST = VerdictList("lastfm", "loved", "rj", kinds=("love",), first=1)
PAGE = 10


class Loves:
    """A service's list, the newest first; what ``meanwhile`` says happens after a page was given.

    It counts ``unlisted`` more than it lists.
    """

    def __init__(self, tracks: Sequence[int], meanwhile: dict[int, list[int]] | None = None, unlisted: int = 0) -> None:
        self.tracks = list(tracks)
        self.unlisted = unlisted
        self.meanwhile = dict(meanwhile or {})
        self.asked: list[int] = []

    def page_at(self, number: int) -> VerdictPage[int]:
        self.asked.append(number)
        items = self.tracks[PAGE * (number - 1) : PAGE * number]
        next_page = number + 1 if PAGE * number < len(self.tracks) else None
        page = VerdictPage(items, len(self.tracks) + self.unlisted, next_page)
        self.tracks = self.meanwhile.pop(len(self.asked), self.tracks)
        return page


def keep(library: Library, items: Sequence[int], progress: Progress, cut_at: int = -1) -> None:
    """Put tracks into the library; the machine goes away after one of them."""
    for number in items:
        track_id = f"track {number}"
        library.add_tracks([TrackRow(track_id=track_id)])
        library.add_evidence([EvidenceRow(track_id=track_id, source="lastfm", kind="love", liked=True)])
        progress.seen["love"].append(track_id)
        progress.outcomes["loved"] += 1
        if number == cut_at:
            raise InterruptedError


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library.open(f"sqlite:///{tmp_path / 'library.db'}") as opened:
        yield opened


def read(library: Library, loves: Loves) -> tuple[Progress, int]:
    return LIST.read(library, loves.page_at, partial(keep, library))


def told(library: Library) -> set[int]:
    return {int(track_id.removeprefix("track ")) for track_id in library.evidence()["track_id"]}


def test_one_verdict_more_or_less_moves_the_others_and_it_is_read_anew(library: Library) -> None:
    loves = Loves(range(100, 125), {1: list(range(99, 125)), 4: list(range(99, 120))})
    progress, removed = read(library, loves)
    assert loves.asked == [1, 2, 1, 2, 3, 1, 2, 3]
    assert told(library) == set(range(99, 120))
    assert (progress.outcomes, removed) == ({"loved": 21}, 0)


def test_a_list_that_never_stands_still_is_given_up(library: Library) -> None:
    loves = Loves(range(30), {number: list(range(30 + number)) for number in range(1, 50)})
    with pytest.raises(ServiceError, match="the verdicts of rj change faster than they can be read") as given_up:
        read(library, loves)
    assert "run the same command again" in given_up.value.hint
    assert len(loves.asked) < 12
    progress, _ = read(library, Loves(range(30)))
    assert progress.outcomes == {"loved": 30}


@pytest.mark.parametrize(("cut_at", "asked"), [(3, [1, 2, 3]), (17, [2, 3]), (24, [3])])
def test_cut_off_within_any_page_it_goes_on_with_that_page(library: Library, cut_at: int, asked: list[int]) -> None:
    with pytest.raises(InterruptedError):
        LIST.read(library, Loves(range(25)).page_at, partial(keep, library, cut_at=cut_at))
    assert told(library) == set(range(cut_at - cut_at % PAGE))
    loves = Loves(range(25))
    progress, _ = read(library, loves)
    assert loves.asked == asked
    assert progress.outcomes == {"loved": 25}
    assert told(library) == set(range(25))
    assert library.position("lastfm", "loved") is None


def test_what_was_taken_back_goes(library: Library) -> None:
    read(library, Loves(range(25)))
    assert read(library, Loves(range(5, 25)))[1] == 5
    assert told(library) == set(range(5, 25))


def test_what_is_counted_and_not_listed_is_not_taken_as_taken_back(library: Library) -> None:
    read(library, Loves(range(25)))
    loves = Loves(range(5, 25))
    progress, removed = LIST.read(
        library, lambda number: VerdictPage(loves.page_at(number).items, 20, None), partial(keep, library)
    )
    assert (progress.unlisted, removed) == (10, None)
    assert progress.notes(removed, "loves") == (
        "10 loves are counted and not listed: none is taken as taken back, the next pull asks again",
    )
    assert told(library) == set(range(25))
    progress, removed = read(library, loves)
    assert progress.notes(removed, "loves") == ("5 loves that were taken back are gone",)
    assert told(library) == set(range(5, 25))


def test_what_is_missing_twice_in_the_same_number_is_never_listed(library: Library) -> None:
    read(library, Loves(range(25), unlisted=3))
    with pytest.raises(InterruptedError):  # in between: what was missing the last time is remembered
        LIST.read(library, Loves(range(5, 25), unlisted=3).page_at, partial(keep, library, cut_at=17))
    progress, removed = read(library, Loves(range(5, 25), unlisted=3))
    assert progress.notes(removed, "loves") == ("5 loves that were taken back are gone",)
    assert told(library) == set(range(5, 25))
    progress, removed = read(library, Loves(range(5, 25), unlisted=3))
    assert progress.notes(removed, "loves") == ()


def test_what_was_listed_once_is_not_what_never_is(library: Library) -> None:
    read(library, Loves(range(25)))
    for _ in range(3):  # the second page comes empty, and the list seems to end
        _, removed = read(library, Loves(range(10), unlisted=15))
        assert removed is None
    assert told(library) == set(range(25))


@pytest.mark.parametrize(
    ("user", "missing"),
    [("rj", [3, 4, 3, 0, 3]), ("another", [3])],
    ids=["each time another number", "of another user"],
)
def test_another_number_that_is_missing_is_not_believed(library: Library, user: str, missing: list[int]) -> None:
    read(library, Loves(range(25)))
    before = replace(LIST, user=user)
    for unlisted in missing:
        before.read(library, Loves(range(25), unlisted=unlisted).page_at, partial(keep, library))
    _, removed = read(library, Loves(range(5, 25), unlisted=missing[-1] + (user == "rj")))
    assert removed is None
    assert told(library) == set(range(25))


@pytest.mark.parametrize(
    "stored",
    [
        {"user": "rj", "page": 2, "total": 25, "seen": ["track 0"], "outcomes": {"loved": 1}},
        {"user": "another", "at": 2, "total": 25, "seen": {"love": []}, "outcomes": {}},
    ],
    ids=["of an earlier version", "of another user"],
)
def test_a_place_that_is_of_no_use_is_not_gone_on_from(library: Library, stored: dict[str, object]) -> None:
    library.set_position("lastfm", "loved", stored)
    loves = Loves(range(25))
    assert read(library, loves)[0].outcomes == {"loved": 25}
    assert loves.asked == [1, 2, 3]
