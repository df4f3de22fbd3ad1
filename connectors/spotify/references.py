"""How people name a playlist or a track of Spotify's: by id, URI or address."""

import re

from connectors.spotify.reading import is_spotify_id

_ADDRESS = re.compile(
    r"(?:spotify:|https?://open\.spotify\.com/(?:intl-[a-z-]+/)?)(playlist|track)[:/]([0-9A-Za-z]{22})(?:[?#].*)?",
    re.ASCII | re.IGNORECASE,
)
_SPOTIFYS = re.compile(r"spotify:|https?://open\.spotify\.com/", re.IGNORECASE)


def playlist_id(text: str) -> str | None:
    """The id in ``spotify:playlist:ID``, ``https://open.spotify.com/playlist/ID?si=...`` or ``ID``; None elsewhere."""
    return _id_of(text, "playlist")


def track_id(text: str) -> str | None:
    """The id in ``spotify:track:ID``, ``https://open.spotify.com/track/ID`` or ``ID``; None elsewhere."""
    return _id_of(text, "track")


def is_spotify_address(text: str) -> bool:
    """Whether a text can only mean something of Spotify's, be it well written or not; a bare id could be a file's."""
    return _SPOTIFYS.match(text.strip()) is not None


def _id_of(text: str, kind: str) -> str | None:
    text = text.strip()
    if is_spotify_id(text):
        return text
    match = _ADDRESS.fullmatch(text)
    return match[2] if match is not None and match[1].lower() == kind else None
