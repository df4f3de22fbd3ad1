"""Which ids are of one recording."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.library.identity import recordings

COLUMNS = ("track_id", "track_name", "artist_name", "isrc", "duration_ms")


def table(*rows: dict[str, object]) -> pd.DataFrame:
    """Tracks of one song by default, under ids of their own, that differ in what a row says."""
    song = {"track_name": "Hurt", "artist_name": "Johnny Cash", "isrc": None, "duration_ms": None}
    full = [{"track_id": f"id{place}", **song, **row} for place, row in enumerate(rows)]
    return pd.DataFrame(full, columns=list(COLUMNS)).astype(
        {"track_id": "str", "track_name": "str", "artist_name": "str", "isrc": "str", "duration_ms": "float64"}
    )


def numbers(*rows: dict[str, object]) -> list[int]:
    return recordings(table(*rows)).tolist()


def test_one_isrc_is_one_recording_whatever_it_is_called() -> None:
    one, other = {"isrc": "USDF20300001", "duration_ms": 1e5}, {"isrc": "USDF20300002", "duration_ms": 2e5}
    assert numbers(one, other, {**one, "track_name": "Hurt - Remastered", "duration_ms": 2.5e5}) == [0, 1, 0]
    assert numbers(one, {"isrc": "us-df2-03-00001", "track_name": None, "artist_name": None}) == [0, 0]
    assert numbers(one, {"track_id": "isrc:USDF20300001", "track_name": None, "artist_name": None}) == [0, 0]


@pytest.mark.parametrize("isrc", ["", "unknown", "000000000000", "USDF2030001"])
def test_what_is_no_isrc_joins_nothing(isrc: str) -> None:
    assert numbers({"isrc": isrc, "track_name": "A"}, {"isrc": isrc, "track_name": "B"}) == [0, 1]


def test_title_primary_artist_and_duration_within_two_seconds() -> None:
    assert numbers({"duration_ms": 216_000.0}, {"duration_ms": 218_000.0}) == [0, 0]
    assert numbers({"duration_ms": 216_000.0}, {"duration_ms": 218_001.0}) == [0, 1]
    # Another ISRC is another release, not another recording.
    assert numbers({"duration_ms": 2e5, "isrc": "USDF20300001"}, {"duration_ms": 2e5, "isrc": "USDF20300002"}) == [0, 0]
    assert numbers({"duration_ms": 2e5}, {"duration_ms": 2e5, "track_name": "Hurt - Live"}) == [0, 1]
    assert numbers({"duration_ms": 2e5}, {"duration_ms": 2e5, "artist_name": "Nine Inch Nails"}) == [0, 1]
    spelled = {"track_name": "  HURT ", "artist_name": "JOHNNY CASH;Rick Rubin", "duration_ms": 2e5}
    assert numbers({"duration_ms": 2e5}, spelled) == [0, 0]


def test_same_carries_over() -> None:
    steps = [{"duration_ms": float(ms)} for ms in (204_000, 200_000, 202_000, 210_000)]
    assert numbers(*steps) == [0, 0, 0, 1]


def test_an_unknown_duration_joins_where_there_is_only_one_recording() -> None:
    assert numbers({"duration_ms": 2e5}, {}) == [0, 0]
    assert numbers({}, {}) == [0, 0]
    album, live = {"duration_ms": 2e5}, {"duration_ms": 3e5}
    assert numbers(album, {}, live, {}) == [0, 1, 2, 3]
    # The ISRC tells which of the two it is, and leaves the other unknown one in doubt.
    known = {"duration_ms": 2e5, "isrc": "USDF20300001"}
    assert numbers(known, {"isrc": "USDF20300001"}, live, {}) == [0, 0, 1, 2]
    assert numbers(known, {"isrc": "USDF20300001"}, {}) == [0, 0, 0]


def test_tracks_without_names_stay_apart() -> None:
    nameless = {"track_name": None, "duration_ms": 2e5}
    assert numbers(nameless, nameless, {"artist_name": "", "duration_ms": 2e5}, {"artist_name": None}) == [0, 1, 2, 3]


def test_no_tracks_are_no_recordings() -> None:
    assert recordings(table()).tolist() == []


track = st.fixed_dictionaries(
    {
        "track_name": st.sampled_from(["A", "B", None]),
        "artist_name": st.sampled_from(["X", "Y;Z"]),
        "isrc": st.sampled_from([None, None, "USDF20300001", "USDF20300002", "USDF20300003"]),
        "duration_ms": st.sampled_from([None, 1e5, 1.01e5, 1.03e5, 2e5]),
    }
)


@settings(deadline=None)
@given(st.lists(track, max_size=12), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(rows: list[dict[str, object]], random: object) -> None:
    tracks = table(*rows)
    order = list(range(len(rows)))
    random.shuffle(order)
    straight, shuffled = recordings(tracks), recordings(tracks.iloc[order].reset_index(drop=True))
    same = straight[:, None] == straight[None, :]
    assert (same[np.ix_(order, order)] == (shuffled[:, None] == shuffled[None, :])).all()
    if rows:
        assert sorted(set(straight)) == list(range(straight.max() + 1))
