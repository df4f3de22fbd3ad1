"""Hyperparameter search, one resumable Optuna study a family.

A trial's sampler is seeded by the search's seed and the number of trials finished before it, so a search that was
killed and started again takes the very steps an undisturbed one would have taken.
"""

import statistics
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import numpy as np
import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.storages import BaseStorage, InMemoryStorage, RDBStorage
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import event
from sqlalchemy.pool import ConnectionPoolEntry, NullPool

from experiments.evaluation import FoldRun, Task, run_folds
from experiments.metrics import METRICS
from experiments.results import TrialRecord
from models.space import Choice, Int, Space, Value, defaults
from models.spec import ModelSpec

FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)
SQLITE = {"connect_args": {"timeout": 60}, "poolclass": NullPool}  # no connection outlives its use
PRUNE_AFTER = 5
STARTUP_TRIALS = 10
"""Random trials (the default among them) before the sampler trusts what it has seen."""


@dataclass(frozen=True)
class Limit:
    """When a family's search ends: whichever comes first; the default trial is always finished.

    Parameters
    ----------
    trials : int, optional
        Finished trials, earlier sessions' included.
    deadline : float, optional
        On ``time.monotonic``'s clock.
    """

    trials: int | None
    deadline: float | None

    def reached(self, finished: int, seconds: float) -> bool:
        """Whether another trial, expected to take so many seconds, would go beyond the limit."""
        if self.trials is not None and finished >= self.trials:
            return True
        return finished > 0 and self.passed(seconds)

    def passed(self, seconds: float = 0.0) -> bool:
        """Whether the deadline has passed, or will within so many seconds."""
        return self.deadline is not None and time.monotonic() + seconds > self.deadline


class RunningMeanPruner(optuna.pruners.BasePruner):
    """Stops a trial whose mean over the folds seen is below the median of the others' over the same folds.

    Optuna's own median pruner compares a trial's best running mean so far, which an easy first fold makes too good.
    """

    def prune(self, study: optuna.Study, trial: FrozenTrial) -> bool:
        """Whether to stop; never after one fold, nor before PRUNE_AFTER trials are complete."""
        step = trial.last_step
        if step is None or step < 1:
            return False
        complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        others = [other.intermediate_values[step] for other in complete if step in other.intermediate_values]
        if len(others) < PRUNE_AFTER:
            return False
        middle, mean = statistics.median(others), trial.intermediate_values[step]
        return mean < middle if study.direction == optuna.study.StudyDirection.MAXIMIZE else mean > middle


class PrunedError(Exception):
    """A trial that is not worth finishing."""


class OutOfTimeError(Exception):
    """A trial that the deadline overtook."""


@dataclass(frozen=True)
class FamilySearch:
    """A finished search.

    Parameters
    ----------
    trials : tuple of TrialRecord
    best_params : dict
    best : FoldRun
        Models and out-of-fold predictions of the best trial.
    seconds : float
        What the best trial took.
    """

    trials: tuple[TrialRecord, ...]
    best_params: dict[str, Value]
    best: FoldRun
    seconds: float


def open_storage(url: str | None) -> BaseStorage:
    """Optuna storage at a database URL; None keeps it in memory."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    if url is None:
        return InMemoryStorage()
    storage = RDBStorage(url, engine_kwargs=SQLITE if url.startswith("sqlite") else None)
    if url.startswith("sqlite"):
        event.listen(storage.engine, "connect", _write_ahead)
        storage.engine.dispose()
    return storage


def _write_ahead(connection: Any, _: ConnectionPoolEntry) -> None:
    """A write-ahead log survives kill -9 and needs no wait for the disk at every commit."""
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")


def search_family(
    spec: ModelSpec,
    task: Task,
    limit: Limit,
    storage: BaseStorage,
    study_name: str,
    on_trial: Callable[[int, float | None, float | None], None],
) -> FamilySearch:
    """Search one family until the limit, going on where an earlier session stopped.

    Parameters
    ----------
    spec : ModelSpec
    task : Task
    limit : Limit
    storage : BaseStorage
    study_name : str
        Must be the same for the same data, folds, metric, seed and space, and differ otherwise.
    on_trial : callable
        Told (finished trials, last value, best value) after every trial.

    Returns
    -------
    FamilySearch
    """
    study = _open_study(storage, study_name, task.metric)
    cache = _BestRun(greater=METRICS[task.metric].greater_is_better)
    finished = _finished(study, limit)
    on_trial(len(finished), None, _best_value(study, finished))
    while not limit.reached(len(finished), _expected_seconds(finished)):
        try:
            value = _one_trial(study, spec, task, limit, cache)
        except OutOfTimeError:
            break
        finished = _finished(study, limit)
        on_trial(len(finished), value, _best_value(study, finished))
    best_trial = _best_trial(study, finished)
    best_params = dict(best_trial.params)
    kept = cache.run if cache.number == best_trial.number else None
    best = kept or run_folds(spec, best_params, task)
    return FamilySearch(tuple(_record(trial) for trial in finished), best_params, best, _seconds(best_trial))


def _expected_seconds(finished: Sequence[FrozenTrial]) -> float:
    """Median duration of the finished trials: one slow trial should not end a search early."""
    return statistics.median(map(_seconds, finished)) if finished else 0.0


def _open_study(storage: BaseStorage, name: str, metric: str) -> optuna.Study:
    direction: Literal["maximize", "minimize"] = "maximize" if METRICS[metric].greater_is_better else "minimize"
    study = optuna.create_study(
        storage=storage,
        study_name=name,
        direction=direction,
        load_if_exists=True,
        pruner=RunningMeanPruner(),
    )
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        # Only one train runs in a folder at a time, so a running trial is one whose process was killed.
        study.tell(trial.number, state=TrialState.FAIL)
    return study


@dataclass
class _BestRun:
    """Keeps the fold models of the best trial of this session, so that they need not be fitted again."""

    greater: bool
    number: int = -1
    value: float | None = None
    run: FoldRun | None = None

    def offer(self, number: int, value: float, run: FoldRun) -> None:
        if self.value is None or (value > self.value if self.greater else value < self.value):
            self.number, self.value, self.run = number, value, run


def _one_trial(study: optuna.Study, spec: ModelSpec, task: Task, limit: Limit, cache: _BestRun) -> float | None:
    """Ask, fit, score and tell; returns the value, None where the trial was pruned.

    Raises
    ------
    OutOfTimeError
        If the deadline passes between two folds; the trial then counts as failed. The first trial is always finished.
    """
    finished = len(study.get_trials(deepcopy=False, states=FINISHED))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        study.sampler = optuna.samplers.TPESampler(
            seed=int(np.random.default_rng([task.seed, finished]).integers(2**32)),
            n_startup_trials=STARTUP_TRIALS,
            constant_liar=False,
        )
    if not finished and not study.get_trials(deepcopy=False, states=(TrialState.WAITING,)):
        study.enqueue_trial(defaults(spec.space))
    trial = study.ask()
    params = suggest(trial, spec.space)
    scores: list[float] = []

    def on_fold(number: int, score: float) -> None:
        scores.append(score)
        trial.report(sum(scores) / len(scores), number)
        if len(scores) == len(task.folds):
            return
        if trial.should_prune():
            raise PrunedError
        if finished and limit.passed():
            raise OutOfTimeError

    try:
        run = run_folds(spec, params, task, on_fold)
    except PrunedError:
        trial.set_user_attr("fold_scores", scores)
        study.tell(trial, state=TrialState.PRUNED)
        return None
    except BaseException:
        study.tell(trial, state=TrialState.FAIL)
        raise
    value = sum(scores) / len(scores)
    trial.set_user_attr("fold_scores", scores)
    study.tell(trial, value)
    cache.offer(trial.number, value, run)
    return value


def suggest(trial: optuna.Trial, space: Space) -> dict[str, Value]:
    """One point of a space, the only place where a trial is asked for values."""
    point: dict[str, Value] = {}
    for name, dimension in space.items():
        if isinstance(dimension, Choice):
            point[name] = trial.suggest_categorical(name, dimension.options)
        elif isinstance(dimension, Int):
            point[name] = trial.suggest_int(name, dimension.low, dimension.high, log=dimension.log)
        else:
            point[name] = trial.suggest_float(name, dimension.low, dimension.high, log=dimension.log)
    return point


def _finished(study: optuna.Study, limit: Limit) -> list[FrozenTrial]:
    """Finished trials, oldest first; no more than the limit counts, though a longer search may have left more.

    So a train with a number of trials gives the same result whatever was searched before it.
    """
    return study.get_trials(deepcopy=False, states=FINISHED)[: limit.trials]


def _best_trial(study: optuna.Study, finished: Sequence[FrozenTrial]) -> FrozenTrial:
    """The best complete trial, the older one on ties; the first trial is never pruned, so there is one."""
    complete = [trial for trial in finished if trial.state == TrialState.COMPLETE]
    sign = 1 if study.direction == optuna.study.StudyDirection.MAXIMIZE else -1
    return max(complete, key=lambda trial: sign * (trial.value or 0.0))


def _best_value(study: optuna.Study, finished: Sequence[FrozenTrial]) -> float | None:
    return _best_trial(study, finished).value if finished else None


def _seconds(trial: FrozenTrial) -> float:
    return trial.duration.total_seconds() if trial.duration is not None else 0.0


def _record(trial: FrozenTrial) -> TrialRecord:
    scores: Sequence[float] = trial.user_attrs["fold_scores"]
    # Optuna keeps naive local times.
    started = trial.datetime_start.astimezone(UTC) if trial.datetime_start else datetime.fromtimestamp(0, UTC)
    return TrialRecord(
        number=trial.number,
        state="complete" if trial.state == TrialState.COMPLETE else "pruned",
        value=sum(scores) / len(scores),
        params=dict(trial.params),
        fold_scores=tuple(scores),
        started=started,
        seconds=_seconds(trial),
    )
