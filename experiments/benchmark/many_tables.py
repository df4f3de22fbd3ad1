"""Ours on many other tables, beside CatBoost and extra trees, and beside its own members.

Listeners are invented over a real catalogue (200 to 10,000 labels, easy to hard, 5 to 90 % likes, with and without
artists, with few features), a real listener's table is cut to few labels, and genres stand for tastes in a table of
other columns. Tracks of other artists judge. Ours sees artists' names, which are new in what judges; the peers would
only be led astray by them, and see features alone. The peers run in their own environment, with their defaults.
That artists' profiles are always heard, and that models stop where held-out rows say, was tried on these tables too.

``python -m experiments.benchmark.many_tables [--seconds S] [--tables A,B] [--json]`` (a quarter of an hour).
"""

import argparse
import json
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache, partial
from importlib import import_module
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import pandas as pd

from experiments.benchmark.commands import Load, run_command
from experiments.benchmark.figure import Figure, at_least, text_table
from experiments.benchmark.invented_listeners import Listener, judged
from experiments.benchmark.peers.columns import LABEL, read_table, write_plain
from experiments.benchmark.peers.fit_ours import predicted
from experiments.benchmark.peers.running import PEERS_PYTHON
from experiments.benchmark.peers.store import PEERS_SCRIPT, ROOT
from experiments.benchmark.shared_tables import kaggle_csv, shared_table
from experiments.metrics import METRICS
from experiments.predictions import Floats
from features.columns import AUDIO_FEATURES
from features.schema import validate

SECONDS = 30.0
N_TEST = 3000
PEERS = ("catboost", "catboost_extra_trees")
OURS, MEMBER = "earmark", "its best member"
LOST_TO_A_MEMBER = -0.002
SIX = ("danceability", "energy", "valence", "tempo", "acousticness", "loudness")
ECHO_NEST = (
    "acousticness", "danceability", "energy", "instrumentalness", "liveness", "speechiness", "tempo", "valence",
)  # fmt: skip

Parts = tuple[pd.DataFrame, pd.DataFrame]


def invented(listener: Listener) -> Parts:
    """A table of a listener who does not exist."""
    return judged(listener, _real_tracks(), N_TEST)


@cache
def _real_tracks() -> pd.DataFrame:
    return validate(pd.read_parquet(shared_table("catalogue/tracks.parquet")))[0]


def genre(name: str, n_labels: int, seed: int) -> Parts:
    """Whether a track is of a genre, by eight features and no artist."""
    table = pd.read_csv(shared_table("genre/fma_echonest_13129.csv")).dropna(subset=["genre_top"])
    table = table.assign(**{LABEL: (table["genre_top"] == name).astype(int)})[[*ECHO_NEST, LABEL]]
    drawn = table.sample(n_labels + N_TEST, random_state=seed).reset_index(drop=True)
    return drawn.head(n_labels), drawn.tail(N_TEST).reset_index(drop=True)


def kaggle(n_labels: int, seed: int) -> Parts:
    """A few of a real listener's labels, judged by all tracks of other artists."""
    table = read_table(kaggle_csv())[[*AUDIO_FEATURES, "artist_name", LABEL]]
    train = table.sample(n_labels, random_state=seed)
    test = table[~table["artist_name"].isin(train["artist_name"])]
    return train.reset_index(drop=True), test.reset_index(drop=True)


TABLES: Mapping[str, Callable[[], Parts]] = {
    "lines, 200": partial(invented, Listener("lines", 2.0, 0.5, 200, 0)),
    "lines, 2,000, 90 % likes": partial(invented, Listener("lines", 2.0, 0.9, 2000, 1)),
    "spots, 300": partial(invented, Listener("spots", 2.0, 0.5, 300, 2)),
    "spots, 1,500": partial(invented, Listener("spots", 2.0, 0.4, 1500, 3)),
    "spots, 5,000, 30 % likes": partial(invented, Listener("spots", 2.0, 0.3, 5000, 4)),
    "spots, hard, 1,500": partial(invented, Listener("spots", 0.5, 0.5, 1500, 5)),
    "spots, easy, 10,000": partial(invented, Listener("spots", 5.0, 0.5, 10_000, 6)),
    "spots, 5 % likes, 2,000": partial(invented, Listener("spots", 2.0, 0.05, 2000, 7)),
    "rules, 800": partial(invented, Listener("rules", 2.0, 0.5, 800, 8)),
    "rules, easy, 3,000": partial(invented, Listener("rules", 5.0, 0.5, 3000, 9)),
    "rules, no artists, six features, 1,000": partial(invented, Listener("rules", 2.0, 0.5, 1000, 10, False, SIX)),
    "spots, no artists, 700": partial(invented, Listener("spots", 3.0, 0.6, 700, 11, False)),
    "Kaggle, 200": partial(kaggle, 200, 0),
    "Kaggle, 200 others": partial(kaggle, 200, 1),
    "Kaggle, 500": partial(kaggle, 500, 2),
    "genre Rock, 400": partial(genre, "Rock", 400, 0),
    "genre Hip-Hop, 2,000": partial(genre, "Hip-Hop", 2000, 1),
    "genre Folk, 1,000": partial(genre, "Folk", 1000, 2),
}


@dataclass(frozen=True)
class Scores:
    """ROC AUC and log loss of each method on one table, and ours' best member by ROC AUC."""

    roc_auc: Mapping[str, float]
    log_loss: Mapping[str, float]
    seconds: float
    member: str


def run(seconds: float = SECONDS, tables: Sequence[str] = tuple(TABLES)) -> list[Figure]:
    """How much better ours is than each other in the mean over tables, and where it is worst."""
    load = Load()
    found = {}
    for name in tables:
        found[name] = scores = measure(*TABLES[name](), seconds)
        told = ", ".join(f"{method} {value:.4f}" for method, value in scores.roc_auc.items())
        losses = ", ".join(f"{value:.4f}" for value in scores.log_loss.values())
        print(
            f"{name}: {told} ({scores.member}); log loss {losses}; {scores.seconds:.0f} s", file=sys.stderr, flush=True
        )
    return figures_of(found, load.in_words())


def measure(train: pd.DataFrame, test: pd.DataFrame, seconds: float) -> Scores:
    """Scores on one table.

    Parameters
    ----------
    train, test : DataFrame
        Features, ``liked`` and perhaps ``artist_name``.
    seconds : float
        Budget of ours.
    """
    liked = test[LABEL].to_numpy(dtype=np.int64)
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        started = time.perf_counter()
        ours, members = _ours(train, test.drop(columns=LABEL), seconds, scratch)
        taken = time.perf_counter() - started
        probability = {OURS: ours} | {name: _peer(name, train, test, scratch) for name in PEERS}
    auc = {name: METRICS["roc_auc"].score(liked, p) for name, p in probability.items()}
    loss = {name: METRICS["log_loss"].score(liked, np.clip(p, 1e-6, 1 - 1e-6)) for name, p in probability.items()}
    alone = {name: METRICS["roc_auc"].score(liked, p) for name, p in members.items()}
    best = max(alone, key=lambda name: alone[name])
    return Scores({**auc, MEMBER: alone[best]}, loss, taken, best)


def _ours(train: pd.DataFrame, test: pd.DataFrame, seconds: float, scratch: Path) -> tuple[Floats, dict[str, Floats]]:
    """Like probabilities by the whole ranker, and by each of its members alone (their order is what counts)."""
    earmark: Any = import_module("earmark")  # the front door lies above this room
    file = scratch / "ours.parquet"
    train.to_parquet(file)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that duplicates are merged is known
        ranker = earmark.fit(earmark.read(file), budget=seconds)
    alone = {
        f"{member.models[0].spec.name} {place}": replace(ranker, members=(replace(member, weight=1.0),))
        for place, member in enumerate(ranker.members)
    }
    return predicted(ranker, test), {name: predicted(single, test) for name, single in alone.items()}


def _peer(method: str, train: pd.DataFrame, test: pd.DataFrame, scratch: Path) -> Floats:
    """A peer's like probabilities, in its own environment."""
    features = [name for name in train.columns if name not in (LABEL, "artist_name")]
    paths = scratch / "train.parquet", scratch / "test.parquet"
    for path, part in zip(paths, (train[[*features, LABEL]], test[features]), strict=True):
        write_plain(part, path)
    files = ("--train", str(paths[0]), "--test", str(paths[1]), "--out", str(scratch))
    run_command((str(PEERS_PYTHON), "-P", str(ROOT / PEERS_SCRIPT), method, *files), scratch)
    return pd.read_parquet(scratch / "predictions.parquet")["probability"].to_numpy(dtype=np.float64)


def figures_of(found: Mapping[str, Scores], note: str = "") -> list[Figure]:
    """Means over tables of what ours is above each other, and the least of them."""
    figures = []
    for other in PEERS:
        auc = {table: scores.roc_auc[OURS] - scores.roc_auc[other] for table, scores in found.items()}
        loss = {table: scores.log_loss[other] - scores.log_loss[OURS] for table, scores in found.items()}
        told = ", ".join(f"{table} {value:+.4f}" for table, value in auc.items())
        figures.append(at_least(f"ROC AUC above {other}, mean", fmean(auc.values()), 0, note=f"{told}; {note}"))
        won = sum(value > 0 for value in auc.values()) / len(auc)
        figures.append(Figure(f"share of tables with a better ROC AUC than {other}", won))
        figures.append(at_least(f"log loss below {other}, mean", fmean(loss.values()), 0))
        lost = min(loss, key=lambda table: loss[table])
        figures.append(Figure(f"log loss below {other}, least", loss[lost], note=lost))
    own = {table: scores.roc_auc[OURS] - scores.roc_auc[MEMBER] for table, scores in found.items()}
    worst = min(own, key=lambda table: own[table])
    figures.append(at_least("ROC AUC above its own best member, mean", fmean(own.values()), LOST_TO_A_MEMBER))
    told = f"{worst} ({found[worst].member}); the best of all by the judging labels themselves, which flatters it"
    figures.append(Figure("ROC AUC above its own best member, least", own[worst], note=told))
    return figures


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure with options; the exit code is 1 where a figure is not as wanted."""
    parser = argparse.ArgumentParser(prog="python -m experiments.benchmark.many_tables", description=__doc__)
    parser.add_argument("--seconds", type=float, default=SECONDS, help=f"budget of a fit (default: {SECONDS:g})")
    parser.add_argument("--tables", nargs="+", default=list(TABLES), choices=list(TABLES), metavar="TABLE")
    parser.add_argument("--json", action="store_true", help="answer with JSON")
    asked = parser.parse_args(arguments)
    found = run(asked.seconds, asked.tables)
    print(json.dumps([asdict(figure) for figure in found], indent=2) if asked.json else text_table({"tables": found}))
    return int(any(figure.holds is False for figure in found))


if __name__ == "__main__":
    sys.exit(main())
