"""Checks an XGBoost model file before XGBoost may read it: plain binary trees over so many inputs, and nothing else.

XGBoost follows child and feature numbers without looking, so a changed file could read foreign memory or never end.
A model may have hundreds of trees, so their nodes are laid end to end and each check looks at all of them at once.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from features.errors import RankerFormatError
from features.state import bad_state, require
from models.ubj import read_ubj

_ROOT_PARENT = 2**31 - 1
_PER_NODE = {
    "left_children": "i4",
    "right_children": "i4",
    "parents": "i4",
    "split_indices": "i4",
    "split_type": "u1",
    "default_left": "u1",
    "split_conditions": "f4",
    "base_weights": "f4",
    "loss_changes": "f4",
    "sum_hessian": "f4",
}
_NO_CATEGORIES = {"enc": [], "feature_segments": ("i4", b""), "sorted_idx": ("i4", b"")}
_NO_CATEGORIES_IN_TREE = {
    "categories": ("i4", b""),
    "categories_nodes": ("i4", b""),
    "categories_segments": ("i8", b""),
    "categories_sizes": ("i8", b""),
}

Trees = Sequence[Mapping[str, Any]]
Nodes = Mapping[str, npt.NDArray[Any]]
IntArray = npt.NDArray[np.int64]


def check_booster_file(content: bytes, n_inputs: int) -> None:
    """Make sure that ``content`` is an XGBoost model of P(like) over ``n_inputs`` numeric inputs.

    Raises
    ------
    RankerFormatError
        Where it is not, says why.
    """
    try:
        _check_learner(read_ubj(content)["learner"], n_inputs)
    except RankerFormatError:
        raise
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, OverflowError) as error:
        raise bad_state(f"the XGBoost model cannot be read: {type(error).__name__}: {error}") from error


def _check_learner(learner: Mapping[str, Any], n_inputs: int) -> None:
    objective = learner["objective"]["name"]
    require(objective == "binary:logistic", f"the XGBoost model's objective is {objective!r}, not binary:logistic")
    params = learner["learner_model_param"]
    width = int(params["num_feature"])
    require(width == n_inputs, f"the XGBoost model takes {width} inputs, expected {n_inputs}")
    require((params["num_class"], params["num_target"]) == ("0", "1"), "the XGBoost model has more than one output")
    base = float(params["base_score"].strip("[]"))
    require(0 < base < 1, f"the XGBoost model's base score is {base}")
    require(not learner["feature_names"] and not learner["feature_types"], "the XGBoost model names its inputs")
    require(learner["gradient_booster"]["name"] == "gbtree", "the XGBoost model is not made of plain trees")
    _check_forest(learner["gradient_booster"]["model"], n_inputs)


def _check_forest(forest: Mapping[str, Any], n_inputs: int) -> None:
    trees: Trees = forest["trees"]
    rounds = list(range(len(trees) + 1))
    sizes = forest["gbtree_model_param"]
    require(sizes == {"num_parallel_tree": "1", "num_trees": str(len(trees))}, "the number of trees does not fit")
    require(forest["iteration_indptr"] == rounds, "the trees are not one a round")
    require(forest["tree_info"] == [0] * len(trees), "the trees are not all of one output")
    require(forest["cats"] == _NO_CATEGORIES, "the XGBoost model has categories")
    require([tree["id"] for tree in trees] == rounds[:-1], "the trees are not numbered in their order")
    counts = np.array([_node_count(tree, n_inputs) for tree in trees], dtype=np.int64)
    nodes = {part: _end_to_end(trees, part, kind, counts) for part, kind in _PER_NODE.items()}
    _check_links(nodes, counts)
    _check_splits(nodes, n_inputs)


def _node_count(tree: Mapping[str, Any], n_inputs: int) -> int:
    count = len(tree["left_children"][1]) // 4  # bytes that are there: a number alone could ask for any memory
    expected = {"num_deleted": "0", "num_feature": str(n_inputs), "num_nodes": str(count), "size_leaf_vector": "1"}
    require(count > 0 and tree["tree_param"] == expected, "the sizes of a tree do not fit")
    require(all(tree[part] == empty for part, empty in _NO_CATEGORIES_IN_TREE.items()), "a tree has categories")
    return count


def _end_to_end(trees: Trees, part: str, kind: str, counts: IntArray) -> npt.NDArray[Any]:
    """One part of all trees, node after node and tree after tree; each tree must have one number a node."""
    found = {tree[part][0] for tree in trees}
    require(found <= {kind}, f"{part} of a tree is of the kinds {sorted(found)}, expected {kind}")
    pieces = [tree[part][1] for tree in trees]
    stored = np.dtype(kind).newbyteorder(">")
    fits = np.array_equal(np.fromiter(map(len, pieces), np.int64), counts * stored.itemsize)
    require(fits, f"{part} of a tree is not one number a node")
    return np.frombuffer(b"".join(pieces), stored).astype(kind)


def _check_links(nodes: Nodes, counts: IntArray) -> None:
    """Each node but the first of its tree is the child of one node before it, in the same tree, and names that parent.

    Then every path down ends, and stays within its tree. XGBoost walks some paths by ``left_children`` alone and takes
    the node behind it for the right child, so that must be the right child.
    """
    first = np.cumsum(counts) - counts
    start, end = np.repeat(first, counts), np.repeat(first + counts, counts)
    left, right = nodes["left_children"], nodes["right_children"]
    inner = left != -1
    require((right[~inner] == -1).all(), "a leaf of a tree has a child")
    parent = np.tile(np.flatnonzero(inner), 2)
    child = np.concatenate([left[inner], right[inner]]) + start[parent]
    require(((child > parent) & (child < end[parent])).all(), "the nodes of a tree do not hang together")
    is_root = np.zeros(len(inner), dtype=bool)
    is_root[first] = True
    uses = np.bincount(child, minlength=len(inner))
    require(np.array_equal(uses, ~is_root), "the nodes of a tree do not hang together")
    beside = right[inner] == left[inner] + 1
    require(beside.all(), "the children of a tree's node do not stand side by side")
    named = nodes["parents"]
    fits = (named[first] == _ROOT_PARENT).all() and (named[child] + start[child] == parent).all()
    require(fits, "the parents of a tree do not fit")


def _check_splits(nodes: Nodes, n_inputs: int) -> None:
    for part, kind in _PER_NODE.items():
        require(kind != "f4" or np.isfinite(nodes[part]).all(), f"{part} of a tree holds NaN or infinity")
    require(not nodes["split_type"].any(), "a tree has splits that are not numeric")
    features = nodes["split_indices"][nodes["left_children"] != -1]
    require(((features >= 0) & (features < n_inputs)).all(), f"a tree compares inputs beyond its {n_inputs}")
