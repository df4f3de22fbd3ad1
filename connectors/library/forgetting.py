"""Deletes all that came from one source, so that it is gone from the file as well."""

import sqlite3
from typing import Any, Final

from sqlalchemy import Connection, Engine, Table, and_, delete, exists, not_, or_, select, update

from connectors.library import tables
from connectors.library.rows import PAGE, PAGE_DEMO

LOOK_UPS: Final = ("catalogue", "reccobeats")
"""Sources of features that are asked about tracks known from elsewhere; what they said does not keep a track."""
_PLAYS_SOURCE: Final = "history"
_SPOTIFY: Final = "spotify"
_DESCRIBING: Final = ("csv", "listenbrainz")
"""Other sources that may have told more of a track than its names."""
_SHOWING: Final = (PAGE, PAGE_DEMO)
"""Sources that told more of a track where they had to tell how it sounds: nobody else had."""
_DESCRIPTION: Final = ("isrc", "duration_ms", "release_date", "explicit", "popularity")
"""What is Spotify's word where neither of these tells of a track: its exports name tracks and no more."""
_VACUUM_WAIT_MS: Final = 5_000


def forget_source(connection: Connection, source: str) -> dict[str, int]:
    """Delete a source's rows, then, where it had any, tracks of which no other source tells.

    A track stays while there is evidence, a play, or features from a source that brings tracks of its own: those that
    were only looked up for it go with it. Other sources' rows about the tracks that stay are not touched; of what is
    known of those tracks, what only Spotify can have told goes with Spotify.

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
    gone["playlists"] = _delete(connection, tables.MADE_PLAYLISTS) if source == _SPOTIFY else 0
    gone["pulls"] = _delete(connection, tables.PULLS, tables.PULLS.c.source == source)
    if not any(gone.values()):
        return gone | {"tracks": 0, "descriptions": 0}  # tracks of which nothing tells are not this source's to take
    orphans = select(tables.TRACKS.c.track_id).where(_orphaned())
    gone["features"] += _delete(connection, tables.FEATURES, tables.FEATURES.c.track_id.in_(orphans))
    gone["not_found"] += _delete(connection, tables.NOT_FOUND, tables.NOT_FOUND.c.track_id.in_(orphans))
    gone["tracks"] = _delete(connection, tables.TRACKS, _orphaned())
    gone["descriptions"] = _forget_descriptions(connection) if source == _SPOTIFY else 0
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


def _forget_descriptions(connection: Connection) -> int:
    """Blank what Spotify told of tracks that stay for their plays; how many."""
    track = tables.TRACKS.c
    evidence, features = tables.EVIDENCE.c, tables.FEATURES.c
    described = or_(
        exists().where(and_(evidence.track_id == track.track_id, evidence.source.in_(_DESCRIBING))),
        exists().where(and_(features.track_id == track.track_id, features.source.in_((*_DESCRIBING, *_SHOWING)))),
    )
    some = or_(*(track[name].is_not(None) for name in _DESCRIPTION))
    blank = update(tables.TRACKS).where(some, not_(described)).values(dict.fromkeys(_DESCRIPTION))
    return int(connection.execute(blank).rowcount)


def _delete(connection: Connection, table: Table, *where: Any) -> int:
    return int(connection.execute(delete(table).where(*where)).rowcount)
