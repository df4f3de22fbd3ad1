"""Fits ours on one fold, in a process of its own, as `fit_peer` fits the others: the same files in, the same out.

``python -m experiments.benchmark.peers.fit_ours --train FILE --test FILE --out FOLDER --seconds S [--options JSON]``.
It goes through the front door, `earmark.read` and `earmark.fit`, with nothing but the budget and what the method names.
"""

import argparse
import json
import time
import warnings
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.schema import validate

ID_LENGTH = 22


def main(arguments: Sequence[str] | None = None) -> None:
    """Fit, predict, write."""
    parser = argparse.ArgumentParser(description="Fit ours on one fold.")
    for name in ("--train", "--test", "--out"):
        parser.add_argument(name, type=Path, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--options", type=json.loads, default={})
    asked = parser.parse_args(arguments)
    # the front door lies above this room, and is knocked at as a stranger would: in a process, by its name
    earmark = import_module("earmark")
    fit, test = earmark.fit, pd.read_parquet(asked.test)
    started = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that contradictory rows are set aside is known
        tracks = earmark.read(asked.train)
    ranker = fit(tracks, budget=asked.seconds, seed=asked.seed, jobs=asked.cores, **asked.options)
    probability = predicted(ranker, test)
    seconds = time.perf_counter() - started
    pd.DataFrame({"probability": probability}).to_parquet(asked.out / "predictions.parquet")
    note = str(ranker.info.get("model", ""))
    (asked.out / "answer.json").write_text(json.dumps({"seconds": seconds, "note": note}), encoding="utf-8")


def predicted(ranker: Any, rows: pd.DataFrame) -> npt.NDArray[np.float64]:
    """A like probability for every row, also for rows of one track, which validation merges.

    Parameters
    ----------
    ranker : Ranker
    rows : DataFrame, shape (n, any)
        Under canonical column names, without ids.

    Returns
    -------
    ndarray of float, shape (n,)

    Raises
    ------
    ValueError
        If a row cannot be used as a track at all.
    """
    probability = np.full(len(rows), np.nan)
    left = np.arange(len(rows))
    while len(left):
        ids = [f"{row:0{ID_LENGTH}d}" for row in left]
        tracks, _ = validate(rows.iloc[left].assign(track_id=ids))
        if not len(tracks):
            raise ValueError(f"{len(left)} test rows are no tracks")
        known = tracks["track_id"].astype(int).to_numpy()
        probability[known] = ranker.predict_proba(tracks)
        left = np.setdiff1d(left, known)  # merged into one of them: their turn comes next
    return probability


if __name__ == "__main__":
    main()
