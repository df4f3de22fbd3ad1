"""Effects add up exactly, and mean what they should where the truth is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.explain import shapley_effects


def crooked(x: np.ndarray) -> np.ndarray:
    filled = np.nan_to_num(x, nan=-1.0)
    return np.sin(3 * filled[:, 0]) + filled[:, 1] * filled[:, 2] - np.maximum(filled[:, 3], 0.2) ** 2


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
