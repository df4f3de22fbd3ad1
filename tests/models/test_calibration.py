"""Calibration keeps the order, mends the level, and is no richer than the rows can pay for."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score

from models.calibration import (
    FAMILIES,
    BetaCalibration,
    Calibration,
    IdentityCalibration,
    PlattCalibration,
    TemperatureCalibration,
    calibration_from,
    log_odds,
)
from models.calibration_choice import LOWEST_SLOPE, choose_calibration, fit_calibration, fit_family, label_weights

scores = arrays(np.float64, st.integers(4, 60), elements=st.floats(0, 1))
WARPS = {
    "identity": lambda x: x,
    "temperature": lambda x: 2 * x,
    "platt": lambda x: 0.5 * x + 1,
    "beta": lambda x: np.where(x > 0, 3 * x, 0.6 * x),
}


def world(n: int, warp: str, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels, warped scores and true probabilities."""
    rng = np.random.default_rng(seed)
    x = rng.normal(0, 1.5, n)
    return (rng.uniform(size=n) < expit(x)).astype(np.int64), expit(WARPS[warp](x)), expit(x)


@settings(deadline=None, max_examples=30)
@given(scores, st.sampled_from(sorted(FAMILIES)), st.randoms(use_true_random=False))
def test_a_calibration_never_changes_an_order(p: np.ndarray, name: str, random: object) -> None:
    y = np.arange(len(p)) % 2
    random.shuffle(y)  # type: ignore[attr-defined]
    for found in (fit_family(name, y, p), fit_calibration(y, p)):
        calibrated = found.apply(p)
        assert np.all((calibrated > 0) & (calibrated < 1))
        order = np.argsort(p, kind="stable")
        assert np.all(np.diff(calibrated[order]) >= 0)


@pytest.mark.parametrize("warp", WARPS)
@pytest.mark.parametrize("name", FAMILIES)
def test_roc_auc_is_the_same_before_and_after(warp: str, name: str) -> None:
    y, p, _ = world(2000, warp)
    assert roc_auc_score(y, fit_family(name, y, p).apply(p)) == roc_auc_score(y, p)
    assert roc_auc_score(1 - y, fit_family(name, 1 - y, p).apply(p)) == roc_auc_score(1 - y, p)


def test_overconfident_scores_are_flattened_and_their_level_is_mended() -> None:
    rng = np.random.default_rng(0)
    truth = rng.uniform(0.05, 0.95, 20_000)
    y = (rng.uniform(size=len(truth)) < truth).astype(np.int64)
    overconfident = 1 / (1 + np.exp(-(3 * log_odds(truth) + 1)))
    found = fit_calibration(y, overconfident)
    assert isinstance(found, PlattCalibration)
    assert found.slope == pytest.approx(1 / 3, abs=0.02)
    assert np.abs(found.apply(overconfident) - truth).max() < 0.03


@pytest.mark.parametrize("warp", WARPS)
def test_with_many_rows_beta_is_picked_only_where_it_is_needed(warp: str) -> None:
    picked = [choose_calibration(*world(4000, warp, seed)[:2]).calibration.name for seed in range(5)]
    assert picked.count("beta") == (5 if warp == "beta" else 0)
    assert warp != "platt" or set(picked) == {"platt"}


def test_few_rows_say_less_of_a_slope_than_of_the_level() -> None:
    """Of scores twice as sure as they may be, 60 rows tell half of it, 4,000 nearly all."""
    slopes = [
        np.mean(
            [fit_family("temperature", *world(n, "temperature", seed)[:2]).parameters()["slope"] for seed in range(9)]
        )
        for n in (60, 4000)
    ]
    assert slopes[0] == pytest.approx(0.6, abs=0.07)
    assert slopes[1] == pytest.approx(0.5, abs=0.01)
    y, p, _ = world(60, "platt")
    before, after = (abs(np.mean(q) - np.mean(y)) for q in (p, fit_family("platt", y, p).apply(p)))
    assert after < 0.4 * before


@pytest.mark.parametrize("n", [60, 300, 2000])
def test_a_choice_is_never_much_worse_than_leaving_scores_alone_and_mends_what_is_far_off(n: int) -> None:
    def regret(warp: str, calibrated: bool) -> float:
        """Mean excess of the expected log loss over the truth's, on new tracks."""
        _, new, truth = world(20_000, warp, seed=99)
        found = []
        for seed in range(12):
            y, p, _ = world(n, warp, seed)
            q = (fit_calibration(y, p) if calibrated else IdentityCalibration()).apply(new)
            found.append(np.mean(truth * np.log(truth / q) + (1 - truth) * np.log((1 - truth) / (1 - q))))
        return float(np.mean(found))

    assert regret("identity", calibrated=True) < 1 / n + 2e-4, "what two parameters cost of which nothing is known"
    for warp in ("temperature", "platt"):
        assert regret(warp, calibrated=True) < 0.5 * regret(warp, calibrated=False)


def test_the_nested_loss_is_honest_and_recorded_for_every_family() -> None:
    y, p, _ = world(3000, "temperature")
    choice = choose_calibration(y, p)
    assert list(choice.log_loss) == list(FAMILIES)
    assert choice.log_loss["identity"] == pytest.approx(log_loss(y, p), abs=1e-6)
    for name, nested in choice.log_loss.items():
        assert nested >= log_loss(y, fit_family(name, y, p).apply(p)) - 1e-9, "judged on rows it was fitted to"
    assert choice.log_loss[choice.calibration.name] < choice.log_loss["identity"]
    assert choice == choose_calibration(y, p)


def test_rows_of_one_artist_are_no_evidence_of_their_own() -> None:
    y, p, _ = world(80, "temperature", seed=1)
    copies = 40
    alone = choose_calibration(np.tile(y, copies), np.tile(p, copies)).calibration
    grouped = choose_calibration(np.tile(y, copies), np.tile(p, copies), np.tile(np.arange(80), copies))
    assert alone.name == "beta", "copies look like certainty"
    assert grouped.calibration.name != "beta"


def test_weights_count_rows_and_only_their_ratios_matter() -> None:
    n = 4000
    y, p, _ = world(n, "platt")
    twice = np.concatenate([np.arange(n), np.arange(n // 2)])
    weights = np.where(np.arange(n) < n // 2, 2.0, 1.0)
    for name in ("temperature", "platt"):
        weighted = fit_family(name, y, p, sample_weight=weights).parameters()
        repeated = fit_family(name, y[twice], p[twice]).parameters()
        # weights are worth a tenth fewer rows: the prior weighs more
        assert weighted == pytest.approx(repeated, rel=0.02)
        assert fit_family(name, y, p, sample_weight=5 * weights).parameters() == pytest.approx(weighted)
    ignored = np.concatenate([np.ones(n), np.zeros(100)])
    junk_y, junk_p = np.concatenate([y, np.ones(100, dtype=np.int64)]), np.concatenate([p, np.zeros(100)])
    assert fit_calibration(junk_y, junk_p, sample_weight=ignored).name == "platt"


@given(weight=st.floats(1e-6, 1000.0), n=st.integers(2, 60))
def test_labels_of_equal_weight_count_as_one_each(weight: float, n: int) -> None:
    y = (np.arange(n) % 2).astype(np.int64)
    assert label_weights(y, np.full(n, weight)).tolist() == [1.0] * n


def test_sure_labels_of_one_class_hardly_change_its_share() -> None:
    y, p, _ = world(4000, "identity")
    weights = np.where(y == 1, 1.0, 0.3)
    counted = label_weights(y, weights)
    assert np.average(y, weights=counted) == pytest.approx(y.mean(), abs=0.05)
    assert np.average(y, weights=weights) > y.mean() + 0.25
    assert fit_family("platt", y, p, sample_weight=counted).apply(p).mean() == pytest.approx(y.mean(), abs=0.05)


def test_unsure_labels_of_a_class_count_less_than_its_sure_ones() -> None:
    rng = np.random.default_rng(2)
    y, weights = rng.integers(0, 2, 500), 10.0 ** rng.uniform(-6, 3, 500)
    counted = label_weights(y, weights)
    for label in (0, 1):
        ratio = counted[y == label] / weights[y == label]
        assert ratio == pytest.approx(ratio[0])
    assert counted == pytest.approx(label_weights(y, 1e-5 * weights)), "only ratios matter"
    assert counted.sum() == pytest.approx(counted.sum() ** 2 / np.sum(counted**2)), "the effective number of rows"


@pytest.mark.parametrize("faint", [0.0, 1e-200, 1e-6])
def test_labels_of_next_to_no_weight_are_as_good_as_absent(faint: float) -> None:
    y, weights = np.array([0, 0, 0, 1, 1, 1]), np.array([0.3, 0.4, 0.3, 1.0, 0.9, 1.0])
    alone = label_weights(y, weights)
    beside = label_weights(np.append(y, [1] * 50), np.append(weights, [faint] * 50))
    assert beside[:6] == pytest.approx(alone, rel=1e-3)
    assert beside[6:] == pytest.approx(0.0, abs=1e-4)


def test_it_is_the_logistic_regression_of_the_log_odds() -> None:
    rng = np.random.default_rng(1)
    p = rng.uniform(size=3000)
    y = (rng.uniform(size=3000) < p**2).astype(np.int64)
    reference = LogisticRegression(C=np.inf).fit(log_odds(p)[:, None], y)
    found = fit_family("platt", y, p)
    assert isinstance(found, PlattCalibration)
    # The priors move both by about 10 / n times 5.
    assert found.slope == pytest.approx(reference.coef_[0, 0], abs=0.02)
    assert found.intercept == pytest.approx(reference.intercept_[0], abs=0.02)
    design = np.column_stack([np.log(p), -np.log1p(-p)])
    beta = fit_family("beta", y, p)
    reference = LogisticRegression(C=np.inf, tol=1e-8).fit(design, y)  # Kull et al. (2017), section 4
    assert isinstance(beta, BetaCalibration)
    assert [beta.a, beta.b] == pytest.approx(reference.coef_[0], abs=0.1)


def test_beta_keeps_its_slopes_where_the_free_optimum_would_turn_an_end_round() -> None:
    rng = np.random.default_rng(2)
    p = rng.uniform(0.01, 0.99, 5000)
    # Above one half, likes become rarer again.
    y = (rng.uniform(size=5000) < np.where(p < 0.5, p, 1 - p)).astype(np.int64)
    found = fit_family("beta", y, p)
    assert isinstance(found, BetaCalibration)
    assert min(found.a, found.b) == LOWEST_SLOPE
    others = [
        BetaCalibration(max(found.a + da, 0), max(found.b + db, 0), found.c) for da in (-0.01, 0.01) for db in (0.01,)
    ]
    assert all(log_loss(y, found.apply(p)) <= log_loss(y, other.apply(p)) + 1e-6 for other in others)


def test_perfectly_separating_scores_stay_finite() -> None:
    y = np.repeat([0, 1], 50)
    p = np.concatenate([np.linspace(0, 0.2, 50), np.linspace(0.8, 1, 50)])
    for found in (fit_calibration(y, p), *(fit_family(name, y, p) for name in FAMILIES)):
        assert all(np.isfinite(value) for value in found.parameters().values())
        assert found.apply(np.array([0.0]))[0] < 0.5 < found.apply(np.array([1.0]))[0]


@pytest.mark.parametrize("p", [np.full(6, 0.3), np.array([0.9, 0.8, 0.7, 0.3, 0.2, 0.1])])
def test_constant_or_reversed_scores_only_get_their_level_mended(p: np.ndarray) -> None:
    found = fit_family("platt", np.tile([0, 0, 0, 1, 1, 1], 20), np.tile(p, 20))
    assert isinstance(found, PlattCalibration)
    assert found.slope > 0
    assert np.mean(found.apply(p)) == pytest.approx(0.5, abs=0.03)


def test_reversed_scores_are_flattened_to_the_share_of_likes() -> None:
    y, p, _ = world(3000, "identity")
    found = fit_calibration(1 - y, p)
    assert found.apply(p) == pytest.approx(np.full(3000, np.mean(1 - y)), abs=0.02)


@pytest.mark.parametrize("share", [0.05, 0.95])
def test_few_rows_of_one_class_are_enough_and_keep_their_level(share: float) -> None:
    y = (np.arange(60) < 60 * share).astype(np.int64)
    p = np.clip(np.random.default_rng(0).normal(0.4 + 0.2 * y, 0.1), 0, 1)
    for groups in (None, np.arange(60) % 15, np.zeros(60)):
        found = fit_calibration(y, p, groups)
        assert abs(np.mean(found.apply(p)) - share) < 0.2


def test_what_cannot_be_calibrated_is_refused() -> None:
    ones = np.ones(5, dtype=np.int64)
    with pytest.raises(ValueError, match="both liked and skipped"):
        fit_family("platt", ones, np.full(5, 0.5))
    with pytest.raises(ValueError, match="5 labels for 4"):
        fit_calibration(ones, np.full(4, 0.5))
    y = np.array([0, 1, 0, 1])
    for bad in (np.nan, -0.1, 1.1):
        with pytest.raises(ValueError, match=r"lie in \[0, 1\]"):
            fit_calibration(y, np.array([0.1, bad, 0.3, 0.4]))
    for weights in (np.array([1.0, -1, 1, 1]), np.array([1.0, np.nan, 1, 1]), np.ones(3)):
        with pytest.raises(ValueError, match="weights"):
            fit_calibration(y, np.full(4, 0.5), sample_weight=weights)
    with pytest.raises(ValueError, match="both liked and skipped"):
        fit_calibration(y, np.full(4, 0.5), sample_weight=np.array([1.0, 0, 1, 0]))
    with pytest.raises(ValueError, match="unknown calibration"):
        fit_family("isotonic", y, np.full(4, 0.5))


@pytest.mark.parametrize(
    "calibration",
    [
        IdentityCalibration(), TemperatureCalibration(0.7), PlattCalibration(1.3, -0.2), BetaCalibration(0.0, 0.4, 2.0),
    ],
)  # fmt: skip
def test_a_calibration_is_made_again_from_what_json_keeps_of_it(calibration: Calibration) -> None:
    kept = json.loads(json.dumps({"name": calibration.name, "parameters": calibration.parameters()}))
    again = calibration_from(kept["name"], kept["parameters"])
    assert again == calibration
    p = np.linspace(0, 1, 11)
    assert np.array_equal(again.apply(p), calibration.apply(p))
    assert np.all(np.diff(calibration.apply_log_odds(p)) > 0)


@pytest.mark.parametrize("slope", [0.0, -1.0, np.nan, np.inf])
def test_a_slope_that_would_break_the_order_cannot_be_made(slope: float) -> None:
    for family, rest in ((PlattCalibration, [0.0]), (TemperatureCalibration, [])):
        with pytest.raises(ValueError, match="positive slope"):
            family(slope, *rest)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("isotonic", {}),
        (["platt"], {}),
        ("identity", {"slope": 1.0}),
        ("platt", {"slope": 1.0}),
        ("platt", {"slope": 1.0, "intercept": 0.0, "more": 0.0}),
        ("platt", {"slope": "1", "intercept": 0.0}),
        ("platt", {"slope": True, "intercept": 0.0}),
        ("platt", {"slope": 1.0, "intercept": float("nan")}),
        ("platt", {"slope": 10**400, "intercept": 0.0}),
        ("platt", [1.0, 0.0]),
        ("platt", None),
        ("temperature", {"slope": -1.0}),
        ("beta", {"a": 0.0, "b": 0.0, "c": 0.0}),
        ("beta", {"a": 1.0, "b": -0.1, "c": 0.0}),
        ("beta", {"a": 1.0, "b": 1.0, "c": float("inf")}),
    ],
)
def test_a_strangers_parameters_are_refused(name: object, parameters: object) -> None:
    with pytest.raises(ValueError, match="calibration"):
        calibration_from(name, parameters)  # type: ignore[arg-type]
