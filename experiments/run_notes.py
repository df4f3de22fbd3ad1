"""The description of a train that MLflow shows on its page: Markdown, written from the result."""

import math
from collections.abc import Mapping

from experiments.results import TrainResult
from experiments.run_rows import TRIALS_LOGGED
from experiments.train_words import ARTISTS_UNKNOWN

SHOWN = ("roc_auc", "average_precision", "precision", "recall", "f0_5", "combined")
"""Metrics in the table of models and in the runs table, most telling first."""

HOW_TO_READ = """\
**How to read it.** Every number is measured on held-out tracks that nothing was tuned, stopped, calibrated or cut on.
`roc_auc` is the chance that a liked track is ranked above a skipped one (0.5 is guessing). `precision` is the share of
kept tracks that are liked, `recall` the share of liked tracks that are kept, both at the ranker's threshold; compare
them with the row *keep everything*. The ranker's brackets are 95 % intervals: rows that differ by less may be equal."""

SPLITS = {
    "artist": "no artist is on both sides, so it says how well artists never heard before are judged",
    "random": "artists are on both sides, which flatters: unseen artists will be judged less well",
    "time": "the newest tracks are held out",
}


def describe(result: TrainResult, *, trials_logged: int = TRIALS_LOGGED) -> str:
    """Markdown of a train: what was learnt from what, the models beside each other, how to read it.

    Parameters
    ----------
    result : TrainResult
    trials_logged : int
        As `run_rows.train_row` was given.
    """
    budget = "no time limit" if result.budget_s is None else f"{result.budget_s:g} s for the search"
    rows = [
        _row(f"**ranker** ({result.model})", result.metrics, result.intervals),
        *(_row(f"{family.title} ({len(family.trials)} trials)", family.held_out) for family in result.families),
        *(_row(f"{baseline.title} (baseline)", baseline.metrics) for baseline in result.baselines),
        _row("keep everything", result.keep_everything),
    ]
    lines = [
        f"Learned from **{result.source}**: {result.n_tracks:,} tracks, {result.n_liked:,} liked.",
        f"Held out: {result.n_test:,}. Seed {result.seed}, {budget}, {result.elapsed_s:.0f} s in all.",
        f"Split `{result.split}`: {_sides(result)}.",
        "",
        "| on held-out tracks | " + " | ".join(SHOWN) + " |",
        "|---|" + "---:|" * len(SHOWN),
        *rows,
        "",
        HOW_TO_READ,
    ]
    for paragraph in (_best_possible(result), _left_out(result, trials_logged)):
        lines += ["", paragraph] if paragraph else []
    lines += ["", *(f"- {note}" for note in result.notes)]
    return "\n".join(lines).rstrip() + "\n"


def _sides(result: TrainResult) -> str:
    if result.split == "artist" and ARTISTS_UNKNOWN in result.notes:
        return "artists are unknown, so it cannot say how well artists never heard before are judged"
    return SPLITS.get(result.split, "see the README")


def _best_possible(result: TrainResult) -> str:
    if result.best_possible_auc is None:
        return ""
    return (
        f"The best possible prediction from audio features reaches a `roc_auc` of {result.best_possible_auc:.3f} on "
        "these very held-out tracks; luck can lift a model above it."
    )


def _left_out(result: TrainResult, trials_logged: int) -> str:
    n_trials = sum(len(family.trials) for family in result.families)
    if n_trials <= trials_logged:
        return ""
    return (
        f"Only the best {trials_logged} of the {n_trials:,} trials, shared out among the models, are runs of their own "
        "below this one; the picture `search_history` shows them all."
    )


def _row(name: str, metrics: Mapping[str, float], intervals: Mapping[str, tuple[float, float]] | None = None) -> str:
    return f"| {name} | " + " | ".join(_cell(metrics.get(key), (intervals or {}).get(key)) for key in SHOWN) + " |"


def _cell(value: float | None, interval: tuple[float, float] | None) -> str:
    if value is None or not math.isfinite(value):
        return "-"
    return f"{value:.3f}" + (f" [{interval[0]:.3f}, {interval[1]:.3f}]" if interval else "")
