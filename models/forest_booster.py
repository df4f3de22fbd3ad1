"""A forest handed to XGBoost's predictor, which walks its trees some thirty times as fast as NumPy.

XGBoost adds up its trees' leaves, so each leaf becomes its share of the mean. It goes left where a value is *below* the
split and takes the right child to stand behind the left one; a `Forest` goes left where a value is *at most* the
threshold, and its children stand like that. The model is written as XGBoost's own Universal Binary JSON
(https://xgboost.readthedocs.io/en/stable/tutorials/saving_model.html), from checked arrays and in memory only.
"""

import struct
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from models.forest import Forest

if TYPE_CHECKING:
    import xgboost

_ROOT_PARENT = 2**31 - 1
_MARKERS = {"i4": b"l", "i8": b"L", "u1": b"U", "f4": b"d"}
_NONE = {"i4": np.empty(0, "i4"), "i8": np.empty(0, "i8")}


def forest_booster(forest: Forest, n_inputs: int, n_jobs: int) -> "xgboost.Booster":
    """An XGBoost model whose predictions are the forest's, to within float32.

    Parameters
    ----------
    forest : Forest
    n_inputs : int
    n_jobs : int, > 0
        Threads.
    """
    import xgboost  # noqa: PLC0415 - slow to import, and a ranker of another family does not need it

    content = _ubj(_model(forest, n_inputs))
    return xgboost.Booster({"nthread": n_jobs}, model_file=bytearray(content))


def _model(forest: Forest, n_inputs: int) -> dict[str, Any]:
    n_trees = len(forest.n_nodes)
    return {
        "learner": {
            "attributes": {},
            "feature_names": [],
            "feature_types": [],
            "gradient_booster": {
                "model": {
                    "cats": {"enc": [], "feature_segments": _NONE["i4"], "sorted_idx": _NONE["i4"]},
                    "gbtree_model_param": {"num_parallel_tree": "1", "num_trees": str(n_trees)},
                    "iteration_indptr": list(range(n_trees + 1)),
                    "tree_info": [0] * n_trees,
                    "trees": _trees(forest, n_inputs),
                },
                "name": "gbtree",
            },
            "learner_model_param": {
                "base_score": "[0E0]",
                "boost_from_average": "0",
                "num_class": "0",
                "num_feature": str(n_inputs),
                "num_target": "1",
            },
            "objective": {"name": "reg:squarederror", "reg_loss_param": {"scale_pos_weight": "1"}},
        },
        "version": [3, 2, 0],
    }


def _trees(forest: Forest, n_inputs: int) -> list[dict[str, Any]]:
    inner = forest.feature >= 0
    with np.errstate(over="ignore"):  # beyond the greatest threshold is infinity: every known value is below
        split = np.nextafter(forest.number, np.float32(np.inf))
    number = np.where(inner, split, forest.number / np.float32(len(forest.n_nodes)))
    left = forest.left_child()
    place = np.arange(len(inner)) - np.repeat(forest.first, forest.n_nodes)
    parent = np.full(len(inner), _ROOT_PARENT)
    for side in (0, 1):
        parent[(left - place + np.arange(len(inner)) + side)[inner]] = place[inner]
    nothing = np.zeros(len(inner))
    parts = {
        "base_weights": nothing.astype("f4"),
        "default_left": forest.missing_left.astype("u1"),
        "left_children": left.astype("i4"),
        "loss_changes": nothing.astype("f4"),
        "parents": parent.astype("i4"),
        "right_children": np.where(inner, left + 1, -1).astype("i4"),
        "split_conditions": number.astype("f4"),
        "split_indices": np.where(inner, forest.feature, 0).astype("i4"),
        "split_type": nothing.astype("u1"),
        "sum_hessian": nothing.astype("f4"),
    }
    fixed = {
        "categories": _NONE["i4"],
        "categories_nodes": _NONE["i4"],
        "categories_segments": _NONE["i8"],
        "categories_sizes": _NONE["i8"],
    }
    sizes = {"num_deleted": "0", "num_feature": str(n_inputs), "size_leaf_vector": "1"}
    return [
        {
            **fixed,
            **{name: values[start : start + count] for name, values in parts.items()},
            "id": tree,
            "tree_param": {**sizes, "num_nodes": str(count)},
        }
        for tree, (start, count) in enumerate(zip(forest.first.tolist(), forest.n_nodes.tolist(), strict=True))
    ]


def _ubj(value: Any) -> bytes:
    """Universal Binary JSON: numbers big-endian, every length a 64-bit integer."""
    if isinstance(value, np.ndarray):
        return _ubj_array(value)
    if isinstance(value, str):
        return b"S" + _ubj_text(value)
    if isinstance(value, int):
        return struct.pack(">cq", b"L", value)
    if isinstance(value, list):
        return struct.pack(">3sq", b"[#L", len(value)) + b"".join(map(_ubj, value))
    return b"{" + b"".join(_ubj_text(name) + _ubj(entry) for name, entry in value.items()) + b"}"


def _ubj_text(text: str) -> bytes:
    raw = text.encode()
    return struct.pack(">cq", b"L", len(raw)) + raw


def _ubj_array(values: npt.NDArray[Any]) -> bytes:
    marker = _MARKERS[values.dtype.str[1:]]
    return (
        b"[$"
        + marker
        + struct.pack(">2sq", b"#L", len(values))
        + values.astype(values.dtype.newbyteorder(">")).tobytes()
    )
