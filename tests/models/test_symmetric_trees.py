"""CatBoost behind our contract: arrays say what it says, forged ones are refused, and it is as good as measured."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import catboost
import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import StratifiedKFold
from sklearn.utils.estimator_checks import parametrize_with_checks

from features.errors import RankerFormatError
from features.state import State
from models.estimators.symmetric_trees import SymmetricBoosting
from models.fitted import fit_model
from models.registry import spec
from models.symmetric import SymmetricTrees, read_catboost

FEW, MANY = 7, 40_000  # rows: less than one call is worth, more than one chunk holds


def rows(n: int = 300, missing: float = 0.2, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    X = generator.normal(size=(n, 5)).round(2)
    y = (X[:, 0] * X[:, 1] + generator.normal(0, 0.5, n) > 0).astype(int)
    X[generator.random(X.shape) < missing] = np.nan
    return X, y


def quick(**params: object) -> SymmetricBoosting:
    return SymmetricBoosting(**{"iterations": 20, "random_state": 0, **params})


def exported(model: catboost.CatBoostClassifier, folder: Path) -> SymmetricTrees:
    model.save_model(folder / "model.json", format="json")
    return read_catboost(json.loads((folder / "model.json").read_text()))


def probes(X: np.ndarray, border: npt.NDArray[np.float32]) -> np.ndarray:
    """Rows around every border, and the values that are easily got wrong."""
    border = border[np.abs(border) < 1e37]
    edges = np.concatenate([np.nextafter(border, np.float32(way)) for way in (-np.inf, np.inf)] + [border])
    odd = [np.nan, 0.0, -0.0, 1e30, -1e30, 3.4028234663852886e38, -3.4028234663852886e38, 1e-45]
    columns = np.random.default_rng(1).permuted(np.tile(np.append(edges, odd), (X.shape[1], 1)), axis=1)
    return np.vstack([X, columns.T])


@pytest.mark.parametrize("missing", [0.0, 0.2])
@pytest.mark.parametrize(
    "params", [{}, {"depth": 1}, {"depth": 8, "rsm": 0.5}, {"bootstrap_type": "Bernoulli", "subsample": 0.6}]
)
def test_arrays_say_what_catboost_says(missing: float, params: Mapping[str, object], tmp_path: Path) -> None:
    X, y = rows(missing=missing)
    settings = {"iterations": 40, "thread_count": 1, "allow_writing_files": False, "logging_level": "Silent"}
    theirs = catboost.CatBoostClassifier(**settings, random_seed=3, **params).fit(X, y)
    ours = exported(theirs, tmp_path)
    unseen = probes(rows(2000, seed=1)[0], ours.border.ravel())
    expected = theirs.predict(unseen, prediction_type="RawFormulaVal")
    assert np.ptp(expected) > 0.1
    for first in (unseen, unseen[:FEW], unseen[-FEW:]):
        assert np.allclose(ours.log_odds(first), theirs.predict(first, prediction_type="RawFormulaVal"), 0, 1e-6)


@pytest.mark.parametrize("n", [6, 8, 12, 30])
def test_trees_that_end_early_are_read(n: int, tmp_path: Path) -> None:
    X, y = np.arange(2.0 * n).reshape(n, 2) % 7, np.arange(n) % 2
    theirs = catboost.CatBoostClassifier(iterations=20, allow_writing_files=False, logging_level="Silent").fit(X, y)
    unseen = np.random.default_rng(0).normal(3, 4, size=(200, 2))
    expected = theirs.predict(unseen, prediction_type="RawFormulaVal")
    assert np.allclose(exported(theirs, tmp_path).log_odds(unseen), expected, 0, 1e-6)


def test_what_arrays_cannot_say_is_refused() -> None:
    column = {"nan_value_treatment": "AsTrue"}
    with pytest.raises(ValueError, match="AsTrue"):
        read_catboost({"scale_and_bias": [1, [0]], "features_info": {"float_features": [column]}})
    split = {"float_feature_index": 0, "border": 0.5}
    deep = {"splits": [split] * 9, "leaf_values": [0.0] * 512}
    with pytest.raises(ValueError, match="9 levels"):
        read_catboost({"scale_and_bias": [1, [0]], "features_info": {"float_features": []}, "oblivious_trees": [deep]})


def test_scale_and_bias_by_hand() -> None:
    stump = {"splits": [{"float_feature_index": 0, "border": 0.5}], "leaf_values": [-1.0, 2.0]}
    alone = {"splits": None, "leaf_values": [0.25]}
    frame = {"scale_and_bias": [2, [0.125]], "features_info": {"float_features": []}}
    trees = read_catboost({**frame, "oblivious_trees": [stump, alone]})
    like = trees.log_odds(np.array([[0.5], [0.6], [np.nan]]))
    assert like.tolist() == [-2 + 0.125 + 0.5, 4 + 0.125 + 0.5, -2 + 0.125 + 0.5]


def by_definition(trees: SymmetricTrees, X: np.ndarray) -> np.ndarray:
    values = X.astype(np.float32)
    total = np.zeros(len(X))
    for feature, border, leaf in zip(trees.feature, trees.border, trees.leaf, strict=True):
        number = sum((values[:, at] > limit).astype(int) << d for d, (at, limit) in enumerate(zip(feature, border)))  # noqa: B905
        total += leaf[number]
    return total


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 30), st.integers(1, 8), st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_all_shapes_predict_by_the_definition(n_trees: int, depth: int, n_inputs: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    feature = generator.integers(0, n_inputs, (n_trees, depth)).astype(np.int32)
    border = generator.normal(size=(n_trees, depth)).round(1).astype(np.float32)
    trees = SymmetricTrees(feature, border, generator.normal(size=(n_trees, 1 << depth)).astype(np.float32))
    X = generator.normal(size=(1500, n_inputs)).round(1)
    X[generator.random(X.shape) < 0.1] = np.nan
    expected = by_definition(trees, X)
    assert np.allclose(trees.log_odds(X), expected, 0, 1e-9)
    assert np.allclose(trees.log_odds(X[:50]), expected[:50], 0, 1e-9)
    assert np.array_equal(SymmetricTrees.from_state(trees.get_state(), n_inputs).log_odds(X), trees.log_odds(X))


def test_few_rows_many_rows_and_any_order_agree() -> None:
    X, y = rows()
    model = quick(iterations=50).fit(X, y)
    unseen = rows(MANY, seed=2)[0]
    whole = model.predict_proba(unseen)
    order = np.random.default_rng(0).permutation(MANY)
    assert np.array_equal(model.predict_proba(unseen[order]), whole[order])
    assert np.allclose(model.predict_proba(unseen[-FEW:]), whole[-FEW:], 0, 1e-12)
    assert model.trees_.log_odds(unseen[:0]).shape == (0,)


def test_memory_layout_of_the_input_does_not_matter() -> None:
    X, y = rows()
    model = quick().fit(X, y)
    for n in (FEW, 2000):
        unseen = rows(n, seed=2)[0]
        assert np.array_equal(model.predict_proba(np.asfortranarray(unseen)), model.predict_proba(unseen))


def test_weights_count_by_their_ratios() -> None:
    X, y = rows()
    weight = np.random.default_rng(5).uniform(0.5, 2.0, len(y))
    like = quick().fit(X, y, sample_weight=weight).predict_proba(X)
    assert np.allclose(quick().fit(X, y, sample_weight=64 * weight).predict_proba(X), like, 0, 1e-6)
    assert not np.allclose(quick().fit(X, y).predict_proba(X), like, 0, 1e-3)
    assert np.allclose(
        quick().fit(X, y, sample_weight=np.ones(len(y))).predict_proba(X), quick().fit(X, y).predict_proba(X)
    )


def test_rows_without_weight_are_left_out() -> None:
    X, y = rows()
    weight = np.where(np.arange(len(y)) % 3 == 0, 0.0, 1.0)
    weighted = quick().fit(X, y, sample_weight=weight)
    removed = quick().fit(X[weight > 0], y[weight > 0], sample_weight=weight[weight > 0])
    assert np.array_equal(weighted.predict_proba(X), removed.predict_proba(X))


def test_heavier_likes_raise_the_probability() -> None:
    X, y = rows()
    light, heavy = (
        quick(iterations=60).fit(X, y, sample_weight=np.where(y == 1, w, 1.0)).predict_proba(X)[:, 1] for w in (1, 5)
    )
    assert heavy.mean() > light.mean() + 0.05


@pytest.mark.parametrize(
    ("weight", "words"),
    [(-1.0, "none negative"), (np.nan, "finite"), (0.0, "weight above 0"), ([1.0], "must hold 300")],
)
def test_impossible_weights_are_refused(weight: object, words: str) -> None:
    X, y = rows()
    given_weight = weight if isinstance(weight, list) else np.where(y == 1, weight, 1.0)
    with pytest.raises(ValueError, match=words):
        quick().fit(X, y, sample_weight=given_weight)


@pytest.mark.parametrize("column", [1.0, np.nan, [1.0, 1.0 + 1e-12]])
def test_inputs_that_say_nothing_give_the_share_of_likes(column: object) -> None:
    X, y = np.tile(np.resize(np.asarray(column), 40)[:, None], 3), np.arange(40) % 4 == 0
    like = quick().fit(X, y).predict_proba(np.array([[5.0, np.nan, -5.0]]))[0, 1]
    assert like == pytest.approx(0.25)
    weighted = quick().fit(X, y, sample_weight=np.where(y, 3.0, 1.0)).predict_proba(X)[0, 1]
    assert weighted == pytest.approx(0.5)


@pytest.mark.parametrize("scale", [1e-40, 1e-20, 1e20, 1e38, 1e300])
def test_numbers_of_any_size_are_taken(scale: float) -> None:
    X, y = rows(missing=0.0)
    model = quick().fit(X * scale, y)
    for n in (FEW, 2000):
        like = model.predict_proba(rows(n, seed=1)[0] * scale)
        assert np.isfinite(like).all()
    assert SymmetricBoosting.from_state(model.get_state()).predict_proba(X * scale).shape == (300, 2)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("feature", 5, "beyond their 5"),
        ("feature", -1, "beyond their 5"),
        ("border", np.nan, "NaN"),
        ("border", np.inf, "NaN"),
        ("leaf", -np.inf, "NaN"),
    ],
)
def test_tampered_arrays_are_refused(name: str, value: float, words: str) -> None:
    state = quick().fit(*rows()).get_state()
    array = state.arrays[name].copy()
    array[3, 2] = value
    with pytest.raises(RankerFormatError, match=words):
        SymmetricBoosting.from_state(State(state.settings, {**state.arrays, name: array}))


@pytest.mark.parametrize(
    ("n_trees", "depth", "n_leaves", "words"),
    [(0, 6, 64, "no symmetric trees"), (4, 0, 1, "0 levels"), (4, 9, 512, "9 levels"), (4, 6, 32, "shape")],
)
def test_impossible_shapes_are_refused(n_trees: int, depth: int, n_leaves: int, words: str) -> None:
    arrays = {
        "feature": np.zeros((n_trees, depth), np.int32),
        "border": np.zeros((n_trees, depth), np.float32),
        "leaf": np.zeros((n_trees, n_leaves), np.float32),
    }
    with pytest.raises(RankerFormatError, match=words):
        SymmetricTrees.from_state(State(arrays=arrays), 5)


def test_the_rate_follows_catboosts_own() -> None:
    for n in (300, 3000):
        X, y = rows(n)
        own = catboost.CatBoostClassifier(depth=1, allow_writing_files=False, logging_level="Silent").fit(X, y)
        assert SymmetricBoosting(learning_rate=0.0103).rate(n) == pytest.approx(own.learning_rate_, rel=0.01)
    assert SymmetricBoosting().rate(10**9) == 0.5


def test_fitting_is_quiet_and_leaves_no_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    work, scratch = tmp_path / "work", tmp_path / "scratch"
    work.mkdir()
    scratch.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    quick().fit(*rows())
    assert list(work.iterdir()) == list(scratch.iterdir()) == []
    assert capfd.readouterr() == ("", "")


def test_other_threads_run_while_it_fits() -> None:
    X, y = rows(3000)
    fitting = threading.Thread(target=SymmetricBoosting(random_state=0).fit, args=(X, y))
    seen = [time.perf_counter()]
    fitting.start()
    while fitting.is_alive():
        time.sleep(0.001)
        seen.append(time.perf_counter())
    assert max(np.diff(seen)) < (seen[-1] - seen[0]) / 2


def test_loading_and_predicting_do_without_catboost() -> None:
    script = """
import sys
import numpy as np
from features.state import State
from models.registry import families, spec
families()
arrays = {"feature": np.zeros((1, 1), np.int32), "border": np.zeros((1, 1), np.float32)}
arrays["leaf"] = np.array([[-1, 1]], np.float32)
found = spec("symmetric_trees").build({}, 0)
state = State({"params": found.get_params(), "classes": [0, 1], "n_inputs": 1}, arrays)
print(type(found).from_state(state).predict_proba([[2.0]])[0, 1])
assert not {"catboost", "tensorflow", "matplotlib", "plotly"} & set(sys.modules)
"""
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=False, env=dict(os.environ)
    )
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) == pytest.approx(1 / (1 + np.exp(-1)))


def test_kaggle_table_ranks_as_measured(kaggle_csv: Path) -> None:
    table = pd.read_csv(kaggle_csv, index_col=0)
    y = table["target"].to_numpy()
    scores = []
    for train, test in StratifiedKFold(5, shuffle=True, random_state=0).split(table, y):
        fits = [fit_model(spec("symmetric_trees"), {}, seed, table.iloc[train], y[train]) for seed in range(3)]
        like = np.mean([model.predict(table.iloc[test]) for model in fits], axis=0)
        scores.append((roc_auc_score(y[test], like), log_loss(y[test], like)))
    area, loss = np.mean(scores, axis=0)
    assert area > 0.856  # one fit .857, eight .860, as CatBoost's own thousand trees
    assert loss < 0.474  # one fit .474, eight .469


@parametrize_with_checks(
    [quick(iterations=10)],
    expected_failed_checks=lambda _: {
        "check_sample_weight_equivalence_on_dense_data": "rows are drawn at random: one row of weight 2 is not two rows"
    },
)
def test_scikit_learns_own_checks(estimator: object, check: object) -> None:
    check(estimator)  # type: ignore[operator]
