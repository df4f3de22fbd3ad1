"""Plays as columns: 31 bytes each, whatever the export spends on them."""

from dataclasses import dataclass, field, fields, replace
from enum import IntEnum
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from connectors.library.values import plain

Ints = npt.NDArray[np.integer[Any]]

_DTYPES: Final[dict[str, type[np.integer[Any]]]] = {
    "track": np.int32,
    "ended_at": np.int64,
    "began_at": np.int64,
    "ms_played": np.int32,
    "fate": np.int8,
    "reason_start": np.int16,
    "reason_end": np.int16,
    "shuffle": np.int8,
    "offline": np.int8,
}


class Fate(IntEnum):
    """What became of a row. The first three are outcomes of plays that are kept."""

    FINISHED = 0
    SKIPPED = 1
    NEUTRAL = 2
    INCOGNITO = 3
    ASLEEP = 4
    OUT_OF_RANGE = 5
    PODCAST = 6
    AUDIOBOOK = 7
    VIDEO = 8
    NO_TRACK = 9
    ABSURD_TIME = 10
    MALFORMED = 11
    DUPLICATE = 12
    KNOWN = 13
    SHUFFLED = 14
    SHARED = 15


KEPT: Final = (Fate.FINISHED, Fate.SKIPPED, Fate.NEUTRAL)
EXCLUDED: Final = (Fate.INCOGNITO, Fate.ASLEEP, Fate.OUT_OF_RANGE, Fate.SHUFFLED, Fate.SHARED)
"""Plays that count for nothing because the listener said so."""

WORDS: Final = {
    Fate.FINISHED: "finished",
    Fate.SKIPPED: "skipped",
    Fate.NEUTRAL: "neither finished nor skipped",
    Fate.INCOGNITO: "left out: incognito",
    Fate.ASLEEP: "left out: hours asleep",
    Fate.OUT_OF_RANGE: "left out: other dates",
    Fate.SHUFFLED: "left out: shuffled",
    Fate.SHARED: "left out: shared device",
    Fate.PODCAST: "podcast",
    Fate.AUDIOBOOK: "audiobook",
    Fate.VIDEO: "video",
    Fate.NO_TRACK: "no track named",
    Fate.ABSURD_TIME: "impossible time",
    Fate.MALFORMED: "malformed",
    Fate.DUPLICATE: "merged: same play reported twice",
    Fate.KNOWN: "already in the library",
}


@dataclass(frozen=True)
class PlayTable:
    """Plays in columns of equal length.

    Parameters
    ----------
    track : ndarray of int
        Number in the register.
    ended_at : ndarray of int
        Seconds since 1970, UTC.
    began_at : ndarray of int
        Seconds since 1970 by the player's clock (``offline_timestamp``), 0 where unknown.
    ms_played : ndarray of int
        0..86,400,000; 0 also where unknown.
    fate : ndarray of int
        A ``Fate``.
    reason_start, reason_end : ndarray of int
        Number of the word in ``ReasonRegister``.
    shuffle, offline : ndarray of int
        1, 0, -1 unknown.
    """

    track: Ints
    ended_at: Ints
    began_at: Ints
    ms_played: Ints
    fate: Ints
    reason_start: Ints
    reason_end: Ints
    shuffle: Ints
    offline: Ints

    def __len__(self) -> int:
        return len(self.track)

    def take(self, rows: npt.NDArray[Any]) -> "PlayTable":
        """The rows of a mask or of numbers."""
        return PlayTable(*(getattr(self, column.name)[rows] for column in fields(self)))

    def keys(self) -> Ints:
        """One number for the library's key of each play; times stay below 2^34 until the year 2514."""
        return self.track.astype(np.int64) * (1 << 34) + self.ended_at

    def compact(self) -> "PlayTable":
        """The same in as few bytes as hold it."""
        return PlayTable(**{name: getattr(self, name).astype(dtype, copy=False) for name, dtype in _DTYPES.items()})

    def with_fate(self, rows: npt.NDArray[Any], fate: Fate) -> "PlayTable":
        """A table where these rows have another fate."""
        changed = self.fate.copy()
        changed[rows] = fate
        return replace(self, fate=changed)


def concatenate(tables: list[PlayTable]) -> PlayTable:
    """One table of several, none included."""
    return PlayTable(
        *(
            np.concatenate([getattr(table, name) for table in tables] or [np.zeros(0, dtype=dtype)])
            for name, dtype in _DTYPES.items()
        )
    )


@dataclass
class ReasonRegister:
    """Numbers for Spotify's reasons: an open list, so words are kept as they come, within bounds."""

    words: list[str | None] = field(default_factory=lambda: [None])
    number_of: dict[Any, int] = field(default_factory=lambda: {None: 0})

    def number(self, word: Any) -> int:
        """The number of a word; 0 for what is none. Half characters, which no database stores, are replaced."""
        word = plain(word) if isinstance(word, str) else None
        if not word or len(word) > 40 or len(self.words) > 200:
            return 0
        known = self.number_of.get(word)
        if known is None:
            known = self.number_of[word] = len(self.words)
            self.words.append(word)
        return known
