"""The fast training loop that our networks share: one TensorFlow function runs a whole epoch on tensors in memory.

Keras' own ``fit`` spends most of its time between the steps of a small network on a small table. Here a Keras model
and a Keras optimiser run inside one ``tf.function`` that walks over all batches of an epoch, and Python only
shuffles and decides when to stop. The function is traced once an architecture and reused by later fits (other folds,
other learning rates): weights, optimiser and dropout seeds are variables that each fit sets anew, so a fit's result
depends on its seed and data alone.

A model maps inputs (batch, n_inputs) to logits (batch, n_members): members are networks that are trained side by
side, each on its own training rows. Weights leave as NumPy arrays; predicting needs no TensorFlow.

This is the only module that imports TensorFlow, and only inside functions: it takes seconds.
"""

import os
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from models.held_out import judge

FloatArray = npt.NDArray[np.float64]
Weights = tuple[npt.NDArray[np.float32], ...]
Monitor = Literal["validation_loss", "validation_accuracy"]

_CACHED_LOOPS = 8
"""How many architectures keep their traced function; a search over more forgets the oldest."""


class Architecture(Protocol):
    """The shape of a network: hashable, so that its traced function can be found again."""

    def __hash__(self) -> int:
        """Equal architectures share one traced function."""

    def build(self) -> Any:
        """A Keras model from (batch, n_inputs) to logits (batch, n_members)."""


@dataclass(frozen=True)
class Plan:
    """How to train.

    Parameters
    ----------
    epochs : int, > 0
        At most this many.
    patience : int, > 0
        Stop after this many epochs in a row without a better ``monitor``.
    batch_size : int, > 0
    learning_rate : float, > 0
    weight_decay : float, >= 0
        Decoupled (AdamW), for kernels only; 0 makes it plain Adam.
    clip_norm : float or None
        Longest global gradient; None: not clipped.
    monitor : {"validation_loss", "validation_accuracy"}
    """

    epochs: int
    patience: int
    batch_size: int
    learning_rate: float
    weight_decay: float = 0.0
    clip_norm: float | None = 1.0
    monitor: Monitor = "validation_loss"


@dataclass(frozen=True)
class Rows:
    """Training and held-out rows together.

    Parameters
    ----------
    X : ndarray of float32, shape (n_rows, n_inputs)
    y : ndarray of float32, shape (n_rows,)
        0 or 1.
    held_out : ndarray of bool, shape (n_rows, n_members)
        The rows each member must not train on; it is judged on them.
    weight : ndarray of float, shape (n_rows,), optional
        Of each row's loss in training; 1 where None.
    judging : ndarray of float, shape (n_rows,), optional
        Of each row's loss where it is judged; who learns the weights' share of likes looks ever worse without them.
    """

    X: npt.NDArray[np.float32]
    y: npt.NDArray[np.float32]
    held_out: npt.NDArray[np.bool_]
    weight: FloatArray | None = None
    judging: FloatArray | None = None


@dataclass(frozen=True)
class Trained:
    """What a training leaves behind.

    Parameters
    ----------
    weights : tuple of ndarray of float32
        The best epoch's, in the order of the Keras model's ``trainable_variables``.
    history : dict of str to tuple of float
        ``loss``, ``validation_loss``, ``validation_auc``, ``validation_accuracy``: one value an epoch.
    best_epoch : int
        Counted from 0.
    """

    weights: Weights
    history: dict[str, tuple[float, ...]]
    best_epoch: int


def train(
    architecture: Architecture, initial: Sequence[npt.NDArray[np.float32]], rows: Rows, plan: Plan, seed: int
) -> Trained:
    """Train from ``initial`` weights; keep those of the epoch that was best on held-out rows.

    Parameters
    ----------
    architecture : Architecture
    initial : sequence of ndarray of float32
        In the order of the model's ``trainable_variables``.
    rows : Rows
    plan : Plan
    seed : int
        Shuffles and dropout; the same seed, data and ``initial`` give the same weights.

    Returns
    -------
    Trained
    """
    with _POOL.loop(architecture, plan.clip_norm) as loop:
        loop.start(initial, plan.learning_rate, plan.weight_decay, seed)
        loop.take(rows)
        return _until_stale(loop, rows, plan, seed)


def _until_stale(loop: "_Loop", rows: Rows, plan: Plan, seed: int) -> Trained:
    trained_on = np.flatnonzero(~rows.held_out.all(axis=1))
    judged = rows.held_out.any(axis=1)
    y, held_out = rows.y[judged], rows.held_out[judged]
    judging = None if rows.judging is None else rows.judging[judged]
    generator = np.random.default_rng(seed)
    records: list[Mapping[str, float]] = []
    best_score, best_epoch, weights = -np.inf, 0, loop.weights()
    for epoch in range(plan.epochs):
        loss, logits = loop.epoch(generator.permutation(trained_on), plan.batch_size)
        record = {"loss": loss, **judge(logits, y, held_out, judging)}
        records.append(record)
        score = record[plan.monitor] * (-1 if plan.monitor == "validation_loss" else 1)
        if score > best_score:
            best_score, best_epoch, weights = score, epoch, loop.weights()
        elif epoch - best_epoch >= plan.patience:
            break
    history = {name: tuple(record[name] for record in records) for name in records[0]}
    return Trained(weights, history, best_epoch)


def sigmoid(logits: npt.NDArray[Any]) -> FloatArray:
    """1 / (1 + exp(-x)) without overflow."""
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * logits.astype(np.float64))))


@lru_cache(maxsize=1)
def _tensorflow() -> Any:
    """TensorFlow, quiet, with one thread an operation (more would cost small networks time) and one graph a core."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
    import tensorflow as tf  # noqa: PLC0415

    with suppress(RuntimeError):  # whoever started TensorFlow before us in this process chose its threads
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(os.cpu_count() or 1)
    return tf


class _Pool:
    """Traced loops that no fit is using, by architecture; folds fitted in threads each get one of their own."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._building = Lock()  # Keras and TensorFlow trace with process-wide state
        self._idle: OrderedDict[tuple[Architecture, float | None], list[_Loop]] = OrderedDict()

    @contextmanager
    def loop(self, architecture: Architecture, clip_norm: float | None) -> "Iterator[_Loop]":
        """A loop for one fit: an idle one of this architecture, else a new one."""
        key = (architecture, clip_norm)
        with self._lock:
            idle = self._idle.get(key)
            loop = idle.pop() if idle else None
        if loop is None:
            with self._building:
                loop = _Loop(architecture, clip_norm)
        yield loop
        with self._lock:
            self._idle.setdefault(key, []).append(loop)
            self._idle.move_to_end(key)
            while len(self._idle) > _CACHED_LOOPS:
                self._idle.popitem(last=False)


_POOL = _Pool()


class _Loop:
    """A Keras model, its optimiser and the traced function that runs one epoch; used by one fit at a time."""

    def __init__(self, architecture: Architecture, clip_norm: float | None) -> None:
        self._tf = tf = _tensorflow()
        import keras  # noqa: PLC0415

        self._model = architecture.build()
        self._decay = tf.Variable(0.0)
        self._optimizer = keras.optimizers.AdamW(global_clipnorm=clip_norm, weight_decay=0.0)
        # a variable in place of the constant: another decay needs no new trace
        self._optimizer.weight_decay = self._decay
        self._optimizer.exclude_from_weight_decay(var_names=["bias"])
        self._optimizer.build(self._model.trainable_variables)
        self._epoch = self._traced()

    def start(
        self, initial: Sequence[npt.NDArray[np.float32]], learning_rate: float, weight_decay: float, seed: int
    ) -> None:
        """Forget the last fit: weights, optimiser and dropout begin anew."""
        for variable, value in zip(self._model.trainable_variables, initial, strict=True):
            variable.assign(value)
        for variable in self._optimizer.variables:
            variable.assign(np.zeros(variable.shape, dtype=variable.dtype))
        self._optimizer.learning_rate.assign(learning_rate)
        self._decay.assign(weight_decay)
        dropouts = [layer for layer in self._model.layers if hasattr(layer, "seed_generator")]
        for number, layer in enumerate(dropouts):
            layer.seed_generator.state.assign(np.asarray([seed % 2**31, number], dtype=np.uint32))

    def take(self, rows: Rows) -> None:
        """Put the data where the traced function reads it."""
        constant = self._tf.constant
        train_on = (~rows.held_out).astype(np.float32)
        if rows.weight is not None:
            train_on *= rows.weight[:, None].astype(np.float32)
        judged = rows.X[rows.held_out.any(axis=1)]
        self._data = constant(rows.X), constant(rows.y[:, None]), constant(train_on), constant(judged)

    def epoch(self, order: npt.NDArray[np.int64], batch_size: int) -> tuple[float, npt.NDArray[np.float32]]:
        """One pass over the rows in this order: mean training loss, and the held-out rows' logits after it."""
        constant = self._tf.constant
        loss, logits = self._epoch(*self._data, constant(order, "int32"), constant(batch_size, "int32"))
        return float(loss), logits.numpy()

    def weights(self) -> Weights:
        """Copies of the model's weights."""
        return tuple(np.array(variable.numpy()) for variable in self._model.trainable_variables)

    def _traced(self) -> Any:
        tf, model, optimizer = self._tf, self._model, self._optimizer

        def step(X: Any, y: Any, train_on: Any, rows: Any) -> Any:
            weight = tf.gather(train_on, rows)
            with tf.GradientTape() as tape:
                logits = model(tf.gather(X, rows), training=True)
                labels = tf.broadcast_to(tf.gather(y, rows), tf.shape(logits))
                losses = tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits)
                # every member's own mean: it learns as if it were alone
                each = tf.math.divide_no_nan(tf.reduce_sum(weight * losses, 0), tf.reduce_sum(weight, 0))
                total = tf.reduce_sum(each)
            optimizer.apply_gradients(
                zip(tape.gradient(total, model.trainable_variables), model.trainable_variables, strict=True)
            )
            return tf.reduce_mean(each)

        def epoch(X: Any, y: Any, train_on: Any, judged: Any, order: Any, batch_size: Any) -> tuple[Any, Any]:
            count = tf.shape(order)[0]

            def body(start: Any, total: Any) -> tuple[Any, Any]:
                rows = order[start : start + batch_size]
                share = tf.cast(tf.shape(rows)[0], tf.float32) / tf.cast(count, tf.float32)
                return start + batch_size, total + share * step(X, y, train_on, rows)

            _, loss = tf.while_loop(
                lambda start, _: start < count, body, (tf.constant(0), tf.constant(0.0)), parallel_iterations=1
            )
            with tf.control_dependencies([loss]):
                return loss, model(tf.identity(judged), training=False)

        inputs = model.input_shape[-1]
        members = model.output_shape[-1]
        specs = [tf.TensorSpec((None, width), tf.float32) for width in (inputs, 1, members, inputs)]
        specs += [tf.TensorSpec((None,), tf.int32), tf.TensorSpec((), tf.int32)]
        traced = tf.function(epoch, input_signature=specs, jit_compile=False, autograph=False)
        return traced.get_concrete_function()
