"""Whether a promised precision is kept: random splits of the Kaggle CSV, ranked with 0.7, 0.8 and 0.9 (half an hour).

Each split fits `earmark.fit` on 80 % of the tracks and ranks the others, which it never saw: one fit serves all
promises. A promise that is made should hold at least as often as it says, in 90 % of the splits. To pay for hundreds of
fits, each family is fitted with its defaults only (``trials=1``), and only quick families are.

``python -m experiments.benchmark.promise_kept [--splits N] [--models A,B] [--json]``. A split that was measured under
equal code, data and versions is not measured again, and several of these commands may run beside each other: a split is
one line in a file below ``mlruns/benchmark/promise``.
"""

import argparse
import hashlib
import json
import math
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from filelock import FileLock, Timeout

from experiments.benchmark.figure import Figure, at_least, at_most, text_table
from experiments.benchmark.peers.store import code_digest, file_digest, our_code, store_root, write_atomically
from experiments.benchmark.shared_tables import kaggle_csv
from experiments.figures_judgement import wilson
from experiments.kept_promises import PROMISES
from experiments.metrics import ECE_BINS, METRICS
from experiments.predictions import Bools, Floats
from experiments.versions import LEARNERS, versions
from features.errors import InputError
from features.schema import labelled

SPLITS = 200
TRAIN_SHARE = 0.8
MODELS = ("tree", "extra_trees")
CONFIDENCE = 0.9
"""With which earmark says that its promises hold."""
CALIBRATION_ERROR = 0.03
Z_95 = 1.96


@dataclass(frozen=True)
class Answer:
    """What came of one promise: how many tracks were kept and liked; or what was said instead of promising."""

    promised: float
    n_kept: int
    n_liked: int
    refusal: str = ""

    @property
    def held(self) -> bool:
        """Whether the share of likes is what was promised; keeping nothing breaks no promise."""
        return self.n_liked >= self.promised * self.n_kept - 1e-9


@dataclass(frozen=True)
class Bin:
    """Unseen rows of one tenth of the like probabilities: their number and likes, sums of p and of p (1 - p)."""

    n: int
    n_liked: int
    probability: float
    variance: float


@dataclass(frozen=True)
class Split:
    """One split: what a ranker fitted on the one side said of the other."""

    number: int
    n_test: int
    seconds: float
    roc_auc: float
    answers: tuple[Answer, ...]
    bins: tuple[Bin, ...]


@dataclass(frozen=True)
class Store:
    """Measured splits of equal code, data and versions, in a folder."""

    folder: Path

    def read(self) -> dict[int, Split]:
        """By number; a line that a killed process left unfinished does not count."""
        found: dict[int, Split] = {}
        path = self.folder / "splits.jsonl"
        for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
            try:
                entry = json.loads(line)
                answers = tuple(Answer(**answer) for answer in entry["answers"])
                split = Split(**{**entry, "answers": answers, "bins": tuple(Bin(**of) for of in entry["bins"])})
            except (ValueError, KeyError, TypeError):
                continue
            found.setdefault(split.number, split)
        return found

    def measure(self, numbers: Sequence[int], measure: Callable[[int], Split]) -> list[Split]:
        """The splits of these numbers, missing ones measured now; what another process is measuring is waited for."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for patience in (0, -1):
            for number in numbers:
                if number in self.read():
                    continue
                try:
                    with FileLock(self.folder / f"split-{number}.lock", timeout=patience):
                        if number not in self.read():
                            self._append(measure(number))
                except Timeout:
                    continue
        found = self.read()
        return [found[number] for number in numbers]

    def _append(self, split: Split) -> None:
        with FileLock(self.folder / "splits.lock"), (self.folder / "splits.jsonl").open("a+b") as stream:
            if stream.tell():
                stream.seek(-1, 2)
                broken = stream.read(1) != b"\n"
                stream.write(b"\n" if broken else b"")
            stream.write(json.dumps(asdict(split)).encode() + b"\n")


def run(splits: int = SPLITS, models: Sequence[str] = MODELS) -> list[Figure]:
    """How often each promise was made and held, and how well the like probabilities are calibrated."""
    csv = kaggle_csv()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that contradictory rows are set aside is known
        tracks = labelled(import_module("earmark").read(csv)).reset_index(drop=True)
    store = store_for({"table": file_digest(csv), "models": sorted(models), "versions": versions(LEARNERS)})

    def measure(number: int) -> Split:
        split = measure_split(tracks, number, models)
        print(f"split {number} of {splits}: {split.seconds:.1f} s", file=sys.stderr, flush=True)
        return split

    return figures(store.measure(range(splits), measure), models)


def store_for(about: Mapping[str, Any]) -> Store:
    """The results that depend on all this, and on the code that fits and splits."""
    depends = {**about, "code": code_digest({*our_code(), Path(__file__).resolve()})}
    digest = hashlib.sha256(json.dumps(depends, sort_keys=True).encode()).hexdigest()
    store = Store(store_root().with_name("promise") / digest[:16])
    store.folder.mkdir(parents=True, exist_ok=True)
    write_atomically(store.folder / "about.json", json.dumps(depends, indent=2) + "\n")
    return store


def measure_split(tracks: pd.DataFrame, number: int, models: Sequence[str]) -> Split:
    """Fit on 80 % of the tracks, and rank the others once for each promise.

    Parameters
    ----------
    tracks : DataFrame, shape (n, any)
        A labelled tracks table.
    number : int
        Seed of the split and of the fit.
    models : sequence of str
        Families.
    """
    order = np.random.default_rng(number).permutation(len(tracks))
    n_train = round(TRAIN_SHARE * len(tracks))
    train, test = (tracks.iloc[np.sort(rows)].reset_index(drop=True) for rows in (order[:n_train], order[n_train:]))
    started = time.perf_counter()
    ranker = import_module("earmark").fit(train, trials=1, models=models, seed=number)
    liked = test["liked"].to_numpy(dtype=np.int64) == 1
    candidates = test.drop(columns="liked")
    probability = ranker.predict_proba(candidates)
    answers = tuple(_ask(ranker, candidates.assign(**{_LIKED: liked}), promised) for promised in PROMISES)
    seconds = round(time.perf_counter() - started, 2)
    auc = METRICS["roc_auc"].score(liked, probability)
    return Split(number, len(test), seconds, auc, answers, bins_of(liked, probability))


_LIKED = "liked by the listener"
"""Carried through the ranking under a name that no ranker reads."""


def _ask(ranker: Any, candidates: pd.DataFrame, promised: float) -> Answer:
    try:
        kept = ranker.rank(candidates, min_precision=promised)
    except InputError as error:
        return Answer(promised, 0, 0, f"{error.message}; {error.hint}")
    return Answer(promised, len(kept), int(kept[_LIKED].sum()))


def bins_of(liked: Bools, probability: Floats) -> tuple[Bin, ...]:
    """Tenths of the like probabilities, as the calibration error takes them."""
    place = np.minimum((probability * ECE_BINS).astype(np.intp), ECE_BINS - 1)
    sums = [
        np.bincount(place, weights, minlength=ECE_BINS)
        for weights in (np.ones(len(place)), liked.astype(np.float64), probability, probability * (1 - probability))
    ]
    return tuple(
        Bin(int(n), int(likes), float(p), float(variance)) for n, likes, p, variance in zip(*sums, strict=True)
    )


def calibration_error(bins: Sequence[Bin]) -> float:
    """Expected calibration error of the rows in these bins, as `experiments.metrics.ece`."""
    return sum(abs(of.probability - of.n_liked) for of in bins) / max(sum(of.n for of in bins), 1)


def luck(bins: Sequence[Bin]) -> float:
    """The calibration error that perfectly honest probabilities would show on these rows, on average.

    The mean of the absolute value of a normal variable is ``sqrt(2 / pi)`` standard deviations.
    """
    return sum(math.sqrt(2 / math.pi * of.variance) for of in bins) / max(sum(of.n for of in bins), 1)


def figures(splits: Sequence[Split], models: Sequence[str]) -> list[Figure]:
    """Figures of all splits together; names say with which families.

    Parameters
    ----------
    splits : sequence of Split
        At least one.
    models : sequence of str
    """
    fitted = f"trials=1, {' + '.join(models)}, {len(splits)} splits"
    promises = [_promise([split.answers[place] for split in splits], splits, fitted) for place in range(len(PROMISES))]
    pooled = [
        Bin(*(sum(values) for values in zip(*((b.n, b.n_liked, b.probability, b.variance) for b in same), strict=True)))
        for same in zip(*(split.bins for split in splits), strict=True)
    ]
    errors = [calibration_error(split.bins) for split in splits]
    honest = float(np.mean([luck(split.bins) for split in splits]))
    seconds = [split.seconds for split in splits]
    auc = float(np.mean([split.roc_auc for split in splits]))
    return [
        *promises,
        at_most(
            f"calibration error on unseen rows, all together ({fitted})",
            calibration_error(pooled),
            CALIBRATION_ERROR,
            note=f"mean ROC AUC {auc:.4f}",
        ),
        Figure(
            f"calibration error on a split's unseen rows, mean ({fitted})",
            float(np.mean(errors)),
            note=f"of so few rows, perfectly honest probabilities would show {honest:.4f}",
        ),
        Figure(f"a split ({fitted})", float(np.median(seconds)), unit="s", note=f"median; longest {max(seconds):.1f}"),
    ]


def _promise(answers: Sequence[Answer], splits: Sequence[Split], fitted: str) -> Figure:
    name = f"precision {answers[0].promised:g} promised, and kept on unseen rows ({fitted})"
    made = [(answer, split) for answer, split in zip(answers, splits, strict=True) if not answer.refusal]
    refusals = Counter(answer.refusal for answer in answers if answer.refusal)
    said = f"; out of reach in {refusals.total()}: {refusals.most_common(1)[0][0]!r}" if refusals else ""
    if not made:
        return Figure(name, None, f">= {CONFIDENCE:g}", note=said.removeprefix("; "))
    held = sum(answer.held for answer, _ in made)
    low, high = (float(end[0]) for end in wilson(np.array([held]), np.array([len(made)]), Z_95))
    precisions = [answer.n_liked / answer.n_kept for answer, _ in made if answer.n_kept]
    precision = f"{np.mean(precisions):.4f}" if precisions else "-"
    share = np.mean([answer.n_kept / split.n_test for answer, split in made])
    empty = sum(not answer.n_kept for answer, _ in made)
    note = (
        f"held in {held} of {len(made)} made, 95 % interval {low:.3f} to {high:.3f}; mean precision {precision}, "
        f"mean share kept {share:.3f}{f', nothing kept in {empty}' if empty else ''}{said}"
    )
    return at_least(name, held / len(made), CONFIDENCE, note=note)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure with options; the exit code is 1 where a figure is not as wanted."""
    parser = argparse.ArgumentParser(prog="python -m experiments.benchmark.promise_kept", description=__doc__)
    parser.add_argument("--splits", type=int, default=SPLITS, help=f"how many (default: {SPLITS})")
    parser.add_argument("--models", default=",".join(MODELS), help=f"families (default: {','.join(MODELS)})")
    parser.add_argument("--json", action="store_true", help="answer with JSON")
    asked = parser.parse_args(arguments)
    if asked.splits < 1:
        parser.error("at least one split is needed")
    found = run(asked.splits, tuple(asked.models.split(",")))
    print(json.dumps([asdict(figure) for figure in found], indent=2) if asked.json else text_table({"promise": found}))
    return int(any(figure.holds is False for figure in found))


if __name__ == "__main__":
    sys.exit(main())
