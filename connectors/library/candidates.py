"""Tracks as candidates: what the library knows of them, and no word about liking."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from sqlalchemy import Connection

from connectors.library import reading
from connectors.library.identity import Positions, recordings
from connectors.library.labelling import COLUMNS, NAMES, merge_recordings, positions_of, recording_features
from features.identity import LOCAL_ID


def candidate_tracks(connection: Connection, track_ids: Sequence[str]) -> pd.DataFrame:
    """A tracks table without labels.

    Parameters
    ----------
    connection : Connection
    track_ids : sequence of str
        Unknown ones are passed over; of ids of one recording the first is given, one of Spotify's or of an ISRC
        rather than one of our own: with a local file's nothing could be done in Spotify.

    Returns
    -------
    DataFrame
        In the order asked for, under canonical column names, not yet validated. What one id of a recording lacks is
        filled from its others.
    """
    tracks = reading.read_tracks(connection)
    recording = recordings(tracks)
    rows = positions_of(tracks, pd.Series(list(track_ids), dtype="str"))
    rows = rows[rows >= 0]
    asked = _one_each(rows, recording, tracks["track_id"].str.startswith(LOCAL_ID).to_numpy(dtype=bool))
    best, members = merge_recordings(tracks, recording, recording[asked])
    values, _ = recording_features(connection, tracks, members, len(asked))
    values["duration_ms"] = best["duration_ms"].fillna(values["duration_ms"])
    table = pd.concat([best[list(NAMES)], values], axis=1)
    table["track_id"] = tracks["track_id"].to_numpy()[asked]
    return table[[name for name in COLUMNS if name in table]]


def _one_each(rows: Positions, recording: Positions, is_local: npt.NDArray[np.bool_]) -> Positions:
    """One row a recording, in the order in which recordings first come."""
    _, begins = np.unique(recording[rows], return_index=True)
    best = rows[np.argsort(is_local[rows], kind="stable")]
    _, firsts = np.unique(recording[best], return_index=True)  # recordings are in one order in both
    chosen: Positions = best[firsts][np.argsort(begins)]
    return chosen
