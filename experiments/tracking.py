"""Records trains in MLflow, and marks the champion among the registered rankers.

Runs live in ``<mlruns>/mlflow.db`` (SQLite) and their files in ``<mlruns>/artifacts``, unless ``MLFLOW_TRACKING_URI``
says otherwise. MLflow is imported where it is first needed, for seconds; `Tracker.prepare` may do so in a thread.
"""

import os
import shutil
import socket
import sys
import threading
import uuid
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from filelock import FileLock

from experiments.mlflow_folder import DATABASE, check_database, database_uri, follow_moved_folder, write_ahead
from experiments.mlflow_server import check_server, without_password
from experiments.ranker_model import MODEL, TRACKING_URI, log_ranker
from experiments.readable_tree import RULES_FILE, tree_text
from experiments.results import TrainResult
from experiments.row_writer import LONGEST_TAG, NOTE_TAG, PARENT_TAG, RowWriter
from experiments.run_notes import describe
from experiments.run_rows import KIND_TAG, train_row
from experiments.run_views import EXPERIMENT, EXPERIMENT_TAGS
from experiments.running import RunningTrains
from features.errors import EarmarkError, InputError, ServiceError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CHAMPION = "champion"
OWNER_TAG = "earmark.owner"
TRAIN_TAG = "earmark.train"


@dataclass(frozen=True)
class Recorded:
    """A recorded train: its run and the version of ``earmark-ranker`` it registered."""

    run_id: str
    version: str


@dataclass(frozen=True)
class RunPlace:
    """Where MLflow's pages show a train.

    Parameters
    ----------
    experiment_id, run_id : str
    children : mapping of str to str
        Run ids of its families and baselines, by name.
    """

    experiment_id: str
    run_id: str
    children: Mapping[str, str]


class Tracker:
    """Speaks to MLflow for one ``mlruns`` folder.

    Parameters
    ----------
    mlruns : Path
        Made by `prepare` where it is missing.
    """

    def __init__(self, mlruns: Path) -> None:
        self.mlruns = mlruns.absolute()
        own = database_uri(self.mlruns)
        self.uri = os.environ.get(TRACKING_URI) or own
        self._local = self.uri == own
        self._lock = threading.RLock()
        self._running = RunningTrains(self.mlruns / "running")
        self._client: Any = None
        self._experiment = ""
        self._writer: Any = None

    def check(self) -> None:
        """See that runs can be recorded, before hours are spent on one; quick, and without MLflow.

        Raises
        ------
        InputError, ServiceError
            As `prepare`.
        """
        if self._local:
            check_database(self.mlruns)
        else:
            check_server(self.uri)

    def prepare(self) -> None:
        """Import MLflow, make or open its database, and mark the runs of killed processes; once, from any thread.

        Raises
        ------
        InputError
            If the folder or database cannot be written.
        ServiceError
            If the server behind ``MLFLOW_TRACKING_URI`` fails.
        """
        with self._lock, self._translated():
            if self._client is not None:
                return
            self.mlruns.mkdir(parents=True, exist_ok=True)
            mlflow = _import_mlflow()
            if self._local:
                write_ahead(self.mlruns)
                self._make_database()
            client = mlflow.MlflowClient(tracking_uri=self.uri, registry_uri=self.uri)
            self._experiment = self._open_experiment(client)
            self._mark_killed(client)
            self._writer = RowWriter(client, mlflow.entities, self._experiment)
            self._client = client

    def start(self, name: str, params: Mapping[str, object]) -> str:
        """Open the run of a train, so that it is seen while it runs.

        Parameters
        ----------
        name : str
            Shown until `record` gives the run its final name.
        params : mapping
            What is known before the search.

        Returns
        -------
        str
            The run's id.
        """
        client = self._ready()
        train = uuid.uuid4().hex
        with self._translated():
            self._running.hold(train)
            tags = {KIND_TAG: "train", TRAIN_TAG: train, OWNER_TAG: self._owner()}
            run_id = str(client.create_run(self._experiment, run_name=name, tags=tags).info.run_id)
            self._writer.log(run_id, params={key: str(value) for key, value in params.items()})
        return run_id

    def record(self, run_id: str, result: TrainResult, folder: Path, figures: Mapping[str, "Figure"]) -> Recorded:
        """Record a finished train under its run, register its ranker, and close the run.

        Parameters
        ----------
        run_id : str
            From `start`.
        result : TrainResult
        folder : Path
            The saved ranker; copied.
        figures : mapping of str to Figure
            Stored as ``pictures/<name>.png``; the tree's rules beside them as ``tree_rules.txt``.

        Returns
        -------
        Recorded

        Raises
        ------
        InputError, ServiceError
            As `prepare`; the run stays open for `fail`.
        """
        client = self._ready()
        row = train_row(result)
        with self._translated():
            started = client.get_run(run_id)
            train = started.data.tags[TRAIN_TAG]
            self._writer.dataset(run_id, result)
            version = log_ranker(_import_mlflow(), client, run_id, result, folder)
            for name, figure in figures.items():
                client.log_figure(run_id, figure, f"pictures/{name}.png")
            rules = tree_text(result)
            if rules is not None:
                client.log_text(run_id, rules, RULES_FILE)
            for child in row.children:
                self._writer.write(child, run_id, {TRAIN_TAG: train, OWNER_TAG: self._owner()})
            new = {name: value for name, value in row.params.items() if name not in started.data.params}
            self._writer.log(run_id, row, params=new, tags=row.tags)
            client.set_tag(run_id, NOTE_TAG, describe(result)[:LONGEST_TAG])
            client.update_run(run_id, name=row.name)
            self._end(run_id, train, "FINISHED")
        return Recorded(run_id, version)

    def fail(self, run_id: str, status: Literal["FAILED", "KILLED"], reason: str) -> None:
        """Close the run of a train that did not finish, saying why."""
        client = self._ready()
        with self._translated():
            client.set_tag(run_id, NOTE_TAG, reason[:LONGEST_TAG])
            self._end(run_id, client.get_run(run_id).data.tags[TRAIN_TAG], status)

    def promote(self, version: str) -> None:
        """Give a registered version the champion's alias, so that ``models:/earmark-ranker@champion`` loads it."""
        client = self._ready()
        with self._translated():
            client.set_registered_model_alias(MODEL, CHAMPION, version)

    def place(self, run_id: str) -> RunPlace:
        """Where a recorded train is shown, with the runs of its families and baselines."""
        client = self._ready()
        with self._translated():
            below = client.search_runs([self._experiment], f"tags.`{PARENT_TAG}` = '{run_id}'", max_results=1000)
        children = {str(run.data.params["model"]): str(run.info.run_id) for run in below}
        return RunPlace(self._experiment, run_id, children)

    def _ready(self) -> Any:
        self.prepare()
        return self._client

    def _make_database(self) -> None:
        """Make the database in a folder of its own and move it to its place when it is whole.

        A kill or a full disk in the middle of making it leaves tables that MLflow can neither use nor mend.
        """
        with FileLock(self.mlruns / "making.lock"):
            if (self.mlruns / DATABASE).exists():
                return
            making = self.mlruns / ".making"
            shutil.rmtree(making, ignore_errors=True)
            making.mkdir()
            try:
                from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore  # noqa: PLC0415 (seconds)

                write_ahead(making)
                store = SqlAlchemyStore(database_uri(making), (self.mlruns / "artifacts").as_uri())
                store.engine.dispose()  # SQLite moves its log into the database when the last connection closes
                (making / DATABASE).replace(self.mlruns / DATABASE)
            finally:
                shutil.rmtree(making, ignore_errors=True)

    def _open_experiment(self, client: Any) -> str:
        found = client.get_experiment_by_name(EXPERIMENT)
        artifacts = (self.mlruns / "artifacts").as_uri()
        if found is None:
            location = artifacts if self._local else None
            return str(client.create_experiment(EXPERIMENT, artifact_location=location, tags=EXPERIMENT_TAGS))
        if found.lifecycle_stage != "active":
            client.restore_experiment(found.experiment_id)
        for key, value in EXPERIMENT_TAGS.items():
            if found.tags.get(key) != value:
                client.set_experiment_tag(found.experiment_id, key, value)
        if self._local and found.artifact_location != artifacts:
            follow_moved_folder(self.mlruns, found.artifact_location, artifacts)
        return str(found.experiment_id)

    def _mark_killed(self, client: Any) -> None:
        """Runs that say they are running, but whose process let go of its lock, were killed."""
        for run in client.search_runs([self._experiment], "attributes.status = 'RUNNING'", max_results=1000):
            tags = run.data.tags
            ours = TRAIN_TAG in tags and (self._local or tags.get(OWNER_TAG) == self._owner())
            if ours and self._running.is_dead(tags[TRAIN_TAG]):
                client.set_terminated(run.info.run_id, "KILLED")

    def _owner(self) -> str:
        """Who can see a run's lock file: a store may be shared by several machines and folders."""
        return f"{socket.gethostname()}:{self.mlruns}"

    def _end(self, run_id: str, train: str, status: str) -> None:
        self._client.set_terminated(run_id, status)
        self._running.release(train)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """MLflow's and the system's errors as ours; what can only be a bug of earmark's passes."""
        try:
            yield
        except OSError as error:
            raise self._error(error) from error
        except Exception as error:
            mlflow = sys.modules.get("mlflow")
            if mlflow is None or not isinstance(error, mlflow.MlflowException):
                raise
            if self._local and error.error_code not in {"TEMPORARILY_UNAVAILABLE", "INTERNAL_ERROR"}:
                raise
            raise self._error(error) from error

    def _error(self, error: Exception) -> EarmarkError:
        said = str(error).splitlines()[0]
        if self._local:
            return InputError(f"cannot record the run in {self.mlruns}: {said}", "is the disk full or write-protected?")
        return ServiceError(
            f"cannot record the run at {without_password(self.uri)}: {said}",
            f"is that server up? Without {TRACKING_URI}, runs are recorded in {self.mlruns}",
        )


def _import_mlflow() -> Any:
    """MLflow, silent and without telemetry; both must be said before it is imported."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "ERROR")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    warnings.filterwarnings("ignore", module=r"mlflow\.")  # about its own annotations, and types it guesses at
    import mlflow.pyfunc  # noqa: PLC0415 (seconds; see the module's docstring)

    return mlflow
