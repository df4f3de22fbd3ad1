"""Choosing members: what is gained is kept, what is noise is not."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit
from sklearn.metrics import roc_auc_score

from models.ensemble import SMALLEST_WEIGHT, select


def world(seed: int, n: int = 800) -> tuple[np.ndarray, np.ndarray]:
    """Labels and the log-odds they were drawn from."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(0, 1.5, n)
    return (rng.random(n) < expit(truth)).astype(np.int64), truth


def views(truth: np.ndarray, noises: tuple[float, ...], seed: int = 1) -> np.ndarray:
    """Candidates that each see the truth through noise of their own, shrunken as a calibrated model would be."""
    rng = np.random.default_rng(seed)
    spread = truth.var()
    seen = [(truth + rng.normal(0, noise, len(truth))) * spread / (spread + noise**2) for noise in noises]
    return expit(np.array(seen))


@given(seed=st.integers(0, 50), n_candidates=st.integers(1, 6))
def test_weights_are_shares_and_none_is_tiny(seed: int, n_candidates: int) -> None:
    y, truth = world(seed, 120)
    weights = select(y, views(truth, (1.0,) * n_candidates, seed), seed=seed).weights
    assert weights.sum() == pytest.approx(1.0)
    assert ((weights == 0) | (weights >= min(SMALLEST_WEIGHT, 1 / n_candidates))).all()


def test_unlike_members_of_equal_skill_are_averaged() -> None:
    y, truth = world(0)
    found = select(y, views(truth, (1.5, 1.5, 1.5)))
    assert found.kind != "single"
    assert (found.weights > 0.15).all()
    assert found.gain > 0.01  # averaging three independent noises of 1.5 saves more than that


def test_a_useless_member_gets_next_to_nothing() -> None:
    y, truth = world(3)
    noise = np.random.default_rng(9).uniform(0.02, 0.98, len(y))
    weights = select(y, np.vstack([views(truth, (0.8, 0.8)), noise])).weights
    assert weights[2] < 0.1


def test_a_clearly_best_model_stays_alone_among_bad_ones() -> None:
    y, truth = world(4)
    rng = np.random.default_rng(5)
    bad = expit(rng.normal(0, 3, (4, len(y))))
    weights = select(y, np.vstack([expit(truth), bad])).weights
    assert weights[0] > 0.9


def test_the_average_ranks_no_worse_than_the_best_member_on_rows_that_nobody_saw() -> None:
    """The guard's purpose, over many worlds of candidates of mixed quality: ROC AUC on fresh rows."""
    areas = []
    for seed in range(20):
        y, truth = world(100 + seed, 600)
        everyone = views(truth, (0.7, 1.0, 1.5, 2.5), seed)
        seen, fresh = slice(0, 200), slice(200, 600)
        weights = select(y[seen], everyone[:, seen], seed=seed).weights
        areas.append([roc_auc_score(y[fresh], p) for p in (weights @ everyone[:, fresh], everyone[0, fresh])])
    chosen, best_single = np.mean(areas, axis=0)
    assert chosen >= best_single - 0.002


def test_what_only_looks_worse_on_few_rows_joins_unless_it_is_doubted() -> None:
    """Over many worlds: candidates of equal skill, each with noise of its own."""
    left_out = {"trusted": 0, "doubted": 0}
    for seed in range(20):
        y, truth = world(seed, 120)
        predictions = views(truth, (1.0,) * 6, seed)
        for name, doubted in (("trusted", np.zeros(6, dtype=bool)), ("doubted", np.ones(6, dtype=bool))):
            found = select(y, predictions, doubted=doubted, seed=seed)
            left_out[name] += int((found.weights == 0).sum()) if found.kind == "broad" else 0
    assert left_out["trusted"] < 0.4 * left_out["doubted"], left_out


def test_many_rows_tell_what_is_worse() -> None:
    y, truth = world(0, 8000)
    found = select(y, np.vstack([views(truth, (0.8, 0.8)), expit(0.3 * truth)]))
    assert found.weights[2] == 0


def test_the_same_rows_and_seed_give_the_same_weights() -> None:
    y, truth = world(6)
    candidates = views(truth, (1.0, 1.2, 1.4))
    first, second = (select(y, candidates, np.arange(len(y)) // 3, seed=2).weights for _ in range(2))
    assert np.array_equal(first, second)


def test_labels_that_are_said_to_be_wrong_do_not_choose() -> None:
    y, truth = world(6)
    rng = np.random.default_rng(7)
    wrong = rng.random(len(y)) < 0.5
    told = np.where(wrong, rng.integers(0, 2, len(y)), y)
    swayed = expit(np.where(wrong, 3.0 * (2 * told - 1), rng.normal(0, 1, len(y))))  # knows the wrong labels alone
    predictions = np.vstack([views(truth, (0.8, 0.8)), swayed])
    misled = select(told, predictions).weights
    warned = select(told, predictions, sample_weight=np.where(wrong, 0.01, 1.0)).weights
    assert misled[2] > 0.3
    assert warned[2] < 0.1


def test_weights_of_one_are_as_none() -> None:
    y, truth = world(8)
    predictions = views(truth, (0.8, 1.2, 1.6))
    plain, weighed = select(y, predictions), select(y, predictions, sample_weight=np.ones(len(y)))
    assert (plain.kind, plain.gain) == (weighed.kind, weighed.gain)
    assert np.array_equal(plain.weights, weighed.weights)


def test_rows_of_one_class_in_every_half_leave_the_plain_average() -> None:
    y = np.array([1, 0, 0, 0])
    groups = np.array([0, 0, 0, 0])
    found = select(y, np.full((2, 4), 0.25), groups)
    assert found.kind == "equal"
    assert found.weights.tolist() == [0.5, 0.5]


def test_log_odds_far_out_do_not_break_it() -> None:
    y = np.array([0, 1] * 50)
    certain = np.where(y == 1, 1.0, 0.0)
    weights = select(y, np.vstack([certain, np.full(100, 0.5)])).weights
    assert weights[0] > 0.5
    assert np.isfinite(logit(np.clip(weights @ np.vstack([certain, np.full(100, 0.5)]), 1e-9, 1 - 1e-9))).all()
