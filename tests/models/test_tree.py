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
    free = {"criterion": "gini", "max_depth": None, "min_samples_leaf": 1, "ccp_alpha": 0.0, **params}
    ours = ShrunkenTree(shrinkage=0.0, random_state=3, **free).fit(X, y)
    theirs = DecisionTreeClassifier(random_state=3, **free).fit(X, y)
    probe, _ = rows(2000, 0.2, seed=1)
    edges = np.concatenate([probe, np.nan_to_num(X), np.full((1, 6), np.nan), np.full((1, 6), 1e30)])
    for values in (X, edges):
        assert np.allclose(ours.predict_proba(values), theirs.predict_proba(values), rtol=0, atol=1e-15)
    assert np.array_equal(ours.tree_.apply(X), theirs.apply(X))


def test_known_against_missing_survives_the_state() -> None:
    X = np.array([[1.0], [2.0], [3.0], [np.nan], [np.nan]])
    tree = ShrunkenTree(min_samples_leaf=1, shrinkage=0.0).fit(X, [0, 0, 0, 1, 1])
    restored = ShrunkenTree.from_state(tree.get_state())  # scikit-learn's threshold is infinite, which no state may be
    assert restored.predict_proba([[1e30], [-1e30], [np.nan]])[:, 1].tolist() == [0.0, 0.0, 1.0]


def test_nodes_count_the_training_rows_that_pass_through() -> None:
    X, y = rows()
    tree = ShrunkenTree(max_depth=4, random_state=0).fit(X, y).tree_
    leaf = tree.apply(X)
    for node in np.flatnonzero(tree.left < 0):
        assert tree.n_tracks[node] == (leaf == node).sum()
        assert tree.n_liked[node] == y[leaf == node].sum()
    assert (tree.n_tracks[0], tree.n_liked[0]) == (len(y), y.sum())


def test_weights_count_as_rows() -> None:
    X, y = rows()
    weight = np.random.default_rng(0).permutation(len(y)) % 3
    params = {"min_samples_leaf": 1, "max_depth": 3, "shrinkage": 0.0, "random_state": 0}
    weighted = ShrunkenTree(**params).fit(X, y, sample_weight=weight)
    repeated = ShrunkenTree(**params).fit(np.repeat(X, weight, axis=0), np.repeat(y, weight))
    assert np.allclose(weighted.predict_proba(X), repeated.predict_proba(X))


def test_pruning_leaves_less_to_read_and_costs_no_ranking(kaggle_csv: Path) -> None:
    table = pd.read_csv(kaggle_csv, index_col=0)
    y = table["target"].to_numpy()
    train, test = next(StratifiedKFold(5, shuffle=True, random_state=0).split(table, y))
    found = {}
    for alpha in (0.0, 3e-3):
        model = fit_model(spec("tree"), {"ccp_alpha": alpha}, 0, table.iloc[train], y[train])
        leaves = int((model.estimator.tree_.left < 0).sum())
        found[alpha] = leaves, roc_auc_score(y[test], model.predict(table.iloc[test]))
    assert found[3e-3][0] < 0.9 * found[0.0][0]
    assert found[3e-3][1] > found[0.0][1] - 0.01


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
        ("n_tracks", -1, "more liked"),
        ("n_tracks", 499, "not those of its children"),
        ("n_liked", 10_000, "more liked"),
        ("n_liked", -1, "more liked"),
        ("n_liked", 0, "not those of its children"),
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
