"""Dates in every notation that people and spreadsheets write, to validated tracks and notes."""

import datetime as dt
import io
from typing import Final

import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from connectors.sources.csv_file import read_table
from features.cleaning import MISSING_WORDS
from features.schema import validate

MOMENT: Final = "added_at"
RELEASE: Final = "release_date"


def read(header: str, *cells: str) -> tuple[list[str | None], list[str], list[str]]:
    """The dates of one column after validation, the notes about them, and the rules that cells of it break."""
    lines = [f'0.{10 + row},"{cell}"' for row, cell in enumerate(cells)]
    table, notes = read_table("\n".join([f"energy,{header}", *lines]).encode())
    tracks, report = validate(table)
    name = MOMENT if MOMENT in tracks else RELEASE
    dates = [
        None if pd.isna(date) else str(date).removesuffix("+00:00").removesuffix(" 00:00:00") for date in tracks[name]
    ]
    faults = [f"{fault.rule} {fault.first_rows}" for fault in report.faults if fault.column == name]
    return dates, [note for note in notes if note.startswith(f"{name}: ")], faults


CERTAIN = [
    "2020/05/01", "2020.05.01", "2020-5-1", "20200501", "May 1, 2020", "1 May 2020", "01-May-2020",
    "Fri, 1 May 2020", "2020 May 1", "May 1st, 2020",
]  # fmt: skip


@pytest.mark.parametrize("cell", [*CERTAIN, "43952", "43952.0", "43952,5", "1588291200", "1588291200000"])
@pytest.mark.parametrize("header", ["Added At", "Release Date", "release_year"])
def test_a_date_that_can_be_read_in_one_way_is_read(header: str, cell: str) -> None:
    (date,), notes, faults = read(header, cell)
    assert date is not None
    assert date.startswith("2020-05-01")
    assert len(notes) == 1
    assert f"1 row such as '{cell}'" in notes[0]
    assert "-> 2020-05-01" in notes[0]
    assert faults == []


@pytest.mark.parametrize(
    ("cell", "moment"),
    [
        ("May 1, 2020 at 03:45PM", "2020-05-01 15:45:00"),  # IFTTT's "new saved track" rows
        ("01 May 2020, 14:33", "2020-05-01 14:33:00"),  # Last.fm exports
        ("2020-05-01 12:00:00 UTC", "2020-05-01 12:00:00"),
        ("2020/05/01 12:00:00 +0200", "2020-05-01 10:00:00"),
        ("31.05.2020 4:05", "2020-05-31 04:05:00"),
        ("5/31/2020 4:05:06 a.m.", "2020-05-31 04:05:06"),
        ("43952.75", "2020-05-01 18:00:00"),
        ("1588334400", "2020-05-01 12:00:00"),
    ],
)
def test_times_of_day_are_kept(cell: str, moment: str) -> None:
    assert read("Added At", cell)[0] == [moment]


def test_a_month_or_a_year_is_a_release_date_and_the_first_day_of_an_added_one() -> None:
    cells = ("2020-05", "2020", "May 2020", "05/2020", "1999.0")
    dates, notes, faults = read("Release Date", *cells)
    assert dates == ["2020-05", "2020", "2020-05", "2020-05", "1999"]
    assert notes == ["release_date: 3 rows such as 'May 2020' -> 2020-05"]
    assert faults == []
    dates, notes, faults = read("Added At", *cells)
    assert dates == [
        "2020-05-01",
        "2020-01-01",
        "2020-05-01",
        "2020-05-01",
        "1999-01-01",
    ]
    assert notes == ["added_at: 5 rows such as '2020-05' read as the first day of it -> 2020-05-01"]
    assert faults == []


@pytest.mark.parametrize("header", ["Added At", "Release Date"])
def test_one_row_decides_for_the_whole_column(header: str) -> None:
    dates, notes, faults = read(header, "01/05/2020", "13/05/2020")
    assert dates == ["2020-05-01", "2020-05-13"]
    assert notes[0].endswith(
        "2 rows such as '01/05/2020' read day first, decided by row 2 ('13/05/2020') -> 2020-05-01"
    )
    dates, notes, faults = read(header, "05/13/2020", "01/05/2020")
    assert dates == ["2020-05-13", "2020-01-05"]
    assert notes[0].endswith("2 rows such as '05/13/2020' read month first, decided by row 1 -> 2020-05-13")
    assert faults == []


def test_without_a_row_that_decides_a_moment_is_missing_and_a_release_date_is_its_year() -> None:
    cells = ("01/05/2020", "03/06/2019", "07/07/2018")
    dates, notes, faults = read("Added At", *cells)
    assert dates == [None, None, "2018-07-07"]
    assert notes[0] == (
        "added_at: 2 rows such as '01/05/2020': no row decides which number is the day: taken as missing; "
        "write 2020-05-01 or 2020-01-05"
    )
    assert faults == ["not a date (1, 2)"]
    dates, notes, faults = read("Release Date", *cells)
    assert dates == ["2020", "2019", "2018-07-07"]
    assert "no row decides which number is the day: only the year is read" in notes[0]
    assert faults == []


def test_rows_that_contradict_each_other_decide_nothing() -> None:
    dates, notes, faults = read("Added At", "01/05/2020", "13/06/2020", "06/14/2020")
    assert dates == [None, "2020-06-13", "2020-06-14"]
    assert "rows say both, day first and month first: taken as missing" in notes[0]
    assert faults == ["not a date (1,)"]


def test_dots_mean_the_day_first_unless_a_row_says_otherwise() -> None:
    dates, notes, _ = read("Added At", "01.05.2020", "3.6.1999")
    assert dates == ["2020-05-01", "1999-06-03"]
    assert notes == ["added_at: 2 rows such as '01.05.2020' read day first, as dates with dots are -> 2020-05-01"]
    assert read("Release Date", "01.05.2020", "12.31.2019")[0] == ["2020-01-05", "2019-12-31"]


def test_a_day_in_no_calendar_decides_nothing() -> None:
    dates, _, faults = read("Added At", "01/05/2020", "31/02/2020", "45/50/2020")
    assert dates == [None, None, None]
    assert faults == ["not a date (1, 2, 3)"]


@pytest.mark.parametrize(
    "cell",
    ["01/05/20", "5/1/20, 3:04 PM", "now", "10:30", "May 17", "17 May", "2020/13/01", "2020/02/30", "12345", "99999",
     "0", "1_588_291_200", "0000/00/00", "2020.1", "2020050112", "1 May 2020 at 25:00", "x" * 5000, "T" * 5000],
)  # fmt: skip
def test_what_may_mean_anything_stays_for_the_report(cell: str) -> None:
    assert read("Added At", cell) == ([None], [], ["not a date (1,)"])


@pytest.mark.parametrize("header", ["Added At", "Release Date"])
def test_iso_8601_and_gaps_are_no_news(header: str) -> None:
    cells = ("2021-01-02T03:04:05Z", "", "2021-01-02 03:04:05.123456+02:00", "2021-01-02", "n/a")
    dates, notes, faults = read(header, *cells)
    assert [date and date[:10] for date in dates] == ["2021-01-02", None, "2021-01-02", "2021-01-02", None]
    assert notes == []
    assert faults == []


def test_numbers_and_dates_of_parquet() -> None:
    table = pd.DataFrame({"energy": [0.1, 0.2], MOMENT: [43952, 43953], RELEASE: [dt.date(2020, 5, 1), None]})
    file = io.BytesIO()
    table.to_parquet(file)
    tracks, report = validate(read_table(file.getvalue())[0])
    assert tracks[MOMENT].dt.day.tolist() == [1, 2]
    assert tracks[RELEASE].iloc[0] == "2020-05-01"
    assert not [fault for fault in report.faults if fault.rule == "not a date"]


FORMATS = ("%Y/%m/%d", "%Y.%m.%d", "%d.%m.%Y", "%B %d, %Y", "%d %b %Y", "%d-%b-%Y %H:%M:%S", "%b %d, %Y at %I:%M%p")


@settings(max_examples=100, deadline=None)
@given(st.dates(dt.date(1970, 1, 2), dt.date(2099, 12, 31)), st.sampled_from(FORMATS))
def test_whatever_day_is_written_comes_back(day: dt.date, form: str) -> None:
    dates, _, faults = read("Added At", day.strftime(form), "31.12.1999")
    assert dates[0] is not None
    assert dates[0][:10] == day.isoformat()
    assert faults == []


@settings(max_examples=150, deadline=None)
@given(st.lists(st.text("0123456789/.-: ,TZAPMaymjunst+", max_size=24), min_size=1, max_size=5))
@example(["٠١/٠٥/٢٠٢٠"])
@example(["29/02/2019", "1.1.0000", "9999999999", "May 1, 2020 at 3:45PM +9999"])
def test_no_date_is_read_without_a_word(cells: list[str]) -> None:
    """What is not ISO 8601 comes back as a date with a note, or as missing with a fault."""
    dates, notes, faults = read("Added At", *cells)
    for cell, date in zip(cells, dates, strict=True):
        if date is not None:
            assert notes or cell.strip()[:10] == date[:10]
        elif cell.strip().casefold() not in MISSING_WORDS and not cell.strip().startswith("1970"):
            assert faults
