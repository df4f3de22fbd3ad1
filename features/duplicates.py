"""Rows that are the same track: found by id, by name or by identical analysis, and merged into one.

Two rows are the same track when they share the track id; or, where at least one of them has no catalogue id, artist and
title; or all 13 audio features (the same analysis is of the same recording, whatever its ids). "Same" carries over:
a = b and b = c make a = c.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from features.identity import LOCAL_ID, track_keys

Positions = npt.NDArray[np.intp]


def merge_duplicates(tracks: pd.DataFrame) -> tuple[pd.DataFrame, Positions]:
    """Merge the rows of each track into its first.

    Parameters
    ----------
    tracks : DataFrame
        Canonical columns and dtypes, any index.

    Returns
    -------
    merged : DataFrame
        One row a track in the order of their first rows, RangeIndex: the first row's values, its missing cells filled
        from the track's later rows in order.
    track_of : ndarray of int, shape (n_rows,)
        For each row given, the position of its track in ``merged``.
    """
    merged = tracks.reset_index(drop=True)
    track_of = np.arange(len(merged))
    keys = track_keys(merged)
    while True:  # filling a missing cell may reveal one more duplicate; each round loses at least one row
        group = _same_track(keys, _catalogued(merged["track_id"]))
        if len(group) == 0 or group.max() + 1 == len(merged):
            return merged, track_of
        merged, keys = _collapse(merged, keys, group)
        track_of = group[track_of]


def _catalogued(track_id: "pd.Series[Any]") -> npt.NDArray[np.bool_]:
    """Which rows carry a catalogue's id, rather than none or one that earmark made."""
    return (track_id.notna() & ~track_id.str.startswith(LOCAL_ID).fillna(value=False).astype(bool)).to_numpy(dtype=bool)


def _same_track(keys: pd.DataFrame, catalogued: npt.NDArray[np.bool_]) -> Positions:
    """Number the tracks from 0 in the order of their first rows: (n_rows,)."""
    rows = np.arange(len(keys))
    links = [_first_of_key(keys[name].to_numpy(), rows) for name in ("id_key", "feature_key")]
    # Rows without an id join the first row of their name, one with an id where there is one; two catalogue ids of one
    # name stay two tracks (a remaster, a live version).
    ranked = np.concatenate([rows[catalogued], rows[~catalogued]])
    by_name = _first_of_key(keys["name_key"].to_numpy(), ranked)
    links.append(np.where(catalogued, rows, by_name))
    ends = np.concatenate(links)
    starts = np.tile(rows, len(links))
    graph = coo_array((np.ones(len(ends), dtype=np.int8), (starts, ends)), shape=(len(rows), len(rows)))
    _, component = connected_components(graph.tocsr(), directed=False)
    tracks: Positions = pd.factorize(component)[0]
    return tracks


def _first_of_key(keys: npt.NDArray[np.uint64], order: Positions) -> Positions:
    """For each row the first row, in the order given, that has the same key; itself where the key is 0."""
    _, place, key_of = np.unique(keys[order], return_index=True, return_inverse=True)
    first = np.empty(len(order), dtype=np.intp)
    first[order] = order[place[key_of]]
    return np.where(keys == 0, np.arange(len(keys)), first)


def _collapse(tracks: pd.DataFrame, keys: pd.DataFrame, group: Positions) -> tuple[pd.DataFrame, pd.DataFrame]:
    """One row a group, with the keys of the rows that changed made anew."""
    first = np.unique(group, return_index=True)[1]
    several = np.bincount(group) > 1
    merged = tracks.take(first).reset_index(drop=True)
    merged_keys = keys.take(first).reset_index(drop=True)
    members = several[group]
    filled = tracks[members].groupby(group[members]).first().astype(tracks.dtypes.to_dict())
    for name in merged.columns:
        merged.loc[filled.index, name] = filled[name]
    merged_keys.loc[filled.index] = track_keys(merged.loc[filled.index])
    return merged, merged_keys
