"""What every source of tracks promises."""

from dataclasses import dataclass
from typing import Protocol

import pandas as pd


@dataclass(frozen=True)
class Reading:
    """What a source gave.

    Parameters
    ----------
    tracks : DataFrame
        One row a track under canonical column names and units (``features.schema``), not yet validated; ``liked`` is
        1, 0 or missing where the source knows it, absent where it does not.
    notes : tuple of str
        What was recognised and converted, one line each.
    best_prediction : Series of float, optional
        By track id, the P(like) of whoever knows all that audio features can tell, where the source knows the truth
        (the demo listener): no model can be expected to rank better.
    """

    tracks: pd.DataFrame
    notes: tuple[str, ...] = ()
    best_prediction: pd.Series | None = None


class TrackSource(Protocol):
    """One place that tracks come from: a file, an account, a generator."""

    @property
    def name(self) -> str:
        """The source's name in the registry."""

    def describe(self) -> str:
        """One line for people: what this source is and what it needs."""

    def read(self) -> Reading:
        """Fetch or load the tracks; raises ``InputError`` or ``ServiceError``."""
