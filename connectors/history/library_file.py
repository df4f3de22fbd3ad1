"""``YourLibrary.json``: what the listener saved, and what they told Spotify never to play again."""

from dataclasses import dataclass
from typing import Any

from connectors.history.track_register import NamedTrack, name_or_none, track_id_of
from connectors.pull_report import ReportBuilder

LIKE = "like in the library file"
BAN = "banned track"
BANNED_ARTIST = "banned artist"
OTHER = "library entry that is no track"
UNNAMED = "library entry without a name"


@dataclass(frozen=True)
class LibraryFile:
    """What one library file says.

    Parameters
    ----------
    likes, bans : tuple of NamedTrack
    banned_artists : tuple of str
        Names as Spotify writes them.
    """

    likes: tuple[NamedTrack, ...]
    bans: tuple[NamedTrack, ...]
    banned_artists: tuple[str, ...]


def is_library_file(value: Any) -> bool:
    """Whether a JSON object has the shape of a library file."""
    beside = {"albums", "shows", "artists", "bannedTracks", "bannedArtists"}
    return isinstance(value, dict) and isinstance(value.get("tracks"), list) and not beside.isdisjoint(value)


def read_library_file(value: dict[str, Any], report: ReportBuilder) -> LibraryFile:
    """Read the object; every entry of its lists is counted."""
    likes = _tracks(value, "tracks", LIKE, report)
    bans = _tracks(value, "bannedTracks", BAN, report)
    artists = [name_or_none(entry.get("name")) for entry in _entries(value, "bannedArtists")]
    for name in artists:
        report.count(BANNED_ARTIST if name else UNNAMED)
    read = {"tracks", "bannedTracks", "bannedArtists"}
    for entries in (value[name] for name in value if name not in read and isinstance(value[name], list)):
        report.count(OTHER, len(entries))
    return LibraryFile(likes, bans, tuple(name for name in artists if name))


def _tracks(value: dict[str, Any], name: str, outcome: str, report: ReportBuilder) -> tuple[NamedTrack, ...]:
    found = []
    for entry in _entries(value, name):
        track, artist = name_or_none(entry.get("track") or entry.get("name")), name_or_none(entry.get("artist"))
        track_id = track_id_of(entry.get("uri"), track, artist)
        report.count(UNNAMED if track_id is None else outcome)
        if track_id is not None:
            found.append(NamedTrack(track_id, track, artist, name_or_none(entry.get("album"))))
    return tuple(found)


def _entries(value: dict[str, Any], name: str) -> list[dict[str, Any]]:
    entries = value.get(name)
    return [entry if isinstance(entry, dict) else {} for entry in entries] if isinstance(entries, list) else []
