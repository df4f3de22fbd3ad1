"""Why a track got its score: signed effects of its features that add up to it.

Effects are Shapley values of the whole ranker's log-odds, estimated by sampling permutations against background tracks
(Strumbelj, E. & Kononenko, I. 2014, Explaining prediction models and individual predictions with feature
contributions). Along each permutation the differences telescope, so effects and base sum to the score exactly, however
few are drawn. Columns that mean one thing together (an artist's profile) change hands together and share one effect.
"""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
Score = Callable[[FloatArray], FloatArray]

CHUNK_ROWS = 100_000
"""Rows scored at once: bounds memory, whatever the number of tracks."""


def shapley_effects(
    score: Score,
    values: FloatArray,
    background: FloatArray,
    *,
    owner: Sequence[int] | None = None,
    lacking: BoolArray | None = None,
    permutations: int = 16,
    seed: int = 0,
) -> tuple[FloatArray, float]:
    """Effects of each feature of each track on its score.

    Parameters
    ----------
    score : callable
        (n, n_columns) -> (n,) on an additive scale (log-odds).
    values : ndarray of float, shape (n_tracks, n_columns)
        NaN where a value is missing.
    background : ndarray of float, shape (n_background, n_columns)
        Tracks that stand for "nothing known"; at least one.
    owner : sequence of int, length n_columns, optional
        The feature, from 0, that each column belongs to; by default every column is a feature.
    lacking : ndarray of bool, shape (n_tracks, n_columns), optional
        Gaps whose contents ``score`` averages over: a track keeps what the background has there. What the average says
        beyond that is the effect of not knowing them, in equal shares.
    permutations : int
        Feature orders drawn; every second one is the reverse of the one before (antithetic, lower variance).
    seed : int

    Returns
    -------
    effects : ndarray of float, shape (n_tracks, n_features)
    base : float
        Mean score of the background tracks used; ``base + effects.sum(axis=1)`` is the score.
    """
    n_tracks, n_columns = values.shape
    feature_of = np.arange(n_columns) if owner is None else np.asarray(owner, dtype=np.int64)
    n_features = int(feature_of.max()) + 1
    known = np.ones(values.shape, dtype=np.bool_) if lacking is None else ~lacking
    rng = np.random.default_rng(seed)
    orders = _antithetic_orders(rng, permutations, n_features)
    starts = background[rng.permutation(np.arange(permutations) % len(background))]
    effects = np.zeros((n_tracks, n_features))
    base = float(np.mean(score(starts)))
    per_chunk = max(1, CHUNK_ROWS // (permutations * (n_features + 1)))
    for first in range(0, n_tracks, per_chunk):
        chunk = slice(first, first + per_chunk)
        effects[chunk] = _chunk_effects(score, values[chunk], known[chunk], starts, orders, feature_of)
    partly = np.flatnonzero(~known.all(axis=1))
    if len(partly):
        unknown = ~known[partly] @ (feature_of[:, None] == np.arange(n_features))
        rest = score(values[partly]) - base - effects[partly].sum(axis=1)
        effects[partly] += (rest / unknown.sum(axis=1))[:, None] * unknown
    return effects, base


def _antithetic_orders(rng: np.random.Generator, permutations: int, n_features: int) -> IntArray:
    orders = [rng.permutation(n_features) for _ in range((permutations + 1) // 2)]
    return np.array([order for forward in orders for order in (forward, forward[::-1])][:permutations])


def _chunk_effects(
    score: Score,
    values: FloatArray,
    known: BoolArray,
    starts: FloatArray,
    orders: IntArray,
    feature_of: IntArray,
) -> FloatArray:
    """Walk every track from every start to itself, one feature at a time, and credit each step to its feature."""
    n_tracks, n_columns = values.shape
    n_paths, n_features = orders.shape
    position = np.empty_like(orders)
    np.put_along_axis(position, orders, np.arange(n_features)[None, :], axis=1)
    # switched[path, step, column]: has this column taken the track's value after so many steps?
    switched = position[:, None, feature_of] < np.arange(n_features + 1)[None, :, None]
    walk = np.where(switched[None] & known[:, None, None, :], values[:, None, None, :], starts[None, :, None, :])
    scores = score(walk.reshape(-1, n_columns)).reshape(n_tracks, n_paths, n_features + 1)
    steps = np.diff(scores, axis=2)
    by_feature = np.take_along_axis(steps, np.broadcast_to(position, steps.shape), axis=2)
    mean: FloatArray = by_feature.mean(axis=1)
    return mean
