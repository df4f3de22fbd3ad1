"""The verdicts of the page: in memory for every view, in the library before an answer leaves.

What is acknowledged is committed: SQLite's log has it, and a process that is killed the next moment loses nothing.
Where the library cannot be read, what was known of it last can still be shown; whatever rests on it is refused.
"""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from earmark.explaining import explained
from earmark.home import Home
from earmark.page.lists import DEMO, CandidateList
from earmark.page.patience import PATIENCE_S, patiently
from earmark.page.verdicts.measuring import GainMeter
from earmark.page.verdicts.mirror import NOTHING, ListPlaces, Mirror
from earmark.page.verdicts.predicting import Predictions
from earmark.page.verdicts.recordings import ListVerdicts
from earmark.verdicts import PAGE, PAGE_DEMO
from features.columns import ANALYSED_FEATURES
from features.errors import EarmarkError

if TYPE_CHECKING:
    from connectors.library import Library, Said, Step
    from connectors.library.verdicts import Verdict

LOOK_EVERY_S: Final = 1.0
"""How often it is asked whether another process has changed the library."""
RETRY_S: Final = 5.0
"""How long one that could not be read is left alone: to wait for a server takes a while each time."""

_KNOWN: Final = ("track_name", "artist_name", "album_name", "isrc", "release_date", "explicit", "popularity")


def source_of(list_id: str) -> str:
    """Where verdicts on a list are kept: the demo's tracks are invented, and kept apart."""
    return PAGE_DEMO if list_id == DEMO else PAGE


def since(trained: str) -> datetime:
    """When a train began, of ISO 8601; the beginning of time where that cannot be read."""
    try:
        found = datetime.fromisoformat(trained)
    except ValueError:
        found = datetime.min
    return found if found.tzinfo else found.replace(tzinfo=UTC)


class VerdictBook:
    """Gives, finds and takes back verdicts; shared by all requests, from several threads.

    Parameters
    ----------
    home : Home
    """

    def __init__(self, home: Home) -> None:
        self.meter = GainMeter(home)
        self.predictions = Predictions()
        self._url = home.library_url
        self._lock = RLock()
        self._library: Library | None = None
        own = home.library_url == f"sqlite:///{home.library_file}"
        self._file = home.library_file if own else None  # None: a database that several machines share
        self._opened_file = 0
        self._mirrors: dict[str, Mirror] = {}
        self._fault: EarmarkError | None = None
        self._places = ListPlaces()
        self._seen: object = None
        self._next_look = 0.0

    @property
    def fault(self) -> EarmarkError | None:
        """Why the library could not be read when it was looked at last; None where it could."""
        return self._fault

    def on(self, listed: CandidateList) -> ListVerdicts:
        """What is said of the tracks of a list, under whichever id of their recordings.

        Raises
        ------
        EarmarkError
            If the library cannot be read.
        """
        found = self.last_known(listed)
        self._check()
        return found

    def last_known(self, listed: CandidateList) -> ListVerdicts:
        """`on`, for views that can do without: where the library cannot be read, as it was when it last could."""
        mirror = self._mirror(source_of(listed.list_id))
        return NOTHING if mirror is None else self._places.verdicts(listed, mirror)

    def ids_of(self, listed: CandidateList, track_id: str) -> list[str]:
        """The ids in a list that are of the same recording as one of them, itself among them."""
        return self._places.ids_of(listed, track_id)

    def said(self, source: str) -> Mapping[str, "Said"]:
        """What is said, and when, by the id it was said under; of ``page`` or ``page_demo``.

        Raises
        ------
        EarmarkError
            If the library cannot be read.
        """
        mirror = self._mirror(source)
        self._check()
        return {} if mirror is None else mirror.said

    def count_since(self, source: str, trained: str) -> int:
        """How many tracks got their verdict after a train.

        Parameters
        ----------
        source : {"page", "page_demo"}
        trained : str
            When it began, ISO 8601; where it cannot be read every verdict counts.
        """
        began = since(trained)
        return sum(said.at > began for said in self.said(source).values())

    def say(self, listed: CandidateList, track: Mapping[str, Any], verdict: "Verdict | None") -> "Step | None":
        """Give a verdict on a track of a list, or withdraw it; it is in the library on return.

        It takes the place of what was said of the recording under other ids.

        Parameters
        ----------
        listed : CandidateList
        track : mapping
            Its row of the tracks table.
        verdict : {"keep", "skip"} or None
            None withdraws.

        Returns
        -------
        Step or None
            What changed; None where just this was said before.
        """
        from connectors.library import TrackRow  # noqa: PLC0415 (a database driver; the first view does without)

        known = {name: _cell(track.get(name)) for name in (*_KNOWN, "duration_ms")}
        values = {name: float(track[name]) for name in ANALYSED_FEATURES if _cell(track.get(name)) is not None}
        row = TrackRow(track_id=str(track["track_id"]), **known)
        list_id, source = listed.list_id, source_of(listed.list_id)
        with self._lock:
            rows = self._opened().verdicts
            # what was said under other ids must not be of a moment ago: another process may have said it
            if (seen := self._changed()) is None or seen != self._seen or self._fault is not None:
                self._reread()
            same = self._places.verdicts(listed, self._mirrors[source]).given_under.get(row.track_id, ())
            step = rows.say(source, list_id, row, verdict, datetime.now(UTC), values, same=same)
            self._reread()
            return step

    def undo(self) -> "Step | None":
        """Take back the last step, whichever list it was in; None where there is nothing left."""
        with self._lock:
            step = self._opened().verdicts.undo()
            self._reread()
            return step

    def close(self) -> None:
        """Let go of the library."""
        if not self._lock.acquire(timeout=PATIENCE_S):
            return  # a look at a library that does not answer; it ends with the process
        try:
            if self._library is not None:
                self._library.close()
            self._library = None
        finally:
            self._lock.release()

    def _mirror(self, source: str) -> Mirror | None:
        if time.monotonic() >= self._next_look:
            try:
                patiently(self._look)
            except Exception as error:
                self._fault = explained(error)
                if self._fault is None:
                    raise
                self._mirrors = self._mirrors or {source: Mirror() for source in (PAGE, PAGE_DEMO)}
                self._next_look = time.monotonic() + RETRY_S
        return self._mirrors.get(source)

    def _check(self) -> None:
        if self._fault is not None:
            raise type(self._fault)(self._fault.message, self._fault.hint) from self._fault

    def _look(self) -> None:
        """Read what somebody else has changed, unless the library is busy; a shared database is read each time."""
        # A verdict that waits for another program's writing (a pull) holds the lock for as long: views go on with what
        # was known before, for nothing new has been acknowledged.
        if not self._lock.acquire(blocking=not self._mirrors):
            return
        try:
            if time.monotonic() >= self._next_look:
                self._look_anew()
        finally:
            self._lock.release()

    def _look_anew(self) -> None:
        if self._file is not None and not self._file.exists():
            self._mirrors, self._seen = {source: Mirror() for source in (PAGE, PAGE_DEMO)}, None
            self._fault = None
        elif (seen := self._changed()) is None or seen != self._seen or self._fault is not None:
            self._reread()
            self._seen = seen
        self._next_look = time.monotonic() + LOOK_EVERY_S

    def _reread(self) -> None:
        rows = self._opened().verdicts
        self._mirrors = {source: Mirror(rows.all(source), rows.tracks(source)) for source in (PAGE, PAGE_DEMO)}
        self._fault = None

    def _opened(self) -> "Library":
        """The library, opened once; anew where its file is another one than then."""
        from connectors.library import Library  # noqa: PLC0415

        if self._library is not None and self._file is not None and _stamp(self._file)[0] != self._opened_file:
            self.close()
        if self._library is None:
            self._library = Library.open(self._url)
            self._opened_file = 0 if self._file is None else _stamp(self._file)[0]
        return self._library

    def _changed(self) -> object:
        """What differs after any process has written to a library of our own; None for a shared one."""
        if self._file is None:
            return None
        return tuple(_stamp(self._file.with_name(self._file.name + ending)) for ending in ("", "-wal"))


def _stamp(file: Path) -> tuple[int, int, int]:
    try:
        found = file.stat()
    except OSError:
        return (0, 0, 0)
    return (found.st_ino, found.st_mtime_ns, found.st_size)


def _cell(value: Any) -> Any:
    return None if value is None or pd.isna(value) else value
