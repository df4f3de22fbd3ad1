"""Outer folds of likes alone: nothing that is held out, nor a duplicate of it, is among what a fold learns from."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from connectors.registry import open_source
from experiments.benchmark.likes_only import hidden
from experiments.config import FitConfig
from experiments.outer_background import Known
from experiments.outer_ground import Ground, Lesson
from experiments.positive_unlabelled import PER_LIKE, is_background, with_background
from experiments.progress import silent
from experiments.splits import Split
from features.artists import artist_hashes
from features.background import BACKGROUND, FROM_CATALOGUE, OWN
from features.catalogue import read_catalogue
from features.columns import AUDIO_FEATURES
from features.errors import InputError
from features.schema import validate

QUICK = FitConfig(budget_s=None, trials=1, models=("tree",), n_folds=3, bag_repeats=1)


@pytest.fixture(scope="module")
def likes(demo_tracks: pd.DataFrame) -> pd.DataFrame:
    return demo_tracks[demo_tracks["liked"] == 1].head(150).reset_index(drop=True)


@pytest.fixture(scope="module")
def everything() -> pd.DataFrame:
    """All tracks of the demo listener."""
    return validate(open_source("demo").read().tracks)[0]


@pytest.fixture(scope="module")
def catalogue(everything: pd.DataFrame, likes: pd.DataFrame) -> pd.DataFrame:
    """All of the demo's tracks, and every like twice more: under another id and title, and under another sound."""
    retitled = likes.assign(track_id=[f"title{row}" for row in likes.index], track_name=likes["track_name"] + " live")
    resung = likes.assign(track_id=[f"sound{row}" for row in likes.index], energy=1.0 - likes["energy"])
    return pd.concat([everything, retitled, resung], ignore_index=True).drop(columns=["liked", "added_at"])


def ground(tracks: pd.DataFrame, catalogue: pd.DataFrame | None, config: FitConfig = QUICK) -> Ground:
    return Ground.of(tracks, config, catalogue, None, silent)


def held_out(found: Ground, lesson: Lesson) -> Known:
    assert found.pool is not None
    return found.pool.held_out(lesson.fold)


def leaked(found: Ground, lesson: Lesson, table: pd.DataFrame) -> int:
    """Rows of a table to learn from that are held out, or duplicates of rows that are."""
    return int(Known.of(table).among(held_out(found, lesson).songs).sum())


def same_artists(found: Ground, lesson: Lesson, table: pd.DataFrame) -> int:
    """Rows of a table to learn from that are by an artist of a held-out row."""
    return int(np.isin(artist_hashes(table["artist_name"]), held_out(found, lesson).artists).sum())


def test_a_duplicate_of_a_duplicate_is_left_out_too(everything: pd.DataFrame) -> None:
    """What is held out was rounded: its other version is recognised by the sound it had before."""
    one, other = everything.head(3), everything.iloc[[0]].assign(track_id="other", track_name="other title")
    held_out = one.head(1).assign(energy=one["energy"].round(1))
    pool = Known.of(pd.concat([one, other], ignore_index=True))
    assert list(pool.among(Known.of(held_out).songs)) == [True, False, False, False]
    rest = pool.apart_from(Known.of(held_out), artists=False)
    assert list(rest["track_id"]) == list(one["track_id"][1:])
    by_others = pool.apart_from(Known.of(held_out), artists=True)
    assert list(by_others["track_id"]) == [
        row.track_id for row in one[1:].itertuples() if row.artist_name != one["artist_name"][0]
    ]


def test_nobody_is_not_an_artist(everything: pd.DataFrame) -> None:
    nameless = everything.head(4).assign(artist_name=pd.array([None] * 4, dtype="str"))
    rest = Known.of(nameless.tail(2)).apart_from(Known.of(nameless.head(2)), artists=True)
    assert len(rest) == 2


@pytest.mark.parametrize("split", ["artist", "random"])
def test_nothing_held_out_is_in_the_background_of_a_catalogue(
    likes: pd.DataFrame, catalogue: pd.DataFrame, split: Split
) -> None:
    found = ground(likes, catalogue)
    lessons = found.lessons(split, 3)
    assert np.array_equal(np.sort(np.concatenate([lesson.fold.test for lesson in lessons])), np.arange(len(found.y)))
    careless_leaks = careless_artists = 0
    for lesson in lessons:
        table = found.training_rows(lesson)
        drawn = is_background(table)
        liked = found.table["track_id"].to_numpy()[lesson.fold.train[found.y[lesson.fold.train] == 1]]
        assert list(table["track_id"][~drawn]) == list(liked)
        assert drawn.sum() >= PER_LIKE * len(liked) * 0.9
        assert (table[BACKGROUND][drawn] == FROM_CATALOGUE).all()
        assert leaked(found, lesson, table) == 0
        assert not table["track_id"].isin(found.test_rows(lesson.fold)["track_id"]).any()
        if split == "artist":
            assert same_artists(found, lesson, table) == 0
            assert not lesson.familiar.any()
        else:
            assert lesson.familiar.any()
        careless, _ = with_background(likes[likes["track_id"].isin(liked)], catalogue, QUICK)
        careless_leaks += leaked(found, lesson, careless)
        careless_artists += same_artists(found, lesson, careless)
    assert careless_leaks > 30  # of a draw from the whole catalogue: there was something to keep out
    assert careless_artists > 30


@pytest.mark.parametrize("split", ["artist", "random", "time"])
def test_nothing_held_out_is_in_the_background_of_ones_own_rows(own: pd.DataFrame, split: Split) -> None:
    found = ground(own, None)
    unlabelled = set(own["track_id"][own["liked"].isna()])
    for lesson in found.lessons(split, 2):
        table = found.training_rows(lesson)
        drawn = is_background(table)
        assert (table[BACKGROUND][drawn] == OWN).all()
        assert set(table["track_id"][drawn]) <= unlabelled
        assert leaked(found, lesson, table) == 0
        test = found.test_rows(lesson.fold)
        if split == "artist":
            assert same_artists(found, lesson, table) == 0
        if split == "time":
            assert table["added_at"].max() < test["added_at"].min()
        assert not {"liked", BACKGROUND} & set(test)
        assert len(test) == len(lesson.fold.test) == len(lesson.familiar)


@pytest.mark.parametrize("split", ["artist", "random", "time"])
def test_unlabelled_rows_that_were_not_drawn_are_kept_apart_too(everything: pd.DataFrame, split: Split) -> None:
    """Few likes leave many unlabelled rows undrawn: later ones, and those by held-out artists, must not teach."""
    tracks = hidden(everything, seed=0)
    few = tracks[tracks["liked"].isna() | (tracks.index % 2 == 0)].reset_index(drop=True)
    found = ground(few, None)
    assert len(found.table) < len(few) - 100
    lessons = found.lessons(split, 2)
    for lesson in lessons:
        assert leaked(found, lesson, found.training_rows(lesson)) == 0
        if split == "artist":
            assert same_artists(found, lesson, found.training_rows(lesson)) == 0
        if split == "time":
            assert found.training_rows(lesson)["added_at"].max() < found.test_rows(lesson.fold)["added_at"].min()
    if split == "random":
        taught = set().union(*(found.training_rows(lesson)["track_id"] for lesson in lessons))
        assert taught - set(found.table["track_id"])  # drawn anew: not the held-out draw's rows alone


def test_a_catalogue_that_knows_neither_ids_nor_titles(likes: pd.DataFrame, catalogue: pd.DataFrame) -> None:
    """Its held-out tracks are recognised by their sound, rounded or not."""
    nameless = catalogue[["artist_name", *AUDIO_FEATURES]]
    plain = likes.drop(columns=["release_date", "popularity", "explicit"])
    rounded = plain.assign(**{name: plain[name].round(2) for name in ("energy", "valence", "danceability")})
    found = ground(rounded, nameless)
    for lesson in found.lessons("random", 3):
        assert is_background(found.training_rows(lesson)).sum() > len(likes)
        assert leaked(found, lesson, found.training_rows(lesson)) == 0


def test_a_table_with_dislikes_is_cut_as_ever(demo_tracks: pd.DataFrame, catalogue: pd.DataFrame) -> None:
    found = ground(demo_tracks, catalogue)
    assert found.pool is None
    for lesson in found.lessons("artist", 2):
        pd.testing.assert_frame_equal(
            found.training_rows(lesson), demo_tracks.iloc[lesson.fold.train].reset_index(drop=True)
        )


def test_what_cannot_be_learned_from_is_refused_with_the_mend(likes: pd.DataFrame, catalogue: pd.DataFrame) -> None:
    with pytest.raises(InputError, match="none is skipped") as caught:
        ground(likes, None)
    assert "--catalogue FILE" in caught.value.hint
    with pytest.raises(InputError, match="none is skipped"):
        ground(likes.head(59), catalogue)
    with pytest.raises(InputError, match="too few"):
        ground(likes, catalogue.head(5))
    with pytest.raises(InputError, match="likes to learn from, it takes 60") as caught:
        ground(likes.head(70), catalogue).lessons("artist", 2)
    assert "--folds" in caught.value.hint
    with pytest.raises(InputError, match="of a catalogue never were") as caught:
        ground(likes, catalogue).lessons("time", 2)
    assert "--split artist" in caught.value.hint


def test_too_few_unlabelled_rows_in_a_fold_are_refused(own: pd.DataFrame) -> None:
    few = own[own["liked"].eq(1).fillna(value=False) | (own["liked"].isna().cumsum() <= 11)].reset_index(drop=True)
    with pytest.raises(InputError, match="unlabelled tracks to set likes against, it takes 10") as caught:
        ground(few, None).lessons("random", 2)
    assert "--catalogue FILE" in caught.value.hint


@pytest.mark.shared_data
def test_a_real_table_against_a_real_catalogue(kaggle_csv: Path, shared_data: Path) -> None:
    raw = pd.read_csv(kaggle_csv).rename(columns={"song_title": "track_name", "artist": "artist_name"})
    tracks, _ = validate(raw[raw["target"] == 1].drop(columns="target").assign(liked=1))
    real = read_catalogue(shared_data / "catalogue" / "tracks.parquet", max_tracks=20_000).tracks
    found = ground(tracks, real)
    for split in ("artist", "random"):
        for lesson in found.lessons(split, 2):
            assert leaked(found, lesson, found.training_rows(lesson)) == 0
            assert split == "random" or same_artists(found, lesson, found.training_rows(lesson)) == 0
