"""A ranker scores each track by itself, keeps a subset, and keeps its word."""

import re
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
@given(st.sets(st.integers(0, 10_000), min_size=1, max_size=12))
def test_a_tracks_score_does_not_depend_on_tracks_of_other_artists(
    demo_ranker: Ranker, demo_candidates: pd.DataFrame, numbers: set[int]
) -> None:
    """Tracks of one artist tell of each other how the artist sounds; no others do."""
    artists = demo_candidates["artist_name"].unique()
    some = demo_candidates["artist_name"].isin([artists[number % len(artists)] for number in numbers]).to_numpy()
    alone, together = (demo_ranker.predict_proba(rows) for rows in (demo_candidates[some], demo_candidates))
    assert np.array_equal(alone, together[some])


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


def test_a_promised_precision_is_expected_of_the_kept_tracks(
    demo_ranker: Ranker, demo_candidates: pd.DataFrame
) -> None:
    kept = []
    for wanted in (0.4, 0.5, 0.6, 0.7):
        ranking = demo_ranker.ranking(demo_candidates, min_precision=wanted)
        value, low, high = ranking.expected_precision
        assert low <= value <= high <= 1
        assert value >= wanted
        assert (ranking.tracks["like_probability"] >= ranking.threshold).all()
        kept.append(set(ranking.tracks["track_id"]))
    assert kept[0] > kept[1] > kept[2] > kept[3] > set()


def test_a_precision_out_of_reach_is_refused_with_one_that_is_not(
    demo_ranker: Ranker, demo_candidates: pd.DataFrame
) -> None:
    with pytest.raises(InputError, match=r"0\.99 cannot be promised for these .* candidates .*; 0\.\d+ can") as caught:
        demo_ranker.rank(demo_candidates, min_precision=0.99)
    offered = float(re.search(r"ask for (0\.\d+)", caught.value.hint)[1])
    kept = demo_ranker.rank(demo_candidates, min_precision=offered)
    assert f"keeps {len(kept)} of them" in caught.value.message


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"top": 0}, "top must be at least 1"),
        ({"threshold": 1.5}, "from 0 to 1"),
        ({"min_precision": 0.0}, "above 0"),
        ({"top": 3, "threshold": 0.5}, "more than one cut"),
        ({"base_rate": 0.0}, "a base rate lies between 0 and 1"),
        ({"base_rate": 1.0}, "a base rate lies between 0 and 1"),
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
    assert list(effects.columns) == ["base", *AUDIO_FEATURES, "release_year", "popularity", "explicit", "artist_sound"]
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
    n_models = sum(len(member.models) for member in demo_ranker.members)
    assert sorted(path.suffix for path in folder.iterdir()) == [".json", ".npz"] + [".ubj"] * n_models


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
    once = demo_ranker.rank(demo_candidates, threshold=0)  # all: another list has other likes and sounds of artists
    pd.testing.assert_frame_equal(demo_ranker.rank(once, threshold=0), once)


def test_features_alone_can_be_ranked(demo_ranker: Ranker, demo_candidates: pd.DataFrame) -> None:
    nothing_else = demo_candidates.assign(
        artist_name=None, track_name=None, release_date=None, popularity=np.nan, explicit=None
    )
    bare = demo_ranker.rank(demo_candidates[list(AUDIO_FEATURES)], top=5)
    assert list(bare["like_probability"]) == list(demo_ranker.rank(nothing_else, top=5)["like_probability"])
    assert bare["like_probability"].iloc[0] > bare["like_probability"].iloc[-1]
