"""From whatever cells a table has to the types of the schema, column by column.

Each cleaner takes a raw column of any dtype and gives the values under the schema's dtype, with missing where a cell
means nothing, and a mask of the cells that were given but not understood. None changes its input.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

MISSING_WORDS: Final = frozenset(
    {"", "-", "--", "\N{EN DASH}", "\N{EM DASH}", "?", "na", "n/a", "<na>", "nan", "nat", "none", "null"}
)
"""What tables write for "no value" in columns that hold no names (a song may well be called "None")."""

YES_WORDS: Final = frozenset(
    {"true", "t", "yes", "y", "1"} | {"wahr", "vrai", "verdadero", "verdadeiro", "vero", "waar", "prawda"}
)
NO_WORDS: Final = frozenset({"false", "f", "no", "n", "0"} | {"falsch", "faux", "falso", "onwaar", "fa\u0142sz"})
"""Answers to the question that a column's name asks; Excel saves true and false in the language of its user."""

LIKED_WORDS: Final = frozenset(
    {"like", "liked", "likes", "love", "loved", "saved", "keep", "favorite", "favourite"}
    | {"thumbs up", "thumbs_up", "thumbsup", "\N{THUMBS UP SIGN}"}
    | {"\N{BLACK HEART SUIT}", "\N{HEAVY BLACK HEART}", "\N{HEAVY BLACK HEART}\N{VARIATION SELECTOR-16}"}
)
NOT_LIKED_WORDS: Final = frozenset(
    {"dislike", "disliked", "dislikes", "skip", "skipped", "hate", "hated", "not liked", "drop"}
    | {"thumbs down", "thumbs_down", "thumbsdown", "\N{THUMBS DOWN SIGN}"}
)
"""Verdicts, which mean the same whatever the question."""

_TRACK_LINK: Final = re.compile(
    r"(?:spotify:track:|(?:https?://)?open\.spotify\.com/(?:[\w-]+/)*track/)([0-9A-Za-z]{22})(?:[/?#].*)?"
)
_DAY: Final = r"(?:0[1-9]|[12]\d|3[01])"
_MONTH: Final = r"(?:0[1-9]|1[0-2])"
_RELEASE_DATE: Final = re.compile(rf"(\d{{4}}(?:-{_MONTH}(?:-{_DAY})?)?)(?:[T ].*)?", re.ASCII)
_MOMENT: Final = rf"\d{{4}}-{_MONTH}-{_DAY}(?:[T ].*)?"
_UNKNOWN_YEAR: Final = "0000"
_UNKNOWN_MOMENT: Final = pd.Timestamp(0, tz="UTC")
_PLAUSIBLE_YEARS: Final = (1900, 2199)  # a listener's; also keeps time zones from pushing a year out of ISO 8601


@dataclass(frozen=True)
class Cleaned:
    """One cleaned column.

    Parameters
    ----------
    column : Series
        Under the schema's dtype, numbered from 0.
    bad : ndarray of bool
        Cells that were given but not understood; their value is missing.
    """

    column: "pd.Series[Any]"
    bad: npt.NDArray[np.bool_]


def numbers(raw: "pd.Series[Any]", *, switches: bool = False) -> Cleaned:
    """Numbers and strings that are numbers, as float64; infinities are kept for the range check to name.

    Parameters
    ----------
    raw : Series
        Any dtype.
    switches : bool
        Whether True and False mean 1 and 0 (``mode``) or are no numbers at all.
    """
    if _plainly_numeric(raw):
        values = raw.to_numpy(dtype=np.float64, na_value=np.nan)
        return Cleaned(pd.Series(values), np.zeros(len(raw), dtype=bool))
    cells, missing = _cells(raw)
    values = np.full(len(cells), np.nan)
    bad = np.zeros(len(cells), dtype=bool)
    for row in np.flatnonzero(~missing):
        number = _number(cells[row], switches=switches)
        bad[row] = number is None
        values[row] = np.nan if number is None else number
    return Cleaned(pd.Series(values), bad)


def labels(raw: "pd.Series[Any]") -> Cleaned:
    """Likes as nullable Int8: 1, 0 or missing; True, ``yes``, ``liked``, ``1.0`` and their opposites are understood."""
    cleaned = yes_no(raw)
    return Cleaned(cleaned.column.astype("Int8"), cleaned.bad)


def yes_no(raw: "pd.Series[Any]") -> Cleaned:
    """Yes or no as nullable boolean, from booleans, numbers or words."""
    cells, missing = _cells(raw)
    answers: list[bool | None] = [None] * len(cells)
    for row in np.flatnonzero(~missing):
        answers[row] = _answer(cells[row])
    values = pd.Series(answers, dtype="boolean")
    return Cleaned(values, values.isna().to_numpy() & ~missing)


def text(raw: "pd.Series[Any]") -> Cleaned:
    """Text without white space around it; blank is missing, numbers lose a needless ``.0``, lists are joined by ;."""
    values = [None if gone else _text(cell) for cell, gone in zip(*_given(raw), strict=True)]
    return Cleaned(pd.Series(values, dtype="str").replace("", None), np.zeros(len(raw), dtype=bool))


def spotify_track_id(given: str) -> str:
    """The 22-character id in a Spotify URI or a link to open.spotify.com; any other text as it is."""
    link = _TRACK_LINK.fullmatch(given)
    return link[1] if link else given


def track_ids(raw: "pd.Series[Any]") -> Cleaned:
    """Track ids; of Spotify URIs and links to open.spotify.com the 22-character id is kept."""
    cells, missing = _cells(raw)
    values = [None if gone else spotify_track_id(_text(cell)) for cell, gone in zip(cells, missing, strict=True)]
    return Cleaned(pd.Series(values, dtype="str"), np.zeros(len(raw), dtype=bool))


def release_dates(raw: "pd.Series[Any]") -> Cleaned:
    """Release dates as text: YYYY, YYYY-MM or YYYY-MM-DD (a time of day is dropped); year 0000 is Spotify's unknown."""
    cells, missing = _cells(raw)
    matches = [
        None if gone else _RELEASE_DATE.fullmatch(_text(cell)) for cell, gone in zip(cells, missing, strict=True)
    ]
    bad = np.array([match is None for match in matches], dtype=bool) & ~missing
    values = [match[1] if match and not match[1].startswith(_UNKNOWN_YEAR) else None for match in matches]
    return Cleaned(pd.Series(values, dtype="str"), bad)


def moments(raw: "pd.Series[Any]") -> Cleaned:
    """Points in time as datetime64[us, UTC] from datetimes or ISO 8601 text; without a zone they are taken as UTC.

    The first moment of 1970 is Spotify's unknown.
    """
    cells, missing = _cells(raw)
    given = pd.Series([None if gone else _text(cell) for cell, gone in zip(cells, missing, strict=True)], dtype="str")
    # Only full dates: pandas would also take a bare number, a year or "now" for a moment.
    plausible = given.where(given.str.fullmatch(_MOMENT).astype("boolean").fillna(value=False).astype(bool))
    values = pd.to_datetime(plausible, utc=True, errors="coerce", format="ISO8601").dt.as_unit("us")
    values = values.where(values.dt.year.between(*_PLAUSIBLE_YEARS))
    bad = values.isna().to_numpy() & ~missing
    return Cleaned(values.mask(values == _UNKNOWN_MOMENT), bad)


Cleaner = Callable[["pd.Series[Any]"], Cleaned]
"""Turns a raw column into a cleaned one."""

CLEANERS: Final[Mapping[str, Cleaner]] = {
    "str": text,
    "float64": numbers,
    "Int8": labels,
    "boolean": yes_no,
    "datetime64[us, UTC]": moments,
}
"""The cleaner of each dtype of the schema."""


def _plainly_numeric(raw: "pd.Series[Any]") -> bool:
    """Whether a column holds real numbers and nothing else."""
    dtype = raw.dtype
    kinds = pd.api.types
    return kinds.is_numeric_dtype(dtype) and not kinds.is_bool_dtype(dtype) and not kinds.is_complex_dtype(dtype)


def _given(raw: "pd.Series[Any]") -> tuple[npt.NDArray[np.object_], npt.NDArray[np.bool_]]:
    """A column's cells as Python objects, and which of them pandas calls missing."""
    cells = raw.astype(object)
    return cells.to_numpy(), cells.isna().to_numpy()


def _cells(raw: "pd.Series[Any]") -> tuple[npt.NDArray[np.object_], npt.NDArray[np.bool_]]:
    """A column's cells as Python objects, and which of them are missing, words for "no value" included."""
    cells, missing = _given(raw)
    words = [isinstance(cell, str) and cell.strip().lower() in MISSING_WORDS for cell in cells]
    return cells, missing | np.array(words, dtype=bool)


def _number(cell: object, *, switches: bool) -> float | None:
    """A cell as a number, or None where it is none."""
    if isinstance(cell, bool | np.bool_):
        return float(cell) if switches else None
    if isinstance(cell, str):
        cell = cell.strip()
        if "_" in cell:  # Python reads 1_000 as a number, people's tables do not mean one by it
            return None
    elif isinstance(cell, complex | np.complexfloating):
        return None
    try:
        return float(cell)  # type: ignore[arg-type]  # whatever cannot be a number is caught below
    except OverflowError:
        return float("inf")
    except (TypeError, ValueError):
        return None


def _answer(cell: object) -> bool | None:
    """A cell as yes or no, or None where it is neither."""
    word = str(bool(cell)) if isinstance(cell, bool | np.bool_) else _text(cell)
    word = word.lower().removesuffix(".0")
    return True if word in YES_WORDS | LIKED_WORDS else False if word in NO_WORDS | NOT_LIKED_WORDS else None


def _text(cell: object) -> str:
    """A cell as text that can be encoded, without white space around it."""
    if isinstance(cell, list | tuple | np.ndarray):
        return ";".join(_text(part) for part in cell)
    if isinstance(cell, float | np.floating) and float(cell).is_integer() and abs(float(cell)) < 1e15:
        return str(int(cell))
    words = (cell.decode("utf-8", "replace") if isinstance(cell, bytes) else str(cell)).strip()
    return words if words.isascii() else words.encode("utf-8", "replace").decode()  # a lone surrogate becomes "?"
