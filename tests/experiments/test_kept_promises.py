"""Promised precision against realised: counted over all folds, out of reach said, labels never shown."""

import numpy as np
import pandas as pd
import pytest

from experiments.config import FitConfig
from experiments.fitting import fit
from experiments.kept_promises import Kept, ask, check_promises
from models.ranker import Ranker

LIKED = [np.array([True, True, False, True]), np.array([False, True, True, False])]
ARTISTS = [np.array([0, 0, 1, 2]), np.array([3, 4, 4, 5])]


@pytest.fixture(scope="module")
def ranker(demo_tracks: pd.DataFrame) -> Ranker:
    """A quick one: three trees."""
    return fit(demo_tracks, FitConfig(budget_s=None, trials=1, models=("tree",), n_folds=3, bag_repeats=1)).ranker


def rows(*positions: int) -> np.ndarray:
    return np.array(positions, dtype=np.int64)


def test_kept_tracks_of_all_folds_are_counted_together() -> None:
    answers = [(Kept(0.7, rows(0, 1)), Kept(0.9, None)), (Kept(0.7, rows(0, 1, 2)), Kept(0.9, rows(1)))]
    lax, strict = check_promises(answers, LIKED, ARTISTS)
    assert (lax.promised, lax.realised, lax.n_kept, lax.n_candidates) == (0.7, 0.8, 5, 8)
    assert (lax.n_folds, lax.folds_in_reach, lax.folds_held) == (2, 2, 1)  # 2 of 2, and 2 of 3
    assert lax.interval[0] < 0.8 < lax.interval[1]
    assert (strict.realised, strict.n_kept, strict.folds_in_reach, strict.folds_held) == (1.0, 1, 1, 1)
    assert lax.verdict == strict.verdict == "held"


def test_verdicts() -> None:
    many = np.arange(200) < 150  # 0.75, give or take 0.06
    who = np.arange(200)

    def verdict(promised: float, kept: np.ndarray | None) -> str:
        (check,) = check_promises([(Kept(promised, kept),)], [many], [who])
        return check.verdict

    everything = np.arange(200)
    assert verdict(0.75, everything) == "held"
    assert verdict(0.78, everything) == "within chance"
    assert verdict(0.9, everything) == "broken"
    assert verdict(0.9, None) == "out of reach"
    assert verdict(0.9, rows()) == "held"  # nothing kept breaks no promise


def test_a_ranker_answers_as_it_ranks_and_never_sees_a_label(ranker: Ranker, demo_candidates: pd.DataFrame) -> None:
    candidates = demo_candidates.reset_index(drop=True)
    promises = (0.5, 0.6, 0.99)
    answers = ask(ranker, candidates, promises)
    lying = candidates.assign(liked=np.random.default_rng(0).integers(0, 2, len(candidates)))
    for promised, answer, blind in zip(promises, answers, ask(ranker, lying, promises), strict=True):
        assert answer.promised == promised
        assert (answer.rows is None) == (blind.rows is None)
        if answer.rows is not None:
            assert blind.rows is not None
            assert sorted(answer.rows) == sorted(blind.rows)
            kept = ranker.rank(candidates, min_precision=promised)
            assert set(candidates["track_id"][answer.rows]) == set(kept["track_id"])
    assert any(answer.rows is not None and len(answer.rows) for answer in answers)


def test_what_cannot_be_promised_is_out_of_reach(ranker: Ranker, demo_candidates: pd.DataFrame) -> None:
    (answer,) = ask(ranker, demo_candidates.head(50), promises=[1.0])
    assert answer.rows is None or len(answer.rows) < 50
    with pytest.raises(ValueError, match="shorter"):
        check_promises([(answer,), ()], LIKED, ARTISTS)
