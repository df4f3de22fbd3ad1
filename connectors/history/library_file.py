"""``YourLibrary.json``: what the listener saved, and what they told Spotify never to play again."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from connectors.history.track_register import NamedTrack, name_or_none, track_id_of
from connectors.pull_report import ReportBuilder

LIKE = "like in the library file"
BAN = "banned track"
BANNED_ARTIST = "banned artist"
OTHER = "library entry that is no track"
UNNAMED = "library entry without a name"
OUTDATED = "left out: a newer library file is known"

_FIRST_DATE: Final = datetime(2008, 10, 1, tzinfo=UTC)
"""Spotify's first month: archives write 1980 where they know no date."""
_SAME_EXPORT: Final = timedelta(days=1)
"""Times in an archive name no zone, and an export in parts is not written within one second."""


@dataclass(frozen=True)
class LibraryFile:
    """What one library file says.

    Parameters
    ----------
    made : datetime or None
        When Spotify wrote it; None where that is not known.
    likes, bans : tuple of NamedTrack
    banned_artists : tuple of str
        Names as Spotify writes them.
    outcomes : dict of str to int
        What every entry of its lists came to.
    """

    made: datetime | None
    likes: tuple[NamedTrack, ...]
    bans: tuple[NamedTrack, ...]
    banned_artists: tuple[str, ...]
    outcomes: dict[str, int]


def is_library_file(value: Any) -> bool:
    """Whether a JSON object has the shape of a library file."""
    beside = {"albums", "shows", "artists", "bannedTracks", "bannedArtists"}
    return isinstance(value, dict) and isinstance(value.get("tracks"), list) and not beside.isdisjoint(value)


def read_library_file(value: dict[str, Any], made: datetime | None, latest: datetime) -> LibraryFile:
    """Read the object; every entry of its lists is counted.

    Parameters
    ----------
    value : dict
    made : datetime or None
        The date that the file, or its entry in an archive, has.
    latest : datetime
        No honest date is later.
    """
    report = ReportBuilder()
    likes = tuple(_tracks(value, "tracks", LIKE, report))
    bans = tuple(_tracks(value, "bannedTracks", BAN, report))
    artists = [name_or_none(entry.get("name")) for entry in _entries(value, "bannedArtists")]
    for name in artists:
        report.count(BANNED_ARTIST if name else UNNAMED)
    read = {"tracks", "bannedTracks", "bannedArtists"}
    for entries in (value[name] for name in value if name not in read and isinstance(value[name], list)):
        report.count(OTHER, len(entries))
    date = made if made is not None and _FIRST_DATE <= made <= latest else None
    return LibraryFile(date, likes, bans, tuple(name for name in artists if name), dict(report.outcomes))


def latest_files(
    files: Sequence[LibraryFile], known: datetime | None
) -> tuple[list[LibraryFile], list[LibraryFile], datetime | None]:
    """Those that say how the library is now, and those that a newer one has overtaken.

    Files within a day of each other are of one export. One without a date is taken as it comes.

    Parameters
    ----------
    files : sequence of LibraryFile
        At least one.
    known : datetime or None
        The date of what was taken before.

    Returns
    -------
    current, outdated : list of LibraryFile
    date : datetime or None
        Of what is known once ``current`` is taken; None where none of that has one.
    """
    dates = [date for date in (known, *(file.made for file in files)) if date is not None]
    newest = max(dates, default=_FIRST_DATE)
    current = [file for file in files if file.made is None or file.made >= newest - _SAME_EXPORT]
    outdated = [file for file in files if file.made is not None and file.made < newest - _SAME_EXPORT]
    undated = bool(current) and all(file.made is None for file in current)
    return current, outdated, None if undated else newest


def _tracks(value: dict[str, Any], name: str, outcome: str, report: ReportBuilder) -> Iterator[NamedTrack]:
    for entry in _entries(value, name):
        track, artist = name_or_none(entry.get("track") or entry.get("name")), name_or_none(entry.get("artist"))
        track_id = track_id_of(entry.get("uri"), track, artist)
        report.count(UNNAMED if track_id is None else outcome)
        if track_id is not None:
            yield NamedTrack(track_id, track, artist, name_or_none(entry.get("album")))


def _entries(value: dict[str, Any], name: str) -> list[dict[str, Any]]:
    entries = value.get(name)
    return [entry if isinstance(entry, dict) else {} for entry in entries] if isinstance(entries, list) else []
