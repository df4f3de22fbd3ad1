"""What is checked before it is sent: ids that go into a path, URIs, and how many of them."""

import re
from collections.abc import Sequence
from typing import Final

from connectors.spotify.reading import is_spotify_id
from features.errors import InputError

CHUNK: Final = 100
"""URIs that one change of a playlist may hold, and ids that one request for audio features may."""
_URI = re.compile(r"spotify:(track|episode):[0-9A-Za-z]{22}", re.ASCII)


def check_id(value: str) -> None:
    """Refuse what could change the path of a request; raises InputError."""
    if not is_spotify_id(value):
        raise InputError(
            f"{value[:60]!r} is not a Spotify id, which has 22 letters and digits",
            "copy the link of the track or playlist from Spotify: the id is its last part",
        )


def check_uris(uris: Sequence[str], least: int = 1) -> None:
    """Refuse what cannot stand in a playlist; raises InputError, or ValueError where there are too many or too few."""
    check_count(uris, least)
    wrong = next((uri for uri in uris if not _URI.fullmatch(uri)), None)
    if wrong is not None:
        raise InputError(
            f"{wrong[:60]!r} cannot be put into a playlist",
            "only tracks and episodes with a Spotify id can: no local files",
        )


def check_count(values: Sequence[str], least: int = 1) -> None:
    """Raise ValueError unless there are ``least``..`CHUNK` values."""
    if not least <= len(values) <= CHUNK:
        raise ValueError(f"{least} to {CHUNK} at a time, not {len(values)}")
