"""The artist mean tells artists apart as the ranker does, smooths by what the artists tell, and hears nothing."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import betabinom

from features.errors import RankerFormatError
from features.state import State
from models.affinity import ArtistAffinity
from models.estimators.artist_mean import PRIOR_TRACKS, SPEC, ArtistMean, prior_tracks
from models.fitted import FittedModel, fit_model
from models.held_out import area_under_curve
from models.names import Names


def fitted(names: list[str | None], liked: list[int]) -> FittedModel:
    tracks = pd.DataFrame({"artist_name": pd.array(names, dtype="str")})
    return fit_model(SPEC, {}, 0, tracks, np.array(liked))


def asked(model: FittedModel, *names: str | None) -> list[float]:
    return model.predict(pd.DataFrame({"artist_name": pd.array(names, dtype="str")})).tolist()


LOVED_AND_HATED = (["Loved"] * 6 + ["Hated"] * 6 + ["Mixed"] * 4, [1] * 6 + [0] * 6 + [1, 0, 1, 0])


def test_shares_are_smoothed_towards_the_base_rate() -> None:
    """Golden: by hand, with the strength that the likelihood of scipy's own beta-binomial distribution picks."""
    model = fitted(*LOVED_AND_HATED)
    likes, tracks = np.array([6, 0, 2]), np.array([6, 6, 4])
    told = [betabinom.logpmf(likes, tracks, 0.5 * k, 0.5 * k).sum() for k in PRIOR_TRACKS]
    k = PRIOR_TRACKS[int(np.argmax(told))]
    assert prior_tracks(likes.astype(float), tracks.astype(float), 0.5) == k
    shares = [(6 + k / 2) / (6 + k), (k / 2) / (6 + k), 0.5]
    assert asked(model, "Loved", "Hated", "Mixed") == pytest.approx(shares)
    assert 0.8 < shares[0] < 1.0


def test_an_artist_not_met_and_nobody_get_the_base_rate() -> None:
    model = fitted([*LOVED_AND_HATED[0], None, "Various Artists"], [*LOVED_AND_HATED[1], 1, 1])
    assert asked(model, "Somebody New", None, "", "Various Artists") == pytest.approx([10 / 18] * 4)


@pytest.mark.parametrize(
    "written", ["LOVED", "The Loved", "Loved feat. Hated", "Loved; Hated", "Loved, Hated", "Lovéd"]
)
def test_artists_are_told_apart_as_the_ranker_does(written: str) -> None:
    model = fitted(*LOVED_AND_HATED)
    assert asked(model, written) == asked(model, "Loved")
    keys = Names.of(pd.DataFrame({"artist_name": ["Loved", written]})).artists
    affinity = ArtistAffinity(keys[:1], *np.ones((4, 1)), np.zeros(4))
    assert affinity.familiar(keys).all()


def test_artists_that_hardly_differ_are_smoothed_away_and_those_that_do_are_not() -> None:
    rng = np.random.default_rng(0)
    tracks = np.full(400, 10.0)
    alike, apart = rng.binomial(10, 0.4, 400).astype(float), 10.0 * rng.binomial(1, 0.4, 400)
    assert prior_tracks(alike, tracks, 0.4) > 60
    assert prior_tracks(apart, tracks, 0.4) == PRIOR_TRACKS[-1]


def test_the_strength_behind_made_up_artists_is_found() -> None:
    rng = np.random.default_rng(1)
    tracks = rng.integers(2, 20, 3_000)
    likes = rng.binomial(tracks, rng.beta(0.3 * 5, 0.7 * 5, 3_000))
    assert prior_tracks(likes.astype(float), tracks.astype(float), 0.3) == pytest.approx(5.0, rel=0.35)


def test_one_track_of_each_artist_says_nothing_of_how_artists_differ() -> None:
    assert prior_tracks(np.array([1.0, 0.0, 1.0]), np.ones(3), 2 / 3) == PRIOR_TRACKS[0]


def test_it_ranks_familiar_artists_and_guesses_among_new_ones() -> None:
    rng = np.random.default_rng(2)
    taste = rng.beta(1, 1, 80)
    artist = rng.integers(0, 80, 2_000)
    names = [f"Band {number}" for number in artist]
    liked = (rng.random(2_000) < taste[artist]).astype(int)
    model = fitted(names[:1_000], liked[:1_000].tolist())
    familiar = np.array(asked(model, *names[1_000:]))
    judged = liked[1_000:] == 1
    best_possible = area_under_curve(taste[artist[1_000:]], judged)
    assert area_under_curve(familiar, judged) > best_possible - 0.03
    new = asked(model, *(f"Newcomer {number}" for number in artist[1_000:]))
    assert len(set(new)) == 1


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([None, "A", "B", "C", "D"]), st.booleans()), min_size=2, max_size=40))
def test_shares_lie_between_the_artists_own_and_the_base_rate(rows: list[tuple[str | None, bool]]) -> None:
    names, liked = [name for name, _ in rows], [int(like) for _, like in rows]
    if len(set(liked)) < 2:
        return
    model = fitted(names, liked)
    rate = np.mean(liked)
    for name in {name for name in names if name}:
        own = np.mean([like for one, like in zip(names, liked, strict=True) if one == name])
        [share] = asked(model, name)
        assert min(own, rate) - 1e-12 <= share <= max(own, rate) + 1e-12


def test_a_weight_of_two_is_two_rows() -> None:
    X, y = np.array([[1.0], [1.0], [2.0], [2.0], [3.0]]), np.array([1, 0, 1, 1, 0])
    doubled = ArtistMean().fit(np.repeat(X, 2, axis=0), np.repeat(y, 2))
    assert np.allclose(ArtistMean().fit(X, y, sample_weight=np.full(5, 2.0)).share_, doubled.share_)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("estimator/artists", np.array([2.0, 1.0, 3.0])),
        ("estimator/artists", np.array([1.0, 2.0, np.nan])),
        ("estimator/share", np.array([0.5, 0.5, 1.0])),
        ("estimator/share", np.array([0.5, 0.5])),
    ],
)
def test_a_state_that_cannot_be_right_is_refused(name: str, value: np.ndarray) -> None:
    state = fitted(*LOVED_AND_HATED).get_state()
    assert state.arrays["estimator/share"].shape == (3,)
    with pytest.raises(RankerFormatError):
        FittedModel.from_state(SPEC, State(state.settings, {**state.arrays, name: value}, state.blobs))
