"""Small networks side by side, each judged on rows it did not learn: what the dense networks are measured against."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.utils import check_random_state

from features.state import State
from models.binary import BinaryClassifier, FloatArray
from models.folds import deal_folds
from models.neural import Plan, Rows, Weights, sigmoid, train
from models.piecewise import PiecewiseLinear

_PAD = 32
"""The encoded width is rounded up to a multiple of this, so that folds share one traced function."""


@dataclass(frozen=True)
class Members:
    """``n_members`` networks of equal shape side by side; layer i's kernel is (inputs, members, units) for the first
    layer, (members, inputs, units) for the next ones, (members, inputs) for the last; its bias lacks the inputs' axis.
    """

    n_inputs: int
    n_members: int
    n_layers: int
    width: int
    dropout: float

    def shapes(self) -> list[tuple[int, ...]]:
        """Shapes of the weights: kernel and bias of each layer."""
        k, width = self.n_members, self.width
        hidden: list[tuple[int, ...]] = [(self.n_inputs, k, width), (k, width)]
        hidden += [(k, width, width), (k, width)] * (self.n_layers - 1)
        return [*hidden, (k, width), (k,)]

    def initial(self, generator: np.random.Generator) -> list[npt.NDArray[np.float32]]:
        """He's initialisation for the hidden layers, a small last one, zero biases."""
        fans = [self.n_inputs, *[self.width] * self.n_layers]
        gains = [2.0] * self.n_layers + [1.0]
        weights = []
        for number, shape in enumerate(self.shapes()):
            scale = 0.0 if number % 2 else np.sqrt(gains[number // 2] / fans[number // 2])
            weights.append((scale * generator.standard_normal(shape)).astype(np.float32))
        return weights

    def build(self) -> Any:
        """The Keras model: (batch, n_inputs) to logits (batch, n_members)."""
        import keras

        x = inputs = keras.Input((self.n_inputs,))
        for layer in range(self.n_layers):
            sums = "bki,kio->bko" if layer else "bi,iko->bko"
            x = keras.layers.EinsumDense(sums, (self.n_members, self.width), activation="relu", bias_axes="ko")(x)
            if self.dropout > 0:
                x = keras.layers.Dropout(self.dropout)(x)
        return keras.Model(inputs, keras.layers.EinsumDense("bki,ki->bk", (self.n_members,), bias_axes="k")(x))


def forward(weights: Weights, X: FloatArray) -> FloatArray:
    """Logits as ``Members.build`` computes them, in NumPy: (n_rows, n_inputs) to (n_rows, n_members)."""
    kernels, biases = weights[::2], weights[1::2]
    first = kernels[0].astype(np.float64)
    x = (X @ first.reshape(len(first), -1)).reshape(len(X), *first.shape[1:]) + biases[0]
    x = np.maximum(x, 0.0).transpose(1, 0, 2)
    for kernel, bias in zip(kernels[1:-1], biases[1:-1], strict=True):
        x = np.maximum(x @ kernel + bias[:, None, :], 0.0)
    return np.asarray((x @ kernels[-1][:, :, None])[:, :, 0].T + biases[-1])


class SideBySide(BinaryClassifier):
    """Small ReLU networks on piecewise-linear inputs, trained side by side and averaged.

    Training rows are dealt out to as many folds as there are networks. Each network trains on all folds but its own,
    so every row is held out from exactly one; the loss on held-out rows, pooled over all networks, says which epoch
    was the best. All rows train, none judges a network that has seen it, and the average of unlike networks ranks
    better than one network does.

    Parameters
    ----------
    n_layers, width : int, > 0
        Hidden layers of each network and their units.
    n_bins : int, >= 2
        Bins of the piecewise-linear encoding.
    dropout : float, in [0, 1)
    learning_rate, weight_decay : float
        Of AdamW; biases do not decay.
    batch_size : int, > 0
    n_members : int, >= 2
        Networks, and folds.
    epochs, patience : int, > 0
        At most so many epochs; stop after so many without a better held-out loss.
    random_state : int, RandomState or None

    Attributes
    ----------
    bins_ : PiecewiseLinear
    weights_ : tuple of ndarray of float32
        Kernel and bias of each layer, of all networks: see ``Members``.
    history_ : dict of str to tuple of float
        ``loss``, ``validation_loss``, ``validation_auc``, ``validation_accuracy``: one value an epoch.
    n_iter_ : int
        The epoch whose weights were kept, counted from 1.
    """

    bins_: PiecewiseLinear
    weights_: Weights
    history_: dict[str, tuple[float, ...]]
    n_iter_: int

    def __init__(
        self,
        *,
        n_layers: int = 1,
        width: int = 64,
        n_bins: int = 32,
        dropout: float = 0.3,
        learning_rate: float = 3e-3,
        weight_decay: float = 3e-2,
        batch_size: int = 128,
        n_members: int = 8,
        epochs: int = 100,
        patience: int = 16,
        random_state: int | None = None,
    ) -> None:
        self.n_layers = n_layers
        self.width = width
        self.n_bins = n_bins
        self.dropout = dropout
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.n_members = n_members
        self.epochs = epochs
        self.patience = patience
        self.random_state = random_state

    def fit(
        self,
        X: npt.ArrayLike,
        y: npt.ArrayLike,
        groups: npt.ArrayLike | None = None,
        sample_weight: npt.ArrayLike | None = None,
    ) -> Self:
        """Train the networks.

        Parameters
        ----------
        X : array, shape (n_tracks, n_inputs)
            On one scale, as ``DenseInputs`` makes it; a missing value counts as 0.
        y : array, shape (n_tracks,)
            Two classes.
        groups : array, shape (n_tracks,), optional
            Artists: each is held out as a whole.
        sample_weight : array, shape (n_tracks,), optional
        """
        X, codes = self._start_fit(X, y)
        X = np.nan_to_num(X, nan=0.0)
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        artists = None if groups is None else np.asarray(groups)
        fold = deal_folds(codes, artists, self.n_members, seed)
        self.bins_ = PiecewiseLinear.fitted(X, self.n_bins)
        encoded = self.bins_.encode(X).astype(np.float32)
        n_encoded = encoded.shape[1]
        encoded = np.pad(encoded, ((0, 0), (0, -n_encoded % _PAD)))
        shape = Members(encoded.shape[1], self.n_members, self.n_layers, self.width, self.dropout)
        trained = train(
            shape,
            shape.initial(np.random.default_rng(seed)),
            Rows(
                encoded,
                codes.astype(np.float32),
                fold[:, None] == np.arange(self.n_members),
                self._weights(sample_weight, codes),
            ),
            self._plan(),
            seed,
        )
        # what was padded is zero in every row: its weights say nothing
        self.weights_ = (np.ascontiguousarray(trained.weights[0][:n_encoded]), *trained.weights[1:])
        self.history_ = trained.history
        self.n_iter_ = trained.best_epoch + 1
        return self

    def _plan(self) -> Plan:
        return Plan(
            epochs=self.epochs,
            patience=self.patience,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            weight_decay=self.weight_decay,
            clip_norm=float(np.sqrt(self.n_members)),  # 1 a network: the norm is taken over all of them
        )

    def _like_probability(self, X: FloatArray) -> FloatArray:
        encoded = self.bins_.encode(np.nan_to_num(X, nan=0.0))
        return np.asarray(sigmoid(forward(self.weights_, encoded)).mean(axis=1))

    def _fitted_state(self) -> State:
        raise NotImplementedError("measured, never saved")

    def _restore(self, state: State) -> None:
        raise NotImplementedError("measured, never saved")
