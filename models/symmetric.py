"""Symmetric trees as plain arrays: reading them from CatBoost's own file, checking them, predicting without CatBoost.

Conventions: every tree has the same depth, and all nodes of one level ask the same question, "is this input greater
than this border?" (asked in float32, as CatBoost asks it; a missing value is not greater). Bit ``d`` of a leaf's number
is the answer at level ``d``. A tree that CatBoost left shallower is filled up with questions whose answer changes
nothing.

Nothing is walked, so NumPy keeps up with compiled code: a level is one comparison over all tracks, and trees are taken
together, as many as give one table of at most 4,096 sums of their leaves, so that one look-up adds several trees.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt

from features.state import State, require, take_array

FloatArray = npt.NDArray[np.float64]
Float32Array = npt.NDArray[np.float32]

DEEPEST = 8
"""Levels of the deepest tree: a leaf's number then still fits one byte."""

_TABLE_LEVELS = 12  # 4,096 sums of 8 bytes: as much as a core's first cache holds
_CHUNK_ROWS = 32_768  # long enough to forget the cost of a call, short enough for a core's second cache
_FEW_ROWS = 800  # up to here, a few calls on all trees at once are quicker than a few calls a tree


@dataclass(frozen=True)
class SymmetricTrees:
    """A sum of symmetric trees.

    Parameters
    ----------
    feature : ndarray of int32, shape (n_trees, depth)
        The input that each level compares.
    border : ndarray of float32, shape (n_trees, depth)
        What it is compared with.
    leaf : ndarray of float32, shape (n_trees, 2**depth)
        Log-odds that each leaf adds.
    """

    feature: npt.NDArray[np.int32]
    border: Float32Array
    leaf: Float32Array

    def part(self, first: int, end: int) -> "SymmetricTrees":
        """The trees from number ``first`` up to ``end``, as far as there are any; their sums add up."""
        return SymmetricTrees(self.feature[first:end], self.border[first:end], self.leaf[first:end])

    def log_odds(self, X: FloatArray) -> FloatArray:
        """Sum of all trees' leaves.

        Parameters
        ----------
        X : ndarray of float, shape (n_tracks, n_inputs)
            NaN where missing.

        Returns
        -------
        ndarray of float, shape (n_tracks,)
            Each row's value depends on that row alone.
        """
        with np.errstate(over="ignore"):  # beyond float32 is infinite, and greater than every border
            values = X.astype(np.float32)
        if len(values) <= _FEW_ROWS:
            return self._of_few(values)
        n_chunks = -(-len(values) // _CHUNK_ROWS)
        tables = list(self._joint_tables())
        return np.concatenate([self._of_many(chunk.T.copy(), tables) for chunk in np.array_split(values, n_chunks)])

    def _of_few(self, values: Float32Array) -> FloatArray:
        """All trees at once, row after row."""
        greater = values[:, self.feature] > self.border
        number = np.packbits(greater, axis=2, bitorder="little")[:, :, 0]
        return np.asarray(self.leaf[np.arange(len(self.leaf)), number].sum(axis=1, dtype=np.float64))

    def _of_many(self, columns: Float32Array, tables: Sequence[FloatArray]) -> FloatArray:
        """All rows at once, (n_inputs, n_tracks), a few trees after another; nothing is allocated on the way."""
        n_trees, depth = self.feature.shape
        n_rows = columns.shape[1]
        greater = np.empty(n_rows, bool)
        number, wide, joint = np.empty(n_rows, np.uint8), np.empty(n_rows, np.uint16), np.empty(n_rows, np.uint16)
        total, found = np.zeros(n_rows), np.empty(n_rows)
        together = _together(depth)
        questions = [list(zip(*tree, strict=True)) for tree in zip(self.feature.tolist(), self.border, strict=True)]
        for first, table in zip(range(0, n_trees, together), tables, strict=True):
            joint[:] = 0
            for asked in reversed(questions[first : first + together]):
                number[:] = 0
                for feature, border in reversed(asked):
                    np.greater(columns[feature], border, out=greater)
                    np.add(number, number, out=number)
                    np.add(number, greater.view(np.uint8), out=number)
                np.copyto(wide, number)
                np.multiply(joint, 1 << depth, out=joint)
                np.add(joint, wide, out=joint)
            np.take(table, joint, out=found, mode="clip")  # never clips; the other mode would copy ``found``
            np.add(total, found, out=total)
        return total

    def _joint_tables(self) -> Iterator[FloatArray]:
        """For each few trees, the sums of their leaves: the first tree's number in the lowest bits."""
        together = _together(self.feature.shape[1])
        leaves = self.leaf.astype(np.float64)
        for first in range(0, len(leaves), together):
            yield reduce(lambda low, high: np.add.outer(high, low).ravel(), leaves[first : first + together])

    def get_state(self) -> State:
        """The three arrays."""
        return State(arrays={"feature": self.feature, "border": self.border, "leaf": self.leaf})

    @classmethod
    def from_state(cls, state: State, n_inputs: int) -> "SymmetricTrees":
        """Rebuild; raises ``RankerFormatError`` where the arrays are not symmetric trees over ``n_inputs`` inputs."""
        feature = take_array(state, "feature", np.int32, (None, None))
        n_trees, depth = feature.shape
        require(n_trees > 0, "there are no symmetric trees")
        require(0 < depth <= DEEPEST, f"the symmetric trees have {depth} levels, expected 1 to {DEEPEST}")
        inside = ((feature >= 0) & (feature < n_inputs)).all()
        require(inside, f"the symmetric trees compare inputs beyond their {n_inputs}")
        border = take_array(state, "border", np.float32, (n_trees, depth))
        leaf = take_array(state, "leaf", np.float32, (n_trees, 1 << depth))
        return cls(feature, border, leaf)


def constant(log_odds: float) -> SymmetricTrees:
    """One tree that says the same for every track."""
    nothing = np.zeros((1, 1), np.int32), np.zeros((1, 1), np.float32)
    return SymmetricTrees(*nothing, np.full((1, 2), log_odds, np.float32))


def read_catboost(model: Mapping[str, Any]) -> SymmetricTrees:
    """The trees of a CatBoost model of two classes over numbers.

    Parameters
    ----------
    model : mapping
        What ``CatBoostClassifier.save_model(..., format="json")`` wrote, trained with symmetric trees of at most 8
        levels and ``nan_mode="Min"``. It must come from a training of our own: it is read, not checked.

    Raises
    ------
    ValueError
        Where the model is of a kind that these arrays cannot say.
    """
    scale, (bias,) = model["scale_and_bias"]
    missing = {column["nan_value_treatment"] for column in model["features_info"]["float_features"]}
    if not missing <= {"AsIs", "AsFalse"}:
        raise ValueError(f"CatBoost treats missing values {sorted(missing)}, expected as smaller than all others")
    trees = [(tree["splits"] or [], tree["leaf_values"]) for tree in model["oblivious_trees"]]  # null: a leaf alone
    depth = max([1, *(len(splits) for splits, _ in trees)])
    if depth > DEEPEST:
        raise ValueError(f"CatBoost's trees have {depth} levels, expected at most {DEEPEST}")
    feature, border = np.zeros((len(trees), depth), np.int32), np.zeros((len(trees), depth), np.float32)
    leaf = np.empty((len(trees), 1 << depth))
    for number, (splits, values) in enumerate(trees):
        feature[number, : len(splits)] = [split["float_feature_index"] for split in splits]
        border[number, : len(splits)] = [split["border"] for split in splits]
        # whatever the levels that fill up a shallow tree answer, its leaves are the same
        leaf[number] = np.tile(values, 1 << (depth - len(splits)))
    leaf *= scale
    leaf[0] += bias
    return SymmetricTrees(feature, border, leaf.astype(np.float32))


def _together(depth: int) -> int:
    """How many trees of this depth are looked up at once."""
    return max(1, _TABLE_LEVELS // depth)
