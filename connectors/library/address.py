"""Where a library lies: the address of its database, and the part of it that may be shown."""

from pathlib import Path
from typing import Final

from sqlalchemy import URL, make_url
from sqlalchemy.exc import SQLAlchemyError

from features.errors import InputError

_DRIVERS: Final = {
    "sqlite": "sqlite+pysqlite",
    "sqlite+pysqlite": "sqlite+pysqlite",
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}


def parse(url: str) -> URL:
    """The address of a SQLite file or of a PostgreSQL database, with the driver that earmark speaks it through.

    Parameters
    ----------
    url : str
        ``sqlite:///FILE``, ``postgresql://...`` or ``postgresql+psycopg://...``.

    Returns
    -------
    URL

    Raises
    ------
    InputError
        If it is none of them; what was given is not repeated, for it may hold a password.
    """
    try:
        parsed = make_url(url)
        driver = _DRIVERS.get(parsed.drivername)
    except (SQLAlchemyError, ValueError):
        driver = None
    if driver is None:
        raise InputError(
            "the address of the library's database is not understood",
            "EARMARK_DATABASE_URL has to look like postgresql://USER:PASSWORD@HOST:PORT/DATABASE or sqlite:////FOLDER/"
            "FILE.db; characters such as @ : / in a password are written %40 %3A %2F",
        ) from None
    return parsed.set(drivername=driver)


def shown(url: URL) -> str:
    """The address for people: the file, or the server and database; never a user, a password or an option."""
    if url.get_backend_name() == "sqlite":
        return url.database or "memory"
    port = f":{url.port}" if url.port else ""
    return f"PostgreSQL at {url.host or 'this machine'}{port}, database {url.database or 'of the user'}"


def file_of(url: URL) -> Path | None:
    """The file of a SQLite database; None for a server, or for one in memory."""
    if url.get_backend_name() != "sqlite" or url.database in {None, "", ":memory:"}:
        return None
    return Path(str(url.database))
