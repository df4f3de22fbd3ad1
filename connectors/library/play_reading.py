"""Plays out of the library, as columns of numbers."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, func, select

from connectors.library import tables
from connectors.library.play_columns import NO_WORD, UNKNOWN, Ints, PlayColumns

_PART: Final = 2_000
_NAMES: Final = tuple(column.name for column in tables.PLAYS.columns)
_QUERY: Final = f"SELECT {', '.join(_NAMES)} FROM {tables.PLAYS.name} ORDER BY track_id, ended_at"  # noqa: S608
_FLAG: Final[dict[Any, int]] = {None: UNKNOWN, False: 0, True: 1}  # SQLite's 0 and 1 are equal to them
_DTYPES: Final[dict[str, type[np.integer[Any]]]] = {
    "track": np.int32,
    "ended_at": np.int64,
    "ms_played": np.int64,
    "outcome": np.int16,
    "reason_start": np.int16,
    "reason_end": np.int16,
    "shuffle": np.int8,
    "offline": np.int8,
}


class _Places(dict[Any, int]):
    """The place of each text in the order of their first appearance; where there is none, -1."""

    def __init__(self) -> None:
        super().__init__({None: NO_WORD})

    def __missing__(self, text: str) -> int:
        self[text] = place = len(self) - 1
        return place

    def texts(self) -> list[str]:
        return list(self)[1:]


def read_play_columns(connection: Connection) -> PlayColumns:
    """Every play, by track and time."""
    ids, words = _Places(), _Places()
    parts: dict[str, list[Ints]] = {name: [np.zeros(0, dtype)] for name, dtype in _DTYPES.items()}
    result = connection.exec_driver_sql(_QUERY, execution_options={"stream_results": True})
    for part in result.partitions(_PART):
        cells = dict(zip(_DTYPES, zip(*part, strict=True), strict=True))
        for name, found in parts.items():
            found.append(_column(name, cells[name], ids if name == "track" else words))
    columns = {name: np.concatenate(found) for name, found in parts.items()}
    return PlayColumns(track_ids=ids.texts(), words=words.texts(), **columns)


def count_plays(connection: Connection) -> int:
    """How many plays there are."""
    return int(connection.execute(select(func.count()).select_from(tables.PLAYS)).scalar_one())


def _column(name: str, cells: tuple[Any, ...], places: _Places) -> npt.NDArray[np.integer[Any]]:
    if name in {"ended_at", "ms_played"}:
        return np.array(cells, dtype=_DTYPES[name])
    numbers = _FLAG if name in {"shuffle", "offline"} else places
    return np.fromiter(map(numbers.__getitem__, cells), dtype=_DTYPES[name], count=len(cells))
