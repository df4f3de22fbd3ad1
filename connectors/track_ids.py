"""What a track goes by in the library: Spotify's id, else its ISRC, else a digest of artist and title."""

import re
from typing import Final, Literal

from features.identity import LOCAL_ID, hash64, normalise_artist, normalise_name

ISRC_ID: Final = "isrc:"
"""Prefix of a ``track_id`` made of an ISRC."""

MatchedBy = Literal["id", "isrc", "name"]
"""How it is known that something is about a recording: the id, or the ISRC, is the same, or artist and title (and the
length, where it is known) are."""

MATCHES: Final[tuple[MatchedBy, ...]] = ("id", "isrc", "name")
"""The surest first. How much surer one is than another nobody has measured, so the way is kept, and no probability."""

_SPOTIFY_ID: Final = re.compile(r"[0-9A-Za-z]{22}")
_ISRC: Final = re.compile(r"[A-Z]{2}[A-Z0-9]{3}[0-9]{7}")  # ISO 3901: country, registrant, year, designation


def spotify_id(track_id: object) -> str | None:
    """The id where it is one of Spotify's, else None."""
    return track_id if isinstance(track_id, str) and _SPOTIFY_ID.fullmatch(track_id) else None


def plain_isrc(isrc: object) -> str | None:
    """An ISRC, or a ``track_id`` made of one, as 12 upper-case characters; None where it cannot be one."""
    if not isinstance(isrc, str):
        return None
    plain = re.sub(r"[\s-]", "", isrc.removeprefix(ISRC_ID)).upper()
    return plain if _ISRC.fullmatch(plain) else None


def best_id(given: object, isrc: object, artist_name: object, track_name: object) -> str | None:
    """The ``track_id`` of a track, of the best that is known of it.

    Parameters
    ----------
    given : object
        An id that may be Spotify's.
    isrc, artist_name, track_name : object
        Text, or any kind of missing value.

    Returns
    -------
    str or None
        22 characters, ``isrc:<ISRC>`` or ``local:<digest>`` (the same that ``features.identity.local_ids`` gives); None
        where neither of these, nor both artist and title, are known.
    """
    if spotify := spotify_id(given):
        return spotify
    if plain := plain_isrc(isrc):
        return f"{ISRC_ID}{plain}"
    artist, title = normalise_artist(artist_name), normalise_name(track_name)
    if not (artist and title):
        return None
    digest = hash64(f"{artist}\n{title}".encode())
    return f"{LOCAL_ID}{digest:016x}"


def named_by(track_id: str) -> MatchedBy:
    """What a ``track_id`` names its recording by; one that is neither an ISRC's nor our own is the source's own id."""
    if track_id.startswith(LOCAL_ID):
        return "name"
    return "isrc" if track_id.startswith(ISRC_ID) else "id"
