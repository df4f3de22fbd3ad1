"""The library: tracks, audio features and evidence that were pulled, where each pull stands, and what was made.

Several processes may use one library at once. A `Library` itself belongs to one thread.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

import pandas as pd
from sqlalchemy import URL, Connection, Engine, delete, select

from connectors.library import play_writing, reading, tables, writing
from connectors.library.address import parse, shown
from connectors.library.candidates import candidate_tracks
from connectors.library.database import connect, writer
from connectors.library.forgetting import forget_source, shrink
from connectors.library.holding import hold
from connectors.library.migrating import migrate
from connectors.library.play_store import PlayStore
from connectors.library.rows import EvidenceRow, FeatureRow, MadePlaylist, PlayRow, TrackRow
from connectors.library.values import microseconds, plain, to_json
from connectors.library.verdicts import VerdictRows
from connectors.pull_report import PullReport

if TYPE_CHECKING:
    from connectors.library.labelling import LabelledTracks
    from connectors.library.summary import Summary


class Library:
    """The store behind every pull. Open it with `Library.open`; it is a context manager."""

    def __init__(self, url: URL, engine: Engine) -> None:
        self._url = url
        self._engine = engine
        self._open: Connection | None = None

    @classmethod
    def open(cls, url: str) -> Self:
        """Open a library; its database is made, and brought to what this earmark knows.

        Parameters
        ----------
        url : str
            ``sqlite:///FILE``, or ``postgresql://...``.

        Raises
        ------
        InputError
            If the address is not understood, the file is damaged or not ours, or a newer earmark made it.
        ServiceError
            If a server does not answer.
        """
        parsed = parse(url)
        engine = connect(parsed)
        try:
            migrate(engine, shown(parsed))
        except BaseException:
            engine.dispose()
            raise
        return cls(parsed, engine)

    @property
    def place(self) -> str:
        """Where it lies, for people: never with credentials."""
        return shown(self._url)

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit together, or not at all, all that is written within; others' writes wait meanwhile.

        What fails within another transaction is undone, and the rest of that goes on where the error is caught. Do not
        wait for a service within.
        """
        with self._writing():
            yield

    def hold(self, name: str) -> AbstractContextManager[bool]:
        """Keep other machines from what goes by a name; False where one of them has it. See `holding.hold`."""
        return hold(self._engine, name)

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        """A connection within a transaction: a part of the one that is open, else one of its own."""
        if self._open is not None:
            with self._open.begin_nested():
                yield self._open
            return
        with writer(self._engine).begin() as connection:
            self._open = connection
            try:
                yield connection
            finally:
                self._open = None

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        """A connection that sees the database at one moment."""
        if self._open is not None:
            yield self._open
            return
        with self._engine.connect() as connection:
            yield connection

    # Each method that takes rows draws them one after the other from any iterable, and commits them all together.

    def add_tracks(self, rows: Iterable[TrackRow]) -> None:
        """Add tracks; a known value is replaced by another, never by None."""
        with self._writing() as connection:
            writing.write_tracks(connection, rows)

    def add_evidence(self, rows: Iterable[EvidenceRow]) -> None:
        """Add evidence; that of the same track, source and kind is replaced."""
        with self._writing() as connection:
            writing.write_evidence(connection, rows)

    def keep_evidence(self, source: str, kind: str, track_ids: Collection[str]) -> int:
        """Remove a source's evidence of a kind, but that of some tracks (a like was taken back); how many rows went."""
        with self._writing() as connection:
            return writing.keep_only(connection, source, kind, track_ids)

    def add_plays(self, rows: Iterable[PlayRow]) -> int:
        """Add plays, of which one that is known stays as it is; how many were new."""
        with self._writing() as connection:
            return play_writing.write_plays(connection, rows)

    def add_features(self, rows: Iterable[FeatureRow]) -> None:
        """Add feature values; of the same track, source and name the last one stays. NaN says nothing."""
        with self._writing() as connection:
            writing.write_features(connection, rows)

    def tracks(self) -> pd.DataFrame:
        """Every track: the columns of `TrackRow`, by id."""
        with self._reading() as connection:
            return reading.read_tracks(connection)

    def evidence(self) -> pd.DataFrame:
        """All evidence: the columns of `EvidenceRow`, by track, source and kind."""
        with self._reading() as connection:
            return reading.read_evidence(connection)

    def plays(self) -> pd.DataFrame:
        """Every play: the columns of `PlayRow`, by track and time."""
        with self._reading() as connection:
            return reading.read_plays(connection)

    def features(self) -> pd.DataFrame:
        """Every feature value: ``track_id, source, name, value, fetched_at, matched_by``, by the first three."""
        with self._reading() as connection:
            return reading.read_features(connection)

    @property
    def play_store(self) -> PlayStore:
        """Plays by whole columns, for histories of a million of them."""
        return PlayStore(self._writing, self._reading)

    @property
    def verdicts(self) -> VerdictRows:
        """What was said of tracks on the page, and how to take it back."""
        return VerdictRows(self._writing, self._reading)

    def position(self, source: str, stream: str) -> dict[str, Any] | None:
        """Where a pull of one of a source's streams stands; None before the first."""
        table = tables.POSITIONS
        query = select(table.c.value).where(table.c.source == source, table.c.stream == stream)
        return self._read_json(query)

    def set_position(self, source: str, stream: str, value: dict[str, Any] | None) -> None:
        """Remember where a pull stands; None forgets it."""
        table = tables.POSITIONS
        with self._writing() as connection:
            if value is None:
                connection.execute(delete(table).where(table.c.source == source, table.c.stream == stream))
            else:
                row = {"source": source, "stream": stream, "value": to_json(value)}
                writing.upsert(connection, table, [row])

    def mark_not_found(self, source: str, track_ids: Iterable[str], until: datetime) -> None:
        """Note that a source does not have tracks; asked for again after ``until``."""
        with self._writing() as connection:
            writing.write_not_found(connection, source, track_ids, microseconds(until))

    def not_found(self, source: str, now: datetime, latest: datetime | None = None) -> set[str]:
        """The tracks that a source need not be asked for now; marks that end after ``latest`` are of a wrong clock."""
        table = tables.NOT_FOUND
        query = select(table.c.track_id).where(table.c.source == source, table.c.until > microseconds(now))
        if latest is not None:
            query = query.where(table.c.until <= microseconds(latest))
        with self._reading() as connection:
            return set(connection.execute(query).scalars())

    def remember(self, key: str, value: dict[str, Any]) -> None:
        """Keep a value under a key that begins with its source and a colon, such as ``spotify:audio_features``.

        Raises
        ------
        ValueError
            If the key does not: it could not be forgotten with its source.
        """
        source, colon, name = key.partition(":")
        if not (source and colon and name):
            raise ValueError(f"a key has to look like SOURCE:NAME, got {key!r}")
        with self._writing() as connection:
            writing.upsert(connection, tables.REMEMBERED, [{"key": key, "value": to_json(value)}])

    def recall(self, key: str) -> dict[str, Any] | None:
        """What is kept under a key; None where nothing is."""
        return self._read_json(select(tables.REMEMBERED.c.value).where(tables.REMEMBERED.c.key == key))

    def made_playlists(self) -> list[MadePlaylist]:
        """The playlists that earmark made, the oldest first."""
        with self._reading() as connection:
            return reading.read_playlists(connection)

    def save_playlist(self, playlist: MadePlaylist) -> None:
        """Remember a playlist that earmark made, or what it is now."""
        row = {**asdict(playlist), "created_at": microseconds(playlist.created_at), "name": plain(playlist.name)}
        lists = ("uris", "before", "pending")
        row |= {name: None if row[name] is None else to_json(row[name]) for name in lists}
        with self._writing() as connection:
            writing.upsert(connection, tables.MADE_PLAYLISTS, [row])

    def forget_playlist(self, playlist_id: str) -> None:
        """Forget a playlist that is no more; earmark will not change it again."""
        gone = delete(tables.MADE_PLAYLISTS).where(tables.MADE_PLAYLISTS.c.playlist_id == playlist_id)
        with self._writing() as connection:
            connection.execute(gone)

    def record_pull(self, report: PullReport, at: datetime) -> None:
        """Remember a source's last pull."""
        row = {"source": report.source, "at": microseconds(at), "report": to_json(report.as_json())}
        with self._writing() as connection:
            writing.upsert(connection, tables.PULLS, [row])

    def tracks_table(
        self, *, sources: Collection[str] | None = None, without_features: Literal["use", "wait"] = "use"
    ) -> LabelledTracks:
        """What a ranker learns from: one row a recording that there is evidence of, with its label and features.

        Parameters
        ----------
        sources : collection of str, optional
            Whose evidence counts; all but ``page_demo`` by default. Names and features come from wherever known.
        without_features : {"use", "wait"}
            Whether tracks of which no analysed feature is known are part of the table, or wait until one is.

        Returns
        -------
        LabelledTracks
        """
        from connectors.library.labelling import label_tracks  # noqa: PLC0415 (a pull needs no graphs)

        with self._reading() as connection:
            return label_tracks(connection, sources=sources, wait=without_features == "wait")

    def candidates(self, track_ids: Sequence[str]) -> pd.DataFrame:
        """What is known of some tracks, without labels; see ``connectors.library.candidates``."""
        with self._reading() as connection:
            return candidate_tracks(connection, track_ids)

    def summary(self) -> Summary:
        """What is in it: counts by evidence and by source of features, coverage, conflicts, last pulls."""
        from connectors.library.summary import summarise  # noqa: PLC0415

        with self._reading() as connection:
            return summarise(connection, self.place)

    def forget(self, source: str) -> dict[str, int]:
        """Delete all that came from a source, and tracks that nothing else tells of; the number of rows by kind."""
        with self._writing() as connection:
            gone = forget_source(connection, source)
        if self._open is None:
            shrink(self._engine)
        return gone

    def _read_json(self, query: Any) -> dict[str, Any] | None:
        with self._reading() as connection:
            stored = connection.execute(query).scalar()
        return None if stored is None else json.loads(stored)
