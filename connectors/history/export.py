"""All that the given files say of plays and of the listener's library, whatever package or vintage they are of."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any, Final, Literal

from connectors.history.exclusions import Exclusions, latest_possible
from connectors.history.files import Document, Refusal, documents
from connectors.history.json_stream import BrokenJson
from connectors.history.library_file import LibraryFile, is_library_file, read_library_file
from connectors.history.play_table import WORDS, Fate, PlayTable, concatenate
from connectors.history.reading import PlayReader, dictionaries
from connectors.pull_report import ReportBuilder
from features.errors import InputError

Shape = Literal["extended", "short", "library", "playlists", "other"]

_MOST_NOTES: Final = 10
_LOOKED_AT: Final = 100
"""Rows that tell the shape of a file: the first ones may be damaged."""

_ASK: Final = "ask for 'Extended streaming history' at https://www.spotify.com/account/privacy and give the ZIP file"
_ACCOUNT_DATA: Final = frozenset(
    {"Userdata.json", "Payments.json", "Follow.json", "Inferences.json", "SearchQueries.json", "Identity.json"}
)


@dataclass(frozen=True)
class Export:
    """What was read.

    Parameters
    ----------
    plays : PlayTable
        Plays of tracks, not merged, those that the listener excludes included (by their fate).
    reader : PlayReader
        Knows the tracks and reasons that ``plays`` refers to.
    library_files : tuple of LibraryFile
    report : ReportBuilder
        Counts all rows that are neither in ``plays`` nor in ``library_files``.
    notes : tuple of str
    """

    plays: PlayTable
    reader: PlayReader
    library_files: tuple[LibraryFile, ...]
    report: ReportBuilder
    notes: tuple[str, ...]


def read_export(
    paths: Sequence[Path], exclusions: Exclusions, now: datetime, on_file: Callable[[str], None] = lambda _: None
) -> Export:
    """Read all files; nothing of an archive is written to disk, and personal fields are never looked at.

    Parameters
    ----------
    paths : sequence of Path
        Files, folders and ZIP files.
    exclusions : Exclusions
    now : datetime
        Plays, and dates of files, more than a day later are impossible.
    on_file : callable
        Told the name of each file that is about to be read.

    Raises
    ------
    InputError
        For a path that cannot be read, and where no file holds history or a library.
    """
    reading = _Reading(exclusions, latest_possible(now))
    for found in documents(paths):
        if isinstance(found, Refusal):
            reading.refuse(found)
        else:
            on_file(found.name)
            reading.read(found)
    if not reading.recognised:
        raise reading.nothing_found(paths)
    reading.reader.report(reading.report, WORDS)
    return Export(
        concatenate(reading.tables),
        reading.reader,
        tuple(reading.library_files),
        reading.report,
        tuple(reading.notes()),
    )


class _Reading:
    """What has been read so far."""

    def __init__(self, exclusions: Exclusions, latest: int) -> None:
        self.reader = PlayReader(exclusions, latest)
        self.report = ReportBuilder()
        self.tables: list[PlayTable] = []
        self.library_files: list[LibraryFile] = []
        self._shapes: dict[Shape, int] = {}
        self._account_data = False
        self._problems: list[str] = []
        self._latest = datetime.fromtimestamp(latest, UTC)

    @property
    def recognised(self) -> bool:
        return any(self._shapes.get(shape) for shape in ("extended", "short", "library"))

    def refuse(self, refusal: Refusal) -> None:
        self._problems.append(f"skipped {refusal.name}: it {refusal.why}")

    def read(self, document: Document) -> None:
        name = PurePosixPath(document.name).name
        self._account_data |= name in _ACCOUNT_DATA
        shape: Shape = "other"
        rows = 0
        try:
            with closing(document.batches()) as batches:
                for batch in batches:
                    shape = shape if rows else _shape(batch)
                    rows += len(batch)
                    if shape in {"playlists", "other"}:
                        break
                    self._take(document, batch, shape)
        except BrokenJson as error:
            # What merely starts with a bracket is no concern of ours.
            if shape != "other" or (not rows and name.lower().endswith(".json")):
                used = f"; the {rows:,} rows before are used" if rows else ""
                self._problems.append(f"{document.name} {error}{used}")
        self._shapes[shape] = self._shapes.get(shape, 0) + 1

    def _take(self, document: Document, batch: list[Any], shape: Shape) -> None:
        rows = dictionaries(batch)
        self.reader.count(Fate.MALFORMED, len(batch) - len(rows))
        if shape == "library":
            self.library_files.append(read_library_file(rows[0], document.made, self._latest))
        elif shape == "extended":
            video = "video" in PurePosixPath(document.name).name.lower()
            self.tables.append(self.reader.extended(rows, video=video))
        else:
            self.tables.append(self.reader.short_form(rows))

    def notes(self) -> Iterator[str]:
        yield from islice(self._problems, _MOST_NOTES)
        if len(self._problems) > _MOST_NOTES:
            yield f"and {len(self._problems) - _MOST_NOTES:,} more files that were skipped or are broken"
        if self._shapes.get("playlists"):
            yield "playlist files were not read: name playlists as liked or disliked in 'earmark pull spotify'"
        if self._shapes.get("short") and not self._shapes.get("extended"):
            yield f"the short history does not say how plays ended, so it tells little: {_ASK}"
        if self.reader.impossible_lengths:
            yield f"{self.reader.impossible_lengths:,} plays had impossible lengths, taken as unknown"

    def nothing_found(self, paths: Sequence[Path]) -> InputError:
        named = ", ".join(map(str, paths[:3])) + (f" and {len(paths) - 3} more" if len(paths) > 3 else "")
        if self._account_data or self._shapes.get("playlists"):
            return InputError(f"{named}: this is Spotify's account data, without history or library", _ASK)
        why = f" ({self._problems[0]})" if self._problems else ""
        looked = self._shapes.get("other", 0)
        files = f"none of its {looked:,} JSON files is one" if looked else "it has no JSON file"
        if len(paths) == 1 and paths[0].expanduser().is_file() and not why:
            files = "it has neither plays nor a library"
        return InputError(f"{named}: no Spotify export, {files}{why}", _ASK)


def _shape(batch: list[Any]) -> Shape:
    """What kind of file starts with these elements."""
    if len(batch) == 1 and is_library_file(batch[0]):
        return "library"
    for row in dictionaries(batch[:_LOOKED_AT]):
        if "ts" in row and "ms_played" in row:
            return "extended"
        if "endTime" in row and "msPlayed" in row:
            return "short"
        if isinstance(row.get("playlists"), list):
            return "playlists"
    return "other"
