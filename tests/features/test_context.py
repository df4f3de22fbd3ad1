"""Artist profiles: what they hold, and that neither labels nor a track's own values ever enter its own."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.columns import AUDIO_FEATURES
from features.context import ARTIST_TRACKS, CONTEXT_COLUMNS, ArtistProfiles, covered, without_context
from features.measures import RANGES
from features.reference import ReferenceTracks

SOUND = ("acousticness", "danceability", "energy", "instrumentalness", "liveness", "speechiness", "valence")


def song(artist: object, title: object, seed: int, **given: object) -> dict[str, object]:
    """One track with a sound of its own."""
    numbers = np.random.default_rng(seed)
    sound = {name: float(numbers.random()) for name in SOUND}
    rest = {"loudness": -10 * numbers.random(), "tempo": 60 + 100 * numbers.random(), "duration_ms": 2e5, "key": 1.0}
    row = {"track_id": None, "track_name": title, "artist_name": artist, **sound, **rest, "mode": 1.0}
    return {**row, "time_signature": 4.0, **given}


def table(*rows: dict[str, object]) -> pd.DataFrame:
    return pd.DataFrame(rows)


@st.composite
def tables(draw: st.DrawFn, largest: int = 14) -> pd.DataFrame:
    """Few artists, titles and ids, so that many rows are of one track; sounds that are now and then the same."""
    n = draw(st.integers(1, largest))
    rows = []
    for row in range(n):
        artist = draw(st.sampled_from(["Abba", "The ABBA", "Björk", "Bjork feat. Abba", "Various Artists", None]))
        title = draw(st.sampled_from(["One", "one (feat. Abba)", "Two", "Three", "Four", None]))
        track_id = draw(st.sampled_from([None, None, "a", "b", "c", "d"]))
        seed = draw(st.sampled_from([row, row, row, 100]))
        given = {"duration_ms": draw(st.sampled_from([2e5, 3e5, np.nan])), "track_id": track_id}
        rows.append(song(artist, title, seed, **given))
    return table(*rows)


ARTISTS = {"Abba": "abba", "The ABBA": "abba", "Björk": "bjork", "Bjork feat. Abba": "bjork"}
TITLES = {"One": "one", "one (feat. Abba)": "one", "Two": "two", "Three": "three", "Four": "four"}


def rows_of_tracks(tracks: pd.DataFrame) -> list[set[int]]:
    """For each row those that are the same track: one id; or one artist, and title or sound; also by way of others."""
    things: dict[object, set[int]] = {}
    for row, track in enumerate(tracks.to_dict("records")):
        artist, title = ARTISTS.get(track["artist_name"]), TITLES.get(track["track_name"])
        found = [track["track_id"]] if isinstance(track["track_id"], str) else []
        found += [(artist, title)] if artist and title else []
        found += [(artist, track["tempo"])] if artist else []
        for thing in found:
            things.setdefault(thing, set()).add(row)
    groups = [{row} for row in range(len(tracks))]
    for rows in list(things.values()) * len(tracks):  # as often as the longest chain
        for row in rows:
            groups[row] = set.union(*(groups[other] for other in rows))
    return groups


@given(tables())
@settings(max_examples=20, deadline=None)
def test_leaving_a_track_out_is_as_if_it_had_never_been_known(tracks: pd.DataFrame) -> None:
    profiles = ArtistProfiles.build(catalogue=tracks, deviations=True)
    attached = profiles.attach(tracks)
    for row, same in enumerate(rows_of_tracks(tracks)):
        rest = tracks.drop(index=list(same))
        alone = ArtistProfiles(ReferenceTracks.empty().joined(rest, counted=True), profiles.columns)
        expected = alone.attach(tracks.iloc[[row]])
        pd.testing.assert_frame_equal(attached.iloc[[row]], expected, check_exact=True)


@given(tables(), st.integers(0, 13), st.integers(200, 300), st.booleans())
@settings(max_examples=25, deadline=None)
def test_a_tracks_own_values_never_enter_its_own_profile(
    tracks: pd.DataFrame, row: int, seed: int, counted: bool
) -> None:
    row %= len(tracks)
    # An id of its own, and no row with its sound: else another sound makes it another track than its duplicates.
    tracks = pd.concat([tracks, table(song(tracks["artist_name"][row], "Own", 150, track_id="own"))], ignore_index=True)
    louder = tracks.copy()
    changed = song(None, None, seed, duration_ms=1e5)
    for name in AUDIO_FEATURES:
        louder.loc[len(louder) - 1, name] = changed[name]
    kind = "catalogue" if counted else "judged"
    for known, seen in ((tracks, louder), (louder, tracks), (louder, louder)):
        before = ArtistProfiles.build(**{kind: tracks}, deviations=True).attach(tracks)
        after = ArtistProfiles.build(**{kind: known}, deviations=True).attach(seen)
        names = [name for name in CONTEXT_COLUMNS if name in before]
        pd.testing.assert_series_equal(before[names].iloc[-1], after[names].iloc[-1], check_exact=True)


@given(tables(), st.integers(0, 13), st.integers(200, 300))
@settings(max_examples=30, deadline=None)
def test_duplicates_change_nothing(tracks: pd.DataFrame, row: int, seed: int) -> None:
    row %= len(tracks)
    artist, own = tracks["artist_name"][row], song(None, "Own", 150)
    tracks = pd.concat([tracks, table({**own, "artist_name": artist, "track_id": "own"})], ignore_index=True)
    by_id = song(artist, "Other title", seed, track_id="own")
    by_name = song(artist, "OWN (feat. Somebody)", seed + 1, track_id="other id")
    by_sound = {**own, "artist_name": artist, "track_name": None, "track_id": "third id"}
    more = pd.concat([tracks, table(by_id, by_name, by_sound)], ignore_index=True)
    before = ArtistProfiles.build(catalogue=tracks).attach(tracks)
    after = ArtistProfiles.build(catalogue=more).attach(more)
    pd.testing.assert_frame_equal(before, after.head(len(tracks)), check_exact=True)
    if ARTISTS.get(artist):  # the duplicates themselves have the same profile, too
        for duplicate in range(len(tracks), len(more)):
            names = [name for name in CONTEXT_COLUMNS if name in before]
            assert after[names].iloc[duplicate].equals(before[names].iloc[-1].rename(duplicate))


@given(tables(), st.lists(st.sampled_from([0, 1, None]), min_size=14, max_size=14))
@settings(max_examples=20, deadline=None)
def test_labels_are_never_read(tracks: pd.DataFrame, labels: list[int | None]) -> None:
    labelled = tracks.assign(liked=pd.array(labels[: len(tracks)], dtype="Int8"))
    profiles = ArtistProfiles.build(judged=tracks)
    assert ArtistProfiles.build(judged=labelled).columns == profiles.columns
    with_labels = ArtistProfiles.build(judged=labelled).attach(labelled).drop(columns="liked")
    pd.testing.assert_frame_equal(with_labels, profiles.attach(tracks), check_exact=True)


@given(tables(), st.permutations(range(14)))
@settings(max_examples=25, deadline=None)
def test_candidates_are_known_once_however_often_they_are_added(tracks: pd.DataFrame, order: list[int]) -> None:
    tracks = tracks.drop_duplicates("track_name").reset_index(drop=True)
    profiles = ArtistProfiles.build(catalogue=tracks)
    again = tracks.iloc[[at for at in order if at < len(tracks)]]
    pd.testing.assert_frame_equal(
        profiles.with_tracks(again).with_tracks(tracks).attach(tracks), profiles.attach(tracks), check_exact=True
    )


def test_a_profile_by_hand() -> None:
    tracks = table(
        song("Abba", "One", 1, loudness=-4.0, tempo=100.0, release_date="1976", explicit=False, popularity=80),
        song("ABBA", "Two", 2, loudness=-6.0, tempo=120.0, release_date="1978-05", explicit=True, popularity=60),
        song("The Abba", "Three", 3, loudness=-11.0, tempo=np.nan, release_date=None, explicit=None, popularity=np.nan),
        song("Björk", "Four", 4),
    )
    profiles = ArtistProfiles.build(catalogue=tracks, deviations=True)
    attached = profiles.attach(tracks)
    steps = {name: (high - low) / 65534 for name, (low, high) in RANGES.items()}
    first = attached.iloc[0]
    assert first["artist_loudness_mean"] == pytest.approx(-8.5, abs=steps["loudness"])
    assert first["artist_loudness_std"] == pytest.approx(5 / np.sqrt(2), abs=steps["loudness"])
    assert first["artist_tempo_mean"] == pytest.approx(120, abs=steps["tempo"])
    assert np.isnan(first["artist_tempo_std"])
    assert first["artist_year_mean"] == pytest.approx(1978, abs=steps["year"])
    assert first["artist_explicit_mean"] == 1
    assert first["artist_popularity_mean"] == pytest.approx(60, abs=steps["popularity"])
    assert first[ARTIST_TRACKS] == np.log1p(2)
    assert attached[ARTIST_TRACKS].isna().tolist() == [False, False, False, True]
    assert attached.loc[3, list(profiles.columns)].isna().all()
    assert covered(attached).mean() == 0.75


def test_steps_are_finer_than_spotifys_own_digits() -> None:
    tracks = table(*(song("Abba", f"Song {at}", at) for at in range(2)))
    attached = ArtistProfiles.build(catalogue=tracks).attach(tracks)
    for name in SOUND:
        assert attached[f"artist_{name}_mean"].to_numpy() == pytest.approx(tracks[name].to_numpy()[::-1], abs=1e-5)


def test_only_a_catalogue_is_counted() -> None:
    known = table(*(song("Abba", f"Song {at}", at) for at in range(5)))
    more = table(*(song("Abba", f"Other song {at}", 50 + at) for at in range(7)))
    profiles = ArtistProfiles.build(catalogue=known, library=more, judged=more.head(2))
    assert profiles.attach(more)[ARTIST_TRACKS].tolist() == [np.log1p(5)] * 7
    assert profiles.attach(known)[ARTIST_TRACKS].tolist() == [np.log1p(4)] * 5
    candidates = table(song("Abba", "New", 90), song("Abba", "Newer", 91))
    assert profiles.with_tracks(candidates).attach(candidates)[ARTIST_TRACKS].tolist() == [np.log1p(5)] * 2
    assert ARTIST_TRACKS not in ArtistProfiles.build(library=more, judged=known).columns


def test_candidates_tell_of_each_others_artists() -> None:
    known = table(song("Abba", "One", 1), song("Abba", "Two", 2))
    candidates = table(song("Unheard Of", "One", 3, energy=0.25), song("Unheard Of", "Two", 4, energy=0.75))
    profiles = ArtistProfiles.build(catalogue=known)
    assert covered(profiles.attach(candidates)).mean() == 0
    attached = profiles.with_tracks(candidates).attach(candidates)
    pd.testing.assert_frame_equal(profiles.attach_together(candidates), attached, check_exact=True)
    assert attached["artist_energy_mean"].tolist() == pytest.approx([0.75, 0.25], abs=1e-5)
    assert attached[ARTIST_TRACKS].tolist() == [0, 0]


@pytest.mark.parametrize("name", ["Shakira, Ozuna", "Shakira;Ozuna", "Shakira feat. Ozuna", "['Shakira', 'Ozuna']"])
def test_lists_are_known_by_their_first_artist(name: str) -> None:
    known = table(*(song("Shakira", f"Song {at}", at, energy=0.5) for at in range(3)))
    candidates = table(song(name, "New", 9), song("Ozuna", "Newer", 10))
    attached = ArtistProfiles.build(catalogue=known).attach(candidates)
    assert attached["artist_energy_mean"].tolist() == pytest.approx([0.5, np.nan], abs=1e-5, nan_ok=True)


def test_a_name_with_a_comma_is_not_cut() -> None:
    names = ["Tyler, The Creator"] * 3 + ["Tyler"]
    known = table(*(song(name, f"Song {at}", at, energy=at / 8) for at, name in enumerate(names)))
    attached = ArtistProfiles.build(catalogue=known).attach(table(song("Tyler, the Creator", "New", 9)))
    assert attached["artist_energy_mean"][0] == pytest.approx(1 / 8, abs=1e-5)


def test_a_table_without_anything_to_go_by_stays_as_it_is() -> None:
    bare = pd.DataFrame({"energy": [0.1, 0.2], "artist_name": [None, None]}, index=[7, 7])
    for profiles in (ArtistProfiles.build(), ArtistProfiles.build(judged=bare), ArtistProfiles.build(catalogue=bare)):
        assert profiles.columns == ()
        pd.testing.assert_frame_equal(profiles.with_tracks(bare).attach(bare), bare)
        assert covered(bare).mean() == 0
    known = ArtistProfiles.build(catalogue=table(song("Abba", "One", 1), song("Abba", "Two", 2)))
    attached = known.with_tracks(bare[["energy"]]).attach(bare[["energy"]])
    assert attached.index.tolist() == [7, 7]
    assert attached[list(known.columns)].isna().all(axis=None)
    assert known.attach(bare.head(0)).columns.tolist() == [*bare.columns, *known.columns]


def test_rows_that_could_not_be_left_out_are_not_let_in() -> None:
    made = {"track_id": "local:0123456789abcdef"}  # earmark's own id of a row without a title: another for other values
    rows = [song("Abba", None, 1, tempo=np.nan, **made), song("Abba", None, 2, valence=np.nan), song("Abba", "Two", 3)]
    known = table(*rows)
    attached = ArtistProfiles.build(judged=known).attach(known)
    assert attached["artist_energy_mean"].notna().tolist() == [True, True, False]
    assert attached["artist_energy_mean"][0] == pytest.approx(known["energy"][2], abs=1e-5)


def test_a_track_of_several_rows_has_the_first_values_known() -> None:
    loudness = [np.nan, -8.0, -12.0, -20.0]
    rows = [song("Abba", "One", at, loudness=value) for at, value in enumerate(loudness)]
    catalogue, more, judged = table(*rows[:2]), table(rows[2]), table(rows[3], song("Abba", "New", 9))
    attached = ArtistProfiles.build(catalogue=catalogue, library=more, judged=judged).attach(judged)
    assert attached["artist_loudness_mean"].tolist() == pytest.approx([judged["loudness"][1], -8], abs=1e-2)
    assert attached["artist_energy_mean"][1] == pytest.approx(rows[0]["energy"], abs=1e-5)


def test_hidden_profiles_look_like_unknown_artists() -> None:
    known = table(song("Abba", "One", 1), song("Abba", "Two", 2))
    attached = ArtistProfiles.build(catalogue=known).attach(known)
    hidden = without_context(attached)
    assert covered(attached).mean() == 1
    assert covered(hidden).mean() == 0
    assert hidden.columns.tolist() == attached.columns.tolist()
    pd.testing.assert_frame_equal(hidden[known.columns.tolist()], known)


def test_attaching_twice_changes_nothing() -> None:
    known = table(song("Abba", "One", 1), song("Abba", "Two", 2), song("Björk", "Three", 3))
    profiles = ArtistProfiles.build(judged=known)
    once = profiles.attach(known)
    pd.testing.assert_frame_equal(profiles.attach(once), once)
    assert known.columns.tolist() == table(song("Abba", "One", 1)).columns.tolist()
