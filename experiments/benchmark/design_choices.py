"""Two choices measured: TabM-mini or small networks side by side; tuned numbers of trees or early stopping (an hour).

Fits with default settings on equal training rows, alone or as bags over inner folds: five random and five artist folds
of the Kaggle CSV; the first 500 and 1,600 labels of three demo listeners, judged by 2,000 tracks of other artists;
three draws of 1,500 tracks of a genre table (rock against the rest), judged by 3,000 others. Each variant also averaged
with CatBoost, as what a family adds to an ensemble matters most. Seconds are the processor's, the median of a table's
fits: what is traced once an architecture does not count.

``python -m experiments.benchmark.design_choices [--variants A,B] [--tables "A|B"] [--bag N] [--json]``. Each prediction
is kept in ``mlruns/benchmark/design_choices``, so that a broken run can be taken up again; the tables of scores are
``single.md`` and ``bag_N.md`` there.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from importlib import import_module
from pathlib import Path
from statistics import fmean, median, stdev
from typing import Any

import numpy as np
import pandas as pd

from experiments.benchmark.demo_curve import deal, invent
from experiments.benchmark.figure import Figure, text_table
from experiments.benchmark.peers.store import store_root, write_atomically
from experiments.benchmark.shared_tables import kaggle_csv, shared_table
from experiments.benchmark.side_by_side import SideBySide
from experiments.benchmark.stopped_trees import StoppedTrees
from experiments.metrics import METRICS
from experiments.predictions import Floats
from experiments.splits import Rows, Split, groups_for, outer_folds
from features.inputs import input_table
from features.schema import validate
from models.estimators.dense import DenseNetworks
from models.fitted import fit_model
from models.folds import deal_folds
from models.registry import spec
from models.spec import Estimator, ModelSpec

GENRES = "genre/fma_echonest_13129.csv"
LISTENERS, DRAWS, FOLDS = 3, 3, 5
DEMO_JUDGES, GENRE_JUDGES, GENRE_LABELS = 2000, 3000, 1500

ALTERNATIVES: Mapping[str, tuple[str, Callable[..., Estimator]]] = {
    "side by side": ("dense", SideBySide),
    "16 members": ("dense", partial(DenseNetworks, n_members=16)),
    "stopped": ("boosted_trees", StoppedTrees),
    "stopped refit": ("boosted_trees", partial(StoppedTrees, refit=True)),
}
"""What each is measured against, and its estimator."""
PARTNER = "symmetric_trees"


@dataclass(frozen=True)
class Part:
    """One training table and the rows that judge it."""

    train: pd.DataFrame
    y_train: Rows
    groups: Rows
    test: pd.DataFrame
    y_test: Rows


@dataclass(frozen=True)
class Scores:
    """Of one variant on one table: a value a part."""

    roc_auc: tuple[float, ...]
    log_loss: tuple[float, ...]
    auc_with_partner: tuple[float, ...]
    loss_with_partner: tuple[float, ...]
    seconds: float


def kaggle_parts(kind: Split) -> Iterator[Part]:
    """Outer folds of the Kaggle CSV."""
    reading: Any = import_module("earmark.reading")  # the front door reads; the room of experiments does not
    tracks = reading.read_tracks(str(kaggle_csv())).tracks
    y = tracks["liked"].to_numpy(dtype=np.int64)
    for fold in outer_folds(tracks, y, kind, n_folds=FOLDS):
        yield part_of(tracks.iloc[fold.train], tracks.iloc[fold.test], kind)


def demo_parts(n_labels: int) -> Iterator[Part]:
    """The first labels of some demo listeners."""
    for seed in range(LISTENERS):
        table = deal(invent(2 * DEMO_JUDGES, seed), DEMO_JUDGES, seed)
        yield part_of(table.train.head(n_labels), table.test, "artist")


def genre_parts() -> Iterator[Part]:
    """Draws from the genre table, which names no artists."""
    table = pd.read_csv(shared_table(GENRES)).dropna(subset=["genre_top"])
    table = table.assign(track_id="fma:" + table["track_id"].astype(str), liked=(table["genre_top"] == "Rock") * 1)
    tracks = validate(table.drop(columns=["genre_top", "genres_all", "listens"]))[0]
    for seed in range(DRAWS):
        drawn = tracks.sample(GENRE_LABELS + GENRE_JUDGES, random_state=seed)
        yield part_of(drawn.head(GENRE_LABELS), drawn.tail(GENRE_JUDGES), "random")


TABLES: Mapping[str, Callable[[], Iterator[Part]]] = {
    "Kaggle, random folds": partial(kaggle_parts, "random"),
    "Kaggle, artist folds": partial(kaggle_parts, "artist"),
    "demo, 500 labels": partial(demo_parts, 500),
    "demo, 1600 labels": partial(demo_parts, 1600),
    "genre, 1500 labels": genre_parts,
}


def part_of(train: pd.DataFrame, test: pd.DataFrame, kind: Split) -> Part:
    """A part of tracks tables: what models read of them, without what is known of artists."""
    y_train, y_test = (table["liked"].to_numpy(dtype=np.int64) for table in (train, test))
    return Part(input_table(train), y_train, groups_for(train, kind), input_table(test), y_test)


def run(
    variants: Sequence[str] = tuple(ALTERNATIVES), tables: Sequence[str] = tuple(TABLES), bag: int = 1
) -> list[Figure]:
    """Mean difference of ROC AUC to what is built, alone and averaged with CatBoost, over tables."""
    families = dict.fromkeys(ALTERNATIVES[name][0] for name in variants)
    scores = {table: measure(table, [*families, *variants], bag) for table in tables}
    write_atomically(_folder() / f"{_named(bag)}.md", markdown(scores))
    return [figure for name in variants for figure in figures_of(name, scores)]


def measure(table: str, names: Sequence[str], bag: int = 1) -> dict[str, Scores]:
    """Scores of these variants and families on one table."""
    fits: dict[str, list[tuple[Floats, float]]] = {name: [] for name in (PARTNER, *names)}
    labels = []
    for number, part in enumerate(TABLES[table]()):
        labels.append(part.y_test)
        for name, found in fits.items():
            file = f"{table} {number} {name} {_named(bag)}.npz".replace(" ", "_")
            found.append(_kept(_folder() / file, name, part, bag, number))
        print(f"{table}, {number + 1}", file=sys.stderr, flush=True)
    beside = [probability for probability, _ in fits[PARTNER]]
    return {name: scores_of(labels, found, beside) for name, found in fits.items()}


def scores_of(labels: Sequence[Rows], fits: Sequence[tuple[Floats, float]], beside: Sequence[Floats]) -> Scores:
    """Scores of one variant's fits, a label array and a partner's prediction each."""
    alone = [probability for probability, _ in fits]
    together = [(one + other) / 2 for one, other in zip(alone, beside, strict=True)]

    def each(metric: str, probabilities: Sequence[Floats]) -> tuple[float, ...]:
        score = METRICS[metric].score
        return tuple(score(y, probability) for y, probability in zip(labels, probabilities, strict=True))

    return Scores(
        each("roc_auc", alone),
        each("log_loss", alone),
        each("roc_auc", together),
        each("log_loss", together),
        median(seconds for _, seconds in fits),
    )


def figures_of(name: str, scores: Mapping[str, Mapping[str, Scores]]) -> list[Figure]:
    """How much better than what is built a variant is, in the mean over tables."""
    family = ALTERNATIVES[name][0]
    pairs = [(of[name], of[family]) for of in scores.values()]
    cost = fmean(own.seconds / built.seconds for own, built in pairs)
    figures = []
    for label, field in (("", "roc_auc"), (" with CatBoost", "auc_with_partner")):
        each = [fmean(paired(own, built, field)) for own, built in pairs]
        told = ", ".join(f"{table} {value:+.4f}" for table, value in zip(scores, each, strict=True))
        note = f"{told}; {cost:.1f} times the processor's seconds"
        figures.append(Figure(f"{name}{label}, ROC AUC above {family}", fmean(each), note=note))
    return figures


def paired(own: Scores, built: Scores, field: str) -> list[float]:
    """Differences of a field, a part at a time."""
    return [mine - theirs for mine, theirs in zip(getattr(own, field), getattr(built, field), strict=True)]


def markdown(scores: Mapping[str, Mapping[str, Scores]]) -> str:
    """A row a table and variant: means, and paired differences of ROC AUC with their standard error."""
    head = ("table", "variant", "ROC AUC", "log loss", "difference", "with CatBoost", "difference", "log loss", "CPU s")
    lines = [f"| {' | '.join(head)} |", "|---|---|" + "---:|" * (len(head) - 2)]
    for table, found in scores.items():
        for name, own in found.items():
            built = found.get(ALTERNATIVES[name][0]) if name in ALTERNATIVES else None
            alone, together = (_difference(own, built, field) for field in ("roc_auc", "auc_with_partner"))
            means = [f"{fmean(values):.4f}" for values in (own.roc_auc, own.log_loss, own.auc_with_partner)]
            loss = f"{fmean(own.loss_with_partner):.4f}"
            cells = (table, name, *means[:2], alone, means[2], together, loss, f"{own.seconds:.2f}")
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _difference(own: Scores, built: Scores | None, field: str) -> str:
    if built is None:
        return ""
    each = paired(own, built, field)
    return f"{fmean(each):+.4f} ± {stdev(each) / len(each) ** 0.5:.4f}"


def bagged(name: str, part: Part, bag: int, seed: int) -> Floats:
    """The judging rows' mean prediction by a model an inner fold, as a family has them; by one on all rows for 1."""
    fold = deal_folds(part.y_train, part.groups, bag, seed) if bag > 1 else np.full(len(part.y_train), -1)
    rows = [np.flatnonzero(fold != number) for number in range(bag)]
    fitted = (
        fit_model(_spec(name), {}, seed + number, part.train.iloc[own], part.y_train[own], part.groups[own])
        for number, own in enumerate(rows)
    )
    return np.asarray(np.mean([model.predict(part.test) for model in fitted], axis=0))


def _kept(path: Path, name: str, part: Part, bag: int, seed: int) -> tuple[Floats, float]:
    """The prediction of the judging rows and the processor's seconds; from the disk where they have been measured."""
    if not path.exists():
        started = time.process_time()
        probability = bagged(name, part, bag, seed)
        taken = time.process_time() - started
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, probability=probability, seconds=taken)
    with np.load(path, allow_pickle=False) as kept:
        return kept["probability"], float(kept["seconds"])


def _named(bag: int) -> str:
    return "single" if bag == 1 else f"bag_{bag}"


def _spec(name: str) -> ModelSpec:
    if name not in ALTERNATIVES:
        return spec(name)
    family, estimator = ALTERNATIVES[name]
    return replace(spec(family), estimator=estimator, space={})


def _folder() -> Path:
    return store_root().with_name("design_choices")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure with options."""
    parser = argparse.ArgumentParser(prog="python -m experiments.benchmark.design_choices", description=__doc__)
    parser.add_argument("--variants", default=",".join(ALTERNATIVES), help="variants, by comma (default: all)")
    parser.add_argument("--tables", default="|".join(TABLES), help="tables, by | (default: all)")
    parser.add_argument("--bag", type=int, default=1, help="inner folds, a model each (default: one on all rows)")
    parser.add_argument("--json", action="store_true", help="answer with JSON")
    asked = parser.parse_args(arguments)
    variants, tables = asked.variants.split(","), asked.tables.split("|")
    for given, known in ((variants, ALTERNATIVES), (tables, TABLES)):
        if unknown := [name for name in given if name not in known]:
            parser.error(f"there is no {unknown[0]!r}; there are: {', '.join(known)}")
    found = run(variants, tables, asked.bag)
    print(json.dumps([asdict(figure) for figure in found], indent=2) if asked.json else text_table({"choices": found}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
