"""Genres of a track as one text: names in lower case, joined by ";", whatever way a table wrote them."""

import json
import re
import unicodedata
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.cleaning import MISSING_WORDS, Cleaned

MOST_GENRES: Final = 32
"""Names kept of one track; who lists more lists tags of any kind."""
LONGEST_NAME: Final = 64
"""Characters; what is longer is a description."""

_NO_GENRE: Final = MISSING_WORDS | {"unknown", "undefined", "no genre", "n.a.", "#n/a"}
_SEPARATOR: Final = re.compile(r"[;,|\n]")
_BLANKS: Final = re.compile(r"[\s_\-\u2010-\u2015]+")
_AROUND: Final = " '\"`[](){}"
_MOST_COMMON: Final = 20
_MOST_CODE: Final = 1e15  # beyond it floats are not whole numbers any more
_FRACTION: Final = re.compile(r"[+-]?\d*\.\d+(?:e[+-]?\d+)?|[+-]?inf(?:inity)?")


def genres(raw: "pd.Series[Any]") -> Cleaned:
    """Genres as text; "Hip-Hop" and "hip hop" are the same.

    Parameters
    ----------
    raw : Series
        Cells of any type: names separated by ``;``, ``,`` or ``|``, lists, text that looks like a list in JSON or
        Python, objects with a name. A whole number is a code of a genre.

    Returns
    -------
    Cleaned
        Names in the order given, each once, joined by ``;``: at most ``MOST_GENRES`` of at most ``LONGEST_NAME``
        characters. Other names are left out; a cell of nothing else is bad.
    """
    read: dict[str, tuple[str | None, bool]] = {}
    texts: list[str | None] = []
    bad = np.zeros(len(raw), dtype=bool)
    for row, cell in enumerate(raw.astype(object)):
        if isinstance(cell, str):
            if cell not in read:
                read[cell] = _joined(_names(_parts(cell)))
            text, bad[row] = read[cell]
        else:
            text, bad[row] = _joined(_names(_flat(cell)))
        texts.append(text)
    return Cleaned(pd.Series(texts, dtype="str"), bad)


def genre_texts(tracks: pd.DataFrame) -> npt.NDArray[np.object_]:
    """The genres of each track as `genres` gives them, shape (n_tracks,); an empty text where none is known.

    Parameters
    ----------
    tracks : DataFrame
        A tracks table, validated or not; without a column ``genres`` no track has any.
    """
    if "genres" not in tracks:
        return np.full(len(tracks), "", dtype=object)
    return np.asarray(genres(tracks["genres"]).column.astype(object).fillna(""), dtype=object)


def common_genres(texts: "pd.Series[Any]") -> Iterator[tuple[str, npt.NDArray[np.bool_]]]:
    """The commonest genres of some canonical texts, and which of the texts name each: (n_texts,)."""
    sets = [frozenset(text.split(";")) for text in texts]
    commonest = pd.Series([name for names in sets for name in sorted(names)], dtype="str").value_counts().index
    for name in commonest[:_MOST_COMMON]:
        yield name, np.array([name in names for names in sets], dtype=bool)


def _joined(names: tuple[list[str], bool]) -> tuple[str | None, bool]:
    good, strange = names
    return (";".join(good[:MOST_GENRES]), False) if good else (None, strange)


def _names(parts: list[str | None]) -> tuple[list[str], bool]:
    """Names in their common form, each once; and whether anything was no name. None stands for what has no name."""
    good: dict[str, None] = {}
    strange = False
    for part in parts:
        if part is None:
            strange = True
            continue
        for piece in _SEPARATOR.split(_folded(part)):
            name = _BLANKS.sub(" ", piece.strip(_AROUND)).strip(_AROUND).removesuffix(".0")
            if name in _NO_GENRE:
                continue
            if len(name) > LONGEST_NAME or _FRACTION.fullmatch(name) or not any(map(str.isalnum, name)):
                strange = True
            else:
                good[name] = None
    return list(good), strange


def _folded(text: str) -> str:
    """Without case and without Unicode's ways to write one character differently."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return folded.encode("utf-8", "replace").decode()  # a lone surrogate becomes "?"


def _parts(text: str) -> list[str | None]:
    """The names in a text; one that looks like JSON is read as JSON, as far as it is."""
    if text.lstrip()[:1] in {"[", "{"}:
        try:
            return _flat(json.loads(text))
        except (ValueError, RecursionError):
            # as Python writes lists: brackets and quotes are taken off like blanks
            return [None if "{" in text else text]
    return [text]


def _flat(cell: object) -> list[str | None]:
    """The names in a list, an object with a name, or a plain value; None for what is no name."""
    if isinstance(cell, list | tuple | set | frozenset | np.ndarray):
        return [name for part in cell for name in _plain(part)]
    return _plain(cell)


def _plain(cell: object) -> list[str | None]:
    if isinstance(cell, dict):
        cell = cell.get("name", False)
    if isinstance(cell, str):
        return [cell]
    if cell is None or cell is pd.NA or cell is pd.NaT or (isinstance(cell, float | np.floating) and np.isnan(cell)):
        return []
    if isinstance(cell, int | float | np.integer | np.floating) and not isinstance(cell, bool):
        number: Any = cell
        return [str(int(number)) if abs(number) < _MOST_CODE and number == int(number) else None]
    return [None]
