"""Rows out of the library, as tables of pandas; read in parts, so that memory holds the table and little else."""

from typing import Any, Final

import numpy as np
import pandas as pd
from sqlalchemy import Connection, Table, select

from connectors.library import tables
from connectors.library.play_reading import read_play_columns
from connectors.library.rows import MadePlaylist
from connectors.library.values import moment

_PART: Final = 20_000
_TIME: Final = "datetime64[us, UTC]"

TRACK_DTYPES: Final = {
    "track_id": "str",
    "track_name": "str",
    "artist_name": "str",
    "album_name": "str",
    "isrc": "str",
    "duration_ms": "float64",
    "release_date": "str",
    "explicit": "boolean",
    "popularity": "float64",
}
EVIDENCE_DTYPES: Final = {
    "track_id": "str",
    "source": "str",
    "kind": "str",
    "liked": "bool",
    "weight": "float64",
    "at": _TIME,
    "reason": "str",
}
PLAY_DTYPES: Final = {
    "track_id": "str",
    "ended_at": _TIME,
    "ms_played": "int64",
    "outcome": "str",
    "reason_start": "str",
    "reason_end": "str",
    "shuffle": "boolean",
    "offline": "boolean",
}
FEATURE_DTYPES: Final = {
    "track_id": "str",
    "source": "str",
    "name": "str",
    "value": "float64",
    "fetched_at": _TIME,
    "matched_by": "str",
}


def read_tracks(connection: Connection) -> pd.DataFrame:
    """Every track, by id."""
    return _frame(connection, tables.TRACKS, TRACK_DTYPES)


def read_evidence(connection: Connection) -> pd.DataFrame:
    """All evidence, by track, source and kind."""
    return _frame(connection, tables.EVIDENCE, EVIDENCE_DTYPES)


def read_plays(connection: Connection) -> pd.DataFrame:
    """Every play, by track and time."""
    return read_play_columns(connection).frame()


def read_features(connection: Connection) -> pd.DataFrame:
    """Every feature value, by track, source and name."""
    return _frame(connection, tables.FEATURES, FEATURE_DTYPES)


def read_playlists(connection: Connection) -> list[MadePlaylist]:
    """The playlists that earmark made, the oldest first."""
    import json  # noqa: PLC0415

    table = tables.MADE_PLAYLISTS

    def listed(value: str | None) -> tuple[str, ...] | None:
        return None if value is None else tuple(json.loads(value))

    return [
        MadePlaylist(
            playlist_id=row.playlist_id,
            account=row.account,
            name=row.name,
            created_at=moment(row.created_at),
            uris=listed(row.uris) or (),
            before=listed(row.before),
            snapshot_id=row.snapshot_id,
            pending=listed(row.pending),
        )
        for row in connection.execute(select(table).order_by(table.c.created_at, table.c.playlist_id))
    ]


def _frame(connection: Connection, table: Table, dtypes: dict[str, str]) -> pd.DataFrame:
    """Some columns of a table in the order of its key."""
    query = select(*(table.c[name] for name in dtypes)).order_by(*table.primary_key)
    result = connection.execute(query, execution_options={"yield_per": _PART})
    parts = [
        pd.DataFrame(
            {
                name: _column(list(cells), dtypes[name])
                for name, cells in zip(dtypes, zip(*part, strict=True), strict=True)
            }
        )
        for part in result.partitions()
    ]
    if not parts:
        return pd.DataFrame({name: _column([], dtype) for name, dtype in dtypes.items()})
    return pd.concat(parts, ignore_index=True)


def _column(cells: list[Any], dtype: Any) -> Any:
    """The cells with their dtype; None is missing."""
    if dtype == _TIME:
        # The smallest integer is NumPy's "not a time".
        stored = [np.iinfo(np.int64).min if cell is None else cell for cell in cells]
        return pd.DatetimeIndex(np.array(stored, dtype="int64").view("datetime64[us]")).tz_localize("UTC")
    return pd.array(cells, dtype=dtype) if dtype in {"str", "boolean"} else np.array(cells, dtype=dtype)
