"""What a ranker learned from, as arrays: the start of everything that a portrait says."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from earmark.home import Home
from earmark.page.portrait.keeping import Kept
from earmark.page.portrait.wording import BESIDE, SCALES
from earmark.training_tables import load_table, table_file
from features.artists import artist_hashes
from features.background import BACKGROUND
from features.columns import AUDIO_FEATURES
from features.errors import InputError
from features.inputs import input_table

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]

SKIPPED: Final = "skipped"
BACKGROUND_WORD: Final = "background"
"""What the other tracks are called where the listener judged none of them."""
_DAY_US: Final = 86_400 * 10**6


@dataclass(frozen=True)
class TasteTable:
    """The tracks that a ranker learned from and was judged on, in the order of their ids.

    Parameters
    ----------
    track_id, track_name, artist_name : tuple of str or None
    liked : ndarray of bool, shape (n,)
        The others were skipped or, in a table of likes alone, are background that nobody judged.
    measures : dict of str to ndarray of float, shape (n,)
        Audio features, and popularity and release year where they are known, in `features.schema`'s units; NaN where
        missing.
    artists : ndarray of int, shape (n,)
        Which tracks are of one artist; a track without one is alone.
    named : ndarray of bool, shape (n,)
        Whether an artist is named.
    probability : ndarray of float, shape (n,)
        Like probability by models that had not seen the track, in [0, 1]; NaN where there is none.
    held_out : ndarray of bool, shape (n,)
        Rows that nothing of the ranker was fitted or chosen on.
    added : ndarray of float, shape (n,)
        When the track was added or judged, in days since 1970 UTC; NaN where unknown.
    others : {"skipped", "background"}
    """

    track_id: tuple[str, ...]
    track_name: tuple[str | None, ...]
    artist_name: tuple[str | None, ...]
    liked: BoolArray
    measures: dict[str, FloatArray]
    artists: IntArray
    named: BoolArray
    probability: FloatArray
    held_out: BoolArray
    added: FloatArray
    others: str

    def __len__(self) -> int:
        return len(self.liked)

    @classmethod
    def of(cls, table: pd.DataFrame) -> "TasteTable":
        """Read `TrainResult.judged`, whatever the order of its rows."""
        rows = table[table["liked"].notna()].sort_values("track_id", kind="stable").reset_index(drop=True)
        n = len(rows)
        inputs = input_table(rows)
        names = [*AUDIO_FEATURES, *(name for name in BESIDE if name in inputs and inputs[name].notna().any())]
        keys = artist_hashes(rows["artist_name"]) if "artist_name" in rows else np.zeros(n, dtype=np.uint64)
        artists = np.unique(keys, return_inverse=True)[1].astype(np.int64)
        artists[keys == 0] = n + np.flatnonzero(keys == 0)
        return cls(
            track_id=tuple(map(str, rows["track_id"])),
            track_name=_texts(rows, "track_name"),
            artist_name=_texts(rows, "artist_name"),
            liked=(rows["liked"] == 1).to_numpy(dtype=np.bool_),
            measures={name: inputs[name].to_numpy(dtype=np.float64) for name in names},
            artists=artists,
            named=keys != 0,
            probability=_numbers(rows, "like_probability"),
            held_out=rows["held_out"].to_numpy(dtype=np.bool_) if "held_out" in rows else np.zeros(n, dtype=np.bool_),
            added=_days(rows),
            others=BACKGROUND_WORD if BACKGROUND in rows and rows[BACKGROUND].notna().any() else SKIPPED,
        )


_TABLES: Final[Kept[TasteTable]] = Kept(4)


def table_of(home: Home, run_id: str) -> tuple[TasteTable, tuple[str, int, int]] | None:
    """The table of a run, with a key that changes when it does; None where there is none.

    Raises
    ------
    InputError
        If its file is damaged.
    """
    file = table_file(home, run_id)
    try:
        state = file.stat()
    except OSError:
        return None
    key = (str(file), state.st_mtime_ns, state.st_size)
    return _TABLES.get(key, lambda: _read(home, run_id, file)), key


def _read(home: Home, run_id: str, file: Path) -> TasteTable:
    damaged = InputError(f"{file}: this table of what the ranker learned from cannot be read", "train again")
    try:
        table = load_table(home, run_id)
        found = None if table is None else TasteTable.of(table)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise damaged from error
    if found is None or not found.liked.any() or found.liked.all():
        raise damaged
    if all(np.isnan(found.measures[name]).all() for name in SCALES):
        raise InputError("the tracks that this ranker learned from have no audio feature on a scale", "see /train")
    return found


def _texts(rows: pd.DataFrame, name: str) -> tuple[str | None, ...]:
    if name not in rows:
        return (None,) * len(rows)
    return tuple(None if missing else str(text) for text, missing in zip(rows[name], rows[name].isna(), strict=True))


def _numbers(rows: pd.DataFrame, name: str) -> FloatArray:
    if name not in rows:
        return np.full(len(rows), np.nan)
    return rows[name].to_numpy(dtype=np.float64, na_value=np.nan)


def _days(rows: pd.DataFrame) -> FloatArray:
    if "added_at" not in rows:
        return np.full(len(rows), np.nan)
    times = pd.to_datetime(rows["added_at"], utc=True).dt.as_unit("us")
    days = times.to_numpy(dtype="datetime64[us]").astype(np.int64) / _DAY_US
    return np.where(times.isna().to_numpy(), np.nan, days)
