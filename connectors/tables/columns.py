"""Which column is which: names that exporters and data sets give, as data, and the matching."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from features.columns import AUDIO_FEATURES
from features.report import show

# Canonical name first, then what others call it, best first: where two columns fit, the earlier name wins.
# Sources: Exportify (watsonbox/exportify src/components/data, pavelkomarov/exportify exportify.js), Sort Your Music
# (plamere/SortYourMusic web2/js/views/tracks.js), Skiley's exports (trackFeatureEnergy and the like), Spotify's Web API
# and the public Kaggle tables.
ALIASES: dict[str, tuple[str, ...]] = {
    "track_id": (
        "Spotify Track ID", "Spotify ID", "Track URI", "Spotify URI", "Spotify Track URI", "URI", "Track URL",
        "Spotify URL", "Track Href", "URL", "ID",
    ),
    "track_name": ("song_title", "song_name", "track_title", "Title", "Song", "Track", "Name"),
    "artist_name": (
        "Artist Name(s)", "artist_names", "Artists", "Artist", "track_artist", "artist(s)_name", "Artist(s)",
        "Artists Names", "performer",
    ),
    "album_name": ("track_album_name", "album_title", "Album"),
    "release_date": (
        "Album Release Date", "track_album_release_date", "Album Date", "Release", "Released", "release_year",
        "year released", "released_year", "Year",
    ),
    "isrc": ("track_isrc",),
    "explicit": ("is_explicit", "track_explicit"),
    "popularity": ("track_popularity", "Pop."),
    "genres": (
        "genre(s)", "track_genres", "track_genre", "genre", "genre_top", "top_genre", "music_genre", "artist_genres",
        "artist_genre", "playlist_genre",
    ),
    "added_at": ("date_added", "added_date", "saved_at", "Added"),
    "weight": (),  # how much the label counts; other tables' weights of tracks mean anything, so under this name only
    "acousticness": ("acousticness_%", "Acoustic", "acous", "trackFeatureAcousticness"),
    "danceability": ("danceability_%", "Dance", "dnce", "trackFeatureDanceability"),
    "duration_ms": (
        "Duration (ms)", "Track Duration (ms)", "length_ms", "duration_milliseconds", "duration_s", "duration_sec",
        "duration_seconds", "duration (s)", "length_s", "length_sec", "length_seconds", "duration_min",
        "duration_minutes", "Duration", "track_duration", "Length", "Length (Duration)", "Duration (mm:ss)", "dur",
        "Time",
    ),
    "energy": ("energy_%", "nrgy", "trackFeatureEnergy"),
    "instrumentalness": ("instrumentalness_%", "Instrumental", "trackFeatureInstrumentalness"),
    "key": ("musical_key", "track_key", "key_name", "Camelot", "Key result", "initial_key", "trackFeatureKey"),
    "liveness": ("liveness_%", "Live", "trackFeatureLiveness"),
    "loudness": ("Loudness (dB)", "Loud (dB)", "Loud", "dB", "trackFeatureLoudness"),
    "mode": ("track_mode", "trackFeatureMode"),
    "speechiness": ("speechiness_%", "Speech", "spch", "trackFeatureSpeechiness"),
    "tempo": ("Tempo (BPM)", "BPM", "Beats Per Minute (BPM)", "Beats Per Minute", "trackFeatureTempo"),
    "time_signature": ("time_sig", "meter", "trackFeatureTimeSignature"),
    "valence": ("valence_%", "val", "Happiness", "Happy", "trackFeatureValence"),
}  # fmt: skip

UNIT_INTERVAL = (
    "acousticness", "danceability", "energy", "instrumentalness", "liveness", "speechiness", "valence",
)  # fmt: skip
"""Features in [0, 1]."""

NUMBERS = (*AUDIO_FEATURES, "popularity", "weight")
"""Columns that become float64."""


def normalise(header: str) -> str:
    """A header without case, spaces and punctuation: ``"Artist Name(s)"`` -> ``"artistnames"``."""
    return re.sub(r"[\W_]+", "", header.casefold())


_RANKS = {
    normalise(alias): (canonical, rank)
    for canonical, aliases in ALIASES.items()
    for rank, alias in enumerate((canonical, *aliases))
}


@dataclass(frozen=True)
class Recognised:
    """What a header row holds.

    Parameters
    ----------
    positions : dict
        Canonical name -> position of its column, in the order of ``ALIASES``.
    ignored : tuple of int
        Positions of the columns that are not used.
    notes : tuple of str
        Renamed columns in one line (but not where only case and punctuation differ), and a line for each choice
        between several.
    """

    positions: dict[str, int]
    ignored: tuple[int, ...]
    notes: tuple[str, ...]


def canonical_name(header: str) -> str | None:
    """The canonical column that a header names, or None."""
    found = _RANKS.get(normalise(header))
    return found[0] if found else None


def count_known(headers: Sequence[str]) -> int:
    """How many canonical columns a header row names."""
    return len({name for name in map(canonical_name, headers) if name})


def recognise(headers: Sequence[str], skip: Collection[int] = ()) -> Recognised:
    """Match headers to canonical columns.

    Parameters
    ----------
    headers : sequence of str
        As written.
    skip : collection of int
        Positions that are spoken for (the label) or cannot be what their name says.

    Returns
    -------
    Recognised
    """
    fits: dict[str, list[tuple[int, int]]] = {}
    for position, header in enumerate(headers):
        found = _RANKS.get(normalise(header))
        if found and position not in skip:
            # The exact name goes before one that differs in case or punctuation only.
            rank = -1 if header == found[0] else found[1]
            fits.setdefault(found[0], []).append((rank, position))
    positions = {name: min(fits[name])[1] for name in ALIASES if name in fits}
    used = set(positions.values())
    notes = []
    # A difference in case and punctuation is no news.
    renamed = [
        f"{show(headers[at])} -> {name}" for name, at in positions.items() if normalise(headers[at]) != normalise(name)
    ]
    if renamed:
        notes.append(f"columns: {', '.join(renamed)}")
    for name, several in fits.items():
        if len(several) > 1:
            chosen, *others = _told_apart(headers, [at for _, at in sorted(several)])
            notes.append(f"{name}: {chosen} is used, not {', '.join(others)}")
    ignored = tuple(at for at in range(len(headers)) if at not in used and at not in skip)
    return Recognised(positions, ignored, tuple(notes))


def _told_apart(headers: Sequence[str], positions: Sequence[int]) -> list[str]:
    """Headers in quotes; where two of them are the same but for case and punctuation, with their places."""
    alike = len({normalise(headers[at]) for at in positions}) < len(positions)
    return [f"'{show(headers[at])}'" + (f" (column {at + 1})" if alike else "") for at in positions]
