"""The promise: it holds as often as it says, it is not kept by keeping nothing, and it says what can be had."""

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.special import betainc, expit, logit, ndtr, ndtri
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from connectors.registry import open_source
from features.schema import AUDIO_FEATURES, validate
from models.base_rate import adjust, class_weights
from models.calibration_choice import fit_calibration, fit_family
from models.cut_tests import Support, counted_confidence, cut_sequence
from models.precision_curve import design_effect, within_group_correlation
from models.promise import _find, best_promise, kept_precision, promised_cut
from models.threshold import MIN_SUPPORT

PROMISES = (0.6, 0.7, 0.8, 0.9)


def world(
    rng: np.random.Generator, n: int, auc: float, rate: float, *, alike: float = 0.0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels, their exact like probabilities (two normals with this AUC) and artists of five tracks on average.

    ``alike`` correlates the labels of one artist beyond their probabilities.
    """
    distance = np.sqrt(2) * ndtri(auc)
    score = rng.normal(size=n) + distance * (rng.uniform(size=n) < rate)
    p = expit(logit(rate) + distance * score - distance**2 / 2)
    artist = np.repeat(np.arange(n), rng.geometric(0.2, size=n))[:n]
    luck = np.sqrt(alike) * rng.normal(size=n)[artist] + np.sqrt(1 - alike) * rng.normal(size=n)
    return (ndtr(luck) < p).astype(np.int64), p, artist


def best_kept(p: np.ndarray, wanted: float) -> int:
    """How many could be kept by who knows each candidate's exact probability."""
    kept = np.arange(1, len(p) + 1)
    mean = np.cumsum(np.sort(p)[::-1]) / kept
    enough = np.ceil(wanted * kept - 1e-9)
    fine = np.flatnonzero(betainc(enough, kept - enough + 1, mean) >= 0.9)
    return int(kept[fine[-1]]) if len(fine) else 0


def test_who_asks_for_less_is_given_at_least_what_more_would_keep() -> None:
    """A precision's own sequence of cuts may fail at its start where a higher one's passes: both are in easy reach."""
    kept_less = refused = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        y, p, artist = world(rng, 300, 0.85, 0.5)
        _, candidates, others = world(rng, 150, 0.85, 0.5)
        asked = {"candidates": candidates, "groups": artist, "candidate_groups": others}
        support, precisions = Support(y, p, groups=artist), [percent / 100 for percent in range(55, 100, 5)]
        own = [
            _find(support, wanted, candidates=candidates, candidate_groups=others, confidence=0.9)
            for wanted in precisions
        ]
        cuts = [promised_cut(y, p, wanted, **asked) for wanted in precisions]
        for lower, higher in itertools.pairwise(cuts):
            assert higher is None or (lower is not None and lower.kept >= higher.kept)
        for lower, higher in itertools.pairwise(own):
            refused += lower is None and higher is not None
            kept_less += lower is not None and higher is not None and lower.kept < higher.kept
    assert kept_less or refused, "else this shows nothing"


def keep_promises(alike: float, worlds: Any, draws: int) -> tuple[int, int, int, float]:
    """(promised, held, draws in all, tracks kept over those an oracle would keep); scores calibrated out of fold."""
    rng = np.random.default_rng(1)
    promised, held, kept, possible = 0, 0, 0, 0
    for auc, rate, n_rows, n_candidates in worlds:
        for _ in range(draws):
            y, p, artist = world(rng, n_rows, auc, rate, alike=alike)
            liked, exact, other_artist = world(rng, n_candidates, auc, rate, alike=alike)
            calibration = fit_family("platt", y, p)
            p, candidates = calibration.apply(p), calibration.apply(exact)
            artists = {"groups": artist, "candidate_groups": other_artist} if alike else {}
            for wanted in PROMISES:
                possible += best_kept(exact, wanted)
                found = promised_cut(y, p, wanted, candidates=candidates, **artists)  # type: ignore[arg-type]
                if found is None:
                    continue
                above = candidates >= found.threshold
                assert above.sum() == found.kept
                assert found.confidence >= 0.9
                promised += 1
                held += bool(liked[above].mean() >= wanted - 1e-9)
                kept += found.kept
    return promised, held, draws * len(worlds) * len(PROMISES), kept / possible


@pytest.mark.parametrize("alike", [0.0, 0.3])
def test_the_promise_is_kept_nine_times_of_ten_and_not_by_keeping_nothing(alike: float) -> None:
    worlds = [*itertools.product((0.65, 0.75, 0.86, 0.95), (0.2, 0.5), (200, 1500), (30, 300)), (0.86, 0.5, 60, 100)]
    promised, held, draws, power = keep_promises(alike, worlds, 4)
    assert promised > 0.2 * draws
    assert held >= 0.9 * promised
    assert power > (0.6 if alike else 0.7)


def test_the_promise_holds_on_a_real_table(kaggle_csv: object) -> None:
    tracks, _ = validate(open_source(str(kaggle_csv)).read().tracks)
    tracks = tracks[tracks["liked"].notna()]
    y, x = tracks["liked"].to_numpy(dtype=np.int64), tracks[list(AUDIO_FEATURES)].to_numpy(dtype=np.float64)
    artist = tracks["artist_name"].to_numpy()
    model = ExtraTreesClassifier(60, min_samples_leaf=3, random_state=0)
    scores = cross_val_predict(
        model, x, y, cv=StratifiedKFold(5, shuffle=True, random_state=0), method="predict_proba"
    )[:, 1]
    rng = np.random.default_rng(0)
    held, kept = [], []
    for _ in range(40):
        rows = rng.permutation(len(y))
        known, new = rows[400:], rows[:400]
        calibration = fit_calibration(y[known], scores[known])
        p, candidates = calibration.apply(scores[known]), calibration.apply(scores[new])
        for wanted in (0.7, 0.8):
            groups = {"groups": artist[known], "candidate_groups": artist[new]}
            found = promised_cut(y[known], p, wanted, candidates=candidates, **groups)
            if found is not None:
                held.append(y[new][candidates >= found.threshold].mean() >= wanted)
                kept.append(found.kept)
    assert len(held) > 60
    assert np.mean(held) >= 0.9
    assert np.mean(kept) > 80


def test_a_promise_without_candidates_holds_for_tracks_on_average() -> None:
    rng = np.random.default_rng(3)
    _, everyone, _ = world(rng, 200_000, 0.86, 0.5)
    held, rows = [], []
    for _ in range(40):
        y, p, _ = world(rng, 800, 0.86, 0.5)
        found = promised_cut(y, p, 0.8)
        if found is not None:
            assert found.kept == np.sum(p >= found.threshold)
            held.append(everyone[everyone >= found.threshold].mean() >= 0.8)
            rows.append(found.kept)
    assert len(held) >= 36
    assert np.mean(held) >= 0.9
    best_share = np.mean(np.cumsum(np.sort(everyone)[::-1]) >= 0.8 * np.arange(1, len(everyone) + 1))
    assert np.mean(rows) > 0.7 * best_share * 800


def test_a_promise_at_another_base_rate_holds() -> None:
    rng = np.random.default_rng(4)
    made, held, kept = 0, 0, 0
    for _ in range(60):
        y, p, _ = world(rng, 1500, 0.9, 0.57)
        pool, exact, _ = world(rng, 8000, 0.9, 0.57)
        rows = np.concatenate([np.flatnonzero(pool == 1)[:60], np.flatnonzero(pool == 0)[:340]])
        weights = class_weights(y, 0.57, 0.15)
        at_rate, candidates = adjust(p, 0.57, 0.15), adjust(exact[rows], 0.57, 0.15)
        found = promised_cut(y, at_rate, 0.7, candidates=candidates, weights=weights)
        if found is not None:
            made, kept = made + 1, kept + found.kept
            held += bool(pool[rows][candidates >= found.threshold].mean() >= 0.7)
    assert made > 30
    assert held >= 0.9 * made
    assert kept > 10 * made


def test_the_weights_scale_does_not_matter_and_doubts_make_it_stricter() -> None:
    rng = np.random.default_rng(5)
    y, p, _ = world(rng, 1000, 0.86, 0.5)
    _, candidates, _ = world(rng, 300, 0.86, 0.5)
    plain = promised_cut(y, p, 0.8, candidates=candidates)
    assert plain is not None
    weighted = promised_cut(y, p, 0.8, candidates=candidates, weights=np.full(1000, 7.0))
    assert weighted is not None
    assert (weighted.threshold, weighted.kept) == (plain.threshold, plain.kept)
    for doubt in ({"rate_sd": 0.4}, {"rate_shift": -0.3}):
        doubted = promised_cut(y, p, 0.8, candidates=candidates, **doubt)  # type: ignore[arg-type]
        assert doubted is None or doubted.kept < plain.kept
    surer = promised_cut(y, p, 0.8, candidates=candidates, confidence=0.99)
    assert surer is None or surer.kept < plain.kept


def test_what_can_be_promised_is_promised_when_it_is_asked_for() -> None:
    rng = np.random.default_rng(6)
    y, p, _ = world(rng, 800, 0.75, 0.5)
    _, candidates, _ = world(rng, 400, 0.75, 0.5)
    assert promised_cut(y, p, 0.95, candidates=candidates) is None
    found = best_promise(y, p, below=0.95, candidates=candidates, min_kept=20)
    assert found is not None
    assert 0.6 < found.min_precision < 0.95
    assert found.kept >= 20
    assert promised_cut(y, p, found.min_precision, candidates=candidates) == found
    for percent in range(round(100 * found.min_precision) + 1, 95):
        higher = promised_cut(y, p, percent / 100, candidates=candidates)
        assert higher is None or higher.kept < 20


def test_what_is_offered_instead_holds_too() -> None:
    rng = np.random.default_rng(7)
    held = []
    for _ in range(25):
        y, p, _ = world(rng, 500, 0.75, 0.4)
        liked, candidates, _ = world(rng, 300, 0.75, 0.4)
        found = best_promise(y, p, below=0.9, candidates=candidates)
        assert found is not None
        held.append(liked[candidates >= found.threshold].mean() >= found.min_precision - 1e-9)
    assert np.mean(held) >= 0.84  # 0.9, less a standard error of 25 draws


def test_few_rows_of_one_class_or_without_any_order_promise_nothing_they_cannot_keep() -> None:
    rng = np.random.default_rng(8)
    y = (np.arange(60) % 20 == 0).astype(np.int64)
    for p in (np.full(60, 0.05), rng.uniform(size=60), np.zeros(60), np.ones(60)):
        assert promised_cut(y, p, 0.8, candidates=p) is None
        assert promised_cut(y, p, 0.8) is None
    assert promised_cut(np.array([0, 1] * 4), np.linspace(0, 1, 8), 0.5, candidates=np.ones(5)) is None
    assert promised_cut(y, np.full(60, 0.05), 0.8, candidates=np.array([])) is None


def test_scores_that_separate_perfectly_keep_what_is_liked() -> None:
    y = (np.arange(400) % 2).astype(np.int64)
    p = np.where(y == 1, 0.999, 0.001)
    found = promised_cut(y, p, 0.9, candidates=p)
    assert found is not None
    assert found.kept >= 200
    assert y[p >= found.threshold].mean() >= 0.9


def test_counted_rows_witness_as_the_beta_binomial_and_clopper_and_pearson_do() -> None:
    rng = np.random.default_rng(9)
    y, p, _ = world(rng, 500, 0.86, 0.5)
    _, candidates, _ = world(rng, 200, 0.86, 0.5)
    at = cut_sequence(Support(y, p), 0.8, candidates, None)
    exact = stats.betabinom.sf(np.ceil(0.8 * at.kept - 1e-9) - 1, at.kept, at.hits + 0.5, at.misses + 0.5)
    assert counted_confidence(at, 0.8, at.hits, at.misses) == pytest.approx(exact, abs=2e-3)
    average = cut_sequence(Support(y, p), 0.8, None, None)
    sure = counted_confidence(average, 0.8, average.hits, average.misses)
    for hits, misses, confidence in zip(average.hits, average.misses, sure, strict=True):
        test = stats.binomtest(round(hits), round(hits + misses))
        low = test.proportion_ci(0.8, method="exact").low  # its lower end alone: 90 %
        assert (confidence >= 0.9) == (low >= 0.8)


def test_weighted_rows_are_counted_as_weighted_and_known_as_well_as_there_are_rows() -> None:
    y = np.array([1] * 30 + [0] * 30)
    p = np.linspace(0.99, 0.01, 60)
    weighted = Support(y, p, weights=class_weights(y, 0.5, 0.1))
    assert weighted.hits[-1] == pytest.approx(30)
    assert weighted.misses[-1] == pytest.approx(30)
    assert weighted.shift == pytest.approx(logit(0.1) - logit(0.5))


def test_the_correlation_within_artists_is_found() -> None:
    rng = np.random.default_rng(10)
    y, p, artist = world(rng, 20_000, 0.75, 0.5, alike=0.5)
    _, codes = np.unique(artist, return_inverse=True)
    assert 0.2 < within_group_correlation(y, p, codes) < 0.5
    assert within_group_correlation(y, p, rng.permutation(codes)) < 0.02
    assert within_group_correlation(y, p, np.arange(len(y))) == 0


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 5), st.floats(0.1, 3)), min_size=1, max_size=40), st.floats(0, 1)
)  # fmt: skip
def test_the_design_effect_is_what_counting_pairs_gives_and_never_inflates(
    rows: list[tuple[int, float]], correlation: float
) -> None:
    groups, weight = np.array([group for group, _ in rows]), np.array([mass for _, mass in rows])
    effect = design_effect(groups, weight, correlation)
    for n in range(1, len(rows) + 1):
        same = groups[:n, None] == groups[None, :n]
        matrix = np.where(same, correlation, 0.0) + (1 - correlation) * np.eye(n)
        expected = weight[:n] @ matrix @ weight[:n] / np.sum(weight[:n] ** 2)
        assert effect[n - 1] == pytest.approx(expected)
    assert np.all(effect >= 1)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 1), st.integers(0, 10)), min_size=12, max_size=80).filter(
        lambda rows: 0 < sum(label for label, _ in rows) < len(rows)
    ),
    st.lists(st.integers(0, 10), min_size=1, max_size=40),
    st.floats(0.05, 1.0),
)  # fmt: skip
def test_ties_are_kept_or_left_together_and_every_promise_has_its_support(
    rows: list[tuple[int, int]], levels: list[int], wanted: float
) -> None:
    y, p = np.array([label for label, _ in rows]), np.array([level / 10 for _, level in rows])
    candidates = np.array([level / 10 for level in levels])
    for kept_from, found in (
        (candidates, promised_cut(y, p, wanted, candidates=candidates)),
        (p, promised_cut(y, p, wanted)),
    ):
        if found is not None:
            assert found.kept == np.sum(kept_from >= found.threshold) > 0
            assert np.sum(p >= found.threshold) >= MIN_SUPPORT
            assert 0 < found.precision < 1


def test_the_precision_to_expect_covers_what_happens_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(11)
    inside, values, shares = 0, [], []
    for _ in range(100):
        y, p, _ = world(rng, 600, 0.86, 0.5)
        liked, candidates, _ = world(rng, 100, 0.86, 0.5)
        above = candidates >= 0.7
        value, low, high = kept_precision(y, p, candidates[above])
        share = liked[above].mean()
        inside += low - 1e-9 <= share <= high + 1e-9
        values.append(value)
        shares.append(share)
    assert 0.87 <= inside / 100 <= 0.99
    assert np.mean(values) == pytest.approx(np.mean(shares), abs=0.02)


def test_less_support_means_a_wider_interval_and_nothing_kept_means_no_number() -> None:
    rng = np.random.default_rng(12)
    y, p, _ = world(rng, 4000, 0.8, 0.5)
    kept = np.full(2000, 0.8)
    _, low_little, high_little = kept_precision(y[:80], p[:80], kept)
    value, low_much, high_much = kept_precision(y, p, kept)
    assert value == pytest.approx(0.8, abs=0.03)
    assert high_little - low_little > 2 * (high_much - low_much)
    assert all(np.isnan(kept_precision(y, p, np.array([]))))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"min_precision": 0.0}, "above 0"),
        ({"min_precision": 1.1}, "at most at 1"),
        ({"confidence": 1.0}, "confidence"),
        ({"p": np.array([0.1, np.nan, 0.3])}, r"lie in \[0, 1\]"),
        ({"p": np.array([0.1, 0.2])}, "differ in length"),
        ({"y": np.array([1, 1, 1])}, "both liked and skipped"),
        ({"weights": np.array([1.0, -1.0, 1.0])}, "at least 0"),
        ({"weights": np.array([1.0, 0.0, 1.0])}, "both liked and skipped"),
        ({"groups": np.array([1, 2])}, "differ in length"),
        ({"candidates": np.array([1.5])}, "candidates"),
    ],
)
def test_what_cannot_be_right_is_refused(change: dict[str, Any], said: str) -> None:
    asked = {"y": np.array([1, 0, 1]), "p": np.array([0.1, 0.2, 0.3]), "min_precision": 0.5, **change}
    with pytest.raises(ValueError, match=said):
        promised_cut(**asked)
