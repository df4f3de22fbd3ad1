"""What `make train` does for a newcomer: the demo listener, of whom the best possible prediction is known."""

import tempfile
from pathlib import Path

from experiments.benchmark.commands import earmark
from experiments.benchmark.figure import Figure, at_most

WALL_S = 180
SHORT_OF_BEST = 0.03


def run() -> list[Figure]:
    """Wall time, and how far the winner stays below the best ROC AUC that any model can reach."""
    with tempfile.TemporaryDirectory() as home:
        finished = earmark("train", "--json", home=Path(home))
    answer = finished.answer()
    reached, best = answer["metrics"]["roc_auc"], answer["best_possible_auc"]
    note = f"{answer['model']}: {reached:.4f} of {best:.4f} on {answer['n_test']} held-out rows"
    return [
        at_most("wall time", finished.seconds, WALL_S, unit="s", note=finished.load),
        at_most("held-out ROC AUC short of the best possible", best - reached, SHORT_OF_BEST, note=note),
    ]
