"""Features as people call them: names, values with their units, and what more and less of them is."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from earmark.ranking import WORDS
from features.columns import AUDIO_FEATURES
from features.inputs import NUMERIC
from features.schema import COLUMNS

CATEGORIES: Final = ("key", "mode", "time_signature")
"""Audio features of a few kinds, which have no range."""
SCALES: Final = tuple(name for name in NUMERIC if name not in CATEGORIES)
"""Audio features on a scale, of which differences and distances mean something."""
BESIDE: Final = ("popularity", "release_year")
"""What else is on a scale and often known."""
KEYS: Final = ("C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B")


@dataclass(frozen=True)
class Comparison:
    """What more and less of a feature is, of tracks ("louder") and as a quantity ("more energy")."""

    more: str
    less: str
    rising: str
    falling: str


@dataclass(frozen=True)
class Listener:
    """Whose taste it is, as sentences put it.

    Parameters
    ----------
    name : {"you", "demo"}
    likes, skips : str
        ``your likes``; the skips where the likes were named before.
    like, have : str
        With the listener as the subject: ``you like``, ``you have``.
    """

    name: Literal["you", "demo"]
    likes: str
    skips: str
    like: str
    have: str


YOU: Final = Listener("you", "your likes", "your skips", "you like", "you have")
DEMO_LISTENER: Final = Listener(
    "demo",
    "the demo listener's likes",
    "their skips",
    "the demo listener likes",
    "the demo listener has",
)

COMPARISONS: Final = {
    "acousticness": Comparison("more acoustic", "less acoustic", "more acoustic", "less acoustic"),
    "danceability": Comparison("more danceable", "less danceable", "more danceable", "less danceable"),
    "duration_ms": Comparison("longer", "shorter", "longer", "shorter"),
    "energy": Comparison("more energetic", "less energetic", "more energy", "less energy"),
    "instrumentalness": Comparison("more instrumental", "less instrumental", "more instrumental", "less instrumental"),
    "liveness": Comparison("more like a concert", "less like a concert", "more live", "less live"),
    "loudness": Comparison("louder", "quieter", "louder", "quieter"),
    "mode": Comparison("more often in major", "more often in minor", "major", "minor"),
    "speechiness": Comparison("wordier", "less wordy", "more speech", "less speech"),
    "tempo": Comparison("faster", "slower", "faster", "slower"),
    "valence": Comparison("happier", "darker", "happier", "darker"),
    "popularity": Comparison("more popular", "less popular", "more popular", "less popular"),
    "release_year": Comparison("newer", "older", "newer", "older"),
}

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


def unit_of(feature: str) -> str:
    """The unit of its values, as `features.schema` has it; empty where there is none."""
    if feature == "release_year":
        return "year"
    return COLUMNS[feature].unit if feature in COLUMNS else ""


def value_in_words(feature: str, value: float | None) -> str:
    """A value as people read it: ``0.83``, ``3:35``, ``−7.2 dB``, ``120 BPM``, ``F♯``, ``minor``, ``missing``."""
    if value is None or math.isnan(value):
        return "missing"
    return _SHOWN.get(feature, _fraction)(value)


def is_fraction(feature: str) -> bool:
    """Whether a feature goes from 0 to 1."""
    return feature in AUDIO_FEATURES and COLUMNS[feature].unit == "fraction"


def sentence(words: str) -> str:
    """The words with a capital at their beginning; names keep theirs."""
    return words[:1].upper() + words[1:]


def listing(parts: list[str]) -> str:
    """``a, b and c``."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def percent(share: float) -> str:
    """``83 %``, in one piece."""
    return f"{share:.0%}".replace("%", "\N{NO-BREAK SPACE}%")
