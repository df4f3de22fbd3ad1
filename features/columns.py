"""The names of the audio features, and what is known about a column."""

from dataclasses import dataclass
from typing import Final

AUDIO_FEATURES: Final = (
    "acousticness",
    "danceability",
    "duration_ms",
    "energy",
    "instrumentalness",
    "key",
    "liveness",
    "loudness",
    "mode",
    "speechiness",
    "tempo",
    "time_signature",
    "valence",
)
"""Spotify's 13 audio features, in the order every part of earmark uses."""

ANALYSED_FEATURES: Final = tuple(name for name in AUDIO_FEATURES if name != "duration_ms")
"""The 12 features that come from listening to the sound; a track's duration is known without any analysis."""


@dataclass(frozen=True)
class ColumnInfo:
    """What a column of a tracks table holds.

    Parameters
    ----------
    dtype : str
        The pandas dtype after validation.
    unit : str
        The unit or coding of its values; empty for text.
    low, high : float or None
        The smallest and largest value allowed; None where there is no such bound.
    nullable : bool
        Whether a value may be missing.
    description : str
        What it means, in a sentence.
    """

    dtype: str
    unit: str
    low: float | None
    high: float | None
    nullable: bool
    description: str
