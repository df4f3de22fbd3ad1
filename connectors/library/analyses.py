"""Which source's feature values a recording is given, where several have analysed it."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from connectors.library.rows import PAGE, PAGE_DEMO
from connectors.track_ids import MATCHES
from features.columns import ANALYSED_FEATURES, AUDIO_FEATURES

PRECEDENCE: Final = ("spotify", "csv", "catalogue", "reccobeats")
"""Whose value counts: Spotify's own; the listener's table and catalogues, which mostly repeat Spotify's; then what
another service computed. Sources not named here come next, by name.

Who computed a value counts more than how it was matched: of pairs in a catalogue of 153,212 tracks that have title and
artist in common and lengths within two seconds, 81 % agree in all features from 0 to 1 to 0.05, and 90 % to 0.1."""

LAST: Final = (PAGE, PAGE_DEMO)
"""What the page showed beside a verdict: a copy out of some list, which fills what nobody else knows."""

Numbers = npt.NDArray[np.intp]


def choose_values(
    features: pd.DataFrame, recording: Numbers, place: Numbers, size: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """One value a feature for each recording.

    A whole analysis by one source comes before a mixture, for its values belong together (the mode to the key, the
    metre to the tempo): the first source by `PRECEDENCE` that has all 12 analysed features gives them all. Where none
    has, each value is of the first source that has it. What is of `LAST` never comes before another's value.

    Of several analyses by one source the one that was matched most surely counts: by id, then by ISRC, then by name.
    One of which that is not known comes before those by name, for it may be any.

    Parameters
    ----------
    features : DataFrame
        ``track_id``, ``source``, ``name``, ``value``, ``matched_by``; names that are no audio features are ignored.
    recording : ndarray of int, shape (n_values,)
        The recording of each row, in [0, size), or -1 for rows that do not matter.
    place : ndarray of int, shape (n_values,)
        Where the row's track stands among the ids of its recording; lower comes first among equals.
    size : int
        How many recordings there are.

    Returns
    -------
    values : DataFrame of float64, shape (size, 13)
        Columns `AUDIO_FEATURES`, NaN where nobody knows.
    sources : DataFrame of str, same shape
        Whose value it is, missing where nobody knows.
    """
    values = np.full((size, len(AUDIO_FEATURES)), np.nan)
    chosen = np.full(values.shape, -1, dtype=np.int16)
    name = pd.Categorical(features["name"], categories=list(AUDIO_FEATURES)).codes.astype(np.intp)
    present = sorted(features["source"].unique())
    sources = [source for source in PRECEDENCE if source in present]
    sources += [source for source in present if source not in (*PRECEDENCE, *LAST)]
    sources += [source for source in LAST if source in present]
    rank = pd.Categorical(features["source"], categories=sources).codes.astype(np.intp)
    partial = ~_whole(recording, place, rank, name) | features["source"].isin(LAST).to_numpy(dtype=bool)
    doubt = _doubt(features["matched_by"])
    rows = np.lexsort([place, doubt, rank, partial, name, recording])
    rows = rows[(recording[rows] >= 0) & (name[rows] >= 0)]
    cell = recording[rows] * len(AUDIO_FEATURES) + name[rows]
    cell, first = np.unique(cell, return_index=True)
    values.flat[cell] = features["value"].to_numpy(dtype=float)[rows[first]]
    chosen.flat[cell] = rank[rows[first]]
    labels = np.array([*sources, None], dtype=object)  # -1, nobody, is the last
    table = {feature: pd.array(labels[chosen[:, column]], dtype="str") for column, feature in enumerate(AUDIO_FEATURES)}
    return pd.DataFrame(values, columns=list(AUDIO_FEATURES)), pd.DataFrame(table)


def _doubt(matched_by: "pd.Series[Any]") -> Numbers:
    """How unsure a match is, by its place in `MATCHES`; one that is not known just before one by name."""
    *surer, last = MATCHES
    ways = [*surer, "unknown", last]
    return pd.Categorical(matched_by.fillna("unknown"), categories=ways).codes.astype(np.intp)


def _whole(recording: Numbers, place: Numbers, rank: Numbers, name: Numbers) -> npt.NDArray[np.bool_]:
    """Whether each row is part of an analysis, by one source of one id, that has all analysed features."""
    if len(recording) == 0:
        return np.zeros(0, dtype=bool)
    analysed = np.isin(name, [AUDIO_FEATURES.index(feature) for feature in ANALYSED_FEATURES])
    key = (recording * (place.max() + 1) + place) * (rank.max() + 1) + rank
    _, analysis = np.unique(key, return_inverse=True)
    counts = np.bincount(analysis, weights=analysed)
    return np.asarray(counts[analysis] == len(ANALYSED_FEATURES))
