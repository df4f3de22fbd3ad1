"""Predictions of several folds: judged together, compared on the same rows, with intervals that know artists."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.judging import RANKING, Predicted, compare, judge, share_interval
from experiments.metrics import METRICS, evaluate


def sample(n: int = 240, n_folds: int = 3, seed: int = 0) -> Predicted:
    """Calibrated predictions of tracks by artists of four tracks each."""
    rng = np.random.default_rng(seed)
    p = rng.random(n)
    return Predicted(rng.random(n) < p, p, p >= 0.5, np.arange(n) % n_folds, np.arange(n) // 4)


def test_metrics_of_order_are_means_over_folds_and_the_others_are_of_all_rows() -> None:
    found = sample()
    together = evaluate(found.liked, found.probability, found.kept)
    folds = [found.take(found.fold == fold) for fold in range(3)]
    by_fold = [evaluate(fold.liked, fold.probability, fold.kept) for fold in folds]
    judged = judge(found, n=20)
    assert (judged.n_tracks, judged.n_liked) == (240, int(found.liked.sum()))
    for name in METRICS:
        mean = np.mean([of_fold[name] for of_fold in by_fold])
        assert judged.mean[name] == pytest.approx(mean)
        assert judged.metrics[name] == pytest.approx(mean if name in RANKING else together[name])


def test_a_rankers_own_scale_does_not_cost_it_its_order() -> None:
    found = sample()
    perfect = np.where(found.liked, 0.9, 0.6) / (found.fold + 1)  # perfect in each fold, muddled together
    judged = judge(Predicted(found.liked, perfect, found.kept, found.fold, found.artist), n=10)
    assert judged.metrics["roc_auc"] == 1.0


def test_a_fold_without_both_classes_says_nothing_of_order() -> None:
    found = sample()
    liked = np.where(found.fold == 0, True, found.liked)
    judged = judge(Predicted(liked, found.probability, found.kept, found.fold, found.artist), n=10)
    others = [found.take(found.fold == fold) for fold in (1, 2)]
    expected = np.mean([METRICS["roc_auc"].score(fold.liked, fold.probability) for fold in others])
    assert judged.metrics["roc_auc"] == pytest.approx(expected)


def test_intervals_hold_their_values_also_where_resampling_is_biased() -> None:
    judged = judge(sample(), n=100)
    for name, (low, high) in [*judged.interval.items(), *judged.mean_interval.items()]:
        assert 0.0 <= low < high, name
    assert all(low < judged.metrics[name] < high for name, (low, high) in judged.interval.items())
    assert all(low < judged.mean[name] < high for name, (low, high) in judged.mean_interval.items())


def test_one_artist_alone_has_no_interval() -> None:
    found = sample()
    judged = judge(Predicted(found.liked, found.probability, found.kept, found.fold, np.zeros(240, dtype=np.int64)))
    assert all(np.isnan(low) and np.isnan(high) for low, high in judged.interval.values())


def test_equal_predictions_do_not_differ() -> None:
    for gap in compare(sample(), sample(), n=20).values():
        assert (gap.value, gap.low, gap.high) == (0.0, 0.0, 0.0)
        assert gap.first == gap.second


def test_a_small_gap_shows_where_the_intervals_of_the_two_overlap() -> None:
    found = sample(n=600)
    blurred = 0.75 * found.probability + 0.25 * np.random.default_rng(1).random(600)
    worse = Predicted(found.liked, blurred, blurred >= 0.5, found.fold, found.artist)
    gap = compare(worse, found, n=100)["roc_auc"]
    assert gap.second - gap.first == pytest.approx(gap.value)
    assert 0.0 < gap.low < gap.value < gap.high
    assert judge(worse, n=100).interval["roc_auc"][1] > judge(found, n=100).interval["roc_auc"][0]


def test_other_rows_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match="same rows"):
        compare(sample(seed=0), sample(seed=1))


def of_singles(hits: int, n: int) -> tuple[float, float]:
    """The interval where every track has an artist of its own."""
    return share_interval(np.arange(n) < hits, np.arange(n))


def test_a_share_of_independent_rows_has_clopper_and_pearsons_interval() -> None:
    assert of_singles(8, 10) == pytest.approx((0.4439, 0.9748), abs=5e-5)  # 8 of 10 in any table of the binomial
    low, high = share_interval(np.arange(100) < 80, np.repeat(np.arange(10), 10))
    assert (low, high) == pytest.approx((0.4439, 0.9748), abs=0.03)  # ten artists, each liked or not as a whole


def test_all_of_few_is_not_certain() -> None:
    assert of_singles(12, 12) == pytest.approx((0.025 ** (1 / 12), 1.0))
    assert of_singles(0, 12) == pytest.approx((0.0, 1 - 0.025 ** (1 / 12)))
    assert share_interval(np.ones(12, dtype=bool), np.arange(12) // 4)[0] == pytest.approx(0.025 ** (1 / 3))
    assert np.isnan(of_singles(0, 0)).all()


@given(
    hits=st.lists(st.booleans(), min_size=1, max_size=60),
    per_artist=st.integers(1, 7),
    level=st.sampled_from([0.5, 0.8, 0.95]),
)
@settings(deadline=None)
def test_an_interval_of_a_share_holds_it_and_widens_with_the_level(
    hits: list[bool], per_artist: int, level: float
) -> None:
    liked, artist = np.array(hits), np.arange(len(hits)) // per_artist
    low, high = share_interval(liked, artist, level=level)
    assert 0.0 <= low <= liked.mean() <= high <= 1.0
    wide = share_interval(liked, artist, level=0.99)
    assert wide[0] <= low
    assert high <= wide[1]
