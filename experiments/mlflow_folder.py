"""The ``mlruns`` folder that MLflow's database and files live in, without MLflow: address, state, settings, moves."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.pool import ConnectionPoolEntry

from features.errors import InputError

DATABASE = "mlflow.db"
LOOKED_S = 0.2
"""How long the database is looked through for damage before a train: about 100 MB. ``earmark doctor`` looks at all."""

_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_FINE = {sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_BUSY}
"""Nothing was found in time; another process is writing, which MLflow waits for."""

PLACES = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
)
"""Where MLflow's database holds absolute file addresses (table, column)."""


def database_uri(mlruns: Path) -> str:
    """SQLAlchemy's address of the run database in an absolute folder."""
    return f"sqlite:///{(mlruns / DATABASE).as_posix()}"


def check_database(mlruns: Path) -> None:
    """See that runs can be recorded in the run database, in less than a second; fine where there is none yet.

    MLflow itself would find out in minutes, for it tries again and again.

    Parameters
    ----------
    mlruns : Path
        Absolute.

    Raises
    ------
    InputError
        If the database is damaged, or cannot be opened or written to.
    """
    path = mlruns / DATABASE
    if not path.exists():
        return
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True, timeout=LOOKED_S)) as connection:
            connection.execute("BEGIN IMMEDIATE")  # only who may write can
            connection.rollback()
            until = time.monotonic() + LOOKED_S
            connection.set_progress_handler(lambda: time.monotonic() > until, 10_000)
            (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        kind = error.sqlite_errorcode & 0xFF  # the rest tells details: https://sqlite.org/rescode.html
        if kind in _FINE:
            return
        if kind not in _DAMAGED:
            raise InputError(
                f"{path} cannot be written to: {error}",
                "see whether the file is yours to change, and the disk not full",
            ) from error
        verdict = str(error)
    if verdict != "ok":
        raise InputError(
            f"the database of earlier runs is damaged: {path} ({verdict.splitlines()[-1]})",
            f"move {path} away; the next train begins a new one, and saved rankers stay",
        )


def write_ahead(mlruns: Path) -> None:
    """Let every connection of this process to the run database write ahead instead of waiting for the disk.

    A commit then costs no fsync: MLflow makes about seven a run, which take longer than the run's trial on a slow disk.
    A killed process loses nothing and a power cut at most the last commits; the database stays intact in both
    (https://sqlite.org/wal.html). Readers, the UI among them, no longer wait for the writer either.
    """
    database = (mlruns / DATABASE).resolve()

    @event.listens_for(Engine, "connect")
    def tune(connection: Any, _: ConnectionPoolEntry) -> None:
        if isinstance(connection, sqlite3.Connection) and _file(connection) == database:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")


def follow_moved_folder(mlruns: Path, old: str, new: str) -> int:
    """Rewrite the database's absolute file addresses after ``mlruns`` was moved or copied.

    Without this, runs recorded before the move lose their files, and new ones write theirs to the old place.

    Parameters
    ----------
    mlruns : Path
    old, new : str
        File URIs of the artifact folder as recorded and as it is now.

    Returns
    -------
    int
        Addresses rewritten. 0 where ``old`` is not such a folder, but a store that a user chose (``s3://...``).
    """
    if not (old.startswith("file:") and old.endswith("/artifacts")):
        return 0
    with closing(sqlite3.connect(mlruns / DATABASE)) as connection, connection:
        return sum(
            connection.execute(
                f"UPDATE {table} SET {column} = ? || substr({column}, ?)"  # noqa: S608 (names from PLACES)
                f" WHERE {column} = ? OR substr({column}, 1, ?) = ?",
                (new, len(old) + 1, old, len(old) + 1, f"{old}/"),
            ).rowcount
            for table, column in PLACES
        )


def _file(connection: sqlite3.Connection) -> Path:
    return Path(connection.execute("PRAGMA database_list").fetchone()[2]).resolve()


def experiment_id(mlruns: Path, name: str) -> str | None:
    """Id of an experiment in the run database, read without MLflow; None where there is none."""
    if not (mlruns / DATABASE).is_file():
        return None
    with closing(sqlite3.connect(f"{(mlruns / DATABASE).absolute().as_uri()}?mode=ro", uri=True)) as connection:
        try:
            row = connection.execute("SELECT experiment_id FROM experiments WHERE name = ?", (name,)).fetchone()
        except sqlite3.OperationalError as error:
            if "no such table" in str(error):  # a train was killed before MLflow had made its tables
                return None
            raise
    return None if row is None else str(row[0])
