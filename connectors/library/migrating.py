"""Brings a database to the tables that this earmark knows, in one transaction: all steps or none."""

from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, inspect, text

from connectors.library.database import writer
from features.errors import InputError

VERSION_TABLE: Final = "library_version"
"""Not Alembic's usual name: the studies of a search may lie in the same database and have their own."""
HEAD: Final = "0002"
"""The last step's number; ``migrations/`` has it. Said here too, so that most runs need not import Alembic."""


def migrate(engine: Engine, place: str) -> None:
    """Run the steps that a database has not had.

    Two processes may do it at once: the second waits and finds everything done. A process that is killed meanwhile
    leaves the database as it was.

    Parameters
    ----------
    engine : Engine
        From ``connectors.library.database.connect``.
    place : str
        Where the database is, for people.

    Raises
    ------
    InputError
        If a newer earmark has changed the database.
    """
    with engine.connect() as connection:
        if version(connection) == HEAD:
            return
    with writer(engine).begin() as connection:
        found = version(connection)
        if found == HEAD:
            return
        _refuse_newer(found, place)
        _upgrade(connection)


def version(connection: Connection) -> str | None:
    """The number of the last step that a database has had; None for a new one."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    return connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()  # noqa: S608 (a constant)


def _refuse_newer(found: str | None, place: str) -> None:
    """Numbers of steps have four digits, so they compare as text."""
    if found is not None and found > HEAD:
        raise InputError(
            f"the library was made by a newer earmark: its version is {found}, this one knows up to {HEAD} ({place})",
            "update earmark, or set EARMARK_HOME to another folder and pull again",
        )


def _upgrade(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415 (takes a third of a second, once in a database's life)
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
