"""Calibration keeps the order, and mends the level."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.linear_model import LogisticRegression

from models.calibration import PlattCalibration, fit_platt, log_odds

scores = arrays(np.float64, st.integers(4, 60), elements=st.floats(0, 1))


@given(scores, st.randoms(use_true_random=False))
def test_a_calibration_never_changes_an_order(p: np.ndarray, random: object) -> None:
    y = np.arange(len(p)) % 2
    random.shuffle(y)  # type: ignore[attr-defined]
    calibrated = fit_platt(y, p).apply(p)
    assert np.all((calibrated > 0) & (calibrated < 1))
    order = np.argsort(p, kind="stable")
    assert np.all(np.diff(calibrated[order]) >= 0)


def test_overconfident_scores_are_flattened_and_their_level_is_mended() -> None:
    rng = np.random.default_rng(0)
    truth = rng.uniform(0.05, 0.95, 20_000)
    y = (rng.uniform(size=len(truth)) < truth).astype(np.int64)
    overconfident = 1 / (1 + np.exp(-(3 * log_odds(truth) + 1)))
    found = fit_platt(y, overconfident)
    assert found.slope == pytest.approx(1 / 3, abs=0.02)
    assert np.abs(found.apply(overconfident) - truth).max() < 0.03


def test_it_is_the_logistic_regression_of_the_log_odds() -> None:
    rng = np.random.default_rng(1)
    p = rng.uniform(size=3000)
    y = (rng.uniform(size=3000) < p**2).astype(np.int64)
    reference = LogisticRegression(C=np.inf).fit(log_odds(p)[:, None], y)
    found = fit_platt(y, p)
    # Platt's smoothed targets move it by about 1/n.
    assert found.slope == pytest.approx(reference.coef_[0, 0], abs=0.01)
    assert found.intercept == pytest.approx(reference.intercept_[0], abs=0.01)


def test_perfectly_separating_scores_stay_finite() -> None:
    found = fit_platt(np.array([0, 0, 1, 1]), np.array([0.0, 0.1, 0.9, 1.0]))
    assert np.isfinite(found.slope)
    assert found.apply(np.array([0.0]))[0] < 0.5 < found.apply(np.array([1.0]))[0]


@pytest.mark.parametrize("p", [np.full(6, 0.3), np.array([0.9, 0.8, 0.7, 0.3, 0.2, 0.1])])
def test_constant_or_reversed_scores_only_get_their_level_mended(p: np.ndarray) -> None:
    found = fit_platt(np.array([0, 0, 0, 1, 1, 1]), p)
    assert found.slope > 0
    assert np.mean(found.apply(p)) == pytest.approx(0.5, abs=0.1)


def test_one_class_and_unequal_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="both liked and skipped"):
        fit_platt(np.ones(5, dtype=np.int64), np.full(5, 0.5))
    with pytest.raises(ValueError, match="5 labels for 4"):
        fit_platt(np.ones(5, dtype=np.int64), np.full(4, 0.5))


@pytest.mark.parametrize("slope", [0.0, -1.0, np.nan, np.inf])
def test_a_slope_that_would_break_the_order_cannot_be_made(slope: float) -> None:
    with pytest.raises(ValueError, match="positive slope"):
        PlattCalibration(slope, 0.0)
