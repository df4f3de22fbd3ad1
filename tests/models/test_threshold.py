"""The cut: golden cases by hand, and properties against a brute-force search."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import fbeta_score

from models.threshold import MIN_SUPPORT, best_f_beta_threshold, cuts, expected_precision, precision_threshold

rows = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 20)), min_size=1, max_size=80)


def split(table: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([label for label, _ in table]), np.array([level / 20 for _, level in table])


@given(rows)
def test_cuts_count_what_a_threshold_keeps(table: list[tuple[int, int]]) -> None:
    y, p = split(table)
    at = cuts(y, p)
    for threshold, kept, hits in zip(at.threshold, at.kept, at.hits, strict=True):
        assert kept == np.sum(p >= threshold)
        assert hits == np.sum(y[p >= threshold])
    assert at.kept[-1] == len(y)


@given(rows.filter(lambda table: any(label for label, _ in table) and len(table) >= MIN_SUPPORT))
def test_no_other_cut_with_enough_support_has_a_higher_f_half(table: list[tuple[int, int]]) -> None:
    y, p = split(table)
    found = best_f_beta_threshold(y, p)
    reached = fbeta_score(y, p >= found, beta=0.5)
    for other in np.unique(p):
        if np.sum(p >= other) >= MIN_SUPPORT:
            assert fbeta_score(y, p >= other, beta=0.5) <= reached + 1e-12


@given(rows, st.floats(0.05, 1.0))
def test_a_precision_cut_holds_its_precision_and_is_the_laxest(table: list[tuple[int, int]], wanted: float) -> None:
    y, p = split(table)
    found = precision_threshold(y, p, wanted)
    enough = min(MIN_SUPPORT, len(y))
    reaching = [t for t in np.unique(p) if np.sum(p >= t) >= enough and np.mean(y[p >= t]) >= wanted - 1e-12]
    if found is None:
        assert not reaching
    else:
        assert np.mean(y[p >= found]) >= wanted - 1e-12
        assert np.sum(p >= found) == np.sum(p >= min(reaching))


def test_by_hand() -> None:
    y = np.array([1] * 10 + [0] * 5 + [1] * 5)
    p = np.array([0.9] * 10 + [0.5] * 5 + [0.2] * 5)
    assert 0.5 < best_f_beta_threshold(y, p) < 0.9
    assert precision_threshold(y, p, 0.75) == pytest.approx(0.2)
    assert precision_threshold(np.zeros(20, dtype=int), np.linspace(0, 1, 20), 0.5) is None


def test_out_of_range_and_empty_input_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one liked"):
        best_f_beta_threshold(np.zeros(3, dtype=int), np.full(3, 0.5))
    with pytest.raises(ValueError, match="above 0"):
        precision_threshold(np.ones(3, dtype=int), np.full(3, 0.5), 0.0)
    with pytest.raises(ValueError, match="at least one"):
        cuts(np.array([], dtype=int), np.array([]))


def test_the_expected_precision_covers_what_happens_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    inside = 0
    for _ in range(300):
        p = rng.uniform(0.6, 1.0, 40)
        _, low, high = expected_precision(p, support=400)
        inside += low <= np.mean(rng.uniform(size=40) < p) <= high
    assert 0.88 <= inside / 300 <= 0.99  # a nominal 90 %, widened by what the cut's own precision leaves open


def test_less_support_means_a_wider_interval_and_nothing_kept_means_no_number() -> None:
    p = np.full(50, 0.8)
    _, low_little, high_little = expected_precision(p, support=10)
    value, low_much, high_much = expected_precision(p, support=5000)
    assert value == pytest.approx(0.8)
    assert high_little - low_little > high_much - low_much
    assert all(np.isnan(expected_precision(np.array([]), 10)))
