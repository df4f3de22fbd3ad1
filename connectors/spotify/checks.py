"""What is checked before it is sent: ids that go into a path, URIs, and how many of them."""

import re
from collections.abc import Sequence
from typing import Final

from connectors.demo.names import is_demo_id
from connectors.http.addresses import is_loopback
from connectors.spotify.reading import is_spotify_id
from connectors.spotify.settings import Addresses
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


def check_real(uris: Sequence[str]) -> None:
    """Refuse tracks of the demo listener's, unless they go to a stand-in, whose account may be the demo listener's."""
    invented = sum(is_demo_id(uri.rpartition(":")[2]) for uri in uris)
    if invented and not is_loopback(Addresses.now().api):
        raise InputError(
            f"{invented:,} of the {len(uris):,} tracks are the demo's: they are invented, and Spotify has none of them",
            "rank tracks of your own: earmark rank FILE -o likes.csv, or earmark rank spotify:playlist:ID",
        )


def check_count(values: Sequence[str], least: int = 1) -> None:
    """Raise ValueError unless there are ``least``..`CHUNK` values."""
    if not least <= len(values) <= CHUNK:
        raise ValueError(f"{least} to {CHUNK} at a time, not {len(values)}")
