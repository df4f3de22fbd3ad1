"""The candidates' base rate: found where it moved, left alone where it did not."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit, ndtri
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from connectors.registry import open_source
from features.schema import AUDIO_FEATURES, validate
from models.base_rate import MIN_CANDIDATES, BaseRate, adjust, class_weights, estimate_base_rate
from models.calibration_choice import fit_calibration

TRAINED = 0.57
rates = st.floats(0.01, 0.99)


def world(rng: np.random.Generator, n: int, auc: float, rate: float) -> tuple[np.ndarray, np.ndarray]:
    """Labels at a base rate, and like probabilities calibrated at TRAINED, from two normals with this AUC."""
    distance = np.sqrt(2) * ndtri(auc)
    liked = rng.uniform(size=n) < rate
    score = rng.normal(size=n) + distance * liked
    return liked.astype(np.int64), expit(logit(TRAINED) + distance * score - distance**2 / 2)


def estimates(auc: float, rate: float, n: int, *, draws: int = 30) -> list[BaseRate]:
    """Estimates whose calibration was itself learnt from 1,000 rows."""
    rng = np.random.default_rng(0)
    found = []
    for _ in range(draws):
        y, p = world(rng, 1000, auc, TRAINED)
        calibration = fit_calibration(y, p)
        _, candidates = world(rng, n, auc, rate)
        out_of_fold = (y, calibration.apply(p))
        found.append(estimate_base_rate(calibration.apply(candidates), float(y.mean()), out_of_fold=out_of_fold))
    return found


@pytest.mark.parametrize("rate", [0.57, 0.4, 0.2, 0.06])
def test_a_moved_base_rate_is_recovered(rate: float) -> None:
    found = estimates(0.86, rate, 600, draws=20)
    assert np.median([one.estimate for one in found]) == pytest.approx(rate, abs=0.03)
    assert np.mean([one.low <= rate <= one.high for one in found]) >= 0.75
    if rate < 0.3:
        assert all(one.shifted and one.rate == one.estimate for one in found)


@pytest.mark.parametrize(("auc", "n"), [(0.6, 200), (0.86, 60), (0.95, 1000)])
def test_without_a_shift_nothing_is_adjusted_nine_times_of_ten(auc: float, n: int) -> None:
    found = estimates(auc, TRAINED, n, draws=30)
    assert np.mean([one.shifted for one in found]) <= 0.1
    assert all(one.rate == pytest.approx(TRAINED, abs=0.08) for one in found if not one.shifted)


@pytest.mark.parametrize("rate", [0.06, TRAINED, 0.97])
def test_a_weak_models_estimate_does_not_run_to_the_ends(rate: float) -> None:
    for one in estimates(0.6, rate, 60, draws=15):
        assert 0.02 < one.rate < 0.98
        assert one.low < one.estimate < one.high


def test_it_is_the_maximum_that_em_climbs_to_where_the_prior_has_no_say() -> None:
    _, p = world(np.random.default_rng(1), 50_000, 0.8, 0.2)
    rate = TRAINED
    for _ in range(500):  # Saerens, Latinne & Decaestecker (2002), equations 4 to 6
        rate = float(np.mean(adjust(p, TRAINED, rate)))
    assert estimate_base_rate(p, TRAINED).estimate == pytest.approx(rate, abs=0.002)


@pytest.mark.parametrize("n", [0, 1, MIN_CANDIDATES - 1])
def test_few_candidates_move_nothing(n: int) -> None:
    found = estimate_base_rate(np.full(n, 0.01), TRAINED)
    assert (found.rate, found.shifted, found.n_candidates, found.doubt) == (TRAINED, False, n, (0.0, 0.0))
    assert 0 < found.low < found.high < 1


def test_scores_that_are_no_mixture_of_the_classes_move_nothing() -> None:
    rng = np.random.default_rng(2)
    y, p = world(rng, 1000, 0.9, TRAINED)
    lukewarm = rng.uniform(0.35, 0.45, 300)
    assert estimate_base_rate(lukewarm, TRAINED).estimate < 0.15, "without the check, it would believe them"
    found = estimate_base_rate(lukewarm, TRAINED, out_of_fold=(y, p))
    assert (found.fits, found.shifted, found.rate, found.doubt) == (False, False, TRAINED, (0.0, 0.0))


def test_a_hint_of_fewer_likes_is_a_doubt_and_one_of_more_is_not() -> None:
    base = {"rate": 0.5, "low": 0.2, "high": 0.7, "shifted": False, "n_candidates": 100, "log_odds_sd": 0.4}
    assert BaseRate(estimate=0.4, **base).doubt == pytest.approx((logit(0.4), 0.4))  # type: ignore[arg-type]
    assert BaseRate(estimate=0.6, **base).doubt == (0.0, 0.4)  # type: ignore[arg-type]


def test_fewer_trained_rows_make_it_slower_to_believe() -> None:
    _, p = world(np.random.default_rng(3), 400, 0.8, 0.3)
    sure, unsure = (estimate_base_rate(p, TRAINED, n_trained=n) for n in (100_000, 60))
    assert unsure.high - unsure.low > sure.high - sure.low
    assert unsure.log_odds_sd > sure.log_odds_sd


def test_a_real_tables_resampled_candidates_show_how_rare_likes_are(kaggle_csv: object) -> None:
    tracks, _ = validate(open_source(str(kaggle_csv)).read().tracks)
    tracks = tracks[tracks["liked"].notna()]
    y = tracks["liked"].to_numpy(dtype=np.int64)
    model = ExtraTreesClassifier(60, min_samples_leaf=3, random_state=0)
    x = tracks[list(AUDIO_FEATURES)].to_numpy(dtype=np.float64)
    raw = cross_val_predict(model, x, y, cv=StratifiedKFold(5, shuffle=True, random_state=0), method="predict_proba")[
        :, 1
    ]
    p = fit_calibration(y, raw).apply(raw)
    rng = np.random.default_rng(0)
    found = []
    for _ in range(20):
        rows = np.concatenate([rng.choice(np.flatnonzero(y == 1), 18), rng.choice(np.flatnonzero(y == 0), 282)])
        found.append(estimate_base_rate(p[rows], float(y.mean()), out_of_fold=(y, p)))
    assert all(one.fits and one.shifted for one in found)
    assert np.median([one.rate for one in found]) == pytest.approx(0.06, abs=0.03)


@given(st.lists(st.floats(0.001, 0.999), min_size=1, max_size=30), rates, rates)
def test_adjusting_keeps_the_order_and_can_be_undone(scores: list[float], trained: float, rate: float) -> None:
    p = np.array(scores)
    there = adjust(p, trained, rate)
    assert np.all(np.diff(there[np.argsort(p, kind="stable")]) >= 0)
    assert adjust(there, rate, trained) == pytest.approx(p, abs=2e-2)
    assert np.array_equal(adjust(p, trained, trained), p)


def test_adjusted_probabilities_are_calibrated_at_the_new_rate() -> None:
    y, p = world(np.random.default_rng(4), 200_000, 0.8, 0.1)
    moved = adjust(p, TRAINED, 0.1)
    for low, high in ((0.02, 0.1), (0.1, 0.3), (0.3, 0.9)):
        inside = (moved >= low) & (moved < high)
        assert y[inside].mean() == pytest.approx(moved[inside].mean(), abs=0.02)


@given(st.lists(st.integers(0, 1), min_size=2, max_size=50).filter(lambda labels: 0 < sum(labels) < len(labels)), rates)
def test_class_weights_make_a_table_of_the_wanted_rate(labels: list[int], rate: float) -> None:
    y = np.array(labels)
    weights = class_weights(y, float(y.mean()), rate)
    assert weights @ y / weights.sum() == pytest.approx(rate)
    assert weights.sum() == pytest.approx(len(y))


@pytest.mark.parametrize("rate", [0.0, 1.0, -0.1, np.nan])
def test_rates_out_of_range_are_refused(rate: float) -> None:
    p, y = np.array([0.5]), np.array([1])
    for call in (
        lambda: adjust(p, rate, 0.5), lambda: adjust(p, 0.5, rate), lambda: estimate_base_rate(p, rate),
        lambda: class_weights(y, 0.5, rate),
    ):  # fmt: skip
        with pytest.raises(ValueError, match="between 0 and 1"):
            call()
