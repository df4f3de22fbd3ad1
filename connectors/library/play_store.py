"""Plays by whole columns, in and out of the library: what a history of a million of them goes through."""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager

from sqlalchemy import Connection

from connectors.library.play_columns import PlayColumns
from connectors.library.play_reading import count_plays, read_play_columns
from connectors.library.play_writing import Names, write_names, write_plays

Opening = Callable[[], AbstractContextManager[Connection]]


class PlayStore:
    """A library's plays; `Library.play_store` gives it.

    Parameters
    ----------
    writing, reading : callable
        Open a connection within a transaction, and one that sees the database at one moment.
    """

    def __init__(self, writing: Opening, reading: Opening) -> None:
        self._writing = writing
        self._reading = reading

    def __len__(self) -> int:
        with self._reading() as connection:
            return count_plays(connection)

    def columns(self) -> PlayColumns:
        """Every play, by track and time."""
        with self._reading() as connection:
            return read_play_columns(connection)

    def add(self, plays: PlayColumns, names: Iterable[Names] = ()) -> int:
        """Add plays, of which one that is known stays as it is, and what their tracks are called; how many were new."""
        with self._writing() as connection:
            write_names(connection, names)
            return write_plays(connection, plays)

    def add_names(self, tracks: Iterable[Names]) -> None:
        """Tell what tracks, each of them once, are called; a name that is known stays as it is."""
        with self._writing() as connection:
            write_names(connection, tracks)
