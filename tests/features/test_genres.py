"""Genres under whatever form tables give them: one canonical text, and never a row lost for them."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from features.columns import AUDIO_FEATURES
from features.genres import LONGEST_NAME, MOST_GENRES, common_genres, genre_texts, genres
from features.schema import validate


def cleaned(*cells: object) -> tuple[list[str | None], list[bool]]:
    """Canonical texts, and which cells are bad."""
    raw = pd.Series(dict(enumerate(cells)), dtype=object)
    found = genres(raw)
    assert found.column.dtype == "str"
    return [None if pd.isna(text) else text for text in found.column], found.bad.tolist()


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("Rock", "rock"),
        ("  Hip-Hop ", "hip hop"),
        ("hip_hop", "hip hop"),
        ("pop,dance", "pop;dance"),
        ("pop; Dance | POP", "pop;dance"),
        ('["Pop", "R&B"]', "pop;r&b"),
        ('["caf\\u00e9"]', "café"),
        ("['dance pop', \"children's music\"]", "dance pop;children's music"),
        ("[rock, jazz]", "rock;jazz"),
        ('[{"id": 1, "name": "Jazz"}]', "jazz"),
        (["Rock", None, "POP"], "rock;pop"),
        (np.array(["Rock", "pop"], dtype=object), "rock;pop"),
        (({"name": "Soul"},), "soul"),
        ("[21, 5]", "21;5"),
        (21.0, "21"),
        ("21.0", "21"),
        (np.int64(7), "7"),
        ("Ｒｏｃｋ；Pop", "rock;pop"),
        ("Folk, World, & Country", "folk;world;& country"),
        ("x" * (LONGEST_NAME + 1) + ";rock", "rock"),
        (";".join(f"g{number}" for number in range(99)), ";".join(f"g{number}" for number in range(MOST_GENRES))),
    ],
)
def test_every_form_becomes_the_same_text(cell: object, text: str) -> None:
    assert cleaned(cell) == ([text], [False])


@pytest.mark.parametrize(
    "cell", [None, float("nan"), pd.NA, "", " ", "[]", "Unknown", "n/a", [], ["", None], "none", "[" * 100_000]
)
def test_no_genre_is_missing(cell: object) -> None:
    assert cleaned(cell) == ([None], [False])


@pytest.mark.parametrize(
    "cell",
    [0.37, "0.37", True, float("inf"), 10**400, 1e300, b"rock", "!!", "x" * 999, {"id": 1}, "{}", [["rock"]],
     "[{'genre_id': '21', 'genre_title': 'Hip-Hop'}]", pd.Timestamp("2024-01-01")],
)  # fmt: skip
def test_what_is_no_genre_is_bad_and_missing(cell: object) -> None:
    assert cleaned(cell) == ([None], [True])


@given(
    st.lists(st.one_of(st.none(), st.text(), st.lists(st.text(), max_size=4), st.floats(), st.integers()), max_size=6)
)
@example([["{0"]])
def test_a_canonical_text_stays_as_it_is(cells: list[Any]) -> None:
    texts, _ = cleaned(*cells)
    assert cleaned(*texts) == (texts, [False] * len(texts))


def rows(**columns: object) -> pd.DataFrame:
    table = pd.DataFrame({name: [0.5, 0.25, 0.125] for name in AUDIO_FEATURES})
    table = table.assign(duration_ms=[2e5, 3e5, 4e5], key=1, mode=1, tempo=[100, 110, 120], time_signature=4)
    return table.assign(**columns)


def test_a_bad_cell_is_reported_and_costs_no_row() -> None:
    tracks, report = validate(rows(genres=["Rock", 0.37, None]))
    assert len(tracks) == 3
    assert report.set_aside == {}
    (fault,) = report.faults
    assert (fault.column, fault.rule, fault.rows, fault.first_rows) == ("genres", "not a genre", 1, (2,))
    assert "taken as missing" in fault.hint
    assert genre_texts(tracks).tolist() == ["rock", "", ""]
    again, report = validate(tracks)
    pd.testing.assert_frame_equal(again, tracks)
    assert report.faults == ()


def test_merged_rows_keep_the_first_genres_known() -> None:
    table = rows(track_id=["a", "a", "a"], genres=[None, "Rock;Pop", "Jazz"])
    tracks, report = validate(table)
    assert report.merged == 2
    assert tracks["genres"].tolist() == ["rock;pop"]


def test_without_a_column_no_track_has_any_and_none_is_made() -> None:
    tracks, _ = validate(rows())
    assert "genres" not in tracks
    assert genre_texts(tracks).tolist() == ["", "", ""]


def test_the_commonest_genres_come_first() -> None:
    found = {name: has.tolist() for name, has in common_genres(pd.Series(["rock;pop", "rock", "jazz;rock"]))}
    assert next(iter(found)) == "rock"
    assert found == {"rock": [True] * 3, "pop": [True, False, False], "jazz": [False, False, True]}
