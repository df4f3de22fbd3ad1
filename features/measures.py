"""What is remembered of a track for its artist's profile: 14 numbers, each in 65,535 whole steps of its range.

Whole steps add up exactly, in any order and on any machine. So a track that is taken out of its artist's sums leaves
nothing behind, and a profile does not depend on the order of the tracks.
"""

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.cleaning import numbers, yes_no
from features.columns import AUDIO_FEATURES

CodeArray = npt.NDArray[np.uint16]
FloatArray = npt.NDArray[np.float64]

ABSENT: Final = 65535
"""The code of a missing value."""

RANGES: Final[dict[str, tuple[float, float]]] = {
    "acousticness": (0, 1),
    "danceability": (0, 1),
    "energy": (0, 1),
    "instrumentalness": (0, 1),
    "liveness": (0, 1),
    "loudness": (-70, 10),
    "speechiness": (0, 1),
    "tempo": (0, 300),
    "valence": (0, 1),
    "duration_ms": (0, 25 * 65534),  # longer than 27 minutes is no song: it counts as 27 minutes
    "mode": (0, 1),
    "popularity": (0, 100),
    "explicit": (0, 1),
    "year": (1900, 2199),
}
"""What is remembered, with the values of the first and the last step; beyond them the nearest counts."""

MEASURES: Final = tuple(RANGES)
SOUND: Final = MEASURES[:9]
"""Those by which two tracks of an artist are recognised as one recording: the analysis, which does not depend on
where a table was taken from."""
CONTINUOUS: Final = MEASURES[:10]
"""Those of which a deviation says something."""

_LOW: Final = np.array([low for low, _ in RANGES.values()])
_STEP: Final = np.array([(high - low) / (ABSENT - 1) for low, high in RANGES.values()])
_AUDIO: Final = [MEASURES.index(name) for name in MEASURES if name in AUDIO_FEATURES]


def read_codes(tracks: pd.DataFrame) -> CodeArray:
    """What is remembered of each track.

    Parameters
    ----------
    tracks : DataFrame
        Canonical columns and units, validated or not; a column that is not there is all missing, and so are cells that
        are no numbers. Labels are not read.

    Returns
    -------
    ndarray of uint16, shape (n_tracks, 14)
        Steps, columns as ``MEASURES``; ``ABSENT`` where missing, and everywhere where the analysis failed (tempo and
        danceability are 0).
    """
    values = np.full((len(tracks), len(MEASURES)), np.nan)
    for position, name in enumerate(MEASURES):
        column = "release_date" if name == "year" else name
        if column in tracks:
            values[:, position] = _values(name, tracks[column])
    tempo = values[:, MEASURES.index("tempo")]
    failed = (tempo == 0) & (values[:, MEASURES.index("danceability")] == 0)
    values[failed] = np.nan
    tempo[tempo == 0] = np.nan
    steps = np.rint((np.clip(values, _LOW, _LOW + (ABSENT - 1) * _STEP) - _LOW) / _STEP)
    return np.where(np.isnan(steps), ABSENT, steps).astype(np.uint16)


def means(sums: npt.NDArray[np.int64], counts: npt.NDArray[np.int64]) -> FloatArray:
    """Means in the measures' units out of sums of steps; NaN where nothing was summed."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(_LOW + _STEP * (sums / counts))


def deviations(
    sums: npt.NDArray[np.int64], squares: npt.NDArray[np.int64], counts: npt.NDArray[np.int64]
) -> FloatArray:
    """Sample standard deviations in the measures' units out of sums of steps; NaN for fewer than two values."""
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = np.maximum(squares - sums * (sums / counts), 0) / (counts - 1)
    return np.asarray(_STEP * np.sqrt(np.where(counts > 1, spread, np.nan)))


def audible(codes: CodeArray) -> npt.NDArray[np.bool_]:
    """Which tracks have any audio feature, shape (n_tracks,)."""
    return np.asarray((codes[:, _AUDIO] != ABSENT).any(axis=1))


def _values(name: str, column: "pd.Series[Any]") -> FloatArray:
    """One measure of each track; NaN where missing or out of what a table can mean."""
    if name == "year":
        years = pd.to_numeric(column.astype("str").str[:4], errors="coerce").to_numpy(np.float64, na_value=np.nan)
        return np.asarray(np.where((years >= 1900) & (years <= 2199), years, np.nan))
    if name == "explicit":
        answers = column if isinstance(column.dtype, pd.BooleanDtype | np.dtypes.BoolDType) else yes_no(column).column
        return np.asarray(answers.astype("boolean").to_numpy(np.float64, na_value=np.nan))
    values = numbers(column, switches=name == "mode").column.to_numpy(np.float64)
    low, high = (0.0, 24 * 3600e3) if name == "duration_ms" else RANGES[name]
    plausible = (values >= low) & (values <= high) & ~((name == "duration_ms") & (values == 0))
    return np.asarray(np.where(plausible, values, np.nan))
