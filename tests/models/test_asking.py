"""What the listener is asked next: undecided music, not twice the same, whatever order the candidates come in."""

import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.columns import AUDIO_FEATURES
from features.errors import InputError
from features.inputs import input_table
from models.asking import DISAGREE, EITHER_WAY, TYPICAL, UNLIKE, ask, most_informative, standardised, undecided
from models.calibration import PlattCalibration
from models.doubt import LEAST_WEIGHT, NOISE, REACH
from models.member import predictions
from models.ranker import Ranker
from models.ranking import LABELS, LIKES_ONLY

few = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def clouds(sizes: list[int], seed: int = 0, spread: float = 0.3) -> tuple[np.ndarray, np.ndarray]:
    """Tracks in clouds far apart from each other, and each one's cloud."""
    rng = np.random.default_rng(seed)
    cloud = np.repeat(np.arange(len(sizes)), sizes)
    return 4.0 * np.eye(len(sizes))[cloud] + spread * rng.normal(size=(len(cloud), len(sizes))), cloud


def kernel(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    distance = ((a[:, None] - b[None]) ** 2).mean(axis=2)
    return np.exp(-distance / (2 * REACH**2))


def by_the_book(uncertainty: np.ndarray, features: np.ndarray, n: int, judged: np.ndarray) -> list[int]:
    """The candidate whose answer leaves the least weighted variance, each step with a whole new Gaussian process."""
    weight = np.maximum(uncertainty, LEAST_WEIGHT)
    chosen: list[int] = []
    for _ in range(n):
        left = {}
        for candidate in set(range(len(features))) - set(chosen):
            known = np.vstack([judged, features[[*chosen, candidate]]])
            gain = np.linalg.solve(kernel(known, known) + NOISE * np.eye(len(known)), kernel(known, features))
            variance = 1 - (kernel(known, features) * gain).sum(axis=0)
            left[candidate] = weight @ variance
        chosen.append(min(left, key=lambda place: left[place]))
    return chosen


@few
@given(st.integers(0, 10_000), st.integers(0, 6))
def test_it_leaves_the_least_doubt_about_what_is_undecided(seed: int, n_judged: int) -> None:
    rng = np.random.default_rng(seed)
    features, uncertainty, judged = rng.normal(size=(25, 3)), rng.random(25), rng.normal(size=(n_judged, 3))
    found = most_informative(uncertainty, features, 5, judged=judged)
    assert found.tolist() == by_the_book(uncertainty, features, 5, judged)


@few
@given(st.integers(0, 10_000), st.randoms(use_true_random=False))
def test_the_order_of_candidates_does_not_matter(seed: int, random: object) -> None:
    rng = np.random.default_rng(seed)
    features, uncertainty = rng.normal(size=(60, 4)).round(1), rng.random(60).round(1)
    features[rng.random(features.shape) < 0.1] = np.nan
    order = list(range(60))
    random.shuffle(order)  # type: ignore[attr-defined]
    straight = most_informative(uncertainty, features, 12)
    mixed = np.array(order)[most_informative(uncertainty[order], features[order], 12)]
    assert np.array_equal(features[straight], features[mixed], equal_nan=True)
    assert np.array_equal(uncertainty[straight], uncertainty[mixed])


def test_a_batch_asks_about_undecided_music_of_every_kind() -> None:
    features, cloud = clouds([40, 40, 40])
    uncertainty = np.array([0.9, 0.9, 0.05])[cloud]
    first_two = cloud[most_informative(uncertainty, features, 2)]
    assert sorted(first_two) == [0, 1]


def test_an_outlier_tells_of_nothing_else() -> None:
    features, _ = clouds([60])
    features = np.vstack([features, [[9.0]]])
    uncertainty = np.append(np.full(60, 0.5), 1.0)
    assert 60 not in most_informative(uncertainty, features, 3)


def test_what_was_judged_is_not_asked_again() -> None:
    features, cloud = clouds([40, 30])
    undecided_all = np.ones(70)
    assert cloud[most_informative(undecided_all, features, 1)][0] == 0
    judged = features[cloud == 0][:20]
    assert cloud[most_informative(undecided_all, features, 1, judged=judged)][0] == 1
    one_for_many = most_informative(undecided_all, features, 1, judged=judged[:1], answers_each=20)
    assert cloud[one_for_many][0] == 1


def test_tracks_of_which_nothing_is_known_are_not_taken_for_the_average_track() -> None:
    features = np.random.default_rng(0).normal(size=(200, 4))
    features[5:60] = np.nan
    found = most_informative(np.ones(200), features, 200)
    assert sorted(found) == list(range(200))
    assert not set(found[:40]) & set(range(5, 60))
    nothing = most_informative(np.array([0.2, 0.9, 0.4]), np.full((3, 2), np.nan), 3)
    assert sorted(nothing) == [0, 1, 2]


def test_where_all_is_decided_it_covers() -> None:
    features, cloud = clouds([30, 30])
    assert sorted(cloud[most_informative(np.zeros(60), features, 2)]) == [0, 1]


def test_no_more_are_asked_about_than_there_are() -> None:
    assert len(most_informative(np.empty(0), np.empty((0, 3)), 5)) == 0
    assert sorted(most_informative(np.ones(3), np.eye(3), 50)) == [0, 1, 2]
    assert sorted(most_informative(np.ones(3), np.empty((3, 0)), 2)) == [0, 1]  # nothing tells them apart


def test_undecided_is_half_way() -> None:
    assert undecided(np.array([0.0, 0.25, 0.5, 1.0])).tolist() == [0.0, 0.5, 1.0, 0.0]


def test_tracks_lie_on_the_candidates_scale() -> None:
    candidates = pd.DataFrame({name: np.linspace(0.1, 0.9, 40) for name in AUDIO_FEATURES})
    candidates = candidates.assign(key=np.arange(40) % 12, mode=1.0, energy=np.nan)
    inputs = input_table(candidates)
    features, judged = standardised(inputs, inputs.tail(1))
    assert features.shape == (40, 12)  # thirteen without mode and energy, but the key makes two
    assert features[:, :-2].mean(axis=0) == pytest.approx(np.zeros(10), abs=0.05)
    assert features[:, :-2].std(axis=0) == pytest.approx(np.ones(10), abs=0.05)
    assert np.array_equal(judged[0], features[-1])


@settings(few, max_examples=4)
@given(st.randoms(use_true_random=False))
def test_a_ranker_asks_about_the_same_tracks_in_any_order(
    demo_ranker: Ranker, demo_candidates: pd.DataFrame, random: object
) -> None:
    order = list(range(len(demo_candidates)))
    random.shuffle(order)  # type: ignore[attr-defined]
    straight = ask(demo_ranker, demo_candidates, 10)
    mixed = ask(demo_ranker, demo_candidates.iloc[order], 10)
    assert np.array_equal(np.array(order)[mixed.positions], straight.positions)
    assert np.array_equal(mixed.uncertainty, straight.uncertainty)
    assert mixed.why == straight.why


def test_it_asks_about_undecided_tracks(demo_ranker: Ranker, demo_candidates: pd.DataFrame) -> None:
    asked = ask(demo_ranker, demo_candidates, 20)
    everyone = undecided(demo_ranker.predict_proba(demo_candidates))
    assert asked.uncertainty == pytest.approx(everyone[asked.positions], abs=1e-5)
    assert asked.uncertainty.mean() > everyone.mean()
    assert set(asked.why) <= {DISAGREE, EITHER_WAY, UNLIKE, TYPICAL}
    assert len(asked.why) == len(set(asked.positions)) == 20


def test_known_and_excluded_tracks_are_never_asked_about(demo_ranker: Ranker, demo_candidates: pd.DataFrame) -> None:
    known = demo_ranker.known.flags(demo_candidates)
    assert known.any()
    exclude = np.arange(len(demo_candidates)) % 3 == 0
    asked = ask(demo_ranker, demo_candidates, 10_000, exclude=exclude)
    assert set(asked.positions) <= set(np.flatnonzero(~known & ~exclude))
    assert len(asked.positions) == len(set(asked.positions)) > 100


def test_a_song_that_was_judged_since_or_passed_over_is_not_asked_about_under_another_id(
    demo_ranker: Ranker, demo_candidates: pd.DataFrame
) -> None:
    new = demo_candidates[~demo_ranker.known.flags(demo_candidates)].head(30).reset_index(drop=True)
    again = new.assign(track_id=new["track_id"].str[::-1])
    tracks = pd.concat([new, again], ignore_index=True)
    passed_over = np.arange(60) < 10
    asked = ask(demo_ranker, tracks, 60, exclude=passed_over, judged=again.iloc[10:15])
    assert sorted(asked.positions % 30) == list(range(15, 30))


def test_nothing_is_asked_where_nothing_is_left(demo_ranker: Ranker, demo_candidates: pd.DataFrame) -> None:
    nobody = np.ones(len(demo_candidates), dtype=bool)
    judged = demo_candidates[demo_ranker.known.flags(demo_candidates)]
    for asked in (
        ask(demo_ranker, demo_candidates, 5, exclude=nobody),
        ask(demo_ranker, judged, 5),
        ask(demo_ranker, demo_candidates.head(0), 5),
    ):
        assert (len(asked.positions), len(asked.uncertainty), asked.why) == (0, 0, ())


def test_one_song_is_asked_about_once(demo_ranker: Ranker, demo_candidates: pd.DataFrame) -> None:
    new = demo_candidates[~demo_ranker.known.flags(demo_candidates)].head(30).reset_index(drop=True)
    other_name = new.assign(track_name=new["track_name"] + " again", track_id=new["track_id"].str[::-1])
    other_sound = new.assign(energy=1 - new["energy"], track_id=new["track_id"].str[::-1] + "x")
    tracks = pd.concat([new, other_name, other_sound], ignore_index=True)
    asked = ask(demo_ranker, tracks, 90)
    assert sorted(asked.positions % 30) == list(range(30))


def test_what_was_judged_changes_what_is_asked(
    demo_ranker: Ranker, demo_candidates: pd.DataFrame, demo_tracks: pd.DataFrame
) -> None:
    alone, told = ask(demo_ranker, demo_candidates, 20), ask(demo_ranker, demo_candidates, 20, judged=demo_tracks)
    assert set(alone.positions) != set(told.positions)
    nobody = ask(demo_ranker, demo_candidates, 20, judged=demo_tracks.head(0))
    assert set(nobody.positions) != set(told.positions)


def test_a_ranker_that_knows_likes_only_goes_by_its_order(demo_ranker: Ranker, demo_candidates: pd.DataFrame) -> None:
    likes = replace(demo_ranker, info={**demo_ranker.info, LABELS: LIKES_ONLY})
    bold = replace(likes, calibration=PlattCalibration(1.0, 3.0))
    asked = ask(likes, demo_candidates, 15)
    assert np.array_equal(asked.positions, ask(bold, demo_candidates, 15).positions)
    share = pd.Series(demo_ranker.predict_proba(demo_candidates)).rank(pct=True).to_numpy()[asked.positions]
    assert asked.uncertainty == pytest.approx(undecided(share), abs=0.01)


def test_predictions_at_hand_are_not_made_again(demo_ranker: Ranker, demo_candidates: pd.DataFrame) -> None:
    said = predictions(demo_ranker.members, demo_ranker.inputs(demo_candidates))
    given_them = ask(demo_ranker, demo_candidates, 12, member_probability=said)
    assert np.array_equal(given_them.positions, ask(demo_ranker, demo_candidates, 12).positions)
    sure = ask(demo_ranker, demo_candidates, 12, member_probability=np.zeros_like(said))
    assert sure.uncertainty.max() < 0.5


def test_models_that_disagree_are_the_reason(demo_ranker: Ranker, demo_candidates: pd.DataFrame) -> None:
    twice = replace(demo_ranker, members=(replace(demo_ranker.members[0], weight=0.5),) * 2)
    said = np.full((2, len(demo_candidates)), 0.5)
    new = np.flatnonzero(~demo_ranker.known.flags(demo_candidates))
    odd = new[::10]
    said[0, odd], said[1, odd] = 0.1, 0.9
    asked = ask(twice, demo_candidates, 300, member_probability=said)
    reasons = dict(zip(asked.positions, asked.why, strict=True))
    assert sum(reasons[row] == DISAGREE for row in odd if row in reasons) > len(odd) / 2


def test_ten_thousand_candidates_take_no_time(demo_ranker: Ranker) -> None:
    rng = np.random.default_rng(0)
    tracks = pd.DataFrame({name: rng.random(10_000) for name in AUDIO_FEATURES})
    said = rng.random((len(demo_ranker.members), 10_000))
    started = time.process_time()
    asked = ask(demo_ranker, tracks, 50, member_probability=said)
    assert time.process_time() - started < 2  # a quarter of a second on a machine that does nothing else
    assert len(set(asked.positions)) == 50


def test_what_cannot_be_asked_is_refused(demo_ranker: Ranker, demo_candidates: pd.DataFrame) -> None:
    with pytest.raises(InputError, match="at least one track"):
        ask(demo_ranker, demo_candidates, 0)
    with pytest.raises(InputError, match="none of the audio features"):
        ask(demo_ranker, demo_candidates[["track_id", "track_name"]], 3)
    with pytest.raises(ValueError, match="exclude must have shape"):
        ask(demo_ranker, demo_candidates, 3, exclude=np.zeros(2, dtype=bool))


def test_asking_needs_no_learner() -> None:
    code = "import sys, models.asking; print(sorted({'tensorflow', 'mlflow', 'optuna', 'catboost'} & set(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
