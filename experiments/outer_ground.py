"""What all outer folds of an evaluation share: the rows that are judged, and what each fold may learn from."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from experiments.config import FitConfig, check_labels
from experiments.draws import first_draw
from experiments.outer_background import Pool
from experiments.positive_unlabelled import check_split, learns_from_likes, with_background
from experiments.predictions import Bools
from experiments.progress import Listener, Progress
from experiments.splits import Fold, Rows, Split, groups_for, outer_folds
from features.artists import artist_hashes
from features.background import BACKGROUND
from features.schema import labelled


@dataclass(frozen=True)
class Lesson:
    """An outer fold with what is learned in it.

    Parameters
    ----------
    fold : Fold
        Positions in the ground's table.
    drawn : DataFrame or None
        What is learned from where there are likes alone: its background is not that of the ground's table. None where
        it is the fold's training rows.
    familiar : ndarray of bool, shape (n_test,)
        Test rows whose artist is named in what is learned from.
    """

    fold: Fold
    drawn: pd.DataFrame | None
    familiar: Bools


@dataclass(frozen=True)
class Ground:
    """What all outer folds of an evaluation share.

    Parameters
    ----------
    table : DataFrame, shape (n, any)
        A tracks table, every row labelled or background that counts as not liked.
    y : ndarray of int, shape (n,)
    artists : ndarray of int, shape (n,)
        Which rows belong together; a row that names no artist stands alone.
    keys : ndarray of uint64, shape (n,)
        Artists by name; 0 where none is named.
    config : FitConfig
        Of every fit, but for its budget.
    catalogue : DataFrame or None
    storage_url : str or None
    on_progress : callable
    pool : Pool or None
        Where likes are learned against background; None where there are dislikes.
    notes : tuple of str
        What to know of the background.
    """

    table: pd.DataFrame
    y: Rows
    artists: Rows
    keys: npt.NDArray[np.uint64]
    config: FitConfig
    catalogue: pd.DataFrame | None
    storage_url: str | None
    on_progress: Listener
    pool: Pool | None = None
    notes: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        tracks: pd.DataFrame,
        config: FitConfig,
        catalogue: pd.DataFrame | None,
        storage_url: str | None,
        on_progress: Listener,
    ) -> "Ground":
        """The labelled ones of some tracks, with background where it is needed.

        Raises
        ------
        InputError
            Where they are too few to learn from.
        """
        pool: Pool | None = None
        notes: tuple[str, ...] = ()
        if learns_from_likes(tracks, catalogue=catalogue is not None):
            drawn, notes = with_background(tracks, catalogue, config)
            table = first_draw(drawn)
            pool = Pool.of(tracks, table, catalogue, config)
        else:
            table = labelled(tracks).reset_index(drop=True)
        y = check_labels(table)
        keys = artist_hashes(table["artist_name"])
        artists = groups_for(table, "artist")
        return cls(table, y, artists, keys, config, catalogue, storage_url, on_progress, pool, notes)

    def lessons(self, split: Split, n_folds: int) -> tuple[Lesson, ...]:
        """Outer folds of one kind, with what each learns from.

        Raises
        ------
        InputError
            If the table cannot be split as asked, or a fold has too few likes to learn from.
        """
        check_split(self.table, split)
        folds = outer_folds(self.table, self.y, split, n_folds=n_folds, seed=self.config.seed)
        return tuple(self._lesson(split, number, folds) for number, fold in enumerate(folds))

    def training_rows(self, lesson: Lesson) -> pd.DataFrame:
        """What is learned from in a fold."""
        if lesson.drawn is not None:
            return lesson.drawn
        return self.table.iloc[lesson.fold.train].reset_index(drop=True)

    def test_rows(self, fold: Fold) -> pd.DataFrame:
        """A fold's test rows as candidates: nothing says which were liked, or which are background."""
        return self.table.iloc[fold.test].drop(columns=["liked", BACKGROUND], errors="ignore").reset_index(drop=True)

    def _lesson(self, split: Split, number: int, folds: Sequence[Fold]) -> Lesson:
        fold = folds[number]
        drawn, keys = None, self.keys[fold.train]
        if self.pool is not None:
            self.on_progress(Progress(f"drawing background for the {split} split, fold {number + 1} of {len(folds)}"))
            drawn = self.pool.training_rows(fold, split)
            keys = artist_hashes(drawn["artist_name"])
        test = self.keys[fold.test]
        return Lesson(fold, drawn, np.isin(test, keys) & (test != 0))
