"""A fitted binary decision tree as plain arrays: predicting, counting, shrinking, checking it without scikit-learn.

Conventions: node 0 is the root; a leaf has -1 for both children; a row goes left where its value (as float32, as
scikit-learn compares) is at most the threshold, and where it is missing and ``missing_left`` says so. Children stand
after their parent, as scikit-learn grows them depth first, so a tree read from a file cannot hold a cycle.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from features.state import State, require, take_array

FloatArray = npt.NDArray[np.float64]

GREATEST = float(np.finfo(np.float32).max)
"""The threshold that every known value is at most: it tells known from missing. scikit-learn writes infinity."""


@dataclass(frozen=True)
class TreeArrays:
    """One binary tree.

    Parameters
    ----------
    left, right : ndarray of int64, shape (n_nodes,)
        Children; -1 in a leaf.
    feature : ndarray of int64, shape (n_nodes,)
        Input that is compared; -1 in a leaf.
    threshold : ndarray of float64, shape (n_nodes,)
        0 in a leaf.
    missing_left : ndarray of bool, shape (n_nodes,)
    value : ndarray of float64, shape (n_nodes,)
        P(like) at each node, in [0, 1].
    n_tracks, n_liked : ndarray of int64, shape (n_nodes,)
        Training rows that passed through each node, and how many of them were liked.
    """

    left: npt.NDArray[np.int64]
    right: npt.NDArray[np.int64]
    feature: npt.NDArray[np.int64]
    threshold: FloatArray
    missing_left: npt.NDArray[np.bool_]
    value: FloatArray
    n_tracks: npt.NDArray[np.int64]
    n_liked: npt.NDArray[np.int64]

    def apply(self, X: FloatArray) -> npt.NDArray[np.int64]:
        """The leaf each row falls into: (n_tracks,)."""
        values = X.astype(np.float32)
        node = np.zeros(len(values), dtype=np.int64)
        moving = np.flatnonzero(self.left[node] >= 0)
        while len(moving):
            here = node[moving]
            value = values[moving, self.feature[here]]
            goes_left = np.where(np.isnan(value), self.missing_left[here], value <= self.threshold[here])
            node[moving] = np.where(goes_left, self.left[here], self.right[here])
            moving = moving[self.left[node[moving]] >= 0]
        return node

    def predict(self, X: FloatArray) -> FloatArray:
        """P(like): (n_tracks,), in [0, 1]."""
        return self.value[self.apply(X)]

    def get_state(self) -> State:
        """The eight arrays."""
        return State(arrays={name: getattr(self, name) for name in self.__dataclass_fields__})

    @classmethod
    def from_state(cls, state: State, n_inputs: int) -> "TreeArrays":
        """Rebuild; raises ``RankerFormatError`` where the arrays are not a tree over ``n_inputs`` inputs."""
        left = take_array(state, "left", np.int64, (None,))
        require(len(left) > 0, "the tree has no nodes")
        shape = left.shape
        tree = cls(
            left,
            take_array(state, "right", np.int64, shape),
            take_array(state, "feature", np.int64, shape),
            take_array(state, "threshold", np.float64, shape),
            take_array(state, "missing_left", bool, shape),
            take_array(state, "value", np.float64, shape),
            take_array(state, "n_tracks", np.int64, shape),
            take_array(state, "n_liked", np.int64, shape),
        )
        tree._check(n_inputs)
        return tree

    def _check(self, n_inputs: int) -> None:
        inner = self.left >= 0
        children = np.concatenate([self.left[inner], self.right[inner]])
        parents = np.tile(np.flatnonzero(inner), 2)
        require((self.left[~inner] == -1).all() and (self.right[~inner] == -1).all(), "a leaf of the tree has children")
        require((children > parents).all(), "a child in the tree stands before its parent")
        whole = np.array_equal(np.sort(children), np.arange(1, len(self.left)))
        require(whole, "the tree's nodes do not each have one parent")
        features = self.feature[inner]
        require(((features >= 0) & (features < n_inputs)).all(), f"the tree compares inputs beyond its {n_inputs}")
        require(((self.value >= 0) & (self.value <= 1)).all(), "a probability in the tree is outside [0, 1]")
        counted = (self.n_liked >= 0) & (self.n_liked <= self.n_tracks) & (self.n_tracks < 2**53)
        require(counted.all(), "a node of the tree has more liked tracks than tracks")
        for count in (self.n_tracks, self.n_liked):
            fits = count[inner] == count[self.left[inner]] + count[self.right[inner]]
            require(fits.all(), "the tracks in a node of the tree are not those of its children")


def read_tree(tree: Any, X: FloatArray, y: npt.NDArray[np.int64], shrinkage: float) -> TreeArrays:
    """Arrays of a fitted scikit-learn tree (``DecisionTreeClassifier.tree_``) of two classes.

    Parameters
    ----------
    tree : sklearn.tree._tree.Tree
    X : ndarray of float, shape (n_tracks, n_inputs)
        Training rows, to be counted.
    y : ndarray of int, shape (n_tracks,)
        0 or 1.
    shrinkage : float, >= 0
        See ``shrunken``; 0 keeps the leaves' frequencies.
    """
    inner = tree.children_left >= 0
    nothing = np.zeros(tree.node_count, dtype=np.int64)
    arrays = TreeArrays(
        left=tree.children_left.astype(np.int64),
        right=tree.children_right.astype(np.int64),
        feature=np.where(inner, tree.feature, -1).astype(np.int64),
        threshold=np.where(inner, np.minimum(tree.threshold, GREATEST), 0.0),
        missing_left=tree.missing_go_to_left.astype(bool) & inner,
        value=tree.value[:, 0, 1].astype(np.float64),
        n_tracks=nothing,
        n_liked=nothing,
    )
    leaf = arrays.apply(X)
    return replace(
        arrays,
        n_tracks=_through(arrays, np.bincount(leaf, minlength=tree.node_count)),
        n_liked=_through(arrays, np.bincount(leaf[y == 1], minlength=tree.node_count)),
        value=shrunken(arrays, tree.weighted_n_node_samples, shrinkage),
    )


def _through(tree: TreeArrays, in_leaf: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Rows that pass through each node, from the rows in each leaf."""
    rows = in_leaf.astype(np.int64)
    for parent in np.flatnonzero(tree.left >= 0)[::-1]:  # children stand after their parents
        rows[parent] = rows[tree.left[parent]] + rows[tree.right[parent]]
    return rows


def shrunken(tree: TreeArrays, n_samples: FloatArray, shrinkage: float) -> FloatArray:
    """Node probabilities pulled towards their ancestors': hierarchical shrinkage.

    Each step from a parent to its child is divided by ``1 + shrinkage / n_samples[parent]``: small nodes are trusted
    less, and leaves that would all say 0 or 1 get different probabilities, which ranks better and is better calibrated
    than raw frequencies (Agarwal et al. 2022, "Hierarchical Shrinkage", ICML; the Laplace correction of Provost and
    Domingos 2003, "Tree Induction for Probability-Based Ranking", is the same idea without the ancestors).

    Parameters
    ----------
    tree : TreeArrays
    n_samples : ndarray of float, shape (n_nodes,)
        Training rows in each node, > 0; weighted where they have weights.
    shrinkage : float, >= 0
        In training rows; 0 changes nothing.

    Returns
    -------
    ndarray of float, shape (n_nodes,)
        In [0, 1].
    """
    if shrinkage == 0:
        return tree.value
    value = tree.value.copy()
    for parent in np.flatnonzero(tree.left >= 0):  # parents stand before their children
        trust = 1.0 / (1.0 + shrinkage / n_samples[parent])
        for child in (tree.left[parent], tree.right[parent]):
            value[child] = value[parent] + trust * (tree.value[child] - tree.value[parent])
    return np.clip(value, 0.0, 1.0)
