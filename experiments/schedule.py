"""Who gets the next seconds: every family's default first, then the family whose next trial promises the most.

Defaults come in the order of their families' priority, for seconds may not do for all: CatBoost and extra trees,
averaged, rank nearly as well as everything together. The first few may take seconds that further cuts would have got.

A trial's promise is the score it may be expected to add to its family's best, weighed by how near that family is to
the best one (an ensemble listens to good members), a second. Scores of trials scatter with some deviation; the best of
``k`` of them is expected to rise by about a ``1 / (k + 1)`` part of it with one more (records of a sequence). The
search ends when no family's promise is above what the folds' own noise would blur.
"""

import statistics
import time
from collections.abc import Callable, Sequence

import numpy as np

from experiments.metrics import METRICS
from experiments.search import FamilyStudy, OutOfTimeError
from models.spec import ModelSpec

OnTrial = Callable[[ModelSpec, int, float | None, float | None], None]

SEVERAL = 3
"""Families that an average should have before any member is fitted on further cuts."""
USUAL_SPREAD = 0.01
"""Deviation of trials' scores, until a family's own are enough to tell."""
NEARNESS = 0.015
"""A family this much behind the best counts e times less."""
LEAST_NEARNESS = 0.05
NOISE_SHARE = 0.02
"""Part of the best score's standard error below which an expected gain is not worth a trial."""


def run(
    studies: Sequence[FamilyStudy], deadline: float | None, on_trial: OnTrial, *, latest: float | None = None
) -> list[FamilyStudy]:
    """Search all families together.

    Parameters
    ----------
    studies : sequence of FamilyStudy
    deadline : float, optional
        On ``time.monotonic``'s clock.
    on_trial : callable
        Told (family, finished trials, last score, best score) after every trial.
    latest : float, optional
        Until when the defaults of the first SEVERAL families may take; as long as the search where it is None.

    Returns
    -------
    list of FamilyStudy
        Those that have at least one finished trial, in the order given; without a deadline, all. At least one has.
    """
    started = _defaults(studies, deadline, deadline if latest is None else latest, on_trial)
    if deadline is None:
        for study in started:
            while not study.complete:
                _step(study, None, on_trial)
        return started
    while (promising := _most_promising(started, deadline)) is not None:
        if not _step(promising, deadline, on_trial):
            break
    return started


def _defaults(
    studies: Sequence[FamilyStudy], deadline: float | None, latest: float | None, on_trial: OnTrial
) -> list[FamilyStudy]:
    """Families' first trials, as far as the seconds go; a slow machine shows in the first ones."""
    started: list[FamilyStudy] = []
    spent = usual = 0.0
    for study in sorted(studies, key=lambda study: study.spec.priority):
        pace = max(1.0, spent / usual) if usual else 1.0
        until = latest if len(started) < SEVERAL else deadline
        if study.finished:
            on_trial(study.spec, len(study.finished), None, study.best_value)
        elif until is None or time.monotonic() + pace * _usual_seconds(study) <= until:
            clock = time.monotonic()
            _step(study, None, on_trial)
            spent += time.monotonic() - clock
            usual += _usual_seconds(study)
        else:
            continue
        started.append(study)
    if not started:
        started = [min(studies, key=_usual_seconds)]
        _step(started[0], None, on_trial)
    return [study for study in studies if study in started]


def _usual_seconds(study: FamilyStudy) -> float:
    """What the default trial takes on a usual machine; some of it does not shrink with the table."""
    rows = sum(len(fold.train) for fold in study.task.folds)
    return study.spec.seconds * max(0.5, rows / (8 * 1750))


def _step(study: FamilyStudy, deadline: float | None, on_trial: OnTrial) -> bool:
    """One trial; False where the deadline overtook it."""
    try:
        value = study.step(deadline)
    except OutOfTimeError:
        return False
    on_trial(study.spec, len(study.finished), value, study.best_value)
    return True


def _most_promising(studies: Sequence[FamilyStudy], deadline: float) -> FamilyStudy | None:
    """The family to try next, None where nothing more is worth a trial or fits into the seconds left."""
    left = deadline - time.monotonic()
    gains = {study: _expected_gain(study, studies) for study in studies if not study.complete and study.seconds < left}
    if not gains or max(gains.values()) <= NOISE_SHARE * _noise(studies):
        return None
    return max(gains, key=lambda study: gains[study] / max(study.seconds, 1e-3))


def _expected_gain(study: FamilyStudy, studies: Sequence[FamilyStudy]) -> float:
    values = [trial.value for trial in study.ranked() if trial.value is not None]
    spread = statistics.stdev(values) if len(values) >= 5 else USUAL_SPREAD
    greater = METRICS[study.task.metric].greater_is_better
    best = [other.best_value for other in studies if other.best_value is not None]
    behind = abs((max(best) if greater else min(best)) - values[0])
    nearness = max(LEAST_NEARNESS, float(np.exp(-behind / NEARNESS)))
    room = abs((1.0 if greater else 0.0) - values[0])  # no metric goes beyond
    return nearness * min(spread, 2 * USUAL_SPREAD, room) / (len(study.finished) + 1)


def _noise(studies: Sequence[FamilyStudy]) -> float:
    """Standard error of a score over the folds, the smallest family's."""
    errors = []
    for study in studies:
        scores = study.ranked()[0].user_attrs["fold_scores"]
        errors.append(statistics.stdev(scores) / len(scores) ** 0.5 if len(scores) > 1 else 0.0)
    return min(errors)
