"""How MLflow's pages show earmark's experiment: as an ML experiment, with ready-made views of the runs table.

A view is what MLflow's own "share" button stores: an experiment tag with the table's state as JSON, opened by its key
in the address. The table's defaults page away all but the newest train, whose trials come first.
"""

import json
from typing import Literal
from urllib.parse import quote

from experiments.run_rows import KIND_TAG

EXPERIMENT = "earmark"

View = Literal["trains", "models", "trials"]

_METRICS = ("roc_auc", "average_precision", "precision", "recall", "f0_5", "combined", "brier")


def _view(
    search: str, order_by: str, *, metrics: tuple[str, ...], params: tuple[str, ...], ascending: bool = False
) -> str:
    """A table's state; the columns' names in the choice of columns and in the table itself differ."""
    columns = [f"metrics.`{name}`" for name in metrics] + [f"params.`{name}`" for name in params]
    state = {
        "searchFilter": search,
        "orderByKey": order_by,
        "orderByAsc": ascending,
        "startTime": "ALL",
        "lifecycleFilter": "Active",
        "selectedColumns": ["attributes.`Created`", "attributes.`Duration`", *columns],
        "columnOrder": ["0", "attributes.`Run Name`", "runDateAndNestInfo", "duration", *columns],
        "columnWidths": {"0": 60, "attributes.`Run Name`": 350} | dict.fromkeys(columns, 120),
    }
    return json.dumps(state)


VIEWS: dict[View, str] = {
    "trains": _view(
        f"tags.`{KIND_TAG}` = 'train'",
        "attributes.start_time",
        metrics=_METRICS,
        params=("source", "split", "model", "n_tracks", "n_trials"),
    ),
    "models": _view(
        f"tags.`{KIND_TAG}` != 'trial'",
        "metrics.`roc_auc`",
        metrics=(*_METRICS, "out_of_fold/roc_auc"),
        params=("source", "split", "model"),
    ),
    "trials": _view(
        f"tags.`{KIND_TAG}` = 'trial'",
        "metrics.`rank`",
        metrics=("rank", "score", "fold_score"),
        params=("model", "search_metric", "max_depth", "learning_rate"),
        ascending=True,
    ),
}

NOTE = """\
Each row is one `earmark train`; below it its model families, the baselines to beat, and the trials of the search.
`roc_auc`, `precision`, ... always mean the same thing: measured on held-out tracks. Open a run for its pictures."""

EXPERIMENT_TAGS = {
    "mlflow.experimentKind": "custom_model_development",
    "mlflow.note.content": NOTE,
} | {f"mlflow.sharedViewState.{name}": state for name, state in VIEWS.items()}
"""Tags of the experiment; the first opens it as machine learning instead of asking whether it is about chat."""


def view_url(base: str, experiment_id: str, view: View = "trains") -> str:
    """Address of a view of the runs table.

    Parameters
    ----------
    base : str
        The server, ``http://127.0.0.1:5000``.
    experiment_id : str
    view : {"trains", "models", "trials"}
        All trains, newest first; families and baselines beside them, best ROC AUC first; all trials, the best of
        every family and train first.
    """
    return f"{base}/#/experiments/{quote(experiment_id)}/runs?workflowType=machine_learning&viewStateShareKey={view}"
