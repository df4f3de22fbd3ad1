"""What more and less of a feature is, whose taste it is, and how sentences are put together."""

from dataclasses import dataclass
from typing import Final, Literal

from features.columns import AUDIO_FEATURES
from features.inputs import NUMERIC
from features.schema import COLUMNS

CATEGORIES: Final = ("key", "mode", "time_signature")
"""Audio features of a few kinds, which have no range."""
SCALES: Final = tuple(name for name in NUMERIC if name not in CATEGORIES)
"""Audio features on a scale, of which differences and distances mean something."""
BESIDE: Final = ("popularity", "release_year")
"""What else is on a scale and often known."""


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


def unit_of(feature: str) -> str:
    """The unit of its values, as `features.schema` has it; empty where there is none."""
    if feature == "release_year":
        return "year"
    return COLUMNS[feature].unit if feature in COLUMNS else ""


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
