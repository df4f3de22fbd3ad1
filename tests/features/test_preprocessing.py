"""Input preparation: what each transformer makes of tracks, and that its state survives and is distrusted."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from features.errors import RankerFormatError
from features.inputs import key_circle
from features.preprocessing import CIRCLE, NUMERIC, DenseInputs, HistoricInputs, PairwiseInputs, TreeInputs
from features.schema import AUDIO_FEATURES
from features.state import State

ALL = (TreeInputs, DenseInputs, PairwiseInputs, HistoricInputs)


def made_up_tracks(n: int = 400, seed: int = 0) -> pd.DataFrame:
    generator = np.random.default_rng(seed)
    table = pd.DataFrame({name: generator.random(n) for name in AUDIO_FEATURES})
    table["key"] = generator.integers(0, 12, n).astype(float)
    table["duration_ms"] = np.exp(generator.normal(12, 0.5, n))
    table["instrumentalness"] = np.where(generator.random(n) < 0.4, 0.0, generator.random(n))
    table["mode"] = generator.integers(0, 2, n).astype(float)
    return table


@pytest.mark.parametrize("kind", ALL)
def test_names_match_columns_and_rows(kind: type) -> None:
    tracks = made_up_tracks()
    tracks.loc[:9, "tempo"] = np.nan
    prepared = clone(kind()).fit(tracks)
    values = prepared.transform(tracks)
    assert values.shape == (400, len(prepared.get_feature_names_out())) == (400, prepared.n_features_out_)
    assert values.dtype == np.float64


@pytest.mark.parametrize("kind", ALL)
def test_unfitted_says_so(kind: type) -> None:
    for call in (lambda: kind().transform(made_up_tracks(3)), lambda: kind().get_state()):
        with pytest.raises(NotFittedError):
            call()


def test_keys_eleven_and_zero_are_neighbours() -> None:
    tracks = made_up_tracks(12)
    tracks["key"] = np.arange(12.0)
    names = PairwiseInputs().fit(tracks).get_feature_names_out().tolist()
    circle = PairwiseInputs().fit(tracks).transform(tracks)[:, [names.index(name) for name in CIRCLE]] / np.sqrt(2)
    steps = np.linalg.norm(circle - np.roll(circle, 1, axis=0), axis=1)
    assert np.allclose(steps, steps[0])
    assert np.allclose(np.linalg.norm(circle, axis=1), 1)


def test_tree_inputs_keep_values_and_missing() -> None:
    tracks = made_up_tracks(6)
    tracks.loc[0, "tempo"] = np.nan
    tracks.loc[1, "loudness"] = np.inf
    tracks.loc[2, "key"] = -1
    values = pd.DataFrame(TreeInputs().fit(tracks).transform(tracks), columns=[*NUMERIC, "key"])
    assert values["energy"].tolist() == tracks["energy"].tolist()
    assert np.isnan(values.loc[0, "tempo"])
    assert np.isnan(values.loc[1, "loudness"])
    assert np.isnan(values.loc[2, "key"])
    assert values.loc[3:, "key"].tolist() == tracks.loc[3:, "key"].tolist()
    assert int(values.isna().sum().sum()) == 3


def test_trees_saved_before_go_on_reading_the_key_as_a_circle() -> None:
    tracks = made_up_tracks(6)
    state = State(settings={"inputs": [*NUMERIC, *CIRCLE]})
    restored = TreeInputs.from_state(state)
    assert restored.get_state().settings == state.settings
    assert restored.n_features_out_ == len(NUMERIC) + 2
    assert np.array_equal(restored.transform(tracks)[:, -2:], key_circle(tracks))


def test_dense_inputs_are_standard_and_keep_order() -> None:
    tracks = made_up_tracks(1600)
    values = DenseInputs().fit(tracks).transform(tracks)
    numeric = values[:, : len(NUMERIC)]
    assert np.allclose(numeric.mean(axis=0), 0, atol=1e-9)
    assert np.allclose(numeric.std(axis=0), 1, atol=1e-9)
    assert np.abs(values).max() < 4
    for position, name in enumerate(NUMERIC):
        assert spearmanr(tracks[name], numeric[:, position]).statistic > 0.999


def test_tied_mass_gets_its_middle_rank() -> None:
    tracks = made_up_tracks(3000)
    column = NUMERIC.index("instrumentalness")
    prepared = DenseInputs().fit(tracks)
    at_zero, just_above = prepared.transform(
        pd.DataFrame({"instrumentalness": [0.0, 1e-9]}),
    )[:, column]
    assert just_above - at_zero > 0.3  # rank 0.2 against 0.4: a jump a straight line from the mass would smear out


def test_indicators_only_for_what_was_missing_in_training() -> None:
    tracks = made_up_tracks()
    tracks.loc[:20, "tempo"] = np.nan
    tracks.loc[5:30, "key"] = np.nan
    tracks["valence"] = np.nan  # never known: an indicator would be constant
    prepared = DenseInputs().fit(tracks)
    names = prepared.get_feature_names_out().tolist()
    assert names[len(NUMERIC) + 2 :] == ["tempo_missing", "key_missing"]
    values = prepared.transform(tracks)
    assert np.isfinite(values).all()
    assert values[:, names.index("tempo_missing")].tolist() == tracks["tempo"].isna().astype(float).tolist()
    assert (values[:21, names.index("tempo")] == 0).all()
    assert (values[:, names.index("valence")] == 0).all()


def test_columns_that_are_missing_together_share_an_indicator() -> None:
    tracks = made_up_tracks(60)
    tracks.loc[tracks.index[:9], ["energy", "valence"]] = np.nan
    tracks.loc[tracks.index[5:20], "tempo"] = np.nan
    prepared = DenseInputs().fit(tracks)
    indicators = [name for name in prepared.get_feature_names_out() if name.endswith("_missing")]
    assert indicators == ["energy_missing", "tempo_missing"]
    apart = tracks.assign(valence=0.5)
    assert np.array_equal(prepared.transform(apart)[:, -2], tracks["energy"].isna())


@pytest.mark.parametrize("kind", ALL)
def test_missing_columns_count_as_missing_values(kind: type) -> None:
    tracks = made_up_tracks()
    prepared = kind().fit(tracks)
    assert np.array_equal(
        prepared.transform(tracks.drop(columns=["tempo", "key", "energy"])),
        prepared.transform(tracks.assign(tempo=np.nan, key=np.nan, energy=np.nan)),
        equal_nan=True,
    )


@pytest.mark.parametrize("kind", [DenseInputs, HistoricInputs])
def test_constant_columns_and_single_rows_are_safe(kind: type) -> None:
    tracks = made_up_tracks().assign(energy=0.3, speechiness=np.nan)
    values = kind().fit(tracks).transform(made_up_tracks(50, seed=1))
    assert np.isfinite(values).all()
    one = tracks.iloc[:1]
    assert np.isfinite(kind().fit(one).transform(tracks)).all()


def test_only_training_rows_are_learned_from() -> None:
    tracks = made_up_tracks()
    prepared = DenseInputs().fit(tracks.iloc[:200])
    before = prepared.transform(tracks)
    tracks.loc[300:, "tempo"] = 1e6
    assert np.array_equal(prepared.transform(tracks)[:300], before[:300])


@settings(max_examples=30, deadline=None)
@given(st.lists(st.one_of(st.floats(-1e12, 1e12), st.just(float("nan"))), min_size=1, max_size=80))
def test_any_numbers_give_finite_ascending_scores(values: list[float]) -> None:
    tracks = pd.DataFrame({"loudness": values})
    prepared = DenseInputs().fit(tracks)
    probe = pd.DataFrame({"loudness": np.linspace(-2e12, 2e12, 101)})
    scores = prepared.transform(probe)[:, NUMERIC.index("loudness")]
    assert np.isfinite(scores).all()
    assert (np.diff(scores) >= 0).all()
    restored = DenseInputs.from_state(prepared.get_state())
    assert np.array_equal(restored.transform(probe), prepared.transform(probe))


@pytest.mark.parametrize("kind", ALL)
def test_state_round_trip_is_exact(kind: type) -> None:
    tracks = made_up_tracks()
    tracks.loc[:20, "tempo"] = np.nan
    prepared = kind().fit(tracks)
    restored = kind.from_state(prepared.get_state())
    assert np.array_equal(restored.transform(tracks), prepared.transform(tracks), equal_nan=True)
    assert restored.get_feature_names_out().tolist() == prepared.get_feature_names_out().tolist()


def tampered(state: State, name: str, value: object) -> State:
    if name in state.settings:
        return State({**state.settings, name: value}, state.arrays)
    return State(state.settings, {**state.arrays, name: value})


BAD = [
    (TreeInputs, "inputs", ["energy"]),
    (TreeInputs, "inputs", "energy"),
    (DenseInputs, "inputs", []),
    (DenseInputs, "missing", np.zeros(3, dtype=bool)),
    (DenseInputs, "missing", np.zeros(13)),
    (DenseInputs, "knots/tempo", np.array([2.0, 1.0])),
    (DenseInputs, "knots/tempo", np.array([[1.0, 2.0]])),
    (DenseInputs, "scores/tempo", np.array([1.0, np.nan])),
    (DenseInputs, "scores/tempo", np.zeros(1)),
    (HistoricInputs, "scale", np.zeros(9)),
    (HistoricInputs, "centre", np.full(9, np.inf)),
    (HistoricInputs, "centre", np.zeros(9, dtype=np.float32)),
]


@pytest.mark.parametrize(("kind", "name", "value"), BAD)
def test_tampered_state_is_refused(kind: type, name: str, value: object) -> None:
    state = kind().fit(made_up_tracks()).get_state()
    with pytest.raises(RankerFormatError):
        kind.from_state(tampered(state, name, value))


@pytest.mark.parametrize("kind", ALL)
def test_empty_state_is_refused(kind: type) -> None:
    with pytest.raises(RankerFormatError):
        kind.from_state(State())


def test_pairs_are_what_their_names_say_to_the_last_bit() -> None:
    """Trees compare with thresholds: a sum that is off by one bit may fall on the other side."""
    tracks = made_up_tracks().assign(popularity=np.arange(400.0))
    tracks.loc[:40, "tempo"] = np.nan
    tracks.loc[30:60, "key"] = -1
    prepared = PairwiseInputs().fit(tracks)
    names = list(prepared.get_feature_names_out())
    made = dict(zip(names, prepared.transform(tracks.iloc[:100]).T, strict=True))
    audio = (*NUMERIC, *CIRCLE)
    assert len(names) == len(audio) * len(audio) + 1  # all, their pairs twice, and the popularity
    for place, left in enumerate(audio):
        for right in audio[place + 1 :]:
            assert np.array_equal(made[f"{left}-{right}"], made[left] - made[right], equal_nan=True)
            assert np.array_equal(made[f"{left}+{right}"], made[left] + made[right], equal_nan=True)
