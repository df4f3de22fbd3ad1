"""Checks an XGBoost model file before XGBoost may read it: plain binary trees over so many inputs, and nothing else.

XGBoost follows child and feature numbers without looking, so a changed file could read foreign memory or never end.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

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
_NO_CATEGORIES = ("categories", "categories_nodes", "categories_segments", "categories_sizes")


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
    trees: Sequence[Any] = forest["trees"]
    rounds = list(range(len(trees) + 1))
    sizes = forest["gbtree_model_param"]
    require(sizes == {"num_parallel_tree": "1", "num_trees": str(len(trees))}, "the number of trees does not fit")
    require(list(forest["iteration_indptr"]) == rounds, "the trees are not one a round")
    require(list(forest["tree_info"]) == [0] * len(trees), "the trees are not all of one output")
    require(not any(map(len, forest["cats"].values())), "the XGBoost model has categories")
    for number, tree in enumerate(trees):
        require(tree["id"] == number, f"tree {number} is numbered {tree['id']}")
        _check_tree(tree, f"tree {number}", n_inputs)


def _check_tree(tree: Mapping[str, Any], name: str, n_inputs: int) -> None:
    count = len(tree["left_children"])
    expected = {"num_deleted": "0", "num_feature": str(n_inputs), "num_nodes": str(count), "size_leaf_vector": "1"}
    require(count > 0 and tree["tree_param"] == expected, f"the sizes of {name} do not fit")
    for part, kind in _PER_NODE.items():
        values = tree[part]
        fits = values.shape == (count,) and values.dtype.newbyteorder("=") == np.dtype(kind)
        require(fits and np.isfinite(values).all(), f"{part} of {name} cannot be right")
    require(not any(len(tree[part]) for part in _NO_CATEGORIES), f"{name} has categories")
    require(not tree["split_type"].any(), f"{name} has splits that are not numeric")
    left, right, parents = tree["left_children"], tree["right_children"], tree["parents"]
    inner = left != -1
    require((right[~inner] == -1).all(), f"a leaf of {name} has a child")
    above = np.flatnonzero(inner)
    children, parent = np.concatenate([left[inner], right[inner]]), np.tile(above, 2)
    whole = np.array_equal(np.sort(children), np.arange(1, count)) and (children > parent).all()
    require(whole, f"the nodes of {name} do not hang together")
    require(parents[0] == _ROOT_PARENT and (parents[children] == parent).all(), f"the parents of {name} do not fit")
    features = tree["split_indices"][inner]
    require(((features >= 0) & (features < n_inputs)).all(), f"{name} compares inputs beyond its {n_inputs}")
