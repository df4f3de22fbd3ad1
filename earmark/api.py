"""The Python API: `read`, `fit`, `load`."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import pandas as pd

from earmark.reading import Fetching, read_known, read_tracks
from experiments.splits import Split
from features.errors import EarmarkError
from features.report import ValidationReport
from features.schema import validate
from models.ranker import Ranker
from models.ranker_folder import load

__all__ = ["EarmarkError", "Ranker", "fit", "load", "read"]


def read(
    reference: str | Path,
    *,
    label: str | None = None,
    seed: int = 0,
    catalogue: str | Path | None = None,
    without_features: Literal["use", "wait"] = "wait",
    max_wait: float = 60.0,
) -> pd.DataFrame:
    """Read and validate tracks from a source or a file.

    Parameters
    ----------
    reference : str or Path
        A source's name (``"demo"``, ``"library"``, ``"spotify"``), a playlist (``"spotify:playlist:..."``), or a file:
        CSV, JSON lines, parquet, gzipped or not.
    label : str, optional
        The column that says what was liked, where it cannot be guessed.
    seed : int
        For sources that generate.
    catalogue : str or Path, optional
        A table in which sources look up audio features that they lack.
    without_features : {"use", "wait"}
        Whether tracks without any audio feature are given for what else is known of them, or wait until one is known.
    max_wait : float
        Longest wait, in seconds, that a service may ask for.

    Returns
    -------
    DataFrame
        A tracks table. What was set aside, merged or faulty is in ``.attrs["report"]`` (see `features.report`), what
        was recognised and converted in ``.attrs["notes"]``.

    Raises
    ------
    InputError
        If the file cannot be read, holds no tracks, or its label is ambiguous; if nobody is signed in.
    ServiceError
        If a service fails, or asks for a longer wait.

    Warns
    -----
    UserWarning
        One line if rows had to be set aside.
    """
    found = read_tracks(
        str(reference),
        label=label,
        seed=seed,
        catalogue=None if catalogue is None else Path(catalogue),
        without_features=without_features,
        fetching=Fetching(max_wait),
    )
    _warn(found.report)
    tracks = found.tracks
    # Plain lists and dicts: pandas copies attrs at every step and writes them to parquet as JSON.
    tracks.attrs = {"report": found.report.to_dict(), "notes": list(found.notes)}
    return tracks


def fit(
    tracks: pd.DataFrame,
    *,
    budget: float | None = None,
    trials: int | None = None,
    models: Sequence[str] = (),
    split: Split = "artist",
    metric: str = "roc_auc",
    min_precision: float | None = None,
    seed: int = 0,
    jobs: int = 2,
    catalogue: str | Path | pd.DataFrame | None = None,
) -> Ranker:
    """Learn a listener's taste: search, average the best models, calibrate, cut.

    Nothing is held out and nothing is written; `earmark train` also judges, records and saves.

    Parameters
    ----------
    tracks : DataFrame
        From `read`, or any table under the same column names, which is validated like one; with ``liked``. Rows without
        a label are left out; but where there are likes and no dislikes, likes are learned against them and against
        tracks of the catalogue, and like probabilities are relative.
    budget : float, optional
        Seconds for the search; 120 where neither it nor ``trials`` is given.
    trials : int, optional
        Trials a family. With it and no budget, equal seeds give equal rankers.
    models : sequence of str
        Families to search; all where empty.
    split : {"artist", "random", "time"}
        How inner folds are cut.
    metric : str
        What the search optimises.
    min_precision : float, optional
        Make the ranker's own cut promise this precision instead of the best F0.5.
    seed : int
    jobs : int
        Folds fitted at once.
    catalogue : str, Path or DataFrame, optional
        Tracks of any kind (parquet or CSV) that tell how artists sound; see `features.catalogue`.

    Returns
    -------
    Ranker

    Raises
    ------
    InputError
        If there is too little to learn from or an option is out of range.
    """
    from experiments.config import FitConfig  # noqa: PLC0415 (reading and ranking do not wait for Optuna)
    from experiments.fitting import fit as fit_tracks  # noqa: PLC0415
    from experiments.positive_unlabelled import check_learnable, with_background  # noqa: PLC0415

    if budget is None and trials is None:
        budget = 120.0
    tracks, report = validate(tracks, unheard=True)
    _warn(report)
    config = FitConfig(budget, trials, tuple(models), split, metric, seed, jobs, min_precision=min_precision)
    check_learnable(tracks, config, catalogue=catalogue is not None)
    known = read_known(catalogue).tracks if isinstance(catalogue, str | Path) else catalogue
    table, _ = with_background(tracks, known, config)
    return fit_tracks(table, config, catalogue=known).ranker


def _warn(report: ValidationReport) -> None:
    """Say to whoever called the function that calls this that rows were set aside."""
    set_aside = report.rows - report.usable - report.merged
    if set_aside:
        reasons = "; ".join(f"{count}: {why}" for why, count in report.set_aside.items())
        warnings.warn(f"{set_aside} of {report.rows} rows were set aside: {reasons}", stacklevel=3)
