"""Baseline: every track gets the share of its artist's training tracks that are liked, smoothed towards the base rate.

It hears nothing: what it reaches on familiar artists is what names alone tell, and on artists that it never met it can
only guess.
"""

from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import betaln
from sklearn.base import BaseEstimator, TransformerMixin

from features.artists import artist_hashes
from features.state import State, require, take_array, take_setting
from models.binary import FloatArray
from models.estimators.majority import Majority
from models.spec import ModelSpec

PRIOR_TRACKS: Final = np.geomspace(256.0, 0.25, 21)
"""How many tracks the base rate may be worth, the strongest smoothing first."""
_COLUMN: Final = "artist_name"
_SPARE_BITS: Final = np.uint64(64 - np.finfo(np.float64).nmant - 1)


class ArtistKeys(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """The first artist of each track as a number, as affinity and profiles tell artists apart (`features.artists`)."""

    n_features_out_ = 1

    def fit(self, tracks: pd.DataFrame, y: object = None) -> Self:  # noqa: ARG002 - scikit-learn's signature
        """Learn nothing."""
        return self

    def transform(self, tracks: pd.DataFrame) -> FloatArray:
        """Prepare tracks.

        Returns
        -------
        ndarray of float, shape (n_tracks, 1)
            The upper 53 bits of the artist's key, which a float holds exactly; NaN where no artist is named.
        """
        if _COLUMN not in tracks:
            return np.full((len(tracks), 1), np.nan)
        keys = artist_hashes(tracks[_COLUMN])
        return np.where(keys == 0, np.nan, (keys >> _SPARE_BITS).astype(np.float64))[:, None]

    def get_feature_names_out(self, input_features: object = None) -> npt.NDArray[Any]:  # noqa: ARG002
        """Names of the inputs, in order."""
        return np.asarray([_COLUMN], dtype=object)

    def get_state(self) -> State:
        """The column, so that another model's state is noticed."""
        return State(settings={"inputs": [_COLUMN]})

    @classmethod
    def from_state(cls, state: State) -> Self:
        """Rebuild; raises ``RankerFormatError`` where the column is another."""
        inputs = take_setting(state, "inputs", list)
        require(inputs == [_COLUMN], f"the model's inputs are {inputs}, this earmark makes {[_COLUMN]}")
        return cls()


class ArtistMean(Majority):
    """The share of likes by the value of the first input, smoothed by a Beta prior around the base rate.

    How many tracks the prior is worth is the likeliest by a beta-binomial model of the training rows: little smoothing
    where artists are liked as a whole or not at all, much where they hardly differ.

    Parameters
    ----------
    random_state : int or None
        Not used; every estimator here takes one.

    Attributes
    ----------
    like_rate_ : float
        Share of the second class in training, in (0, 1): what a track without an artist gets, or of one not met.
    artists_ : ndarray of float, shape (n_artists,)
        Artists met in training, ascending.
    share_ : ndarray of float, shape (n_artists,)
        Smoothed shares, in (0, 1).
    """

    artists_: FloatArray
    share_: FloatArray

    def fit(
        self,
        X: npt.ArrayLike,
        y: npt.ArrayLike,
        groups: npt.ArrayLike | None = None,
        sample_weight: npt.ArrayLike | None = None,
    ) -> Self:
        """Count by artist."""
        super().fit(X, y, groups, sample_weight)
        inputs, codes = self._start_fit(X, y)
        weights = self._weights(sample_weight, codes)
        weights = np.ones(len(codes)) if weights is None else weights
        named = ~np.isnan(inputs[:, 0])
        self.artists_, artist = np.unique(inputs[named, 0], return_inverse=True)
        n_artists = len(self.artists_)
        likes, tracks = (
            np.bincount(artist, values[named], n_artists).astype(np.float64) for values in (weights * codes, weights)
        )
        strength = prior_tracks(likes, tracks, self.like_rate_)
        self.share_ = (likes + strength * self.like_rate_) / (tracks + strength)
        return self

    def _like_probability(self, X: FloatArray) -> FloatArray:
        like = super()._like_probability(X)
        if len(self.artists_):
            place = np.minimum(np.searchsorted(self.artists_, X[:, 0]), len(self.artists_) - 1)
            met = self.artists_[place] == X[:, 0]
            like[met] = self.share_[place[met]]
        return like

    def _fitted_state(self) -> State:
        return State(super()._fitted_state().settings, {"artists": self.artists_, "share": self.share_})

    def _restore(self, state: State) -> None:
        super()._restore(state)
        self.artists_ = take_array(state, "artists", np.float64, (None,))
        require((self.artists_[1:] > self.artists_[:-1]).all(), "array 'artists' is not ascending")
        self.share_ = take_array(state, "share", np.float64, self.artists_.shape)
        require(((self.share_ > 0) & (self.share_ < 1)).all(), "array 'share' is not between 0 and 1")


def prior_tracks(likes: FloatArray, tracks: FloatArray, like_rate: float) -> float:
    """How many tracks the base rate is worth beside an artist's own: the likeliest, by the artists at hand.

    Parameters
    ----------
    likes, tracks : ndarray of float, shape (n_artists,)
        Liked tracks and all tracks of each artist.
    like_rate : float
        The prior's mean, in (0, 1).

    Returns
    -------
    float
        One of `PRIOR_TRACKS`; the strongest where no artist has several tracks: nothing says then that they differ.
    """
    telling = tracks > 1  # one track of an artist is as likely under every strength
    a, b = like_rate * PRIOR_TRACKS, (1 - like_rate) * PRIOR_TRACKS
    likes, skips = likes[telling, None], (tracks - likes)[telling, None]
    likelihood = betaln(a + likes, b + skips) - betaln(a, b)
    return float(PRIOR_TRACKS[likelihood.sum(axis=0).argmax()])


SPEC = ModelSpec(
    name="artist_mean",
    title="Artist mean",
    role="baseline",
    preparation=ArtistKeys,
    estimator=ArtistMean,
    space={},
    reference="Micci-Barreca, SIGKDD Explorations 3(1):27-32, 2001: a category's share, smoothed by empirical Bayes",
    order=4,
    needs_artists=True,
)
