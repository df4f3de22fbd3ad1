"""Plays as columns of numbers: a history is millions of rows, of which a Python object each would cost seconds."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from connectors.library.rows import PlayRow
from connectors.library.values import microseconds, missing, plain

Ints = npt.NDArray[np.integer]

NO_WORD: Final = -1
UNKNOWN: Final = -1
"""A flag of which is neither said that it is set nor that it is not."""

_NUMBERED: Final = ("track_ids", "words")


@dataclass(frozen=True, kw_only=True)
class PlayColumns:
    """Plays in columns of equal length; ids and words are kept once, and referred to by their place.

    Ids and words are what every database takes (``connectors.library.values.plain``).

    Parameters
    ----------
    track_ids : sequence of str
        May hold ids that no play is of.
    words : sequence of str
        Of outcomes and reasons.
    track : ndarray of int, shape (n_plays,)
        Place in ``track_ids``.
    ended_at : ndarray of int64, shape (n_plays,)
        Microseconds since 1970, UTC.
    ms_played : ndarray of int, shape (n_plays,)
    outcome : ndarray of int, shape (n_plays,)
        Place in ``words``.
    reason_start, reason_end : ndarray of int, shape (n_plays,)
        Place in ``words``, -1 where not known.
    shuffle, offline : ndarray of int8, shape (n_plays,)
        1, 0, -1 where not known.
    """

    track_ids: Sequence[str]
    words: Sequence[str]
    track: Ints
    ended_at: Ints
    ms_played: Ints
    outcome: Ints
    reason_start: Ints
    reason_end: Ints
    shuffle: Ints
    offline: Ints

    def __len__(self) -> int:
        return len(self.track)

    def take(self, rows: npt.NDArray[Any] | slice) -> Self:
        """The plays of a mask, of places or of a slice."""
        return replace(self, **{name: getattr(self, name)[rows] for name in _COLUMNS})

    def cells(self) -> dict[str, list[Any]]:
        """The columns as the library keeps them: plain Python values, None where not known."""
        flags = {name: _looked_up((False, True, None), getattr(self, name)) for name in ("shuffle", "offline")}
        said = (*self.words, None)  # -1 is the last
        return {
            "track_id": _looked_up(self.track_ids, self.track),
            "ended_at": self.ended_at.tolist(),
            "ms_played": self.ms_played.tolist(),
            **{name: _looked_up(said, getattr(self, name)) for name in ("outcome", "reason_start", "reason_end")},
            **flags,
        }

    def frame(self) -> pd.DataFrame:
        """A table with the columns and dtypes that ``Library.plays`` gives, the rows in their order."""
        return self._frame(
            pd.array(list(self.track_ids), dtype="str").take(self.track),
            lambda places: pd.array(list(self.words), dtype="str").take(places, allow_fill=True),
        )

    def coded_frame(self) -> pd.DataFrame:
        """The same with text as categories, those of ``track_id`` in order, at a third of the memory.

        The ids have to be in the order of their bytes.
        """
        return self._frame(
            pd.Categorical.from_codes(self.track, pd.Index(list(self.track_ids), dtype="str"), ordered=True),
            lambda places: pd.Categorical.from_codes(places, pd.Index(list(self.words), dtype="str")),
        )

    def _frame(self, track_id: Any, said: Callable[[Ints], Any]) -> pd.DataFrame:
        ended_at = pd.DatetimeIndex(self.ended_at.astype(np.int64, copy=False).view("datetime64[us]"))
        table = {"track_id": track_id, "ended_at": ended_at.tz_localize("UTC")}
        table["ms_played"] = self.ms_played.astype(np.int64, copy=False)
        table |= {name: said(getattr(self, name)) for name in ("outcome", "reason_start", "reason_end")}
        table |= {name: _flag(getattr(self, name)) for name in ("shuffle", "offline")}
        return pd.DataFrame(table, copy=False)


_COLUMNS: Final = tuple(column.name for column in fields(PlayColumns) if column.name not in _NUMBERED)


def columns_of(rows: Iterable[PlayRow]) -> PlayColumns:
    """Plays as columns.

    Raises
    ------
    ValueError
        If a time does not know its zone, or a play has no track id.
    """
    plays = list(rows)
    ids: dict[str, int] = {}
    words: dict[str, int] = {}

    def place(of: dict[str, int], text: str | None) -> int:
        cleaned = None if missing(text) else plain(text)
        return NO_WORD if cleaned is None else of.setdefault(cleaned, len(of))

    track = np.array([place(ids, row.track_id) for row in plays], dtype=np.int64)
    if (track == NO_WORD).any():
        raise ValueError("a play without a track id")
    return PlayColumns(
        track=track,
        ended_at=np.array([microseconds(row.ended_at) for row in plays], dtype=np.int64),
        ms_played=np.array([row.ms_played for row in plays], dtype=np.int64),
        outcome=np.array([place(words, row.outcome) for row in plays], dtype=np.int64),
        reason_start=np.array([place(words, row.reason_start) for row in plays], dtype=np.int64),
        reason_end=np.array([place(words, row.reason_end) for row in plays], dtype=np.int64),
        shuffle=flags([row.shuffle for row in plays]),
        offline=flags([row.offline for row in plays]),
        track_ids=tuple(ids),
        words=tuple(words),
    )


def flags(values: Iterable[Any]) -> npt.NDArray[np.int8]:
    """1 for what is true, 0 for what is false, -1 for what is missing."""
    return np.array([UNKNOWN if missing(value) else bool(value) for value in values], dtype=np.int8)


def together(parts: Sequence[PlayColumns]) -> PlayColumns:
    """The plays of several in one, in their order; ids and words of several come once, in the order of their bytes."""
    ids = sorted({text for part in parts for text in part.track_ids})
    words = sorted({text for part in parts for text in part.words})
    columns: dict[str, list[Ints]] = {name: [] for name in _COLUMNS}
    for part in parts:
        track, word = _places(part.track_ids, ids), _places(part.words, words).astype(np.int16)
        numbers: dict[str, Ints] = {"track": track, "outcome": word, "reason_start": word, "reason_end": word}
        for name, cells in columns.items():
            cell = getattr(part, name)
            cells.append(numbers[name][cell] if name in numbers else cell)
    return PlayColumns(track_ids=ids, words=words, **{name: np.concatenate(cells) for name, cells in columns.items()})


def _places(texts: Sequence[str], among: Sequence[str]) -> npt.NDArray[np.int32]:
    """Where each text stands; behind them -1, which is what stands at place -1."""
    place = {text: number for number, text in enumerate(among)}
    return np.array([*(place[text] for text in texts), NO_WORD], dtype=np.int32)


def _looked_up(values: Sequence[Any], places: Ints) -> list[Any]:
    table = np.empty(len(values), dtype=object)
    table[:] = values
    found: list[Any] = table[places].tolist()
    return found


def _flag(values: Ints) -> pd.arrays.BooleanArray:
    return pd.arrays.BooleanArray(values == 1, values == UNKNOWN)
