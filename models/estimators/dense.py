"""Dense networks (Keras on TensorFlow): TabM-mini, members that share one network and see the inputs differently."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.utils import check_random_state

from features.preprocessing import DenseInputs
from features.state import State, require, take_array
from models.binary import BinaryClassifier, FloatArray
from models.folds import deal_folds
from models.neural import Plan, Rows, Weights, sigmoid, train
from models.piecewise import PiecewiseLinear
from models.space import Choice, Float, Space
from models.spec import ModelSpec

SPACE: Space = {
    "n_layers": Choice((1, 2, 3), 2),
    "width": Choice((64, 96, 128, 192), 128),
    "n_bins": Choice((8, 16, 24, 32, 48), 32),
    "d_embedding": Choice((4, 8, 12), 8),
    "dropout": Choice((0.0, 0.1, 0.2, 0.3, 0.4, 0.5), 0.1),
    "learning_rate": Float(3e-4, 1e-2, 2e-3, log=True),
    "weight_decay": Float(1e-4, 0.1, 3e-4, log=True),
    "batch_size": Choice((32, 64, 128), 32),
}

HELD_OUT_FOLDS = 5
"""One of so many parts of the training rows says when to stop."""
_CHUNK = 8192
"""Rows embedded at a time: bounds memory on large tables."""
_BLOCK = 64
"""Rows predicted at a time: what is in between fits a processor's cache."""
_ALIKE = 16
"""Linear algebra takes rows by so many; a rest would be added up in another order."""


@dataclass(frozen=True)
class SharedNetwork:
    """The network: an embedding of each input, a scaling a member, hidden layers that all share, a head a member.

    ``n_slots`` is how many numbers an input comes as: itself, and its share in each bin.
    """

    n_inputs: int
    n_slots: int
    n_members: int
    n_layers: int
    width: int
    d_embedding: int
    dropout: float

    def shapes(self) -> list[tuple[int, ...]]:
        """Shapes of the weights: the embedding's kernel and bias, the scalings, then kernel and bias of each layer."""
        k, e, embedded = self.n_members, self.d_embedding, self.n_inputs * self.d_embedding
        layers: list[tuple[int, ...]] = [(self.n_inputs, self.n_slots, e), (self.n_inputs, e), (k, embedded)]
        for fan in [embedded, *[self.width] * (self.n_layers - 1)]:
            layers += [(fan, self.width), (self.width,)]
        return [*layers, (k, self.width), (k,)]

    def initial(self, generator: np.random.Generator) -> list[npt.NDArray[np.float32]]:
        """As the paper begins: an embedding whose bins say nothing yet, normal scalings (one an input), even layers."""
        embedding, offset, scaling, *layers = self.shapes()
        fans = np.repeat([self.n_inputs * self.d_embedding, *[self.width] * self.n_layers], 2)
        first = np.zeros(embedding)
        first[:, 0] = _even(generator, self.d_embedding, offset)
        scales = np.repeat(generator.standard_normal((self.n_members, self.n_inputs)), self.d_embedding, axis=1)
        weights = [first, _even(generator, self.d_embedding, offset), scales.reshape(scaling)]
        weights += [_even(generator, fan, shape) for fan, shape in zip(fans, layers, strict=True)]
        return [weight.astype(np.float32) for weight in weights]

    def build(self) -> Any:
        """The Keras model: (batch, n_inputs * n_slots) to logits (batch, n_members + 1).

        The last is the logit of the members' mean probability: it is what is judged, and teaches nothing.
        """
        import keras  # noqa: PLC0415 - takes seconds; predicting does not need it

        n, k, e = self.n_inputs, self.n_members, self.d_embedding
        inputs = keras.Input((n * self.n_slots,))
        x = keras.layers.Reshape((n, self.n_slots))(inputs)
        x = keras.layers.EinsumDense("bft,fte->bfe", (n, e), bias_axes="fe")(x)
        x = keras.layers.Reshape((n * e,))(x)
        x = keras.layers.EinsumDense("bi,ki->bki", (k, n * e))(x)
        for _ in range(self.n_layers):
            x = keras.layers.Dense(self.width, activation="relu")(x)
            if self.dropout > 0:
                x = keras.layers.Dropout(self.dropout)(x)
        logits = keras.layers.EinsumDense("bki,ki->bk", (k,), bias_axes="k")(x)
        mean = keras.ops.mean(keras.ops.sigmoid(keras.ops.stop_gradient(logits)), axis=1, keepdims=True)
        mean = keras.ops.clip(mean, 1e-6, 1 - 1e-6)
        together = keras.ops.log(mean) - keras.ops.log(1 - mean)
        return keras.Model(inputs, keras.ops.concatenate([logits, together], axis=1))


def forward(weights: Weights, embedded: FloatArray) -> FloatArray:
    """The members' logits as ``SharedNetwork.build`` computes them, in NumPy.

    (n_rows, n_inputs, d_embedding) to (n_rows, n_members); in double precision and in blocks of rows that linear
    algebra treats alike, so that rows have no say in each other. In single precision it does not, whatever the blocks.
    """
    _, _, scaling, *layers = (weight.astype(np.float64) for weight in weights)
    # each member's scaling is a part of its first layer, which then are one product for all members
    first = (scaling[:, :, None] * layers[0]).transpose(1, 0, 2).reshape(scaling.shape[1], -1)
    kernels, biases = [first, *layers[2:-2:2]], [np.tile(layers[1], len(scaling)), *layers[3:-2:2]]
    logits = np.empty((len(embedded), len(scaling)))
    for start in range(0, len(embedded), _BLOCK):
        block = embedded[start : start + _BLOCK].reshape(-1, scaling.shape[1])
        x = np.concatenate([block, np.zeros((-len(block) % _ALIKE, block.shape[1]))])
        for kernel, bias in zip(kernels, biases, strict=True):
            x = x.reshape(-1, len(kernel)) @ kernel
            x += bias
            np.maximum(x, 0.0, out=x)
        heard = x.reshape(-1, len(scaling), layers[-2].shape[1])
        logits[start : start + _BLOCK] = (np.einsum("bki,ki->bk", heard, layers[-2]) + layers[-1])[: len(block)]
    return logits


def _even(generator: np.random.Generator, fan: int, shape: tuple[int, ...]) -> FloatArray:
    return generator.uniform(-(fan**-0.5), fan**-0.5, shape)


class DenseNetworks(BinaryClassifier):
    """TabM-mini on piecewise-linear embeddings: ReLU networks that share all hidden layers, averaged.

    A member scales the embedded inputs in a way of its own, and has its own last layer; nothing else tells it from the
    others. They learn from the same rows, and the average of their probabilities ranks better than one network of
    the same size does, at little more than its parameters. A fifth of the training rows, whole artists, is held out and
    says which epoch was the best.

    Parameters
    ----------
    n_layers, width : int, > 0
        Shared hidden layers and their units.
    n_bins : int, >= 2
        Bins of the piecewise-linear encoding.
    d_embedding : int, > 0
        Numbers that the encoding of an input becomes.
    dropout : float, in [0, 1)
    learning_rate, weight_decay : float
        Of AdamW; biases do not decay.
    batch_size : int, > 0
    n_members : int, > 0
    epochs, patience : int, > 0
        At most so many epochs; stop after so many without a better held-out loss.
    random_state : int, RandomState or None

    Attributes
    ----------
    bins_ : PiecewiseLinear
    weights_ : tuple of ndarray of float32
        See ``SharedNetwork.shapes``.
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
        n_layers: int = 2,
        width: int = 128,
        n_bins: int = 32,
        d_embedding: int = 8,
        dropout: float = 0.1,
        learning_rate: float = 2e-3,
        weight_decay: float = 3e-4,
        batch_size: int = 32,
        n_members: int = 8,
        epochs: int = 100,
        patience: int = 7,
        random_state: int | None = None,
    ) -> None:
        self.n_layers = n_layers
        self.width = width
        self.n_bins = n_bins
        self.d_embedding = d_embedding
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
        judged = _held_out(codes, artists, seed)
        self.bins_ = PiecewiseLinear.fitted(X, self.n_bins)
        slots = self.bins_.slots(X, self.n_bins).astype(np.float32)
        network = self._network(self.dropout)
        weight = self._relative_weights(sample_weight, codes)
        weight = np.ones(len(X)) if weight is None else weight
        # judged rows weigh nothing: held out from the members, they would be judged member by member
        rows = Rows(
            slots.reshape(len(X), -1),
            codes.astype(np.float32),
            judged[:, None] & (np.arange(self.n_members + 1) == self.n_members),
            np.where(judged, 0.0, weight),
            weight if weight[judged].any() else None,
        )
        initial = network.initial(np.random.default_rng(seed))
        trained = train(network, initial, rows, self._plan(float(judged.mean())), seed)
        self.weights_ = trained.weights
        self.history_ = trained.history
        self.n_iter_ = trained.best_epoch + 1
        return self

    def _network(self, dropout: float) -> SharedNetwork:
        sizes = (self.n_members, self.n_layers, self.width, self.d_embedding)
        return SharedNetwork(self.n_features_in_, 1 + self.n_bins, *sizes, dropout)

    def _plan(self, judged: float) -> Plan:
        return Plan(
            epochs=self.epochs,
            patience=self.patience,
            batch_size=round(self.batch_size / (1 - judged)),  # so that as many rows as asked teach
            learning_rate=self.learning_rate,
            weight_decay=self.weight_decay,
            clip_norm=float(self.n_members),  # 1 for the mean of the members' losses: the loop descends their sum
        )

    def _like_probability(self, X: FloatArray) -> FloatArray:
        chunks = (np.nan_to_num(X[start : start + _CHUNK], nan=0.0) for start in range(0, len(X), _CHUNK))
        embedded = (self.bins_.embedded(rows, self.weights_[0], self.weights_[1]) for rows in chunks)
        logits = [forward(self.weights_, rows) for rows in embedded]
        return np.asarray(sigmoid(np.concatenate(logits)).mean(axis=1))

    def _fitted_state(self) -> State:
        arrays = {f"weights_{number}": weight for number, weight in enumerate(self.weights_)}
        return State(arrays={**self.bins_.get_state().arrays, **arrays})

    def _restore(self, state: State) -> None:
        sizes = (self.n_layers, self.width, self.n_members, self.n_bins, self.d_embedding)
        require(all(type(size) is int and 0 < size <= 10_000 for size in sizes), f"network sizes are {sizes}")
        self.bins_ = PiecewiseLinear.from_state(state, self.n_features_in_)
        require(self.bins_.most() <= self.n_bins, f"an input has more than {self.n_bins} bins")
        self.weights_ = tuple(
            take_array(state, f"weights_{number}", np.float32, shape)
            for number, shape in enumerate(self._network(0.0).shapes())
        )


def _held_out(y: npt.NDArray[np.int64], groups: npt.NDArray[np.generic] | None, seed: int) -> npt.NDArray[np.bool_]:
    """Which rows say when to stop: the fold nearest to a fifth of them, where artists make folds uneven."""
    fold = deal_folds(y, groups, HELD_OUT_FOLDS, seed)
    sizes = np.bincount(fold, minlength=HELD_OUT_FOLDS)
    return np.asarray(fold == np.argmin(np.abs(sizes - len(y) / HELD_OUT_FOLDS)))


SPEC = ModelSpec(
    name="dense",
    title="Dense networks",
    role="family",
    preparation=DenseInputs,
    estimator=DenseNetworks,
    space=SPACE,
    reference="Gorishniy et al. 2022, arXiv:2203.05556 (encoding) and 2024, arXiv:2410.24210 (TabM-mini)",
    order=9,
    priority=6,
    needs_many_labels=True,
    learns_once=True,
    seconds=10.0,
)
