"""A fitted model: both parts together, and never TensorFlow where it only predicts."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from features.errors import InputError, RankerFormatError
from features.schema import AUDIO_FEATURES
from features.state import State
from models.fitted import FittedModel, fit_model
from models.registry import spec


def rows(n: int = 80) -> tuple[pd.DataFrame, np.ndarray]:
    generator = np.random.default_rng(0)
    tracks = pd.DataFrame({name: generator.random(n) for name in AUDIO_FEATURES})
    return tracks, (tracks["energy"] > 0.5).to_numpy().astype(int)


@pytest.mark.parametrize("label", [0, 1])
def test_one_class_is_an_input_error(label: int) -> None:
    tracks, y = rows()
    with pytest.raises(InputError, match=rf"hold \[{label}\] only"):
        fit_model(spec("tree"), {}, 0, tracks, np.full_like(y, label))


def test_left_out_parameters_keep_the_familys_defaults() -> None:
    tracks, y = rows()
    model = fit_model(spec("tree"), {"max_depth": 3}, 9, tracks, y)
    assert model.estimator.get_params()["max_depth"] == 3
    assert model.estimator.get_params()["shrinkage"] == spec("tree").space["shrinkage"].default
    assert model.estimator.get_params()["random_state"] == 9


def test_state_keeps_the_parts_apart() -> None:
    tracks, y = rows()
    state = fit_model(spec("boosted_trees"), {"n_estimators": 50}, 0, tracks, y).get_state()
    names = [*state.settings, *state.arrays, *state.blobs]
    assert {name.split("/")[0] for name in names} == {"preparation", "estimator"}
    with pytest.raises(RankerFormatError):
        FittedModel.from_state(spec("boosted_trees"), State())


def test_a_dense_model_predicts_without_tensorflow() -> None:
    code = """
import sys
import numpy as np, pandas as pd
from features.preprocessing import DenseInputs
from features.schema import AUDIO_FEATURES
from models.estimators.dense import DenseNetworks, SharedNetwork
from models.piecewise import PiecewiseLinear
tracks = pd.DataFrame({name: np.random.default_rng(0).random(30) for name in AUDIO_FEATURES})
X = DenseInputs().fit(tracks).transform(tracks)
model = DenseNetworks()
model.classes_, model.n_features_in_ = np.array([0, 1]), X.shape[1]
model.bins_ = PiecewiseLinear.fitted(X, 4)
network = SharedNetwork(X.shape[1], 33, 8, 2, 128, 8, 0.1)
model.weights_ = tuple(network.initial(np.random.default_rng(0)))
again = DenseNetworks.from_state(model.get_state())
assert np.array_equal(again.predict_proba(X), model.predict_proba(X))
heavy = {'tensorflow', 'keras', 'xgboost', 'mlflow', 'sklearn.tree'} & set(sys.modules)
assert not heavy, heavy
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
