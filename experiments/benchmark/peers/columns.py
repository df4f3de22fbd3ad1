"""The three columns of the table: which folds of the Kaggle CSV, and what a method may know of a track."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from features.schema import AUDIO_FEATURES

LABEL = "liked"
N_FOLDS = 5
NAMES_IN_THE_CSV = {"artist": "artist_name", "song_title": "track_name", "target": LABEL}

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Column:
    """One column of the table.

    Parameters
    ----------
    name, title : str
    unseen_artists : bool
        Whether no artist is on both sides of a fold.
    names : tuple of str
        Columns that every method sees beside the 13 audio features.
    """

    name: str
    title: str
    unseen_artists: bool
    names: tuple[str, ...] = ()


COLUMNS = {
    column.name: column
    for column in (
        Column("audio", "audio features, random folds", False),
        Column("unseen_artists", "audio features, artist-grouped folds", True),
        Column("artist_name", "features + artist name, random folds", False, ("artist_name",)),
    )
}
"""In the order of the table."""


def read_table(path: Path) -> pd.DataFrame:
    """Every row of the Kaggle CSV, in its order, under our names for its columns."""
    return pd.read_csv(path).rename(columns=NAMES_IN_THE_CSV)


def folds(table: pd.DataFrame, column: Column) -> list[tuple[Rows, Rows]]:
    """Positions of the training and test rows of the five folds of seed 0, as others cut them."""
    y = table[LABEL].to_numpy()
    cut = StratifiedGroupKFold if column.unseen_artists else StratifiedKFold
    splitter = cut(N_FOLDS, shuffle=True, random_state=0)
    parts = splitter.split(table, y, table["artist_name"].to_numpy() if column.unseen_artists else None)
    return [(train.astype(np.int64), test.astype(np.int64)) for train, test in parts]


def write_fold(table: pd.DataFrame, train: Rows, test: Rows, names: tuple[str, ...], folder: Path) -> tuple[Path, Path]:
    """``train.parquet`` with the label and ``test.parquet`` without it, for a process of another environment.

    Parameters
    ----------
    table : DataFrame
        From `read_table`.
    train, test : ndarray of int
        Positions.
    names : tuple of str
        Columns to show beside the audio features.
    folder : Path
        Exists.

    Returns
    -------
    train, test : Path
    """
    seen = [*AUDIO_FEATURES, *names]
    paths = folder / "train.parquet", folder / "test.parquet"
    for path, part in zip(paths, (table.iloc[train][[*seen, LABEL]], table.iloc[test][seen]), strict=True):
        write_plain(part, path)
    return paths


def write_plain(table: pd.DataFrame, path: Path) -> None:
    """Write parquet without pandas' own notes on dtypes, which an older pandas cannot read."""
    pq.write_table(pa.Table.from_pandas(table, preserve_index=False).replace_schema_metadata(None), path)
