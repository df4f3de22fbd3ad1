"""Retry-After, durations in words, and countdowns."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.http.faults import duration_words
from connectors.http.waiting import LONGEST, Wait, count_down, retry_after

NOW = datetime(2026, 11, 21, 14, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("16", 16.0),
        (" 74214 ", 74_214.0),
        ("0", 0.0),
        ("1.5", 1.5),
        ("Sat, 21 Nov 2026 14:02:00 GMT", 120.0),
        ("Sat, 21 Nov 2026 14:02:00", 120.0),
        ("Sat, 21 Nov 2026 13:00:00 GMT", 0.0),
        ("Saturday, 21-Nov-26 14:02:00 GMT", 120.0),
        ("86400000000", LONGEST),
        (None, None),
        ("", None),
        ("-3", None),
        ("inf", None),
        ("nan", None),
        ("1e9", None),
        ("٣", None),
        ("soon", None),
    ],
)
def test_what_a_service_asks_for_is_read(value: str | None, seconds: float | None) -> None:
    assert retry_after(value, NOW) == seconds


@given(st.text(max_size=60))
def test_any_header_is_understood_or_passed_over(value: str) -> None:
    seconds = retry_after(value, NOW)
    assert seconds is None or 0 <= seconds <= LONGEST


@given(st.integers(0, 10**6))
def test_a_date_means_the_seconds_until_then(seconds: int) -> None:
    then = format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)
    assert retry_after(then, NOW) == seconds


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (0.2, "1 s"),
        (12, "12 s"),
        (65, "1 min 5 s"),
        (74_214, "20 h 36 min"),
        (86_400, "1 d"),
        (90_061, "1 d 1 h"),
    ],
)
def test_durations_are_said_in_two_units(seconds: float, words: str) -> None:
    assert duration_words(seconds) == words


@given(st.floats(0.01, 200))
def test_a_countdown_sleeps_exactly_so_long(seconds: float) -> None:
    slept: list[float] = []
    waits: list[Wait] = []
    count_down(Wait("Service", "rate_limit", seconds, seconds), waits.append, slept.append)
    assert sum(slept) == pytest.approx(seconds)
    assert max(slept) <= 1
    assert waits[0].remaining == seconds
    assert waits[-1].remaining == 0
