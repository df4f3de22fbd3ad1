"""What the listener's likes and skips say of genres.

The ensemble knows how a track sounds. Where a track's genres are known, a ridge logistic regression shifts its log-odds
``s``:

    shift = b0 + b1 * s + w . sound + sum of the effects of its genres / sqrt(their number)

Effects of genres are shrunk towards 0 (random effects), so a genre with few tracks moves little; how much they are
shrunk is chosen by cross-validation. ``sound`` are the audio features: what they mean within a genre is not what they
mean over all, because they tell of the genre, too. A track without a genre that was seen in training gets no shift at
all: candidates without genres are ranked as if there were none.

Measured on 13,129 tracks of a free archive with 35 genres, simulated listeners, extra trees, symmetric trees and the
additive model averaged, mean ROC AUC on unseen tracks over three listeners with 300 / 1,200 labels; "inputs" gives the
models an indicator for each frequent genre instead:

=======================================  ===========  ===========  ===========
taste                                    no genres    inputs       shift
=======================================  ===========  ===========  ===========
sound and genres                         .712 / .733  .827 / .852  .834 / .856
the same, genres of half the tracks      .706 / .728  .789 / .814  .772 / .804
sound and 120 genres                     .696 / .724  .696 / .752  .730 / .795
sound means another thing in each genre  .712 / .741  .761 / .799  .749 / .780
sound alone                              .752 / .768  .749 / .767  .752 / .768
sound alone, genres at random            .753 / .779  .752 / .778  .753 / .779
=======================================  ===========  ===========  ===========

Inputs are better where genres and sound work together, and worse where there are many genres or nothing to learn from.
How the effects are learned: `models.genre_fit`.
"""

from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import csr_array, hstack

from features.inputs import NUMERIC, read_numbers
from features.state import State, require, take_array, take_setting

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
Texts = npt.NDArray[np.object_]

MOST_GENRES: Final = 300
"""Genres that are remembered, the commonest ones; each of at least two artists."""
N_PLAIN: Final = 2 + len(NUMERIC)
"""Coefficients before those of the genres: b0, b1 and w."""
LARGEST: Final = 30.0
"""Coefficients cannot be larger: one step of the fit is at most 1, and there are fewer of them."""

_FAR: Final = 4.0  # deviations from the mean beyond which a feature counts as no farther


@dataclass(frozen=True)
class GenreEffects:
    """Genres, their effects and the rest of the shift.

    Parameters
    ----------
    genres : tuple of str
        As `features.genres` writes them, sorted; none where genres do not help.
    centre, scale : ndarray of float, shape (12,)
        Of the numeric audio features.
    coefficients : ndarray of float, shape (2 + 12 + n_genres,)
        b0, b1, w and the effects.
    """

    genres: tuple[str, ...]
    centre: FloatArray
    scale: FloatArray
    coefficients: FloatArray

    @classmethod
    def none(cls) -> Self:
        """No genre known, no shift."""
        return cls((), np.zeros(len(NUMERIC)), np.ones(len(NUMERIC)), np.zeros(N_PLAIN))

    def known(self, texts: Texts) -> BoolArray:
        """Which tracks have a genre that was learned of, shape (n_tracks,)."""
        return np.asarray(_indicators(texts, self.genres).sum(axis=1) > 0)

    def shift(self, log_odds: FloatArray, inputs: pd.DataFrame, texts: Texts) -> FloatArray:
        """What to add to the ensemble's log-odds.

        Parameters
        ----------
        log_odds : ndarray of float, shape (n_tracks,)
        inputs : DataFrame, n_tracks rows
            What models read.
        texts : ndarray of str objects, shape (n_tracks,)
            Genres (`features.genres.genre_texts`).

        Returns
        -------
        ndarray of float, shape (n_tracks,)
            0 for tracks of no known genre.
        """
        if not self.genres:
            return np.zeros(len(log_odds))
        return np.asarray(self.design(log_odds, inputs, texts) @ self.coefficients)

    def design(self, log_odds: FloatArray, inputs: pd.DataFrame, texts: Texts) -> csr_array[Any]:
        """What the coefficients belong to: one row a track, all 0 for those of no known genre."""
        genres = _indicators(texts, self.genres)
        number = np.asarray(genres.sum(axis=1), dtype=np.float64)
        sound = (read_numbers(inputs, NUMERIC) - self.centre) / self.scale
        sound = np.clip(np.nan_to_num(sound, nan=0.0), -_FAR, _FAR)
        plain = np.column_stack([np.ones(len(log_odds)), log_odds, sound]) * (number > 0)[:, None]
        weights = 1.0 / np.sqrt(np.maximum(number, 1.0))
        return csr_array(hstack([csr_array(plain), genres.multiply(weights[:, None])], format="csr"))

    def get_state(self) -> State:
        """Genres and all numbers."""
        arrays = {"centre": self.centre, "scale": self.scale, "coefficients": self.coefficients}
        return State({"genres": list(self.genres)}, arrays)

    @classmethod
    def from_state(cls, state: State) -> Self:
        """Rebuild; raises ``RankerFormatError`` where genres or numbers cannot be right."""
        genres = take_setting(state, "genres", list)
        fine = all(isinstance(name, str) and name for name in genres) and len(genres) <= MOST_GENRES
        require(fine and genres == sorted(set(genres)), "the genres are not ascending names")
        centre, scale = (take_array(state, name, np.float64, (len(NUMERIC),)) for name in ("centre", "scale"))
        require((scale > 0).all(), "array 'scale' is not positive")
        coefficients = take_array(state, "coefficients", np.float64, (N_PLAIN + len(genres),))
        require((np.abs(coefficients) <= LARGEST).all(), "the coefficients of the genres are out of range")
        return cls(tuple(genres), centre, scale, coefficients)


def _indicators(texts: Texts, genres: tuple[str, ...]) -> csr_array[Any]:
    """1 where a track is of a genre: (n_tracks, n_genres)."""
    place = {name: at for at, name in enumerate(genres)}
    code, distinct = pd.factorize(texts)
    found = [sorted({place[name] for name in text.split(";") if name in place}) for text in distinct]
    ends = np.concatenate([[0], np.cumsum([len(columns) for columns in found])]).astype(np.int64)
    columns = np.array([at for columns in found for at in columns], dtype=np.int64)
    of_texts = csr_array((np.ones(len(columns)), columns, ends), shape=(len(found), len(genres)))
    return csr_array(of_texts[code])
