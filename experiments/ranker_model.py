"""The ranker in MLflow's model registry: logged as a ``pyfunc`` model of a run.

`tracking` hands MLflow over; see there why it is not imported.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from experiments.results import TrainResult
from features.schema import AUDIO_FEATURES

MODEL = "earmark-ranker"
TRACKING_URI = "MLFLOW_TRACKING_URI"
"""The environment variable that overrides where runs are recorded."""

PINNED = ("numpy", "pandas", "scikit-learn", "scipy", "xgboost-cpu", "xgboost", "mlflow")
"""Packages a loaded ranker needs beside earmark itself, at the result's versions."""


def log_ranker(mlflow: Any, client: Any, run_id: str, result: TrainResult, folder: Path) -> str:
    """Log a saved ranker as a model of a run and register it.

    Parameters
    ----------
    mlflow : module
    client : MlflowClient
    run_id : str
        An open run; still open afterwards.
    result : TrainResult
    folder : Path
        The saved ranker; copied.

    Returns
    -------
    str
        Version of the registered model.
    """
    with _default_uri(mlflow, client.tracking_uri):
        with mlflow.start_run(run_id=run_id):
            info = mlflow.pyfunc.log_model(
                name="ranker",
                python_model=str(Path(__file__).with_name("pyfunc_ranker.py")),
                artifacts={"ranker": str(folder)},
                signature=_signature(mlflow, result),
                pip_requirements=[f"{name}=={result.versions[name]}" for name in PINNED if name in result.versions],
                metadata={"family": result.model, "data_digest": result.data_digest},
            )
        client.update_run(run_id, status="RUNNING")  # leaving the block above closed it
        if not client.search_registered_models(f"name = '{MODEL}'"):
            client.create_registered_model(MODEL)
        tags = {"family": result.model, "split": result.split, "source": result.source}
        version = client.create_model_version(MODEL, info.model_uri, run_id, tags=tags, model_id=info.model_id)
    return str(version.version)


@contextmanager
def _default_uri(mlflow: Any, uri: str) -> Iterator[None]:
    """``uri`` as MLflow's default, which logging and registering a model need; it also goes to the environment."""
    before = os.environ.get(TRACKING_URI)
    mlflow.set_tracking_uri(uri)
    try:
        yield
    finally:
        mlflow.set_tracking_uri(None)
        if before is not None:
            os.environ[TRACKING_URI] = before


def _signature(mlflow: Any, result: TrainResult) -> Any:
    """What the logged ranker takes and gives: features as doubles (NaN is missing), names as optional strings."""
    types = mlflow.types
    names = [name for name, dtype in result.columns.items() if dtype in {"str", "string", "object"}]
    inputs = [types.ColSpec("double", name) for name in AUDIO_FEATURES]
    inputs += [types.ColSpec("string", name, required=False) for name in names]
    outputs = [types.ColSpec("double", "like_probability"), types.ColSpec("boolean", "predicted_like")]
    threshold = types.ParamSpec("threshold", "double", -1.0)
    return mlflow.models.ModelSignature(types.Schema(inputs), types.Schema(outputs), types.ParamSchema([threshold]))
