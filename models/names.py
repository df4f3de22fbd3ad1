"""What tracks say of themselves in words that labels are remembered by: the artist's key and the genres."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.artists import artist_hashes
from features.genres import genre_texts

Codes = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Names:
    """Artists and genres of some tracks.

    Parameters
    ----------
    artists : ndarray of uint64, shape (n_tracks,)
        Keys; 0 where unknown.
    genres : ndarray of str objects, shape (n_tracks,)
        Canonical texts (`features.genres`); empty where unknown.
    """

    artists: npt.NDArray[np.uint64]
    genres: npt.NDArray[np.object_]

    @classmethod
    def of(cls, tracks: pd.DataFrame) -> Self:
        """Those of a tracks table, which may lack either column."""
        unknown = np.zeros(len(tracks), dtype=np.uint64)
        artists = artist_hashes(tracks["artist_name"]) if "artist_name" in tracks else unknown
        return cls(artists, genre_texts(tracks))

    def coded(self, n_columns: int = 2) -> tuple[Codes, Callable[[Codes], "Names"]]:
        """Names as numbers, and the way back from any rows of them.

        Parameters
        ----------
        n_columns : int
            1 for artists alone, without genres; 2 for both.

        Returns
        -------
        codes : ndarray of float, shape (n_tracks, n_columns)
            0 is unknown.
        named : callable
            (n, n_columns) -> Names
        """
        artists, artist = np.unique(np.append(self.artists, np.uint64(0)), return_inverse=True)
        genres, genre = np.unique(np.append(self.genres, ""), return_inverse=True)

        def named(codes: Codes) -> "Names":
            rows = codes.astype(np.int64)
            of_genres = rows[:, 1] if n_columns > 1 else np.zeros(len(rows), dtype=np.int64)
            return Names(artists[rows[:, 0]], genres[of_genres])

        return np.column_stack([artist[:-1], genre[:-1]])[:, :n_columns].astype(np.float64), named
