"""Deletes all that came from one source, so that it is gone from the file as well."""

import sqlite3
from typing import Any, Final

from sqlalchemy import Connection, Engine, Table, and_, delete, exists, not_, or_, select

from connectors.library import tables

LOOK_UPS: Final = ("catalogue", "reccobeats")
"""Sources of features that are asked about tracks known from elsewhere; what they said does not keep a track."""
_PLAYS_SOURCE: Final = "history"
_PLAYLISTS_SOURCE: Final = "spotify"
_VACUUM_WAIT_MS: Final = 5_000


def forget_source(connection: Connection, source: str) -> dict[str, int]:
    """Delete a source's rows, then tracks of which no other source tells.

    A track stays while there is evidence, a play, or features from a source that brings tracks of its own: those that
    were only looked up for it go with it. Other sources' rows about the tracks that stay are not touched.

    Parameters
    ----------
    connection : Connection
        Within a writer's transaction.
    source : str

    Returns
    -------
    dict of str to int
        Rows deleted by kind, in the words of people.
    """
    gone = {"evidence": _delete(connection, tables.EVIDENCE, tables.EVIDENCE.c.source == source)}
    gone["plays"] = _delete(connection, tables.PLAYS) if source == _PLAYS_SOURCE else 0
    gone["features"] = _delete(connection, tables.FEATURES, tables.FEATURES.c.source == source)
    gone["not_found"] = _delete(connection, tables.NOT_FOUND, tables.NOT_FOUND.c.source == source)
    gone["positions"] = _delete(connection, tables.POSITIONS, tables.POSITIONS.c.source == source)
    key = tables.REMEMBERED.c.key
    gone["remembered"] = _delete(connection, tables.REMEMBERED, key.startswith(f"{source}:", autoescape=True))
    gone["playlists"] = _delete(connection, tables.MADE_PLAYLISTS) if source == _PLAYLISTS_SOURCE else 0
    gone["pulls"] = _delete(connection, tables.PULLS, tables.PULLS.c.source == source)
    orphans = select(tables.TRACKS.c.track_id).where(_orphaned())
    gone["features"] += _delete(connection, tables.FEATURES, tables.FEATURES.c.track_id.in_(orphans))
    gone["not_found"] += _delete(connection, tables.NOT_FOUND, tables.NOT_FOUND.c.track_id.in_(orphans))
    gone["tracks"] = _delete(connection, tables.TRACKS, _orphaned())
    return gone


def shrink(engine: Engine) -> None:
    """Write a SQLite file anew without what was deleted, its log included; nothing to do for a server.

    Where another process reads meanwhile, the file stays as large as it is: what was deleted is overwritten all the
    same (``secure_delete``) when SQLite next empties its log.
    """
    if engine.dialect.name != "sqlite":
        return
    connection = engine.raw_connection()
    try:
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {_VACUUM_WAIT_MS}")
        cursor.execute("VACUUM")
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise
    finally:
        connection.invalidate()  # closed, not handed on with another time-out
        connection.close()


def _orphaned() -> Any:
    """Whether nothing tells of a track but, maybe, a look-up."""
    track_id = tables.TRACKS.c.track_id
    features = tables.FEATURES.c
    told = or_(
        exists().where(tables.EVIDENCE.c.track_id == track_id),
        exists().where(tables.PLAYS.c.track_id == track_id),
        exists().where(and_(features.track_id == track_id, features.source.not_in(LOOK_UPS))),
    )
    return not_(told)


def _delete(connection: Connection, table: Table, *where: Any) -> int:
    return int(connection.execute(delete(table).where(*where)).rowcount)
