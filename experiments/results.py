"""What a train produces, as plain data: made by ``training``, read by ``tracking``, ``reports`` and the front door."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.ranker import Ranker
from models.space import Value
from models.tree_arrays import TreeArrays

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class TrialRecord:
    """One set of hyperparameters of one family, scored over the inner folds.

    ``value`` is the mean of ``fold_scores`` (all folds when complete, those seen when pruned), in the search metric.
    """

    number: int
    state: Literal["complete", "pruned"]
    value: float
    params: Mapping[str, Value]
    fold_scores: tuple[float, ...]
    started: datetime
    seconds: float


@dataclass(frozen=True)
class FamilyResult:
    """One family after its search.

    Parameters
    ----------
    name, title : str
    trials : tuple of TrialRecord
        All trials of the study, earlier sessions' included.
    best_params : mapping
    out_of_fold : ndarray of float, shape (n_train,)
        Uncalibrated out-of-fold probabilities of the best trial; NaN where no fold predicts a row (time split).
    metrics : mapping
        Metrics of the calibrated out-of-fold predictions on the training rows.
    held_out : mapping
        Metrics on the outer test rows.
    held_out_probability : ndarray of float, shape (n_test,)
        Calibrated like probabilities of the outer test rows.
    weight : float
        The family's in the ensemble, all its trials together.
    curves : tuple of mapping
        Learning curves, one mapping of name -> values per epoch a fold; empty for models without epochs.
    """

    name: str
    title: str
    trials: tuple[TrialRecord, ...]
    best_params: Mapping[str, Value]
    out_of_fold: FloatArray
    metrics: Mapping[str, float]
    held_out: Mapping[str, float]
    held_out_probability: FloatArray
    weight: float
    curves: tuple[Mapping[str, tuple[float, ...]], ...] = ()


@dataclass(frozen=True)
class BaselineResult:
    """One untuned baseline on the outer test rows."""

    name: str
    title: str
    metrics: Mapping[str, float]
    held_out_probability: FloatArray


@dataclass(frozen=True)
class ReadableTree:
    """One decision tree for people to read: the family's best settings on all training tracks; it predicts nothing.

    Parameters
    ----------
    arrays : TreeArrays
    names : tuple of str
        Of its inputs.
    params : mapping
        Its settings.
    n_tracks : int
        Training tracks it was fitted on.
    n_folds : int
        Into how many folds those were cut to measure ``roc_auc``.
    roc_auc : float
        Out-of-fold, of single trees with the same settings; NaN where it is not defined.
    """

    arrays: TreeArrays
    names: tuple[str, ...]
    params: Mapping[str, Value]
    n_tracks: int
    n_folds: int
    roc_auc: float


@dataclass(frozen=True)
class TrainResult:
    """All that one train found out.

    Parameters
    ----------
    source, split, metric : str
        Where the tracks came from, how they were split, what the search maximised.
    seed : int
    budget_s : float or None
        Seconds the search was given (None: bounded by trials alone).
    elapsed_s : float
    n_tracks, n_liked : int
        Labelled, usable tracks and how many of them are liked.
    n_train, n_test : int
    data_digest : str
        SHA-256 (hex) of the labelled table the train used.
    columns : mapping of str to str
        Column -> dtype of that table.
    families, baselines : tuple
    model : str
        What the ranker is made of: a family's name, or "ensemble".
    weights : mapping of str to float
        The ensemble's members, ``family #trial``, with their weights.
    ranker : Ranker
    metrics : mapping
        The ranker on the outer test rows, at its threshold.
    intervals : mapping of str to (low, high)
        95 % bootstrap intervals of ``metrics`` (resampled by artist where the split is).
    keep_everything : mapping
        The same metrics for liking every track.
    test_tracks : DataFrame, n_test rows
    test_labels : ndarray of int, shape (n_test,)
    test_probability : ndarray of float, shape (n_test,)
    judged : DataFrame, n_tracks rows
        The table that was learned from and judged on, with ``held_out`` and ``like_probability`` (by models that had
        not seen the row; NaN where there is none).
    effects : mapping of str to float
        Mean absolute effect of each feature on the log-odds of the outer test rows.
    best_possible_auc : float or None
        On the outer test rows, of the best prediction that audio features allow.
        Known for the demo listener only.
    versions : mapping of str to str
        Python and library versions.
    notes : tuple of str
    settings : mapping
        The configuration as plain values.
    tree : ReadableTree or None
        None where trees were not searched.
    """

    source: str
    split: str
    metric: str
    seed: int
    budget_s: float | None
    elapsed_s: float
    n_tracks: int
    n_liked: int
    n_train: int
    n_test: int
    data_digest: str
    columns: Mapping[str, str]
    families: tuple[FamilyResult, ...]
    baselines: tuple[BaselineResult, ...]
    model: str
    weights: Mapping[str, float]
    ranker: Ranker
    metrics: Mapping[str, float]
    intervals: Mapping[str, tuple[float, float]]
    keep_everything: Mapping[str, float]
    test_tracks: pd.DataFrame
    test_labels: npt.NDArray[np.int64]
    test_probability: FloatArray
    judged: pd.DataFrame
    effects: Mapping[str, float]
    best_possible_auc: float | None
    versions: Mapping[str, str]
    started: datetime
    notes: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    tree: ReadableTree | None = None
