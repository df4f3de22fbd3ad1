"""Likes without dislikes: learned against background, marked as relative, and nothing promised."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import earmark
from experiments.benchmark.likes_only import CATALOGUED, FULL, OWN, figures_of, hidden, measure
from experiments.config import FitConfig, check_labels
from experiments.draws import first_draw
from experiments.fitting import fit
from experiments.positive_unlabelled import (
    PER_LIKE,
    check_learnable,
    is_background,
    learns_from_likes,
    tells_of_artists,
    with_background,
)
from experiments.training import train
from features.catalogue import read_catalogue
from features.columns import AUDIO_FEATURES
from features.errors import InputError
from features.schema import labelled, validate
from models.ranker import Ranker
from models.ranker_folder import load
from models.registry import spec

QUICK = FitConfig(budget_s=None, trials=1, models=("boosted_trees",), n_folds=3, bag_repeats=1)


@pytest.fixture(scope="module")
def likes(demo_tracks: pd.DataFrame) -> pd.DataFrame:
    return demo_tracks[demo_tracks["liked"] == 1].reset_index(drop=True)


@pytest.fixture(scope="module")
def catalogue(shared_data: Path) -> pd.DataFrame:
    return read_catalogue(shared_data / "catalogue" / "tracks.parquet", max_tracks=20_000).tracks


@pytest.fixture(scope="module")
def ranker(own: pd.DataFrame) -> Ranker:
    """Learned from likes and own unlabelled rows."""
    return fit(with_background(own, None, QUICK)[0], QUICK).ranker


def test_a_table_with_both_kinds_is_left_alone(demo_tracks: pd.DataFrame, catalogue: pd.DataFrame) -> None:
    for tracks in (demo_tracks, demo_tracks.assign(liked=demo_tracks["liked"].mask(demo_tracks.index % 5 == 0))):
        table, notes = with_background(tracks, catalogue, QUICK)
        pd.testing.assert_frame_equal(table, labelled(tracks))
        assert notes == ()


def test_own_unlabelled_rows_are_the_background(own: pd.DataFrame) -> None:
    table, notes = with_background(own, None, QUICK)
    drawn = is_background(table)
    assert set(table["track_id"][drawn]) <= set(own["track_id"][own["liked"].isna()])
    assert (table["liked"][drawn] == 0).all()
    assert set(table["track_id"][~drawn]) == set(own["track_id"][own["liked"] == 1])
    assert table["weight"][drawn].sum() == pytest.approx((~drawn).sum())
    check_labels(table)
    assert "unlabelled tracks of the table" in notes[0]
    assert any("relative" in note and "rank" in note for note in notes)
    assert tells_of_artists(table)


def test_a_few_dislikes_weigh_more_than_background(demo_tracks: pd.DataFrame) -> None:
    few = demo_tracks["liked"].eq(0) & (demo_tracks["liked"].eq(0).cumsum() <= 9)
    tracks = hidden(demo_tracks, seed=0)
    tracks["liked"] = tracks["liked"].mask(few, 0)
    table, notes = with_background(tracks, None, QUICK)
    drawn = is_background(table)
    assert (table["weight"][~drawn] == 1).all()
    assert (table["weight"][drawn] < 1).all()
    assert table["weight"][table["liked"] == 0].sum() == pytest.approx((table["liked"] == 1).sum())
    assert "9 dislikes" in notes[0]


def test_without_own_rows_background_comes_from_the_catalogue(likes: pd.DataFrame, catalogue: pd.DataFrame) -> None:
    table, notes = with_background(likes, catalogue, QUICK)
    assert is_background(first_draw(table)).sum() == PER_LIKE * len(likes)
    assert "matched tracks of the catalogue" in notes[0]
    assert not tells_of_artists(table)
    known = table[list(AUDIO_FEATURES)].isna().groupby(table["liked"].to_numpy(dtype=int)).mean()
    assert (known.loc[0] - known.loc[1]).abs().max() <= 0.1


def test_what_cannot_be_learned_from_is_refused_with_the_catalogue_as_the_mend(likes: pd.DataFrame) -> None:
    assert not learns_from_likes(likes, catalogue=False)
    with pytest.raises(InputError, match="none is skipped") as caught:
        with_background(likes, None, QUICK)
    assert "--catalogue FILE" in caught.value.hint
    with pytest.raises(InputError, match="one kind") as caught:
        with_background(likes.head(59), None, QUICK)
    assert "--catalogue" not in caught.value.hint
    with pytest.raises(InputError, match="none is skipped"):
        with_background(likes.head(59), likes, QUICK)
    with pytest.raises(InputError, match="too few"):
        with_background(likes, likes.head(5), QUICK)
    with pytest.raises(InputError, match="no 'liked' column"):
        check_learnable(likes.drop(columns="liked"), QUICK, catalogue=True)


def test_a_precision_is_not_promised_from_likes_alone(own: pd.DataFrame) -> None:
    with pytest.raises(InputError, match="cannot be promised from likes alone"):
        check_learnable(own, FitConfig(min_precision=0.8), catalogue=False)
    with pytest.raises(InputError, match="cannot be promised from likes alone"):
        earmark.fit(own, trials=1, min_precision=0.8)


def test_the_ranker_says_what_it_is_and_promises_nothing(
    ranker: Ranker, own: pd.DataFrame, demo_candidates: pd.DataFrame, tmp_path: Path
) -> None:
    again = load(ranker.save(tmp_path / "ranker"))
    for one in (ranker, again):
        assert one.info["labels"] == "likes only"
        assert one.info["n_background"] == is_background(with_background(own, None, QUICK)[0]).sum()
        assert 0 < one.info["class_prior"]["value"] <= one.info["class_prior"]["high"] <= 1
        ranking = one.ranking(demo_candidates, top=20)
        assert all(math.isnan(value) for value in ranking.expected_precision)
        assert ranking.base_rate is None
        assert "relative" in ranking.notes[0]
        assert list(ranking.tracks["rank"]) == list(range(1, 21))
        assert np.allclose(np.sort(one.predict_proba(demo_candidates))[::-1][:20], ranking.tracks["like_probability"])
        for asked in ({"min_precision": 0.7}, {"base_rate": 0.2}):
            with pytest.raises(InputError, match="likes alone"):
                one.rank(demo_candidates, **asked)


def test_background_is_not_flagged_as_judged(ranker: Ranker, own: pd.DataFrame) -> None:
    liked = own["liked"].eq(1).fillna(value=False).to_numpy(dtype=bool)
    assert ranker.known.flags(own)[liked].all()
    assert not ranker.known.flags(own)[~liked].any()


def test_training_by_time_is_refused_where_background_was_never_added(
    likes: pd.DataFrame, catalogue: pd.DataFrame
) -> None:
    with pytest.raises(InputError, match="of a catalogue never were") as caught:
        train(likes, replace(QUICK, split="time"), source="demo", catalogue=catalogue)
    assert "--split artist" in caught.value.hint


def test_train_tells_what_it_learned_from(own: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("experiments.training.baselines", tuple)  # a net that takes seconds is none of our business
    result = train(own, QUICK, source="demo")
    told = " | ".join(result.notes)
    assert "likes are learned against" in told
    assert "held-out figures tell likes from background" in told
    assert "of the background" in told
    assert "without a label are not used" not in told
    assert result.ranker.info["labels"] == "likes only"
    assert result.n_liked == int((own["liked"] == 1).sum())
    assert not result.ranker.known.flags(own[own["liked"].isna()]).any()


def test_artists_of_a_catalogue_are_not_disliked(likes: pd.DataFrame, catalogue: pd.DataFrame) -> None:
    """Nobody judged the background's artists: they say nothing, and neither do the likes' beside them."""
    table, _ = with_background(likes, catalogue, QUICK)
    ranker = fit(table, QUICK, catalogue=catalogue).ranker
    assert not ranker.affinity.coefficients.any()
    assert not len(ranker.affinity.artists)


def test_the_artist_mean_is_no_baseline_where_artists_tell_where_a_track_is_from(
    likes: pd.DataFrame, catalogue: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("experiments.training.baselines", lambda: (spec("majority"), spec("artist_mean")))
    result = train(likes, replace(QUICK, split="random"), source="demo", catalogue=catalogue)
    assert [baseline.name for baseline in result.baselines] == ["majority"]


@pytest.mark.shared_data
def test_hiding_the_dislikes_of_a_real_table(kaggle_csv: Path, catalogue: pd.DataFrame) -> None:
    raw = pd.read_csv(kaggle_csv).rename(columns={"song_title": "track_name", "artist": "artist_name"})
    tracks, _ = validate(raw.drop(columns="target").assign(liked=raw["target"]))
    auc, lost = {}, {}
    for figure in measure(tracks, catalogue, replace(QUICK, n_folds=2), n_folds=2):
        (lost if figure.wanted else auc)[figure.name.split(",")[0]] = figure.measured
    assert auc[FULL] > 0.8
    assert lost[OWN] <= 0.05
    assert auc[CATALOGUED] > 0.65  # of one family, and a part of the catalogue


def test_the_figures_say_what_hiding_costs() -> None:
    scores = {FULL: [0.9, 0.88], OWN: [0.87, 0.87], CATALOGUED: [0.8, 0.8]}
    figures = figures_of(scores, {OWN: {"value": 0.25, "high": 0.4}})
    assert [figure.holds for figure in figures] == [None, None, None, True, False]
    assert figures[3].measured == pytest.approx(0.02)
    assert "0.25" in figures[1].note
