"""What a fit may spend and how it splits, and whether a table can be learnt from at all."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from experiments.metrics import METRICS
from experiments.splits import Split
from features.errors import InputError
from models.registry import families
from models.spec import ModelSpec

IntArray = npt.NDArray[np.int64]

MIN_TRACKS = 60
MIN_OF_EACH = 10
MAX_SEED = 2**31 - 1
LIKES_HINT = "; or give a catalogue (--catalogue FILE) whose tracks the likes are learned against"
SMALL_TABLE = 3000
"""Tracks below which folds are cheap and scores noisy enough to pay for more folds and repeats."""


@dataclass(frozen=True)
class FitConfig:
    """What a fit may spend and how it splits.

    Parameters
    ----------
    budget_s : float, optional
        Seconds for all families together; None leaves it to ``trials``.
    trials : int, optional
        Finished trials a family.
    models : tuple of str
        Families to search; empty for all.
    split : {"artist", "random", "time"}
    metric : str
        What the search maximises (or minimises, for losses).
    seed : int
    jobs : int
        Folds fitted at once.
    n_folds : int, optional
        Inner folds; by default 8 for tables of fewer than SMALL_TABLE tracks, else 5.
    bag_repeats : int, optional
        How often a family's best model is bagged over differently cut folds (once for the time split). More repeats
        steady the scores; by default 3 for small tables, else 1. With a budget only as many are made as fit into it.
    min_precision : float, optional
        The ranker's own cut promises this out-of-fold precision instead of the best F0.5.
    """

    budget_s: float | None = 120.0
    trials: int | None = None
    models: tuple[str, ...] = ()
    split: Split = "artist"
    metric: str = "roc_auc"
    seed: int = 0
    jobs: int = 2
    n_folds: int | None = None
    bag_repeats: int | None = None
    min_precision: float | None = None

    def __post_init__(self) -> None:
        if self.budget_s is None and self.trials is None:
            raise InputError("neither a budget nor a number of trials was given", "give --budget, --trials, or both")
        if self.budget_s is not None and not 0 < self.budget_s < float("inf"):
            raise InputError(f"the budget must be a positive number of seconds, got {self.budget_s:g}", "try 120")
        if self.trials is not None and self.trials < 1:
            raise InputError(f"at least one trial is needed, got {self.trials}", "try 30")
        if self.jobs < 1:
            raise InputError(f"jobs must be at least 1, got {self.jobs}", "give the number of cores to use")
        if (self.n_folds is not None and self.n_folds < 2) or (self.bag_repeats is not None and self.bag_repeats < 1):
            raise InputError(
                f"{self.n_folds} folds and {self.bag_repeats} bags cannot be cut", "use at least 2 folds and 1 bag"
            )
        if not 0 <= self.seed <= MAX_SEED:
            raise InputError(f"a seed is a whole number from 0 to {MAX_SEED}, got {self.seed}", "try 0")
        if self.metric not in METRICS:
            raise InputError(f"there is no metric {self.metric!r}", "one of: " + ", ".join(METRICS))
        if METRICS[self.metric].needs_threshold:
            threshold_free = [name for name, metric in METRICS.items() if not metric.needs_threshold]
            raise InputError(
                f"{self.metric} needs a threshold, which is chosen after the search",
                "one of: " + ", ".join(threshold_free),
            )
        if self.min_precision is not None and not 0 < self.min_precision <= 1:
            raise InputError(f"a precision lies above 0 and at most at 1, got {self.min_precision:g}", "try 0.8")

    def folds_for(self, n_tracks: int) -> tuple[int, int]:
        """Inner folds and bag repeats for a table of so many tracks."""
        small = n_tracks < SMALL_TABLE
        repeats = self.bag_repeats or (3 if small else 1)
        return self.n_folds or (8 if small else 5), 1 if self.split == "time" else repeats

    def families(self) -> tuple[ModelSpec, ...]:
        """The families to search, in the order of tables."""
        available = families()
        names = [spec.name for spec in available]
        for name in self.models:
            if name not in names:
                raise InputError(f"there is no model family {name!r}", "families: " + ", ".join(names))
        return tuple(spec for spec in available if not self.models or spec.name in self.models)


def check_labels(tracks: pd.DataFrame, *, likes_will_do: bool = True) -> IntArray:
    """Labels of a labelled tracks table, shape (n,).

    Parameters
    ----------
    tracks : DataFrame
    likes_will_do : bool
        Whether the hint may say that likes can be learned against a catalogue.

    Raises
    ------
    InputError
        If there are too few tracks or too few of one class to learn from.
    """
    if "liked" not in tracks:
        raise InputError(
            "the tracks carry no label: nothing says which were liked",
            "add a column 'liked' with 1 and 0, or name the one you have with --label",
        )
    y = tracks["liked"].to_numpy(dtype=np.int64)
    liked, skipped = int(y.sum()), int(len(y) - y.sum())
    if not len(y):
        raise InputError("no track has a label that counts", "fill 'liked' with 1 and 0, and give weights above 0")
    if not liked or not skipped:
        missing = "liked" if not liked else "skipped"
        told = "the only labelled track is" if len(y) == 1 else f"all {len(y):,} labelled tracks are"
        raise InputError(
            f"{told} of one kind: none is {missing}",
            "taste is learnt from both: add tracks of the other kind"
            + (LIKES_HINT if likes_will_do and liked >= MIN_TRACKS else ""),
        )
    if len(y) < MIN_TRACKS or min(liked, skipped) < MIN_OF_EACH:
        raise InputError(
            f"{len(y)} labelled tracks ({liked} liked, {skipped} skipped) are too few to learn from",
            f"earmark needs at least {MIN_TRACKS}, and {MIN_OF_EACH} of each kind"
            + (LIKES_HINT if likes_will_do and liked >= MIN_TRACKS and skipped < MIN_OF_EACH else ""),
        )
    return y
