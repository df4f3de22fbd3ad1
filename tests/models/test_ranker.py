"""A ranker scores each track by itself, keeps a subset, and keeps its word."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.errors import InputError
from features.schema import AUDIO_FEATURES
from models.calibration import log_odds
from models.ranker import Ranker
from models.ranker_folder import load

few = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def test_it_separates_liked_from_skipped_tracks_it_was_trained_on(
    demo_ranker: Ranker, demo_tracks: pd.DataFrame
) -> None:
    p = demo_ranker.predict_proba(demo_tracks)
    liked = demo_tracks["liked"].to_numpy(dtype=bool)
    assert p[liked].mean() > p[~liked].mean() + 0.2
    assert np.all((p > 0) & (p < 1))


@few
@given(st.randoms(use_true_random=False))
def test_the_order_of_candidates_does_not_matter(
    demo_ranker: Ranker, demo_candidates: pd.DataFrame, random: object
) -> None:
    order = list(range(len(demo_candidates)))
    random.shuffle(order)  # type: ignore[attr-defined]
    shuffled = demo_candidates.iloc[order].reset_index(drop=True)
    pd.testing.assert_frame_equal(demo_ranker.rank(shuffled), demo_ranker.rank(demo_candidates))


@few
@given(st.sets(st.integers(0, 280), min_size=1, max_size=60))
def test_a_tracks_score_does_not_depend_on_the_others(
    demo_ranker: Ranker, demo_candidates: pd.DataFrame, rows: set[int]
) -> None:
    some = demo_candidates.iloc[sorted(rows)]
    assert np.array_equal(demo_ranker.predict_proba(some), demo_ranker.predict_proba(demo_candidates)[sorted(rows)])


@few
@given(st.floats(0, 1), st.floats(0, 1))
def test_what_is_kept_is_a_subset_best_first_and_shrinks_with_the_threshold(
    demo_ranker: Ranker, demo_candidates: pd.DataFrame, one: float, other: float
) -> None:
    lax, strict = (demo_ranker.rank(demo_candidates, threshold=cut) for cut in sorted((one, other)))
    assert set(strict["track_id"]) <= set(lax["track_id"]) <= set(demo_candidates["track_id"])
    assert lax["like_probability"].is_monotonic_decreasing
    assert list(lax["rank"]) == list(range(1, len(lax) + 1))
    assert (lax["like_probability"] >= min(one, other)).all()


def test_top_keeps_so_many_and_says_which_of_them_it_would_keep_by_itself(
    demo_ranker: Ranker, demo_candidates: pd.DataFrame
) -> None:
    everything = demo_ranker.rank(demo_candidates, top=10_000)
    assert len(everything) == len(demo_candidates)
    assert list(everything["predicted_like"]) == list(everything["like_probability"] >= demo_ranker.threshold)
    pd.testing.assert_frame_equal(demo_ranker.rank(demo_candidates, top=7), everything.head(7))


def test_known_tracks_are_flagged(
    demo_ranker: Ranker, demo_tracks: pd.DataFrame, demo_candidates: pd.DataFrame
) -> None:
    assert demo_ranker.rank(demo_tracks, threshold=0)["known"].all()
    new = demo_candidates[~demo_candidates["track_id"].isin(demo_tracks["track_id"])]
    assert not demo_ranker.rank(new, threshold=0)["known"].any()
    without_ids = demo_tracks.head(20).drop(columns="track_id").assign(track_id="")
    assert demo_ranker.rank(without_ids, threshold=0)["known"].all()


def test_a_wanted_precision_holds_out_of_fold(demo_ranker: Ranker, demo_candidates: pd.DataFrame) -> None:
    evidence = demo_ranker.out_of_fold
    for wanted in (0.6, 0.7, 0.8):
        cut = demo_ranker.choose_threshold(min_precision=wanted)
        assert evidence.liked[evidence.probability >= cut].mean() >= wanted
    value, low, high = demo_ranker.ranking(demo_candidates, min_precision=0.8).expected_precision
    assert 0.5 < low <= value <= high <= 1


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"top": 0}, "top must be at least 1"),
        ({"threshold": 1.5}, "from 0 to 1"),
        ({"min_precision": 0.0}, "above 0"),
        ({"top": 3, "threshold": 0.5}, "more than one cut"),
    ],
)
def test_impossible_cuts_are_explained(
    demo_ranker: Ranker, demo_candidates: pd.DataFrame, asked: dict[str, float], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        demo_ranker.rank(demo_candidates, **asked)


def test_no_candidates_are_ranked_to_nothing(demo_ranker: Ranker, demo_candidates: pd.DataFrame) -> None:
    ranking = demo_ranker.ranking(demo_candidates.head(0))
    assert len(ranking.tracks) == 0
    assert all(np.isnan(ranking.expected_precision))


def test_missing_columns_degrade_and_none_at_all_is_an_error(
    demo_ranker: Ranker, demo_candidates: pd.DataFrame
) -> None:
    fewer = demo_candidates.drop(columns=["tempo", "key", "mode"])
    as_missing = demo_candidates.assign(tempo=np.nan, key=np.nan, mode=np.nan)
    assert np.array_equal(demo_ranker.predict_proba(fewer), demo_ranker.predict_proba(as_missing))
    with pytest.raises(InputError, match="none of the audio features"):
        demo_ranker.predict_proba(demo_candidates[["track_id"]])
    with pytest.raises(InputError, match="not all numbers"):
        demo_ranker.predict_proba(demo_candidates.assign(tempo="fast"))


def test_explanations_add_up_to_the_shown_probability(demo_ranker: Ranker, demo_candidates: pd.DataFrame) -> None:
    some = demo_candidates.head(40)
    effects = demo_ranker.explain(some)
    assert list(effects.columns) == ["base", *AUDIO_FEATURES]
    assert effects.sum(axis=1).to_numpy() == pytest.approx(log_odds(demo_ranker.predict_proba(some)), abs=1e-6)


def test_it_is_the_same_after_saving_and_loading(
    demo_ranker: Ranker, demo_candidates: pd.DataFrame, tmp_path: Path
) -> None:
    folder = demo_ranker.save(tmp_path / "ranker")
    again = load(folder)
    pd.testing.assert_frame_equal(
        again.rank(demo_candidates, threshold=0), demo_ranker.rank(demo_candidates, threshold=0)
    )
    pd.testing.assert_frame_equal(again.explain(demo_candidates.head(3)), demo_ranker.explain(demo_candidates.head(3)))
    assert again.info == demo_ranker.info
    assert sorted(path.suffix for path in folder.iterdir()) == [".json", ".npz"] + [".ubj"] * len(demo_ranker.members)


def test_ranking_needs_neither_tensorflow_nor_mlflow_nor_optuna(
    demo_ranker: Ranker, demo_candidates: pd.DataFrame, tmp_path: Path
) -> None:
    demo_ranker.save(tmp_path / "ranker")
    demo_candidates.to_parquet(tmp_path / "candidates.parquet")
    code = (
        "import sys, earmark\n"
        f"ranker = earmark.load({str(tmp_path / 'ranker')!r})\n"
        f"print(len(ranker.rank(earmark.read({str(tmp_path / 'candidates.parquet')!r}))))\n"
        "heavy = {'tensorflow', 'keras', 'mlflow', 'optuna', 'matplotlib'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 0


def test_a_ranking_can_be_ranked_again(demo_ranker: Ranker, demo_candidates: pd.DataFrame) -> None:
    once = demo_ranker.rank(demo_candidates)
    pd.testing.assert_frame_equal(demo_ranker.rank(once), once)


def test_features_alone_can_be_ranked(demo_ranker: Ranker, demo_candidates: pd.DataFrame) -> None:
    bare = demo_ranker.rank(demo_candidates[list(AUDIO_FEATURES)], top=5)
    assert list(bare["like_probability"]) == list(demo_ranker.rank(demo_candidates, top=5)["like_probability"])
