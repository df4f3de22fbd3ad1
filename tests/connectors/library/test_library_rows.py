"""What is written is read again, the same from both databases, in whatever order it came."""

import itertools
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.library import EvidenceRow, FeatureRow, Library, MadePlaylist, PlayRow, TrackRow
from connectors.library.reading import (
    EVIDENCE_DTYPES,
    FEATURE_DTYPES,
    PLAY_DTYPES,
    TRACK_DTYPES,
    read_evidence,
    read_tracks,
)

NOON = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
ID = "4uLU6hMCjMI75M1A2tKUQC"

WHOLE = TrackRow(
    track_id=ID,
    track_name="Never Gonna Give You Up",
    artist_name="Rick Astley;Ålesund",
    album_name="Whenever",
    isrc="GBARL9300135",
    duration_ms=213_573.0,
    release_date="1987-11-12",
    explicit=False,
    popularity=80.0,
)
LIKE = EvidenceRow(track_id=ID, source="spotify", kind="like", liked=True, weight=0.5, at=NOON, reason="saved")
PLAY = PlayRow(
    track_id=ID,
    ended_at=NOON,
    ms_played=213_573,
    outcome="finished",
    reason_start="clickrow",
    reason_end="trackdone",
    shuffle=True,
    offline=None,
)


def rows_of(table: pd.DataFrame) -> list[dict[str, object]]:
    """Plain values, None where missing."""
    table = table.astype(object).where(table.notna(), None)
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def test_a_new_library_is_empty_and_its_tables_have_their_dtypes(library: Library) -> None:
    for table, dtypes in (
        (library.tracks(), TRACK_DTYPES),
        (library.evidence(), EVIDENCE_DTYPES),
        (library.plays(), PLAY_DTYPES),
        (library.features(), FEATURE_DTYPES),
    ):
        assert table.empty
        assert table.dtypes.astype(str).to_dict() == dtypes
    assert library.position("spotify", "likes") is None
    assert library.recall("spotify:features") is None
    assert library.not_found("reccobeats", NOON) == set()
    assert library.made_playlists() == []


def test_rows_come_back_as_they_went_in(library: Library) -> None:
    library.add_tracks([WHOLE])
    library.add_evidence([LIKE])
    assert library.add_plays([PLAY]) == 1
    assert rows_of(library.tracks()) == [vars(WHOLE)]
    assert rows_of(library.evidence()) == [vars(LIKE)]
    assert rows_of(library.plays()) == [vars(PLAY)]
    for table, dtypes in ((library.tracks(), TRACK_DTYPES), (library.plays(), PLAY_DTYPES)):
        assert table.dtypes.astype(str).to_dict() == dtypes


def test_row_types_and_tables_have_the_same_columns() -> None:
    for row, dtypes in ((TrackRow, TRACK_DTYPES), (EvidenceRow, EVIDENCE_DTYPES), (PlayRow, PLAY_DTYPES)):
        assert [field.name for field in fields(row)] == list(dtypes)


def test_a_known_value_is_never_overwritten_by_none(library: Library) -> None:
    library.add_tracks([WHOLE])
    library.add_tracks([TrackRow(track_id=ID), TrackRow(track_id=ID, popularity=10.0, explicit=True)])
    assert rows_of(library.tracks()) == [vars(replace(WHOLE, popularity=10.0, explicit=True))]


def test_values_of_numpy_and_pandas_are_kept_as_pythons_and_missing_ones_are_not_known(library: Library) -> None:
    library.add_tracks([WHOLE])
    nan = TrackRow(track_id=ID, track_name=float("nan"), duration_ms=np.float64("nan"), popularity=float("nan"))
    library.add_tracks(
        [replace(nan, explicit=np.bool_(True)), TrackRow(track_id=ID, popularity=np.int16(70), isrc=pd.NA)]
    )
    assert rows_of(library.tracks()) == [vars(replace(WHOLE, explicit=True, popularity=70.0))]
    library.add_plays([replace(PLAY, ms_played=np.int64(5), shuffle=np.bool_(False))])
    assert library.plays()[["ms_played", "shuffle"]].to_numpy().tolist() == [[5, False]]


def test_evidence_of_the_same_key_is_replaced_even_by_none(library: Library) -> None:
    later = EvidenceRow(track_id=ID, source="spotify", kind="like", liked=False, weight=1.0, at=None, reason="other")
    library.add_evidence([LIKE, replace(LIKE, source="csv"), later])
    assert rows_of(library.evidence()) == [vars(replace(LIKE, source="csv")), vars(later)]


def test_nothing_depends_on_the_order_of_writing(library: Library) -> None:
    """A track may come after what is about it, and everything may come twice."""
    for _ in range(2):
        library.add_evidence([LIKE])
        library.add_plays([PLAY])
        library.add_features([FeatureRow(track_id=ID, values={"energy": 0.5}, source="spotify", fetched_at=NOON)])
        library.add_tracks([WHOLE])
    assert rows_of(library.tracks()) == [vars(WHOLE)]
    assert len(library.evidence()) == len(library.plays()) == len(library.features()) == 1


def test_plays_that_are_known_are_not_counted_again(library: Library) -> None:
    second = replace(PLAY, ended_at=NOON + timedelta(microseconds=1))
    assert library.add_plays([PLAY, PLAY]) == 1
    assert library.add_plays([replace(PLAY, ms_played=1), second]) == 1
    assert library.plays()["ms_played"].to_list() == [213_573, 213_573]


def test_features_are_stored_a_value_a_row_with_source_and_time(library: Library) -> None:
    first = FeatureRow(track_id=ID, values={"energy": 0.25, "tempo": 120.0}, source="reccobeats", fetched_at=NOON)
    again = FeatureRow(
        track_id=ID, values={"energy": 0.75}, source="reccobeats", fetched_at=NOON + timedelta(seconds=1)
    )
    library.add_features([first, FeatureRow(track_id=ID, values={"energy": 0.5}, source="csv", fetched_at=NOON), again])
    stored = library.features()
    assert stored[["source", "name", "value"]].to_numpy().tolist() == [
        ["csv", "energy", 0.5],
        ["reccobeats", "energy", 0.75],
        ["reccobeats", "tempo", 120.0],
    ]
    assert stored["fetched_at"].to_list() == [NOON, NOON + timedelta(seconds=1), NOON]


def test_how_values_were_matched_is_what_their_id_is_made_of_unless_their_source_says(library: Library) -> None:
    ids = [ID, "isrc:GBARL9300135", "local:0123456789abcdef", "demoLfCyVxN3RtmOswOBWB"]
    rows = [FeatureRow(track_id=one, values={"energy": 0.5}, source="csv", fetched_at=NOON) for one in ids]
    library.add_features([*rows, replace(rows[0], source="catalogue", matched_by="name")])
    stored = library.features().set_index(["track_id", "source"])["matched_by"].to_dict()
    ways = dict(zip([(one, "csv") for one in ids], ["id", "isrc", "name", "id"], strict=True))
    assert stored == ways | {(ID, "catalogue"): "name"}
    library.add_features([replace(rows[0], source="catalogue", matched_by="isrc")])  # found anew, by another way
    assert library.features().set_index(["track_id", "source"])["matched_by"][ID, "catalogue"] == "isrc"


def test_values_that_are_not_finite_are_not_known(library: Library) -> None:
    values = {"energy": float("nan"), "tempo": float("inf"), "mode": 1.0, "key": None, "valence": pd.NA}
    library.add_features([FeatureRow(track_id=ID, values=values, source="csv", fetched_at=NOON)])
    assert library.features()["name"].to_list() == ["mode"]


def test_times_of_any_zone_are_one_moment_and_times_without_a_zone_are_refused(library: Library) -> None:
    there = NOON.astimezone(timezone(timedelta(hours=-7)))
    library.add_evidence([replace(LIKE, at=there)])
    assert library.evidence()["at"].to_list() == [NOON]
    with pytest.raises(ValueError, match="without a zone"):
        library.add_evidence([replace(LIKE, kind="love", at=NOON.replace(tzinfo=None))])
    assert len(library.evidence()) == 1


@pytest.mark.parametrize("at", [datetime(1969, 12, 31, 23, 59, 59, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)])
def test_odd_times_are_kept(library: Library, at: datetime) -> None:
    library.add_evidence([replace(LIKE, at=at)])
    assert library.evidence()["at"].to_list() == [at]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.text(st.characters(exclude_categories=())), track_id=st.text(min_size=1))
def test_text_of_any_kind_is_stored(library: Library, name: str, track_id: str) -> None:
    """What broken JSON escapes hold as well: NUL and lone surrogates, which databases refuse."""
    library.add_tracks([TrackRow(track_id=f"local:{track_id}", track_name=name)])
    stored = library.tracks().set_index("track_id")["track_name"]
    clean = name.replace("\0", "").encode("utf-8", "replace").decode()
    assert stored["local:" + track_id.replace("\0", "")] == clean


def test_rows_are_in_the_order_of_bytes_on_both_databases(library: Library) -> None:
    ids = ["Zebra", "alpha", "Ähre", "beta", "_", "10", "9"]
    library.add_tracks(TrackRow(track_id=track_id) for track_id in ids)
    assert library.tracks()["track_id"].to_list() == sorted(ids)


def test_a_like_that_was_taken_back_goes_and_nothing_else(library: Library) -> None:
    ids = [f"{number:022d}" for number in range(5_000)]
    library.add_evidence(replace(LIKE, track_id=track_id) for track_id in ids)
    library.add_evidence([replace(LIKE, track_id=ids[0], kind="top"), replace(LIKE, track_id=ids[0], source="csv")])
    assert library.keep_evidence("spotify", "like", ids[1_000:]) == 1_000
    assert library.keep_evidence("spotify", "like", ids[1_000:]) == 0
    left = library.evidence()
    assert len(left) == 4_002
    assert set(zip(left["source"], left["kind"], strict=True)) == {
        ("csv", "like"),
        ("spotify", "like"),
        ("spotify", "top"),
    }


def test_generators_are_drawn_in_batches(library: Library) -> None:
    """No more than a few thousand rows wait in memory: the first are written before the last are made."""
    drawn: list[int] = []
    written: list[int] = []

    def rows() -> Iterator[TrackRow]:
        for number in range(10_000):
            drawn.append(number)
            if number == 9_999:
                written.append(len(library.tracks()))
            yield TrackRow(track_id=str(number))

    library.add_tracks(rows())
    assert len(drawn) == 10_000
    assert written[0] >= 6_000
    assert len(library.tracks()) == 10_000


def test_positions_are_replaced_and_forgotten(library: Library) -> None:
    library.set_position("spotify", "likes", {"offset": 50, "newest": "2026-03-01", "done": [1, None]})
    library.set_position("spotify", "top", {"offset": 0})
    assert library.position("spotify", "likes") == {"offset": 50, "newest": "2026-03-01", "done": [1, None]}
    library.set_position("spotify", "likes", {"offset": 100})
    assert library.position("spotify", "likes") == {"offset": 100}
    library.set_position("spotify", "likes", None)
    assert library.position("spotify", "likes") is None
    assert library.position("spotify", "top") == {"offset": 0}


def test_not_found_marks_end_with_their_time(library: Library) -> None:
    library.mark_not_found("reccobeats", (f"{n}" for n in range(3)), NOON)
    library.mark_not_found("reccobeats", ["0"], NOON + timedelta(days=30))
    library.mark_not_found("spotify", ["7"], NOON)
    assert library.not_found("reccobeats", NOON - timedelta(seconds=1)) == {"0", "1", "2"}
    assert library.not_found("reccobeats", NOON) == {"0"}


def test_values_are_remembered_under_keys_of_their_source(library: Library) -> None:
    library.remember("spotify:audio_features", {"open": False})
    library.remember("spotify:audio_features", {"open": True})
    assert library.recall("spotify:audio_features") == {"open": True}
    for key in ("features", ":features", "spotify:"):
        with pytest.raises(ValueError, match="SOURCE:NAME"):
            library.remember(key, {})


def test_playlists_that_were_made_come_back_whole(library: Library) -> None:
    first = MadePlaylist(playlist_id="p2", account="me", name="Predicted likes ♥", created_at=NOON)
    second = MadePlaylist(
        playlist_id="p1",
        account="me",
        name="More",
        created_at=NOON + timedelta(seconds=1),
        uris=("spotify:track:a", "spotify:track:b"),
        before=(),
        snapshot_id="s",
        pending=("spotify:track:c",),
    )
    for playlist in (second, first):
        library.save_playlist(playlist)
    assert library.made_playlists() == [first, second]
    changed = replace(second, pending=None, uris=("spotify:track:c",))
    library.save_playlist(changed)
    assert library.made_playlists() == [first, changed]
    library.forget_playlist("p2")
    assert library.made_playlists() == [changed]


def test_a_transaction_is_all_or_nothing(library: Library, library_url: str) -> None:

    def cut_off() -> None:
        with library.transaction():
            library.add_evidence([LIKE])
            library.set_position("spotify", "likes", {"offset": 50})
            assert len(library.evidence()) == 1  # what is written is seen within
            raise RuntimeError("network gone")

    with pytest.raises(RuntimeError, match="network gone"):
        cut_off()
    assert library.evidence().empty
    assert library.tracks().empty
    with Library.open(library_url) as other, library.transaction():
        with library.transaction():
            library.add_evidence([LIKE])
        library.set_position("spotify", "likes", {"offset": 50})
        assert other.evidence().empty  # others see nothing before the end, nor wait
    assert len(library.evidence()) == 1
    assert library.position("spotify", "likes") == {"offset": 50}


def test_a_part_that_fails_is_undone_and_the_rest_is_committed(library: Library) -> None:
    def broken() -> Iterator[EvidenceRow]:
        yield from (replace(LIKE, track_id=str(number)) for number in range(5_000))
        raise OSError("broken page")

    with library.transaction():
        library.add_evidence([LIKE])
        with pytest.raises(OSError, match="broken page"):
            library.add_evidence(broken())
        library.set_position("spotify", "likes", {"offset": 50})
    assert library.evidence()["track_id"].to_list() == [ID]
    assert library.position("spotify", "likes") == {"offset": 50}


def test_a_reader_sees_one_moment(library: Library, library_url: str) -> None:
    library.add_evidence([LIKE])
    with Library.open(library_url) as other, library._reading() as connection:
        assert len(read_tracks(connection)) == 1
        other.add_evidence([replace(LIKE, track_id="later")])
        assert len(read_tracks(connection)) == len(read_evidence(connection)) == 1
    assert len(library.evidence()) == 2


def test_a_generator_that_fails_leaves_nothing_of_its_call(library: Library) -> None:
    def rows() -> Iterator[EvidenceRow]:
        yield from (replace(LIKE, track_id=str(number)) for number in range(5_000))
        raise OSError("broken file")

    with pytest.raises(OSError, match="broken file"):
        library.add_evidence(rows())
    assert library.evidence().empty
    library.add_evidence(itertools.islice(rows(), 10))
    assert len(library.evidence()) == 10
