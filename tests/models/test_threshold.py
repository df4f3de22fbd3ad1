"""The cut: golden cases by hand, and properties against a brute-force search."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import fbeta_score

from models.threshold import MIN_SUPPORT, best_f_beta_threshold, cuts

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


def test_by_hand() -> None:
    y = np.array([1] * 10 + [0] * 5 + [1] * 5)
    p = np.array([0.9] * 10 + [0.5] * 5 + [0.2] * 5)
    assert 0.5 < best_f_beta_threshold(y, p) < 0.9


def test_out_of_range_and_empty_input_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one liked"):
        best_f_beta_threshold(np.zeros(3, dtype=int), np.full(3, 0.5))
    with pytest.raises(ValueError, match="at least one"):
        cuts(np.array([], dtype=int), np.array([]))


weighted_rows = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 20), st.integers(1, 3)), max_size=40)


@given(weighted_rows)
def test_a_weight_of_two_is_a_row_twice(table: list[tuple[int, int, int]]) -> None:
    # Ten rows at the top: so many rows there must be, and weights are not rows.
    top = [(1, 21, 1)] * (MIN_SUPPORT // 2) + [(0, 21, 1)] * (MIN_SUPPORT // 2)
    y, level, weight = np.array(top + table).T
    again = np.repeat(np.arange(len(y)), weight)
    weighted = best_f_beta_threshold(y, level / 21, weight=weight.astype(float))
    assert weighted == best_f_beta_threshold(y[again], level[again] / 21)


@given(rows.filter(lambda table: any(label for label, _ in table)), st.sampled_from([0.5, 1.0, 3.0]))
def test_equal_weights_change_nothing(table: list[tuple[int, int]], weight: float) -> None:
    y, p = split(table)
    assert best_f_beta_threshold(y, p, weight=np.full(len(y), weight)) == best_f_beta_threshold(y, p)


def test_junk_that_hardly_counts_does_not_move_the_cut() -> None:
    rng = np.random.default_rng(0)
    p = rng.integers(1, 21, 400) / 20
    y = (rng.random(400) < p).astype(int)
    clean = best_f_beta_threshold(y, p)
    junk_y, junk_p = np.ones(2000, dtype=int), rng.integers(1, 21, 2000) / 20
    with_junk = np.concatenate([y, junk_y]), np.concatenate([p, junk_p])
    weight = np.concatenate([np.ones(400), np.full(2000, 1e-6)])
    assert best_f_beta_threshold(*with_junk, weight=weight) == clean
    assert best_f_beta_threshold(*with_junk) != clean


def test_likes_that_weigh_nothing_are_no_likes() -> None:
    with pytest.raises(ValueError, match="at least one liked"):
        best_f_beta_threshold(np.array([1, 0]), np.array([0.9, 0.1]), weight=np.array([0.0, 1.0]))
