"""What people and programs read about a validation."""

import json

import pandas as pd

from features.report import Fault, ValidationReport
from features.schema import validate

FAULTS = (
    Fault("danceability", "out of range", 1200, (3, 7), "63", "expected 0 to 1"),
    Fault("key", "missing column", 2000, (), "", "taken as missing"),
)
REPORT = ValidationReport(2000, 790, FAULTS, 10, {"out of range": 1200})


def test_lines_give_the_account_then_one_aligned_line_a_fault() -> None:
    assert REPORT.lines() == [
        "2,000 rows read, 790 usable tracks.",
        "10 rows merged into an earlier row of the same track.",
        "1,200 rows set aside: out of range (1,200).",
        "2 kinds of fault (row 1 is the first row of data):",
        "  danceability  out of range    1,200 rows (3, 7, ...), such as '63': expected 0 to 1",
        "  key           missing column  the whole column: taken as missing",
    ]


def test_a_table_without_faults_gets_one_friendly_line() -> None:
    assert ValidationReport(1, 1).lines() == ["All good: 1 row, every one a usable track."]
    assert ValidationReport(2017, 2017).lines() == ["All good: 2,017 rows, every one a usable track."]


def test_merging_alone_is_no_fault() -> None:
    assert ValidationReport(3, 2, (), 1).lines() == [
        "3 rows read, 2 usable tracks.",
        "1 row merged into an earlier row of the same track.",
        "No faults found.",
    ]


def test_one_fault_in_one_row_is_told_in_the_singular() -> None:
    lines = ValidationReport(
        2, 1, (Fault("tempo", "infinite", 1, (2,), "inf", "write a number"),), 0, {"infinite": 1}
    ).lines()
    assert lines[0] == "2 rows read, 1 usable track."
    assert lines[1] == "1 row set aside: infinite (1)."
    assert lines[2].startswith("1 fault ")
    assert lines[3] == "  tempo  infinite  1 row (2), such as 'inf': write a number"


def test_the_dictionary_is_plain_json_with_the_promised_keys() -> None:
    answer = json.loads(json.dumps(REPORT.to_dict(), allow_nan=False))
    assert list(answer) == ["rows", "usable", "faults", "merged", "set_aside"]
    assert answer["faults"][0] == {
        "column": "danceability",
        "rule": "out of range",
        "rows": 1200,
        "first_rows": [3, 7],
        "example": "63",
        "hint": "expected 0 to 1",
    }


def test_reports_of_real_validations_are_json_too() -> None:
    report = validate(pd.DataFrame({"energy": [0.5, float("inf")], "liked": ["1", "x"]}))[1]
    assert json.loads(json.dumps(report.to_dict(), allow_nan=False))["set_aside"] == {"infinite": 1}


def test_examples_are_short_and_cannot_steer_a_terminal() -> None:
    report = validate(pd.DataFrame({"energy": [0.5, "\x1b[2J\n" + "x" * 500]}))[1]
    example = next(fault.example for fault in report.faults if fault.rule == "not a number")
    assert example.isprintable()
    assert len(example) == 40
