"""The power law of learning curves: what it was made from it finds again, and it never promises the impossible."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.power_law import EXPONENTS, fit_power_law

SIZES = (100, 200, 400, 800)


@given(
    limit=st.floats(0.6, 1.0),
    missing=st.floats(0.05, 0.3),
    exponent=st.sampled_from(list(EXPONENTS)),
    weights=st.lists(st.floats(0.1, 10.0), min_size=4, max_size=4),
)
@settings(deadline=None)
def test_a_curve_without_noise_is_found_again(
    limit: float, missing: float, exponent: float, weights: list[float]
) -> None:
    scale = missing * 100**exponent  # `missing` is what 100 labels lack
    found = fit_power_law(SIZES, [limit - scale * n**-exponent for n in SIZES], weights)
    assert float(found.exponent) == pytest.approx(exponent)
    assert float(found.limit) == pytest.approx(limit, abs=1e-6)
    assert float(found.at(1600)) == pytest.approx(limit - scale * 1600**-exponent, abs=1e-6)


@given(st.lists(st.floats(0.0, 1.0), min_size=4, max_size=4))
@settings(deadline=None)
def test_more_labels_never_hurt_and_nothing_is_better_than_perfect(values: list[float]) -> None:
    found = fit_power_law(SIZES, values)
    climb = [float(found.at(n)) for n in (100, 800, 1600, 100_000)]
    assert climb == sorted(climb)
    assert climb[-1] <= float(found.limit) <= 1.0


def test_a_falling_curve_is_taken_for_noise_around_a_flat_one() -> None:
    found = fit_power_law(SIZES, [0.8, 0.7, 0.7, 0.6])
    assert float(found.at(1600)) == float(found.at(100)) == pytest.approx(0.7)


def test_many_curves_at_once_are_what_each_is_alone() -> None:
    values = 0.9 - 0.8 * np.array(SIZES) ** -0.5 + 0.01 * np.random.default_rng(0).normal(size=(20, 4))
    weights = [1.0, 2.0, 3.0, 4.0]
    together = fit_power_law(SIZES, values, weights)
    for row, curve in enumerate(values):
        alone = fit_power_law(SIZES, curve, weights)
        assert float(together.limit[row]) == pytest.approx(float(alone.limit))
        assert float(together.at(1600)[row]) == pytest.approx(float(alone.at(1600)))


@pytest.mark.parametrize(
    ("sizes", "values", "weights"),
    [
        ([100, 100], [0.5, 0.6], None),
        ([0, 100], [0.5, 0.6], None),
        ([100, 200], [0.5, 0.6, 0.7], None),
        ([100, 200], [0.5, float("nan")], None),
        ([100, 200], [0.5, 1.1], None),
        ([100, 200], [0.5, 0.6], [1.0, 0.0]),
    ],
)
def test_what_is_no_curve_is_refused(sizes: list[float], values: list[float], weights: list[float] | None) -> None:
    with pytest.raises(ValueError, match="values"):
        fit_power_law(sizes, values, weights)
