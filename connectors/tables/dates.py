"""Dates as people and spreadsheets write them, to ISO 8601: the one notation that validation reads.

What can be read in one way only is read: the year first, months by their English names, days counted by a spreadsheet,
seconds since 1970. Of numbers such as 01/05/2020 the rows of the column decide together which is the day; where none
does, nothing is guessed.
"""

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from connectors.tables.raw import counted
from features.report import show

_READ_BY_VALIDATION: Final = {
    "release_date": re.compile(r"\d{4}(?:-\d\d(?:-\d\d)?)?(?:[T ]\d.*)?"),
    "added_at": re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?\s?(?:Z|[+-]\d\d(?::?\d\d)?)?)?"),
}
_WRITTEN: Final = re.compile(
    r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,?\s+)?"
    r"(?P<date>\w+(?:[\s/.,-]+\w+){0,2}?)"
    r"(?:(?:,?\s+at|,)?(?:\s+|T)(?P<clock>\d{1,2}:\d\d(?::\d\d(?:\.\d+)?)?(?:\s?[ap]\.?m\.?)?)"
    r"\s?(?P<zone>Z|UTC|GMT|[+-]\d\d:?\d\d)?)?",
    flags=re.IGNORECASE,
)
_ORDINAL: Final = re.compile(r"(?<=\d)(?:st|nd|rd|th)\b", flags=re.IGNORECASE)
_COMPACT: Final = re.compile(r"((?:19|20|21)\d\d)(\d\d)(\d\d)", flags=re.ASCII)
_THREE_NUMBERS: Final = re.compile(r"(\d{1,2})([/.-])(\d{1,2})\2(\d{4})", flags=re.ASCII)
_SERIAL: Final = re.compile(r"\d{5}(?:[.,]\d+)?", flags=re.ASCII)
_SINCE_1970: Final = re.compile(r"1\d{9}(?:\d{3})?", flags=re.ASCII)  # to 2033; what is more may be 2020050112
_LOST_DIGIT: Final = re.compile(r"\d{4}\.\d", flags=re.ASCII)  # 2020.1 may have been October's 2020.10

_DAYS: Final = ("%Y-%m-%d", "%B-%d-%Y", "%b-%d-%Y", "%d-%B-%Y", "%d-%b-%Y", "%Y-%B-%d", "%Y-%b-%d")
_MONTHS: Final = ("%Y-%m", "%m-%Y", "%B-%Y", "%b-%Y")
_CLOCKS: Final = ("%H:%M", "%H:%M:%S", "%H:%M:%S.%f", "%I:%M%p", "%I:%M:%S%p")
_DAY_ZERO: Final = dt.datetime(1899, 12, 30)  # what Excel, LibreOffice and Google Sheets count from
_OLDEST: Final = {"release_date": 1925, "added_at": 2000}  # years; a smaller number counts something else
_NEWEST: Final = 2100
_FULL_DAY, _ONLY_MONTH, _ONLY_YEAR = len("2020-05-01"), len("2020-05"), len("2020")
_LONGEST: Final = 50  # characters; no date takes more

_SPREADSHEET: Final = "days counted by a spreadsheet"
_EPOCH: Final = "time since 1970"
_FIRST_OF_IT: Final = "the first day of it"
_CERTAIN: Final = "certain"
_DAY_FIRST: Final = "day first"
_MONTH_FIRST: Final = "month first"
_OPEN: Final = "undecided"


@dataclass(frozen=True)
class _Reading:
    """What one cell says: ``how`` it was read, its ``day`` (2020, 2020-05 or 2020-05-01), and the ``clock`` behind it.

    Of three ``numbers`` (year, first, second) the ``day`` is only the year until an order is chosen.
    """

    how: str
    day: str
    clock: str = ""
    numbers: tuple[int, int, int] = (0, 0, 0)
    separator: str = ""


def read_dates(name: str, texts: Sequence[str | None]) -> tuple[list[str | None], tuple[str, ...]]:
    """Dates of one column to ISO 8601.

    Parameters
    ----------
    name : {"release_date", "added_at"}
        Of release dates a year or a month is enough; the moment of adding is then the first of it.
    texts : sequence of (str or None)
        Stripped cells.

    Returns
    -------
    texts : list of (str or None)
        YYYY, YYYY-MM or YYYY-MM-DD for release dates, moments for the others. Cells that were ISO 8601 already, and
        those that were not understood, are as they were: validation reads the ones and reports the others.
    notes : tuple of str
        How the others were read, one line a notation.
    """
    plain = _READ_BY_VALIDATION[name]
    read = {text: _read(name, text) for text in set(texts) if text and not plain.fullmatch(text)}
    found = {text: reading for text, reading in read.items() if reading}
    orders = _orders(found)
    found = {text: _ordered(reading, orders) for text, reading in found.items()}
    written = {text: iso for text, reading in found.items() if (iso := _iso(name, reading))}
    dates = [written.get(text, text) if text else text for text in texts]
    return dates, tuple(_notes(name, texts, found, written))


def _read(name: str, text: str) -> _Reading | None:
    """One cell by itself, or None where it is no date."""
    text = text.removesuffix(".0")  # a column of years with gaps is saved as 1999.0
    if _LOST_DIGIT.fullmatch(text):
        return None
    if _SERIAL.fullmatch(text):
        days = float(text.replace(",", "."))
        return _counted(name, _SPREADSHEET, _DAY_ZERO + dt.timedelta(seconds=round(days * 86_400)))
    if _SINCE_1970.fullmatch(text):
        seconds = int(text[:10])
        return _counted(name, _EPOCH, dt.datetime.fromtimestamp(seconds, dt.UTC).replace(tzinfo=None))
    parts = _WRITTEN.fullmatch(text) if len(text) <= _LONGEST else None
    clock = _clock(parts["clock"], parts["zone"]) if parts else None
    if parts is None or clock is None:
        return None
    numbers = _THREE_NUMBERS.fullmatch(parts["date"])
    if numbers:
        first, separator, second, year = numbers.groups()
        reading = _Reading(_OPEN, year, clock, (int(year), int(first), int(second)), separator)
        return reading if _possible(reading) else None
    day = _day(parts["date"])
    how = _FIRST_OF_IT if day and len(day) < _FULL_DAY and name == "added_at" else _CERTAIN
    return _Reading(how, day, clock) if day else None


def _counted(name: str, how: str, moment: dt.datetime) -> _Reading | None:
    if not _OLDEST[name] <= moment.year < _NEWEST:
        return None
    return _Reading(how, f"{moment:%Y-%m-%d}", f"T{moment:%H:%M:%S}")


def _day(date: str) -> str | None:
    """A date with its year first, or its month by name."""
    words = re.sub(r"[\s/.,-]+", "-", _ORDINAL.sub("", _COMPACT.sub(r"\1-\2-\3", date)))
    words = re.sub("sept-", "sep-", words, flags=re.IGNORECASE)
    if re.fullmatch(r"(?:19|20|21)\d\d", words, flags=re.ASCII):
        return words
    for formats, precision in ((_DAYS, _FULL_DAY), (_MONTHS, _ONLY_MONTH)):
        day = _parsed(words, formats)
        if day:
            return day.date().isoformat()[:precision]
    return None


def _clock(clock: str | None, zone: str | None) -> str | None:
    """A time of day as ISO 8601 writes it behind a date: empty where there is none, None where it cannot be one."""
    if clock is None:
        return ""
    time = _parsed(re.sub(r"[\s.](?=[apm]|$)", "", clock.lower()), _CLOCKS)
    offset = "Z" if (zone or "").upper() in {"Z", "UTC", "GMT"} else zone or ""
    return f"T{time.time().isoformat()}{offset}" if time else None


def _parsed(text: str, formats: Iterable[str]) -> dt.datetime | None:
    for form in formats:
        try:
            return dt.datetime.strptime(text, form)
        except ValueError:
            continue
    return None


def _possible(reading: _Reading) -> dict[str, str]:
    """The orders in which three numbers are a day of the calendar, and that day."""
    year, first, second = reading.numbers
    days = {}
    for order, day, month in ((_DAY_FIRST, first, second), (_MONTH_FIRST, second, first)):
        with suppress(ValueError):  # a day in no calendar
            days[order] = dt.date(year, month, day).isoformat()
    return days


def _orders(found: Mapping[str, _Reading]) -> dict[str, str]:
    """Separator -> the order of day and month in all of its rows, where it is settled.

    A row that is a day in one order only settles it, unless another row settles it the other way. Where none does, dots
    mean the day first: no locale of Unicode's CLDR puts the month in front of a dot.
    """
    said: dict[str, set[str]] = {}
    for reading in found.values():
        if reading.how == _OPEN:
            possible = _possible(reading)
            said.setdefault(reading.separator, set()).update(possible if len(possible) == 1 else ())
    orders = {}
    for separator, settled in said.items():
        usual = _DAY_FIRST if separator == "." else _OPEN
        orders[separator] = usual if not settled else settled.pop() if len(settled) == 1 else _OPEN
    return orders


def _ordered(reading: _Reading, orders: Mapping[str, str]) -> _Reading:
    """A reading of three numbers with its order chosen, where there is one; any other as it is."""
    if reading.how != _OPEN:
        return reading
    days = _possible(reading)
    if len(set(days.values())) == 1 and len(days) > 1:
        return replace(reading, how=_CERTAIN, day=days[_DAY_FIRST])
    order = next(iter(days)) if len(days) == 1 else orders[reading.separator]
    return replace(reading, how=order, day=days[order]) if order in days else reading


def _iso(name: str, reading: _Reading) -> str | None:
    """A reading as validation reads it, or None where the day is not known."""
    if name == "release_date":
        return reading.day
    return None if reading.how == _OPEN else reading.day + "-01-01"[len(reading.day) - _ONLY_YEAR :] + reading.clock


def _notes(
    name: str, texts: Sequence[str | None], found: Mapping[str, _Reading], written: Mapping[str, str]
) -> list[str]:
    """What was read how, one line a way."""
    ways: dict[str, dict[int, str]] = {}
    for row, text in enumerate(texts, start=1):
        if text is not None and text in found:
            ways.setdefault(found[text].how, {})[row] = text
    notes = []
    for how, cells in ways.items():
        example = next(iter(cells.values()))
        such = f"{name}: {counted(len(cells), 'row')} such as '{show(example)}'"
        if how == _CERTAIN:
            notes.append(f"{such} -> {written[example]}")
        elif how == _OPEN:
            notes.append(f"{such}: {_undecided(name, found[example], ways)}")
        elif how in {_DAY_FIRST, _MONTH_FIRST}:
            decider = next((row for row, text in cells.items() if len(_possible(found[text])) == 1), None)
            why = "as dates with dots are" if decider is None else f"decided by row {decider}"
            why += f" ('{show(cells[decider])}')" if decider and cells[decider] != example else ""
            notes.append(f"{such} read {how}, {why} -> {written[example]}")
        else:
            notes.append(f"{such} read as {how} -> {written[example]}")
    return notes


def _undecided(name: str, reading: _Reading, ways: Iterable[str]) -> str:
    """Why an order was not chosen, and what that costs."""
    year, first, second = reading.numbers
    both = {_DAY_FIRST, _MONTH_FIRST}.issubset(ways)
    why = "rows say both, day first and month first" if both else "no row decides which number is the day"
    cost = "only the year is read" if name == "release_date" else "taken as missing"
    return f"{why}: {cost}; write {year}-{second:02}-{first:02} or {year}-{first:02}-{second:02}"
