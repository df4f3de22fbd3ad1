"""Verdicts given on the page, as part of what a train learns from.

Sources that read the library have them in their evidence, where they count by its rules. A file has none, and the demo
is kept apart: there the tracks are joined here, and what was said of a track on the page is its label.
"""

from dataclasses import replace
from typing import Final, Literal

import pandas as pd

from connectors.demo.listener import demo_listener
from earmark.home import Home
from earmark.reading import ReadTracks
from features.duplicates import merge_duplicates
from features.errors import InputError
from features.schema import validate
from models.known import KnownTracks

PAGE: Final = "page"
PAGE_DEMO: Final = "page_demo"
DEMO: Final = "demo"
OF_LIBRARY: Final = ("library", "spotify", "history", "listenbrainz")
"""Sources whose reading has the verdicts in it."""


def verdict_source(trained_on: str) -> str:
    """Where the verdicts come from that count for a train on this source: ``page``, or ``page_demo`` for the demo."""
    return PAGE_DEMO if trained_on == DEMO else PAGE


def verdict_tracks(
    home: Home, source: str, *, without_features: Literal["use", "wait"] = "wait"
) -> pd.DataFrame | None:
    """The tracks that something was said of on the page.

    Parameters
    ----------
    home : Home
    source : {"page", "page_demo"}
    without_features : {"use", "wait"}
        Whether tracks without any audio feature are among them.

    Returns
    -------
    DataFrame or None
        A validated tracks table with ``liked``, the newest verdict first; None where there is none.
    """
    from connectors.library import Library  # noqa: PLC0415 (a database driver, where there is a library)
    from connectors.library.address import file_of, parse  # noqa: PLC0415

    file = file_of(parse(home.library_url))
    if file is not None and not file.exists():
        return None
    with Library.open(home.library_url) as library:
        found = library.tracks_table(sources=(source,), without_features=without_features).tracks
    if found.empty:
        return None
    newest_first = found.sort_values(["added_at", "track_id"], ascending=[False, True])
    try:
        tracks, _ = validate(newest_first, unheard=without_features == "use")
    except InputError:  # a handful of odd values can look like a table in other units
        return None
    return None if tracks.empty else tracks


def with_verdicts(read: ReadTracks, home: Home, *, without_features: Literal["use", "wait"] = "wait") -> ReadTracks:
    """Join what was said on the page to what was read.

    A recording that the table has gets the page's label; others are added. Without verdicts nothing changes at all.

    Parameters
    ----------
    read : ReadTracks
    home : Home
    without_features : {"use", "wait"}
        As it was read with.

    Returns
    -------
    ReadTracks
        ``verdicts_of`` says whose verdicts are in it, a note how many.
    """
    source = verdict_source(read.source)
    said = verdict_tracks(home, source, without_features=without_features) if "liked" in read.tracks else None
    if said is None:
        return read
    if read.source in OF_LIBRARY:
        return _noted(read, source, said)
    joined = replace(read, tracks=joined_tracks(read.tracks, said))
    return _noted(replace(joined, best_prediction=_best_prediction(joined)), source, said)


def joined_tracks(tracks: pd.DataFrame, said: pd.DataFrame) -> pd.DataFrame:
    """A labelled table with verdicts, each recording once.

    Parameters
    ----------
    tracks : DataFrame
        A validated tracks table with ``liked``.
    said : DataFrame
        Another one; of a recording that comes twice the first row counts.

    Returns
    -------
    DataFrame
        The columns of ``tracks``; its rows first, in order.
    """
    both = pd.concat([tracks, said.reindex(columns=tracks.columns).astype(tracks.dtypes)], ignore_index=True)
    merged, track_of = merge_duplicates(both)
    rows = track_of[len(tracks) :][::-1]  # what is assigned last stays
    for name in ("liked", "weight"):
        if name in tracks:
            merged.loc[rows, name] = said[name].to_numpy()[::-1]
    return merged


def _noted(read: ReadTracks, source: str, said: pd.DataFrame) -> ReadTracks:
    n = len(said)
    note = "1 verdict from the page counts as well" if n == 1 else f"{n:,} verdicts from the page count as well"
    judged = frozenset(read.tracks["track_id"][KnownTracks.of(said).flags(read.tracks)])
    return replace(read, notes=(*read.notes, note), verdicts_of=source, judged_on_page=judged)


def _best_prediction(joined: ReadTracks) -> pd.Series | None:
    """The best prediction for every track of the table; None where it is not known of one."""
    best = joined.best_prediction
    if best is None:
        return None
    listener = demo_listener()
    invented = pd.Series(listener.candidate_feature_probability, index=listener.candidates["track_id"])
    best = pd.concat([best, invented[~invented.index.isin(best.index)]])
    return best if joined.tracks["track_id"].isin(best.index).all() else None
