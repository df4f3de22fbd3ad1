"""Baseline: the dense net of the 2021 essay "Music Curation with Neural Networks", as it was.

It drops key, duration, mode and tempo, stacks eleven thin layers, and stops on validation accuracy. The essay
published an accuracy of 0.68 to 0.72 on the Kaggle table. That table is sorted by label, so rows are shuffled before
the validation split here. Where the description leaves a choice open: inputs are standardised; the first three layers
are linear (Keras' default); the weights of the best validation epoch are kept (those of the last epoch, Keras' default,
score the same: 0.70 to 0.73 over three seeds either way).
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.utils import check_random_state

from features.preprocessing import HistoricInputs
from features.state import State, take_array
from models.binary import BinaryClassifier, FloatArray
from models.neural import Plan, Rows, Weights, sigmoid, train
from models.spec import ModelSpec

LAYERS: tuple[tuple[int, str], ...] = (
    (10, "linear"),
    (10, "linear"),
    (25, "linear"),
    (10, "relu"),
    (10, "softplus"),
    (10, "relu"),
    (10, "softplus"),
    (10, "relu"),
    (10, "softmax"),
    (5, "relu"),
    (1, "linear"),
)
"""Units and activation of each layer; the last one's sigmoid is part of the loss."""

DROPOUT_AFTER = {2: 0.1, 8: 0.1}
"""Layer number -> dropout rate behind it."""

VALIDATION_SHARE = 0.2


@dataclass(frozen=True)
class HistoricNet:
    """The essay's layers over ``n_inputs`` inputs."""

    n_inputs: int

    def shapes(self) -> list[tuple[int, ...]]:
        """Shapes of the weights: kernel and bias of each layer."""
        sizes = [self.n_inputs, *(units for units, _ in LAYERS)]
        return [shape for number, units in enumerate(sizes[1:]) for shape in ((sizes[number], units), (units,))]

    def initial(self, generator: np.random.Generator) -> list[npt.NDArray[np.float32]]:
        """Keras' default: Glorot's uniform kernels, zero biases."""
        limits = [np.sqrt(6 / sum(shape)) if len(shape) == 2 else 0.0 for shape in self.shapes()]
        return [
            generator.uniform(-limit, limit, shape).astype(np.float32)
            for limit, shape in zip(limits, self.shapes(), strict=True)
        ]

    def build(self) -> Any:
        """The Keras model: (batch, n_inputs) to logits (batch, 1)."""
        import keras  # noqa: PLC0415 - takes seconds; predicting does not need it

        x = inputs = keras.Input((self.n_inputs,))
        for number, (units, activation) in enumerate(LAYERS):
            x = keras.layers.Dense(units, activation=activation)(x)
            if number in DROPOUT_AFTER:
                x = keras.layers.Dropout(DROPOUT_AFTER[number])(x)
        return keras.Model(inputs, x)


def forward(weights: Weights, X: FloatArray) -> FloatArray:
    """Logits as ``HistoricNet.build`` computes them, in NumPy: (n_rows, n_inputs) to (n_rows, 1)."""
    x = X
    for (_, activation), kernel, bias in zip(LAYERS, weights[::2], weights[1::2], strict=True):
        x = _activate(activation, x @ kernel.astype(np.float64) + bias)
    return x


def _activate(activation: str, x: FloatArray) -> FloatArray:
    if activation == "relu":
        return np.maximum(x, 0.0)
    if activation == "softplus":
        return np.logaddexp(x, 0.0)
    if activation == "softmax":
        powers = np.exp(x - x.max(axis=1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=1, keepdims=True))
    return x


class HistoricDense(BinaryClassifier):
    """The essay's network and training: Adam, binary cross-entropy, batches of 75, a fifth held out to stop early.

    Parameters
    ----------
    epochs : int, > 0
        At most so many.
    patience : int, > 0
        Stop after so many without a better validation accuracy.
    random_state : int, RandomState or None

    Attributes
    ----------
    weights_ : tuple of ndarray of float32
        Kernel and bias of each layer.
    history_ : dict of str to tuple of float
        ``loss``, ``validation_loss``, ``validation_auc``, ``validation_accuracy``: one value an epoch.
    n_iter_ : int
        The epoch whose weights were kept, counted from 1.
    """

    weights_: Weights
    history_: dict[str, tuple[float, ...]]
    n_iter_: int

    def __init__(self, *, epochs: int = 500, patience: int = 50, random_state: int | None = None) -> None:
        self.epochs = epochs
        self.patience = patience
        self.random_state = random_state

    def fit(
        self,
        X: npt.ArrayLike,
        y: npt.ArrayLike,
        groups: npt.ArrayLike | None = None,  # noqa: ARG002
        sample_weight: npt.ArrayLike | None = None,  # noqa: ARG002
    ) -> Self:
        """Train the network.

        Parameters
        ----------
        X : array, shape (n_tracks, n_inputs)
            Standardised; a missing value counts as 0.
        y : array, shape (n_tracks,)
            Two classes.
        groups : array, optional
            Not used: the essay did not know of artists.
        sample_weight : array, optional
            Not used: the essay did not know of weights either.
        """
        X, codes = self._start_fit(X, y)
        generator = np.random.default_rng(check_random_state(self.random_state).randint(2**31 - 1))
        shape = HistoricNet(X.shape[1])
        held_out = np.zeros((len(X), 1), dtype=bool)
        held_out[generator.permutation(len(X))[: max(1, int(VALIDATION_SHARE * len(X)))]] = True
        trained = train(
            shape,
            shape.initial(generator),
            Rows(np.nan_to_num(X, nan=0.0).astype(np.float32), codes.astype(np.float32), held_out),
            Plan(self.epochs, self.patience, 75, 1e-3, clip_norm=None, monitor="validation_accuracy"),
            int(generator.integers(2**31)),
        )
        self.weights_, self.history_, self.n_iter_ = trained.weights, trained.history, trained.best_epoch + 1
        return self

    def _like_probability(self, X: FloatArray) -> FloatArray:
        return sigmoid(forward(self.weights_, np.nan_to_num(X, nan=0.0))[:, 0])

    def _fitted_state(self) -> State:
        return State(arrays={f"weights_{number}": weight for number, weight in enumerate(self.weights_)})

    def _restore(self, state: State) -> None:
        shapes = HistoricNet(self.n_features_in_).shapes()
        self.weights_ = tuple(
            take_array(state, f"weights_{number}", np.float32, shape) for number, shape in enumerate(shapes)
        )


SPEC = ModelSpec(
    name="historic_dense",
    title="Historic dense net (2021)",
    role="baseline",
    preparation=HistoricInputs,
    estimator=HistoricDense,
    space={},
    reference='The 2021 essay "Music Curation with Neural Networks" (accuracy 0.68 to 0.72 on the Kaggle table)',
    order=3,
)
