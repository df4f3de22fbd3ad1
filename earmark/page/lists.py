"""The lists of candidates that the page knows: the demo's, files that were dropped on it, playlists of the account.

A list is kept as one parquet file of ours below ``data/lists``, what is known of it in the file's own metadata: one
write, whole or not at all. What a browser sends is never a path: a list is found by an id, and an id is checked before
it touches the disk.
"""

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from threading import RLock
from typing import Final

from cachetools import LRUCache

from earmark.files import write_atomically
from earmark.home import Home
from earmark.page import list_files
from earmark.page.faults import NotFoundError
from earmark.page.list_files import CandidateList, Kind, ListEntry
from earmark.page.settings import PageSettings
from earmark.page.uploads import read_upload
from earmark.reading import ReadTracks, read_tracks
from features.errors import InputError

__all__ = ["DEMO", "MAX_LISTS", "CandidateList", "CandidateLists", "Kind", "ListEntry", "listed"]

DEMO: Final = "demo"
MAX_LISTS: Final = 50
"""Lists that are kept; the oldest go first."""

_LOADED: Final = 8


class CandidateLists:
    """Keeps lists, and finds them by id.

    Other processes may delete files meanwhile (`earmark library forget`): the folder is asked each time, and memory
    holds only what is still there.

    Parameters
    ----------
    home : Home
    """

    def __init__(self, home: Home) -> None:
        self._home = home
        self._lock = RLock()
        self._reading = RLock()
        self._loaded: LRUCache[str, tuple[int | None, CandidateList]] = LRUCache(_LOADED)
        self._entries: dict[str, tuple[int | None, ListEntry | None]] = {}
        self._demo: CandidateList | None = None

    @property
    def folder(self) -> Path:
        """Where lists are kept."""
        return list_files.folder_of(self._home)

    def get(self, list_id: str) -> CandidateList:
        """A list; the same object as long as it has not changed.

        Raises
        ------
        NotFoundError
            If there is none of this id.
        InputError
            If its file is damaged.
        """
        with self._lock:
            if list_id == DEMO:
                return self._of_demo()
            file = self._file(list_id)
            known, changed = self._loaded.get(list_id), _changed(file)
            if changed is None:
                self._loaded.pop(list_id, None)
                raise _no_list(list_id)
            if known is not None and known[0] == changed:
                return known[1]
            found = list_files.load(file)
            self._loaded[list_id] = (changed, found)
            return found

    def put(self, candidates: CandidateList) -> CandidateList:
        """Keep a list, in the place of an earlier one of the same id; the oldest go where there are too many.

        Parameters
        ----------
        candidates : CandidateList
            Its ``added_at`` is set here.

        Returns
        -------
        CandidateList
            As it is kept.

        Raises
        ------
        InputError
            If the folder cannot be written to.
        """
        file = self._file(candidates.list_id)
        kept = replace(candidates, added_at=datetime.now(UTC).isoformat(timespec="microseconds"))
        with self._lock:
            self._prepare()
            write_atomically(file, list_files.packed(kept))
            self._loaded[kept.list_id] = (_changed(file), kept)
            for old in self.entries()[MAX_LISTS + 1 :]:  # the demo's is the first, and no file
                with suppress(NotFoundError):  # another process may have been quicker
                    self.remove(old.list_id)
        return kept

    def entries(self) -> list[ListEntry]:
        """All of them: the demo's, then the newest first; files that cannot be understood are left out."""
        demo = self.get(DEMO)
        first = ListEntry(DEMO, demo.title, "demo", len(demo.tracks), "")
        with self._lock:
            known, self._entries = self._entries, {}
            for file in list_files.files_of(self._home):
                changed = _changed(file)
                old = known.get(file.stem)
                self._entries[file.stem] = (
                    old if old is not None and old[0] == changed else (changed, list_files.entry(file))
                )
            found = [kept for _, kept in self._entries.values() if kept is not None]
        return [first, *sorted(found, key=lambda kept: (kept.added_at, kept.list_id), reverse=True)]

    def remove(self, list_id: str) -> None:
        """Delete a list; raises `NotFoundError` where there is none, ``InputError`` for the demo's."""
        if list_id == DEMO:
            raise InputError("the demo's candidates cannot be removed", "choose a list that you added")
        with self._lock:
            self._loaded.pop(list_id, None)
            try:
                self._file(list_id).unlink()
            except FileNotFoundError as error:
                raise _no_list(list_id) from error

    def add_file(self, name: str, data: bytes, max_bytes: int = PageSettings.max_upload_bytes) -> CandidateList:
        """Keep the tracks in a file that somebody sent.

        Parameters
        ----------
        name : str
            As the sender calls it; shown, never opened.
        data : bytes
            CSV, JSON, JSON lines or parquet, also under gzip.
        max_bytes : int
            The most that is read.

        Raises
        ------
        InputError
            If it is too large, cannot be read or has no usable row; the message begins with the file's name.
        """
        with self._reading:  # one at a time: a table can be much larger in memory than it was on its way
            read = read_upload(name, data, max_bytes)
        list_id = f"file-{sha256(data).hexdigest()[:16]}"
        return self.put(listed(list_id, read.source, "file", read))

    def forget_playlists(self) -> int:
        """Delete every playlist of the account; how many there were."""
        return list_files.forget_playlists(self._home)

    def _of_demo(self) -> CandidateList:
        if self._demo is None:
            read = read_tracks("demo_candidates", labels=False)
            self._demo = listed(DEMO, "Demo candidates", "demo", read)
        return self._demo

    def _file(self, list_id: str) -> Path:
        if not list_files.ID.fullmatch(list_id):
            raise _no_list(list_id)
        return self.folder / f"{list_id}.parquet"

    def _prepare(self) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(
                f"{self.folder} cannot be written to: {error.strerror}", "set EARMARK_HOME to a folder that is yours"
            ) from error


def listed(list_id: str, title: str, kind: Kind, read: ReadTracks) -> CandidateList:
    """What was read, as a list."""
    return CandidateList(
        list_id,
        title,
        kind,
        read.tracks,
        (*read.notes, *read.report.lines()),
        dict(read.report.set_aside),
        read.report.merged,
    )


def _changed(file: Path) -> int | None:
    """When a file was written, in ns; None where there is none."""
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return None


def _no_list(list_id: str) -> NotFoundError:
    return NotFoundError(f"there is no list {list_id[:40]!r}", "choose another list")
