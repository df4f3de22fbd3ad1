"""What models read of a track: the audio features, the key as a circle, and whatever else is known of it.

Conventions: columns are picked from a table by name, so a column that is missing there is all missing values; values
that are not finite, and the key -1 (Spotify's "unknown"), count as missing. Key 11 (B) lies beside key 0 (C), so the
key becomes a point on a circle: sine and cosine of its angle, 30 degrees a semitone. A tempo of 70 and one of 140 are
often the same beat counted twice, so the tempo is also given folded into one octave, as a point on a circle.
"""

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.columns import AUDIO_FEATURES
from features.context import CONTEXT_COLUMNS

FloatArray = npt.NDArray[np.float64]

CIRCLE: Final = ("key_sin", "key_cos")
"""What stands for the key, but in trees."""

NUMERIC: Final = tuple(name for name in AUDIO_FEATURES if name != "key")
"""The audio features that are numbers on a line."""

DETAILS: Final = ("tempo_sin", "tempo_cos", "release_year", "popularity", "explicit")
"""What else a tracks table may tell of a track."""

FURTHER: Final = (*DETAILS, *CONTEXT_COLUMNS)
"""Inputs that a model takes where the training rows have them."""

INPUTS: Final = (*AUDIO_FEATURES, *FURTHER)
"""Every column that a model may read, in order."""


def read_numbers(tracks: pd.DataFrame, columns: tuple[str, ...]) -> FloatArray:
    """Columns of a tracks table as floats.

    Parameters
    ----------
    tracks : DataFrame
        A tracks table.
    columns : tuple of str
        Columns to read; one that the table lacks is all NaN.

    Returns
    -------
    ndarray of float, shape (n_tracks, n_columns)
        NaN where missing or not finite.
    """
    values = np.full((len(tracks), len(columns)), np.nan)
    for position, name in enumerate(columns):
        if name in tracks.columns:
            values[:, position] = pd.to_numeric(tracks[name], errors="coerce").to_numpy(np.float64, na_value=np.nan)
    values[~np.isfinite(values)] = np.nan
    return values


def key_number(tracks: pd.DataFrame) -> FloatArray:
    """The key as it is, 0 (C) to 11 (B): shape (n_tracks,); NaN where it is missing or negative."""
    key = read_numbers(tracks, ("key",))[:, 0]
    return np.where(key >= 0, key, np.nan)


def key_circle(tracks: pd.DataFrame) -> FloatArray:
    """The key as sine and cosine, each in [-1, 1]: shape (n_tracks, 2); NaN where the key is missing or negative."""
    angle = 2 * np.pi * key_number(tracks) / 12
    return np.column_stack([np.sin(angle), np.cos(angle)])


def tempo_circle(tempo: FloatArray) -> FloatArray:
    """The tempo without its octave, as sine and cosine: shape (n_tracks, 2); NaN where it is missing or 0."""
    known = np.where(np.nan_to_num(tempo, nan=0.0) > 0, tempo, np.nan)
    angle = 2 * np.pi * np.log2(known)
    return np.column_stack([np.sin(angle), np.cos(angle)])


def input_table(tracks: pd.DataFrame) -> pd.DataFrame:
    """All that models may read of these tracks, as numbers.

    Parameters
    ----------
    tracks : DataFrame, n_tracks rows
        A tracks table, with or without the columns of `features.context`; or an input table, which stays as it is.

    Returns
    -------
    DataFrame of float, n_tracks rows
        The audio features, and of ``FURTHER`` those columns that the table tells something of; index of ``tracks``.
    """
    tempo = tempo_circle(read_numbers(tracks, ("tempo",))[:, 0])
    made: dict[str, FloatArray] = {"tempo_sin": tempo[:, 0], "tempo_cos": tempo[:, 1]}
    if "release_year" not in tracks and "release_date" in tracks:
        years = tracks["release_date"].astype("str").str.slice(0, 4)
        made["release_year"] = pd.to_numeric(years, errors="coerce").to_numpy(np.float64, na_value=np.nan)
    columns = {name: read_numbers(tracks, (name,))[:, 0] for name in AUDIO_FEATURES}
    for name in FURTHER:
        if name in made:
            columns[name] = made[name]
        elif name in tracks:
            columns[name] = read_numbers(tracks, (name,))[:, 0]
    return pd.DataFrame(columns, index=tracks.index)


def further_inputs(tracks: pd.DataFrame) -> tuple[str, ...]:
    """Those of ``FURTHER`` that vary, or are sometimes missing, in these rows: the others cannot teach anything."""
    present = tuple(name for name in FURTHER if name in tracks)
    values = read_numbers(tracks, present)
    known = ~np.isnan(values)
    return tuple(name for name, column, there in zip(present, values.T, known.T, strict=True) if _varies(column, there))


def _varies(column: FloatArray, known: npt.NDArray[np.bool_]) -> bool:
    values: npt.NDArray[Any] = column[known]
    return len(values) > 0 and (len(values) < len(column) or bool(values.min() < values.max()))
