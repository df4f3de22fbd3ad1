"""A forest of binary trees as plain arrays: reading scikit-learn's, shrinking, checking.

Conventions: the trees stand one after another, the nodes of each in level order, both children of a node side by side.
So the children need no numbers: those of a tree's k-th inner node (from 0) are its nodes 2k + 1 and 2k + 2, and no file
can hold a cycle. A row goes left where its value, as float32, is at most the threshold, and where it is missing and
``missing_left`` says so. What a forest says is the mean of its trees' leaves.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from features.state import State, require, take_array
from models.tree_arrays import GREATEST

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

MOST_INPUTS = 32_767
"""An input's number fits 16 bits."""


@dataclass(frozen=True)
class Forest:
    """Binary trees, seven bytes a node.

    Parameters
    ----------
    n_nodes : ndarray of int32, shape (n_trees,)
    feature : ndarray of int16, shape (n_nodes.sum(),)
        Input that an inner node compares; -1 in a leaf.
    number : ndarray of float32, shape (n_nodes.sum(),)
        Threshold of an inner node; P(like) of a leaf, in [0, 1].
    missing_left : ndarray of bool, shape (n_nodes.sum(),)
    """

    n_nodes: npt.NDArray[np.int32]
    feature: npt.NDArray[np.int16]
    number: npt.NDArray[np.float32]
    missing_left: npt.NDArray[np.bool_]

    @property
    def first(self) -> IntArray:
        """Where each tree begins: (n_trees,)."""
        return np.cumsum(self.n_nodes, dtype=np.int64) - self.n_nodes

    def left_child(self) -> IntArray:
        """The left child of each node, counted from its tree's root; -1 in a leaf. The right child is the next node."""
        inner = self.feature >= 0
        before: IntArray = np.cumsum(inner) - inner  # inner nodes before each node, in all trees
        rank: IntArray = before - np.repeat(before[self.first], self.n_nodes)
        return np.where(inner, 2 * rank + 1, -1)

    def get_state(self) -> State:
        """The four arrays."""
        return State(arrays={name: getattr(self, name) for name in self.__dataclass_fields__})

    @classmethod
    def from_state(cls, state: State, n_inputs: int) -> "Forest":
        """Rebuild; raises ``RankerFormatError`` where the arrays are not trees over ``n_inputs`` inputs."""
        n_nodes = take_array(state, "n_nodes", np.int32, (None,))
        feature = take_array(state, "feature", np.int16, (None,))
        number = take_array(state, "number", np.float32, feature.shape)
        missing_left = take_array(state, "missing_left", bool, feature.shape)
        require(len(n_nodes) > 0 and (n_nodes > 0).all(), "the forest has a tree without nodes")
        require(n_nodes.sum(dtype=np.int64) == len(feature), "the forest's trees do not have as many nodes as they say")
        forest = cls(n_nodes, feature, number, missing_left)
        forest._check(n_inputs)
        return forest

    def _check(self, n_inputs: int) -> None:
        inner = self.feature >= 0
        fits = (self.feature >= -1) & (self.feature < n_inputs)
        require(fits.all(), f"the forest compares inputs beyond its {n_inputs}")
        n_inner = np.add.reduceat(inner.astype(np.int64), self.first)
        require((self.n_nodes == 2 * n_inner + 1).all(), "a tree's inner nodes do not have two children each")
        place = np.arange(len(inner)) - np.repeat(self.first, self.n_nodes)
        # with as many children as nodes but the root, this makes each node the child of one node before it
        require((self.left_child() > place)[inner].all(), "a child in the forest stands before its parent")
        leaf = self.number[~inner]
        require(((leaf >= 0) & (leaf <= 1)).all(), "a probability in the forest is outside [0, 1]")


def read_forest(trees: Sequence[Any], shrinkage: float) -> Forest:
    """Arrays of fitted scikit-learn trees of two classes.

    Each step from a parent to its child is divided by ``1 + shrinkage / weight of the parent's training rows``: small
    nodes are trusted less (Agarwal et al. 2022, "Hierarchical Shrinkage", ICML; `models.tree_arrays.shrunken`).

    Parameters
    ----------
    trees : sequence of sklearn.tree._tree.Tree
    shrinkage : float, >= 0
        In training rows; 0 keeps the leaves' frequencies.
    """
    nodes = _Nodes(trees)
    value = nodes.shrunken(shrinkage)
    order = np.concatenate(nodes.levels)
    order = order[np.argsort(np.searchsorted(nodes.first, order, side="right"), kind="stable")]
    inner = nodes.inner[order]
    threshold = nodes.end_to_end("threshold")[order]
    return Forest(
        n_nodes=np.array([tree.node_count for tree in trees], dtype=np.int32),
        feature=np.where(inner, nodes.end_to_end("feature")[order], -1).astype(np.int16),
        number=np.where(inner, _at_most(threshold), value[order]).astype("f4"),
        missing_left=nodes.end_to_end("missing_go_to_left").astype(bool)[order] & inner,
    )


def shrunken_means(trees: Sequence[Any], X: npt.NDArray[np.float32], shrinkages: Sequence[float]) -> FloatArray:
    """What the forest that `read_forest` would make says, for each of some shrinkages: (n_shrinkages, n_tracks)."""
    nodes = _Nodes(trees)
    leaf = np.array([tree.apply(X) + first for tree, first in zip(trees, nodes.first, strict=True)])
    return np.array([nodes.shrunken(shrinkage)[leaf].mean(axis=0) for shrinkage in shrinkages])


class _Nodes:
    """The nodes of scikit-learn's trees, end to end; ``levels`` are those of all trees, the roots first."""

    def __init__(self, trees: Sequence[Any]) -> None:
        self._trees = trees
        n_nodes = np.array([tree.node_count for tree in trees], dtype=np.int64)
        self.first: IntArray = np.cumsum(n_nodes) - n_nodes
        start = np.repeat(self.first, n_nodes)
        self._left, self._right = self.end_to_end("children_left") + start, self.end_to_end("children_right") + start
        self._raw = np.concatenate([tree.value[:, 0, 1] for tree in trees])
        self._weight = self.end_to_end("weighted_n_node_samples")
        self.inner: npt.NDArray[np.bool_] = self.end_to_end("children_left") >= 0
        self.levels: list[IntArray] = [self.first]
        while len(self.levels[-1]):
            parents = self._parents(self.levels[-1])
            self.levels.append(np.column_stack([self._left[parents], self._right[parents]]).ravel())

    def end_to_end(self, part: str) -> npt.NDArray[Any]:
        return np.concatenate([getattr(tree, part) for tree in self._trees])

    def shrunken(self, shrinkage: float) -> FloatArray:
        """P(like) of each node: in [0, 1]."""
        raw = self._raw
        trust = 1.0 / (1.0 + shrinkage / self._weight)
        value = raw.copy()
        for level in self.levels:
            parents = self._parents(level)
            for child in (self._left[parents], self._right[parents]):
                value[child] = value[parents] + trust[parents] * (raw[child] - raw[parents])
        return np.asarray(np.clip(value, 0.0, 1.0))

    def _parents(self, level: IntArray) -> IntArray:
        return np.asarray(level[self.inner[level]])


def _at_most(threshold: FloatArray) -> npt.NDArray[np.float32]:
    """The greatest float32 that is not above each threshold: float32 values compare with both alike."""
    rounded = np.minimum(threshold, GREATEST).astype(np.float32)
    return np.where(rounded > threshold, np.nextafter(rounded, np.float32(-np.inf)), rounded)
