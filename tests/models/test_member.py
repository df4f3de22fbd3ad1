"""Members of an ensemble: scored block by block and side by side, yet as if each model were asked by itself."""

import numpy as np
import pandas as pd
import pytest

from features.columns import AUDIO_FEATURES
from models import member as scoring
from models.calibration import IdentityCalibration, PlattCalibration
from models.fitted import FittedModel, fit_model
from models.member import Member, predictions
from models.ranker import Ranker
from models.ranker_folder import load
from models.registry import spec
from models.space import Value

QUICK: dict[str, dict[str, Value]] = {
    "tree": {},
    "extra_trees": {"min_samples_leaf": 4},
    "boosted_trees": {"n_estimators": 100},
    "additive": {"products": "straight"},
    "symmetric_trees": {"iterations": 100},
}


def input_rows(n: int, seed: int) -> pd.DataFrame:
    generator = np.random.default_rng(seed)
    inputs = pd.DataFrame({name: generator.random(n) for name in AUDIO_FEATURES})
    inputs["key"] = generator.integers(-1, 12, n).astype(float)
    inputs["popularity"] = generator.integers(0, 100, n).astype(float)
    return inputs.mask(generator.random(inputs.shape) < 0.02)


def fitted(family: str, fold: int) -> FittedModel:
    rows = input_rows(150, fold)
    liked = np.nan_to_num(rows["energy"]) + 0.3 * np.random.default_rng(fold).normal(size=len(rows)) > 0.5
    return fit_model(spec(family), QUICK[family], fold, rows, liked.astype(int))


@pytest.fixture(scope="module")
def members() -> tuple[Member, ...]:
    calibrations = (PlattCalibration(0.8, 0.1), IdentityCalibration())
    return tuple(
        Member(tuple(fitted(family, fold) for fold in range(3)), calibrations[place % 2], 1 / len(QUICK))
        for place, family in enumerate(QUICK)
    )


def plain(member: Member, inputs: pd.DataFrame) -> np.ndarray:
    """Each model asked by itself about all rows at once, and averaged."""
    return member.calibration.apply(np.mean([model.predict(inputs) for model in member.models], axis=0))


@pytest.mark.parametrize("n_tracks", [1, 7, 799, 2100])
def test_blocks_and_threads_change_nothing(
    members: tuple[Member, ...], n_tracks: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scoring, "MOST_ROWS", 400)
    monkeypatch.setattr(scoring, "_cores", lambda: 2)
    inputs = input_rows(n_tracks, 99).set_index(pd.Index([5] * n_tracks))  # a label is not a place
    expected = np.array([plain(member, inputs) for member in members])
    assert np.allclose(predictions(members, inputs), expected, rtol=0, atol=1e-9)
    assert np.allclose([member.predict(inputs) for member in members], expected, rtol=0, atol=1e-9)


def test_rows_that_are_prepared_alike_are_prepared_once(
    members: tuple[Member, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    of_trees = spec("extra_trees").preparation
    assert of_trees is spec("symmetric_trees").preparation
    calls: list[int] = []
    transform = of_trees.transform

    def counted(self: object, tracks: pd.DataFrame) -> np.ndarray:
        calls.append(len(tracks))
        return transform(self, tracks)  # type: ignore[arg-type]

    monkeypatch.setattr(of_trees, "transform", counted)
    predictions(members, input_rows(20, 0))
    assert calls == [20]


def test_a_key_tells_preparations_apart() -> None:
    additive, again, other = fitted("additive", 0), fitted("additive", 0), fitted("additive", 1)
    pairs = fitted("boosted_trees", 0)
    assert additive.preparation_key == again.preparation_key
    assert len({model.preparation_key for model in (additive, other, pairs)}) == 3
    travelled = FittedModel.from_state(spec("additive"), additive.get_state())
    assert travelled.preparation_key == additive.preparation_key


def test_a_ranker_says_what_its_models_say_saved_or_not(
    demo_ranker: Ranker, demo_candidates: pd.DataFrame, tmp_path: object
) -> None:
    inputs = demo_ranker.inputs(demo_candidates)
    expected = sum(member.weight * plain(member, inputs) for member in demo_ranker.members)
    again = load(demo_ranker.save(f"{tmp_path}/ranker"))
    for ranker in (demo_ranker, again):
        weights = np.array([member.weight for member in ranker.members])
        assert np.allclose(weights @ predictions(ranker.members, inputs), expected, rtol=0, atol=1e-9)
    assert np.array_equal(again.predict_proba(demo_candidates), demo_ranker.predict_proba(demo_candidates))
