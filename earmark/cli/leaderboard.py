"""The tables at the end of a train, on stderr: data is what --json gives."""

import math
from collections.abc import Mapping

from earmark.cli.options import note
from earmark.cli.tables import text_table
from earmark.session import Session
from experiments.train_words import roc_auc_in_words, sides

SHOWN = ("roc_auc", "average_precision", "accuracy", "precision", "recall", "f0_5", "combined", "log_loss", "ece")


def say_session(session: Session) -> None:
    """Families and baselines beside each other on the held-out tracks, and what became of the ranker."""
    result = session.result
    rows = [_row(f"ranker ({result.model})", "", result.metrics)]
    rows += [_row(family.title, str(len(family.trials)), family.held_out) for family in result.families]
    rows += [_row(f"{baseline.title} (baseline)", "", baseline.metrics) for baseline in result.baselines]
    rows.append(_row("keep everything", "", result.keep_everything))
    if result.best_possible_auc is not None:
        rows.append(_row("best possible", "", {"roc_auc": result.best_possible_auc}))
    note("")
    note(f"On {result.n_test} held-out tracks ({sides(result.split, result.notes)}):")
    note(text_table(["", "trials", *SHOWN], rows).rstrip())
    note(roc_auc_in_words(*result.intervals["roc_auc"]))
    out_of_fold = ", ".join(f"{family.name} {family.metrics['roc_auc']:.3f}" for family in result.families)
    note(f"Out-of-fold ROC AUC on the {result.n_train} training tracks: {out_of_fold}.")
    for line in result.notes[len(session.read.notes) :]:
        note(f"Note: {line}")
    place = "It is the new champion" if session.verdict.promote else "The champion stays"
    note(f"{place}: {session.verdict.reason}.")
    note(f"Ranker: {session.ranker_folder}. Compare runs: earmark ui. Filter a playlist: earmark rank CANDIDATES")


def _row(name: str, trials: str, metrics: Mapping[str, float]) -> list[str]:
    return [name, trials, *(_number(metrics.get(metric, math.nan)) for metric in SHOWN)]


def _number(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3f}"
