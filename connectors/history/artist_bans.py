"""Artists that the listener never wants to hear: evidence on every track of theirs, whenever it comes to be known.

The names are kept in the library under the source of the history, so that they are forgotten with it. Evidence on
tracks is derived from them, and derived again at the end of every pull.
"""

from collections.abc import Collection, Iterable
from typing import Final

import pandas as pd

from connectors.evidence.rules import RULE_OF
from connectors.library import EvidenceRow, Library
from features.artist_names import artist_keys

_KIND: Final = "banned_artist"
_SOURCE: Final = "history"
_KEY: Final = "history:banned_artists"


def remember_banned_artists(library: Library, names: Collection[str]) -> None:
    """Keep the artists that are banned now; those before are replaced."""
    library.remember(_KEY, {"names": sorted(set(names))})


def apply_artist_bans(library: Library) -> int:
    """Bring the evidence up to the artists that are banned and the tracks that are known; repeating it changes nothing.

    A track is an artist's where they come first: Spotify plays what a banned artist is only a guest on.

    Parameters
    ----------
    library : Library

    Returns
    -------
    int
        How many tracks are of banned artists.
    """
    kept = library.recall(_KEY)
    if kept is None:
        return 0
    with library.transaction():
        rows = list(banned(library.tracks(), kept["names"]))
        library.keep_evidence(_SOURCE, _KIND, {row.track_id for row in rows})
        library.add_evidence(rows)
    return len(rows)


def banned(tracks: pd.DataFrame, names: Iterable[str]) -> Iterable[EvidenceRow]:
    """Evidence on the tracks of some artists.

    Parameters
    ----------
    tracks : DataFrame
        ``track_id`` and ``artist_name``.
    names : iterable of str
    """
    name_of = {keys[0]: name for name in names if (keys := artist_keys(name))}
    for track_id, artist in zip(tracks["track_id"], tracks["artist_name"], strict=True):
        keys = artist_keys(artist)
        if keys and keys[0] in name_of:
            yield EvidenceRow(
                track_id=track_id,
                source=_SOURCE,
                kind=_KIND,
                liked=False,
                weight=RULE_OF[_KIND].weight,
                reason=f"you told Spotify never to play {name_of[keys[0]]}",
            )
