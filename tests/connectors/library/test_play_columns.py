"""Plays go in and out by whole columns: the same on both databases as one by one, and nearly as fast as they can."""

import sqlite3
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.evidence.skips import verdicts
from connectors.library import Library, PlayColumns, PlayRow, TrackRow
from connectors.library.play_columns import columns_of, together

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def plays(n: int, n_tracks: int = 7) -> list[PlayRow]:
    """Plays in the order of time, of which many fields are not known."""
    outcomes, reasons, flags = (
        ("finished", "skipped", "neutral"),
        ("trackdone", None, "fwdbtn", "Ende"),
        (True, None, False),
    )
    return [
        PlayRow(
            track_id=f"track {number * 5 % n_tracks}",
            ended_at=NOON + timedelta(minutes=number, microseconds=number % 3),
            ms_played=number * 10,
            outcome=outcomes[number % 3],
            reason_start=reasons[number % 4],
            reason_end=reasons[number // 3 % 4],
            shuffle=flags[number % 3],
            offline=flags[number // 2 % 3],
        )
        for number in range(n)
    ]


@pytest.mark.parametrize("n", [0, 1, 5_003])
def test_columns_and_rows_are_stored_alike_and_read_alike(library: Library, n: int) -> None:
    """More than are read in one part."""
    rows = plays(n)
    assert library.play_store.add(columns_of(rows)) == n
    found = library.plays()
    assert len(library.play_store) == len(found) == n
    expected = columns_of(sorted(rows, key=lambda row: (row.track_id, row.ended_at))).frame()
    pd.testing.assert_frame_equal(found, expected)
    assert library.add_plays(rows) == 0
    pd.testing.assert_frame_equal(library.plays(), expected)
    pd.testing.assert_frame_equal(library.play_store.columns().frame(), expected)


def test_what_is_known_stays_and_the_new_ones_are_counted(library: Library) -> None:
    rows = plays(100)
    columns = columns_of(rows)
    assert library.add_plays(rows[:60]) == 60
    changed = PlayColumns(**{**vars(columns), "ms_played": columns.ms_played + 1})
    assert library.play_store.add(changed) == 40
    stored = library.plays().sort_values("ended_at")["ms_played"].to_list()
    assert stored == [row.ms_played for row in rows[:60]] + [row.ms_played + 1 for row in rows[60:]]
    assert library.play_store.add(together([columns, columns])) == 0


def test_names_are_filled_and_never_replaced(library: Library) -> None:
    library.add_tracks([TrackRow(track_id="a", track_name="Known", popularity=7.0)])
    names = [("a", "Other", "Artist", None), ("b", None, "Half \ud83d", "Album\0")]
    for _ in range(2):
        library.play_store.add_names(names)
    tracks = library.tracks().set_index("track_id")[["track_name", "artist_name", "album_name", "popularity"]]
    stored = tracks.astype(object).where(tracks.notna(), None).T.to_dict("list")
    assert stored == {"a": ["Known", "Artist", None, 7.0], "b": [None, "Half ?", "Album", None]}
    library.play_store.add_names([])
    many = [(f"track {number}", f"Name {number}", None, None) for number in range(4_500)]
    library.play_store.add_names(many)
    assert library.tracks()["track_name"].str.startswith("Name").sum() == 4_500


def test_a_part_that_fails_is_undone(library: Library) -> None:
    def cut_off() -> None:
        with library.transaction():
            library.play_store.add_names([("track 1", "One", None, None)])
            library.play_store.add(columns_of(plays(100)))
            assert len(library.play_store) == 100
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        cut_off()
    assert library.plays().empty
    assert library.tracks().empty


@settings(max_examples=30, deadline=None)
@given(sizes=st.lists(st.integers(0, 30), min_size=1, max_size=4))
def test_several_together_are_their_rows_one_after_the_other(sizes: list[int]) -> None:
    rows, parts = plays(sum(sizes)), []
    for size in sizes:
        done = sum(map(len, parts))
        parts.append(columns_of(rows[done : done + size]))
    whole = together(parts)
    pd.testing.assert_frame_equal(whole.frame(), columns_of(rows).frame())
    assert list(whole.track_ids) == sorted({row.track_id for row in rows})
    pd.testing.assert_frame_equal(whole.take(whole.outcome == 0).frame(), whole.frame()[whole.outcome == 0])


def test_verdicts_of_categories_are_those_of_text() -> None:
    columns = together([columns_of(plays(400, n_tracks=39))])
    # Recordings of two ids; tracks of which the numbers have the same rest end alike.
    recording = np.array([int(text.split()[1]) % 18 for text in columns.track_ids])[columns.track]
    drawn = verdicts(columns.coded_frame(), recording)
    assert drawn == verdicts(columns.frame(), recording)
    assert len(drawn) > 5
    assert columns.coded_frame().astype(columns.frame().dtypes.to_dict()).equals(columns.frame())


def test_writing_costs_little_more_than_the_database_itself(library_file: Path) -> None:
    """As a ratio to bare sqlite3 with the same rows in the same order: about 1.2; one by one it was 2.3."""
    rows = sorted(plays(40_000, n_tracks=3_000), key=lambda row: (row.track_id, row.ended_at))
    columns = columns_of(rows)
    cells = list(zip(*columns.cells().values(), strict=True))

    def ours(file: Path) -> Callable[[], object]:
        library = Library.open(f"sqlite:///{file}")
        return lambda: library.play_store.add(columns)

    def bare(file: Path) -> Callable[[], object]:
        Library.open(f"sqlite:///{file}").close()
        connection = sqlite3.connect(file)
        connection.execute("PRAGMA foreign_keys = ON")

        def insert() -> None:
            connection.executemany("INSERT INTO tracks (track_id) VALUES (?)", [(text,) for text in columns.track_ids])
            connection.executemany("INSERT INTO plays VALUES (?, ?, ?, ?, ?, ?, ?, ?)", cells)
            connection.commit()

        return insert

    assert cpu_seconds(ours, library_file) < 2 * cpu_seconds(bare, library_file)


@pytest.fixture
def library_file(tmp_path: Path) -> Path:
    return tmp_path / "library.db"


def cpu_seconds(prepared: Callable[[Path], Callable[[], object]], file: Path) -> float:
    """Of processor time, the least of three, each with a new file."""
    seconds = []
    for number in range(3):
        work = prepared(file.with_name(f"{prepared.__name__}{number}.db"))
        began = time.process_time()
        work()
        seconds.append(time.process_time() - began)
    return min(seconds)


def test_a_play_without_a_track_is_refused_and_not_given_to_another() -> None:
    rows = plays(2)
    nobodys = PlayRow(track_id=None, ended_at=NOON, ms_played=1, outcome="neutral")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="without a track id"):
        columns_of([*rows, nobodys])
