"""The schema itself, and what validation says about every kind of bad cell."""

import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pandas.testing as pdt
import pytest

from features.columns import AUDIO_FEATURES
from features.errors import InputError
from features.schema import COLUMNS, TracksSchema, labelled, validate

SONG: dict[str, Any] = {
    "acousticness": 0.1,
    "danceability": 0.8,
    "duration_ms": 200_000,
    "energy": 0.7,
    "instrumentalness": 0.0,
    "key": 5,
    "liveness": 0.1,
    "loudness": -6.5,
    "mode": 1,
    "speechiness": 0.05,
    "tempo": 120.0,
    "time_signature": 4,
    "valence": 0.5,
}


def songs(count: int, **columns: object) -> pd.DataFrame:
    """Different good songs, with some columns replaced."""
    table = pd.DataFrame([SONG | {"track_id": f"id{n}", "valence": n / (count + 1)} for n in range(count)])
    return table.assign(**columns)


def only_fault(table: pd.DataFrame) -> Any:
    """The single fault of a table."""
    report = validate(table)[1]
    assert len(report.faults) == 1, report.lines()
    return report.faults[0]


def test_columns_are_described_in_the_agreed_order_with_unit_and_range() -> None:
    names = list(COLUMNS)
    assert names[:3] == ["track_id", "track_name", "artist_name"]
    assert tuple(names[3:16]) == AUDIO_FEATURES
    known = ["album_name", "release_date", "isrc", "explicit", "popularity", "genres", "added_at"]
    assert names[16:] == [*known, "weight", "liked"]
    assert all(info.description for info in COLUMNS.values())
    assert all(COLUMNS[name].unit and COLUMNS[name].dtype == "float64" for name in AUDIO_FEATURES)
    assert (COLUMNS["loudness"].low, COLUMNS["loudness"].high, COLUMNS["loudness"].unit) == (-70, 10, "dB")
    assert (COLUMNS["weight"].low, COLUMNS["weight"].high, COLUMNS["weight"].dtype) == (0, 1000, "float64")
    assert (COLUMNS["liked"].low, COLUMNS["liked"].high, COLUMNS["liked"].dtype) == (0, 1, "Int8")
    assert [name for name, info in COLUMNS.items() if not info.nullable] == ["track_id"]


def test_declared_dtypes_are_those_of_a_validated_table() -> None:
    table = songs(2, album_name="A", release_date="2024", isrc="X", explicit=True, popularity=50, weight=2, liked=1)
    tracks, report = validate(table.assign(added_at="2024-05-31", genres="Pop"))
    assert {name: str(dtype) for name, dtype in tracks.dtypes.items()} == {
        name: info.dtype for name, info in COLUMNS.items()
    }
    assert report.faults == ()
    TracksSchema.validate(tracks, lazy=True)


def test_required_columns_are_always_there_and_optional_ones_only_where_given() -> None:
    tracks, _ = validate(songs(2, liked=[1, 0]))
    assert list(tracks.columns) == ["track_id", "track_name", "artist_name", *AUDIO_FEATURES, "liked"]
    assert tracks["track_name"].isna().all()


@pytest.mark.parametrize(
    ("column", "value", "rule", "hint"),
    [
        ("danceability", "loud", "not a number", "write a number"),
        ("danceability", "0,5", "not a number", "point instead of a comma"),
        ("danceability", True, "not a number", "write a number"),
        ("danceability", "1_0", "not a number", "write a number"),
        ("danceability", 1 + 2j, "not a number", "write a number"),
        ("danceability", [0.5], "not a number", "write a number"),
        ("danceability", pd.Timestamp("2024-05-31"), "not a number", "write a number"),
        ("tempo", np.inf, "infinite", "write a number"),
        ("tempo", "-inf", "infinite", "write a number"),
        ("tempo", 10**400, "infinite", "write a number"),
        ("tempo", 301, "out of range", "expected 0 to 300 (BPM)"),
        ("danceability", 63, "out of range", "look like percentages: divide them by 100"),
        ("danceability", -1.3, "out of range", "look standardised"),
        ("danceability", 5000, "out of range", "expected 0 to 1 (fraction)"),
        ("duration_ms", 0, "out of range", "expected 1 to 86,400,000 (ms)"),
        ("loudness", -71, "out of range", "expected -70 to 10 (dB)"),
        ("weight", -1, "out of range", "expected 0 to 1,000"),
        ("weight", 1001, "out of range", "expected 0 to 1,000"),
        ("weight", "twice", "not a number", "write a number"),
        ("liked", 2, "label not understood", "1 (liked)"),
        ("liked", "perhaps", "label not understood", "1 (liked)"),
    ],
)
def test_an_impossible_cell_sets_its_row_aside_with_one_fault(column: str, value: object, rule: str, hint: str) -> None:
    good: object = SONG.get(column)
    table = songs(4, **{column: pd.Series([good, value, good, value], dtype=object)})
    tracks, report = validate(table)
    (fault,) = report.faults
    assert (fault.column, fault.rule, fault.rows, fault.first_rows) == (column, rule, 2, (2, 4))
    assert hint in fault.hint
    assert fault.example
    assert report.set_aside == {rule: 2}
    assert list(tracks["track_id"]) == ["id0", "id2"]


@pytest.mark.parametrize(
    ("column", "value", "rule", "hint"),
    [
        ("popularity", 101, "out of range", "expected 0 to 100 (points); taken as missing"),
        ("popularity", "high", "not a number", "write a number, or leave the cell empty; taken as missing"),
        ("mode", 2, "out of range", "expected 0 to 1 (0 = minor, 1 = major); taken as missing"),
        ("mode", "dorian", "not a number", "taken as missing"),
        ("key", 12, "out of range", "taken as missing"),
        ("key", "Fis", "not a number", "taken as missing"),
        ("key", np.inf, "infinite", "taken as missing"),
        ("key", 2.5, "not a whole number", "in whole numbers; taken as missing"),
        ("time_signature", 3.5, "not a whole number", "in whole numbers; taken as missing"),
        ("time_signature", "4 beats", "not a number", "taken as missing"),
    ],
)
def test_an_impossible_cell_of_little_weight_is_lost_alone(column: str, value: object, rule: str, hint: str) -> None:
    good: object = SONG.get(column, 50)
    table = songs(4, **{column: pd.Series([good, value, good, value], dtype=object)})
    tracks, report = validate(table)
    (fault,) = report.faults
    assert (fault.column, fault.rule, fault.rows, fault.first_rows) == (column, rule, 2, (2, 4))
    assert hint in fault.hint
    assert report.malformed
    assert (report.usable, report.set_aside) == (4, {})
    assert tracks[column].isna().tolist() == [False, True, False, True]
    assert tracks["energy"].notna().all()
    TracksSchema.validate(tracks, lazy=True)


@pytest.mark.parametrize(
    ("column", "value", "rule"),
    [
        ("added_at", "last May", "not a date"),
        ("added_at", 1_714_000_000, "not a date"),
        ("added_at", "now", "not a date"),
        ("added_at", "2024-13-01", "not a date"),
        ("added_at", "9999-12-31T23:00:00-05:00", "not a date"),
        ("added_at", "2023-02-30", "not a date"),
        ("release_date", "May 2024", "not a date"),
        ("release_date", "2024-00", "not a date"),
        ("explicit", "rude", "not yes or no"),
    ],
)
def test_a_bad_date_or_flag_becomes_missing_and_its_row_stays(column: str, value: object, rule: str) -> None:
    table = songs(3, **{column: pd.Series([None, value, None], dtype=object)})
    tracks, report = validate(table)
    (fault,) = report.faults
    assert (fault.column, fault.rule, fault.rows, fault.first_rows) == (column, rule, 1, (2,))
    assert len(tracks) == 3
    assert tracks[column].isna().all()


def test_a_row_with_several_faults_is_set_aside_once_and_reported_for_each() -> None:
    report = validate(songs(2, danceability=["x", 0.5], tempo=[np.inf, 120], liked=["?!", 1]))[1]
    assert [(fault.column, fault.rule) for fault in report.faults] == [
        ("danceability", "not a number"),
        ("tempo", "infinite"),
        ("liked", "label not understood"),
    ]
    assert sum(report.set_aside.values()) == 1


def test_one_column_may_break_several_rules_each_told_once() -> None:
    keys = pd.Series(["x", np.inf, 12, 2.5, 40, 3], dtype=object)
    tracks, report = validate(songs(6, key=keys))
    assert [(fault.rule, fault.rows, fault.first_rows) for fault in report.faults] == [
        ("not a number", 1, (1,)),
        ("infinite", 1, (2,)),
        ("out of range", 2, (3, 5)),
        ("not a whole number", 1, (4,)),
    ]
    assert report.usable == 6
    assert tracks["key"].notna().tolist() == [False] * 5 + [True]


@pytest.mark.parametrize(
    "value", ["", "  ", "NaN", "n/a", "None", "-", "\u2013", "\u2014", None, pd.NA, pd.NaT, np.nan]
)
def test_blank_cells_are_missing_not_faulty(value: object) -> None:
    column = pd.Series([value, 0.5], dtype=object)
    tracks, report = validate(songs(2, energy=column, liked=pd.Series([value, 1], dtype=object)))
    assert report.faults == ()
    assert np.isnan(tracks["energy"].iloc[0])
    assert tracks["liked"].isna().tolist() == [True, False]


@pytest.mark.parametrize(
    "column",
    [
        pd.Series(["0.5", " 0.25 "]),
        pd.Series([0.5, 0.25], dtype="float32"),
        pd.Series([0.5, 0.25], dtype="Float64"),
        pd.Series([0.5, 0.25], dtype="double[pyarrow]"),
        pd.Series(["0.5", "0.25"], dtype="string[pyarrow]"),
        pd.Series(["0.5", "0.25"], dtype="category"),
        pd.Series([0.5, 0.25], dtype="category"),
        pd.Series([Decimal("0.5"), "2.5e-1"], dtype=object),
        pd.Series([0.5, 0.25], dtype=pd.SparseDtype(float)),
    ],
    ids=lambda column: str(column.dtype),
)
def test_numbers_of_any_dtype_are_read_exactly(column: "pd.Series[Any]") -> None:
    tracks, report = validate(songs(2, energy=column))
    assert report.faults == ()
    assert tracks["energy"].tolist() == [0.5, 0.25]


def test_mode_may_be_true_or_false() -> None:
    tracks, report = validate(songs(2, mode=[True, False]))
    assert report.faults == ()
    assert tracks["mode"].tolist() == [1.0, 0.0]


@pytest.mark.parametrize(
    "column",
    [
        [True, False, None],
        [1, 0, None],
        [1.0, 0.0, np.nan],
        ["1", "0", ""],
        ["1.0", "0.0", "nan"],
        ["Yes", "NO", None],
        ["liked", "skipped", pd.NA],
        ["Keep", "hated", None],
        pd.Series([1, 0, None], dtype="Int8"),
        pd.Series([True, False, None], dtype="bool[pyarrow]"),
        pd.Series(["yes", "no", None], dtype="category"),
    ],
    ids=str,
)
def test_labels_in_many_words(column: object) -> None:
    tracks, report = validate(songs(3, liked=column))
    assert report.faults == ()
    assert tracks["liked"].isna().tolist() == [False, False, True]
    assert tracks["liked"].dropna().tolist() == [1, 0]


def test_moments_are_utc_and_dates_keep_their_precision() -> None:
    given = ["2024-05-31", "2024-05-31T20:00:00+02:00", pd.Timestamp("2024-05-31 18:00"), None]
    tracks, report = validate(
        songs(
            4, added_at=pd.Series(given, dtype=object), release_date=["1999", "1999-12", "1999-12-31T00:00:00Z", "0000"]
        )
    )
    assert report.faults == ()
    hours = tracks["added_at"].dt.hour
    assert hours.tolist()[:3] == [0.0, 18.0, 18.0]
    assert tracks["release_date"].tolist()[:3] == ["1999", "1999-12", "1999-12-31"]
    assert tracks["release_date"].isna().tolist() == [False, False, False, True]


def test_the_first_moment_of_1970_is_spotifys_unknown() -> None:
    given = ["1970-01-01T00:00:00Z", "1970-01-01T00:00:01Z", pd.Timestamp(0, tz="UTC")]
    tracks, report = validate(songs(3, added_at=pd.Series(given, dtype=object)))
    assert report.faults == ()
    assert tracks["added_at"].isna().tolist() == [True, False, True]


def test_numeric_years_and_datetimes_are_release_dates() -> None:
    tracks, report = validate(songs(2, release_date=[1999.0, np.nan]))
    assert report.faults == ()
    assert tracks["release_date"].iloc[0] == "1999"
    tracks, _ = validate(songs(2, release_date=pd.to_datetime(["1999-12-31", None])))
    assert tracks["release_date"].iloc[0] == "1999-12-31"


def test_spotify_codes_for_unknown_become_missing_without_a_fault() -> None:
    tracks, report = validate(songs(3, key=[-1, 0, 3], tempo=[120, 0, 90], time_signature=[4, 1, 0]))
    assert report.faults == ()
    assert tracks["key"].isna().tolist() == [True, False, False]
    assert tracks["tempo"].isna().tolist() == [False, True, False]
    assert tracks["time_signature"].isna().tolist() == [False, True, True]
    assert tracks["danceability"].notna().all()


def test_an_analysis_of_zeros_and_no_features_at_all_are_set_aside() -> None:
    table = songs(4, track_name=["One", "Two", "Three", "Four"])
    table.loc[1, ["tempo", "danceability", "time_signature"]] = 0
    table.loc[2, list(AUDIO_FEATURES)] = np.nan
    tracks, report = validate(table)
    assert report.set_aside == {"no audio features": 2}
    assert tracks["track_id"].tolist() == ["id0", "id3"]
    (fault,) = report.faults
    assert (fault.first_rows, fault.example) == ((2, 3), "Two")


def test_missing_columns_are_named_and_filled() -> None:
    tracks, report = validate(songs(2).drop(columns=["key", "loudness"]))
    assert [(fault.column, fault.rule) for fault in report.faults] == [
        ("key", "missing column"),
        ("loudness", "missing column"),
    ]
    assert report.usable == 2
    assert tracks[["key", "loudness"]].isna().all(axis=None)


def test_a_table_without_audio_features_is_refused_with_what_was_found() -> None:
    with pytest.raises(InputError, match="'name', 'plays'") as error:
        validate(pd.DataFrame({"name": ["x"], "plays": [3]}))
    assert "danceability" in error.value.hint
    with pytest.raises(InputError) as error:
        validate(pd.DataFrame({"\x1b[2J" + "x" * 500: [1]}))
    assert error.value.message.isprintable()
    assert len(error.value.message) < 150


@pytest.mark.parametrize("table", [pd.DataFrame(), songs(1).iloc[:0], pd.DataFrame(index=[1, 2])])
def test_a_table_without_rows_or_columns_is_refused(table: pd.DataFrame) -> None:
    with pytest.raises(InputError):
        validate(table)


@pytest.mark.parametrize(
    ("column", "values", "words"),
    [
        ("tempo", np.linspace(0.1, 1, 12), "scaled to 0..1"),
        ("duration_ms", np.linspace(150, 600, 12), "seconds or minutes"),
        ("loudness", np.linspace(0, 1, 12), "scaled to 0..1"),
    ],
)
def test_a_scaled_table_is_refused_with_what_it_looks_like(column: str, values: object, words: str) -> None:
    with pytest.raises(InputError, match=words):
        validate(songs(12, **{column: values}))


def test_duplicate_column_names_are_reported_and_the_first_is_used() -> None:
    table = pd.concat([songs(2), songs(2)[["energy"]] / 2], axis=1)
    fault = only_fault(table)
    assert (fault.column, fault.rule) == ("energy", "duplicate column name")
    assert validate(table)[0]["energy"].tolist() == [0.7, 0.7]


def test_junk_columns_and_strange_indexes_do_not_matter() -> None:
    plain = songs(3, liked=[1, 0, None])
    junk = pd.DataFrame({f"junk{n}": ["?", object(), None] for n in range(50)})
    odd = pd.concat([junk, plain.iloc[:, ::-1]], axis=1)
    odd.columns = [3 if name == "junk3" else ("a", "b") if name == "junk4" else name for name in odd.columns]
    odd.index = pd.Index(["same", "same", None])
    expected, report = validate(plain)
    tracks, odd_report = validate(odd)
    pdt.assert_frame_equal(tracks, expected)
    assert odd_report == report


def test_weights_may_be_missing_and_are_kept_as_they_are() -> None:
    tracks, report = validate(songs(4, weight=[0, 1000, None, "0.5"], liked=1))
    assert report.faults == ()
    assert tracks["weight"].tolist()[:2] + tracks["weight"].tolist()[3:] == [0, 1000, 0.5]
    assert np.isnan(tracks["weight"].iloc[2])


def test_names_keep_words_that_mean_missing_elsewhere() -> None:
    table = songs(3, track_name=["None", " NaN ", " "], artist_name=pd.Series([1975, b"M83", ["A", "B"]], dtype=object))
    tracks, _ = validate(table)
    assert tracks["track_name"].tolist()[:2] == ["None", "NaN"]
    assert tracks["track_name"].isna().tolist() == [False, False, True]
    assert tracks["artist_name"].tolist() == ["1975", "M83", "A;B"]


def test_text_that_cannot_be_encoded_is_mended() -> None:
    tracks, _ = validate(songs(1, track_name=pd.Series(["\ud800x"], dtype=object)))
    assert tracks["track_name"].iloc[0] == "?x"


@pytest.mark.parametrize(
    "given",
    [
        "4uLU6hMCjMI75M1A2tKUQC",
        "spotify:track:4uLU6hMCjMI75M1A2tKUQC",
        "https://open.spotify.com/track/4uLU6hMCjMI75M1A2tKUQC?si=abc",
        "https://open.spotify.com/intl-de/track/4uLU6hMCjMI75M1A2tKUQC",
        "open.spotify.com/embed/track/4uLU6hMCjMI75M1A2tKUQC",
    ],
)
def test_track_ids_of_links_and_uris(given: str) -> None:
    assert validate(songs(1, track_id=given))[0]["track_id"].iloc[0] == "4uLU6hMCjMI75M1A2tKUQC"


def test_rows_that_are_all_unusable_leave_an_empty_table_and_a_full_report() -> None:
    tracks, report = validate(songs(2, energy="x"))
    assert len(tracks) == 0
    assert report.set_aside == {"not a number": 2}
    TracksSchema.validate(tracks, lazy=True)


def test_labelled_keeps_only_labels_and_explains_a_table_without() -> None:
    tracks, _ = validate(songs(3, liked=[1, None, 0]))
    assert labelled(tracks)["track_id"].tolist() == ["id0", "id2"]
    assert labelled(tracks).index.tolist() == [0, 1]
    with pytest.raises(InputError, match="no 'liked' column"):
        labelled(tracks.drop(columns="liked"))


def test_labels_that_count_for_nothing_are_none() -> None:
    tracks, _ = validate(songs(5, liked=[1, 0, 1, None, 0], weight=[0, 1, None, 2, 0.01]))
    assert labelled(tracks)["track_id"].tolist() == ["id1", "id2", "id4"]
    assert labelled(tracks).index.tolist() == [0, 1, 2]
    assert not len(labelled(tracks.assign(weight=0.0)))


def test_importing_the_schema_pulls_in_no_heavy_library() -> None:
    heavy = "{'sklearn', 'tensorflow', 'mlflow', 'optuna', 'xgboost', 'matplotlib'}"
    code = f"import sys, features.schema; print(sorted({heavy} & set(sys.modules)))"
    root = Path(__file__).parents[2]
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert answer.stdout.strip() == "[]"


def test_rows_without_features_are_kept_where_that_is_asked_for() -> None:
    table = pd.DataFrame({"track_id": ["a", "b"], "artist_name": ["A", "B"], "energy": [0.5, None], "liked": [1, 0]})
    tracks, report = validate(table)
    assert (len(tracks), report.set_aside) == (1, {"no audio features": 1})
    tracks, report = validate(table, unheard=True)
    assert (len(tracks), report.set_aside) == (2, {})
    assert tracks["liked"].tolist() == [1, 0]
