"""Features as people read them: their names, and their values with units."""

import math
from collections.abc import Callable
from typing import Final

WORDS: Final = {
    "artist_sound": "the artist's sound",
    "artist_liked": "your verdicts on the artist",
    "genres": "its genres",
}
"""Effects that have no single value."""

KEYS: Final = ("C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B")

_NAMES: Final = {"duration_ms": "duration", "time_signature": "metre", "release_year": "release year"}


def _fraction(value: float) -> str:
    if value in {0.0, 1.0}:
        return f"{value:.0f}"
    if 0 < value < 0.01:
        return "<0.0001" if value < 0.0001 else f"{value:.4f}".rstrip("0")
    return f"{value:.2f}"


def _duration(ms: float) -> str:
    seconds = round(ms / 1000)
    return f"{seconds // 60}:{seconds % 60:02d}"


_SHOWN: Final[dict[str, Callable[[float], str]]] = {
    "duration_ms": _duration,
    "explicit": lambda value: "yes" if value >= 0.5 else "no",
    "key": lambda value: KEYS[round(value) % 12],
    "loudness": lambda value: f"{value:.1f} dB".replace("-", "\N{MINUS SIGN}"),
    "mode": lambda value: "major" if value >= 0.5 else "minor",
    "popularity": "{:.0f}".format,
    "release_year": "{:.0f}".format,
    "tempo": "{:.0f} BPM".format,
    "time_signature": "{:.0f} beats".format,
}


def name_of(feature: str) -> str:
    """A feature's name in words: ``duration``."""
    return WORDS.get(feature) or _NAMES.get(feature) or feature


def value_in_words(feature: str, value: float | None) -> str:
    """A value as people read it: ``0.83``, ``3:35``, ``−7.2 dB``, ``120 BPM``, ``F♯``, ``minor``, ``missing``."""
    if value is None or math.isnan(value) or (feature == "key" and value < 0):
        return "missing"
    return _SHOWN.get(feature, _fraction)(value)


def feature_in_words(feature: str, value: float | None) -> str:
    """A feature with its value: ``duration 3:35``, ``energy missing``, ``the artist's sound``."""
    return WORDS.get(feature) or f"{name_of(feature)} {value_in_words(feature, value)}"
