"""Piecewise-linear encoding: a number as how far it has gone through each of its bins.

A network of small weights bends slowly; taste bends fast (too quiet, just right, too loud). Spread over bins, a number
gives even the first layer a separate slope for each part of its range (Gorishniy et al. 2022, "On Embeddings for
Numerical Features in Tabular Deep Learning", arXiv:2203.05556).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.state import State, require, take_array

FloatArray = npt.NDArray[np.float64]
Float32Array = npt.NDArray[np.float32]


@dataclass(frozen=True)
class PiecewiseLinear:
    """Bins of all inputs, one entry a bin; ``encode`` puts the inputs themselves before them.

    Parameters
    ----------
    source : ndarray of int64, shape (n_bins,)
        The input a bin belongs to.
    low, width : ndarray of float64, shape (n_bins,)
        Where it begins, how far it reaches (> 0).
    centre : ndarray of float64, shape (n_bins,)
        Mean of the encoded training rows, taken off.
    """

    source: npt.NDArray[np.int64]
    low: FloatArray
    width: FloatArray
    centre: FloatArray

    @classmethod
    def fitted(cls, X: FloatArray, n_bins: int) -> "PiecewiseLinear":
        """Cut each input at its training quantiles; an input with fewer than three edges is left as it is."""
        edges = [np.unique(np.quantile(column, np.linspace(0, 1, n_bins + 1))) for column in X.T]
        edges = [each if len(each) > 2 else each[:0] for each in edges]
        source = np.repeat(np.arange(X.shape[1]), [max(len(each) - 1, 0) for each in edges])
        low = np.concatenate([each[:-1] for each in edges])
        width = np.concatenate([np.diff(each) for each in edges])
        bins = cls(source, low, width, np.zeros(len(source)))
        return cls(source, low, width, bins.encode(X)[:, X.shape[1] :].mean(axis=0))

    def encode(self, X: FloatArray) -> FloatArray:
        """(n_rows, n_inputs) to (n_rows, n_inputs + n_bins): the inputs, then each bin's share in [0, 1], centred."""
        return np.hstack([X, np.clip((X[:, self.source] - self.low) / self.width, 0.0, 1.0) - self.centre])

    def slots(self, X: FloatArray, n_bins: int) -> FloatArray:
        """(n_rows, n_inputs) to (n_rows, n_inputs, 1 + n_bins): each input, then its bins; 0 where it has fewer."""
        slots = np.zeros((*X.shape, 1 + n_bins))
        slots[:, :, 0] = X
        place = 1 + np.arange(len(self.source)) - np.searchsorted(self.source, self.source)
        slots[:, self.source, place] = self.encode(X)[:, X.shape[1] :]
        return slots

    def embedded(self, X: FloatArray, embedding: Float32Array, offset: Float32Array) -> FloatArray:
        """``slots(X) @ embedding + offset`` of each input, (n_rows, n_inputs, d), without writing the slots out.

        Along its input an embedding is a broken line, and a row needs the piece that its number falls on alone: a
        thirtieth of the work where there are 32 bins.

        Parameters
        ----------
        X : ndarray of float, shape (n_rows, n_inputs)
        embedding : ndarray of float32, shape (n_inputs, 1 + n_bins, d)
        offset : ndarray of float32, shape (n_inputs, d)
        """
        found: FloatArray = X[:, :, None] * embedding[:, 0] + offset
        for place in np.unique(self.source):
            own = self.source == place
            low, width = self.low[own], self.width[own]
            rise = embedding[place, 1 : 1 + len(low)].astype(np.float64)
            start = np.cumsum(rise, axis=0) - rise - self.centre[own] @ rise
            piece = np.searchsorted(low[1:], X[:, place], side="right")
            gone = np.clip((X[:, place] - low[piece]) / width[piece], 0.0, 1.0)
            found[:, place] += start[piece] + gone[:, None] * rise[piece]
        return found

    def most(self) -> int:
        """Bins of the input that has the most."""
        return int(np.bincount(self.source).max(initial=0))

    def get_state(self) -> State:
        """The four arrays."""
        return State(arrays={f"bin_{name}": getattr(self, name) for name in self.__dataclass_fields__})

    @classmethod
    def from_state(cls, state: State, n_inputs: int) -> "PiecewiseLinear":
        """Rebuild; raises ``RankerFormatError`` where the arrays are not bins over ``n_inputs`` inputs."""
        source = take_array(state, "bin_source", np.int64, (None,))
        low, width, centre = (
            take_array(state, f"bin_{name}", float, source.shape) for name in ("low", "width", "centre")
        )
        require(bool((np.diff(source) >= 0).all()), "bins are not in the order of their inputs")
        require(((source >= 0) & (source < n_inputs)).all(), f"a bin belongs to none of the {n_inputs} inputs")
        require((width > 0).all(), "a bin has no width")
        require((np.diff(low) >= 0)[np.diff(source) == 0].all(), "the bins of an input are not ascending")
        return cls(source, low, width, centre)
