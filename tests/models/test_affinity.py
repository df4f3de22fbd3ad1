"""What labels say of artists: familiar ones are served, new ones lose nothing, no label foretells itself."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

from features.errors import RankerFormatError
from models.affinity import ArtistAffinity, fit_affinity
from models.calibration_choice import label_weights

N_ARTISTS, N_EACH = 150, 5


def listener(effect: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels, the log-odds an ensemble sees, and artist keys; artists add a normal effect that no ensemble sees."""
    rng = np.random.default_rng(seed)
    artist = np.repeat(np.arange(1, N_ARTISTS + 1), N_EACH).astype(np.uint64)
    seen = rng.normal(0, 1, len(artist))
    hidden = effect * rng.normal(0, 1, N_ARTISTS)[artist.astype(int) - 1]
    return (rng.random(len(artist)) < expit(seen + hidden)).astype(np.int64), seen, artist


def songs(n: int) -> np.ndarray:
    return np.arange(n)


def loss(y: np.ndarray, log_odds: np.ndarray) -> float:
    return float(np.mean(np.logaddexp(0, np.where(y == 1, -log_odds, log_odds))))


def test_fresh_tracks_of_familiar_artists_are_foretold_better() -> None:
    y, seen, artist = listener(2.0)
    fresh = songs(len(y)) % N_EACH == 0
    heard = fit_affinity(y[~fresh], seen[~fresh], artist[~fresh], songs(int((~fresh).sum())))
    shifted = seen[fresh] + heard.affinity.shift(seen[fresh], artist[fresh])
    assert heard.gain > 0.05
    assert loss(y[fresh], shifted) < loss(y[fresh], seen[fresh]) - 0.03


def test_new_artists_are_not_shifted_at_all() -> None:
    y, seen, artist = listener(2.0)
    affinity = fit_affinity(y, seen, artist, songs(len(y))).affinity
    assert affinity.coefficients.any()
    new = np.array([0, 10_000, 2**63], dtype=np.uint64)
    assert affinity.shift(np.array([0.3, -1.0, 2.0]), new).tolist() == [0.0, 0.0, 0.0]
    assert not affinity.familiar(new).any()


@pytest.mark.parametrize("seed", range(6))
def test_artists_that_do_not_matter_are_left_alone(seed: int) -> None:
    y, seen, artist = listener(0.0, seed)
    heard = fit_affinity(y, seen, artist, songs(len(y)))
    assert np.abs(heard.shift).max() < 0.6  # nothing, or next to nothing where luck passed the guard
    assert heard.gain < 0.01


def test_a_rows_own_label_has_no_part_in_its_shift() -> None:
    """With the coefficients of the rest held: turning a label moves its neighbours, never itself."""
    y, seen, artist = listener(2.0)
    before = fit_affinity(y, seen, artist, songs(len(y)))
    turned = y.copy()
    turned[7] = 1 - turned[7]
    after = fit_affinity(turned, seen, artist, songs(len(y)))
    neighbours = np.flatnonzero((artist == artist[7]) & (songs(len(y)) != 7))
    assert np.abs(after.shift[neighbours] - before.shift[neighbours]).min() > 0.05
    # its own moves only as far as the nested coefficients do, which other artists teach
    assert after.shift[7] == pytest.approx(before.shift[7], abs=0.02)


def test_versions_of_one_song_do_not_vouch_for_each_other() -> None:
    y, seen, artist = listener(2.0)
    song = np.repeat(np.arange(N_ARTISTS), N_EACH)  # every artist has one song in five versions
    heard = fit_affinity(y, seen, artist, song)
    assert not heard.familiar.any()
    assert not heard.affinity.coefficients.any()


def test_labels_that_are_said_to_be_wrong_hardly_count() -> None:
    y, seen, artist = listener(2.0)
    fresh = songs(len(y)) % N_EACH == 0
    wrong = np.random.default_rng(1).random(len(y)) < 0.4
    told = np.where(wrong, 1 - y, y)[~fresh]
    rows = (told, seen[~fresh], artist[~fresh], songs(len(told)))
    warned = fit_affinity(*rows, sample_weight=np.where(wrong[~fresh], 0.01, 1.0)).affinity
    misled, right = (fit_affinity(labels, *rows[1:]).affinity for labels in (told, y[~fresh]))
    losses = [
        loss(y[fresh], seen[fresh] + heard.shift(seen[fresh], artist[fresh])) for heard in (right, warned, misled)
    ]
    assert losses[1] < losses[2] - 0.02
    assert losses[1] < losses[0] + 0.02


def test_weights_of_one_are_as_none() -> None:
    y, seen, artist = listener(2.0)
    plain = fit_affinity(y, seen, artist, songs(len(y)))
    weighed = fit_affinity(y, seen, artist, songs(len(y)), sample_weight=np.ones(len(y)))
    assert plain.gain == weighed.gain
    assert np.array_equal(plain.shift, weighed.shift)
    assert plain.affinity.get_state().arrays.keys() == weighed.affinity.get_state().arrays.keys()
    for name, values in plain.affinity.get_state().arrays.items():
        assert np.array_equal(values, weighed.affinity.get_state().arrays[name])


@given(seed=st.integers(0, 20))
def test_weights_of_any_size_leave_a_state_that_comes_back(seed: int) -> None:
    y, seen, artist = listener(2.0, seed)
    weight = 10.0 ** np.random.default_rng(seed).uniform(-6, 3, len(y))
    heard = fit_affinity(y, seen, artist, songs(len(y)) // 2, sample_weight=label_weights(y, weight))
    known = np.bincount(artist.astype(int), minlength=N_ARTISTS + 1)[artist.astype(int)] > 2
    assert heard.familiar[known].all(), "whether an artist is familiar is no matter of weights"
    assert np.isfinite(heard.shift).all()
    again = ArtistAffinity.from_state(heard.affinity.get_state())
    assert np.array_equal(again.shift(seen, artist), heard.affinity.shift(seen, artist))


def test_a_few_rows_teach_nothing() -> None:
    y, seen, artist = listener(3.0)
    rows = slice(0, 25)
    heard = fit_affinity(y[rows], seen[rows], artist[rows], songs(25))
    assert not heard.shift.any()
    assert heard.affinity.familiar(artist[rows]).all()  # known, though nothing follows from it


@given(seed=st.integers(0, 1000))
def test_more_likes_of_an_artist_never_lower_a_track(seed: int) -> None:
    y, seen, artist = listener(2.0)
    affinity = fit_affinity(y, seen, artist, songs(len(y))).affinity
    rng = np.random.default_rng(seed)
    likes, skips = rng.integers(0, 9, 2).astype(float)
    s = rng.normal(0, 1.5, 1)
    key = np.array([1], dtype=np.uint64)

    def with_counts(likes: float, skips: float) -> float:
        # every other track foreseen at one half
        residual, variance = likes - (likes + skips) / 2, (likes + skips) / 4
        values = (np.array([number]) for number in (likes, skips, residual, variance))
        known = ArtistAffinity(key, *values, coefficients=affinity.coefficients)
        return float(known.shift(s, key)[0])

    if likes + skips:
        assert with_counts(likes + 1, skips) >= with_counts(likes, skips) >= with_counts(likes, skips + 1)


def test_the_state_comes_back_and_a_bad_one_is_refused() -> None:
    y, seen, artist = listener(2.0)
    affinity = fit_affinity(y, seen, artist, songs(len(y))).affinity
    state = affinity.get_state()
    again = ArtistAffinity.from_state(state)
    assert np.array_equal(again.shift(seen, artist), affinity.shift(seen, artist))
    for name, bad in (
        ("artists", affinity.artists[::-1].copy()),
        ("likes", -1 - affinity.likes),
        ("coefficients", np.zeros(3)),
        ("residuals", np.full(len(affinity.artists), np.nan)),
    ):
        with pytest.raises(RankerFormatError):
            ArtistAffinity.from_state(replace(state, arrays={**state.arrays, name: bad}))
