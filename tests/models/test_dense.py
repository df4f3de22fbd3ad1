"""The dense networks: the traced loop learns, repeats itself, and NumPy predicts what Keras does."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold
from sklearn.utils.estimator_checks import check_estimator

from features.errors import RankerFormatError
from features.state import State
from models.estimators.dense import DenseNetworks, SharedNetwork, _held_out, forward
from models.fitted import fit_model
from models.folds import deal_folds
from models.held_out import area_under_curve
from models.neural import Plan, Rows, Weights, sigmoid, train
from models.piecewise import PiecewiseLinear
from models.registry import spec

SMALL = {"width": 32, "n_bins": 8, "d_embedding": 4, "n_members": 3}


def rows(n: int = 240, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    X = generator.normal(size=(n, 5))
    return X, (X[:, 0] + generator.normal(0, 0.5, n) > 0).astype(int)


def network_of(n_layers: int = 1, dropout: float = 0.0) -> SharedNetwork:
    return SharedNetwork(
        n_inputs=4, n_slots=3, n_members=2, n_layers=n_layers, width=16, d_embedding=5, dropout=dropout
    )


def held_out_rows(network: SharedNetwork, n: int = 200) -> Rows:
    generator = np.random.default_rng(1)
    X = generator.normal(size=(n, network.n_inputs * network.n_slots)).astype(np.float32)
    y = (X[:, 0] > 0).astype(np.float32)
    judged = np.arange(n) % 5 == 0
    held_out = judged[:, None] & (np.arange(network.n_members + 1) == network.n_members)
    return Rows(X, y, held_out, np.where(judged, 0.0, 1.0))


def logits(weights: Weights, network: SharedNetwork, X: np.ndarray) -> np.ndarray:
    slots = X.reshape(len(X), network.n_inputs, network.n_slots)
    return forward(weights, np.einsum("bft,fte->bfe", slots, weights[0]) + weights[1])


@pytest.mark.parametrize("n_layers", [1, 3])
def test_numpy_predicts_what_keras_does(n_layers: int) -> None:
    network = network_of(n_layers, dropout=0.2)
    weights = [weight + 0.1 for weight in network.initial(np.random.default_rng(0))]
    assert [weight.shape for weight in weights] == network.shapes()
    model = network.build()
    for variable, weight in zip(model.trainable_variables, weights, strict=True):
        variable.assign(weight)
    X = np.random.default_rng(1).normal(size=(50, 12))
    found, ours = model(X.astype(np.float32)).numpy(), logits(tuple(weights), network, X)
    assert np.allclose(ours, found[:, :-1], rtol=0, atol=1e-5)
    assert np.allclose(sigmoid(ours).mean(axis=1), sigmoid(found[:, -1]), rtol=0, atol=1e-5)


def test_the_best_epoch_is_kept_and_the_stop_is_exact() -> None:
    network = network_of()
    data, plan = held_out_rows(network), Plan(60, 3, 16, 0.02)
    trained = train(network, network.initial(np.random.default_rng(0)), data, plan, seed=0)
    losses = trained.history["validation_loss"]
    assert trained.best_epoch == int(np.argmin(losses))
    assert len(losses) == trained.best_epoch + 1 + plan.patience
    judged = data.held_out.any(axis=1)
    p = sigmoid(logits(trained.weights, network, data.X[judged])).mean(axis=1)
    expected = -np.mean(np.log(np.where(data.y[judged] > 0.5, p, 1 - p)))
    assert losses[trained.best_epoch] == pytest.approx(expected, abs=1e-5)
    assert len({len(values) for values in trained.history.values()}) == 1


def test_no_member_learns_from_held_out_rows() -> None:
    network = network_of(dropout=0.1)
    data, plan = held_out_rows(network), Plan(1, 1, 32, 0.01, clip_norm=None)
    judged = data.held_out.any(axis=1)
    start = network.initial(np.random.default_rng(0))

    def after_lies(where: np.ndarray) -> Weights:
        lied = replace(data, y=np.where(where, 1 - data.y, data.y).astype(np.float32))
        return train(network, start, lied, plan, seed=0).weights

    honest, judges, teachers = (after_lies(where) for where in (judged & False, judged, ~judged))
    # one epoch, so that labels cannot choose it
    assert all(np.array_equal(one, other) for one, other in zip(honest, judges, strict=True))
    assert not any(np.array_equal(one, other) for one, other in zip(honest, teachers, strict=True))


def test_where_one_artist_is_most_rows_another_part_stops() -> None:
    X, y = rows()
    y[:200] = np.arange(200) % 2
    groups = np.concatenate([np.zeros(180), np.arange(1, 61)])  # the largest goes to the first fold
    model = DenseNetworks(**SMALL, epochs=1, random_state=0).fit(X, y, groups)
    assert model.n_iter_ == 1
    assert not _held_out(y, groups, seed=0)[:180].any()
    assert 0 < _held_out(y, groups, seed=0).sum() < 48


def test_equal_seeds_repeat_after_another_fit_in_between() -> None:
    X, y = rows()
    first = DenseNetworks(**SMALL, epochs=4, random_state=5).fit(X, y)
    DenseNetworks(**SMALL, epochs=2, learning_rate=0.01, random_state=6).fit(X, y)
    again = DenseNetworks(**SMALL, epochs=4, random_state=5).fit(X, y)
    other = DenseNetworks(**SMALL, epochs=4, random_state=7).fit(X, y)
    assert np.array_equal(first.predict_proba(X), again.predict_proba(X))
    assert first.history_ == again.history_
    assert not np.array_equal(first.predict_proba(X), other.predict_proba(X))


def test_weight_decay_and_dropout_reach_the_network() -> None:
    X, y = rows()
    size = {
        decay: np.abs(DenseNetworks(**SMALL, epochs=3, weight_decay=decay, random_state=0).fit(X, y).weights_[0]).mean()
        for decay in (0.0, 10.0)
    }
    assert size[10.0] < 0.9 * size[0.0]


def test_history_and_global_seeds() -> None:
    X, y = rows()
    np.random.seed(3)  # noqa: NPY002 - what a fit must leave alone
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    model = DenseNetworks(**SMALL, epochs=3, random_state=0).fit(X, y)
    assert np.array_equal(np.random.get_state()[1], before)  # noqa: NPY002
    assert set(model.history_) == {"loss", "validation_loss", "validation_auc", "validation_accuracy"}
    assert all(len(values) == 3 for values in model.history_.values())
    assert 1 <= model.n_iter_ <= 3


def test_scikit_learns_own_checks() -> None:
    by_rows = "rows are dealt to members and batches by their number: a repeated row is held out somewhere else"
    check_estimator(
        DenseNetworks(**SMALL, n_layers=1, epochs=8, batch_size=16, random_state=0),
        on_skip=None,
        expected_failed_checks={"check_sample_weight_equivalence_on_dense_data": by_rows},
    )


def test_defaults_reach_what_was_measured_on_the_kaggle_table(kaggle_csv: Path) -> None:
    table = pd.read_csv(kaggle_csv, index_col=0)
    y = table["target"].to_numpy()
    like = np.zeros(len(y))
    for train_rows, test in StratifiedKFold(5, shuffle=True, random_state=0).split(table, y):
        model = fit_model(spec("dense"), {}, 0, table.iloc[train_rows], y[train_rows])
        like[test] = model.predict(table.iloc[test])
    assert roc_auc_score(y, like) > 0.84  # measured 0.853


@pytest.mark.parametrize(
    ("name", "value"), [("width", 64), ("n_members", 0), ("n_layers", "1"), ("n_layers", 1), ("n_bins", 4)]
)
def test_sizes_that_do_not_fit_are_refused(name: str, value: object) -> None:
    X, y = rows(60)
    state = DenseNetworks(**SMALL, epochs=1, random_state=0).fit(X, y).get_state()
    settings_ = {**state.settings, "params": {**state.settings["params"], name: value}}
    with pytest.raises(RankerFormatError):
        DenseNetworks.from_state(State(settings_, state.arrays))


@pytest.mark.parametrize(("name", "value"), [("bin_source", 5), ("bin_source", -1), ("bin_width", 0.0)])
def test_bins_that_do_not_fit_are_refused(name: str, value: float) -> None:
    bins = PiecewiseLinear.fitted(rows()[0], 6).get_state()
    array = bins.arrays[name].copy()
    array[3] = value
    with pytest.raises(RankerFormatError):
        PiecewiseLinear.from_state(State(arrays={**bins.arrays, name: array}), 5)


def test_bins_by_hand() -> None:
    X = np.array([[0.0], [1.0], [2.0], [4.0]])
    encoded = PiecewiseLinear.fitted(X, 3).encode(X)  # edges 0, 1, 2, 4
    centre = np.array([0.75, 0.5, 0.25])
    assert np.allclose(encoded[:, 0], X[:, 0])
    assert np.allclose(encoded[:, 1:] + centre, [[0, 0, 0], [1, 0, 0], [1, 1, 0], [1, 1, 1]])


def test_slots_hold_what_is_encoded() -> None:
    X = np.column_stack([np.arange(6.0), np.ones(6), [0, 1, 2, 0, 1, 2]])
    bins = PiecewiseLinear.fitted(X, 4)
    slots, encoded = bins.slots(X, 4), bins.encode(X)
    assert bins.most() == 4
    assert slots.shape == (6, 3, 5)
    assert np.array_equal(slots[:, :, 0], X)
    assert not slots[:, 1, 1:].any()  # one value: no bins
    n_last = encoded.shape[1] - 3 - 4
    assert np.array_equal(np.hstack([slots[:, 0, 1:], slots[:, 2, 1 : 1 + n_last]]), encoded[:, 3:])
    assert not slots[:, 2, 1 + n_last :].any()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**31), st.integers(2, 12), st.integers(1, 60))
def test_what_is_embedded_is_what_the_slots_say(seed: int, n_bins: int, n: int) -> None:
    generator = np.random.default_rng(seed)
    taught = np.column_stack([generator.normal(size=50), np.ones(50), generator.integers(0, 3, 50)])
    bins = PiecewiseLinear.fitted(taught, n_bins)
    embedding = generator.normal(size=(3, 1 + n_bins, 4)).astype(np.float32)
    offset = generator.normal(size=(3, 4)).astype(np.float32)
    X = np.vstack([generator.normal(0, 3, size=(n, 3)), taught])  # beyond the bins' ends, and on their edges
    expected = np.einsum("bft,fte->bfe", bins.slots(X, n_bins), embedding) + offset
    assert np.allclose(bins.embedded(X, embedding, offset), expected, rtol=0, atol=1e-9)


@settings(max_examples=50, deadline=None)
@given(st.integers(2, 8), st.integers(1, 40), st.integers(2, 200), st.integers(0, 5))
def test_folds_keep_groups_together_and_are_even(n_folds: int, n_groups: int, n: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    y, groups = generator.integers(0, 2, n), generator.integers(0, n_groups, n)
    fold = deal_folds(y, groups, n_folds, seed)
    assert ((fold >= 0) & (fold < n_folds)).all()
    if len(np.unique(groups)) > 1:
        assert all(len(np.unique(fold[groups == group])) == 1 for group in np.unique(groups))
        assert len(np.unique(fold)) > 1
    alone = deal_folds(y, None, n_folds, seed)
    for label in (0, 1):
        counts = np.bincount(alone[y == label], minlength=n_folds)
        assert counts.max() - counts.min() <= 1


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=60))
def test_area_under_curve_is_scikit_learns(pairs: list[tuple[int, bool]]) -> None:
    score, liked = np.array([p for p, _ in pairs], dtype=float), np.array([q for _, q in pairs])
    expected = roc_auc_score(liked, score) if 0 < liked.sum() < len(liked) else 0.5
    assert area_under_curve(score, liked) == pytest.approx(expected, abs=1e-12)


def test_sigmoid_does_not_overflow() -> None:
    assert sigmoid(np.array([-1e4, 0.0, 1e4])).tolist() == [0.0, 0.5, 1.0]


def test_weights_that_follow_the_class_do_not_end_training_at_once() -> None:
    X = np.random.default_rng(0).normal(size=(120, 12))
    y = (np.random.default_rng(1).random(120) < 1 / (1 + np.exp(-2 * X[:, 0] - 1))).astype(int)
    weights = np.where(y == 1, 1.0, 0.3)
    assert min(DenseNetworks(random_state=seed).fit(X, y, None, weights).n_iter_ for seed in range(4)) > 6
