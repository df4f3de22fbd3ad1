"""The pure parts of the benchmark of asking: who judges, when a level is reached, how sure a ratio is; no figures."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.benchmark import asking
from experiments.benchmark.asking import BATCH, START, Curve, deal, figures, interval, needed, ratio, simulate
from experiments.splits import groups_for

SIZES = np.arange(50, 401, 10)


def rising(speed: float, n_seeds: int = 6, noise: float = 0.0, seed: int = 0) -> np.ndarray:
    """Curves that reach 0.9 - 0.2 exp(-1) with ``350 / speed`` labels more than 50."""
    mean = 0.9 - 0.2 * np.exp(-speed * (SIZES - 50) / 350)
    return mean + noise * np.random.default_rng(seed).normal(size=(n_seeds, len(SIZES)))


def test_who_judges_is_not_asked_about(demo_tracks: pd.DataFrame) -> None:
    dealt = deal(demo_tracks, seed=3, n_pool=300)
    unseen, familiar = dealt.judges
    assert sorted([*dealt.pool, *unseen, *familiar]) == list(range(len(demo_tracks)))
    artists = groups_for(demo_tracks, "artist")
    assert not set(artists[unseen]) & set(artists[np.concatenate([dealt.pool, familiar])])
    assert len(dealt.pool) == pytest.approx(300, abs=30)
    assert 0.05 < len(familiar) / (len(familiar) + len(dealt.pool)) < 0.15
    assert not np.array_equal(deal(demo_tracks, seed=4, n_pool=300).pool, dealt.pool)


def test_both_ways_start_alike_and_part(demo_tracks: pd.DataFrame) -> None:
    dealt = deal(demo_tracks, seed=0, n_pool=300)
    ask, random = (simulate("demo", dealt, 0, way, most=START + 2 * BATCH) for way in asking.WAYS)
    assert ask.n_labels == random.n_labels == (50, 60, 70)
    for mine, others in zip(ask.roc_auc, random.roc_auc, strict=True):
        assert mine[0] == others[0]
        assert mine[1:] != others[1:]
        assert all(0.3 < value < 1 for value in mine)
    assert simulate("demo", dealt, 0, "ask me", most=START + 2 * BATCH) == ask


@pytest.mark.parametrize(
    ("curve", "level", "labels"),
    [
        ([0.6, 0.7, 0.8], 0.75, 25.0),
        ([0.6, 0.7, 0.8], 0.6, 10.0),
        ([0.6, 0.7, 0.8], 0.5, 10.0),
        ([0.6, 0.8, 0.7], 0.75, 20.0),  # a peak is not yet a level: both are 0.75
        ([0.6, 0.7, 0.8], 0.81, math.nan),
    ],
)
def test_labels_needed_for_a_level(curve: list[float], level: float, labels: float) -> None:
    assert needed(np.array([10, 20, 30]), np.array(curve), level) == pytest.approx(labels, nan_ok=True)


@given(st.floats(1.0, 4.0))
def test_the_ratio_of_a_curve_that_is_quicker(speed: float) -> None:
    value, level = ratio(SIZES, rising(speed), rising(1.0), 400)
    assert level == pytest.approx(0.9 - 0.2 / math.e)
    assert value == pytest.approx((50 + 350 / speed) / 400, abs=0.005)


def test_the_same_curves_save_nothing() -> None:
    assert ratio(SIZES, rising(1.0), rising(1.0), 250)[0] == pytest.approx(1.0)


def test_a_level_out_of_reach_is_no_number() -> None:
    value, _ = ratio(SIZES, rising(0.5), rising(1.0), 400)
    assert math.isnan(value)
    assert math.isnan(interval(SIZES, rising(0.5), rising(1.0), 400)[1])


def test_the_interval_holds_the_ratio_and_narrows_with_seeds() -> None:
    widths = []
    for n_seeds in (5, 40):
        asked, random = rising(2.0, n_seeds, 0.02, seed=1), rising(1.0, n_seeds, 0.02, seed=2)
        low, high = interval(SIZES, asked, random, 300)
        assert low < ratio(SIZES, asked, random, 300)[0] < high
        widths.append(high - low)
    assert widths[1] < widths[0]


def test_one_figure_counts_and_others_stand_beside_it() -> None:
    def curves(table: str) -> list[Curve]:
        speeds = {"ask me": 2.0, "random": 1.0}
        return [
            Curve(table, way, seed, tuple(SIZES), (tuple(rising(speeds[way])[0]),) * 2)
            for way in asking.WAYS
            for seed in range(3)
        ]

    found = figures([*curves("kaggle"), *curves("demo")])
    assert len(found) == 2 * 2 * 4
    assert [figure.holds for figure in found].count(None) == len(found) - 1
    assert (found[0].holds, found[0].wanted) == (True, "<= 0.7")
    assert found[0].name.startswith("kaggle, unseen artists")
    assert found[0].measured == pytest.approx((50 + 350 / 2) / 400, abs=0.005)
    assert "without the first 50 on both sides: 0.50" in found[0].note


@pytest.mark.parametrize("arguments", [["--seeds", "0"], ["--tables", "nobody"]])
def test_options_out_of_range_are_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        asking.main(arguments)
    assert left.value.code == 2
    assert "at least one seed" in capsys.readouterr().err
