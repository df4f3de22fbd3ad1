"""What is wrong with the cells of a table, gathered by column and rule: pandera's many failures become few findings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pandera.pandas as pa

from features.columns import ColumnInfo
from features.errors import InputError
from features.report import Fault, show

WHOLE_NUMBER: Final = "whole_number"
"""The schema's name for its check of columns that count or code something."""

_FIRST_ROWS: Final = 5
_TAKEN_AS_MISSING: Final = "taken as missing"

ONLY_THE_CELL: Final = frozenset({"key", "mode", "time_signature", "popularity"})
"""Numeric columns of which a cell that cannot be right is lost alone.

Without it the track is still told by what it sounds like; a wrong energy or tempo throws doubt on its whole row.
"""

_ENOUGH: Final = 10  # tracks; fewer could all be very short or very loud
_QUIET_DB: Final = 30  # below full scale; half of any table's tracks are louder


@dataclass(frozen=True)
class Finding:
    """All rows with one kind of fault in one column.

    Parameters
    ----------
    column, rule, hint : str
        As in ``features.report.Fault``.
    bad : ndarray of bool, shape (n_rows,)
        The rows that have it.
    example : object
        One faulty value.
    sets_aside : bool
        Whether such a row cannot be used; otherwise only its cell is lost.
    """

    column: str
    rule: str
    hint: str
    bad: npt.NDArray[np.bool_]
    example: object
    sets_aside: bool = True

    def fault(self) -> Fault:
        """The finding as it is reported."""
        rows = np.flatnonzero(self.bad)
        first = tuple(int(row) + 1 for row in rows[:_FIRST_ROWS])
        return Fault(self.column, self.rule, len(rows), first, show(self.example), self.hint)


def not_understood(name: str, dtype: str, raw: "pd.Series[Any]", bad: npt.NDArray[np.bool_]) -> Finding:
    """The cells of one column that could not be read as what the column holds."""
    example = raw.iloc[int(np.flatnonzero(bad)[0])]
    if dtype == "float64":
        comma = isinstance(example, str) and "," in example
        hint = "write 0.5, with a point instead of a comma" if comma else "write a number, or leave the cell empty"
        return _of_number(name, "not a number", hint, bad, example)
    if dtype == "Int8":
        return Finding(name, "label not understood", "write 1 (liked), 0 (not liked) or nothing", bad, example)
    if dtype == "boolean":
        return Finding(
            name, "not yes or no", f"write true, false or nothing; {_TAKEN_AS_MISSING}", bad, example, sets_aside=False
        )
    if name == "genres":
        hint = f"write names such as rock;hip hop; {_TAKEN_AS_MISSING}"
        return Finding(name, "not a genre", hint, bad, example, sets_aside=False)
    expected = "2024, 2024-05 or 2024-05-31" if dtype == "str" else "2024-05-31 or 2024-05-31T18:20:00Z"
    return Finding(name, "not a date", f"write {expected}; {_TAKEN_AS_MISSING}", bad, example, sets_aside=False)


def _of_number(name: str, rule: str, hint: str, bad: npt.NDArray[np.bool_], example: object) -> Finding:
    """A finding about a column of numbers, and what it costs."""
    lost = name in ONLY_THE_CELL
    return Finding(name, rule, f"{hint}; {_TAKEN_AS_MISSING}" if lost else hint, bad, example, sets_aside=not lost)


def impossible_numbers(
    schema: pa.DataFrameSchema, numbers: pd.DataFrame, columns: Mapping[str, ColumnInfo]
) -> list[Finding]:
    """Numbers that the schema refuses.

    Parameters
    ----------
    schema : pandera DataFrameSchema
        Of at least the columns of ``numbers``.
    numbers : DataFrame
        Cleaned float64 columns, RangeIndex.
    columns : mapping of str to ColumnInfo
        Where the ranges and units of the hints come from.

    Returns
    -------
    list of Finding
        By column in the table's order: ``infinite``, ``out of range``, ``not a whole number``; a cell is in one.
    """
    try:
        schema.select_columns(list(numbers.columns)).validate(numbers, lazy=True)
    except pa.errors.SchemaErrors as errors:
        failures = errors.failure_cases
    else:
        return []
    findings = []
    for name in numbers.columns:
        mine = failures[failures["column"] == name]
        refused = np.zeros(len(numbers), dtype=bool)
        refused[mine["index"].to_numpy(dtype=np.intp)] = True
        bounds = mine.loc[mine["check"] != WHOLE_NUMBER, "index"].to_numpy(dtype=np.intp)
        outside = np.zeros(len(numbers), dtype=bool)
        outside[bounds] = True
        findings += _by_rule(name, numbers[name].to_numpy(), refused, outside, columns[name])
    return findings


def _by_rule(
    name: str,
    values: npt.NDArray[np.float64],
    refused: npt.NDArray[np.bool_],
    outside: npt.NDArray[np.bool_],
    info: ColumnInfo,
) -> list[Finding]:
    """Sort one column's refused cells into rules; each cell into one."""
    infinite = np.isinf(values)
    outside = outside & ~infinite
    rules = [
        ("infinite", infinite, "write a number, or leave the cell empty"),
        ("out of range", outside, _range_hint(info, values[outside])),
        ("not a whole number", refused & ~outside & ~infinite, f"expected {_range(info)}, in whole numbers"),
    ]
    return [_of_number(name, rule, hint, bad, float(values[bad][0])) for rule, bad, hint in rules if bad.any()]


def _range(info: ColumnInfo) -> str:
    """A column's range and unit in words."""
    ends = [f"{end:,.10g}" for end in (info.low, info.high) if end is not None]
    return f"{' to '.join(ends)} ({info.unit})"


def _range_hint(info: ColumnInfo, values: npt.NDArray[np.float64]) -> str:
    """What range is expected, and what the values that miss it look like."""
    expected = f"expected {_range(info)}"
    if info.unit == "dB" and len(values) and values.min() > 0:
        if np.median(values) > _QUIET_DB:
            return f"{expected}; these are no dB: give the column in dB, or leave it out"
        return f"{expected}; the minus signs seem to be lost: loudness is told in dB below 0"
    if len(values) == 0 or (info.low, info.high) != (0, 1) or info.unit != "fraction":
        return expected
    if 1 < values.max() <= 100 and values.min() >= 0:
        return f"{expected}; these look like percentages: divide them by 100"
    if values.min() < 0 and np.abs(values).max() < 10:
        return f"{expected}; these look standardised: give the values from before scaling"
    return expected


def refuse_scaled(tracks: pd.DataFrame) -> None:
    """Refuse a table whose values are all in range but cannot be in the columns' units.

    Parameters
    ----------
    tracks : DataFrame
        Validated tracks.

    Raises
    ------
    InputError
        Where every known tempo is at most 1 BPM, or every one of at least ten durations is under 3.6 seconds, or every
        one of at least ten loudnesses is between 0 and 1 dB.
    """
    tempo, duration, loudness = (tracks[name].dropna() for name in ("tempo", "duration_ms", "loudness"))
    if len(tempo) and tempo.max() <= 1:
        _refuse(
            "tempo", tempo, "beats per minute: the table looks scaled to 0..1", "give the values from before scaling"
        )
    if len(duration) >= _ENOUGH and duration.max() < 3600:
        _refuse(
            "duration_ms", duration, "milliseconds: these look like seconds or minutes", "convert, or drop the column"
        )
    if len(loudness) >= _ENOUGH and loudness.between(0, 1).all():
        _refuse("loudness", loudness, "decibels: the table looks scaled to 0..1", "give the values from before scaling")


def _refuse(name: str, values: "pd.Series[Any]", looks: str, hint: str) -> None:
    """Raise the error about one column."""
    raise InputError(f"{name} runs from {values.min():.4g} to {values.max():.4g}, which cannot be {looks}", hint)


def first_reasons(findings: Sequence[Finding], rows: int) -> npt.NDArray[np.object_]:
    """Why each row is set aside: the rule of its first finding that sets it aside, else the empty string."""
    reasons = np.full(rows, "", dtype=object)
    for finding in findings:
        if finding.sets_aside:
            reasons[finding.bad & (reasons == "")] = finding.rule
    return reasons
