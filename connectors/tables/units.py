"""Other people's units and notations to Spotify's: percent, loudness, names of keys and modes."""

import dataclasses
import re
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from connectors.tables.columns import UNIT_INTERVAL
from connectors.tables.numeric import Numbers

_PITCHES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11, "H": 11}  # H is what Germans call B
_ACCIDENTALS = {"#": 1, "♯": 1, "sharp": 1, "b": -1, "♭": -1, "flat": -1}
_ACCIDENTAL = "#|♯|b|♭|(?i:sharp|flat)"
_KEY = re.compile(
    rf"([A-Ha-h])(?:[\s_-]*({_ACCIDENTAL}))?"
    rf"(?:\s*/\s*[A-Ha-h](?:[\s_-]*(?:{_ACCIDENTAL}))?)?"
    r"(?:[\s_-]*((?i:major|minor|maj|min|dur|moll)|m|M))?"
)
_CAMELOT = re.compile(r"(1[0-2]|0?[1-9])([AB])", flags=re.IGNORECASE)
_MODES = {"major": 1, "maj": 1, "dur": 1, "minor": 0, "min": 0, "moll": 0}
_METER = re.compile(r"(\d{1,2})\s*/\s*\d{1,2}")

_RATED = "energy"  # what Mixed In Key rates, and no other feature
_TEN, _ENOUGH_OF_TEN = 10, 5  # the top of the other scale, and values that tell
_MOST_DECIMALS = 6  # more than anybody rounds percentages to; beyond, the digits tell nothing
_ENOUGH_LOUD, _QUIET_DB = 3, 30  # values that tell, and how far below full scale half of any table's tracks stay


def percent_to_unit(columns: Mapping[str, Numbers]) -> tuple[dict[str, Numbers], tuple[str, ...]]:
    """Features in percent to [0, 1].

    A column is percent where it says so (``%``), where it holds whole numbers of which the largest is in 2..100, or
    where its median is above 5. Where two columns are, so are the others that are not clearly fractions: those that go
    beyond 1, and those written with no more decimals than the percentages (0 and 1 in a "Sort Your Music" table with
    little acoustic music in it; 0.49 % instrumental among 63.25 % and 70.1 %).

    Energy from 1 to 10 is in tenths, as Mixed In Key rates it, where no other column looks like percent.

    Parameters
    ----------
    columns : mapping
        Canonical name -> numbers.

    Returns
    -------
    columns : dict
        The same names.
    notes : tuple of str
    """
    present = {name: columns[name] for name in UNIT_INTERVAL if name in columns and columns[name].finite().size}
    percent = [name for name, numbers in present.items() if _is_percent(numbers)]
    tenths = _in_tenths(present, percent)
    percent = [name for name in percent if name not in tenths]
    alike = _like_the_others(present, percent) if len(percent) >= 2 else []
    converted = dict(columns)
    for name in tenths:
        converted[name] = dataclasses.replace(columns[name], floats=columns[name].floats / _TEN)
    for name in (*percent, *alike):
        numbers = columns[name]
        rows = numbers.percent if numbers.percent.any() else np.ones(len(numbers.floats), dtype=bool)
        converted[name] = dataclasses.replace(numbers, floats=np.where(rows, numbers.floats / 100, numbers.floats))
    names = [name for name in columns if name in percent or name in alike]
    because = f" ({', '.join(name for name in names if name in alike)} like the others)" if alike else ""
    notes: tuple[str, ...] = (f"{', '.join(names)}: percent 0..100 -> 0..1{because}",) if names else ()
    notes += (f"{', '.join(tenths)}: ratings 1..10 -> 0..1",) if tenths else ()
    left = [name for name in columns if name in present and name not in (*names, *tenths)]
    if len(percent) >= 2 and left:
        notes += (f"{', '.join(left)}: taken as 0..1 already",)
    return converted, notes


def _is_percent(numbers: Numbers) -> bool:
    """Whether a column is percent, judged alone."""
    values = numbers.finite()
    if numbers.percent.any():
        return True
    return _within(values, 100) and values.max() > 1 and (_decimals(values) == 0 or bool(np.median(values) > 5))


def _in_tenths(present: Mapping[str, Numbers], percent: Sequence[str]) -> list[str]:
    """Which of the columns that look like percent are ratings from 1 to 10: energy, where it alone does.

    Beside others, a table of quiet music may hold nothing but low percentages.
    """
    if list(percent) != [_RATED] or present[_RATED].percent.any():
        return []
    values = present[_RATED].finite()
    rated = values.size >= _ENOUGH_OF_TEN and values.min() >= 1 and values.max() <= _TEN
    return [_RATED] if rated else []


def _like_the_others(present: Mapping[str, Numbers], percent: Sequence[str]) -> list[str]:
    """Which of the other columns must be percent in a table with those that are."""
    written = max(_decimals(present[name].finite()) for name in percent)
    others = {name: numbers.finite() for name, numbers in present.items() if name not in percent}
    return [
        name
        for name, values in others.items()
        if _within(values, 100) and (values.max() > 1 or _decimals(values) <= written < _MOST_DECIMALS)
    ]


def _within(values: NDArray[np.float64], largest: float) -> bool:
    return bool(values.min() >= 0 and values.max() <= largest)


def _decimals(values: NDArray[np.float64]) -> int:
    """Digits after the point that the values are written with; ``_MOST_DECIMALS`` where they were not rounded."""
    for digits in range(_MOST_DECIMALS):
        scaled = values * 10**digits
        if np.allclose(scaled, np.round(scaled), rtol=0, atol=1e-9):
            return digits
    return _MOST_DECIMALS


def read_key(numbers: Numbers) -> tuple[Numbers, Numbers | None, tuple[str, ...]]:
    """Names of keys ("C#", "Db", "c♯", "F Sharp", "A minor", "8A" on the Camelot wheel, German "H") to pitch classes.

    Parameters
    ----------
    numbers : Numbers
        The key column; names are still strange in it.

    Returns
    -------
    key : Numbers
        0 (C) to 11 (B) where a name was understood.
    mode : Numbers or None
        1 major, 0 minor, NaN where the key's name does not say; None where no name says.
    notes : tuple of str
    """
    modes = np.full(len(numbers.floats), np.nan)
    for row in np.flatnonzero(numbers.strange):
        mode = _key_and_mode(numbers.texts[row] or "")[1]
        modes[row] = np.nan if mode is None else mode
    key, named = read_strange(numbers, lambda text: _key_and_mode(text)[0])
    notes = ("key names -> pitch classes 0..11",) if named.any() else ()
    if np.isnan(modes).all():
        return key, None, notes
    none = np.zeros(len(modes), dtype=bool)
    return key, Numbers(modes, (), none, none), notes


def loudness_to_db(numbers: Numbers) -> tuple[Numbers, tuple[str, ...]]:
    """Loudness without its minus signs to dB below full scale.

    Single loud masters lie above 0 dB, tables of nothing else do not exist. What goes up to 100 is no loudness in dB.
    """
    known = numbers.finite()
    if known.size < _ENOUGH_LOUD or known.min() < 0 or not 1 < np.median(known) <= _QUIET_DB:
        return numbers, ()
    return dataclasses.replace(numbers, floats=-numbers.floats), ("loudness: minus signs put back",)


def read_weight(numbers: Numbers) -> tuple[Numbers, tuple[str, ...]]:
    """Weights of labels with a percent sign to fractions; the others are as they are, in no unit."""
    floats = np.where(numbers.percent, numbers.floats / 100, numbers.floats)
    notes = ("weight: percent -> fractions",) if numbers.percent.any() else ()
    return dataclasses.replace(numbers, floats=floats), notes


def read_mode(numbers: Numbers) -> tuple[Numbers, tuple[str, ...]]:
    """Modes by name ("major", "minor") to 1 and 0."""
    mode, named = read_strange(numbers, lambda text: _MODES.get(text.casefold()))
    return mode, ("mode: major, minor -> 1, 0",) if named.any() else ()


def read_meter(numbers: Numbers) -> tuple[Numbers, tuple[str, ...]]:
    """Meters such as "4/4" to beats: 4."""

    def beats(text: str) -> float | None:
        found = _METER.fullmatch(text)
        return float(found.group(1)) if found else None

    meter, named = read_strange(numbers, beats)
    return meter, ("time_signature: n/4 -> n",) if named.any() else ()


def read_strange(numbers: Numbers, read: Callable[[str], float | None]) -> tuple[Numbers, np.ndarray]:
    """Give the cells that are no numbers to ``read``.

    Parameters
    ----------
    numbers : Numbers
    read : callable
        From a cell's text to its value, None where it is not understood.

    Returns
    -------
    numbers : Numbers
        With the values, and fewer strange cells.
    understood : ndarray of bool, shape (n_rows,)
    """
    values, understood = numbers.floats.copy(), np.zeros(len(numbers.floats), dtype=bool)
    for row in np.flatnonzero(numbers.strange):
        value = read(numbers.texts[row] or "")
        if value is not None:
            values[row], understood[row] = value, True
    return dataclasses.replace(numbers, floats=values, strange=numbers.strange & ~understood), understood


def _key_and_mode(text: str) -> tuple[int | None, int | None]:
    wheel = _CAMELOT.fullmatch(text)
    if wheel:
        # Eight o'clock is C major (8B) and A minor (8A); each hour is a fifth (7 semitones) up.
        major = wheel.group(2).upper() == "B"
        return ((0 if major else 9) + (int(wheel.group(1)) - 8) * 7) % 12, int(major)
    found = _KEY.fullmatch(text)
    if not found:
        return None, None
    letter, accidental, mode = found.groups()
    pitch = (_PITCHES[letter.upper()] + _ACCIDENTALS.get((accidental or "").lower(), 0)) % 12
    if mode is None:
        return pitch, None
    return pitch, int(mode == "M") if mode in {"m", "M"} else _MODES[mode.casefold()]
