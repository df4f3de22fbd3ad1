"""Rows into the library: upserts, in batches, in the order that they come."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import fields
from itertools import islice
from math import isfinite
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Table, bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from connectors.library import tables
from connectors.library.rows import EvidenceRow, FeatureRow, TrackRow
from connectors.library.values import microseconds, missing, plain
from connectors.track_ids import named_by

Values = dict[str, Any]
T = TypeVar("T")

BATCH: Final = 2_000
"""Rows that are held at once: enough that a batch costs little, few enough that memory does not grow with a pull."""
_TRACK_COLUMNS: Final = tuple(field.name for field in fields(TrackRow))


def chunks(rows: Iterable[T], size: int = BATCH) -> Iterator[list[T]]:
    """Lists of at most ``size``, drawn one after the other."""
    source = iter(rows)
    while chunk := list(islice(source, size)):
        yield chunk


def write_tracks(connection: Connection, rows: Iterable[TrackRow]) -> None:
    """Tracks: what is known replaces what was, None replaces nothing."""
    known = [name for name in _TRACK_COLUMNS if name != "track_id"]
    kinds = [(column.name, column.type.python_type) for column in tables.TRACKS.columns]
    for chunk in chunks(rows):
        values = [{name: _cell(getattr(row, name), kind) for name, kind in kinds} for row in chunk]
        upsert(connection, tables.TRACKS, values, lambda old, new, name: func.coalesce(new[name], old[name]), known)


def write_evidence(connection: Connection, rows: Iterable[EvidenceRow]) -> None:
    """Evidence: the same track, source and kind is replaced."""
    for chunk in chunks(rows):
        values = [
            {
                "track_id": plain(row.track_id),
                "source": row.source,
                "kind": row.kind,
                "liked": bool(row.liked),
                "weight": float(row.weight),
                "at": None if row.at is None else microseconds(row.at),
                "reason": plain(row.reason),
            }
            for row in chunk
        ]
        _know_tracks(connection, values)
        upsert(connection, tables.EVIDENCE, values)


def write_features(connection: Connection, rows: Iterable[FeatureRow]) -> None:
    """Feature values, one a row; those that are not finite are not known, and left out."""
    for chunk in chunks(rows, BATCH // 10):
        values = [
            {
                "track_id": plain(row.track_id),
                "source": row.source,
                "name": name,
                "value": float(value),
                "fetched_at": microseconds(row.fetched_at),
                "matched_by": row.matched_by or named_by(row.track_id),
            }
            for row in chunk
            for name, value in row.values.items()
            if _cell(value, float) is not None and isfinite(value)
        ]
        _know_tracks(connection, values)
        upsert(connection, tables.FEATURES, values)


def keep_only(connection: Connection, source: str, kind: str, track_ids: Collection[str]) -> int:
    """Remove a source's evidence of one kind, but that of some tracks; how many rows went."""
    mine = (tables.EVIDENCE.c.source == source, tables.EVIDENCE.c.kind == kind)
    kept = set(track_ids)
    stored = connection.execute(select(tables.EVIDENCE.c.track_id).where(*mine)).scalars()
    gone = [{"gone": track_id} for track_id in stored if track_id not in kept]
    remove = delete(tables.EVIDENCE).where(*mine, tables.EVIDENCE.c.track_id == bindparam("gone"))
    for chunk in chunks(gone):
        connection.execute(remove, chunk)
    return len(gone)


def write_not_found(connection: Connection, source: str, track_ids: Iterable[str], until: int) -> None:
    """Marks of tracks that a source does not have; the last one said counts."""
    for chunk in chunks(track_ids):
        values = [{"source": source, "track_id": plain(track_id), "until": until} for track_id in chunk]
        upsert(connection, tables.NOT_FOUND, values)


def upsert(
    connection: Connection,
    table: Table,
    rows: list[Values],
    new_value: Callable[[Mapping[str, Any], Mapping[str, Any], str], Any] = lambda old, new, name: new[name],  # noqa: ARG005
    names: Collection[str] | None = None,
) -> None:
    """Insert rows, or change those whose key is there.

    Parameters
    ----------
    connection : Connection
    table : Table
    rows : list of dict
        Every column of each.
    new_value : callable
        What becomes of a column: of the row that is there, of the row given, and the column's name.
    names : collection of str, optional
        The columns that may change; all but the key by default.
    """
    key = [column.name for column in table.primary_key]
    changed = [column.name for column in table.columns if column.name not in key] if names is None else names
    rounds = [rows] if connection.dialect.name == "sqlite" else _each_key_once(rows, key)
    for rows_once in filter(None, rounds):
        statement, parameters = _insert(connection, table, rows_once)
        changes = {name: new_value(dict(table.c), statement.excluded, name) for name in changed}
        connection.execute(statement.on_conflict_do_update(index_elements=key, set_=changes), parameters)


def insert_new(connection: Connection, table: Table, rows: list[Values]) -> None:
    """Insert the rows whose key is not there."""
    if rows:
        statement, parameters = _insert(connection, table, rows)
        connection.execute(statement.on_conflict_do_nothing(), parameters)


def _insert(connection: Connection, table: Table, rows: list[Values]) -> tuple[Any, Any]:
    """The database's own INSERT, which knows ON CONFLICT, and what to give it.

    To SQLite rows go one by one. To PostgreSQL they go as one array a column, which takes half the time.
    """
    if connection.dialect.name == "sqlite":
        return sqlite_insert(table), rows
    cells = [func.unnest(bindparam(column.name, type_=ARRAY(column.type))) for column in table.columns]
    parameters = {column.name: [row[column.name] for row in rows] for column in table.columns}
    return postgresql_insert(table).from_select([column.name for column in table.columns], select(*cells)), parameters


def _each_key_once(rows: list[Values], key: list[str]) -> list[list[Values]]:
    """Lists of rows in none of which a key comes twice (PostgreSQL changes no row twice at once); nearly always one."""
    rounds: list[list[Values]] = []
    seen: Counter[tuple[Any, ...]] = Counter()
    for row in rows:
        identity = tuple(row[name] for name in key)
        if seen[identity] == len(rounds):
            rounds.append([])
        rounds[seen[identity]].append(row)
        seen[identity] += 1
    return rounds


def _know_tracks(connection: Connection, values: list[Values]) -> None:
    """Make what rows are about, where it is not there yet: nothing depends on the order of writing."""
    ids = dict.fromkeys(row["track_id"] for row in values)
    bare = dict.fromkeys(_TRACK_COLUMNS)
    insert_new(connection, tables.TRACKS, [{**bare, "track_id": track_id} for track_id in ids])


def _cell(value: Any, kind: type) -> Any:
    """A value as Python's own type, for NumPy's are kept as bytes by one database; None where it is missing."""
    if missing(value):
        return None
    return plain(value) if kind is str else kind(value)
