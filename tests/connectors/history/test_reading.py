"""Rows of every vintage become plays; what is none is counted under its name, and personal fields are never read."""

import io
import json
import time
from collections.abc import Callable
from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.history.exclusions import Exclusions, parse_day, parse_hours
from connectors.history.json_stream import batches
from connectors.history.play_table import Fate
from connectors.history.reading import LONGEST_PLAY_MS, PlayReader, dictionaries
from features.columns import AUDIO_FEATURES
from features.errors import InputError
from features.identity import local_ids
from tests.connectors.history.exports import PERSONAL, START, row, skip

LATEST = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())


def reader(**exclusions) -> PlayReader:
    return PlayReader(Exclusions(**exclusions), LATEST)


def fates(*rows, **exclusions) -> list[Fate]:
    """What becomes of each row, read alone."""
    found = []
    for each in rows:
        one = reader(**exclusions)
        table = one.extended([each])
        found += [Fate(fate) for fate in table.fate] + [fate for fate, n in one.counts.items() for _ in range(n)]
    assert len(found) == len(rows)
    return found


@pytest.mark.parametrize(
    ("reason", "skipped", "fate"),
    [
        ("trackdone", False, Fate.FINISHED),
        ("trackdone", True, Fate.FINISHED),  # trackdone wins
        ("trackdone", None, Fate.FINISHED),
        ("fwdbtn", False, Fate.SKIPPED),  # the flag was false for years
        ("fwdbtn", None, Fate.SKIPPED),
        ("backbtn", False, Fate.SKIPPED),
        ("endplay", False, Fate.SKIPPED),
        ("unknown", False, Fate.SKIPPED),
        ("nextbtn", None, Fate.SKIPPED),
        ("logout", False, Fate.NEUTRAL),
        ("logout", None, Fate.NEUTRAL),  # null is not false
        ("logout", True, Fate.SKIPPED),
        ("remote", False, Fate.NEUTRAL),
        ("unexpected-exit-while-paused", False, Fate.NEUTRAL),
        ("", None, Fate.NEUTRAL),
        (None, None, Fate.NEUTRAL),
        (None, True, Fate.SKIPPED),
        ("a reason of the future", False, Fate.NEUTRAL),
        (17, "true", Fate.NEUTRAL),
        (["fwdbtn"], {"a": 1}, Fate.NEUTRAL),
    ],
)
def test_outcomes(reason, skipped, fate) -> None:
    assert fates(row(1, 0, reason_end=reason, skipped=skipped)) == [fate]


NOT_A_TRACK = {
    "spotify_track_uri": None,
    "master_metadata_track_name": None,
    "master_metadata_album_artist_name": None,
}


def test_what_is_no_play_of_a_track_is_counted_under_its_name() -> None:
    episode = {"episode_name": "Folge 1", "spotify_episode_uri": "spotify:episode:4rOoJ6Egrf8K2IrywzwOMk"}
    book = {"audiobook_title": "Emma", "audiobook_uri": "spotify:show:7iHfbu1YPACw6oZPAFJtqe"}
    assert fates(
        row(1, 0, **NOT_A_TRACK, **episode),
        row(1, 0, **NOT_A_TRACK, **book),
        row(1, 0, **NOT_A_TRACK),
        row(1, 0, ts="2031-01-01T00:00:00Z"),
        row(1, 0, ts="1970-01-01T00:00:00Z"),
        row(1, 0, ts="yesterday"),
        row(1, 0, ts=None),
        row(1, 0, ms_played=None),
        row(1, 0, ms_played="much"),
        row(1, 0, ms_played=float("inf")),
        {},
        {"ts": "2020-01-01T00:00:00Z", "ms_played": 1},
    ) == [
        Fate.PODCAST,
        Fate.AUDIOBOOK,
        Fate.NO_TRACK,
        Fate.ABSURD_TIME,
        Fate.ABSURD_TIME,
        *[Fate.MALFORMED] * 5,
        Fate.NO_TRACK,
        Fate.NO_TRACK,
    ]


def test_videos_are_no_plays_of_recordings() -> None:
    one = reader()
    episode = row(1, 0, **{**NOT_A_TRACK, "episode_name": "Folge 1"})
    assert len(one.extended([row(1, 0), episode], video=True)) == 0
    assert {fate: n for fate, n in one.counts.items() if n} == {Fate.VIDEO: 1, Fate.PODCAST: 1}


def test_a_track_without_an_address_goes_by_its_names() -> None:
    one = reader()
    table = one.extended([row(1, 0, spotify_track_uri=None), row(2, 1, spotify_track_uri="spotify:local:x:y:z:1")])
    names = pd.DataFrame({"track_id": None, "track_name": ["Song 1", "Song 2"], "artist_name": ["Band 1", "Band 2"]})
    expected = local_ids(names.reindex(columns=["track_id", "track_name", "artist_name", *AUDIO_FEATURES]))
    assert [one.register.tracks[number].track_id for number in table.track] == expected.tolist()
    assert one.register.number(None, "SONG 1 ", "band 1") == 0


def test_impossible_lengths_are_unknown_and_said() -> None:
    one = reader()
    table = one.extended([row(1, 0, ms_played=-5), row(1, 1, ms_played=10**30), row(1, 2, ms_played=632_948.0)])
    # JSON's integers may be longer than any float
    beyond = reader()
    far = beyond.extended([row(1, 0, ms_played=10**400), row(1, 1, ms_played=-(10**400), offline_timestamp=10**400)])
    assert (far.ms_played.tolist(), beyond.impossible_lengths) == ([0, 0], 2)
    assert table.ms_played.tolist() == [0, 0, 632_948]
    assert one.impossible_lengths == 2
    longest = reader()
    assert longest.extended([row(1, 0, ms_played=LONGEST_PLAY_MS)]).ms_played.tolist() == [LONGEST_PLAY_MS]
    assert longest.impossible_lengths == 0


@pytest.mark.parametrize(
    ("stamp", "seconds"),
    [(1683991786, 1683991786), (1683991786123, 1683991786), (0, 0), (None, 0), (-1, 0), ("x", 0)],
)
def test_seconds_and_milliseconds_are_told_apart(stamp, seconds) -> None:
    assert reader().extended([row(1, 0, offline_timestamp=stamp)]).began_at.tolist() == [seconds]


@pytest.mark.parametrize(
    "text",
    ["2023-05-01T12:00:00Z", "2023-05-01 12:00:00 UTC", "2023-05-01T12:00:00+00:00", "2023-05-01T14:00:00+02:00"],
)
def test_times_of_every_vintage(text) -> None:
    assert reader().extended([row(1, 0, ts=text)]).ended_at.tolist() == [int(START.timestamp())]


def test_personal_fields_are_not_read() -> None:
    class Watched(dict):
        def __getitem__(self, name):
            assert name not in PERSONAL
            return super().__getitem__(name)

        def get(self, name, default=None):
            assert name not in PERSONAL
            return super().get(name, default)

        def __iter__(self):
            raise AssertionError

    rows = [row(1, 0), row(2, 1, **NOT_A_TRACK), row(3, 2, ts="?")]
    assert len(reader().extended([Watched(each) for each in rows])) == 1


def test_the_short_history() -> None:
    one = reader()
    base = {"artistName": "Band", "trackName": "Song"}
    rows = [
        {"endTime": "2023-05-01 12:00", "msPlayed": 180_000, **base},
        {"endTime": "2023-05-01 13:00", "msPlayed": 4_000, **base},
        {"endTime": "2023-05-01 14:00", "msPlayed": 0, **base},
        {"endTime": "2023-05-01 15:00", "msPlayed": 9, "podcastName": "Talk", "episodeName": "One"},
        {"endTime": "soon", "msPlayed": 9, **base},
    ]
    table = one.short_form(rows)
    assert [Fate(fate) for fate in table.fate] == [Fate.NEUTRAL, Fate.SKIPPED, Fate.NEUTRAL]
    assert table.ended_at[0] == int(START.timestamp())
    assert {fate: n for fate, n in one.counts.items() if n} == {Fate.PODCAST: 1, Fate.MALFORMED: 1}


def test_exclusions_are_local_time_and_go_over_midnight() -> None:
    """12:00 UTC is 14:00 in Paris in May; and the night of 23 to 5 has two sides."""
    at = {hour: row(1, 60 * (hour - 12)) for hour in (0, 4, 5, 11, 12, 22, 23)}
    paris = {"time_zone": "Europe/Paris"}
    assert fates(at[12], at[11], hours=(14, 15), **paris) == [Fate.ASLEEP, Fate.FINISHED]
    night = fates(*at.values(), hours=(23, 5), time_zone="UTC")
    assert [fate == Fate.ASLEEP for fate in night] == [True, True, False, False, False, False, True]
    assert fates(at[12], after=date(2023, 5, 2), **paris) == [Fate.OUT_OF_RANGE]
    assert fates(at[22], after=date(2023, 5, 2), **paris) == [Fate.FINISHED]  # midnight comes early there
    assert fates(at[22], at[12], before=date(2023, 5, 2), **paris) == [Fate.OUT_OF_RANGE, Fate.FINISHED]
    private = row(1, 0, incognito_mode=True)
    assert fates(private, row(1, 1), incognito=True) == [Fate.INCOGNITO, Fate.FINISHED]
    assert fates(private) == [Fate.FINISHED]


@pytest.mark.parametrize("text", ["", "1", "1-", "1-1", "1-25", "24-3", "a-b", "-1-3", "1-2-3"])
def test_hours_that_are_none(text) -> None:
    with pytest.raises(InputError):
        parse_hours(text)


def test_dates_and_zones_that_are_none() -> None:
    assert (parse_hours("23-5"), parse_hours("1-24"), parse_day("2024-02-29")) == ((23, 5), (1, 24), date(2024, 2, 29))
    with pytest.raises(InputError, match="no date"):
        parse_day("01/02/2024")
    for name in ("Mars/Olympus", "../../etc/passwd", ""):
        with pytest.raises(InputError, match="no time zone"):
            Exclusions(time_zone=name)
    with pytest.raises(InputError, match="no day"):
        Exclusions(after=date(2024, 1, 2), before=date(2024, 1, 1))


JUNK = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers()) | st.just({})
FIELDS = st.sampled_from([*row(1, 0), "audiobook_uri"])


@settings(max_examples=60, deadline=None)
@given(changes=st.lists(st.dictionaries(FIELDS, JUNK, max_size=4), max_size=6), missing=FIELDS)
def test_whatever_stands_in_the_rows_each_is_accounted_for(changes, missing) -> None:
    rows = [{**(skip if n % 2 else row)(n, n), **change} for n, change in enumerate(changes)]
    if rows:
        rows[0].pop(missing, None)
    one = reader(incognito=True)
    table = one.extended(rows)
    assert len(table) + sum(one.counts.values()) == len(rows)
    assert np.isin(table.fate, [Fate.FINISHED, Fate.SKIPPED, Fate.NEUTRAL, Fate.INCOGNITO]).all()
    assert ((table.ms_played >= 0) & (table.ms_played <= LONGEST_PLAY_MS)).all()
    assert (table.track < len(one.register.tracks)).all()


def test_reading_costs_little_more_than_decoding() -> None:
    """As a ratio, about 1.1 (decoded whole the rows do not fit the cache): other work on the machine slows both."""
    data = json.dumps([row(n % 500, n) for n in range(20_000)]).encode()

    def read() -> None:
        one = reader()
        assert sum(len(one.extended(dictionaries(batch))) for batch in batches(io.BytesIO(data))) == 20_000

    assert times_as_long(read, lambda: json.loads(data)) < 2


def times_as_long(work: Callable[[], object], other: Callable[[], object]) -> float:
    """Processor time of one over another's, the least of five turns: whoever else works slows both of a turn."""
    return min(cpu_seconds(work) / cpu_seconds(other) for _ in range(5))


def cpu_seconds(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began
