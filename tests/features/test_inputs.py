"""What models read of a track: circles, years, and further columns only where they tell something."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.columns import AUDIO_FEATURES
from features.context import CONTEXT_COLUMNS
from features.inputs import FURTHER, INPUTS, further_inputs, input_table, key_circle, read_numbers, tempo_circle


def test_the_double_of_a_tempo_is_the_same_point() -> None:
    circle = tempo_circle(np.array([70.0, 140.0, 35.0, 99.0]))
    assert np.allclose(circle[1:3], circle[0])
    assert not np.allclose(circle[3], circle[0], atol=0.5)  # half an octave away lies opposite


@settings(max_examples=50, deadline=None)
@given(st.floats(20, 300))
def test_a_tempo_lies_on_the_circle_and_half_an_octave_opposite(tempo: float) -> None:
    here, there = tempo_circle(np.array([tempo, tempo * np.sqrt(2)]))
    assert np.linalg.norm(here) == pytest.approx(1)
    assert np.allclose(there, -here)


def test_a_tempo_of_nothing_is_missing() -> None:
    assert np.isnan(tempo_circle(np.array([0.0, -1.0, np.nan]))).all()


def test_key_eleven_lies_beside_key_zero_and_minus_one_is_missing() -> None:
    circle = key_circle(pd.DataFrame({"key": [0.0, 11.0, 1.0, -1.0, np.nan]}))
    assert np.linalg.norm(circle[0] - circle[1]) == pytest.approx(np.linalg.norm(circle[0] - circle[2]))
    assert np.isnan(circle[3:]).all()
    assert np.isnan(key_circle(pd.DataFrame({"tempo": [100.0]}))).all()


def test_numbers_are_read_by_name_and_what_is_none_is_missing() -> None:
    table = pd.DataFrame({"b": [1, 2, 3], "a": ["4", "x", None], "c": [np.inf, -np.inf, 0.5]})
    expected = [[4, 1, np.nan, np.nan], [np.nan, 2, np.nan, np.nan], [np.nan, 3, np.nan, 0.5]]
    assert np.array_equal(read_numbers(table, ("a", "b", "nowhere", "c")), expected, equal_nan=True)


@pytest.mark.parametrize(
    ("date", "year"),
    [("1999", 1999), ("2004-05", 2004), ("2021-12-31", 2021), (None, np.nan), ("", np.nan), ("soon", np.nan)],
)
def test_the_year_is_read_from_dates_of_any_precision(date: str | None, year: float) -> None:
    tracks = pd.DataFrame({"tempo": [100.0, 100.0], "release_date": pd.Series([date, "1970"], dtype="str")})
    assert np.array_equal(input_table(tracks)["release_year"], [year, 1970], equal_nan=True)


def test_a_given_year_counts_more_than_a_date() -> None:
    tracks = pd.DataFrame({"release_year": [1980.0], "release_date": ["2015-01-01"]})
    assert input_table(tracks)["release_year"].tolist() == [1980]


def test_a_table_has_the_audio_features_always_and_of_the_rest_what_is_there() -> None:
    tracks = pd.DataFrame({"popularity": [3], "energy": [0.5], "mood": ["sad"], "liked": [1], "track_id": ["a"]})
    table = input_table(tracks.set_index(pd.Index([7])))
    assert list(table.columns) == [*AUDIO_FEATURES, "tempo_sin", "tempo_cos", "popularity"]
    assert list(table.index) == [7]
    assert table[["energy", "popularity"]].to_numpy().tolist() == [[0.5, 3.0]]
    assert table.drop(columns=["energy", "popularity"]).isna().all(axis=None)
    assert (table.dtypes == np.float64).all()


def test_truth_values_are_numbers() -> None:
    tracks = pd.DataFrame({"explicit": pd.array([True, False, None], dtype="boolean")})
    assert np.array_equal(input_table(tracks)["explicit"], [1, 0, np.nan], equal_nan=True)


def test_an_input_table_stays_as_it_is(demo_candidates: pd.DataFrame) -> None:
    table = input_table(demo_candidates)
    pd.testing.assert_frame_equal(input_table(table), table)
    assert table["release_year"].between(1900, 2030).mean() > 0.9
    assert list(table.columns) == [name for name in INPUTS if name in table]
    pd.testing.assert_frame_equal(input_table(demo_candidates[demo_candidates.columns[::-1]]), table)


def test_further_columns_are_taken_where_they_vary_or_are_sometimes_missing() -> None:
    artist = CONTEXT_COLUMNS[0]
    rows = pd.DataFrame(
        {
            "popularity": [1.0, 2.0, 3.0],
            "release_year": [2000.0, np.nan, 2000.0],  # the missing one is news
            "explicit": [0.0, 0.0, 0.0],
            "tempo_sin": [np.nan, np.nan, np.nan],
            artist: [0.1, 0.1, 0.2],
            "energy": [0.1, 0.2, 0.3],  # an audio feature, which is taken anyway
            "mood": [1.0, 2.0, 3.0],
        }
    )
    assert further_inputs(rows) == ("release_year", "popularity", artist)
    assert further_inputs(rows.iloc[:1]) == ()
    assert set(further_inputs(rows)) <= set(FURTHER)
