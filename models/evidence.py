"""What a ranker said of its own training tracks before it had seen them: the ground every promise stands on."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

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
    """

    liked: IntArray
    new: FloatArray
    probability: FloatArray
    familiar: npt.NDArray[np.bool_]
    artist: IntArray

    def evidence(self, familiar_share: float) -> Evidence:
        """Rows that resemble candidates of which this share is by artists the listener has judged before.

        Familiar tracks are easier to tell: evidence from them must not vouch for tracks of new artists. Every row tells
        what is known of new artists; those with other tracks of their artist tell it of familiar ones too.
        """
        parts = [(np.arange(len(self.liked)), self.new, 1.0 - familiar_share)]
        if self.familiar.any() and familiar_share > 0:
            rows = np.flatnonzero(self.familiar)
            parts.append((rows, self.probability[rows], familiar_share * len(self.liked) / len(rows)))
        rows = np.concatenate([row for row, _, weight in parts if weight > 0])
        probability = np.concatenate([p for _, p, weight in parts if weight > 0])
        weight = np.concatenate([np.full(len(row), weight) for row, _, weight in parts if weight > 0])
        return Evidence(self.liked[rows], probability, self.artist[rows], weight)

    def get_state(self) -> State:
        """All arrays."""
        return State(
            arrays={name: getattr(self, name) for name in ("liked", "new", "probability", "familiar", "artist")}
        )

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
        return cls(liked, new, probability, familiar, take_array(state, "artist", np.int64, liked.shape))
