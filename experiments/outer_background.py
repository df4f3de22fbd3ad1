"""What an outer fold may learn from where there are likes and no dislikes.

The rows that are held out are a part of the likes and a part of one draw of background. Against what a fold learns is
drawn anew from all that is not held out, with nothing but its own likes in view: no held-out track is in it and no
duplicate of one; nor, in folds by artist, any track by their artists, nor, in folds by time, any that came later.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from experiments.config import MIN_OF_EACH, FitConfig
from experiments.positive_unlabelled import MIN_LIKES, is_background, learns_from_likes, with_background
from experiments.splits import Fold, Split
from features.artists import artist_hashes
from features.background import BACKGROUND, FROM_CATALOGUE
from features.errors import InputError
from features.identity import track_keys
from features.schema import labelled

Bools = npt.NDArray[np.bool_]
Keys = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class Known:
    """Tracks and what they are recognised by.

    Parameters
    ----------
    tracks : DataFrame, shape (n, any)
    songs : ndarray of uint64, shape (n, 3)
        `features.identity.track_keys`; 0 where not available.
    artists : ndarray of uint64, shape (n,)
        First artists; 0 where none is named.
    """

    tracks: pd.DataFrame
    songs: Keys
    artists: Keys

    @classmethod
    def of(cls, tracks: pd.DataFrame) -> "Known":
        """Recognise some tracks."""
        return cls(tracks, track_keys(tracks).to_numpy(dtype=np.uint64), artist_hashes(tracks["artist_name"]))

    def among(self, others: Keys) -> Bools:
        """Which tracks are one of the others: same id, same artist and title, or same sound; shape (n,)."""
        same = [np.isin(mine, theirs[theirs != 0]) for mine, theirs in zip(self.songs.T, others.T, strict=True)]
        return np.asarray(np.any(same, axis=0), dtype=np.bool_)

    def apart_from(self, held_out: "Known", *, artists: bool) -> pd.DataFrame:
        """The tracks that are none of the held-out ones, nor a duplicate; nor, with ``artists``, by their artists.

        What was held out may have been rounded since it was drawn. So duplicates of the tracks found are left out, too.
        """
        out = self.among(held_out.songs)
        out |= self.among(self.songs[out])
        if artists:
            out |= np.isin(self.artists, held_out.artists[held_out.artists != 0])
        return self.tracks[~out]


@dataclass(frozen=True)
class Pool:
    """Likes, and what background is drawn from.

    Parameters
    ----------
    table : DataFrame, shape (n, any)
        What `with_background` made of the whole: judged rows, then one draw of background; positions of folds are its
        own.
    judged : DataFrame, shape (n_judged, any)
        The judged rows as they were.
    unlabelled : Known
        The listener's own tracks that they did not judge.
    catalogue : Known or None
        None where the table's own rows were enough.
    config : FitConfig
    """

    table: pd.DataFrame
    judged: pd.DataFrame
    unlabelled: Known
    catalogue: Known | None
    config: FitConfig

    @classmethod
    def of(cls, tracks: pd.DataFrame, table: pd.DataFrame, catalogue: pd.DataFrame | None, config: FitConfig) -> "Pool":
        """The pool of some tracks, and of one draw (`first_draw`) of what `with_background` made of them."""
        drawn_from = catalogue if (table[BACKGROUND] == FROM_CATALOGUE).any() else None
        unlabelled = Known.of(tracks[tracks["liked"].isna()].reset_index(drop=True))
        known = None if drawn_from is None else Known.of(drawn_from.reindex(columns=_named(drawn_from)))
        return cls(table, labelled(tracks), unlabelled, known, config)

    def training_rows(self, fold: Fold, split: Split) -> pd.DataFrame:
        """What a fold learns from, made as `with_background` makes it, with all of its draws.

        Raises
        ------
        InputError
            Where its likes, or what is left to set them against, are too few.
        """
        held_out = self.held_out(fold)
        apart = split == "artist"
        own = self.unlabelled.apart_from(held_out, artists=apart)
        if split == "time":
            own = own[~(own["added_at"] >= held_out.tracks["added_at"].min())]
        judged = self.judged.iloc[fold.train[fold.train < len(self.judged)]]
        part = pd.concat([judged, own], ignore_index=True)
        catalogue = None if self.catalogue is None else self.catalogue.apart_from(held_out, artists=apart)
        _check_part(part, len(own), catalogue)
        table, _ = with_background(part, catalogue, self.config)
        # A track of a catalogue that knows neither ids nor titles is recognised only once it was given an id.
        again = is_background(table) & Known.of(table).among(held_out.songs)
        return table[~again].reset_index(drop=True)

    def held_out(self, fold: Fold) -> Known:
        """A fold's test rows: those judged as they were, background as it was drawn."""
        judged = fold.test < len(self.judged)
        return Known.of(
            pd.concat([self.judged.iloc[fold.test[judged]], self.table.iloc[fold.test[~judged]]], ignore_index=True)
        )


def _named(catalogue: pd.DataFrame) -> list[str]:
    return list(dict.fromkeys([*catalogue.columns, "artist_name"]))


def _check_part(part: pd.DataFrame, n_own: int, catalogue: pd.DataFrame | None) -> None:
    """Raise ``InputError`` where the training rows of one fold, unlike the whole, cannot be learned from."""
    if learns_from_likes(part, catalogue=catalogue is not None):
        return
    liked = int((part["liked"] == 1).sum())
    if liked < MIN_LIKES:
        raise InputError(
            f"one of the outer folds has {liked} likes to learn from, it takes {MIN_LIKES}",
            "ask for another number of folds (--folds) or another --split, or add likes",
        )
    raise InputError(
        f"one of the outer folds has {n_own} unlabelled tracks to set likes against, it takes {MIN_OF_EACH}",
        "give a catalogue with --catalogue FILE, or add tracks that you do not like",
    )
