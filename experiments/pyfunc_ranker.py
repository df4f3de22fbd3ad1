"""The ranker as an MLflow model: the file MLflow stores beside the ranker's folder and runs to load it ("models from
code"), so that nothing is pickled. It needs earmark installed where it is loaded.

>>> model = mlflow.pyfunc.load_model("models:/earmark-ranker@champion")
>>> model.predict(tracks)                               # like_probability, predicted_like
>>> model.predict(tracks, params={"threshold": 0.8})    # a cut of one's own; -1 is the ranker's
"""

from collections.abc import Mapping
from typing import Any

import mlflow
import pandas as pd
from mlflow.pyfunc import PythonModel

from models.ranker_folder import load

RANKERS_OWN = -1.0


class PyfuncRanker(PythonModel):  # type: ignore[misc]  # MLflow ships no types
    """Wraps a saved ranker in MLflow's generic interface."""

    def load_context(self, context: Any) -> None:
        """Load the ranker's folder; runs no code of it."""
        self.ranker = load(context.artifacts["ranker"])

    def predict(
        self,
        context: Any,  # noqa: ARG002 (MLflow's signature)
        model_input: pd.DataFrame,
        params: Mapping[str, Any] | None = None,
    ) -> pd.DataFrame:
        """Score tracks, in their order.

        Parameters
        ----------
        context : PythonModelContext
        model_input : DataFrame
            A tracks table.
        params : mapping, optional
            ``threshold``: cut in [0, 1]; below 0 is the ranker's own.

        Returns
        -------
        DataFrame
            ``like_probability`` in [0, 1] and ``predicted_like``, one row a track.
        """
        asked = float((params or {}).get("threshold", RANKERS_OWN))
        probability = self.ranker.predict_proba(model_input)
        cut = self.ranker.threshold if asked < 0 else asked
        return pd.DataFrame(
            {"like_probability": probability, "predicted_like": probability >= cut}, index=model_input.index
        )


mlflow.models.set_model(PyfuncRanker())
