"""One part of an ensemble, and the prediction of all parts together."""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from threadpoolctl import threadpool_limits

from models.calibration import Calibration
from models.fitted import FittedModel
from models.spec import Estimator, Preparation

FloatArray = npt.NDArray[np.float64]

MOST_ROWS = 16_384
"""Rows scored at a time: long enough to forget the cost of a call, short enough to bound memory on large tables."""
FEWEST_ROWS = 1024
"""Rows that are worth a thread of their own."""


@dataclass(frozen=True)
class Member:
    """One part of the ensemble: a family's fold models, averaged, calibrated and weighed.

    Parameters
    ----------
    models : tuple of FittedModel
        One a fold and cut; all of one family.
    calibration : Calibration
        From this member's own out-of-fold predictions.
    weight : float
        In (0, 1]; the members' weights sum to 1.
    """

    models: tuple[FittedModel, ...]
    calibration: Calibration
    weight: float

    def predict(self, inputs: pd.DataFrame) -> FloatArray:
        """Calibrated probabilities, shape (n_tracks,)."""
        found: FloatArray = predictions((self,), inputs)[0]
        return found


def predictions(members: Sequence[Member], inputs: pd.DataFrame) -> FloatArray:
    """What each member says: the mean of its models, calibrated.

    Rows are cut into blocks that are scored by as many threads as there are cores for this process: NumPy, SciPy and
    XGBoost run side by side. Models that prepare rows in the same way share what they prepare.

    Parameters
    ----------
    members : sequence of Member
    inputs : DataFrame, n_tracks rows
        An input table, see `features.inputs`.

    Returns
    -------
    ndarray of float, shape (n_members, n_tracks)
        In [0, 1].
    """
    groups = list(_by_preparation(members))
    cores = _cores()
    n_blocks = max(-(-len(inputs) // MOST_ROWS), min(cores, len(inputs) // FEWEST_ROWS), 1)
    if n_blocks == 1:
        return _of_block(members, groups, inputs)
    # XGBoost walks rows faster where none of their neighbours misses a value
    order = np.argsort(inputs.isna().to_numpy().any(axis=1), kind="stable")
    blocks = [inputs.iloc[rows] for rows in np.array_split(order, n_blocks)]
    found = np.empty((len(members), len(inputs)))
    # a thread a block keeps all cores busy: more threads in each product of matrices would only be in their way
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(min(cores, n_blocks)) as pool:
        found[:, order] = np.hstack(list(pool.map(lambda block: _of_block(members, groups, block), blocks)))
    return found


_Group = tuple[Preparation, list[tuple[int, Estimator]]]
"""A preparation, and the estimators that read what it makes, each with its member's place."""


def _by_preparation(members: Sequence[Member]) -> Iterator[_Group]:
    groups: dict[bytes, _Group] = {}
    for place, member in enumerate(members):
        for model in member.models:
            group = groups.setdefault(model.preparation_key, (model.preparation, []))
            group[1].append((place, model.estimator))
    yield from groups.values()


def _of_block(members: Sequence[Member], groups: Sequence[_Group], inputs: pd.DataFrame) -> FloatArray:
    totals = np.zeros((len(members), len(inputs)))
    for preparation, users in groups:
        prepared = preparation.transform(inputs)
        for place, estimator in users:
            totals[place] += estimator.predict_proba(prepared)[:, 1]
    each = zip(members, totals, strict=True)
    return np.array([member.calibration.apply(total / len(member.models)) for member, total in each])


def _cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):  # not on every system
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
