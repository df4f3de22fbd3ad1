"""The requests that turn one playlist into another."""

from functools import reduce

from hypothesis import given
from hypothesis import strategies as st

from connectors.spotify.changes import MOST, Insert, Remove, Replace, apply, changes

URIS = st.integers(0, 400).map(lambda number: f"spotify:track:{number:022d}")
CURRENT = st.lists(URIS | st.just(""), max_size=300)
WANTED = st.lists(URIS, max_size=300, unique=True) | st.lists(URIS, max_size=300)


@given(CURRENT, WANTED)
def test_the_requests_end_with_what_is_wanted(current: list[str], wanted: list[str]) -> None:
    assert reduce(apply, changes(current, wanted), current) == wanted


@given(CURRENT, WANTED)
def test_no_request_has_more_tracks_than_spotify_takes(current: list[str], wanted: list[str]) -> None:
    assert all(len(change.uris) <= MOST for change in changes(current, wanted))


@given(CURRENT, WANTED, st.data())
def test_broken_off_anywhere_the_rest_still_ends_there(
    current: list[str], wanted: list[str], data: st.DataObject
) -> None:
    plan = changes(current, wanted)
    done = reduce(apply, plan[: data.draw(st.integers(0, len(plan)))], current)
    assert reduce(apply, changes(done, wanted), done) == wanted


def test_what_is_there_already_needs_nothing() -> None:
    assert changes(["a", "b"], ["a", "b"]) == ()


def test_tracks_that_stay_in_order_are_not_touched() -> None:
    assert changes(["a", "b", "c"], ["x", "a", "c", "y"]) == (Remove(("b",)), Insert(("x",), 0), Insert(("y",), 3))


def test_another_order_is_written_anew() -> None:
    assert changes(["a", "b"], ["b", "a"]) == (Replace(("b", "a")),)


def test_what_is_wanted_twice_is_written_anew() -> None:
    assert changes(["a", "b"], ["a", "b", "a"]) == (Replace(("a", "b", "a")),)


def test_what_spotify_no_longer_has_goes_with_everything() -> None:
    assert changes(["a", ""], ["a", "b"]) == (Replace(("a", "b")),)
