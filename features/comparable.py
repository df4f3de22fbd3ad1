"""Two tables side by side: take away what tells where a row is from rather than what it sounds like.

Likes of one service and tracks of a catalogue differ in more than taste: one knows no time signature for a third of its
rows, the other rounds to two decimals. A model that is to tell likes from other tracks would learn that first.
"""

from collections.abc import Iterable
from typing import Final

import numpy as np
import pandas as pd

from features.columns import AUDIO_FEATURES

GAP: Final = 0.1
"""Most that the shares of rows without a value may differ by."""
MOST_DECIMALS: Final = 6
"""Finer than this, nobody rounds: numbers in single precision have no more."""

_COMPARED: Final = (*AUDIO_FEATURES, "release_date", "popularity", "explicit", "genres")
_ROUNDED: Final = 0.95  # of the values have no more decimals than the column is said to have


def made_comparable(one: pd.DataFrame, other: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, tuple[str, ...]]:
    """Leave out columns that one table knows more often than the other, and round the rest alike.

    Parameters
    ----------
    one, other : DataFrame
        Tracks tables; not changed.

    Returns
    -------
    one, other : DataFrame
        The same rows. A column whose share of missing values differs by more than ``GAP`` is missing in both: an audio
        feature in every row, any other column altogether. Numbers have as many decimals as those of the coarser table.
    notes : tuple of str
        What was left out and what was rounded.
    """
    tables, rounded = [one, other], []
    left_out = known_unevenly(one, other, _COMPARED)
    for name in left_out:
        tables = [_without(table, name) for table in tables]
    for name in AUDIO_FEATURES:
        if name in left_out or not all(name in table and table[name].notna().any() for table in tables):
            continue
        places = [decimals(table[name]) for table in tables]
        if places[0] != places[1]:
            rounded.append(name)
            tables = [table.assign(**{name: table[name].round(min(places))}) for table in tables]
    notes = []
    if left_out:
        notes.append(
            f"not learned from, since known to likes and background to different degrees: {', '.join(left_out)}"
        )
    if rounded:
        notes.append(f"rounded, since likes and background have different decimals: {', '.join(rounded)}")
    return tables[0], tables[1], tuple(notes)


def known_unevenly(one: pd.DataFrame, other: pd.DataFrame, names: Iterable[str]) -> list[str]:
    """The columns whose shares of missing values differ by more than ``GAP``; all are missing where there is no column.

    Parameters
    ----------
    one, other : DataFrame
    names : iterable of str
        Columns to compare.
    """
    missing = {name: [table[name].isna().mean() if name in table else 1.0 for table in (one, other)] for name in names}
    return [name for name, (here, there) in missing.items() if abs(here - there) > GAP]


def _without(table: pd.DataFrame, name: str) -> pd.DataFrame:
    return table.assign(**{name: np.nan}) if name in AUDIO_FEATURES else table.drop(columns=name, errors="ignore")


def decimals(values: "pd.Series[float]") -> int:
    """Decimals that almost all values have at most, up to ``MOST_DECIMALS``; 0.25 has two."""
    known = values.dropna().to_numpy(dtype=np.float64)
    for places in range(MOST_DECIMALS):
        # what single precision makes of a rounded number is that number
        as_rounded = np.isclose(known, np.round(known, places), rtol=1e-6, atol=10.0 ** -(MOST_DECIMALS + 2))
        if not len(known) or as_rounded.mean() >= _ROUNDED:
            return places
    return MOST_DECIMALS
