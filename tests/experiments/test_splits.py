"""Splits: nobody on both sides, every row tested once, alike shares of likes, and no say for the order of rows."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.splits import SPLITS, Fold, Split, groups_for, inner_folds, outer_folds, outer_split
from features.columns import AUDIO_FEATURES
from features.errors import InputError
from features.measures import CONTINUOUS

FOLDS = {"inner": inner_folds, "outer": outer_folds}


def make_tracks(n: int = 300, n_artists: int = 60, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    """Tracks of artists of unlike size, added at some 100 moments, with labels."""
    rng = np.random.default_rng(seed)
    artist = np.floor(n_artists * rng.random(n) ** 1.5).astype(int)
    tracks = pd.DataFrame(
        {
            "track_id": [f"{value:022d}" for value in rng.permutation(10 * n)[:n]],
            "track_name": [f"title {row}" for row in range(n)],
            "artist_name": [f"artist {number}" for number in artist],
            **{name: rng.random(n) for name in AUDIO_FEATURES},
            "added_at": pd.Timestamp("2024-01-01", tz="UTC") + pd.to_timedelta(rng.integers(100, size=n), unit="D"),
        }
    )
    return tracks, rng.permutation(np.arange(n) % 3 == 0).astype(np.int64)


def sides(tracks: pd.DataFrame, fold: Fold) -> tuple[set[str], set[str]]:
    ids = tracks["track_id"].to_numpy()
    return set(ids[fold.train]), set(ids[fold.test])


def every_fold(tracks: pd.DataFrame, y: np.ndarray, kind: Split) -> list[Fold]:
    return [Fold(*outer_split(tracks, y, kind)), *inner_folds(tracks, y, kind), *outer_folds(tracks, y, kind)]


@settings(max_examples=15, deadline=None)
@given(st.integers(120, 400), st.integers(20, 80), st.integers(0, 1000), st.sampled_from(["artist", "random"]))
def test_every_row_is_tested_once_a_repeat_and_no_group_is_on_both_sides(
    n: int, n_artists: int, seed: int, kind: Split
) -> None:
    tracks, y = make_tracks(n, n_artists, seed)
    groups = groups_for(tracks, kind)
    folds = inner_folds(tracks, y, kind, n_folds=4, repeats=2, seed=seed)
    assert len(folds) == 8
    for repeat in (folds[:4], folds[4:]):
        np.testing.assert_array_equal(np.sort(np.concatenate([fold.test for fold in repeat])), np.arange(n))
    for fold in (*folds, Fold(*outer_split(tracks, y, kind))):
        np.testing.assert_array_equal(np.union1d(fold.train, fold.test), np.arange(n))
        assert not set(groups[fold.train]) & set(groups[fold.test])
        assert (np.diff(fold.train) > 0).all()
        assert (np.diff(fold.test) > 0).all()


@pytest.mark.parametrize("kind", ["artist", "random"])
def test_folds_are_alike_in_size_and_share_of_likes(kind: Split) -> None:
    tracks, y = make_tracks(1000, 250)
    for fold in every_fold(tracks, y, kind):
        assert abs(len(fold.test) - 200) <= 20
        assert abs(y[fold.test].mean() - y.mean()) < 0.04


@settings(max_examples=10, deadline=None)
@given(st.randoms(use_true_random=False), st.sampled_from(SPLITS))
def test_the_order_of_rows_has_no_say(random: object, kind: Split) -> None:
    tracks, y = make_tracks()
    order = list(range(len(tracks)))
    random.shuffle(order)  # type: ignore[attr-defined]
    shuffled, shuffled_y = tracks.iloc[order].reset_index(drop=True), y[order]
    pairs = zip(every_fold(tracks, y, kind), every_fold(shuffled, shuffled_y, kind), strict=True)
    for one, other in pairs:
        assert sides(tracks, one) == sides(shuffled, other)


def test_seeds_deal_anew_but_the_outer_split_takes_none() -> None:
    tracks, y = make_tracks()
    for folds in FOLDS.values():
        first, again, other = (folds(tracks, y, seed=seed) for seed in (0, 0, 1))
        assert all(np.array_equal(a.test, b.test) for a, b in zip(first, again, strict=True))
        assert any(not np.array_equal(a.test, b.test) for a, b in zip(first, other, strict=True))
    assert not np.array_equal(inner_folds(tracks, y)[0].test, outer_folds(tracks, y)[0].test)
    repeats = inner_folds(tracks, y, repeats=2)
    assert not np.array_equal(repeats[0].test, repeats[5].test)


def test_artists_are_recognised_as_people_would() -> None:
    tracks, _ = make_tracks(8)
    tracks["artist_name"] = [
        "Beyoncé", "beyonce ", "Beyoncé;Jay-Z", "Jay-Z", "Jay-Z feat. Alicia Keys", "Tyler, The Creator", None, None
    ]  # fmt: skip
    groups = groups_for(tracks, "artist")
    assert groups[0] == groups[1] == groups[2]
    assert groups[3] == groups[4]
    assert len(set(groups)) == 5  # Beyoncé, Jay-Z, Tyler, and each of the nameless


def test_artists_are_told_apart_as_affinity_and_profiles_tell_them() -> None:
    tracks, _ = make_tracks(8)
    tracks["artist_name"] = [
        "The Beatles", "Beatles", "beatles with Billy Preston",
        "Simon & Garfunkel", "Simon and Garfunkel", "Simon", "!!!", "Chk",
    ]  # fmt: skip
    groups = groups_for(tracks, "artist")
    assert groups[0] == groups[1] == groups[2]
    assert groups[3] == groups[4]
    assert len(set(groups)) == 5


@pytest.mark.parametrize("kind", ["random", "time"])
def test_songs_are_recognised_by_name_or_by_sound(kind: Split) -> None:
    tracks, _ = make_tracks(6)
    features = list(AUDIO_FEATURES)
    tracks.loc[1, ["track_name", "artist_name"]] = ["TITLE 0", tracks.loc[0, "artist_name"]]
    tracks.loc[2, features] = tracks.loc[1, features]  # a link through another row: 0 = 1 by name, 1 = 2 by sound
    tracks.loc[3:4, features] = np.nan
    tracks.loc[3:4, "track_name"] = None
    groups = groups_for(tracks, kind)
    assert groups[0] == groups[1] == groups[2]
    assert len(set(groups)) == 4  # the song, the two of which nothing is known, and the last


def test_copies_stay_together_at_random() -> None:
    tracks, y = make_tracks(100)
    doubled = pd.concat([tracks, tracks.assign(track_id=[f"copy{row}" for row in range(100)])], ignore_index=True)
    for fold in every_fold(doubled, np.concatenate([y, y]), "random"):
        assert not set(fold.train % 100) & set(fold.test % 100)


@settings(max_examples=15, deadline=None)
@given(st.integers(100, 400), st.integers(2, 6), st.integers(0, 1000))
def test_time_flows_from_training_to_test(n: int, n_folds: int, seed: int) -> None:
    tracks, y = make_tracks(n, seed=seed)
    moments = tracks["added_at"].to_numpy()
    folds = inner_folds(tracks, y, "time", n_folds=n_folds)
    assert len(folds) == n_folds
    for fold in (*folds, Fold(*outer_split(tracks, y, "time"))):
        assert moments[fold.train].max() < moments[fold.test].min()
    for earlier, later in pairwise(folds):
        np.testing.assert_array_equal(later.train, np.union1d(earlier.train, earlier.test))
    tested = np.concatenate([fold.test for fold in folds])
    np.testing.assert_array_equal(np.sort(tested), np.setdiff1d(np.arange(n), folds[0].train))
    assert abs(len(folds[0].train) - n / (n_folds + 1)) < 0.1 * n


@pytest.mark.parametrize("test_size", [0.1, 0.2, 0.25, 0.5])
@pytest.mark.parametrize("kind", SPLITS)
def test_the_outer_split_is_as_large_as_wanted(kind: Split, test_size: float) -> None:
    tracks, y = make_tracks(1000, 250)
    train, test = outer_split(tracks, y, kind, test_size)
    assert len(train) + len(test) == 1000
    assert abs(len(test) / 1000 - test_size) < 0.03


def test_rows_without_a_time_only_teach() -> None:
    tracks, y = make_tracks()
    tracks.loc[:60, "added_at"] = pd.NaT
    for fold in every_fold(tracks, y, "time"):
        assert set(range(61)) <= set(fold.train)


def test_real_listener_has_no_artist_on_both_sides(shared_data: object) -> None:
    table = pd.read_csv(f"{shared_data}/listeners/spotifyclassification.csv")
    tracks = table.rename(columns={"song_title": "track_name", "artist": "artist_name"}).astype({"duration_ms": float})
    tracks = tracks.assign(track_id=[f"local:{row:016x}" for row in range(len(table))])
    y = table["target"].to_numpy()
    train, test = outer_split(tracks, y)
    names = table["artist"].str.casefold()
    assert not set(names[train]) & set(names[test])
    assert abs(len(test) / len(table) - 0.2) < 0.02
    assert abs(y[test].mean() - y.mean()) < 0.02


def faulty(what: str) -> tuple[pd.DataFrame, np.ndarray, Split]:
    tracks, y = make_tracks()
    rows, times, artists = pd.Series(range(300)), tracks["added_at"], tracks["artist_name"]
    tables: dict[str, tuple[pd.DataFrame, object, Split]] = {
        "no times": (tracks.drop(columns="added_at"), y, "time"),
        "mostly no times": (tracks.assign(added_at=times.where(rows > 200)), y, "time"),
        "one moment": (tracks.assign(added_at=times[0]), y, "time"),
        "likes came late": (tracks, times > times.quantile(0.7), "time"),
        "few artists": (tracks.assign(artist_name=(rows % 4).map("artist {}".format)), y, "artist"),
        "few songs": (tracks.assign(artist_name="one", track_name=(rows % 3).map("song {}".format)), y, "random"),
        "one liked artist": (tracks, artists == "artist 0", "artist"),
        "one class": (tracks, np.ones(300), "random"),
        "few rows": (tracks[:7], np.array([1, 0, 1, 0, 1, 0, 1]), "random"),
    }
    table, labels, kind = tables[what]
    return table, np.asarray(labels).astype(np.int64), kind


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("no times", "added_at"),
        ("mostly no times", "201 of 300"),
        ("one moment", "different times"),
        ("likes came late", "only skipped tracks"),
        ("few artists", "at least 5 artists"),
        ("few songs", "at least 5 different songs"),
        ("one liked artist", "only skipped tracks"),
        ("one class", "300 liked and 0 skipped"),
        ("few rows", "4 liked and 3 skipped"),
    ],
)
@pytest.mark.parametrize("folds", list(FOLDS))
def test_a_split_that_cannot_be_made_says_why_and_what_to_do(what: str, message: str, folds: str) -> None:
    tracks, y, kind = faulty(what)
    with pytest.raises(InputError, match=message) as caught:
        FOLDS[folds](tracks, y, kind)
    assert caught.value.hint


@pytest.mark.parametrize("what", ["no times", "mostly no times", "one moment", "likes came late", "one class"])
def test_an_outer_split_that_cannot_be_made_says_so(what: str) -> None:
    with pytest.raises(InputError):
        outer_split(*faulty(what))


def test_wrong_settings_are_refused() -> None:
    tracks, y = make_tracks()
    with pytest.raises(InputError, match="no split"):
        groups_for(tracks, "album")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="share of test rows"):
        outer_split(tracks, y, test_size=0.9)
    with pytest.raises(InputError, match="1 fold was"):
        inner_folds(tracks, y, n_folds=1)
    with pytest.raises(ValueError, match="shape"):
        inner_folds(tracks, y[:-1])


def test_guests_behind_a_comma_go_with_their_host() -> None:
    names = ["Drake", "Drake, Future", "Drake, 21 Savage", "Future", "Tyler, The Creator", "tyler"]
    groups = groups_for(pd.DataFrame({"artist_name": names}), "artist")
    assert groups[0] == groups[1] == groups[2] != groups[3]
    assert groups[4] == groups[5]


BARE = list(CONTINUOUS[:7])
"""Features of a table that has no ids, titles and artists, and not all features."""


def bare_tracks(n: int, **columns: object) -> pd.DataFrame:
    """Tracks with ids of their own, as validation gives them, and nothing else to tell copies by but some features."""
    tracks, _ = make_tracks(n)
    return tracks[["track_id", *BARE]].assign(track_name=None, artist_name=None, **columns)


@pytest.mark.parametrize("kind", ["artist", "random"])
def test_copies_of_rows_that_nothing_names_are_one_group(kind: Split) -> None:
    once = bare_tracks(40)
    once.loc[5, "energy"] = np.nan
    twice = pd.concat([once, once.assign(track_id=[f"copy{row}" for row in range(40)])], ignore_index=True)
    groups = groups_for(twice, kind)
    assert np.array_equal(groups[:40], groups[40:])
    assert len(set(groups)) == 40
    y = (np.arange(80) % 40 % 2).astype(np.int64)
    for fold in every_fold(twice, y, kind):
        assert not set(fold.train % 40) & set(fold.test % 40)


def test_rows_without_an_artist_are_grouped_by_song() -> None:
    tracks, _ = make_tracks(6)
    features = list(AUDIO_FEATURES)
    tracks["artist_name"] = ["Beyoncé", None, None, "", "Beyoncé", None]
    tracks.loc[[2, 3], features] = tracks.loc[[1, 1], features].to_numpy()
    groups = groups_for(tracks, "artist")
    assert groups[1] == groups[2] == groups[3]
    assert groups[0] == groups[4]
    assert len(set(groups)) == 3


@pytest.mark.parametrize("kind", ["artist", "random"])
def test_features_that_are_the_same_everywhere_and_fewer_than_three_tell_nothing(kind: Split) -> None:
    tracks = bare_tracks(12)
    tracks.loc[1, BARE] = tracks.loc[0, BARE]
    only_two_vary = tracks.assign(**dict.fromkeys(BARE[2:], 0.5))
    assert len(set(groups_for(only_two_vary, kind))) == 12
    two_known = tracks.assign(**dict.fromkeys(BARE[2:], np.nan))
    assert len(set(groups_for(two_known, kind))) == 12
    three_known = tracks.assign(**dict.fromkeys(BARE[3:], np.nan))
    assert len(set(groups_for(three_known, kind))) == 11


def test_a_gap_is_not_alike_to_what_another_row_knows() -> None:
    tracks = bare_tracks(10)
    tracks.loc[1, BARE[1:]] = tracks.loc[0, BARE[1:]]
    tracks.loc[1, BARE[0]] = np.nan
    assert len(set(groups_for(tracks, "random"))) == 10


def test_coarse_values_that_meet_by_chance_link_nothing() -> None:
    rng = np.random.default_rng(0)
    n = 2000
    tracks = pd.DataFrame({name: rng.beta(2, 2, n).round(1) for name in ("energy", "valence", "danceability")})
    song = rng.integers(0, 9 * n // 10, n)
    tracks = tracks.assign(
        track_id=[f"id{row}" for row in range(n)],
        track_name=[f"song {number}" for number in song],
        artist_name=[f"artist {number % 200}" for number in song],
    )
    assert np.array_equal(pd.factorize(groups_for(tracks, "random"))[0], pd.factorize(song)[0])
