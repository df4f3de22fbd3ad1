"""Writes rows of the runs table through an MLflow client that `tracking` hands over.

One call makes a run, one logs all it holds, one closes it: MLflow has no call for several runs.
"""

import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from experiments.results import TrainResult
from experiments.run_rows import RunRow, dataset_schema

PARENT_TAG = "mlflow.parentRunId"
NOTE_TAG = "mlflow.note.content"

BATCH = 800
"""Metrics of one log_batch call, which takes 1,000 entries, parameters and tags included."""

LONGEST_TAG, LONGEST_PARAM = 8000, 6000
"""Characters that MLflow stores."""

NOTHING: Mapping[str, str] = MappingProxyType({})


class RowWriter:
    """Writes runs into one experiment.

    Parameters
    ----------
    client : MlflowClient
    entities : module
        ``mlflow.entities``.
    experiment_id : str
    """

    def __init__(self, client: Any, entities: Any, experiment_id: str) -> None:
        self._client = client
        self._entities = entities
        self._experiment_id = experiment_id

    def write(self, row: RunRow, parent: str, tags: Mapping[str, str]) -> None:
        """A closed run and those below it.

        Parameters
        ----------
        row : RunRow
        parent : str
            Id of the run it hangs under.
        tags : mapping
            Added to every run's own.
        """
        run = self._client.create_run(
            self._experiment_id,
            start_time=_milliseconds(row.started),
            tags={**row.tags, **tags, PARENT_TAG: parent},
            run_name=row.name,
        )
        run_id = str(run.info.run_id)
        self.log(run_id, row, params=row.params)
        for child in row.children:
            self.write(child, run_id, tags)
        self._client.set_terminated(run_id, "FINISHED", _milliseconds(row.ended))

    def log(
        self,
        run_id: str,
        row: RunRow | None = None,
        *,
        params: Mapping[str, str] = NOTHING,
        tags: Mapping[str, str] = NOTHING,
    ) -> None:
        """Metrics of a row, and these parameters and tags, into an open run."""
        metrics = self._metrics(row) if row else []
        self._client.log_batch(
            run_id,
            metrics[:BATCH],
            [self._entities.Param(name, value[:LONGEST_PARAM]) for name, value in params.items()],
            [self._entities.RunTag(name, value[:LONGEST_TAG]) for name, value in tags.items()],
        )
        for first in range(BATCH, len(metrics), BATCH):
            self._client.log_batch(run_id, metrics[first : first + BATCH])

    def dataset(self, run_id: str, result: TrainResult) -> None:
        """What the train learnt from: name, digest, schema and sizes, without the table itself."""
        dataset = self._entities.Dataset(
            name=result.source,
            digest=result.data_digest[:32],
            source_type="earmark",
            source=json.dumps({"source": result.source, "sha256": result.data_digest}),
            schema=json.dumps({"mlflow_colspec": dataset_schema(result.columns)}),
            profile=json.dumps({"n_tracks": result.n_tracks, "n_liked": result.n_liked}),
        )
        context = self._entities.InputTag("mlflow.data.context", "train")
        self._client.log_inputs(run_id, [self._entities.DatasetInput(dataset, [context])])

    def _metrics(self, row: RunRow) -> Sequence[Any]:
        at = _milliseconds(row.ended)
        return [self._entities.Metric(point.name, point.value, at, point.step) for point in row.points]


def _milliseconds(seconds: float) -> int:
    return round(1000 * seconds)
