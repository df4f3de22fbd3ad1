"""A train of two minutes on the Kaggle CSV: how long it takes, and how well each family ranks."""

import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from experiments.benchmark.commands import Finished, earmark
from experiments.benchmark.figure import Figure, at_least, at_most
from experiments.benchmark.shared_tables import kaggle_csv

BUDGET_S = 120
WALL_S = 150
ROC_AUC = {"tree": 0.79, "boosted_trees": 0.85, "dense": 0.80}
"""Out-of-fold area under the ROC curve that each family must reach."""


@dataclass(frozen=True)
class KaggleTrain:
    """A finished train in a folder of its own, and the second at which it was recorded and its ranker champion."""

    finished: Finished
    recorded: float


@cache
def kaggle_train() -> KaggleTrain:
    """`earmark train` on the Kaggle CSV; once a process, as several benchmarks read it."""
    with tempfile.TemporaryDirectory() as home:
        asked = ("--budget", str(BUDGET_S), "--split", "random", "--json")
        finished = earmark("train", str(kaggle_csv()), *asked, home=Path(home))
        # written last, and by every first train: nothing was champion before
        champion = Path(home, "mlruns", "champion.json").stat()
        return KaggleTrain(finished, champion.st_mtime - finished.started)


def run() -> list[Figure]:
    """Wall time, each family's out-of-fold and held-out scores, and the baselines'."""
    finished = kaggle_train().finished
    answer = finished.answer()
    families = {family["name"]: family for family in answer["families"]}
    figures = [at_most("wall time", finished.seconds, WALL_S, unit="s", note=finished.load)]
    for name, bound in ROC_AUC.items():
        family = families[name]
        note = f"{family['trials']} trials"
        figures += [
            at_least(f"{name}, out-of-fold ROC AUC", family["metrics"]["roc_auc"], bound, note=note),
            Figure(f"{name}, held-out ROC AUC", family["held_out"]["roc_auc"], note=_others(family["held_out"])),
        ]
    ranker = f"the ranker ({answer['model']}), held-out ROC AUC"
    figures.append(Figure(ranker, answer["metrics"]["roc_auc"], note=_others(answer["metrics"])))
    for baseline in answer["baselines"]:
        accuracy = baseline["metrics"]["accuracy"]
        figures.append(Figure(f"{baseline['name']}, held-out accuracy", accuracy, note=_auc(baseline["metrics"])))
    return figures


def _others(metrics: dict[str, Any]) -> str:
    return ", ".join(f"{name} {metrics[name]:.3f}" for name in ("accuracy", "precision", "recall", "f0_5", "log_loss"))


def _auc(metrics: dict[str, Any]) -> str:
    return f"ROC AUC {metrics['roc_auc']:.3f}"
