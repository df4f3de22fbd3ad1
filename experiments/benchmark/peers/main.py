"""``python -m experiments.benchmark peers``: run what is missing, then write the report and its picture."""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from experiments.benchmark.figure import text_table
from experiments.benchmark.peers.columns import COLUMNS, N_FOLDS
from experiments.benchmark.peers.goals import goals
from experiments.benchmark.peers.methods import METHODS, Cell, planned
from experiments.benchmark.peers.picture import svg
from experiments.benchmark.peers.report import PICTURE, Stored, gaps, markdown
from experiments.benchmark.peers.running import PEERS_PYTHON, Bench, BenchmarkError, missing, run
from experiments.benchmark.peers.scores import JUDGED, rows_of
from experiments.benchmark.peers.store import ROOT, Folder, Result, Side, newest_folder, store_root, write_atomically
from experiments.benchmark.shared_tables import TableMissingError, kaggle_csv
from experiments.metrics import evaluate

REPORT = "benchmark.md"
SIDES: tuple[Side, ...] = ("ours", "peers")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the missing cells that were asked for, write the report, and return the exit code.

    Returns
    -------
    int
        0; 1 where a figure is not as wanted or a method failed; 2 where a person must mend something first; 130 where
        it was interrupted. All results so far are kept.
    """
    asked = _asked(arguments)
    try:
        bench = Bench(kaggle_csv(), asked.store, asked.peers_python)
        cells = planned(
            only=asked.only,
            columns=asked.columns,
            fold_numbers=asked.folds,
            budgets_s=asked.budgets,
            headline=asked.headline,
            everything=asked.all,
        )
        if asked.plan:
            print("\n".join(_plan(cells, missing(bench, cells))))
            return 0
        failed = 0 if asked.report else _run(bench, cells)
    except (BenchmarkError, TableMissingError, Timeout) as error:
        what = "another benchmark is running" if isinstance(error, Timeout) else error
        print(f"error: {what}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped; what was finished is kept: the same command goes on from here", file=sys.stderr)
        return 130
    stored = stored_results(bench)
    asked.docs.mkdir(parents=True, exist_ok=True)
    write_atomically(asked.docs / REPORT, markdown(stored))
    write_atomically(asked.docs / PICTURE, svg(stored.rows))
    figures = goals(stored.rows)
    print(_json(stored) if asked.json else text_table({"peers": figures}))
    print(f"{asked.docs / REPORT} and {PICTURE} are written", file=sys.stderr)
    return int(bool(failed) or any(figure.holds is False for figure in figures))


def stored_results(bench: Bench) -> Stored:
    """What there is: of each side the results of the code and libraries of now, else those begun last."""
    results: list[Result] = []
    about: dict[str, Mapping[str, Any]] = {}
    outdated: list[str] = []
    for side in SIDES:
        folder = bench.folder(side)
        found = _read(folder)
        if not found:
            folder = newest_folder(bench.root, side)
            found = _read(folder)
            outdated += [side] if found else []
        if folder is not None and found:
            about[side] = folder.about
            results += [result for result in found if METHODS[result.cell.method].ours == (side == "ours")]
    return Stored(rows_of(results), about, outdated)


def _read(folder: Folder | None) -> list[Result]:
    if folder is None:
        return []
    return [result for cell in planned(everything=True) if (result := folder.read(cell)) is not None]


def _run(bench: Bench, cells: Sequence[Cell]) -> int:
    """Fit what is missing; how many failed."""
    left = missing(bench, cells)
    print(f"peers: {len(cells) - len(left)} of {len(cells)} fits are there, {len(left)} to do", file=sys.stderr)
    if not left:
        return 0
    bench.root.mkdir(parents=True, exist_ok=True)
    failed = 0
    with FileLock(bench.root / "running.lock", timeout=0):  # two at once would share the two cores
        for number, result in enumerate(run(bench, left), 1):
            failed += result.failed
            print(f"[{number}/{len(left)}] {_told(result)}", file=sys.stderr, flush=True)
    return failed


def _told(result: Result) -> str:
    cell = result.cell
    budget = "" if cell.budget_s is None else f" {cell.budget_s:g} s"
    name = f"{cell.column}, fold {cell.fold}, {cell.method}{budget}"
    if result.failed:
        return f"{name}: FAILED after {result.seconds:.0f} s: {result.note}"
    auc = evaluate(result.liked, result.probability, 0.5)["roc_auc"]
    return f"{name}: ROC AUC {auc:.4f} in {result.seconds:.1f} s" + (f" ({result.note})" if result.note else "")


def _plan(cells: Sequence[Cell], left: Sequence[Cell]) -> Iterator[str]:
    for cell in cells:
        yield f"{'to do' if cell in left else 'there'}  {cell.key}"
    seconds = sum(cell.budget_s or 0.0 for cell in left)
    yield f"{len(left)} of {len(cells)} to do: {seconds / 60:.0f} minutes of budgets, and what those without one take"


def _json(stored: Stored) -> str:
    rows = [
        {
            "column": row.column,
            "method": row.method,
            "budget_s": row.budget_s,
            "folds": sorted(row.judged),
            "seconds": row.seconds,
            "metrics": {metric: row.mean(metric) for metric in JUDGED},
            "notes": {fold: result.note for fold, result in row.results.items()},
        }
        for row in stored.rows
    ]
    absent = [
        {"column": column, "method": method, "budget_s": budget, "folds": folds}
        for (column, method, budget), folds in gaps(stored.rows).items()
    ]
    wanted = [asdict(figure) for figure in goals(stored.rows)]
    answer = {"rows": rows, "wanted": wanted, "missing": absent, "outdated": list(stored.outdated)}
    return json.dumps(answer, indent=2)


def _asked(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m experiments.benchmark peers", description=__doc__)
    add = parser.add_argument
    add("--only", nargs="+", default=(), choices=METHODS, metavar="METHOD", help=", ".join(METHODS))
    add("--columns", nargs="+", default=(), choices=COLUMNS, metavar="COLUMN", help=", ".join(COLUMNS))
    add("--folds", nargs="+", default=(), type=int, choices=range(N_FOLDS), metavar="N", help="0 to 4")
    add("--budgets", nargs="+", default=(), type=float, metavar="S", help="only fits that are given so many seconds")
    add("--headline", action="store_true", help="only the budgets of the tables, not the curve")
    add("--all", action="store_true", help="the optional methods, too")
    add("--plan", action="store_true", help="list what would be run, and leave")
    add("--report", action="store_true", help="run nothing; write the report from stored results")
    add("--json", action="store_true", help="answer with JSON")
    add("--docs", type=Path, default=ROOT / "docs", metavar="FOLDER", help="where the report goes")
    add("--store", type=Path, default=store_root(), metavar="FOLDER", help="where results are kept")
    add("--peers-python", type=Path, default=PEERS_PYTHON, metavar="FILE", help="the peers' Python")
    return parser.parse_args(arguments)
