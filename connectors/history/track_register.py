"""The tracks that a history names, each once: plays refer to them by number, so that millions fit into memory."""

import re
from dataclasses import dataclass, field
from typing import Any, Final

from connectors.library.values import plain
from connectors.track_ids import best_id

NO_TRACK: Final = -1
_URI: Final = re.compile(r"spotify:track:([0-9A-Za-z]{22})")
_LONGEST_NAME: Final = 1_000


@dataclass(frozen=True, slots=True)
class NamedTrack:
    """A track and what the history calls it."""

    track_id: str
    track_name: str | None
    artist_name: str | None
    album_name: str | None


@dataclass
class TrackRegister:
    """Numbers for tracks, in the order of their first appearance."""

    tracks: list[NamedTrack] = field(default_factory=list)
    number_of_uri: dict[Any, int] = field(default_factory=dict)
    """By URI as the export writes it; for the reader of plays, who looks most rows up here."""

    _number_of_id: dict[str, int] = field(default_factory=dict)

    def number(self, uri: Any, track: Any, artist: Any, album: Any = None) -> int:
        """The number of a track by its URI, else by artist and title; ``NO_TRACK`` where neither tells.

        Parameters
        ----------
        uri, track, artist, album : object
            What the export has in these places, of whatever type.
        """
        track, artist, album = name_or_none(track), name_or_none(artist), name_or_none(album)
        spotify = _spotify_id(uri)
        found = spotify or best_id(None, None, artist, track)
        if found is None:
            return NO_TRACK
        number = self._number_of_id.get(found)
        if number is None:
            number = self._number_of_id[found] = len(self.tracks)
            self.tracks.append(NamedTrack(found, track, artist, album))
        if spotify:
            self.number_of_uri[uri] = number
        return number

    def number_of_id(self, track_id: str) -> int:
        """The number of a track by its id, ``NO_TRACK`` if the history does not name it."""
        return self._number_of_id.get(track_id, NO_TRACK)


def track_id_of(uri: Any, track: str | None, artist: str | None) -> str | None:
    """The library's id of a track: Spotify's own, else one of artist and title, else None."""
    return _spotify_id(uri) or best_id(None, None, artist, track)


def name_or_none(value: Any) -> str | None:
    """A name of a sane length, else None; half characters that no database stores are replaced."""
    if not isinstance(value, str) or not value.strip():
        return None
    return plain(value[:_LONGEST_NAME])


def _spotify_id(uri: Any) -> str | None:
    found = _URI.fullmatch(uri) if isinstance(uri, str) else None
    return found and found[1]
