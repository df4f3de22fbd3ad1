"""The contract of every family and baseline, run over the registry: a new file is tested the moment it exists."""

import inspect
import json
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.estimator_checks import parametrize_with_checks

from features.errors import RankerFormatError
from features.schema import AUDIO_FEATURES
from features.state import State
from models import registry
from models.estimators import _template
from models.estimators.boosted_trees import BoostedTrees
from models.fitted import FittedModel, fit_model
from models.held_out import area_under_curve
from models.space import Choice, ParameterPath, defaults, path_of
from models.spec import ModelSpec, Pathwise

SPECS = [*registry.families(), *registry.baselines(), _template.SPEC]  # the template keeps its own promise
EVERY = pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)

QUICK = {"boosted_trees": {"n_estimators": 20}, "dense": {"epochs": 2}, "historic_dense": {"epochs": 2}}
"""Enough to run the machinery; what is learned is tested with the defaults."""


@dataclass(frozen=True)
class Toy:
    tracks: pd.DataFrame
    y: npt.NDArray[np.int64]
    groups: npt.NDArray[np.int64]


def toy(n: int = 300, seed: int = 0) -> Toy:
    """Liked where danceable: a ranking that is known. One value in ten is missing in the other columns."""
    generator = np.random.default_rng(seed)
    tracks = pd.DataFrame({name: generator.random(n) for name in AUDIO_FEATURES})
    tracks["key"] = generator.integers(0, 12, n).astype(float)
    y = (tracks["danceability"] > 0.5).to_numpy().astype(np.int64)
    others = tracks.columns != "danceability"
    tracks.loc[:, others] = tracks.loc[:, others].mask(generator.random((n, 12)) < 0.1)
    return Toy(tracks, y, generator.integers(0, n // 4, n))


@lru_cache
def quick(name: str) -> FittedModel:
    rows = toy()
    spec = next(spec for spec in SPECS if spec.name == name)
    return fit_model(spec, QUICK.get(name, {}), 0, rows.tracks, rows.y, rows.groups)


@EVERY
def test_defaults_lie_in_the_space_and_in_the_constructor(spec: ModelSpec) -> None:
    parameters = inspect.signature(spec.estimator).parameters
    assert "random_state" in parameters
    for name, dimension in spec.space.items():
        if isinstance(dimension, Choice):
            assert dimension.default in dimension.options
            assert len(set(dimension.options)) == len(dimension.options)
        elif isinstance(dimension, ParameterPath):
            assert dimension.default in dimension.steps
            assert list(dimension.steps) == sorted(set(dimension.steps))
        else:
            assert dimension.low <= dimension.default <= dimension.high
            assert not dimension.log or dimension.low > 0
        assert parameters[name].default == dimension.default, f"{name}: the constructor's default is not the space's"


@EVERY
def test_a_path_is_what_fits_with_each_of_its_steps_would_say(spec: ModelSpec) -> None:
    rows, asked = toy(), toy(150, seed=1).tracks
    path = path_of(spec.space, {})
    assert isinstance(quick(spec.name).estimator, Pathwise) == (path is not None)
    if path is None:
        return
    assert sum(isinstance(dimension, ParameterPath) for dimension in spec.space.values()) == 1
    name, steps = path[0], path[1].steps
    last = fit_model(spec, {name: steps[-1]}, 0, rows.tracks, rows.y, rows.groups)
    told = last.along(asked, steps)
    assert told.shape == (len(steps), len(asked))
    for step, like in zip(steps, told, strict=True):
        read_off = last.at(step)
        assert read_off.estimator.get_state().settings["params"][name] == step
        np.testing.assert_allclose(read_off.predict(asked), like, rtol=0, atol=2e-6)
    fitted = fit_model(spec, {name: steps[1]}, 0, rows.tracks, rows.y, rows.groups)
    np.testing.assert_allclose(fitted.predict(asked), told[1], rtol=0, atol=2e-6)
    np.testing.assert_allclose(last.predict(asked), told[-1], rtol=0, atol=2e-6)


@EVERY
def test_space_is_for_families_and_reference_for_all(spec: ModelSpec) -> None:
    assert bool(spec.space) == (spec.role == "family")
    assert spec.reference
    assert spec.title


@EVERY
def test_build_stores_and_clones(spec: ModelSpec) -> None:
    estimator = spec.build(defaults(spec.space), seed=7)
    assert estimator.get_params()["random_state"] == 7
    assert clone(estimator).get_params() == estimator.get_params()
    with pytest.raises(NotFittedError):
        estimator.predict_proba(np.zeros((2, 14)))
    with pytest.raises(NotFittedError):
        estimator.get_state()


@EVERY
def test_probabilities_of_both_classes(spec: ModelSpec) -> None:
    model, rows = quick(spec.name), toy()
    inputs = model.preparation.transform(rows.tracks)
    both = model.estimator.predict_proba(inputs)
    assert both.shape == (300, 2)
    assert np.allclose(both.sum(axis=1), 1)
    assert ((both >= 0) & (both <= 1)).all()
    assert model.estimator.classes_.tolist() == [0, 1]
    assert np.array_equal(model.predict(rows.tracks), both[:, 1])


@EVERY
def test_state_predicts_the_same_bits_after_a_round_trip(spec: ModelSpec) -> None:
    model, unseen = quick(spec.name), toy(seed=1).tracks
    state = model.get_state()
    travelled = State(
        json.loads(json.dumps(state.settings, allow_nan=False)),
        {name: array.copy() for name, array in state.arrays.items()},
        dict(state.blobs),
    )
    restored = FittedModel.from_state(spec, travelled)
    assert np.array_equal(restored.predict(unseen), model.predict(unseen))
    assert restored.estimator.get_params() == model.estimator.get_params()
    again = restored.get_state()
    assert again.settings == state.settings
    assert again.blobs == state.blobs


@EVERY
def test_state_holds_plain_arrays_only(spec: ModelSpec) -> None:
    for name, array in quick(spec.name).get_state().arrays.items():
        assert array.dtype.kind in "fiub", name


@EVERY
def test_equal_seeds_give_equal_predictions(spec: ModelSpec) -> None:
    rows = toy()
    first = quick(spec.name).predict(rows.tracks)
    again = fit_model(spec, QUICK.get(spec.name, {}), 0, rows.tracks, rows.y, rows.groups)
    assert np.array_equal(again.predict(rows.tracks), first)


@EVERY
def test_rows_do_not_influence_each_other(spec: ModelSpec) -> None:
    model, tracks = quick(spec.name), toy(seed=2).tracks
    order = np.random.default_rng(0).permutation(len(tracks))
    whole = model.predict(tracks)
    assert np.allclose(model.predict(tracks.iloc[order]), whole[order], rtol=0, atol=1e-12)
    assert np.allclose(model.predict(tracks.iloc[:1]), whole[:1], rtol=0, atol=1e-12)


@EVERY
def test_missing_values_and_columns_are_taken(spec: ModelSpec) -> None:
    model = quick(spec.name)
    nothing_known = toy(5).tracks * np.nan
    like = model.predict(nothing_known)
    assert np.isfinite(like).all()
    assert np.allclose(like, like[0])
    assert np.array_equal(model.predict(nothing_known[["track_id"] * 0]), like)
    assert model.predict(nothing_known.iloc[:0]).shape == (0,)


@EVERY
def test_state_of_another_model_is_refused(spec: ModelSpec) -> None:
    other = "tree" if spec.name not in {"tree", "untuned_tree"} else "majority"
    with pytest.raises(RankerFormatError):
        FittedModel.from_state(spec, quick(other).get_state())


@EVERY
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("estimator/params", {"learning_rate": 3}),
        ("estimator/params", None),
        ("estimator/classes", [0]),
        ("estimator/classes", [0, "1"]),
        ("estimator/n_inputs", "14"),
        ("estimator/n_inputs", True),
        ("estimator/n_inputs", 10**12),
    ],
)
def test_tampered_settings_are_refused(spec: ModelSpec, name: str, value: object) -> None:
    state = quick(spec.name).get_state()
    with pytest.raises(RankerFormatError):
        FittedModel.from_state(spec, State({**state.settings, name: value}, state.arrays, state.blobs))


@EVERY
def test_every_array_is_needed_and_checked(spec: ModelSpec) -> None:
    state = quick(spec.name).get_state()
    for name, array in state.arrays.items():
        rest = {other: value for other, value in state.arrays.items() if other != name}
        wrong = [rest, {**rest, name: array[:-1]}, {**rest, name: array.astype("U8")}]
        if array.dtype.kind == "f" and array.size:
            broken = array.copy()
            broken.flat[-1] = np.nan
            wrong.append({**rest, name: broken})
        for arrays in wrong if array.size else wrong[:1]:
            with pytest.raises(RankerFormatError):
                FittedModel.from_state(spec, State(state.settings, arrays, state.blobs))


DEAF = ("majority", "artist_mean")
LEARNERS = [spec for spec in SPECS if spec.name not in DEAF]


@pytest.mark.parametrize("spec", LEARNERS, ids=lambda spec: spec.name)
def test_a_known_ranking_is_learned_with_the_defaults(spec: ModelSpec) -> None:
    train, unseen = toy(400), toy(400, seed=1)
    like = fit_model(spec, {}, 0, train.tracks, train.y, train.groups).predict(unseen.tracks)
    assert area_under_curve(like, unseen.y == 1) > 0.97


LIGHT = ("majority", "artist_mean", "tree", "untuned_tree", "boosted_trees")
CHECKED = [registry.spec(name).build(QUICK.get(name, {}), 0) for name in LIGHT]  # the dense one: in test_dense.py


RELATIVE = "rows are drawn at random: one of weight 2 is not two rows"


@parametrize_with_checks(
    CHECKED,
    expected_failed_checks=lambda estimator: (
        {"check_sample_weight_equivalence_on_dense_data": RELATIVE} if isinstance(estimator, BoostedTrees) else {}
    ),
)
def test_scikit_learns_own_checks(estimator: object, check: object) -> None:
    check(estimator)  # type: ignore[operator]
