"""Extra trees: XGBoost's predictor says what scikit-learn's trees say, and forged forests are refused."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import StratifiedKFold
from sklearn.utils.estimator_checks import parametrize_with_checks

from features.errors import RankerFormatError
from features.state import State
from models.booster_file import check_booster_file
from models.estimators.extra_trees import ExtraTrees
from models.fitted import fit_model
from models.forest import Forest, read_forest
from models.forest_booster import forest_booster
from models.registry import spec
from models.tree_arrays import read_tree

PLAIN = {"criterion": "gini", "max_features": 0.5, "min_samples_leaf": 1}


def rows(n: int = 400, missing: float = 0.2, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    X = generator.normal(size=(n, 6)).round(2)
    y = (X[:, 0] * X[:, 1] + generator.normal(0, 0.5, n) > 0).astype(int)
    X[generator.random(X.shape) < missing] = np.nan
    return X, y


def probes(X: np.ndarray, forest: Forest) -> np.ndarray:
    """Training rows, and rows on and right beside every threshold."""
    threshold = forest.number[forest.feature >= 0]
    beside = [np.nextafter(threshold, np.float32(way)) for way in (-np.inf, np.inf)]
    values = np.concatenate([threshold, *beside, [np.nan, 0.0, 1e30, -1e30]]).astype(np.float64)
    return np.vstack([X, np.random.default_rng(1).permuted(np.tile(values, (X.shape[1], 1)), axis=1).T])


@pytest.mark.parametrize("missing", [0.0, 0.2])
@pytest.mark.parametrize(
    "params", [{}, {"min_samples_leaf": 3, "max_features": 1.0}, {"criterion": "entropy", "bootstrap": True}]
)
def test_unshrunken_equals_scikit_learn(missing: float, params: dict[str, object]) -> None:
    X, y = rows(missing=missing)
    free = {**PLAIN, "n_estimators": 30, "random_state": 3, **params}
    ours = ExtraTrees(shrinkage=0.0, **free).fit(X, y)
    theirs = ExtraTreesClassifier(**free).fit(X, y)
    values = probes(X, ours.forest_)
    assert np.allclose(ours.predict_proba(values), theirs.predict_proba(values), rtol=0, atol=1e-6)


@pytest.mark.parametrize("shrinkage", [0.0, 7.0])
def test_a_forest_says_what_its_trees_say(shrinkage: float) -> None:
    """Against the arrays of single trees, which are tested by themselves; best splits on missing values as well."""
    X, y = rows()
    X[y == 1, 5] = np.where(np.random.default_rng(0).random(int(y.sum())) < 0.5, np.nan, X[y == 1, 5])
    trees = [grown.tree_ for grown in RandomForestClassifier(7, random_state=0).fit(X, y).estimators_]
    forest = read_forest(trees, shrinkage)
    assert max(np.abs(tree.threshold).max() for tree in trees) == np.inf  # known against missing
    single = np.mean([read_tree(tree, X, y, shrinkage).predict(X) for tree in trees], axis=0)
    assert np.allclose(forest_booster(forest, 6, 1).inplace_predict(X.astype(np.float32)), single, rtol=0, atol=1e-6)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(2, 40), n_inputs=st.integers(1, 4))
def test_any_small_table(seed: int, n: int, n_inputs: int) -> None:
    generator = np.random.default_rng(seed)
    X = generator.integers(-2, 3, (n, n_inputs)) * 10.0 ** generator.integers(-40, 30)
    X[generator.random(X.shape) < 0.2] = np.nan
    y = np.arange(n) % 2
    params = {"n_estimators": 4, "min_samples_leaf": 1, "criterion": "gini", "max_features": 1.0, "random_state": 0}
    ours = ExtraTrees(shrinkage=0.0, **params).fit(X, y)
    restored = ExtraTrees.from_state(ours.get_state())
    theirs = ExtraTreesClassifier(**params).fit(X, y)
    assert np.allclose(restored.predict_proba(X), theirs.predict_proba(X), rtol=0, atol=1e-6)


def test_shrinkage_by_hand() -> None:
    X = np.array([[0.0], [0.0], [0.0], [1.0]])
    trees = ExtraTrees(n_estimators=3, min_samples_leaf=1, shrinkage=4.0).fit(X, [0, 0, 0, 1])
    # root 1/4 of 4 rows; a step from it is halved: 1/4 + (0 - 1/4) / 2 and 1/4 + (1 - 1/4) / 2
    assert np.allclose(trees.predict_proba(X)[:, 1], [0.125, 0.125, 0.125, 0.625], rtol=0, atol=1e-7)


def test_the_booster_is_a_model_as_xgboost_writes_it() -> None:
    X, y = rows()
    booster = ExtraTrees(n_estimators=5, random_state=0).fit(X, y).booster_
    booster.set_param({"objective": "binary:logistic", "base_score": 0.5})
    check_booster_file(bytes(booster.save_raw("ubj")), 6)


def test_a_row_of_weight_zero_says_nothing() -> None:
    X, y = rows()
    weight = np.repeat([1.0, 0.0], len(y) // 2)
    other = np.where(weight > 0, y, 1 - y)
    params = {"n_estimators": 10, "random_state": 0}
    first = ExtraTrees(**params).fit(X, y, sample_weight=weight).predict_proba(X)
    assert np.array_equal(ExtraTrees(**params).fit(X, other, sample_weight=weight).predict_proba(X), first)
    assert not np.array_equal(ExtraTrees(**params).fit(X, y).predict_proba(X), first)


def test_a_few_dozen_trees_are_enough_on_the_kaggle_table(kaggle_csv: Path) -> None:
    """500 trees of scikit-learn's with its defaults: log loss .532 (5 folds)."""
    table = pd.read_csv(kaggle_csv, index_col=0)
    y = table["target"].to_numpy()
    like = np.zeros(len(y))
    for train, test in StratifiedKFold(5, shuffle=True, random_state=0).split(table, y):
        model = fit_model(spec("extra_trees"), {}, 0, table.iloc[train], y[train])
        like[test] = model.predict(table.iloc[test])
    assert roc_auc_score(y, like) > 0.845
    assert log_loss(y, like) < 0.505


def test_small_on_disk() -> None:
    X, y = rows(1600)
    arrays = ExtraTrees(random_state=0).fit(X, y).get_state().arrays
    nodes = int(arrays["n_nodes"].sum())
    assert sum(array.nbytes for array in arrays.values()) <= 7 * nodes + 4 * len(arrays["n_nodes"])


def forged(name: str, change: object) -> State:
    X, y = rows()
    state = ExtraTrees(n_estimators=3, random_state=0).fit(X, y).get_state()
    array = change(state.arrays[name].copy())  # type: ignore[operator]
    return State(state.settings, {**state.arrays, name: array}, state.blobs)


def put(place: int, value: float) -> object:
    def change(array: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
        array[place] = value
        return array

    return change


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("feature", put(0, 6), "beyond its 6"),
        ("feature", put(0, -2), "beyond its 6"),
        ("feature", put(0, -1), "two children"),
        ("feature", put(-1, 0), "two children"),
        ("feature", lambda array: array[::-1].copy(), "two children|before its parent"),
        ("n_nodes", put(0, 0), "without nodes"),
        ("n_nodes", put(0, -5), "without nodes"),
        ("n_nodes", put(0, 2**31 - 1), "as many nodes"),
        ("n_nodes", lambda array: array + np.array([2, -2, 0], dtype=np.int32), "two children"),
        ("n_nodes", lambda array: array[:0], "without nodes"),
        ("number", put(-1, 1.5), "outside"),
        ("number", put(-1, -0.5), "outside"),
        ("number", put(0, np.inf), "infinity"),
        ("missing_left", lambda array: array.astype(np.int8), "int8"),
    ],
)
def test_forged_forests_are_refused(name: str, change: object, words: str) -> None:
    with pytest.raises(RankerFormatError, match=words):
        ExtraTrees.from_state(forged(name, change))


def test_a_tree_that_comes_before_its_parents_is_refused() -> None:
    """As many inner nodes as fit, but the root is a leaf: nothing would ever lead to the others."""
    arrays = {
        "n_nodes": np.array([3], dtype=np.int32),
        "feature": np.array([-1, 0, -1], dtype=np.int16),
        "number": np.array([0.5, 0.5, 0.5], dtype=np.float32),
        "missing_left": np.zeros(3, dtype=bool),
    }
    with pytest.raises(RankerFormatError, match="before its parent"):
        Forest.from_state(State(arrays=arrays), 1)


@pytest.mark.parametrize("n_jobs", [0, -1, 10**9, 1.5, "2"])
def test_forged_threads_are_refused(n_jobs: object) -> None:
    X, y = rows()
    state = ExtraTrees(n_estimators=3, random_state=0).fit(X, y).get_state()
    settings_ = {**state.settings, "params": {**state.settings["params"], "n_jobs": n_jobs}}
    with pytest.raises(RankerFormatError):
        ExtraTrees.from_state(State(settings_, state.arrays))


RELATIVE = "weights are scaled to a mean of 1, while the number of rows decides how many a leaf holds"


@parametrize_with_checks(
    [ExtraTrees(n_estimators=6, random_state=0)],
    expected_failed_checks=lambda _: {"check_sample_weight_equivalence_on_dense_data": RELATIVE},
)
def test_scikit_learns_own_checks(estimator: object, check: object) -> None:
    check(estimator)  # type: ignore[operator]
