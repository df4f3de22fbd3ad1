"""Metrics against scikit-learn, against values worked out by hand, and at the edges."""

import math
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as reference

from experiments import metrics
from experiments.metrics import METRICS, evaluate, keep_everything

NAMES = [
    "roc_auc", "average_precision", "precision", "recall", "f1", "f0_5", "combined", "accuracy", "log_loss", "brier",
    "ece", "precision_at_k",
]  # fmt: skip

# multiples of 1/8 tie often and are exact
rows = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 8).map(lambda n: n / 8)), min_size=1, max_size=60)
thresholds = st.integers(0, 9).map(lambda n: n / 8)


def arrays(pairs: list[tuple[int, float]]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([y for y, _ in pairs]), np.array([p for _, p in pairs])


def sklearn_values(y: np.ndarray, p: np.ndarray, threshold: float) -> dict[str, float]:
    kept = (p >= threshold).astype(int)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of one class
        values = {
            "roc_auc": reference.roc_auc_score(y, p) if 0 < y.sum() < len(y) else math.nan,
            "average_precision": reference.average_precision_score(y, p) if y.sum() else math.nan,
            "precision": reference.precision_score(y, kept, zero_division=0.0),
            "recall": reference.recall_score(y, kept, zero_division=0.0),
            "f1": reference.f1_score(y, kept, zero_division=0.0),
            "f0_5": reference.fbeta_score(y, kept, beta=0.5, zero_division=0.0),
            "accuracy": reference.accuracy_score(y, kept),
            "log_loss": reference.log_loss(y, p, labels=[0, 1]),
            "brier": reference.brier_score_loss(y, p, labels=[0, 1]),
        }
    return values | {"combined": values["recall"] * values["f0_5"]}


@given(rows, thresholds)
def test_agrees_with_scikit_learn(pairs: list[tuple[int, float]], threshold: float) -> None:
    y, p = arrays(pairs)
    ours = evaluate(y, p, threshold)
    for name, value in sklearn_values(y, p, threshold).items():
        assert ours[name] == pytest.approx(value, abs=1e-9, nan_ok=True), name


def test_agrees_with_scikit_learn_on_many_rows() -> None:
    rng = np.random.default_rng(0)
    p = rng.random(5000).round(3)
    y = (rng.random(5000) < p).astype(int)
    ours = evaluate(y, p, 0.37)
    for name, value in sklearn_values(y, p, 0.37).items():
        assert ours[name] == pytest.approx(value, rel=1e-12), name


@given(rows, thresholds)
def test_bounds(pairs: list[tuple[int, float]], threshold: float) -> None:
    values = evaluate(*arrays(pairs), threshold)
    assert list(values) == NAMES == list(METRICS)
    for name, value in values.items():
        assert type(value) is float
        undefined = name in ("roc_auc", "average_precision") and math.isnan(value)
        assert undefined or 0.0 <= value <= (math.inf if name == "log_loss" else 1.0 + 1e-12), name


@given(rows, thresholds, st.randoms(use_true_random=False))
def test_order_of_rows_does_not_matter(pairs: list[tuple[int, float]], threshold: float, random: object) -> None:
    shuffled = list(pairs)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert evaluate(*arrays(pairs), threshold) == pytest.approx(evaluate(*arrays(shuffled), threshold), nan_ok=True)


@given(rows, thresholds)
def test_evaluate_is_every_metric_alone(pairs: list[tuple[int, float]], threshold: float) -> None:
    y, p = arrays(pairs)
    alone = {name: metric.score(y, p, threshold) for name, metric in METRICS.items()}
    assert evaluate(y, p, threshold) == pytest.approx(alone, nan_ok=True, abs=0)


@given(rows, thresholds)
def test_kept_rows_may_be_given_instead_of_a_threshold(pairs: list[tuple[int, float]], threshold: float) -> None:
    y, p = arrays(pairs)
    assert evaluate(y, p, p >= threshold) == pytest.approx(evaluate(y, p, threshold), nan_ok=True, abs=0)


def test_f_beta_by_hand() -> None:
    y, p = [1, 1, 1, 0, 0], [0.9, 0.8, 0.1, 0.7, 0.2]  # two of three kept are liked, two of three liked are kept
    assert metrics.f_beta(y, p, 0.5, 2.0) == pytest.approx(2 / 3)
    y, p = [1, 1, 0], [0.9, 0.1, 0.2]  # precision 1, recall 1/2
    assert metrics.f0_5(y, p, 0.5) == pytest.approx(1.25 * 0.5 / (0.25 + 0.5))
    assert metrics.combined(y, p, 0.5) == pytest.approx(0.5 * 1.25 * 0.5 / 0.75)


def test_the_threshold_itself_is_kept() -> None:
    assert metrics.recall([1, 0], [0.5, 0.4], 0.5) == 1.0


def test_ece_by_hand() -> None:
    y, p = [0, 1, 1, 1], [0.05, 0.05, 0.95, 1.0]  # bin 0: mean p .05, likes .5; bin 9: mean p .975, likes 1
    assert metrics.ece(y, p) == pytest.approx(0.5 * 0.45 + 0.5 * 0.025)


def test_ece_of_a_calibrated_forecaster_is_small() -> None:
    p = np.random.default_rng(0).random(200_000)
    y = (np.random.default_rng(1).random(200_000) < p).astype(int)
    assert metrics.ece(y, p) < 0.01
    assert metrics.ece(y, p**3) > 0.2


def test_precision_at_k_by_hand() -> None:
    y, p = [1, 0, 1, 0, 0], [0.9, 0.8, 0.5, 0.5, 0.1]
    assert metrics.precision_at_k(y, p, 1) == 1.0
    assert metrics.precision_at_k(y, p, 2) == 0.5
    assert metrics.precision_at_k(y, p, 3) == pytest.approx((1 + 0.5) / 3)  # one of the two tied, half of them liked
    assert metrics.precision_at_k(y, p, 99) == pytest.approx(2 / 5)


@pytest.mark.parametrize(("n", "k"), [(5, 5), (50, 10), (100, 10), (101, 11), (400, 40)])
def test_precision_at_k_looks_at_a_tenth_but_ten_at_least(n: int, k: int) -> None:
    p = np.arange(n) / n
    top = (np.arange(n) >= n - k).astype(int)
    assert metrics.precision_at_k(top, p) == 1.0
    one_too_few = top.copy()
    one_too_few[n - k] = 0
    assert metrics.precision_at_k(one_too_few, p) == pytest.approx((k - 1) / k)


def test_precision_at_k_refuses_a_k_below_one() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        metrics.precision_at_k([1, 0], [0.5, 0.5], 0)


@pytest.mark.parametrize("label", [0, 1])
def test_one_class(label: int) -> None:
    values = evaluate([label] * 4, [0.2, 0.4, 0.6, 0.8], 0.5)
    assert math.isnan(values["roc_auc"])
    assert math.isnan(values["average_precision"]) if label == 0 else values["average_precision"] == 1.0
    assert values["accuracy"] == 0.5
    assert values["recall"] == 0.5 * label


def test_nothing_kept_scores_zero() -> None:
    values = evaluate([1, 0, 1], [0.1, 0.2, 0.3], 0.9)
    assert [values[name] for name in ("precision", "recall", "f1", "f0_5", "combined")] == [0.0] * 5
    assert values["accuracy"] == pytest.approx(1 / 3)


def test_a_certain_error_costs_a_finite_log_loss() -> None:
    assert metrics.log_loss([1, 0], [0.0, 1.0]) == pytest.approx(36.04, abs=0.01)


@given(st.lists(st.integers(0, 1), min_size=1, max_size=50))
def test_keep_everything(labels: list[int]) -> None:
    y = np.array(labels)
    values, share = keep_everything(y), y.mean()
    assert list(values) == NAMES
    for name in ("precision", "accuracy", "precision_at_k"):
        assert values[name] == pytest.approx(share)
    assert values["recall"] == (1.0 if y.any() else 0.0)
    assert values["brier"] == pytest.approx(share * (1 - share))
    assert values["ece"] == pytest.approx(0.0, abs=1e-12)
    if 0 < share < 1:
        assert values["roc_auc"] == 0.5
        assert values["log_loss"] == pytest.approx(-(share * np.log(share) + (1 - share) * np.log(1 - share)))


def test_keep_everything_at_half_liked_scores_what_the_facts_say() -> None:
    assert keep_everything([1] * 1020 + [0] * 997)["combined"] == pytest.approx(0.5612, abs=1e-4)


@pytest.mark.parametrize(
    ("y", "p", "message"),
    [
        ([], [], "not empty"),
        ([1, 0], [0.5], "equally long"),
        ([[1, 0]], [[0.5, 0.5]], "one-dimensional"),
        ([1, 2], [0.5, 0.5], "0 or 1"),
        ([1.0, math.nan], [0.5, 0.5], "0 or 1"),
        ([1, 0], [0.5, math.nan], "finite"),
        ([1, 0], [0.5, math.inf], "finite"),
        ([1, 0], [-0.1, 0.5], "finite"),
        ([1, 0], [0.5, 1.1], "finite"),
    ],
)
def test_bad_input_is_refused_by_every_metric(y: list[float], p: list[float], message: str) -> None:
    for metric in METRICS.values():
        with pytest.raises(ValueError, match=message):
            metric.score(y, p)
    with pytest.raises(ValueError, match=message):
        evaluate(y, p, 0.5)


@pytest.mark.parametrize("threshold", [math.nan, np.array([True]), np.array([0.5, 0.5])])
def test_bad_thresholds_are_refused(threshold: float | np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"threshold is nan|boolean array"):
        evaluate([1, 0], [0.5, 0.4], threshold)


def test_only_errors_are_better_small() -> None:
    assert [name for name, metric in METRICS.items() if not metric.greater_is_better] == ["log_loss", "brier", "ece"]
    free = ["roc_auc", "average_precision", "log_loss", "brier", "ece", "precision_at_k"]
    assert [name for name, metric in METRICS.items() if not metric.needs_threshold] == free
