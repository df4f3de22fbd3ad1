"""What every source of tracks promises."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import pandas as pd

from connectors.http.waiting import Wait, silent


@dataclass(frozen=True)
class SourceRequest:
    """What is asked of a source.

    Parameters
    ----------
    reference : str
        What the user typed: the source's name, or for files the path.
    label : str, optional
        The column that they named as the label.
    seed : int
        Matters to sources that generate.
    labels : bool
        Whether labels are wanted. Without, ``tracks`` has no ``liked``, and nothing about labels is worth an error.
    library_url : str, optional
        The database of pulled tracks, for sources that read it.
    catalogue : Path, optional
        A table of audio features that sources may look tracks up in.
    page_verdicts : bool
        Whether what the listener said on the page counts, for sources that read the library.
    without_features : {"use", "wait"}
        Whether tracks without any audio feature are given for what else is known of them, or wait until one is known.
    max_wait : float, seconds
        How long a service may let us wait.
    on_wait : callable
        Told of each wait while it lasts.
    on_progress : callable
        Told in words how far fetching is.
    """

    reference: str
    label: str | None = None
    seed: int = 0
    labels: bool = True
    library_url: str | None = None
    page_verdicts: bool = True
    catalogue: Path | None = None
    without_features: Literal["use", "wait"] = "wait"
    max_wait: float = 60.0
    on_wait: Callable[[Wait], None] = silent
    on_progress: Callable[[str], None] = lambda _: None


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

    def read(self) -> Reading:
        """Fetch or load the tracks; raises ``InputError`` or ``ServiceError``."""
