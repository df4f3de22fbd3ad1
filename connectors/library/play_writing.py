"""Plays into the library, and the names that come with them, by whole columns: the driver alone sees single rows."""

from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import Connection, Table

from connectors.library import tables
from connectors.library.play_columns import PlayColumns, columns_of
from connectors.library.rows import PlayRow
from connectors.library.values import plain
from connectors.library.writing import chunks

_LEFT_ALONE: Final = "ON CONFLICT DO NOTHING"
_NAMES: Final = ("track_id", "track_name", "artist_name", "album_name")
_FILLED: Final = (
    "ON CONFLICT (track_id) DO UPDATE SET "
    + ", ".join(f"{name} = coalesce(tracks.{name}, excluded.{name})" for name in _NAMES[1:])
    + " WHERE "
    + " OR ".join(f"(tracks.{name} IS NULL AND excluded.{name} IS NOT NULL)" for name in _NAMES[1:])
)
_ARRAY: Final[dict[type, str]] = {str: "text[]", int: "bigint[]", bool: "boolean[]"}


Names = tuple[str, str | None, str | None, str | None]
"""A track's id, its name, its artist and its album."""


def write_plays(connection: Connection, plays: Iterable[PlayRow] | PlayColumns) -> int:
    """Plays: one that is known stays as it is.

    Parameters
    ----------
    connection : Connection
        Within a writer's transaction.
    plays : iterable of PlayRow, or PlayColumns
        Columns are written at once, several times faster if they are in the order of their key (id, then time).

    Returns
    -------
    int
        How many were new.
    """
    parts = [plays] if isinstance(plays, PlayColumns) else map(columns_of, chunks(plays))
    new = 0
    for part in parts:
        cells = part.cells()
        _insert(connection, tables.TRACKS, {"track_id": list(dict.fromkeys(cells["track_id"]))}, _LEFT_ALONE)
        new += _insert(connection, tables.PLAYS, cells, _LEFT_ALONE)
    return new


def write_names(connection: Connection, tracks: Iterable[Names]) -> None:
    """Names: what is not known is filled, what is known stays.

    Parameters
    ----------
    connection : Connection
        Within a writer's transaction.
    tracks : iterable of (str, str or None, str or None, str or None)
        Each id once.
    """
    for chunk in chunks(tracks):
        columns = zip(*chunk, strict=True)
        cells = {name: list(map(plain, column)) for name, column in zip(_NAMES, columns, strict=True)}
        _insert(connection, tables.TRACKS, cells, _FILLED)


def _insert(connection: Connection, table: Table, cells: dict[str, list[Any]], conflict: str) -> int:
    """Insert columns of equal length, one of which is ``track_id``; how many rows were inserted or changed.

    Not by SQLAlchemy's own statements: what those do to each row takes longer than the database needs for it.
    """
    if not cells["track_id"]:
        return 0
    rows: Any
    if connection.dialect.name == "sqlite":
        source, rows = f"VALUES ({', '.join('?' * len(cells))})", list(zip(*cells.values(), strict=True))
    else:
        arrays = ", ".join(f"%s::{_ARRAY[table.c[name].type.python_type]}" for name in cells)
        source, rows = f"SELECT * FROM unnest({arrays})", tuple(cells.values())  # noqa: S608 (names of our own)
    statement = f"INSERT INTO {table.name} ({', '.join(cells)}) {source} {conflict}"
    return connection.exec_driver_sql(statement, rows, execution_options={"preserve_rowcount": True}).rowcount
