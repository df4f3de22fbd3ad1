"""Whatever Spotify answers is read, or refused in words; nothing of it is an exception of Python's."""

import contextlib
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.http.faults import BadAnswer
from connectors.spotify.answers import Account, SpotifyTrack
from connectors.spotify.reading import (
    is_spotify_id,
    read_account,
    read_entry,
    read_features,
    read_listed_playlist,
    read_page,
    read_playlist,
    read_snapshot,
    read_time,
    read_track,
)

ME = Account(id="account", user_id="me", name="Me")
ID = "4iV5W9uYEdYUVa79Axb7Rh"
KEYS = st.sampled_from(
    ["id", "uri", "type", "track", "item", "items", "tracks", "added_at", "is_local", "name", "artists", "album",
     "owner", "external_ids", "isrc", "duration_ms", "release_date", "explicit", "popularity", "snapshot_id", "total",
     "next", "limit", "audio_features", "tempo", "account_id", "display_name"]
)  # fmt: skip
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from([ID, f"spotify:track:{ID}"]),
)
JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=8), max_leaves=25
)


@given(JSON)
def test_an_entry_is_a_track_or_a_reason(content: Any) -> None:
    entry = read_entry(content)
    assert (entry.track is None) == bool(entry.why_none)
    track = entry.track
    if track is not None:
        assert (track.track_id is not None) == (track.kind == "track")
        assert track.is_local == (track.kind == "local")
        assert track.duration_ms is None or track.duration_ms > 0
    read_track(content)


@given(JSON)
def test_anything_else_is_read_or_refused(content: Any) -> None:
    for read in (
        lambda: read_page(content, 0, 50, read_entry),
        lambda: read_playlist(content, ME),
        lambda: read_listed_playlist(content, ME),
        lambda: read_account(content),
        lambda: read_snapshot(content),
        lambda: read_features(content, frozenset([ID])),
    ):
        with contextlib.suppress(BadAnswer):
            read()


def full(**changes: Any) -> dict[str, Any]:
    """A track as the Web API documents it."""
    return {
        "id": ID, "uri": f"spotify:track:{ID}", "type": "track", "name": " Cut to the Feeling ", "is_local": False,
        "artists": [{"id": "6sFIWsNpZYqfjUpaCgueju", "name": "Carly Rae Jepsen"}, {"id": None, "name": "Guest"}, None],
        "album": {"name": "Cut to the Feeling", "release_date": "2017-05"}, "external_ids": {"isrc": "usum71703861"},
        "duration_ms": 207959, "explicit": False, "popularity": 63,
    } | changes  # fmt: skip


def test_a_track_is_read_whole() -> None:
    assert read_track(full()) == SpotifyTrack(
        track_id=ID, uri=f"spotify:track:{ID}", kind="track", track_name="Cut to the Feeling",
        artist_name="Carly Rae Jepsen;Guest", album_name="Cut to the Feeling", isrc="USUM71703861", duration_ms=207959,
        release_date="2017-05", explicit=False, popularity=63,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "name", "value"),
    [
        ({"external_ids": {"isrc": "not one"}}, "isrc", None),
        ({"external_ids": {"isrc": "US-UM7-17-03861"}}, "isrc", "USUM71703861"),
        ({"external_ids": None}, "isrc", None),
        ({"duration_ms": 0}, "duration_ms", None),
        ({"duration_ms": -1}, "duration_ms", None),
        ({"duration_ms": 10**400}, "duration_ms", None),
        ({"popularity": -(10**400)}, "popularity", None),
        ({"album": {"release_date": "0000"}}, "release_date", None),
        ({"album": None}, "album_name", None),
        ({"artists": []}, "artist_name", None),
        ({"name": ""}, "track_name", None),
        ({"explicit": "no"}, "explicit", None),
        ({"popularity": None}, "popularity", None),
        ({"type": "episode"}, "track_id", None),
        ({"is_local": True}, "kind", "local"),
    ],
)
def test_what_is_odd_is_missing(changes: dict[str, Any], name: str, value: object) -> None:
    track = read_track(full(**changes))
    assert track is not None
    assert getattr(track, name) == value


@pytest.mark.parametrize("identifier", [None, "", "short", f"{ID}x", f"{ID[:-1]}/", f"{ID[:-1]}\n", 7])
def test_a_track_without_a_usable_id_has_a_reason(identifier: object) -> None:
    assert not is_spotify_id(identifier)
    entry = read_entry({"added_at": "2026-01-01T00:00:00Z", "item": full(id=identifier)})
    assert entry.track is None
    assert entry.why_none == "it has no usable id"


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-21T14:00:00Z", datetime(2026, 11, 21, 14, tzinfo=UTC)),
        ("2026-11-21T15:00:00.5+01:00", datetime(2026, 11, 21, 14, 0, 0, 500_000, tzinfo=UTC)),
        ("2026-11-21T14:00:00", datetime(2026, 11, 21, 14, tzinfo=UTC)),
        ("1970-01-01T00:00:00Z", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("yesterday", None),
        (None, None),
        (1_700_000_000, None),
    ],
)
def test_times_know_their_zone(text: object, moment: datetime | None) -> None:
    assert read_time(text) == moment


@given(st.integers(0, 500), st.integers(0, 500), st.integers(1, 50), st.sampled_from(["x", None]))
def test_paging_ends_and_leaves_nothing_out(total: int, shrunk: int, limit: int, following: str | None) -> None:
    """Whatever ``next`` says, and also where the list shrinks or the server gives shorter pages than were asked for."""
    offset, seen, pages = 0, 0, 0
    while True:
        length = total if offset < shrunk else min(total, shrunk)
        items = [None] * max(0, min(limit, length - offset))
        page = read_page({"items": items, "total": length, "limit": limit, "next": following}, offset, 50, read_entry)
        seen += len(page.items)
        pages += 1
        if not page.has_next:
            break
        offset = page.next_offset
    assert pages <= 1 + total // limit
    assert seen >= min(total, shrunk)


def test_numbers_and_ids_that_are_none_are_left_out_of_features() -> None:
    rows = [{"id": ID, "tempo": 10**400, "energy": 0.5}, {"id": [ID], "tempo": 120}, {"tempo": 120}, None]
    assert read_features({"audio_features": rows}, frozenset([ID])) == {ID: {"energy": 0.5}}
    with pytest.raises(BadAnswer):
        read_features({"audio_features": []}, frozenset([ID]))
    with pytest.raises(BadAnswer):
        read_page({"items": [], "total": 10**400}, 0, 50, read_entry)
