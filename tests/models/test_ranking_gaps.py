"""A ranker of complete tracks, asked about candidates that lack a column."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import logit
from sklearn.metrics import log_loss

from experiments.config import FitConfig
from experiments.fitting import fit
from features.columns import AUDIO_FEATURES
from features.schema import validate
from models.ranker import LEARNED_GAPS, Ranker, background_of


def listened(n: int, seed: int) -> pd.DataFrame:
    """Complete tracks, half of them liked: lively ones, and those that are danceable in the middle of the range.

    Likes have no line in danceability, so a model that sends a gap to one side takes all tracks for bad ones, or good.
    """
    rng = np.random.default_rng(seed)
    table = pd.DataFrame({name: rng.beta(2, 2, n) for name in AUDIO_FEATURES})
    table = table.assign(
        track_id=[f"id{row}" for row in range(n)],
        track_name=[f"song {row}" for row in range(n)],
        duration_ms=(table["duration_ms"] * 3e5 + 6e4).round(),
        key=rng.integers(0, 12, n),
        mode=rng.integers(0, 2, n),
        loudness=-20 * table["loudness"],
        tempo=60 + 120 * table["tempo"],
        time_signature=rng.integers(3, 6, n),
    )
    centred = table[["energy", "valence", "danceability"]] - 0.5
    taste = 8 * centred["energy"] + 6 * centred["valence"] - 60 * centred["danceability"] ** 2 + rng.logistic(size=n)
    return validate(table.assign(liked=(taste > taste.median()).astype(int)))[0]


@pytest.fixture(scope="module")
def both() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Tracks to learn from, and 1,000 others."""
    table = listened(1600, 10)
    return table.head(600), table.tail(-600).reset_index(drop=True)


@pytest.fixture(scope="module")
def ranker(both: tuple[pd.DataFrame, pd.DataFrame]) -> Ranker:
    """Of complete tracks."""
    config = FitConfig(None, 1, ("boosted_trees",), split="random", n_folds=3, bag_repeats=1)
    return fit(both[0], config).ranker


def test_without_a_column_probabilities_are_still_better_than_the_base_rate(
    ranker: Ranker, both: tuple[pd.DataFrame, pd.DataFrame]
) -> None:
    others = both[1]
    y = others["liked"].to_numpy(dtype=int)
    p = ranker.predict_proba(others.drop(columns="danceability"))
    assert log_loss(y, p) < log_loss(y, np.full(len(y), ranker.like_rate)) - 0.05  # 1.58 where trees choose the side
    assert abs(p.mean() - y.mean()) < 0.06
    whole = ranker.predict_proba(others)
    assert log_loss(y, whole) < log_loss(y, p)


def test_a_candidate_that_lacks_something_says_nothing_of_the_others(
    ranker: Ranker, both: tuple[pd.DataFrame, pd.DataFrame]
) -> None:
    some = both[1].head(20)
    mixed = some.assign(danceability=some["danceability"].where(np.arange(20) % 2 == 0))
    found = ranker.predict_proba(mixed)
    assert np.array_equal(found[::2], ranker.predict_proba(some)[::2])
    assert found[1::2] == pytest.approx(ranker.predict_proba(some.drop(columns="danceability"))[1::2], abs=1e-12)
    alone = [ranker.predict_proba(mixed.iloc[[row]])[0] for row in range(20)]
    assert alone == pytest.approx(found, abs=1e-12)


def test_effects_add_up_to_the_shown_log_odds(ranker: Ranker, both: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    some = both[1].head(30)
    without = some.assign(danceability=some["danceability"].where(np.arange(30) % 3 > 0)).drop(columns="key")
    effects = ranker.explain(without, permutations=4)
    assert effects.sum(axis=1).to_numpy() == pytest.approx(logit(ranker.predict_proba(without)), abs=1e-9)
    assert effects["base"].iloc[0] == pytest.approx(ranker.explain(some, permutations=4)["base"].iloc[0], abs=1e-12)


def test_what_is_not_known_moves_a_score_little(ranker: Ranker, both: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    some = both[1].head(60)
    known = ranker.explain(some, permutations=8)["danceability"].abs().mean()
    lacked = ranker.explain(some.drop(columns="danceability"), permutations=8)["danceability"].abs().mean()
    assert lacked < known / 2


@pytest.mark.parametrize("seed", range(6))
def test_a_gap_that_models_can_have_learned_is_in_the_background(seed: int) -> None:
    inputs = pd.DataFrame(np.random.default_rng(0).normal(size=(600, 3)), columns=["energy", "tempo", "key_sin"])
    whole = background_of(inputs, seed)
    inputs.iloc[-LEARNED_GAPS:, 1] = np.nan
    inputs.iloc[0, 2] = np.nan  # of one gap nothing can be learned
    found = background_of(inputs, seed)
    assert found["tempo"].isna().any()
    assert len(found) == len(whole) == 32
    shared = found.merge(whole, how="inner")
    assert len(shared) >= 30, "the others are as they were drawn"
