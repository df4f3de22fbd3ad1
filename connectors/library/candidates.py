"""Tracks as candidates: what the library knows of them, and no word about liking."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from sqlalchemy import Connection

from connectors.library import reading
from connectors.library.identity import recordings
from connectors.library.labelling import COLUMNS, NAMES, merge_recordings, positions_of, recording_features


def candidate_tracks(connection: Connection, track_ids: Sequence[str]) -> pd.DataFrame:
    """A tracks table without labels.

    Parameters
    ----------
    connection : Connection
    track_ids : sequence of str
        Unknown ones are passed over; of ids of one recording the first is given.

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
    _, firsts = np.unique(recording[rows], return_index=True)
    asked = rows[np.sort(firsts)]
    best, members = merge_recordings(tracks, recording, recording[asked])
    values, _ = recording_features(connection, tracks, members, len(asked))
    values["duration_ms"] = best["duration_ms"].fillna(values["duration_ms"])
    table = pd.concat([best[list(NAMES)], values], axis=1)
    table["track_id"] = tracks["track_id"].to_numpy()[asked]
    return table[[name for name in COLUMNS if name in table]]
