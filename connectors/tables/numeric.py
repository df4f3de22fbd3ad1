"""Cells to text and to numbers; what is not understood is kept, so that validation can show it."""

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features import cleaning

MISSING_WORDS = cleaning.MISSING_WORDS | {"#n/a", "unknown"}
"""What stands for no value in numbers and labels, casefolded. Not in names: there is a band called "None"."""

_UNIT = re.compile(r"\s*(?:db(?:fs)?|bpm)$", flags=re.IGNORECASE)
_MILLISECONDS = re.compile(r"\s*ms$", flags=re.IGNORECASE)
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+(?:e[+-]?\d+)?", flags=re.IGNORECASE)
_THOUSANDS = re.compile(r"\d{1,3}(?:([,\s'\u2019])\d{3})(?:\1\d{3})*(?:\.\d+)?")
_POINTS = re.compile(r"\d{1,3}(?:\.\d{3})+")
_MANY_POINTS = re.compile(r"\d{1,3}(?:\.\d{3}){2,}")


@dataclass(frozen=True)
class Numbers:
    """A column read as numbers.

    Parameters
    ----------
    floats : ndarray of float64, shape (n_rows,)
        NaN where missing or not understood.
    texts : tuple of (str or None)
        The cells as written, stripped; empty where the column was numeric to begin with.
    strange : ndarray of bool, shape (n_rows,)
        Cells that hold something that is not a number.
    percent : ndarray of bool, shape (n_rows,)
        Cells written with a percent sign (the value is the number before the sign).
    decimal_commas : bool
        Whether a cell used a decimal comma.
    """

    floats: NDArray[np.float64]
    texts: tuple[str | None, ...]
    strange: NDArray[np.bool_]
    percent: NDArray[np.bool_]
    decimal_commas: bool = False

    def finite(self) -> NDArray[np.float64]:
        """The values that are neither missing nor infinite."""
        return self.floats[np.isfinite(self.floats)]

    def to_series(self) -> pd.Series:
        """float64, or object with the original text in the cells that were not understood."""
        if not self.strange.any():
            return pd.Series(self.floats)
        cells: NDArray[np.object_] = self.floats.astype(object)
        cells[self.strange] = np.array(self.texts, dtype=object)[self.strange]
        return pd.Series(cells)


def cell_text(value: Any) -> str | None:
    """One cell as text: stripped, lists joined with ";", Web API objects by their name; None where empty or missing."""
    if isinstance(value, str):
        text = value
    elif value is None or value is pd.NA or value is pd.NaT:
        return None
    elif isinstance(value, float | np.floating):
        number = float(value)
        if np.isnan(number):
            return None
        text = str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)
    elif isinstance(value, dict):
        return cell_text(value.get("name"))
    elif isinstance(value, list | tuple | np.ndarray):
        text = ";".join(part for part in map(cell_text, value) if part)
    elif isinstance(value, dt.datetime | dt.date):
        text = value.isoformat()
    elif isinstance(value, bytes):
        text = value.decode("utf-8", "replace")
    else:
        text = str(value)
    # JSON may hold half a surrogate pair, which no column of text can.
    return text.encode("utf-8", "replace").decode().strip() or None


def cell_texts(column: pd.Series) -> list[str | None]:
    """A column as text, None where empty or missing."""
    return [cell_text(value) for value in column.astype(object)]


def parse_numbers(column: pd.Series, *, thousands: bool = False) -> Numbers:
    """Read a column as numbers.

    Parameters
    ----------
    column : Series
        Any dtype. Texts may end in ``%``, ``dB``, ``dBFS`` or ``BPM``, use a decimal comma, or be a word for a missing
        value.
    thousands : bool
        Whether these are milliseconds: they may end in ``ms``, and commas before three digits separate thousands
        ("204,600"), not decimals; so do spaces, apostrophes, and points, where a cell has two of them ("1.204.600") and
        no cell a point anywhere else.

    Returns
    -------
    Numbers
    """
    none = np.zeros(len(column), dtype=bool)
    if pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_complex_dtype(column.dtype):
        values = column.to_numpy(dtype="float64", na_value=np.nan)
        return Numbers(values, (), none, none)
    texts = cell_texts(column)
    plain = _plain(texts)
    if plain is not None:
        return Numbers(plain, tuple(texts), none, none)
    values = np.full(len(texts), np.nan)
    strange, percent, commas = none.copy(), none.copy(), False
    pointed = [text for text in texts if text and "." in text] if thousands else []
    points = any(map(_MANY_POINTS.fullmatch, pointed)) and all(map(_POINTS.fullmatch, pointed))
    for row, text in enumerate(texts):
        if text is None or text.casefold() in MISSING_WORDS:
            continue
        joined = text.replace(".", "") if points and _POINTS.fullmatch(text) else text
        number, comma = _number(joined.removesuffix("%").rstrip(), thousands=thousands)
        if number is None:
            strange[row] = True
        else:
            values[row], percent[row] = number, text.endswith("%")
            commas |= comma
    return Numbers(values, tuple(texts), strange, percent, commas)


def _plain(texts: Sequence[str | None]) -> NDArray[np.float64] | None:
    """All cells at once, or None where one of them needs a closer look. Exact: Python's own float parser."""
    if any(text and "_" in text for text in texts):
        return None
    try:
        return np.array(["nan" if text is None else text for text in texts], dtype=object).astype(np.float64)
    except (ValueError, OverflowError):
        return None


def _number(text: str, *, thousands: bool) -> tuple[float | None, bool]:
    text = (_MILLISECONDS if thousands else _UNIT).sub("", text).replace("\u2212", "-")
    comma = False
    if thousands and _THOUSANDS.fullmatch(text):
        text = re.sub(r"[,\s'\u2019]", "", text)
    elif _DECIMAL_COMMA.fullmatch(text):
        text, comma = text.replace(",", "."), True
    # Python reads 1_000 as a number; nobody writes one so in a table.
    if "_" in text:
        return None, False
    try:
        return float(text), comma
    except (ValueError, OverflowError):
        return None, False
