"""From searched families to one ensemble: candidates, their weights, and more cuts for those that are chosen."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from experiments.evaluation import FoldRun, Task, merge_runs, run_folds
from experiments.search import FamilyStudy, params_of, trial_seconds
from models.calibration_choice import fit_family, label_weights
from models.ensemble import Selection, select
from models.member import Member
from models.space import Value
from models.spec import ModelSpec

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Candidate:
    """One trial that may join the ensemble, with its fold models and what they said of rows they had not seen.

    Parameters
    ----------
    spec : ModelSpec
    number : int
        Place of the trial among its family's finished ones, from 0: those that a kill cut short do not count.
    params : dict
    run : FoldRun
        Of all cuts that it was fitted on.
    seconds : float
        What one cut takes at most.
    """

    spec: ModelSpec
    number: int
    params: dict[str, Value]
    run: FoldRun
    seconds: float

    @property
    def name(self) -> str:
        """Family and trial."""
        return f"{self.spec.name} #{self.number}"


@dataclass(frozen=True)
class Ensemble:
    """The chosen candidates with their weights.

    Parameters
    ----------
    candidates : tuple of Candidate
        Those with a weight, the heaviest first.
    weights : tuple of float
        Sum to 1.
    members : tuple of Member
        The same as a ranker has them.
    out_of_fold : ndarray of float, shape (n,)
        The ensemble's probabilities, not calibrated as a whole; NaN for rows that no fold predicts.
    selection : Selection
        Among all candidates, as it was first made.
    """

    candidates: tuple[Candidate, ...]
    weights: tuple[float, ...]
    members: tuple[Member, ...]
    out_of_fold: FloatArray
    selection: Selection


def candidates_of(study: FamilyStudy) -> list[Candidate]:
    """A family's default and best trials."""
    place = {trial.number: place for place, trial in enumerate(study.finished)}
    return [
        Candidate(study.spec, place[trial.number], params_of(trial), study.run_of(trial), trial_seconds(trial))
        for trial in study.candidates()
    ]


def assemble(candidates: Sequence[Candidate], tasks: Sequence[Task], deadline: float | None) -> Ensemble:
    """Choose an ensemble, fit its members on further cuts while there is time, and choose their weights again.

    The first cut's scores picked the settings, which flatters them; predictions averaged over more cuts are steadier,
    and so are the rankers.

    Parameters
    ----------
    candidates : sequence of Candidate
    tasks : sequence of Task
        The first is the one the candidates were fitted on.
    deadline : float, optional
        On ``time.monotonic``'s clock.
    """
    first = _chosen(candidates, tasks[0])
    runs = [[candidate.run] for candidate in first.candidates]
    needed = sum(candidate.seconds for candidate in first.candidates)
    for task in tasks[1:]:
        begun = time.monotonic()
        if deadline is not None and begun + needed > deadline:
            break
        for candidate, own in zip(first.candidates, runs, strict=True):
            own.append(run_folds(candidate.spec, candidate.params, task))
        needed = time.monotonic() - begun  # a cut fits one value of a path, a trial fits them all
    bagged = [replace(candidate, run=merge_runs(own)) for candidate, own in zip(first.candidates, runs, strict=True)]
    return replace(_chosen(bagged, tasks[0]), selection=first.selection)


def _chosen(candidates: Sequence[Candidate], task: Task) -> Ensemble:
    predictions = np.array([candidate.run.out_of_fold for candidate in candidates])
    seen = ~np.isnan(predictions).any(axis=0)
    y = task.y[seen]
    weight = None if task.weights is None else label_weights(y, task.weights[seen])
    calibrations = [fit_family("platt", y, prediction[seen], sample_weight=weight) for prediction in predictions]
    calibrated = np.array(
        [calibration.apply(prediction[seen]) for calibration, prediction in zip(calibrations, predictions, strict=True)]
    )
    doubted = np.array([candidate.spec.needs_many_labels for candidate in candidates])
    selection = select(y, calibrated, task.groups[seen], sample_weight=weight, doubted=doubted, seed=task.seed)
    order = [int(place) for place in np.argsort(-selection.weights, kind="stable") if selection.weights[place] > 0]
    weights = tuple(float(selection.weights[place]) for place in order)
    out_of_fold = np.full(len(task.y), np.nan)
    out_of_fold[seen] = selection.weights @ calibrated
    members = tuple(
        Member(candidates[place].run.models, calibrations[place], weight)
        for place, weight in zip(order, weights, strict=True)
    )
    return Ensemble(tuple(candidates[place] for place in order), weights, members, out_of_fold, selection)
