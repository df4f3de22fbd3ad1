"""Effects add up exactly, and mean what they should where the truth is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.explain import Score, shapley_effects


def crooked(x: np.ndarray) -> np.ndarray:
    filled = np.nan_to_num(x, nan=-1.0)
    return np.sin(3 * filled[:, 0]) + filled[:, 1] * filled[:, 2] - np.maximum(filled[:, 3], 0.2) ** 2


def over_gaps(score: Score, background: np.ndarray) -> Score:
    """A score that is the mean over what the background has in a track's gaps."""
    return lambda x: np.mean([score(np.where(np.isnan(x), track, x)) for track in background], axis=0)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 40), st.integers(1, 9), st.integers(1, 40))
def test_base_and_effects_add_up_to_the_score(seed: int, n: int, permutations: int, n_background: int) -> None:
    rng = np.random.default_rng(seed)
    values = np.where(rng.uniform(size=(n, 4)) < 0.1, np.nan, rng.normal(size=(n, 4)))
    background = rng.normal(size=(n_background, 4))
    effects, base = shapley_effects(crooked, values, background, permutations=permutations)
    assert base + effects.sum(axis=1) == pytest.approx(crooked(values), abs=1e-9)


def test_a_linear_score_has_the_known_effects() -> None:
    rng = np.random.default_rng(0)
    weights = np.array([2.0, -1.0, 0.0])
    values, background = rng.normal(size=(5, 3)), rng.normal(size=(16, 3))
    effects, base = shapley_effects(lambda x: x @ weights, values, background, permutations=16)
    assert effects == pytest.approx((values - background.mean(axis=0)) * weights)
    assert base == pytest.approx(background.mean(axis=0) @ weights)


def test_two_features_that_only_matter_together_share_the_credit() -> None:
    effects, base = shapley_effects(lambda x: x[:, 0] * x[:, 1], np.ones((1, 3)), np.zeros((1, 3)), permutations=16)
    assert base == 0
    assert effects[0, :2] == pytest.approx([0.5, 0.5])  # antithetic orders put each before the other equally often
    assert effects[0, 2] == 0


def test_chunks_do_not_change_the_effects(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    values, background = rng.normal(size=(30, 4)), rng.normal(size=(8, 4))
    whole, _ = shapley_effects(crooked, values, background)
    monkeypatch.setattr("models.explain.CHUNK_ROWS", 100)
    in_parts, _ = shapley_effects(crooked, values, background)
    assert in_parts == pytest.approx(whole)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 20), st.integers(1, 9), st.integers(1, 40))
def test_base_and_effects_add_up_where_the_score_averages_over_gaps(
    seed: int, n: int, permutations: int, n_background: int
) -> None:
    rng = np.random.default_rng(seed)
    values, background = rng.normal(size=(n, 4)), rng.normal(size=(n_background, 4))
    lacking = rng.random(values.shape) < 0.3
    values[lacking] = np.nan
    averaged = over_gaps(crooked, background)
    effects, base = shapley_effects(averaged, values, background, lacking=lacking, permutations=permutations)
    assert base + effects.sum(axis=1) == pytest.approx(averaged(values), abs=1e-9)


def test_what_is_known_of_a_track_has_the_same_effect_whatever_else_is_lacking() -> None:
    """The rest is of what is lacked, in equal shares, though a feature may lack one of its columns only."""
    rng = np.random.default_rng(0)
    weights = np.array([2.0, -1.0, 0.5, 3.0, 1.5])
    owner = [0, 1, 1, 2, 3]  # two columns of one feature, as a tempo's sine and cosine are
    whole, background = rng.normal(size=(4, 5)), rng.normal(size=(24, 5))
    lacking = np.zeros(whole.shape, dtype=bool)
    lacking[1, 3] = True
    lacking[2, [0, 3]] = True
    lacking[3, [0, 2]] = True
    gapped = np.where(lacking, np.nan, whole)
    linear = over_gaps(lambda x: x @ weights, background)
    expected, base = shapley_effects(linear, whole, background, owner=owner)
    effects, same_base = shapley_effects(linear, gapped, background, owner=owner, lacking=lacking)
    assert same_base == base
    assert effects[0] == pytest.approx(expected[0], abs=1e-12)
    assert effects[1, [0, 1, 3]] == pytest.approx(expected[1, [0, 1, 3]], abs=1e-12)
    assert effects[2, [1, 3]] == pytest.approx(expected[2, [1, 3]], abs=1e-12)
    assert effects[3, [2, 3]] == pytest.approx(expected[3, [2, 3]], abs=1e-12)
    assert effects[1, 2] == pytest.approx(linear(gapped)[1] - base - expected[1, [0, 1, 3]].sum())
    assert effects[2, 0] == pytest.approx(effects[2, 2])
    known_part, _ = shapley_effects(lambda x: x[:, [1]] @ weights[[1]], whole, background, owner=owner)
    assert effects[3, 1] - known_part[3, 1] == pytest.approx(effects[3, 0])


def test_no_gaps_are_as_if_nobody_had_asked_for_them() -> None:
    rng = np.random.default_rng(0)
    values, background = rng.normal(size=(6, 4)), rng.normal(size=(8, 4))
    asked, _ = shapley_effects(crooked, values, background, lacking=np.zeros(values.shape, dtype=bool))
    assert np.array_equal(asked, shapley_effects(crooked, values, background)[0])
