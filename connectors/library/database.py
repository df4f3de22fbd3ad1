"""The connection to the library's database: SQLite or PostgreSQL, several processes at once.

Whoever writes holds a lock from the beginning of the transaction to its end, so that two writers wait for each other
instead of meeting half-way: SQLite's own (``BEGIN IMMEDIATE``), and an advisory lock in PostgreSQL. Readers wait for
nobody: SQLite keeps a write-ahead log, PostgreSQL its versions of rows.
"""

import errno
import os
import sqlite3
import stat
import time
from threading import Lock
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.pool import StaticPool

from connectors.library.address import file_of, shown
from connectors.library.database_errors import explain_errors, file_trouble

LOCK_WAIT_S: Final = 60
"""How long one writer waits for another, or for a server to answer."""
_POLL_S: Final = 0.02
_ADVISORY_LOCK: Final = int.from_bytes(b"earmark", "big")
_WRITES: Final = "earmark_writes"
_MAKING: Final = Lock()
"""A thread that has just made the file must close it before another one connects."""


def connect(url: URL) -> Engine:
    """An engine for the database; nothing is made yet but an empty, private SQLite file.

    Parameters
    ----------
    url : URL
        From ``connectors.library.address.parse``.

    Returns
    -------
    Engine
        Its errors are those of ``features.errors`` wherever a person can mend them.

    Raises
    ------
    InputError
        If the file or its folder cannot be made.
    """
    engine = _sqlite(url) if url.get_backend_name() == "sqlite" else _postgresql(url)
    explain_errors(engine, shown(url))
    return engine


def writer(engine: Engine) -> Engine:
    """The same engine, whose transactions hold the writer's lock from the beginning."""
    return engine.execution_options(**{_WRITES: True})


def _writes(connection: Connection) -> bool:
    return bool(connection.get_execution_options().get(_WRITES))


def _sqlite(url: URL) -> Engine:
    file = file_of(url)
    arguments: dict[str, Any] = {"isolation_level": None, "timeout": LOCK_WAIT_S}
    if file is None:
        engine = create_engine(url, poolclass=StaticPool, connect_args=arguments, hide_parameters=True)
    else:
        _make_private(os.fspath(file))
        engine = create_engine(url, connect_args=arguments, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _: object) -> None:
        _log_ahead(connection)
        for pragma in (
            "synchronous = NORMAL",
            "foreign_keys = ON",
            "secure_delete = ON",
            "journal_size_limit = 67108864",
        ):
            connection.execute(f"PRAGMA {pragma}").close()

    # Python's driver begins transactions late and commits before some statements: it is told to leave both to us
    # (isolation_level None), or making tables would not be part of the transaction.
    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if _writes(connection) else "BEGIN")

    return engine


def _log_ahead(connection: sqlite3.Connection) -> None:
    """Switch to the write-ahead log; SQLite does not wait for others here, whatever its time-out."""
    deadline = time.monotonic() + LOCK_WAIT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL").close()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(_POLL_S)
        else:
            return


def _make_private(file: str) -> None:
    """Make the file, and its folder, where there is none; nobody else may read it. Its companions take its mode.

    A file that is there is never opened here: to close it would let go of the locks that SQLite holds on it for this
    process (they are POSIX's), and another process that ends then takes the log away that this one goes on writing to.
    """
    place = os.path.realpath(file)
    try:
        with _MAKING:
            os.makedirs(os.path.dirname(place), exist_ok=True)  # noqa: PTH103, PTH120
            try:
                os.close(os.open(place, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
            except FileExistsError:
                _check_file(place)
    except OSError as error:
        raise file_trouble(file, error) from error


def _check_file(place: str) -> None:
    mode = os.stat(place).st_mode  # noqa: PTH116
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if mode & 0o077:
        os.chmod(place, 0o600)  # noqa: PTH101
    if not os.access(place, os.R_OK | os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def _postgresql(url: URL) -> Engine:
    arguments = {"connect_timeout": 10, "options": f"-c lock_timeout={LOCK_WAIT_S * 1000}"}
    given = {name: value for name, value in arguments.items() if name not in url.query}
    engine = create_engine(url, connect_args=given, hide_parameters=True, pool_pre_ping=True)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        if options.get("isolation_level") == "AUTOCOMMIT":
            return
        if _writes(connection):
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})")
        else:
            # All queries of a reader see one moment, as in SQLite.
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")

    return engine
