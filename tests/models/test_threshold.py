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
