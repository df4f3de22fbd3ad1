"""Bootstrap intervals: they hold the value, cover the truth, and widen where rows come in groups."""

import math

import numpy as np
import pytest

from experiments.bootstrap import centred, intervals, resampled
from experiments.metrics import METRICS, evaluate


def sample(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    p = rng.random(n)
    return (rng.random(n) < p).astype(int), p


def width(interval: tuple[float, float]) -> float:
    return interval[1] - interval[0]


def test_intervals_hold_the_value() -> None:
    y, p = sample(400, 0)
    found, value = intervals(y, p, 0.5, n=300), evaluate(y, p, 0.5)
    assert list(found) == list(METRICS)
    for name, (low, high) in found.items():
        assert low < high
        if name != "ece":  # biased upwards by resampling: see Kumar et al., NeurIPS 2019
            assert low < value[name] < high, name


def test_same_seed_same_intervals() -> None:
    y, p = sample(100, 0)
    assert intervals(y, p, 0.5, n=50, seed=3) == intervals(y, p, 0.5, n=50, seed=3)
    assert intervals(y, p, 0.5, n=50, seed=3) != intervals(y, p, 0.5, n=50, seed=4)


def test_accuracy_interval_is_the_binomial_one() -> None:
    y = np.repeat([1, 0], 200)
    p = np.where(np.arange(400) % 10 < 8, y, 1 - y).astype(float)  # right in 80 % of the rows
    low, high = intervals(y, p, 0.5, n=2000)["accuracy"]
    assert low == pytest.approx(0.8 - 1.96 * math.sqrt(0.16 / 400), abs=0.006)
    assert high == pytest.approx(0.8 + 1.96 * math.sqrt(0.16 / 400), abs=0.006)


def test_intervals_cover_the_truth_about_as_often_as_they_say() -> None:
    truth = 1 / 6  # the Brier score of a calibrated uniform forecaster: E[p (1 - p)]
    covered = 0
    for seed in range(60):
        low, high = intervals(*sample(200, seed), 0.5, n=150, seed=seed, level=0.8)["brier"]
        covered += low <= truth <= high
    assert 36 <= covered <= 57  # 48 expected


def test_groups_of_copies_count_once() -> None:
    y, p = sample(80, 0)
    alone = intervals(y, p, 0.5, n=400)["roc_auc"]
    copies = np.repeat(np.arange(80), 5)
    together = intervals(y[copies], p[copies], 0.5, groups=copies, n=400)["roc_auc"]
    as_rows = intervals(y[copies], p[copies], 0.5, n=400)["roc_auc"]
    assert together == pytest.approx(alone)
    assert width(as_rows) < 0.6 * width(together)


def test_names_of_groups_do_not_matter() -> None:
    y, p = sample(60, 0)
    numbers = np.arange(60) // 3
    names = [f"artist {97 * number % 101}" for number in numbers]
    assert intervals(y, p, 0.5, groups=numbers, n=50) == intervals(y, p, 0.5, groups=names, n=50)


def test_kept_rows_are_resampled_with_their_rows() -> None:
    y, p = sample(100, 0)
    assert intervals(y, p, p >= 0.3, n=50) == intervals(y, p, 0.3, n=50)


def test_a_wider_level_is_wider() -> None:
    y, p = sample(100, 0)
    narrow, wide = (intervals(y, p, 0.5, n=300, level=level)["brier"] for level in (0.5, 0.99))
    assert wide[0] < narrow[0] < narrow[1] < wide[1]


def test_resamples_with_one_class_are_drawn_again() -> None:
    y = np.array([1] + [0] * 9)  # a third of the resamples lack the one like
    low, high = intervals(y, np.linspace(0.9, 0.1, 10), 0.5, n=200)["roc_auc"]
    assert (low, high) == (1.0, 1.0)


@pytest.mark.parametrize(("y", "groups"), [([1, 1, 1], None), ([1, 0, 1], [7, 7, 7])])
def test_one_class_or_one_group_tells_nothing(y: list[int], groups: list[int] | None) -> None:
    found = intervals(y, [0.1, 0.5, 0.9], 0.5, groups=groups)
    assert list(found) == list(METRICS)
    assert all(math.isnan(low) and math.isnan(high) for low, high in found.values())


@pytest.mark.parametrize("wrong", [{"n": 0}, {"level": 1.0}, {"level": 0.0}, {"groups": [1, 2, 3]}])
def test_wrong_settings_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="must"):
        intervals([1, 0], [0.5, 0.4], 0.5, **wrong)  # type: ignore[arg-type]


def test_what_is_drawn_together_is_paired() -> None:
    values = np.random.default_rng(0).normal(size=200)
    found = resampled(lambda rows: np.array([values[rows].mean(), values[rows].mean() + 1.0]), 200, n=50)
    assert found.shape == (50, 2)
    assert np.ptp(found[:, 1] - found[:, 0]) < 1e-12
    assert np.ptp(found[:, 0]) > 0.05


def test_only_what_all_rows_define_must_be_defined() -> None:
    rare = np.arange(10) == 0  # a third of the draws miss the first row
    found = resampled(lambda rows: np.array([0.0 if rare[rows].any() else np.nan, np.nan]), 10, n=30)
    assert np.array_equal(found[:, 0], np.zeros(30))
    assert np.isnan(found[:, 1]).all()


def test_one_group_has_no_resamples() -> None:
    assert resampled(lambda rows: np.array([float(len(rows))]), 5, groups=[1] * 5).shape == (0, 1)
    assert np.isnan(centred(np.array([0.5]), np.zeros((0, 1)))).all()


def test_a_centred_interval_is_as_wide_as_the_draws_and_holds_the_value() -> None:
    draws = np.random.default_rng(0).normal(3.0, 1.0, size=(4000, 1))  # all draws are too high
    low, high = centred(np.array([0.0]), draws)[0]
    assert (low, high) == pytest.approx((-1.96, 1.96), abs=0.1)
