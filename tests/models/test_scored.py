"""Candidates that are scored once and cut and explained often."""

import numpy as np
import pandas as pd
import pytest

from features.errors import InputError
from models.calibration import log_odds
from models.ranker import Ranker


@pytest.mark.parametrize("asked", [{"min_precision": 0.6}, {"top": 7}, {"threshold": 0.4}, {}])
def test_one_scoring_serves_every_cut(
    demo_ranker: Ranker, demo_candidates: pd.DataFrame, asked: dict[str, float]
) -> None:
    ranking, again = demo_ranker.ranking(demo_candidates, **asked), demo_ranker.scored(demo_candidates).keep(**asked)
    pd.testing.assert_frame_equal(ranking.tracks, again.tracks)
    assert (ranking.threshold, ranking.expected_precision, ranking.notes) == (
        again.threshold,
        again.expected_precision,
        again.notes,
    )


def test_only_what_may_be_kept_is_kept_and_promised(demo_ranker: Ranker, demo_candidates: pd.DataFrame) -> None:
    scored = demo_ranker.scored(demo_candidates)
    unknown = ~scored.tracks["known"].to_numpy(dtype=bool)
    everyone, some = (scored.keep(min_precision=0.6, among=rows) for rows in (None, unknown))
    assert some.n_candidates == unknown.sum() < everyone.n_candidates == len(demo_candidates)
    assert not some.tracks["known"].any()
    assert some.expected_precision[0] >= 0.6
    # the ranks are those among all candidates
    assert set(some.tracks["rank"]) <= set(scored.tracks["rank"][unknown])
    nobody = scored.keep(among=np.zeros(len(scored.tracks), dtype=bool))
    assert nobody.n_candidates == len(nobody.tracks) == 0


@pytest.mark.parametrize("rate", [None, 0.05])
def test_effects_add_up_to_the_shown_score_among_its_candidates(
    demo_ranker: Ranker, demo_candidates: pd.DataFrame, rate: float | None
) -> None:
    scored = demo_ranker.scored(demo_candidates, base_rate=rate)
    rows = [0, 5, len(scored.tracks) - 1]
    effects = scored.explain(rows)
    shown = log_odds(scored.tracks["like_probability"].to_numpy()[rows])
    assert effects.sum(axis=1).to_numpy() == pytest.approx(shown, abs=1e-6)
    assert list(effects.index) == rows
    assert scored.keep(threshold=0.0).tracks["like_probability"].mean() == pytest.approx(
        float(scored.tracks["like_probability"].mean())
    )


def test_the_order_of_candidates_does_not_matter(demo_ranker: Ranker, demo_candidates: pd.DataFrame) -> None:
    shuffled = demo_candidates.sample(frac=1.0, random_state=3)
    one, other = (demo_ranker.scored(table) for table in (demo_candidates, shuffled))
    assert list(one.tracks["track_id"]) == list(other.tracks["track_id"])
    pd.testing.assert_frame_equal(one.explain([3]), other.explain([3]), rtol=1e-9)


def test_bad_cuts_are_refused(demo_ranker: Ranker, demo_candidates: pd.DataFrame) -> None:
    scored = demo_ranker.scored(demo_candidates)
    with pytest.raises(InputError, match="more than one cut"):
        scored.keep(top=3, threshold=0.5)
    with pytest.raises(InputError, match="base rate lies between"):
        demo_ranker.scored(demo_candidates, base_rate=1.5)
