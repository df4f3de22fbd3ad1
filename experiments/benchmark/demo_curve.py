"""How near the best possible 100 to 10,000 labels of the demo listener come in a minute each (ten minutes).

One invented listener, 15,400 tracks: 5,000 and more of them, by artists that no training table holds, judge rankers
that `earmark.fit` made of the first 100, 300, ... of the others, a table holding all smaller ones. As what the listener
likes is known, so is the best ranking by audio features, judged by the labels of the very same tracks: a ranker is told
by how much of the way from guessing (0.5) to that it goes.

``python -m experiments.benchmark.demo_curve [--seconds S] [--labels A,B] [--json]``. The curve is also written to
``mlruns/benchmark/demo_curve``: ``curve.json``, and ``curve.md`` as a table for a report.
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from typing import Any

import numpy as np
import pandas as pd

from experiments.benchmark.commands import Load
from experiments.benchmark.figure import Figure, at_least, text_table
from experiments.benchmark.peers.store import store_root, write_atomically
from experiments.metrics import METRICS
from experiments.predictions import Floats
from features.schema import validate

SIZES = (100, 300, 1000, 2000, 5000, 10_000)
SECONDS = 60.0
N_TRACKS, TRACKS_AN_ARTIST = 15_400, 2000 / 300
"""All tracks, and how many an artist has, as in the demo of 2,000."""
N_TEST = 5000
SHARE_WANTED, LABELS_WANTED = 0.97, 2000
GUESSING = 0.5


@dataclass(frozen=True)
class Table:
    """The listener's tracks, and the best prediction that audio features allow.

    Parameters
    ----------
    train : DataFrame
        Labelled, artist by artist, so that the first n rows are a smaller table of as many tracks an artist.
    test : DataFrame
        Labelled; none by an artist of ``train``, all with audio features.
    best : ndarray of float, shape (n_test,)
        P(like | audio features) of ``test``.
    """

    train: pd.DataFrame
    test: pd.DataFrame
    best: Floats


@dataclass(frozen=True)
class Point:
    """One training table's size, and what came of it."""

    n_labels: int
    roc_auc: float
    best_possible: float
    n_test: int
    budget_s: float
    seconds: float
    model: str
    load: str

    @property
    def share(self) -> float:
        """Of the way from guessing to the best possible; below 0 for what ranks worse than guessing."""
        return (self.roc_auc - GUESSING) / (self.best_possible - GUESSING)


def run(seconds: float = SECONDS, sizes: Sequence[int] = SIZES) -> list[Figure]:
    """The share of the way to the best possible with each number of labels."""
    table = deal(invent(N_TRACKS))
    points = []
    for size in sizes:
        points.append(measure(table, size, seconds))
        _write(points)
        print(f"{size:,} labels: {points[-1].share:.3f} of the way", file=sys.stderr, flush=True)
    return [figure_of(point) for point in points]


def invent(n_tracks: int, seed: int = 0) -> pd.DataFrame:
    """Tracks of the demo listener, any number, with its taste and as many tracks an artist.

    Returns
    -------
    DataFrame, shape (n_tracks, any)
        Labelled, with ``best``: P(like | audio features).
    """
    demo: Any = import_module("connectors.demo.listener")  # sources lie in a room that experiments do not know
    listener = demo.demo_listener(seed, n_tracks=n_tracks, n_artists=round(n_tracks / TRACKS_AN_ARTIST))
    tracks: pd.DataFrame = listener.tracks
    return tracks.assign(best=listener.feature_probability)


def deal(tracks: pd.DataFrame, n_test: int = N_TEST, seed: int = 0) -> Table:
    """Part the tracks by artists, drawn in random order: the first ones' judge, the others' are learned from.

    Parameters
    ----------
    tracks : DataFrame
        As `invent` gives them.
    n_test : int
        At least so many judge: the last one's artist with all tracks.
    seed : int
        Of the order.
    """
    artist, names = pd.factorize(tracks["artist_name"])
    place = np.random.default_rng(seed).permutation(len(names))[artist]
    heard = tracks["energy"].notna().to_numpy()  # of a track without analysis, the best prediction is not known
    upto = np.cumsum(np.bincount(place, heard, minlength=len(names)))
    last = int(np.searchsorted(upto, n_test))
    judge = tracks[(place <= last) & heard].reset_index(drop=True)
    learn = tracks.assign(_place=place)[place > last].sort_values("_place", kind="stable")
    test, _ = validate(judge.drop(columns="best"))
    best = judge.set_index("track_id")["best"].loc[test["track_id"]]
    return Table(validate(learn.drop(columns=["best", "_place"]))[0], test, best.to_numpy(dtype=np.float64))


def measure(table: Table, n_labels: int, seconds: float) -> Point:
    """Fit on the first tracks, and judge."""
    load, started = Load(), time.perf_counter()
    ranker = import_module("earmark").fit(table.train.head(n_labels).reset_index(drop=True), budget=seconds)
    taken = time.perf_counter() - started
    liked = table.test["liked"].to_numpy(dtype=np.int64)
    auc = METRICS["roc_auc"].score
    return Point(
        n_labels=n_labels,
        roc_auc=auc(liked, ranker.predict_proba(table.test.drop(columns="liked"))),
        best_possible=auc(liked, table.best),
        n_test=len(liked),
        budget_s=seconds,
        seconds=round(taken, 1),
        model=str(ranker.info["model"]),
        load=load.in_words(),
    )


def figure_of(point: Point) -> Figure:
    """A point of the curve as a figure; one of them is wanted."""
    name = f"{point.n_labels:,} labels, {point.budget_s:g} s: share of the way to the best possible"
    note = (
        f"ROC AUC {point.roc_auc:.4f} of {point.best_possible:.4f} on {point.n_test:,} tracks of other artists; "
        f"{point.model}; {point.seconds:.0f} s, {point.load}"
    )
    if point.n_labels == LABELS_WANTED:
        return at_least(name, point.share, SHARE_WANTED, note=note)
    return Figure(name, point.share, note=note)


def markdown(points: Sequence[Point]) -> str:
    """The curve as a Markdown table."""
    lines = ["| labels | ROC AUC | best possible | share of the way | seconds |", "|---:|---:|---:|---:|---:|"]
    for point in points:
        share = f"{point.share:.1%}".replace("%", " %")
        cells = (f"{point.n_labels:,}", f"{point.roc_auc:.4f}", f"{point.best_possible:.4f}", share)
        lines.append(f"| {' | '.join(cells)} | {point.seconds:.0f} |")
    return "\n".join(lines) + "\n"


def as_json(points: Sequence[Point]) -> str:
    """The curve's data, a mapping a point."""
    return json.dumps([{**asdict(point), "share": point.share} for point in points], indent=2) + "\n"


def _write(points: Sequence[Point]) -> None:
    folder = store_root().with_name("demo_curve")
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / "curve.json", as_json(points))
    write_atomically(folder / "curve.md", markdown(points))


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure with options; the exit code is 1 where a figure is not as wanted."""
    parser = argparse.ArgumentParser(prog="python -m experiments.benchmark.demo_curve", description=__doc__)
    parser.add_argument("--seconds", type=float, default=SECONDS, help=f"budget of a fit (default: {SECONDS:g})")
    parser.add_argument("--labels", default=",".join(map(str, SIZES)), help="numbers of labels, at most 10000")
    parser.add_argument("--json", action="store_true", help="answer with JSON")
    asked = parser.parse_args(arguments)
    sizes = [int(size) for size in asked.labels.split(",")]
    if not all(0 < size <= max(SIZES) for size in sizes) or asked.seconds <= 0:
        parser.error(f"numbers of labels lie between 1 and {max(SIZES)}, and seconds above 0")
    found = run(asked.seconds, sizes)
    print(json.dumps([asdict(figure) for figure in found], indent=2) if asked.json else text_table({"demo": found}))
    return int(any(figure.holds is False for figure in found))


if __name__ == "__main__":
    sys.exit(main())
