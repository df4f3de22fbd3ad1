"""Hyperparameter search, one resumable Optuna study a family.

A trial's sampler is seeded by the search's seed and the number of trials finished before it, so a search that was
killed and started again takes the very steps an undisturbed one would have taken.
"""

import statistics
import time
import warnings
from collections.abc import Mapping, Sequence
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
from models.space import Choice, Float, Int, Value, defaults, searched
from models.spec import ModelSpec

FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)
SERVER = {"poolclass": NullPool}  # no connection outlives its use
SQLITE = {**SERVER, "connect_args": {"timeout": 60}}
PRUNE_AFTER = 5
STARTUP_TRIALS = 10
"""Random trials (the default among them) before the sampler trusts what it has seen."""
TRANSFERRED = 2
"""Settings that a study takes over from earlier ones of similar tables."""
BEST_TRIALS = 2
"""Of each family's trials so many may join an ensemble beside the default: few candidates are hard to overfit."""


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


def open_storage(url: str | None) -> BaseStorage:
    """Optuna storage at a database URL; None keeps it in memory."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    if url is None:
        return InMemoryStorage()
    storage = RDBStorage(url, engine_kwargs=SQLITE if url.startswith("sqlite") else SERVER)
    if url.startswith("sqlite"):
        event.listen(storage.engine, "connect", _write_ahead)
        storage.engine.dispose()
    return storage


def _write_ahead(connection: Any, _: ConnectionPoolEntry) -> None:
    """A write-ahead log survives kill -9 and needs no wait for the disk at every commit."""
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")


class FamilyStudy:
    """One family's study, a trial at a time, going on where an earlier session stopped.

    Parameters
    ----------
    spec : ModelSpec
    task : Task
    trials : int, optional
        Finished trials after which it is complete, earlier sessions' included.
    storage : BaseStorage
    name : str
        Must be the same for the same data, folds, metric, seed and space, and differ otherwise.
    """

    def __init__(self, spec: ModelSpec, task: Task, trials: int | None, storage: BaseStorage, name: str) -> None:
        self.spec, self.task, self.trials = spec, task, trials
        self._storage = storage
        self._study = _open_study(storage, name, task.metric)
        self._sign = 1 if METRICS[task.metric].greater_is_better else -1
        self._runs: dict[int, FoldRun] = {}

    @property
    def finished(self) -> list[FrozenTrial]:
        """Finished trials, oldest first; no more than the limit counts, though a longer search may have left more.

        So a train with a number of trials gives the same result whatever was searched before it.
        """
        return self._study.get_trials(deepcopy=False, states=FINISHED)[: self.trials]

    @property
    def complete(self) -> bool:
        """Whether the wanted number of trials is finished."""
        return self.trials is not None and len(self.finished) >= self.trials

    @property
    def seconds(self) -> float:
        """Median duration of the finished trials: one slow trial should not end a search early."""
        return statistics.median(map(trial_seconds, self.finished)) if self.finished else 0.0

    @property
    def best_value(self) -> float | None:
        """The best complete trial's score; None before the first."""
        ranked = self.ranked()
        return ranked[0].value if ranked else None

    def ranked(self) -> list[FrozenTrial]:
        """Complete trials, best first, the older one on ties; the first trial is never pruned, so there is one."""
        complete = [trial for trial in self.finished if trial.state == TrialState.COMPLETE]
        return sorted(complete, key=lambda trial: (-self._sign * (trial.value or 0.0), trial.number))

    def records(self) -> tuple[TrialRecord, ...]:
        """All finished trials as plain data."""
        return tuple(map(_record, self.finished))

    def learn_from_earlier(self, traits: Mapping[str, float]) -> None:
        """Have settings tried early that were better than the default on the most similar tables of earlier studies.

        Parameters
        ----------
        traits : mapping of str to float
            What makes tables similar, on scales on which 1 is a large difference; remembered for later studies.
        """
        self._study.set_user_attr("traits", dict(traits))
        prefix = f"{self.spec.name}-"
        found = []
        for summary in optuna.get_all_study_summaries(self._storage):
            best, other = summary.best_trial, summary.user_attrs.get("traits", {})
            same_space = best is not None and set(best.params) == set(searched(self.spec.space))
            if summary.study_name == self._study.study_name or not summary.study_name.startswith(prefix):
                continue
            if best is not None and same_space and best.number > 0 and set(other) == set(traits):
                found.append((sum(abs(other[name] - value) for name, value in traits.items()), best.params))
        for _, params in sorted(found, key=lambda entry: entry[0])[:TRANSFERRED]:
            self.enqueue(params)

    def enqueue(self, params: dict[str, Value]) -> None:
        """Have these settings tried next but for the default, where they were not tried yet."""
        if not self._study.trials:
            self._study.enqueue_trial(defaults(searched(self.spec.space)))
        self._study.enqueue_trial(params, skip_if_exists=True)

    def run_of(self, trial: FrozenTrial) -> FoldRun:
        """A complete trial's models and out-of-fold predictions; fitted again where this session did not keep them."""
        if trial.number not in self._runs:
            self._runs[trial.number] = run_folds(self.spec, params_of(trial), self.task)
        return self._runs[trial.number]

    def step(self, deadline: float | None) -> float | None:
        """Ask, fit, score and tell one trial; returns its score, None where it was pruned.

        Raises
        ------
        OutOfTimeError
            If the deadline passes between two folds; the trial then counts as failed. The first trial is always
            finished.
        """
        study, finished = self._study, len(self.finished)
        self._aim(finished)
        trial = study.ask()
        params = suggest(trial, searched(self.spec.space))
        scores: list[float] = []

        def on_fold(number: int, score: float) -> None:
            scores.append(score)
            trial.report(sum(scores) / len(scores), number)
            if len(scores) == len(self.task.folds):
                return
            if trial.should_prune():
                raise PrunedError
            if finished and deadline is not None and time.monotonic() > deadline:
                raise OutOfTimeError

        try:
            run = run_folds(self.spec, params, self.task, on_fold)
        except PrunedError:
            trial.set_user_attr("fold_scores", scores)
            study.tell(trial, state=TrialState.PRUNED)
            return None
        except BaseException:
            study.tell(trial, state=TrialState.FAIL)
            raise
        value = sum(run.scores) / len(run.scores)
        trial.set_user_attr("fold_scores", run.scores)
        trial.set_user_attr("chosen", run.chosen)
        study.tell(trial, value)
        self._keep(trial.number, run)
        return value

    def _aim(self, finished: int) -> None:
        """Give the study the sampler of its next trial, and the default as its first."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)
            self._study.sampler = optuna.samplers.TPESampler(
                seed=int(np.random.default_rng([self.task.seed, finished]).integers(2**32)),
                n_startup_trials=STARTUP_TRIALS,
                constant_liar=False,
            )
        if not finished and not self._study.get_trials(deepcopy=False, states=(TrialState.WAITING,)):
            self._study.enqueue_trial(defaults(searched(self.spec.space)))

    def _keep(self, number: int, run: FoldRun) -> None:
        """Keep the fold models of the trials that an ensemble may take; the others' would fill the memory."""
        self._runs[number] = run
        wanted = {trial.number for trial in self.candidates()}
        self._runs = {kept: models for kept, models in self._runs.items() if kept in wanted}

    def candidates(self) -> list[FrozenTrial]:
        """The trials that may join an ensemble: the default, which no search has picked, and the best ones."""
        ranked = self.ranked()
        default = [trial for trial in ranked if trial.number == self.finished[0].number]
        return default + [trial for trial in ranked[:BEST_TRIALS] if trial not in default]


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


def suggest(trial: optuna.Trial, space: Mapping[str, Int | Float | Choice]) -> dict[str, Value]:
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


def params_of(trial: FrozenTrial) -> dict[str, Value]:
    """A finished trial's hyperparameters: those it was asked for, and what was read off."""
    return {**trial.params, **trial.user_attrs.get("chosen", {})}


def trial_seconds(trial: FrozenTrial) -> float:
    """What a trial took: a complete one tells what fitting its settings again takes at most, a pruned one does not."""
    return trial.duration.total_seconds() if trial.duration is not None else 0.0


def _record(trial: FrozenTrial) -> TrialRecord:
    scores: Sequence[float] = trial.user_attrs["fold_scores"]
    # Optuna keeps naive local times.
    started = trial.datetime_start.astimezone(UTC) if trial.datetime_start else datetime.fromtimestamp(0, UTC)
    return TrialRecord(
        number=trial.number,
        state="complete" if trial.state == TrialState.COMPLETE else "pruned",
        value=sum(scores) / len(scores),
        params=params_of(trial),
        fold_scores=tuple(scores),
        started=started,
        seconds=trial_seconds(trial),
    )
