"""The dozen styles that demo artists play, as data.

Goal: features that look and hang together as Spotify's do. Medians and shares are rounded from what tracks of such
styles show in public tables of Spotify audio features; the correlations are those of 153,212 real tracks, weakened a
little because part of them lies between styles.

Conventions: natural units as in ``features.schema`` (0..1, dB, BPM, seconds); every ``*_share`` is a probability.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt


class Style(NamedTuple):
    """What the tracks of one style have in common: medians, shares and where they come from."""

    name: str
    weight: float
    danceability: float
    energy: float
    valence: float
    acousticness: float
    speechiness: float
    liveness: float
    loudness: float
    tempo: float
    tempo_spread: float
    """Standard deviation of log tempo."""
    octave_share: float
    """Tracks whose beat is counted twice as fast or half as fast, as beat trackers do."""
    instrumental_share: float
    major_share: float
    waltz_share: float
    duration: float
    age: float
    """Median years between a track's release and its being heard."""
    popularity: float
    explicit_share: float


_ROWS = (
    # name, weight, danceability, energy, valence, acousticness, speechiness, liveness, loudness, tempo, its spread,
    # octave, instrumental, major, waltz shares, duration, age, popularity, explicit share
    ("indie pop", 1.4, 0.61, 0.64, 0.50, 0.150, 0.044, 0.13, -6.8, 116, 0.16, 0.12, 0.05, 0.68, 0.05, 214, 6, 52, 0.12),
    ("indie rock", 1.3, 0.50, 0.77, 0.48, 0.02, 0.045, 0.15, -6.2, 125, 0.17, 0.1, 0.12, 0.66, 0.06, 228, 10, 46, 0.08),
    ("metal", 0.7, 0.40, 0.92, 0.31, 0.002, 0.075, 0.17, -5.1, 130, 0.20, 0.16, 0.25, 0.50, 0.07, 266, 11, 40, 0.12),
    ("punk", 0.7, 0.46, 0.91, 0.57, 0.006, 0.068, 0.20, -4.9, 158, 0.14, 0.14, 0.03, 0.72, 0.02, 166, 15, 41, 0.18),
    ("hip hop", 1.2, 0.74, 0.64, 0.46, 0.120, 0.210, 0.15, -6.7, 94, 0.14, 0.38, 0.03, 0.52, 0.01, 208, 6, 58, 0.66),
    ("house", 1.0, 0.75, 0.78, 0.46, 0.020, 0.054, 0.11, -7.2, 124, 0.03, 0.02, 0.55, 0.46, 0.00, 318, 6, 42, 0.04),
    ("electronic", 0.9, 0.62, 0.62, 0.30, 0.13, 0.049, 0.11, -9.4, 120, 0.15, 0.14, 0.72, 0.50, 0.04, 282, 8, 40, 0.02),
    ("ambient", 0.6, 0.27, 0.17, 0.12, 0.85, 0.041, 0.11, -19.0, 102, 0.22, 0.15, 0.90, 0.60, 0.17, 258, 7, 38, 0.00),
    ("folk", 1.1, 0.50, 0.32, 0.39, 0.740, 0.036, 0.12, -11.5, 114, 0.19, 0.15, 0.07, 0.77, 0.20, 222, 12, 45, 0.03),
    ("jazz", 0.9, 0.53, 0.34, 0.50, 0.760, 0.044, 0.12, -13.0, 112, 0.22, 0.16, 0.58, 0.57, 0.14, 312, 28, 34, 0.00),
    ("soul", 1.1, 0.66, 0.51, 0.55, 0.300, 0.066, 0.12, -8.3, 102, 0.17, 0.18, 0.03, 0.50, 0.06, 238, 16, 50, 0.18),
    ("latin pop", 1.0, 0.73, 0.74, 0.70, 0.190, 0.068, 0.13, -5.6, 102, 0.14, 0.30, 0.01, 0.58, 0.02, 212, 5, 60, 0.12),
)  # fmt: skip

STYLES = tuple(Style(*row) for row in _ROWS)
"""The styles; an artist plays one of them with a chance in proportion to its ``weight``."""

LATENTS = (
    "danceability",
    "energy",
    "valence",
    "acousticness",
    "speechiness",
    "liveness",
    "loudness",
    "tempo",
    "duration_ms",
)
"""Features drawn together, from one normal distribution on their transformed scales."""

SPREAD: npt.NDArray[np.float64] = np.array([0.60, 0.75, 0.85, 1.40, 0.45, 0.55, 2.30, 1.00, 0.24])
"""Standard deviations within a style: logits, logs (speechiness, liveness, duration), dB; tempo has its style's own."""

CORRELATION: npt.NDArray[np.float64] = np.array(
    [
        # dance energy valence acoust. speech live  loud  tempo duration
        [1.00, 0.05, 0.42, -0.08, 0.20, -0.12, 0.10, -0.12, -0.08],
        [0.05, 1.00, 0.25, -0.52, 0.18, 0.15, 0.66, 0.14, 0.00],
        [0.42, 0.25, 1.00, -0.05, 0.08, 0.00, 0.16, 0.04, -0.12],
        [-0.08, -0.52, -0.05, 1.00, -0.10, -0.04, -0.38, -0.12, -0.06],
        [0.20, 0.18, 0.08, -0.10, 1.00, 0.10, 0.10, 0.06, -0.05],
        [-0.12, 0.15, 0.00, -0.04, 0.10, 1.00, 0.08, 0.02, 0.04],
        [0.10, 0.66, 0.16, -0.38, 0.10, 0.08, 1.00, 0.10, -0.05],
        [-0.12, 0.14, 0.04, -0.12, 0.06, 0.02, 0.10, 1.00, -0.02],
        [-0.08, 0.00, -0.12, -0.06, -0.05, 0.04, -0.05, -0.02, 1.00],
    ]
)
"""Correlations of ``LATENTS`` among the tracks of one style."""

KEY_SHARES: npt.NDArray[np.float64] = np.array([112, 108, 99, 30, 75, 83, 69, 109, 66, 100, 67, 83]) / 1001.0
"""How often each pitch class (C, C#, ... B) is the key, in the same real tracks."""
