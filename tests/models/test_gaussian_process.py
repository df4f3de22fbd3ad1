"""The Gaussian process: its likelihood is scikit-learn's, its mode the posterior's; inputs of no use are ignored."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy.optimize import check_grad
from scipy.special import expit, logit
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, DotProduct, Matern, WhiteKernel
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.utils.estimator_checks import parametrize_with_checks

from features.errors import RankerFormatError
from features.state import State
from models.estimators.gaussian_process import GaussianProcess
from models.kernel import SMOOTHNESS, Kernel, _negative_log_likelihood, learned_kernel

TRUTHS = {
    "line": lambda X: 1.5 * X[:, 0] - X[:, 1],
    "spot": lambda X: 4.0 * np.exp(-((X[:, 0] - 0.5) ** 2 + X[:, 1] ** 2)),
    "product": lambda X: 2.0 * X[:, 0] * X[:, 1],
}


def rows(truth: str, n: int = 1000, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Inputs, labels, and the log-odds that the labels were drawn from."""
    generator = np.random.default_rng(seed)
    X = generator.normal(size=(n, 6))
    log_odds = TRUTHS[truth](X)
    log_odds = log_odds - log_odds.mean()
    return X, (generator.random(n) < expit(log_odds)).astype(int), log_odds


@pytest.mark.parametrize("truth", TRUTHS)
def test_most_of_what_can_be_known_is_learned(truth: str) -> None:
    X, y, _ = rows(truth)
    unseen, liked, best = rows(truth, 4000, seed=1)
    model = GaussianProcess(random_state=0).fit(X, y)
    like = model.predict_proba(unseen)[:, 1]
    share = (roc_auc_score(liked, like) - 0.5) / (roc_auc_score(liked, best) - 0.5)
    assert share > 0.93
    assert model.length_[:2].max() < model.length_[2:].min()  # four of six inputs say nothing


def test_little_is_made_of_noise() -> None:
    generator = np.random.default_rng(0)
    X, y = generator.normal(size=(400, 14)), generator.integers(0, 2, 400)
    like = GaussianProcess(random_state=0).fit(X, y).predict_proba(generator.normal(size=(4000, 14)))[:, 1]
    assert log_loss(generator.integers(0, 2, 4000), like) < 0.74  # 0.693 for a constant


def test_probabilities_mean_what_they_say() -> None:
    X, y, _ = rows("product")
    unseen, liked, _ = rows("product", 4000, seed=1)
    like = GaussianProcess(random_state=0).fit(X, y).predict_proba(unseen)[:, 1]
    for low in np.arange(0.1, 0.9, 0.2):
        inside = (like >= low) & (like < low + 0.2)
        assert abs(liked[inside].mean() - like[inside].mean()) < 0.07


@pytest.mark.parametrize("smoothness", SMOOTHNESS)
def test_the_likelihood_is_that_of_scikit_learn(smoothness: float) -> None:
    generator = np.random.default_rng(0)
    x, target = generator.normal(size=(40, 3)), generator.normal(size=40)
    length, height, slope, noise = np.array([0.7, 1.5, 4.0]), 0.4, 0.2, 0.5
    kernel = (
        ConstantKernel(height) * Matern(length, nu=smoothness)
        + ConstantKernel(slope / 3) * DotProduct(1e-9, "fixed")
        + WhiteKernel(noise)
    )
    theirs = GaussianProcessRegressor(kernel, alpha=0.0, optimizer=None).fit(x, target).log_marginal_likelihood_value_
    at = np.log([*length, height, slope, noise])
    ours, _ = _negative_log_likelihood(at, x, target, np.ones(40), smoothness)
    assert -ours - 20 * np.log(2 * np.pi) == pytest.approx(theirs, abs=1e-9)


@pytest.mark.parametrize("smoothness", SMOOTHNESS)
def test_the_gradient_is_the_likelihoods(smoothness: float) -> None:
    generator = np.random.default_rng(1)
    x, target, weight = generator.normal(size=(50, 4)), generator.normal(size=50), generator.uniform(0.5, 2, 50)

    def part(number: int, at: np.ndarray) -> object:
        return _negative_log_likelihood(at, x, target, weight, smoothness)[number]

    for _ in range(3):
        at = generator.normal(0, 0.5, 7)
        assert check_grad(lambda at: part(0, at), lambda at: part(1, at), at) < 1e-4


def test_a_kernel_finds_the_lengths_that_labels_were_drawn_with() -> None:
    generator = np.random.default_rng(0)
    x = generator.normal(size=(500, 4))
    truth = Kernel(np.array([1.0, 1.0, 30.0, 30.0]), 3.0, 1e-3, 1.5)
    drawn = np.linalg.cholesky(truth.between(x, x) + 1e-8 * np.eye(500)) @ generator.normal(size=500)
    found, noise = learned_kernel(x, np.sign(drawn + 1e-12), np.ones(500), 1.5)
    assert found.length[:2].max() < 3
    assert found.length[2:].min() > 8
    assert 0.05 < noise < 0.6


def test_what_is_found_is_the_mode_of_the_posterior() -> None:
    """There, each track's log-odds are the covariances times what labels are above their probabilities."""
    X, y, _ = rows("spot", 150)
    X = np.clip(X, -3, 3)
    model = GaussianProcess(random_state=0).fit(X, y)  # as many points as rows
    like = model.predict_proba(X)[:, 1]
    order = np.random.RandomState(0).permutation(150)
    kernel, noise = learned_kernel(X[order], 2.0 * y[order] - 1, np.ones(150), 1.5)
    among = 0.7 * 4.0 / noise * kernel.between(X, X)
    assert np.allclose(
        logit(like) - model.intercept_, among @ (y - like), rtol=0, atol=1e-3
    )  # the jitter is a share of 1e-4
    assert (y - like).sum() == pytest.approx(0, abs=1e-3)


def test_fewer_points_say_nearly_the_same() -> None:
    X, y, _ = rows("spot")
    unseen = rows("spot", 1000, seed=1)[0]
    whole, fewer = (
        GaussianProcess(n_points=n, random_state=0).fit(X, y).predict_proba(unseen)[:, 1] for n in (1000, 250)
    )
    assert np.abs(whole - fewer).mean() < 0.02
    assert np.corrcoef(whole, fewer)[0, 1] > 0.99


def test_weights_count() -> None:
    X, y, _ = rows("line", 400)
    lied = np.where(X[:, 5] > 0, 1 - y, y)
    weight = np.where(X[:, 5] > 0, 1e-3, 1.0)
    unseen, liked, _ = rows("line", 2000, seed=1)
    score = {
        name: roc_auc_score(
            liked, GaussianProcess(random_state=0).fit(X, lied, None, given).predict_proba(unseen)[:, 1]
        )
        for name, given in {"weighed": weight, "not": None}.items()
    }
    assert score["weighed"] > score["not"] + 0.1
    left_out = GaussianProcess(random_state=0).fit(X, lied, None, np.where(X[:, 5] > 0, 0.0, 1.0))
    alone = GaussianProcess(random_state=0).fit(X[X[:, 5] <= 0], y[X[:, 5] <= 0])
    assert np.array_equal(left_out.predict_proba(unseen), alone.predict_proba(unseen))
    with pytest.raises(ValueError, match="one class"):
        GaussianProcess().fit(X, y, None, y)


def test_far_and_missing_values_are_taken() -> None:
    X, y, _ = rows("line", 200)
    model = GaussianProcess(random_state=0).fit(X, y)
    odd = np.array([[1e300, -1e300, 0, 0, 0, 0], [np.nan] * 6, [3.0, -3.0, 0, 0, 0, 0]])
    like = model.predict_proba(odd)[:, 1]
    assert like[0] == like[2] > 0.5
    assert np.isfinite(like).all()
    again = GaussianProcess(random_state=0).fit(np.vstack([X, X]), np.append(y, y))  # every row twice: singular
    assert np.isfinite(again.predict_proba(X)).all()


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("length", lambda array: array * 0),
        ("points", lambda array: array[:, :2]),
        ("pull", lambda array: array[:-1]),
        ("slope", lambda array: array * np.nan),
        ("intercept", lambda array: np.append(array, array)),
        ("points", lambda array: array + 1e200),
        ("pull", lambda array: array + 1e300),
        ("slope", lambda array: array - 1e300),
        ("intercept", lambda array: array + 1e300),
    ],
)
def test_a_state_that_cannot_be_right_is_refused(name: str, change: Callable[[np.ndarray], np.ndarray]) -> None:
    X, y, _ = rows("line", 80)
    state = GaussianProcess(random_state=0).fit(X, y).get_state()
    with pytest.raises(RankerFormatError, match=name):
        GaussianProcess.from_state(State(state.settings, {**state.arrays, name: change(state.arrays[name])}))


def test_labels_that_weigh_next_to_nothing_are_no_error() -> None:
    X, y, _ = rows("line", 80)
    weights = np.where(np.arange(80) < 10, 1e-310, 1.0)
    few = GaussianProcess(random_state=0).fit(X, y, sample_weight=weights).predict_proba(X)[:, 1]
    assert roc_auc_score(y[10:], few[10:]) > 0.8


def test_a_kernel_that_is_not_known_is_refused() -> None:
    X, y, _ = rows("line", 80)
    with pytest.raises(ValueError, match="smoothness"):
        GaussianProcess(smoothness=0.5).fit(X, y)
    state = GaussianProcess(random_state=0).fit(X, y).get_state()
    settings = {**state.settings, "params": {**state.settings["params"], "smoothness": 0.5}}
    with pytest.raises(RankerFormatError, match="smoothness"):
        GaussianProcess.from_state(State(settings, state.arrays))


@parametrize_with_checks(
    [GaussianProcess(random_state=0)],
    expected_failed_checks=lambda _: {
        "check_sample_weight_equivalence_on_dense_data": "points are drawn at random: a row of weight 2 is not two rows"
    },
)
def test_scikit_learns_own_checks(estimator: GaussianProcess, check) -> None:
    check(estimator)


def test_the_kernel_is_learned_from_the_rarer_class_too() -> None:
    generator = np.random.default_rng(0)
    X = generator.normal(size=(5000, 8))
    score = 6.0 * np.exp(-(X[:, 0] ** 2 + X[:, 1] ** 2)) + generator.logistic(size=5000)
    y = (score > np.quantile(score, 0.97)).astype(int)
    model = GaussianProcess(random_state=0).fit(X, y)
    assert model.length_[:2].max() < model.length_[2:].min() / 2
