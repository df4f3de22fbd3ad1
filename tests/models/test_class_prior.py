"""The share of likes among the unlabelled is found from scores alone, and never surely too low."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.class_prior import class_prior


def mixture(prior: float, apart: float, n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Scores of likes, and of a mixture of likes and others whose scores are lower by so many standard deviations."""
    rng = np.random.default_rng(seed)
    n_liked = round(prior * n)
    mixed = np.concatenate([rng.normal(apart, 1, n_liked), rng.normal(0, 1, n - n_liked)])
    return rng.normal(apart, 1, n), mixed


@pytest.mark.parametrize("prior", [0.05, 0.2, 0.5, 0.8])
def test_known_priors_of_well_separated_scores_are_found(prior: float) -> None:
    found = [class_prior(*mixture(prior, 3.0, 4000, seed)) for seed in range(10)]
    assert np.mean([one.value for one in found]) == pytest.approx(prior, abs=0.03)
    assert all(prior <= one.high <= prior + 0.15 for one in found)


def test_scores_that_overlap_bound_the_prior_from_above() -> None:
    for seed in range(10):
        found = class_prior(*mixture(0.3, 1.0, 2000, seed))
        assert 0.25 < found.value <= found.high
        assert found.high > 0.3


def test_the_bound_holds_as_often_as_it_says() -> None:
    held = [class_prior(*mixture(0.3, 4.0, 300, seed)).high >= 0.3 for seed in range(100)]
    assert np.mean(held) >= 0.9


def test_scores_that_say_nothing_leave_everything_possible() -> None:
    scores = np.random.default_rng(0).random((2, 1000))
    found = class_prior(scores[0], scores[1])
    assert found.value > 0.8
    assert found.high == 1.0
    assert class_prior([0.5] * 50, [0.5] * 50).value == 1.0


def test_without_any_like_among_the_unlabelled_the_estimate_is_near_0() -> None:
    likes, others = np.random.default_rng(0).normal([[6.0], [0.0]], 1.0, (2, 2000))
    found = class_prior(likes, others)
    assert found.value < 0.01
    assert found.high < 0.06


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.floats(-5, 5), min_size=1, max_size=60),
    st.lists(st.floats(-5, 5), min_size=1, max_size=60),
)
def test_it_is_a_share_and_follows_from_the_order_alone(likes: list[float], others: list[float]) -> None:
    found = class_prior(likes, others)
    assert 0 <= found.value <= found.high <= 1
    order = {value: float(place) for place, value in enumerate(sorted({*likes, *others}))}
    assert class_prior([order[value] for value in likes], [order[value] for value in others]) == found


def test_one_like_above_all_is_no_proof_of_a_small_prior() -> None:
    """The very top bin has too few scores to be believed: others were there by chance only."""
    likes, mixed = mixture(0.6, 3.0, 1000, 0)
    assert class_prior(np.append(likes, 99.0), mixed).value == pytest.approx(0.6, abs=0.08)


@pytest.mark.parametrize(("likes", "others"), [([], [0.1]), ([0.1], []), ([0.1], [np.nan]), ([np.inf], [0.1])])
def test_scores_that_are_not_there_are_refused(likes: list[float], others: list[float]) -> None:
    with pytest.raises(ValueError, match="scores"):
        class_prior(likes, others)
