"""The report as Markdown, from stored results alone: what was not run says so."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from experiments.benchmark.figure import HOLDS, Figure
from experiments.benchmark.peers.columns import COLUMNS, N_FOLDS, Column
from experiments.benchmark.peers.goals import find, goals
from experiments.benchmark.peers.methods import CURVE_S, METHODS, OURS, Method, planned
from experiments.benchmark.peers.scores import COMPARED, JUDGED, Row, difference, keeping_everything
from experiments.benchmark.peers.store import Result
from experiments.metrics import METRICS

PICTURE = "benchmark.svg"
BUSY_CORES = 0.25
"""Cores in the hands of others beyond which seconds are not worth comparing."""

HOW = """\
Every method gets the same rows of the same five folds of the Kaggle CSV (2,017 tracks; `StratifiedKFold` or, by artist,
`StratifiedGroupKFold`, shuffled, seed 0), the same two cores, and its turn alone, each fit in a process of its own with
two threads. The seconds beside a name are what a method that searches was told; "seconds a fold" is what the calls that
fit and predict took, with the libraries that they load on their way. Numbers are means over folds. Probabilities are
judged as they come, accuracy at 0.5, all of them by earmark's own metrics. Peers have their documented defaults, and
ROC AUC as their metric where they search; AutoGluon fits its folds one after the other, without Ray.

In the first two columns everyone sees the 13 audio features only; in the third the artist's name as well, as a
categorical (forests get it as a cross-fitted share of likes). earmark sees no titles, and no names where the peers see
none; as always it merges duplicates in its training part and sets contradictory ones aside. "earmark with a catalogue"
is the exception: it may look artists up by name in a table of 153,000 unlabelled tracks, which no peer can use, and is
called in one and the same way in both of its columns.

Below each table: `{ours}` less each other method, paired by fold, with the 95 % interval of the corrected resampled
t-test (Nadeau and Bengio, Machine Learning 52, 2003). An interval without 0 is a difference. More is better for ROC
AUC, less for the others.
"""


@dataclass(frozen=True)
class Stored:
    """All that a report is made of.

    Parameters
    ----------
    rows : sequence of Row
    about : mapping of str to mapping
        By side (ours, peers): what its results depend on; empty where it has none.
    outdated : sequence of str
        Sides whose results are not of the code and libraries of now.
    """

    rows: Sequence[Row]
    about: Mapping[str, Mapping[str, Any]]
    outdated: Sequence[str] = ()

    @property
    def results(self) -> list[Result]:
        """Of every row and fold."""
        return [result for row in self.rows for result in row.results.values()]


def markdown(stored: Stored) -> str:
    """The whole report."""
    parts = ["# earmark beside its peers\n", _when(stored), f"![ROC AUC over seconds]({PICTURE})\n"]
    parts += [HOW.format(ours=label(OURS, OURS.headline_s))]
    for column in COLUMNS.values():
        parts += [f"## {column.title[0].upper()}{column.title[1:]}\n", _table(stored.rows, column)]
        parts += [_paired(stored.rows, column)]
    parts += ["## ROC AUC by seconds given\n", _curve(stored.rows)]
    parts += ["## Wanted and measured\n", _wanted(goals(stored.rows))]
    parts += ["## What is missing\n", _missing(stored.rows), "## Where it ran\n", _where(stored)]
    return "\n".join(part for part in parts if part)


def label(method: Method, budget_s: float | None) -> str:
    """A method and its seconds, in words."""
    return method.title if budget_s is None else f"{method.title}, {budget_s:g} s"


def gaps(rows: Sequence[Row]) -> dict[tuple[str, str, float | None], list[int]]:
    """Planned folds without predictions, optional methods included: by column, method and budget."""
    found: dict[tuple[str, str, float | None], list[int]] = {}
    for cell in planned(everything=True):
        row = find(rows, cell.column, cell.method, cell.budget_s)
        if row is None or cell.fold not in row.judged:
            found.setdefault((cell.column, cell.method, cell.budget_s), []).append(cell.fold)
    return found


def _when(stored: Stored) -> str:
    days = sorted({result.started[:10] for result in stored.results})
    if not days:
        return "Made by `make bench` from its stored results, of which there are none yet.\n"
    span = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
    lines = [f"Made by `make bench` from its stored results; do not edit. Measured {span}."]
    if "ours" in stored.outdated:
        lines.append("**earmark's results are of another version of its code than the one that wrote this report.**")
    if "peers" in stored.outdated:
        lines.append("The peers' results are of another environment than the one that is installed.")
    return " ".join(lines) + "\n"


def _table(rows: Sequence[Row], column: Column) -> str:
    titles = [METRICS[metric].title for metric in JUDGED]
    lines = [_line("method", *titles, "seconds a fold", "folds"), _line("---", *["---:"] * (len(JUDGED) + 2))]
    for method in METHODS.values():
        if column.name not in method.columns:
            continue
        row = find(rows, column.name, method.name, method.headline_s)
        name = label(method, method.headline_s)
        if row is None or not row.judged:
            lines.append(_line(name, _absent(method, row), *["-"] * len(JUDGED), f"0 of {N_FOLDS}"))
            continue
        values = [_share(row.mean(metric)) for metric in JUDGED]
        lines.append(_line(name, *values, _seconds(row.seconds), f"{len(row.judged)} of {N_FOLDS}"))
    everything = keeping_everything(
        result for row in rows if row.column == column.name for result in row.judged.values()
    )
    if everything:
        lines.append(_line("keep everything", *[_share(everything[metric]) for metric in JUDGED], "", ""))
    return "\n".join(lines) + "\n"


def _paired(rows: Sequence[Row], column: Column) -> str:
    ours = find(rows, column.name, OURS.name, OURS.headline_s)
    others = [
        (method, row)
        for method in METHODS.values()
        if method is not OURS
        and (row := find(rows, column.name, method.name, method.headline_s)) is not None
        and row.judged
    ]
    if ours is None or not ours.judged or not others:
        return "No paired differences: both sides of a pair are needed.\n"
    titles = [METRICS[metric].title for metric in COMPARED]
    lines = [_line(f"{label(OURS, OURS.headline_s)}, less", *titles, "folds")]
    lines.append(_line("---", *["---:"] * (len(COMPARED) + 1)))
    for method, row in others:
        found = [difference(ours, row, metric) for metric in COMPARED]
        cells = ["" if entry is None else _interval(entry.mean, entry.low, entry.high) for entry in found]
        lines.append(_line(label(method, method.headline_s), *cells, str(found[0].n_folds if found[0] else 0)))
    return "\n".join(lines) + "\n"


def _curve(rows: Sequence[Row]) -> str:
    searching = [method for method in METHODS.values() if len(method.budgets_s) > 1]
    lines = [_line("column", "method", *[f"{seconds:g} s" for seconds in CURVE_S])]
    lines.append(_line("---", "---", *["---:"] * len(CURVE_S)))
    for column in COLUMNS.values():
        for method in searching:
            values = [_point(method, find(rows, column.name, method.name, seconds)) for seconds in CURVE_S]
            lines.append(_line(column.title, method.title, *values))
    return "\n".join(lines) + "\n"


def _point(method: Method, row: Row | None) -> str:
    if row is None or not row.judged:
        return _absent(method, row)
    few = "" if len(row.judged) == N_FOLDS else f" ({len(row.judged)} of {N_FOLDS} folds)"
    return _share(row.mean("roc_auc")) + few


def _wanted(figures: Sequence[Figure]) -> str:
    lines = [_line("figure", "wanted", "measured", "holds", "note"), _line("---", "---:", "---:", "---", "---")]
    lines += [
        _line(entry.name, entry.wanted, _share(entry.measured), HOLDS[entry.holds], entry.note) for entry in figures
    ]
    return "\n".join(lines) + "\n"


def _missing(rows: Sequence[Row]) -> str:
    lines = [
        f"- {COLUMNS[column].title}: {label(METHODS[method], budget)}: "
        + _why(find(rows, column, method, budget), folds, optional=METHODS[method].optional)
        for (column, method, budget), folds in gaps(rows).items()
    ]
    return "\n".join(lines or ["Nothing: every method was run on every fold."]) + "\n"


def _why(row: Row | None, folds: Sequence[int], *, optional: bool) -> str:
    failed = {fold: row.results[fold].note for fold in folds if fold in row.results} if row else {}
    never = [str(fold) for fold in folds if fold not in failed]
    words = [f"fold {fold} failed: {_plain(note)}" for fold, note in failed.items()]
    if never:
        what = "optional, not run" if optional else "not run"
        words.append(what if len(never) == N_FOLDS else f"fold {', '.join(never)} {what}")
    return "; ".join(words)


def _where(stored: Stored) -> str:
    lines = []
    for side, title in (("ours", "earmark"), ("peers", "the peers")):
        about = stored.about.get(side) or {}
        if not about:
            lines.append(f"- Of {title} there are no results.")
            continue
        of, numbers = about["machine"], (f"{name} {number}" for name, number in about["versions"].items())
        where = f"{of['cpu']}, {of['cores']} cores, {of['memory_gib']} GiB, {of['system']}"
        lines.append(f"- Where {title} ran: {where}; bound to {about['cores']} cores.")
        lines.append(f"- Versions with {title}: {', '.join(numbers)}.")
        if side == "peers" and "torch" not in about["versions"]:
            lines.append("- torch was not installed: AutoGluon ran **without its two networks**.")
    return "\n".join([*lines, *_company(stored.results)]) + "\n"


def _company(results: Sequence[Result]) -> Iterator[str]:
    """How busy others kept the machine."""
    cores = [result.others_cores for result in results if result.others_cores is not None]
    if cores:
        busy = sum(value > BUSY_CORES for value in cores)
        yield (
            f"- Meanwhile other processes used {median(cores):.2f} cores in the median fit and {max(cores):.2f} at most"
            f"; more than {BUSY_CORES:g} in {busy} of {len(cores)} fits"
            + ("." if not busy else ", whose seconds are upper bounds.")
        )


def _absent(method: Method, row: Row | None) -> str:
    if row is not None and row.results:
        return "failed"
    return "not run (optional)" if method.optional else "not run"


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _share(value: float | None) -> str:
    return "not run" if value is None else f"{value:.4f}"


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}" if value < 10 else f"{value:.0f}"


def _interval(mean: float, low: float, high: float) -> str:
    return f"{mean:+.4f}" if math.isnan(low) else f"{mean:+.4f} ({low:+.4f} to {high:+.4f})"


def _plain(note: str) -> str:
    """An error's words on one line of Markdown, without the folders of the machine it happened on."""
    words = [word for word in note.split() if "/" not in word or word == "/"]
    return " ".join(words).replace("|", "/").replace("`", "'")[:200]
