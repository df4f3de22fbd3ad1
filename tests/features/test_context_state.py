"""What a saved ranker carries of artists: exact, bounded, and distrusted when it is read."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.context import ARTIST_TRACKS, MEAN_COLUMNS, ArtistProfiles
from features.errors import RankerFormatError
from features.measures import ABSENT, MEASURES, deviations, means, read_codes
from features.reference import MAX_TRACKS, PER_ARTIST, ReferenceTracks, choose_artists
from features.state import State

FEATURES = tuple(name for name in MEASURES[:10])


def made_up(n: int, artists: int, seed: int = 0) -> pd.DataFrame:
    numbers = np.random.default_rng(seed)
    table = pd.DataFrame({name: numbers.random(n) for name in FEATURES})
    table["loudness"] *= -30
    table["tempo"] = 60 + 100 * table["tempo"]
    table["duration_ms"] = 1e5 + 2e5 * table["duration_ms"]
    table["artist_name"] = [f"Artist {at}" for at in numbers.integers(artists, size=n)]
    table["track_name"] = [f"Song {seed} {at}" for at in range(n)]
    table["track_id"] = [f"{seed}-{at}" for at in range(n)]
    return table


@pytest.fixture(scope="module")
def tracks() -> pd.DataFrame:
    return made_up(300, 40)


@pytest.fixture(scope="module")
def profiles(tracks: pd.DataFrame) -> ArtistProfiles:
    return ArtistProfiles.build(catalogue=tracks, judged=made_up(50, 60, seed=1), deviations=True)


def test_a_round_trip_is_exact(profiles: ArtistProfiles, tracks: pd.DataFrame) -> None:
    again = ArtistProfiles.from_state(profiles.get_state())
    assert again.columns == profiles.columns
    new = made_up(80, 80, seed=2)
    for table in (tracks, new):
        pd.testing.assert_frame_equal(again.attach(table), profiles.attach(table), check_exact=True)
    pd.testing.assert_frame_equal(
        again.with_tracks(new).attach(new), profiles.with_tracks(new).attach(new), check_exact=True
    )


def test_nothing_is_saved_and_read_too() -> None:
    assert ArtistProfiles.from_state(ArtistProfiles.build().get_state()).columns == ()


def test_a_track_takes_little_and_all_take_at_most_20_mb() -> None:
    alone = made_up(500, 10**9)  # everybody with one track: the most that a track can take
    alone["artist_name"] = [f"Artist {at}" for at in range(500)]
    state = ArtistProfiles.build(catalogue=alone).get_state()
    assert sum(array.nbytes for array in state.arrays.values()) / 500 * MAX_TRACKS <= 20e6


def test_the_order_of_tracks_and_tables_does_not_matter(tracks: pd.DataFrame) -> None:
    shuffled = tracks.sample(frac=1, random_state=0)
    whole = ArtistProfiles.build(catalogue=tracks).attach(tracks)
    parts = ArtistProfiles.build(catalogue=shuffled.head(100)).with_tracks(shuffled.tail(200)).attach(tracks)
    pd.testing.assert_frame_equal(ArtistProfiles.build(catalogue=shuffled).attach(tracks), whole, check_exact=True)
    names = [name for name in MEAN_COLUMNS if name in whole]
    pd.testing.assert_frame_equal(parts[names], whole[names], check_exact=True)


Change = Callable[[dict[str, Any]], object]
FORGERIES: dict[str, Change] = {
    "an array is missing": lambda parts: parts.pop("codes"),
    "a setting is missing": lambda parts: parts.pop("columns"),
    "columns that are not ours": lambda parts: parts.update(columns=["energy"]),
    "columns out of order": lambda parts: parts.update(columns=parts["columns"][::-1]),
    "columns twice": lambda parts: parts.update(columns=parts["columns"][:1] * 2),
    "columns of another kind": lambda parts: parts.update(columns=[["energy"]]),
    "other measures": lambda parts: parts.update(measures=parts["measures"][1:]),
    "an artist that is not there": lambda parts: parts["artist"].__setitem__(0, 10**6),
    "a negative artist": lambda parts: parts["artist"].__setitem__(0, -1),
    "an artist without tracks": lambda parts: parts["artist"].fill(0),
    "artists out of order": lambda parts: parts.update(artists=parts["artists"][::-1]),
    "a key twice": lambda parts: parts["keys"].__setitem__(1, parts["keys"][0]),
    "a key of nothing": lambda parts: parts["keys"].__setitem__(0, 0),
    "a key of no track": lambda parts: parts["key_track"].__setitem__(0, 10**6),
    "too few codes": lambda parts: parts.update(codes=parts["codes"][1:]),
    "wider codes": lambda parts: parts.update(codes=parts["codes"].astype(np.int64)),
    "counts for flags": lambda parts: parts.update(counted=parts["counted"].astype(np.int8)),
    "text for keys": lambda parts: parts.update(keys=parts["keys"].astype(str)),
}


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES.keys())
def test_forged_states_are_refused(forge: Change, profiles: ArtistProfiles) -> None:
    state = profiles.get_state()
    parts = dict(state.settings) | {name: array.copy() for name, array in state.arrays.items()}
    forge(parts)
    forged = State(
        settings={name: part for name, part in parts.items() if not isinstance(part, np.ndarray)},
        arrays={name: part for name, part in parts.items() if isinstance(part, np.ndarray)},
    )
    with pytest.raises(RankerFormatError):
        ArtistProfiles.from_state(forged)


def test_a_state_larger_than_allowed_is_refused() -> None:
    size = MAX_TRACKS + 1
    arrays = {
        "artists": np.array([1], np.uint64),
        "artist": np.zeros(size, np.int32),
        "codes": np.zeros((size, len(MEASURES)), np.uint16),
        "counted": np.ones(size, bool),
        "keys": np.empty(0, np.uint64),
        "key_track": np.empty(0, np.int32),
    }
    with pytest.raises(RankerFormatError, match="250001 tracks"):
        ReferenceTracks.from_state(State(settings={"measures": list(MEASURES)}, arrays=arrays))


@given(
    st.lists(st.integers(1, 300), min_size=1, max_size=30),
    st.integers(1, 2000),
    st.lists(st.booleans(), min_size=30, max_size=30),
)
def test_no_more_tracks_are_kept_than_allowed(size: list[int], most: int, first: list[bool]) -> None:
    sizes, goes_first = np.array(size), np.array(first[: len(size)])
    per_artist, kept = choose_artists(sizes[:, None], goes_first, most)
    tracks = np.minimum(sizes, per_artist)
    assert tracks[kept].sum() <= most
    assert per_artist in PER_ARTIST
    if (
        not kept.all()
    ):  # only the smallest share leaves anybody out, and of two of a kind the one with more tracks goes first
        assert per_artist == PER_ARTIST[-1]
        dropped = np.flatnonzero(~kept)[np.argmax((goes_first * 1000 + sizes)[~kept])]
        better = goes_first * 1000 + sizes > goes_first[dropped] * 1000 + sizes[dropped]
        assert kept[better].all()


def test_a_large_artist_keeps_a_sample_that_does_not_depend_on_sounds() -> None:
    many = made_up(60, 1)
    reference = ReferenceTracks.empty().joined(many, counted=True).bounded(np.empty(0, np.uint64), max_tracks=20)
    assert reference.size.tolist() == [20]
    louder = many.copy()
    for name in FEATURES:
        louder[name] = np.roll(many[name], 1)
    other = ReferenceTracks.empty().joined(louder, counted=True).bounded(np.empty(0, np.uint64), max_tracks=20)
    kept, also = ({int(key) for key in known.keys if key & np.uint64(3) != 3} for known in (reference, other))
    assert kept == also


def test_a_large_artists_count_does_not_depend_on_what_was_judged() -> None:
    many, judged, new = made_up(130, 1), made_up(40, 1, seed=1), made_up(1, 1, seed=2)
    counts = [
        ArtistProfiles.build(catalogue=many, judged=table).attach(new)[ARTIST_TRACKS].tolist()
        for table in (None, judged)
    ]
    assert counts[0] == counts[1] == [np.log1p(PER_ARTIST[0])]
    profiles = ArtistProfiles.build(catalogue=many, judged=judged)
    again = profiles.with_tracks(judged)  # what was judged is known again
    pd.testing.assert_frame_equal(again.attach(judged), profiles.attach(judged), check_exact=True)


def test_artists_that_are_learned_from_are_kept_before_others() -> None:
    many = made_up(2000, 50)
    judged = pd.DataFrame({"artist_name": ["artist 7", "The Artist 9, Somebody Else"]})
    first = ArtistProfiles.build(judged=judged.assign(energy=0.5, track_name="New")).reference.artists
    reference = ReferenceTracks.empty().joined(many, counted=True).bounded(first, max_tracks=200)
    assert len(reference.artist) <= 200
    assert reference.n_tracks(first)[np.isin(first, reference.artists)].tolist() == [20]


@given(st.lists(st.floats(-70, 10), min_size=2, max_size=40))
@settings(max_examples=50)
def test_steps_give_means_and_deviations_back(loudness: list[float]) -> None:
    table = pd.DataFrame({"loudness": loudness})
    codes = read_codes(table)[:, [MEASURES.index("loudness")]].astype(np.int64)
    sums, squares = (np.zeros((1, len(MEASURES)), np.int64) for _ in range(2))
    at = MEASURES.index("loudness")
    sums[0, at], squares[0, at] = codes.sum(), (codes**2).sum()
    counts = np.full((1, len(MEASURES)), len(loudness))
    step = 80 / 65534
    assert means(sums, counts)[0, at] == pytest.approx(np.mean(loudness), abs=step)
    assert deviations(sums, squares, counts)[0, at] == pytest.approx(np.std(loudness, ddof=1), abs=2 * step)


def test_what_cannot_be_read_is_missing() -> None:
    table = pd.DataFrame(
        {
            "energy": [0.5, "0.5", "loud", None, 1.5, np.inf, True],
            "tempo": [0, "0", 120, -1, 1e9, np.nan, 120],
            "danceability": [0, 0, 0, 0.5, 0.5, 0.5, 0.5],
            "duration_ms": [0, -5, 2e5, 5e6, 1e12, np.nan, "x"],
            "explicit": [True, "no", "?", None, 1, 0, 2],
            "release_date": ["1976", "1976-05-01", 1976, 1976.0, "0000", "3000", "soon"],
            "mode": [True, 0, 1.0, "1", 2, None, "x"],
        }
    )
    codes = pd.DataFrame(read_codes(table), columns=list(MEASURES)).replace(ABSENT, -1)
    half = 32767
    assert codes["energy"].tolist() == [-1, -1, -1, -1, -1, -1, -1]
    assert codes["tempo"].tolist() == [-1, -1, 26214, -1, -1, -1, 26214]
    assert codes["danceability"].tolist() == [-1, -1, 0, half, half, half, half]
    assert codes["duration_ms"].tolist() == [-1, -1, 8000, 65534, -1, -1, -1]
    assert codes["explicit"].tolist() == [-1, -1, -1, -1, 65534, 0, -1]
    assert (codes["year"] > 0).tolist() == [False, False, True, True, False, False, False]
    assert codes["mode"].tolist() == [-1, -1, 65534, 65534, -1, -1, -1]
