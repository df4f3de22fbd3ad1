"""An ensemble that hears how artists sound and what was liked of them: saved, ranked, explained, and open about it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import logit

from connectors.registry import open_source
from experiments.config import FitConfig
from experiments.fitting import fit
from features.artists import artist_hashes
from features.errors import InputError
from features.schema import validate
from models.affinity import ArtistAffinity
from models.base_rate import adjust
from models.gaps import gaps
from models.member import Member
from models.ranker import Ranker
from models.ranker_folder import load


@pytest.fixture(scope="module")
def ensemble(demo_tracks: pd.DataFrame) -> Ranker:
    """Two families, artist profiles, and an affinity with the listener's own counts and coefficients by hand."""
    ranker = fit(demo_tracks, FitConfig(budget_s=None, trials=1, models=("tree", "boosted_trees"))).ranker
    members = ranker.members
    if len(members) == 1:  # the selection is not what is tested here
        members = tuple(Member(members[0].models[part::2], members[0].calibration, 0.5) for part in (0, 1))
    keys, code = np.unique(artist_hashes(demo_tracks["artist_name"]), return_inverse=True)
    liked = demo_tracks["liked"].to_numpy(dtype=np.float64)
    likes, skips = (np.bincount(code, values) for values in (liked, 1 - liked))
    affinity = ArtistAffinity(
        keys, likes, skips, (likes - skips) / 4, (likes + skips) / 5, np.array([0.1, -0.2, 0.5, 0.1])
    )
    return replace(ranker, members=members, affinity=affinity)


@pytest.fixture(scope="module")
def others(demo_tracks: pd.DataFrame) -> pd.DataFrame:
    """Labelled tracks of the demo listener by artists that no ranker here has seen."""
    tracks, _ = validate(open_source("demo").read().tracks)
    return tracks[~tracks["artist_name"].isin(demo_tracks["artist_name"])].reset_index(drop=True)


def test_saving_and_loading_keeps_every_bit(ensemble: Ranker, demo_candidates: pd.DataFrame, tmp_path: Path) -> None:
    again = load(ensemble.save(tmp_path / "ranker"))
    assert len(again.members) == len(ensemble.members) > 1
    assert np.array_equal(again.predict_proba(demo_candidates), ensemble.predict_proba(demo_candidates))
    pd.testing.assert_frame_equal(again.inputs(demo_candidates), ensemble.inputs(demo_candidates))
    pd.testing.assert_frame_equal(again.background, ensemble.background)
    few = demo_candidates.head(3)
    pd.testing.assert_frame_equal(again.explain(few), ensemble.explain(few))
    asked, answered = (ranker.ranking(demo_candidates, min_precision=0.5) for ranker in (ensemble, again))
    pd.testing.assert_frame_equal(asked.tracks, answered.tracks)
    assert (asked.threshold, asked.expected_precision, asked.notes) == (
        answered.threshold,
        answered.expected_precision,
        answered.notes,
    )


def test_its_members_are_averaged_by_weight(ensemble: Ranker, demo_candidates: pd.DataFrame) -> None:
    deaf = replace(ensemble, affinity=ArtistAffinity.none())
    inputs = ensemble.inputs(demo_candidates)
    whole = ~gaps(inputs, ensemble.background).any(axis=1)  # one has no time signature
    assert whole.mean() > 0.95
    assert sum(member.weight for member in ensemble.members) == pytest.approx(1)
    mean = sum(member.weight * member.predict(inputs) for member in ensemble.members)
    expected = ensemble.calibration.apply(mean)
    assert deaf.predict_proba(demo_candidates)[whole] == pytest.approx(expected[whole])


def test_new_artists_are_not_shifted_and_judged_ones_are(
    ensemble: Ranker, demo_tracks: pd.DataFrame, demo_candidates: pd.DataFrame
) -> None:
    deaf = replace(ensemble, affinity=ArtistAffinity.none())
    judged = demo_candidates["artist_name"].isin(demo_tracks["artist_name"]).to_numpy()
    assert judged.any()
    assert not judged.all()
    heard, unheard = ensemble.predict_proba(demo_candidates), deaf.predict_proba(demo_candidates)
    assert np.array_equal(heard[~judged], unheard[~judged])
    assert (heard[judged] != unheard[judged]).mean() > 0.95
    one = demo_candidates[judged].head(1).assign(artist_name="An artist nobody has judged")
    assert np.array_equal(ensemble.predict_proba(one), deaf.predict_proba(one))


def test_effects_add_up_to_the_log_odds_with_artists_too(
    ensemble: Ranker, demo_tracks: pd.DataFrame, demo_candidates: pd.DataFrame
) -> None:
    judged = demo_candidates["artist_name"].isin(demo_tracks["artist_name"])
    some = pd.concat([demo_candidates[judged].head(4), demo_candidates[~judged].head(4)])
    effects = ensemble.explain(some, permutations=4)
    assert list(effects.index) == list(some.index)
    assert effects.sum(axis=1).to_numpy() == pytest.approx(logit(ensemble.predict_proba(some)), abs=1e-9)
    assert (effects["artist_liked"].head(4) != 0).all()
    assert (effects["artist_liked"].tail(4) == 0).all()
    assert "artist_sound" in effects
    assert "artist_liked" not in replace(ensemble, affinity=ArtistAffinity.none()).explain(some.head(1))


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        (["artist_name"], "the candidates name no artists: ranked by sound alone"),
        (["tempo"], "the candidates have no tempo: ranked without"),
        (["release_date"], "the candidates have no release_year: ranked without"),
        (["popularity"], "the candidates have no popularity: ranked without"),
        (["tempo", "popularity", "key"], "the candidates have no key, popularity, tempo: ranked without"),
    ],
)
def test_what_candidates_lack_is_said(
    ensemble: Ranker, demo_candidates: pd.DataFrame, columns: list[str], said: str
) -> None:
    assert not [note for note in ensemble.ranking(demo_candidates).notes if "the candidates have no" in note]
    without = ensemble.ranking(demo_candidates.drop(columns=columns), top=len(demo_candidates))
    assert said in without.notes
    assert len(without.tracks) == len(demo_candidates)
    assert without.tracks["like_probability"].between(0, 1, inclusive="neither").all()
    emptied = demo_candidates.assign(**dict.fromkeys(columns, np.nan))
    assert said in ensemble.ranking(emptied).notes


def test_names_that_only_tell_how_artists_sound_are_missed_too(ensemble: Ranker, demo_candidates: pd.DataFrame) -> None:
    deaf = replace(ensemble, affinity=ArtistAffinity.none())
    notes = deaf.ranking(demo_candidates.drop(columns="artist_name")).notes
    assert "the candidates name no artists: ranked by sound alone" in notes


def test_candidates_with_few_likes_are_adjusted_and_those_like_in_training_are_not(
    demo_ranker: Ranker, others: pd.DataFrame
) -> None:
    rng = np.random.default_rng(0)
    liked = others["liked"].to_numpy(dtype=bool)
    n = 300
    rows = {
        n_liked: others.iloc[
            np.concatenate(
                [
                    rng.choice(np.flatnonzero(liked), n_liked, replace=False),
                    rng.choice(np.flatnonzero(~liked), n - n_liked, replace=False),
                ]
            )
        ]
        for n_liked in (n // 20, round(n * demo_ranker.like_rate))
    }
    few, usual = (demo_ranker.ranking(tracks, top=n) for tracks in rows.values())
    assert few.base_rate is not None
    assert few.base_rate.shifted
    assert few.base_rate.rate < demo_ranker.like_rate / 2
    assert any("likes are rarer among the candidates than in training" in note for note in few.notes)
    raw = demo_ranker.predict_proba(rows[n // 20])
    expected = adjust(raw, demo_ranker.like_rate, few.base_rate.rate)
    assert few.tracks["like_probability"].to_numpy() == pytest.approx(np.sort(expected)[::-1])
    assert abs(few.tracks["like_probability"].mean() - 0.05) < abs(raw.mean() - 0.05) / 2  # nearer to the truth
    assert usual.base_rate is not None
    assert not usual.base_rate.shifted
    assert usual.notes == ()


def test_more_likes_than_in_training_are_not_believed_and_not_said_to_be(
    demo_ranker: Ranker, demo_tracks: pd.DataFrame
) -> None:
    liked = demo_tracks[demo_tracks["liked"] == 1].drop(columns="liked")
    ranking = demo_ranker.ranking(liked, top=len(liked))
    assert ranking.base_rate is not None
    assert ranking.base_rate.estimate > demo_ranker.like_rate
    assert ranking.base_rate.rate == pytest.approx(demo_ranker.like_rate)
    assert not ranking.base_rate.shifted
    assert not any("more frequent" in note for note in ranking.notes)


@pytest.mark.parametrize(("rate", "word"), [(0.06, "rarer"), (0.9, "more frequent")])
def test_a_given_base_rate_is_taken_as_given(
    ensemble: Ranker, demo_candidates: pd.DataFrame, rate: float, word: str
) -> None:
    ranking = ensemble.ranking(demo_candidates, top=len(demo_candidates), base_rate=rate)
    expected = adjust(ensemble.predict_proba(demo_candidates), ensemble.like_rate, rate)
    assert ranking.tracks["like_probability"].to_numpy() == pytest.approx(np.sort(expected)[::-1])
    assert ranking.base_rate is None
    (note,) = ranking.notes
    assert word in note
    assert f"({100 * rate:.0f} %, as given, against" in note


def test_the_base_rate_of_training_changes_nothing_and_says_nothing(
    ensemble: Ranker, demo_candidates: pd.DataFrame
) -> None:
    ranking = ensemble.ranking(demo_candidates, top=len(demo_candidates), base_rate=ensemble.like_rate)
    expected = np.sort(ensemble.predict_proba(demo_candidates))[::-1]
    assert np.array_equal(ranking.tracks["like_probability"], expected)
    assert ranking.notes == ()


@pytest.mark.parametrize("rate", [0.0, 1.0, -0.1, 6.0, float("nan")])
def test_an_impossible_base_rate_is_refused(ensemble: Ranker, demo_candidates: pd.DataFrame, rate: float) -> None:
    with pytest.raises(InputError, match="a base rate lies between 0 and 1"):
        ensemble.rank(demo_candidates, base_rate=rate)


def test_rarer_likes_need_a_stricter_cut_for_the_same_precision(
    ensemble: Ranker, demo_candidates: pd.DataFrame
) -> None:
    usual, rare = (
        ensemble.ranking(demo_candidates, min_precision=0.4, base_rate=rate) for rate in (ensemble.like_rate, 0.25)
    )
    assert 0 < len(rare.tracks) < len(usual.tracks)


def test_a_catalogue_tells_how_new_artists_sound_whatever_its_labels(ensemble: Ranker, others: pd.DataFrame) -> None:
    tracks = others[others["artist_name"] == others["artist_name"].mode()[0]]
    one, rest = tracks.head(1), tracks.tail(-1)
    sound = [name for name in ensemble.background if name.startswith("artist_")]
    assert ensemble.inputs(one)[sound].isna().all(axis=None)
    knowing = ensemble.knowing(rest)
    assert knowing.inputs(one)[sound].notna().all(axis=None)
    assert knowing.predict_proba(one) != ensemble.predict_proba(one)
    lied = ensemble.knowing(rest.assign(liked=1 - rest["liked"]))
    assert np.array_equal(lied.predict_proba(others), knowing.predict_proba(others))


@pytest.mark.parametrize("name", ["energy", "artist_name", "a note of mine"])
def test_two_columns_of_one_name_are_refused(ensemble: Ranker, demo_candidates: pd.DataFrame, name: str) -> None:
    table = demo_candidates.assign(**{"a note of mine": 1})
    with pytest.raises(InputError, match=f"more than one column '{name}'") as caught:
        ensemble.rank(pd.concat([table, table[[name]]], axis=1))
    assert caught.value.hint == "keep the one that is right"


@pytest.mark.parametrize("name", ["track_id", "track_name", "artist_name"])
@pytest.mark.parametrize("ask", ["predict_proba", "rank", "explain"])
def test_names_that_are_lists_are_refused(ensemble: Ranker, demo_candidates: pd.DataFrame, name: str, ask: str) -> None:
    few = demo_candidates.head(3).copy()
    few[name] = [["Drake", "Future"], "Drake", None]
    with pytest.raises(InputError, match=f"the column '{name}' holds lists") as caught:
        getattr(ensemble, ask)(few)
    assert "make each a text" in caught.value.hint


def test_other_columns_may_hold_anything(ensemble: Ranker, demo_candidates: pd.DataFrame) -> None:
    few = demo_candidates.head(3)
    strange = few.assign(meta=[{}, [1], None], artist_name=["Drake", None, 7])
    assert len(ensemble.rank(strange, top=3)) == 3
