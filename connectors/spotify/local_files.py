"""Files of the listener's own among their likes and in their playlists: what they are, and what they go by.

Spotify knows of a local file what its tags said when it was added: it has no id, and nothing can be asked about it or
done with it. Title and artist tell which recording it is; where Spotify has that, too, and the lengths agree, the
library takes both for one. Spotify's answer holds all that its URI does (the Web API's guide to local files), so the
URI is read only for what is empty there.
"""

import re
from dataclasses import replace
from typing import Final
from urllib.parse import unquote_plus

from connectors.spotify.answers import SpotifyTrack
from connectors.track_ids import best_id
from features.artist_names import artist_key

PREFIX: Final = "spotify:local:"
_SECONDS: Final = re.compile(r"[0-9]{1,6}")  # eleven days


def local_id(track: SpotifyTrack) -> str | None:
    """``local:<digest>`` of a local file; None where its artist or title is not known.

    "Unknown Artist" and the like are nobody: with "Track 01" they would make one recording of many.
    """
    if not artist_key(track.artist_name):
        return None
    return best_id(None, None, track.artist_name, track.track_name)


def completed(track: SpotifyTrack) -> SpotifyTrack:
    """A local file, what is not known of it filled from its URI, ``spotify:local:ARTIST:ALBUM:TITLE:SECONDS``.

    A URI of another form, or a part of one that is not UTF-8 under its percent signs, tells nothing.
    """
    parts = track.uri.removeprefix(PREFIX).split(":")
    if len(parts) != 4:
        return track
    artist, album, title = map(_decoded, parts[:3])
    seconds = int(parts[3]) if _SECONDS.fullmatch(parts[3]) else 0
    return replace(
        track,
        artist_name=track.artist_name or artist,
        album_name=track.album_name or album,
        track_name=track.track_name or title,
        duration_ms=track.duration_ms or 1_000 * seconds or None,
    )


def _decoded(part: str) -> str | None:
    try:
        return unquote_plus(part, errors="strict").strip() or None
    except UnicodeDecodeError:
        return None
