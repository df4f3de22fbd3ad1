"""What a database complains of, in words that help."""

import errno
import sqlite3
from typing import Final

from sqlalchemy import Engine, event
from sqlalchemy.engine import ExceptionContext

from features.errors import EarmarkError, InputError, ServiceError

_DAMAGED: Final = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_BUSY: Final = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_UNREACHABLE: Final = ("08", "57P")  # connection exceptions; the server shuts down or starts
_REFUSED: Final = ("28", "3D")  # wrong user or password; no such database
_LOCKED: Final = ("55P03", "40P01", "40001")
_TAKEN: Final = ("42P07",)


def explain_errors(engine: Engine, place: str) -> None:
    """Have an engine raise ``features.errors`` where a person can mend what happened, or a service failed.

    Parameters
    ----------
    engine : Engine
    place : str
        Where the database is, without credentials.
    """

    @event.listens_for(engine, "handle_error")
    def explain(context: ExceptionContext) -> None:
        cause = context.original_exception
        known = _sqlite_trouble(place, cause) if isinstance(cause, sqlite3.Error) else _postgresql_trouble(place, cause)
        if known is not None:
            raise known from cause


def file_trouble(file: str, error: OSError) -> InputError:
    """A SQLite file that cannot be made or opened."""
    hint = "set EARMARK_HOME to a folder of your own"
    if error.errno == errno.EISDIR:
        hint = "move the folder away, or set EARMARK_HOME to another one"
    return InputError(f"the library {file} cannot be opened: {error.strerror}", hint)


def _sqlite_trouble(place: str, error: sqlite3.Error) -> EarmarkError | None:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in _DAMAGED:
        return InputError(
            f"the library {place} is damaged, or not a library: {error}",
            "move the file away, with its companions -wal and -shm, and pull again; or put a copy back that is whole",
        )
    if code in _BUSY:
        return InputError(
            f"another program has been writing to the library {place} for too long",
            "wait until it is done, or end it; then run the same command again",
        )
    if code == sqlite3.SQLITE_FULL:
        return InputError(
            f"the disk of the library {place} is full", "make room, then run the same command again: it goes on"
        )
    if code in {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM}:
        return InputError(
            f"the library {place} cannot be written to: {error}", "set EARMARK_HOME to a folder of your own"
        )
    return None


def _postgresql_trouble(place: str, error: BaseException) -> EarmarkError | None:
    """By SQLSTATE; a connection that fails has none. The driver's own text names the user, so it is not repeated."""
    import psycopg  # noqa: PLC0415 (only where the library is on a server)

    if not isinstance(error, psycopg.Error):
        return None
    state = error.sqlstate or ""
    said = str(error)
    if state.startswith(_REFUSED) or "authentication failed" in said or ("does not exist" in said and not state):
        return InputError(
            f"the library's database does not let earmark in ({place})",
            "check user, password and database name in EARMARK_DATABASE_URL; the database has to exist",
        )
    if state.startswith(_LOCKED):
        return InputError(
            f"another program has been writing to the library for too long ({place})",
            "wait until it is done, or end it; then run the same command again",
        )
    if state in _TAKEN:
        return InputError(
            f"another program keeps tables of the same names there ({place})",
            "give earmark a database of its own: createdb earmark",
        )
    if state.startswith(_UNREACHABLE) or (not state and isinstance(error, psycopg.OperationalError)):
        return ServiceError(
            f"the library's database does not answer ({place})",
            "see whether the server runs and EARMARK_DATABASE_URL names it; what was committed is kept",
        )
    return None
