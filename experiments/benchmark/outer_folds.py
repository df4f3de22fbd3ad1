"""The whole of train inside five outer folds, split both ways: what to set beside peers (ten minutes)."""

import tempfile
from pathlib import Path

from experiments.benchmark.commands import earmark
from experiments.benchmark.figure import Figure
from experiments.benchmark.shared_tables import kaggle_csv

BUDGET_S = 300
SPLITS = ("random", "artist")


def run(budget_s: float = BUDGET_S) -> list[Figure]:
    """Mean ROC AUC and the seconds of each split, with ``budget_s`` seconds for all its folds together."""
    return [figure for split in SPLITS for figure in _split(split, budget_s)]


def _split(split: str, budget_s: float) -> list[Figure]:
    with tempfile.TemporaryDirectory() as home:
        asked = ("--budget", f"{budget_s:g}", "--split", split, "--json")
        finished = earmark("evaluate", str(kaggle_csv()), *asked, home=Path(home))
    answer = finished.answer()
    mean, (low, high) = answer["mean"], answer["interval"]["roc_auc"]
    folds = " ".join(f"{fold['metrics']['roc_auc']:.3f} ({fold['model']})" for fold in answer["folds"])
    others = ", ".join(f"{name} {mean[name]:.4f}" for name in ("average_precision", "accuracy", "log_loss", "f0_5"))
    note = f"95 % interval {low:.3f} to {high:.3f}; folds {folds}; {others}"
    return [
        Figure(f"{split} folds, mean ROC AUC", mean["roc_auc"], note=note),
        Figure(f"{split} folds, wall time", finished.seconds, unit="s", note=finished.load),
    ]
