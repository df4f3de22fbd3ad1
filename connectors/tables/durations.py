"""Durations in other people's units and notations to milliseconds: clock times, minutes, seconds, words."""

import dataclasses
import re

import numpy as np
from numpy.typing import NDArray

from connectors.tables.columns import normalise
from connectors.tables.numeric import Numbers
from connectors.tables.units import read_strange
from features.report import show

_CLOCK = re.compile(r"(?:(\d+):)?(\d+):([0-5]\d(?:\.\d+)?)")
_WHOLE_MINUTES = re.compile(r"\d+:([0-5]\d):00")
_AMOUNT = r"(\d+(?:\.\d+)?)\s?"
_WRITTEN_OUT = re.compile(
    rf"(?:PT)?(?=\d)(?:{_AMOUNT}h(?:(?:ou)?rs?)?\.?,?\s?)?(?:{_AMOUNT}m(?:in(?:ute)?s?)?\.?,?\s?)?"
    rf"(?:{_AMOUNT}s(?:ec(?:ond)?s?)?\.?)?",
    flags=re.IGNORECASE,
)
_MS_PER_SECOND, _MS_PER_MINUTE = 1000.0, 60_000.0
# A median track takes between 20 s and 10,000 s (2.8 h), or 20,000 to 10,000,000 ms: outside, the unit is another.
_SHORTEST_S, _LONGEST_S = 20.0, 10_000.0
_ENOUGH_CLOCKS = 10  # that tell: a few films or sets may well take whole minutes


def duration_to_ms(numbers: Numbers, header: str) -> tuple[Numbers, tuple[str, ...]]:
    """Durations to milliseconds.

    ``m:ss``, ``h:mm:ss``, "3 min 20 s" and ISO 8601's PT3M20S are read as such. Spreadsheets take ``m:ss`` for hours
    and minutes and write 3:45 as 03:45:00: where all are such whole minutes and their median is an hour or more, the
    hours are minutes. For the plain numbers, also beside clock times, the header names the unit, and their median must
    be one of a track in that unit; else, and where the header names none, the median decides between minutes, seconds
    and milliseconds.

    Parameters
    ----------
    numbers : Numbers
        The column; clock times are still strange in it.
    header : str
        As written: "Duration (ms)", "length_s", "LENGTH".

    Returns
    -------
    numbers : Numbers
    notes : tuple of str
    """
    numbers, clocks = read_strange(numbers, _clock_ms)
    numbers, mistaken = _hours_to_minutes(numbers, clocks)
    usual = numbers.floats[np.isfinite(numbers.floats) & (numbers.floats > 0) & ~clocks]
    unit = _duration_unit(_named_unit(header), float(np.median(usual))) if usual.size else "ms"
    units = (["m:ss that a spreadsheet wrote as h:mm:00"] if mistaken else ["m:ss"]) if clocks.any() else []
    if unit != "ms":
        units.append(unit)
        factor = _MS_PER_SECOND if unit == "seconds" else _MS_PER_MINUTE
        numbers = dataclasses.replace(numbers, floats=np.where(clocks, numbers.floats, numbers.floats * factor))
    return numbers, (f"{show(header)}: {' and '.join(units)} -> duration_ms",) if units else ()


def _hours_to_minutes(numbers: Numbers, clocks: NDArray[np.bool_]) -> tuple[Numbers, bool]:
    """Clock times that a spreadsheet took for hours and minutes back to minutes and seconds; and whether they were."""
    found = [_WHOLE_MINUTES.fullmatch(numbers.texts[row] or "") for row in np.flatnonzero(clocks)]
    minutes = [int(match[1]) for match in found if match]
    if len(minutes) < max(len(found), _ENOUGH_CLOCKS) or all(minute % 5 == 0 for minute in minutes):
        return numbers, False  # sets of two hours, or of one and a half, do last so long
    if np.median(numbers.floats[clocks]) < 60 * _MS_PER_MINUTE:
        return numbers, False
    return dataclasses.replace(numbers, floats=np.where(clocks, numbers.floats / 60, numbers.floats)), True


def _named_unit(header: str) -> str | None:
    name = normalise(header)
    if name.endswith(("ms", "milliseconds")):
        return "ms"
    if name.endswith(("min", "minutes")):
        return "minutes"
    return "seconds" if re.fullmatch(r"(?:duration|length)s(?:ec(?:onds)?)?", name) else None


def _duration_unit(named: str | None, median: float) -> str:
    # No table holds tracks of less than a second: milliseconds of such a median are another unit under a wrong name.
    if median >= (_MS_PER_SECOND if named == "ms" else _LONGEST_S):
        return "ms"
    guess = "minutes" if median < _SHORTEST_S else "seconds"
    return guess if named in (None, "ms") else named


def _clock_ms(text: str) -> float | None:
    found = _CLOCK.fullmatch(text) or _WRITTEN_OUT.fullmatch(text)
    if not found:
        return None
    hours, minutes, seconds = (float(part or 0) for part in found.groups())
    return round(((hours * 60 + minutes) * 60 + seconds) * _MS_PER_SECOND, 3)
