"""What a ranker said of its own training tracks before it had seen them: the ground every promise stands on."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit

from features.state import State, require, take_array
from models.base_rate import adjust, class_weights

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Evidence:
    """Rows to judge a cut by.

    Parameters
    ----------
    liked : ndarray of int, shape (n,)
    probability : ndarray of float, shape (n,)
    artist : ndarray of int, shape (n,)
        Rows of one artist are correlated.
    weight : ndarray of float, shape (n,)
    """

    liked: IntArray
    probability: FloatArray
    artist: IntArray
    weight: FloatArray

    def at_rate(self, trained: float, rate: float) -> "Evidence":
        """The same rows as a table with another share of likes would have them."""
        weight = self.weight * class_weights(self.liked, trained, rate)
        return Evidence(self.liked, adjust(self.probability, trained, rate), self.artist, weight)


@dataclass(frozen=True)
class OutOfFold:
    """Calibrated out-of-fold predictions, as if the artist were new and as if the artist's other tracks were known.

    Parameters
    ----------
    liked : ndarray of int, shape (n,)
    new : ndarray of float, shape (n,)
        Like probabilities without anything the labels say of the artist.
    probability : ndarray of float, shape (n,)
        Like probabilities with what the labels of the artist's other tracks say; the same where there are none.
    familiar : ndarray of bool, shape (n,)
        Rows whose artist has other labelled tracks.
    artist : ndarray of int, shape (n,)
        Equal for tracks of one artist.
    genre_shift : ndarray of float, shape (n,), or None
        What genres add to the log-odds of ``new`` and of ``probability``; NaN for rows of no known genre. None where
        the ranker does not heed genres.
    """

    liked: IntArray
    new: FloatArray
    probability: FloatArray
    familiar: npt.NDArray[np.bool_]
    artist: IntArray
    genre_shift: FloatArray | None = None

    def evidence(self, familiar_share: float, genre_share: float = 1.0) -> Evidence:
        """Rows that resemble candidates of which this share is by artists the listener has judged before.

        Familiar tracks are easier to tell: evidence from them must not vouch for tracks of new artists. Every row tells
        what is known of new artists; those with other tracks of their artist tell it of familiar ones too. Likewise
        of genres: rows of known genres tell of candidates of known genres (``genre_share``), and all rows, as they were
        foreseen without genres, of the others.
        """
        if self.genre_shift is not None:
            known, shift = ~np.isnan(self.genre_shift), np.nan_to_num(self.genre_shift, nan=0.0)
            shares = ((self._taken(known), genre_share), (self._without(shift), 1.0 - genre_share))
            taken = [(rows.evidence(familiar_share), share) for rows, share in shares if share > 0]
            return _joined([(found, share * len(self.liked) / found.weight.sum()) for found, share in taken])
        rows, probability, weight = self.mixed(familiar_share)
        return Evidence(self.liked[rows], probability, self.artist[rows], weight)

    def mixed(self, familiar_share: float) -> tuple[IntArray, FloatArray, FloatArray]:
        """Rows of which such a share stands for tracks of familiar artists.

        Parameters
        ----------
        familiar_share : float, in [0, 1]
            0 is taken where no row is of a familiar artist: none tells more of them than of new ones.

        Returns
        -------
        (rows, probability, weight) : tuple of ndarray, shape (k,)
            Positions, some twice: as if their artist were new, and as it is. Weights sum to the number of rows.
        """
        if not self.familiar.any():
            familiar_share = 0.0
        parts = [(np.arange(len(self.liked)), self.new, 1.0 - familiar_share)]
        if familiar_share > 0:
            rows = np.flatnonzero(self.familiar)
            parts.append((rows, self.probability[rows], familiar_share * len(self.liked) / len(rows)))
        rows = np.concatenate([row for row, _, weight in parts if weight > 0])
        probability = np.concatenate([p for _, p, weight in parts if weight > 0])
        return rows, probability, np.concatenate([np.full(len(row), weight) for row, _, weight in parts if weight > 0])

    def _taken(self, rows: npt.NDArray[np.bool_]) -> "OutOfFold":
        return OutOfFold(
            self.liked[rows], self.new[rows], self.probability[rows], self.familiar[rows], self.artist[rows]
        )

    def _without(self, shift: FloatArray) -> "OutOfFold":
        """All rows as they were foreseen without genres."""
        new, probability = (expit(logit(values) - shift) for values in (self.new, self.probability))
        return replace(self, new=new, probability=probability, genre_shift=None)

    def get_state(self) -> State:
        """All arrays."""
        arrays = {name: getattr(self, name) for name in ("liked", "new", "probability", "familiar", "artist")}
        return State(arrays=arrays if self.genre_shift is None else {**arrays, "genre_shift": self.genre_shift})

    @classmethod
    def from_state(cls, state: State) -> Self:
        """Rebuild; raises ``RankerFormatError`` where labels or probabilities cannot be right."""
        liked = take_array(state, "liked", np.int64, (None,))
        # both, because a share of likes of 0 or 1 has no log-odds
        require(np.array_equal(np.unique(liked), [0, 1]), "out-of-fold labels are not 0 and 1")
        new, probability = (take_array(state, name, np.float64, liked.shape) for name in ("new", "probability"))
        inside = all(((values >= 0) & (values <= 1)).all() for values in (new, probability))
        require(inside, "out-of-fold probabilities lie outside 0 to 1")
        familiar = take_array(state, "familiar", bool, liked.shape)
        artist, shift = take_array(state, "artist", np.int64, liked.shape), None
        if "genre_shift" in state.arrays:
            shift = take_array(state, "genre_shift", np.float64, liked.shape, finite=False)
            require(not np.isinf(shift).any() and not np.isnan(shift).all(), "the shift by genres cannot be right")
        return cls(liked, new, probability, familiar, artist, shift)


def _joined(parts: list[tuple[Evidence, float]]) -> Evidence:
    """Rows of all parts, each part's weights times its number."""
    liked, probability, artist = (
        np.concatenate([getattr(part, name) for part, _ in parts]) for name in ("liked", "probability", "artist")
    )
    return Evidence(liked, probability, artist, np.concatenate([part.weight * times for part, times in parts]))
