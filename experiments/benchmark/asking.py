"""How many labels "ask me" saves: answers to it against answers at random, on two kinds of table (half an hour).

A listener has judged 50 tracks, drawn at random, and is asked about ten more at a time, by `models.asking` or at
random; after each ten the same small committee is fitted anew and judged by ROC AUC on the same held-out tracks. The
tables are the Kaggle CSV, dealt anew for each seed, and a demo listener of each seed. Held out are all tracks of some
artists ("unseen artists", which counts) and some tracks of the others ("familiar artists").

A figure is labels(ask me) / labels(random), the 50 included, at which the mean curves over the seeds reach a ROC AUC.
The one that random asking reaches with 400 labels counts: that was settled before any curve was seen. Those of fewer
labels stand beside it. Curves are made monotone first, and intervals are over resampled seeds. What `models.doubt`
does was chosen on ten other deals of the Kaggle CSV and on the first six demo listeners, with a smaller committee and
batches of 25.

``python -m experiments.benchmark.asking [--seeds N] [--tables A,B] [--json]``. Curves are written to
``mlruns/benchmark/asking/curves.json``.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from importlib import import_module
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import isotonic_regression
from threadpoolctl import threadpool_limits

from experiments.answer_gain import FAMILIES
from experiments.benchmark.demo_curve import invent
from experiments.benchmark.figure import Figure, at_most, text_table
from experiments.benchmark.peers.store import store_root, write_atomically
from experiments.benchmark.shared_tables import kaggle_csv
from experiments.metrics import roc_auc
from experiments.splits import groups_for
from features.inputs import input_table
from features.schema import labelled, validate
from models.asking import most_informative, standardised, undecided
from models.fitted import fit_model
from models.registry import spec
from models.space import Value

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

SEEDS: Final = 20
START, BATCH, MOST = 50, 10, 400
COUNTS, BESIDE = 400, (150, 200, 300)
"""Random asking's labels whose ROC AUC has to be reached: what counts, and others."""
WANTED: Final = 0.7
COMMITTEE: Final[Mapping[str, dict[str, Value]]] = {
    "extra_trees": {},
    "symmetric_trees": FAMILIES["symmetric_trees"],
}
N_POOL: Final = 1500
DEMO_TRACKS: Final = 5000
FAMILIAR_SHARE: Final = 0.1
RESAMPLES: Final = 500

Way = Literal["ask me", "random"]
WAYS: Final[tuple[Way, ...]] = ("ask me", "random")
JUDGES: Final = ("unseen artists", "familiar artists")


@dataclass(frozen=True)
class Dealt:
    """A table, and who judges: positions of the rows that may be asked about, and of both kinds of held-out rows."""

    inputs: pd.DataFrame
    y: IntArray
    pool: IntArray
    judges: tuple[IntArray, IntArray]


@dataclass(frozen=True)
class Curve:
    """ROC AUC on the held-out rows of each kind, by number of labels."""

    table: str
    way: Way
    seed: int
    n_labels: tuple[int, ...]
    roc_auc: tuple[tuple[float, ...], ...]


def run(seeds: int = SEEDS, tables: Sequence[str] = ("kaggle", "demo")) -> list[Figure]:
    """Labels that asking needs, as a share of those that random asking needs."""
    curves: list[Curve] = []
    jobs = [(name, seed) for name in tables for seed in range(seeds)]
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(2) as pool:
        for both in pool.map(lambda job: compare(*job), jobs):
            curves.extend(both)
            print(f"{both[0].table}, seed {both[0].seed}", file=sys.stderr, flush=True)
            _write(curves)
    return figures(curves)


def compare(table: str, seed: int) -> list[Curve]:
    """Both ways to ask, from the same labels on."""
    dealt = TABLES[table](seed)
    return [simulate(table, dealt, seed, way) for way in WAYS]


def kaggle(seed: int) -> Dealt:
    """The Kaggle CSV, dealt anew for each seed."""
    reading: Any = import_module("earmark.reading")  # the front door reads; the room of experiments does not
    return deal(labelled(reading.read_tracks(str(kaggle_csv())).tracks), seed)


def demo(seed: int) -> Dealt:
    """Another demo listener for each seed."""
    return deal(labelled(validate(invent(DEMO_TRACKS, seed).drop(columns="best"))[0]), seed)


TABLES: Final[Mapping[str, Callable[[int], Dealt]]] = {"kaggle": kaggle, "demo": demo}


def deal(tracks: pd.DataFrame, seed: int, n_pool: int = N_POOL) -> Dealt:
    """Hold whole artists out, and some tracks of the others.

    Parameters
    ----------
    tracks : DataFrame, shape (n, any)
        A labelled tracks table.
    seed : int
    n_pool : int
        About so many tracks may be asked about, at most three quarters.
    """
    artist = groups_for(tracks, "artist")
    rng = np.random.default_rng(seed)
    place = rng.permutation(artist.max() + 1)[artist]
    upto = np.cumsum(np.bincount(place))
    wanted = min(n_pool, int(0.75 * len(tracks))) / (1 - FAMILIAR_SHARE)
    seen = place <= np.searchsorted(upto, wanted)
    familiar = seen & (rng.random(len(tracks)) < FAMILIAR_SHARE)
    judges = np.flatnonzero(~seen), np.flatnonzero(familiar)
    inputs = input_table(tracks).reset_index(drop=True)
    return Dealt(inputs, tracks["liked"].to_numpy(dtype=np.int64), np.flatnonzero(seen & ~familiar), judges)


def simulate(table: str, dealt: Dealt, seed: int, way: Way, most: int = MOST) -> Curve:
    """Ask, answer, fit and judge, again and again."""
    rng = np.random.default_rng([seed, START])
    rows = rng.permutation(dealt.pool)[:START]
    sizes, scores = [], []
    while True:
        probability = committee(dealt, rows, seed)
        sizes.append(len(rows))
        scores.append([roc_auc(dealt.y[judge], probability[judge]) for judge in dealt.judges])
        if len(rows) >= most:
            return Curve(table, way, seed, tuple(sizes), tuple(zip(*scores, strict=True)))
        left = np.setdiff1d(dealt.pool, rows)
        if way == "random":
            chosen = rng.choice(left, BATCH, replace=False)
        else:
            features, judged = standardised(dealt.inputs.iloc[left], dealt.inputs.iloc[rows])
            chosen = left[most_informative(undecided(probability[left]), features, BATCH, judged=judged, seed=seed)]
        rows = np.concatenate([rows, chosen])


def committee(dealt: Dealt, rows: IntArray, seed: int) -> FloatArray:
    """The families' mean prediction of all tracks after learning from some: (n,)."""
    learnt, y = dealt.inputs.iloc[rows], dealt.y[rows]
    fitted = [fit_model(spec(name), params, seed, learnt, y) for name, params in COMMITTEE.items()]
    return np.asarray(np.mean([model.predict(dealt.inputs) for model in fitted], axis=0))


def needed(n_labels: IntArray, roc_auc: FloatArray, level: float) -> float:
    """Labels at which a curve, made monotone, reaches a level; NaN where it does not."""
    smooth = isotonic_regression(roc_auc).x
    if smooth[-1] < level:
        return float("nan")
    after = int(np.argmax(smooth >= level))
    if after == 0:
        return float(n_labels[0])
    part = (level - smooth[after - 1]) / (smooth[after] - smooth[after - 1])
    return float(n_labels[after - 1] + part * (n_labels[after] - n_labels[after - 1]))


def ratio(n_labels: IntArray, asked: FloatArray, random: FloatArray, n_random: int) -> tuple[float, float]:
    """Labels(ask me) / labels(random) for what random asking reaches with ``n_random``, and that ROC AUC.

    Parameters
    ----------
    n_labels : ndarray of int, shape (n_sizes,)
    asked, random : ndarray of float, shape (n_seeds, n_sizes)
    n_random : int
    """
    mean = random.mean(axis=0)
    level = float(np.interp(n_random, n_labels, isotonic_regression(mean).x))
    return needed(n_labels, asked.mean(axis=0), level) / needed(n_labels, mean, level), level


def interval(
    n_labels: IntArray, asked: FloatArray, random: FloatArray, n_random: int, seed: int = 0
) -> tuple[float, float]:
    """95 % interval of the ratio over resampled seeds; the upper end is NaN where the level may be out of reach."""
    rng = np.random.default_rng(seed)
    draws = rng.integers(len(asked), size=(RESAMPLES, len(asked)))
    values = np.array([ratio(n_labels, asked[rows], random[rows], n_random)[0] for rows in draws])
    low, high = np.quantile(np.nan_to_num(values, nan=np.inf), [0.025, 0.975], method="nearest")
    return float(low), float(high) if np.isfinite(high) else float("nan")


def figures(curves: Sequence[Curve]) -> list[Figure]:
    """Ratios of every table, kind of judge and level."""
    found: list[Figure] = []
    for table in dict.fromkeys(curve.table for curve in curves):
        for number, judge in enumerate(JUDGES):
            found.extend(_of_judge(table, number, judge, curves))
    return found


def _of_judge(table: str, number: int, judge: str, curves: Sequence[Curve]) -> Iterator[Figure]:
    of_table = {way: [curve for curve in curves if (curve.table, curve.way) == (table, way)] for way in WAYS}
    n_labels = np.array(of_table["random"][0].n_labels)
    asked, random = (np.array([curve.roc_auc[number] for curve in of_table[way]]) for way in WAYS)
    for n_random in (COUNTS, *BESIDE):
        value, level = ratio(n_labels, asked, random, n_random)
        low, high = interval(n_labels, asked, random, n_random)
        name = f"{table}, {judge}: labels(ask me) / labels(random) for the ROC AUC of {n_random} at random"
        newly = (value * n_random - START) / (n_random - START)
        note = (
            f"ROC AUC {level:.4f}, {len(asked)} seeds, 95 % interval {low:.2f} to {high:.2f}; "
            f"without the first {START} on both sides: {newly:.2f}"
        )
        counts = (table, number, n_random) == ("kaggle", 0, COUNTS)
        yield at_most(name, value, WANTED, note=note) if counts else Figure(name, value, note=note)


def _write(curves: Sequence[Curve]) -> None:
    folder = store_root().with_name("asking")
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / "curves.json", json.dumps([asdict(curve) for curve in curves]) + "\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure with options; the exit code is 1 where a figure is not as wanted."""
    parser = argparse.ArgumentParser(prog="python -m experiments.benchmark.asking", description=__doc__)
    parser.add_argument("--seeds", type=int, default=SEEDS, help=f"how many (default: {SEEDS})")
    parser.add_argument("--tables", default=",".join(TABLES), help=f"by comma (default: {','.join(TABLES)})")
    parser.add_argument("--json", action="store_true", help="answer with JSON")
    asked = parser.parse_args(arguments)
    tables = asked.tables.split(",")
    if asked.seeds < 1 or not set(tables) <= set(TABLES):
        parser.error(f"at least one seed is needed, and tables are {', '.join(TABLES)}")
    found = run(asked.seeds, tables)
    print(json.dumps([asdict(figure) for figure in found], indent=2) if asked.json else text_table({"asking": found}))
    return int(any(figure.holds is False for figure in found))


if __name__ == "__main__":
    sys.exit(main())
