"""How much faster one traced function an epoch is than Keras' ``fit``.

Both train 13-128-128-1 on 1,600 rows, 50 epochs, batches of 64, and judge every epoch on 400 held-out rows; in turns,
in one process, on one thread (Keras is no faster on two here). The first fit is shown by itself: tracing is
paid once an architecture, not once a fit.
"""

import time
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np
import numpy.typing as npt

from experiments.benchmark.commands import Load
from experiments.benchmark.figure import Figure, at_least
from models.held_out import area_under_curve
from models.neural import Plan, Rows, train

EPOCHS, BATCH = 50, 64
N_TRAIN, N_HELD_OUT, N_INPUTS, WIDTH = 1600, 400, 13, 128
REPETITIONS = 3
TIMES_FASTER = 5.0
"""A first try by hand gave 6.4: 3.0 s over 0.47 s."""


@dataclass(frozen=True)
class TwoHiddenLayers:
    """13-128-128-1, of plain Keras layers."""

    def build(self) -> Any:
        """The Keras model."""
        import keras

        hidden = [keras.layers.Dense(WIDTH, activation="relu") for _ in range(2)]
        return keras.Sequential([keras.Input((N_INPUTS,)), *hidden, keras.layers.Dense(1)])

    def initial(self, generator: np.random.Generator) -> list[npt.NDArray[np.float32]]:
        """Scaled normal kernels, zero biases."""
        sizes = [N_INPUTS, WIDTH, WIDTH, 1]
        weights = []
        for number, units in enumerate(sizes[1:]):
            scale = np.sqrt(2 / sizes[number])
            weights += [scale * generator.standard_normal((sizes[number], units)), np.zeros(units)]
        return [weight.astype(np.float32) for weight in weights]


def toy_rows(seed: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Inputs and labels with one interaction to learn."""
    generator = np.random.default_rng(seed)
    X = generator.standard_normal((N_TRAIN + N_HELD_OUT, N_INPUTS)).astype(np.float32)
    noisy = X[:, 0] * X[:, 1] + X[:, 2] + generator.normal(0, 0.5, len(X))
    return X, (noisy > 0).astype(np.float32)


def seconds_of_loop(X: npt.NDArray[np.float32], y: npt.NDArray[np.float32]) -> tuple[float, float]:
    """Seconds of one training with our loop, and the best held-out AUC."""
    network, plan = TwoHiddenLayers(), Plan(EPOCHS, EPOCHS, BATCH, 1e-3)
    held_out = np.arange(len(X))[:, None] >= N_TRAIN
    started = time.perf_counter()
    trained = train(network, network.initial(np.random.default_rng(0)), Rows(X, y, held_out), plan, seed=0)
    return time.perf_counter() - started, max(trained.history["validation_auc"])


def seconds_of_keras(X: npt.NDArray[np.float32], y: npt.NDArray[np.float32]) -> tuple[float, float]:
    """Seconds of one training with ``keras.Model.fit``, and the held-out AUC after it."""
    import keras

    keras.utils.set_random_seed(0)
    model = TwoHiddenLayers().build()
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    model.compile(keras.optimizers.AdamW(1e-3, weight_decay=0.0, global_clipnorm=1.0), loss, jit_compile=False)
    held_out = X[N_TRAIN:], y[N_TRAIN:, None]
    started = time.perf_counter()
    model.fit(X[:N_TRAIN], y[:N_TRAIN, None], BATCH, EPOCHS, verbose=0, validation_data=held_out)
    seconds = time.perf_counter() - started
    return seconds, area_under_curve(model.predict(held_out[0], verbose=0)[:, 0].astype(float), y[N_TRAIN:] > 0.5)


def run() -> list[Figure]:
    """Median seconds of Keras' ``fit`` over those of our loop."""
    X, y = toy_rows(seed=0)
    load = Load()
    first, _ = seconds_of_loop(X, y)
    pairs = [(seconds_of_loop(X, y), seconds_of_keras(X, y)) for _ in range(REPETITIONS)]
    ours, theirs = (median(seconds for seconds, _ in results) for results in zip(*pairs, strict=True))
    (_, our_auc), (_, their_auc) = pairs[0]
    note = (
        f"{theirs:.2f} s over {ours:.2f} s, medians of {REPETITIONS} (first fit, with building and tracing: "
        f"{first:.2f} s); held-out AUC {their_auc:.3f} and {our_auc:.3f}; {load.in_words()}"
    )
    name = f"Keras fit over one function an epoch, {EPOCHS} epochs"
    return [at_least(name, theirs / ours, TIMES_FASTER, unit="x", note=note)]
