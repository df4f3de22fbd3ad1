"""Background is what the listener meets, or what matches the likes; and nothing but the sound tells it from them."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.background import BACKGROUND, FROM_CATALOGUE, OWN, PER_ARTIST, draw_background
from features.catalogue import read_catalogue
from features.columns import ANALYSED_FEATURES, AUDIO_FEATURES
from features.comparable import GAP, decimals, made_comparable
from features.context import ARTIST_TRACKS, ArtistProfiles
from features.identity import track_keys
from features.inputs import input_table
from features.schema import validate


@pytest.fixture(scope="module")
def catalogue(shared_data: Path) -> pd.DataFrame:
    """Tracks of the real catalogue by some thousand artists."""
    return read_catalogue(shared_data / "catalogue" / "tracks.parquet", max_tracks=20_000).tracks


@pytest.fixture(scope="module")
def likes(kaggle_csv: Path) -> pd.DataFrame:
    """Likes of a real listener."""
    table = pd.read_csv(kaggle_csv).rename(columns={"song_title": "track_name", "artist": "artist_name"})
    tracks, _ = validate(table.drop(columns="target").assign(liked=table["target"]))
    return tracks[tracks["liked"] == 1].reset_index(drop=True)


def with_details(catalogue: pd.DataFrame, n: int, keep: str) -> pd.DataFrame:
    """Likes taken from the catalogue itself, so that popularity and year are known of them."""
    known = catalogue.dropna(subset=["popularity", "release_date", *AUDIO_FEATURES])
    return validate(known.query(keep).head(n).assign(liked=1))[0]


def unlabelled(tracks: pd.DataFrame) -> pd.DataFrame:
    return tracks.assign(liked=pd.array([pd.NA] * len(tracks), dtype="Int8"))


def test_own_unlabelled_rows_come_first_and_alone_where_they_are_enough(
    likes: pd.DataFrame, catalogue: pd.DataFrame
) -> None:
    judged, others = likes.head(100), unlabelled(likes.iloc[100:260])
    found = draw_background(judged, others, catalogue, 200)
    assert len(found) == 160
    assert (found[BACKGROUND] == OWN).all()
    assert set(found["track_id"]) == set(others["track_id"])
    assert "liked" not in found


def test_no_more_own_rows_than_wanted(likes: pd.DataFrame) -> None:
    found = draw_background(likes.head(50), unlabelled(likes.iloc[50:400]), None, 100)
    assert len(found) == 100
    assert found["track_id"].is_unique


def test_few_own_rows_are_filled_up_from_the_catalogue(likes: pd.DataFrame, catalogue: pd.DataFrame) -> None:
    found = draw_background(likes.head(100), unlabelled(likes.iloc[100:130]), catalogue, 200)
    assert found[BACKGROUND].value_counts().to_dict() == {FROM_CATALOGUE: 170, OWN: 30}
    assert found["track_id"].is_unique


def test_unlabelled_rows_without_sound_are_no_background(likes: pd.DataFrame) -> None:
    silent = unlabelled(likes.iloc[100:150]).assign(**dict.fromkeys(ANALYSED_FEATURES, np.nan))
    assert not len(draw_background(likes.head(100), silent, None, 200))


def test_neither_judged_tracks_nor_their_duplicates_are_background(catalogue: pd.DataFrame) -> None:
    judged = with_details(catalogue, 600, "popularity > 40")
    judged.loc[::2, "liked"] = 0
    third = judged.index[::3]
    judged.loc[third, "track_id"] = [f"local:{row:016x}" for row in third]  # known by name alone
    found = draw_background(judged, judged.iloc[:0], catalogue, 1200)
    assert len(found) > 500
    own, other = track_keys(judged), track_keys(found)
    for name in own.columns:
        assert not set(other[name]) & set(own[name]) - {0}


@pytest.mark.parametrize("keep", ["popularity > 50", "popularity < 20", "release_date < '2013'"])
def test_background_is_as_popular_as_old_and_as_well_known_as_the_likes(catalogue: pd.DataFrame, keep: str) -> None:
    """What is learned must not be that the listener's music is old or obscure."""
    judged = with_details(catalogue, 200, keep)
    found = draw_background(judged, judged.iloc[:0], catalogue, 100)
    assert len(found) == 100
    profiles = ArtistProfiles.build(catalogue=catalogue)
    traits = [input_table(profiles.attach(table)) for table in (judged, found)]
    plain = input_table(profiles.attach(catalogue))
    for name, near in (("popularity", 4.0), ("release_year", 3.0), (ARTIST_TRACKS, 0.4)):
        like, background = (float(table[name].mean()) for table in traits)
        assert background == pytest.approx(like, abs=near)
        assert abs(background - like) < max(abs(float(plain[name].mean()) - like), near)
    assert all(found[name].notna().all() for name in ("popularity", "release_date"))


def test_unknown_artists_are_as_frequent_as_among_the_likes(likes: pd.DataFrame, catalogue: pd.DataFrame) -> None:
    found = draw_background(likes, likes.iloc[:0], catalogue, 1500)
    profiles = ArtistProfiles.build(catalogue=catalogue)
    like, background = (input_table(profiles.attach(table))[ARTIST_TRACKS].isna().mean() for table in (likes, found))
    assert background <= like + 0.05  # as far as the catalogue has single tracks of artists
    assert found[list(AUDIO_FEATURES)].notna().mean().min() > 0.95


def test_no_artist_fills_the_background(likes: pd.DataFrame, catalogue: pd.DataFrame) -> None:
    found = draw_background(likes, likes.iloc[:0], catalogue, 1500)
    assert found["artist_name"].value_counts().max() <= PER_ARTIST


def test_equal_seeds_draw_equal_background_and_others_another(likes: pd.DataFrame, catalogue: pd.DataFrame) -> None:
    one, same, other = (draw_background(likes, likes.iloc[:0], catalogue, 300, seed) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(one, same)
    assert len(set(one["track_id"]) & set(other["track_id"])) < 150


def test_a_catalogue_without_anything_usable_draws_nothing(likes: pd.DataFrame, catalogue: pd.DataFrame) -> None:
    silent = catalogue.head(500).assign(**dict.fromkeys(ANALYSED_FEATURES, np.nan))
    assert draw_background(likes, likes.iloc[:0], silent, 300).empty
    assert draw_background(likes, likes.iloc[:0], catalogue.iloc[:0], 300).empty


def test_columns_that_one_side_knows_more_often_are_left_out(likes: pd.DataFrame) -> None:
    one, other = likes.head(200).assign(popularity=50.0), likes.iloc[200:400].copy()
    other.loc[other.index[::3], "tempo"] = np.nan
    mine, theirs, notes = made_comparable(one, other)
    assert "popularity" not in mine
    assert mine["tempo"].isna().all()
    assert theirs["tempo"].isna().all()
    assert "tempo, popularity" in notes[0]
    assert one["tempo"].notna().all()


def test_gaps_that_both_sides_have_stay(likes: pd.DataFrame) -> None:
    one, other = likes.head(400).copy(), likes.iloc[400:800].copy()
    for table in (one, other):
        table.loc[table.index[::4], "tempo"] = np.nan
    mine, theirs, notes = made_comparable(one, other)
    assert abs(mine["tempo"].isna().mean() - theirs["tempo"].isna().mean()) < GAP
    assert not notes
    pd.testing.assert_frame_equal(mine, one)


def test_values_are_rounded_as_those_of_the_coarser_table(likes: pd.DataFrame) -> None:
    one, other = likes.head(200), likes.head(200).assign(energy=lambda table: table["energy"].round(1))
    mine, theirs, notes = made_comparable(one, other)
    assert decimals(mine["energy"]) == decimals(theirs["energy"]) == 1
    assert notes == ("rounded, since likes and background have different decimals: energy",)


@pytest.mark.parametrize(
    ("values", "places"),
    [([0.25, 0.5], 2), ([1.0, 2.0], 0), ([0.123456789], 6), ([90.039001, 120.125], 3), ([np.nan], 0)],
)
def test_decimals_are_those_before_single_precision(values: list[float], places: int) -> None:
    assert decimals(pd.Series(values)) == places
