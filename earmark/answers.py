"""What `--json` answers: the stable, documented shapes, as plain JSON values (NaN becomes null)."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from earmark.session import Session


def train_answer(session: Session) -> dict[str, Any]:
    """The answer of `earmark train`."""
    result, report = session.result, session.read.report
    return json_object(
        {
            "run_id": session.run_id,
            "model": result.model,
            "weights": result.weights,
            "source": result.source,
            "split": result.split,
            "metric": result.metric,
            "seed": result.seed,
            "budget_s": result.budget_s,
            "elapsed_s": round(result.elapsed_s, 2),
            "set_aside": report.set_aside,
            "merged": report.merged,
            "n_tracks": result.n_tracks,
            "n_liked": result.n_liked,
            "n_train": result.n_train,
            "n_test": result.n_test,
            "data_digest": result.data_digest,
            "threshold": result.ranker.threshold,
            "champion": {"promoted": session.verdict.promote, "reason": session.verdict.reason},
            "ranker": str(session.ranker_folder),
            "notes": list(result.notes),
            "metrics": result.metrics,
            "intervals": {name: list(pair) for name, pair in result.intervals.items()},
            "keep_everything": result.keep_everything,
            "best_possible_auc": result.best_possible_auc,
            "families": [
                {
                    "name": family.name,
                    "trials": len(family.trials),
                    "weight": family.weight,
                    "best_params": family.best_params,
                    "metrics": family.metrics,
                    "held_out": family.held_out,
                }
                for family in result.families
            ],
            "baselines": [
                {"name": baseline.name, "metrics": baseline.metrics, "held_out": baseline.metrics}
                for baseline in result.baselines
            ],
        }
    )


def json_object(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values as JSON's own; see `_json_value`."""
    return {str(name): _json_value(value) for name, value in values.items()}


def _json_value(value: Any) -> Any:
    """Turn a value into JSON's own: objects, lists, text, numbers, true, false and null (NaN, infinity, missing)."""
    if isinstance(value, Mapping):
        return json_object(value)
    if isinstance(value, list | tuple):
        return [_json_value(item) for item in value]
    if isinstance(value, np.generic):
        return _json_value(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
