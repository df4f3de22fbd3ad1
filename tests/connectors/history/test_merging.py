"""A play that is reported twice is one play; two plays stay two."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.history.exclusions import Exclusions
from connectors.history.merging import duplicates
from connectors.history.play_table import Fate
from connectors.history.reading import PlayReader
from tests.connectors.history.exports import START, row, skip

BEGAN = int(START.timestamp())


def kept(*rows, fixed=None) -> list[int]:
    table = PlayReader(Exclusions(), 1 << 40).extended(list(rows))
    repeated = duplicates(table, None if fixed is None else np.array(fixed))
    return np.flatnonzero(~repeated).tolist()


@pytest.mark.parametrize("seconds", [0, 1, 2, 5])
def test_the_same_play_a_few_seconds_later_is_one(seconds) -> None:
    assert len(kept(row(1, 10), row(1, 10 + seconds / 60, offline_timestamp=0))) == 1


def test_offline_synchronisation_reports_one_beginning_twice() -> None:
    offline = {"offline": True, "offline_timestamp": BEGAN, "ms_played": 90_000}
    assert kept(row(1, 10, **offline), row(1, 500, **{**offline, "offline_timestamp": BEGAN * 1000})) == [0]
    assert kept(row(1, 10, **offline), row(1, 500, **{**offline, "ms_played": 90_001})) == [0, 1]
    none = {**offline, "ms_played": 0}
    assert kept(row(1, 10, **none), row(1, 11, **none)) == [0, 1]
    unknown = {**offline, "offline_timestamp": 0}
    assert kept(row(1, 10, **unknown), row(1, 500, **unknown)) == [0, 1]


def test_two_plays_stay_two() -> None:
    assert kept(row(1, 3), row(1, 6)) == [0, 1]  # on repeat
    assert kept(row(1, 3), row(1, 6 - 12 / 60)) == [0, 1]  # with crossfade
    assert kept(row(1, 3), row(2, 3)) == [0, 1]  # two devices
    back = skip(1, 3, reason_end="backbtn", ms_played=1_300)
    assert kept(back, row(1, 6 - 1 / 60, reason_start="backbtn")) == [0, 1]  # begun again, by rounded times


def test_of_several_the_one_that_says_most_stays() -> None:
    assert kept(skip(1, 10, ms_played=170_000), row(1, 10.02, offline_timestamp=0)) == [1]
    assert kept(row(1, 10, reason_end="logout"), skip(1, 10, ms_played=180_000)) == [1]
    assert kept(row(1, 10, ms_played=100_000), row(1, 10, ms_played=180_000)) == [1]
    assert kept(*[row(1, 10)] * 4) == [0]


def test_what_is_fixed_stays_and_takes_the_others_with_it() -> None:
    worse, better = skip(1, 10, ms_played=170_000), row(1, 10.02, offline_timestamp=0)
    assert kept(worse, better, fixed=[True, False]) == [0]
    assert kept(worse, better, fixed=[True, True]) == [0, 1]


PLAYS = st.lists(
    st.tuples(st.integers(1, 2), st.integers(0, 900), st.sampled_from([0, 900, 20_000, 180_000]), st.booleans()),
    max_size=14,
)


@settings(max_examples=80, deadline=None)
@given(plays=PLAYS, data=st.data())
def test_merging_is_complete_idempotent_and_free_of_order(plays, data) -> None:
    rows = [
        (skip if skipped else row)(track, second / 60, ms_played=ms, offline_timestamp=0)
        for track, second, ms, skipped in plays
    ]
    table = PlayReader(Exclusions(), 1 << 40).extended(rows)
    once = table.take(~duplicates(table))
    assert not duplicates(once).any()
    assert set(once.track) == set(table.track)
    keys = list(zip(once.track, once.ended_at, strict=True))
    assert len(keys) == len(set(keys))
    order = np.array(data.draw(st.permutations(range(len(rows)))), dtype=int)
    shuffled = table.take(order)
    again = shuffled.take(~duplicates(shuffled))

    def content(some) -> list:
        return sorted(zip(some.track, some.ended_at, some.ms_played, some.fate, strict=True))

    assert content(once) == content(again)
    assert set(table.fate) <= {Fate.FINISHED, Fate.SKIPPED}
