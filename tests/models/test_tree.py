"""The decision tree: equal to scikit-learn's where nothing is shrunken, and safe where its arrays were changed."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import StratifiedKFold
from sklearn.tree import DecisionTreeClassifier

from features.errors import RankerFormatError
from features.state import State
from models.estimators.tree import ShrunkenTree
from models.fitted import fit_model
from models.registry import spec
from models.tree_arrays import TreeArrays


def rows(n: int = 500, missing: float = 0.2, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    X = generator.normal(size=(n, 6)).round(2)
    y = (X[:, 0] * X[:, 1] + generator.normal(0, 0.5, n) > 0).astype(int)
    X[generator.random(X.shape) < missing] = np.nan
    return X, y


@pytest.mark.parametrize("missing", [0.0, 0.2])
@pytest.mark.parametrize("params", [{}, {"max_depth": 4}, {"class_weight": "balanced", "ccp_alpha": 1e-3}])
def test_unshrunken_equals_scikit_learn(missing: float, params: dict[str, object]) -> None:
    X, y = rows(missing=missing)
    y[:150] = 0
    free = {"max_depth": None, "min_samples_leaf": 1, **params}
    ours = ShrunkenTree(shrinkage=0.0, random_state=3, **free).fit(X, y)
    theirs = DecisionTreeClassifier(random_state=3, **free).fit(X, y)
    probe, _ = rows(2000, 0.2, seed=1)
    edges = np.concatenate([probe, np.nan_to_num(X), np.full((1, 6), np.nan), np.full((1, 6), 1e30)])
    for values in (X, edges):
        assert np.allclose(ours.predict_proba(values), theirs.predict_proba(values), rtol=0, atol=1e-15)
    assert np.array_equal(ours.tree_.apply(X), theirs.apply(X))


def test_shrinkage_by_hand() -> None:
    X = np.array([[0.0], [0.0], [0.0], [1.0]])
    tree = ShrunkenTree(min_samples_leaf=1, shrinkage=4.0).fit(X, [0, 0, 0, 1])
    # root 1/4 of 4 rows; a step from it is halved: 1/4 + (0 - 1/4) / 2 and 1/4 + (1 - 1/4) / 2
    assert tree.predict_proba(X)[:, 1].tolist() == [0.125, 0.125, 0.125, 0.625]


def test_shrinkage_ranks_and_calibrates_better_on_the_kaggle_table(kaggle_csv: Path) -> None:
    table = pd.read_csv(kaggle_csv, index_col=0)
    y = table["target"].to_numpy()
    found = {}
    for shrinkage in (0.0, 100.0):
        like = np.zeros(len(y))
        for train, test in StratifiedKFold(5, shuffle=True, random_state=0).split(table, y):
            model = fit_model(spec("tree"), {"shrinkage": shrinkage}, 0, table.iloc[train], y[train])
            like[test] = model.predict(table.iloc[test])
        found[shrinkage] = roc_auc_score(y, like), log_loss(y, np.clip(like, 1e-6, 1 - 1e-6))
    assert found[100.0][0] > max(0.785, found[0.0][0])
    assert found[100.0][1] < found[0.0][1]


def state_and_inner() -> tuple[State, int]:
    X, y = rows()
    state = ShrunkenTree(max_depth=3, random_state=0).fit(X, y).get_state()
    return state, int(np.flatnonzero(state.arrays["left"] >= 0)[1])


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("left", 0, "before its parent"),
        ("left", 10_000, "one parent"),
        ("left", -1, "children"),
        ("left", -7, "children"),
        ("right", 2, "parent"),
        ("feature", 6, "beyond its 6"),
        ("feature", -1, "beyond its 6"),
        ("threshold", np.nan, "NaN"),
        ("value", 1.5, "outside"),
        ("value", np.nan, "NaN"),
    ],
)
def test_tampered_tree_is_refused(name: str, value: float, words: str) -> None:
    state, inner = state_and_inner()
    array = state.arrays[name].copy()
    array[inner] = value
    with pytest.raises(RankerFormatError, match=words):
        ShrunkenTree.from_state(State(state.settings, {**state.arrays, name: array}))


def test_a_cycle_is_refused() -> None:
    state, _ = state_and_inner()
    left = state.arrays["left"].copy()
    left[1] = 1
    with pytest.raises(RankerFormatError):
        ShrunkenTree.from_state(State(state.settings, {**state.arrays, "left": left}))


def test_no_nodes_is_refused() -> None:
    state, _ = state_and_inner()
    with pytest.raises(RankerFormatError, match="no nodes"):
        TreeArrays.from_state(State(arrays={name: array[:0] for name, array in state.arrays.items()}), 6)
