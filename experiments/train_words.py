"""What a train's figures say, in the words that the command line, the page and MLflow's pages share."""

import math
from collections.abc import Collection
from typing import Final

ARTISTS_UNKNOWN: Final = "no track names its artist: an artist's tracks may be on both sides, which flatters"
"""A train's note where a split by artist had no artist to go by."""

_SIDES: Final = {
    "artist": "no artist on both sides",
    "random": "random split: artists on both sides",
    "time": "the newest tracks",
}
_UNKNOWN: Final = "artists unknown"
_GUESSING: Final = 0.5


def sides(split: str, notes: Collection[str]) -> str:
    """Which tracks were held out: ``no artist on both sides``.

    Parameters
    ----------
    split : {"artist", "random", "time"}
    notes : collection of str
        The train's; they say whether artists were known.
    """
    return _UNKNOWN if split == "artist" and ARTISTS_UNKNOWN in notes else _SIDES[split]


def roc_auc_in_words(low: float | None, high: float | None) -> str:
    """The interval of a ranker's ROC AUC on held-out tracks, and whether it is clear of mere guessing.

    Parameters
    ----------
    low, high : float or None
        In [0, 1]; None or NaN where it is not defined.
    """
    said = f"The ranker's ROC AUC lies in {_number(low)} to {_number(high)} (95 % bootstrap interval)."
    if low is not None and high is not None and low <= _GUESSING:
        where = "includes" if high >= _GUESSING else "lies below"
        said += f" That {where} 0.5, which is guessing: the held-out tracks do not show that it learned anything."
    return said


def _number(value: float | None) -> str:
    return "-" if value is None or math.isnan(value) else f"{value:.3f}"
