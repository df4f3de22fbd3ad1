"""Which column says what was liked, and what its cells mean."""

import difflib
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from connectors.tables.columns import canonical_name, normalise
from connectors.tables.numeric import MISSING_WORDS, cell_texts, parse_numbers
from connectors.tables.raw import RawTable
from features.cleaning import LIKED_WORDS, NO_WORDS, NOT_LIKED_WORDS, YES_WORDS
from features.errors import InputError
from features.report import show

_LIKED = frozenset(
    map(normalise, (
        "liked", "like", "likes", "is_liked", "i_liked", "liked_it", "saved", "is_saved", "loved", "is_loved",
        "favorite", "favourite", "is_favorite", "is_favourite", "target", "label",
    ))
)  # fmt: skip
_NOT_LIKED = frozenset(map(normalise, ("skipped", "skip", "is_skipped", "disliked", "dislike", "is_disliked", "hated")))

_MANY_MEANINGS = frozenset({"label", "likes", "target"})

# Answers follow the column's question ("skipped: yes" is no like); verdicts mean the same under any header.
_ANSWERS = dict.fromkeys(YES_WORDS, 1) | dict.fromkeys(NO_WORDS, 0)
_VERDICTS = dict.fromkeys(LIKED_WORDS, 1) | dict.fromkeys(NOT_LIKED_WORDS, 0)
_NUMBERS_OF_LABELS = ({0, 1}, {-1, 1})
_MEND = "make a column of 1 (liked) and 0 (not liked), such as 1 where the rating is at least 4, and name that one"


@dataclass(frozen=True)
class Label:
    """The column that says what was liked.

    Parameters
    ----------
    position : int
        Of the column in the raw table.
    liked : Series
        Nullable Int8 of 1, 0 and missing; object dtype with the original text where cells were not understood.
    notes : tuple of str
        One line: which column, and how many of each.
    """

    position: int
    liked: pd.Series
    notes: tuple[str, ...]


def find_label(table: RawTable, requested: str | None) -> tuple[Label | None, tuple[str, ...]]:
    """Choose the label column and read it.

    Parameters
    ----------
    table : RawTable
    requested : str, optional
        The header that the user named; without it, headers that usually mean a label are tried.

    Returns
    -------
    label : Label or None
        None where no column is a label: fine for candidates.
    notes : tuple of str
        Columns that are named like a label but hold something else.

    Raises
    ------
    InputError
        Where several columns could be the label, the requested one is missing, or its numbers are no labels.
    """
    if requested is not None:
        position = _requested(table.headers, requested)
        _refuse_no_label(table.headers[position], table.columns[position])
        return _read(table, position), ()
    named = _named(table.headers)
    candidates = [at for at in named if _plausible(table.headers[at], table.columns[at])]
    notes = tuple(
        f"'{show(table.headers[at])}' does not hold likes ({_example(table.columns[at])}): not used as the label"
        + ("" if normalise(table.headers[at]) in _MANY_MEANINGS else "; write 1 (liked) and 0 (not liked)")
        for at in named
        if at not in candidates
    )
    if len(candidates) > 1:
        names = [show(table.headers[at]) for at in candidates]
        raise InputError(
            f"ambiguous label: the columns {', '.join(map(repr, names))} could each say what was liked",
            f"name one of them: {' or '.join(f'--label {shlex.quote(name)}' for name in names)}",
        )
    return (_read(table, candidates[0]) if candidates else None), notes


def label_positions(table: RawTable, requested: str | None) -> set[int]:
    """Columns that hold labels, for who does not want them: the requested one and all that could be; never an error.

    The weights of labels are among them.
    """
    likely = {at for at in _named(table.headers) if _plausible(table.headers[at], table.columns[at])}
    likely |= {at for at, header in enumerate(table.headers) if canonical_name(header) == "weight"}
    position = None if requested is None else _find(table.headers, requested)
    return likely if position is None else likely | {position}


def _named(headers: Sequence[str]) -> list[int]:
    return [at for at, header in enumerate(headers) if normalise(header) in _LIKED | _NOT_LIKED]


def _find(headers: Sequence[str], requested: str) -> int | None:
    if requested in headers:
        return headers.index(requested)
    plain = [normalise(header) for header in headers]
    return plain.index(normalise(requested)) if normalise(requested) and normalise(requested) in plain else None


def _requested(headers: Sequence[str], requested: str) -> int:
    position = _find(headers, requested)
    if position is not None:
        return position
    plain = [normalise(header) for header in headers]
    near = difflib.get_close_matches(normalise(requested), [name for name in plain if name], n=3, cutoff=0.5)
    nearest = [headers[plain.index(name)] for name in near] or [header for header in headers if header][:10]
    raise InputError(
        f"there is no column '{show(requested)}' for the label",
        f"the {'nearest' if near else 'first'} columns: {', '.join(map(show, nearest))}",
    )


def _refuse_no_label(header: str, column: pd.Series) -> None:
    numbers = parse_numbers(column)
    different = np.unique(numbers.finite())
    if not numbers.strange.any() and different.size > 1 and set(different.tolist()) not in _NUMBERS_OF_LABELS:
        many = f"{different.size} different numbers ({different[0]:g} to {different[-1]:g})"
        two = f"the numbers {different[0]:g} and {different[-1]:g}"
        raise InputError(
            f"the label column '{show(header)}' has {two if different.size == 2 else many}, "
            "expected two: 1 (liked) and 0 or -1 (not liked)",
            _MEND,
        )
    known = [cell for cell in _meanings(column, inverted=False) if cell is not None]
    if known and not any(isinstance(cell, int) for cell in known):
        raise InputError(f"the column '{show(header)}' holds no label ({_example(column)})", _MEND)


def _plausible(header: str, column: pd.Series) -> bool:
    """Whether a column named like a label holds one: "Label" may be the record label, "likes" a count, "target" a year.

    Words that we do not know under a name that can mean nothing else are kept, for validation to report.
    """
    known = [cell for cell in _meanings(column, inverted=False) if cell is not None]
    strange = {cell for cell in known if isinstance(cell, str)}
    if 2 * sum(isinstance(cell, int) for cell in known) >= len(known):
        return True
    return normalise(header) not in _MANY_MEANINGS and not any(map(_is_number, strange))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _example(column: pd.Series) -> str:
    strange = next(cell for cell in _meanings(column, inverted=False) if isinstance(cell, str))
    return f"for example '{show(strange)}'"


def _read(table: RawTable, position: int) -> Label:
    header = table.headers[position]
    inverted = normalise(header) in _NOT_LIKED
    cells = _meanings(table.columns[position], inverted=inverted)
    n_liked, n_not, n_missing = (sum(cell == wanted for cell in cells) for wanted in (1, 0, None))
    n_strange = len(cells) - n_liked - n_not - n_missing
    dtype = object if n_strange else "Int8"
    missing = f", {n_missing:,} without a label" if n_missing else ""
    strange = f", {n_strange:,} not understood" if n_strange else ""
    how = " (inverted)" if inverted else ""
    note = f"label: '{show(header)}'{how}: {n_liked:,} liked, {n_not:,} not liked{missing}{strange}"
    return Label(position, pd.Series(cells, dtype=dtype), (note,))


def _meanings(column: pd.Series, *, inverted: bool) -> list[int | str | None]:
    """1, 0, None for missing, or the text itself where it is not understood."""
    texts = cell_texts(column)
    # 1 and -1 are a common way to write like and dislike, but only where there is no 0.
    signed = {text for text in texts if text} <= {"1", "-1", "+1", "1.0", "-1.0"}
    return [_meaning(text, inverted=inverted, signed=signed) for text in texts]


def _meaning(text: str | None, *, inverted: bool, signed: bool) -> int | str | None:
    word = (text or "").casefold()
    if text is None or word in MISSING_WORDS:
        return None
    if word in _VERDICTS:
        return _VERDICTS[word]
    answer = _ANSWERS.get(word)
    if answer is None and _is_number(word):
        number = float(word)
        answer = 0 if signed and number == -1 else int(number) if number in (0.0, 1.0) else None
    if answer is None:
        return text
    return 1 - answer if inverted else answer
