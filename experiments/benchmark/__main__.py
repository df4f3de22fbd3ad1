"""Measures the README's figures: ``make bench``, or ``python -m experiments.benchmark [NAME...] [--list] [--json]``.

A benchmark is a module here with a docstring and ``run() -> list[Figure]``; commands of earmark run in processes and
folders of their own. The exit code is 1 where a figure is not as wanted. ``python -m experiments.benchmark peers`` is a
command of its own, which takes hours and can be taken up again: ours beside other AutoML systems (``peers --help``).
"""

import argparse
import json
import sys
import time
import traceback
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from importlib import import_module
from typing import Any

from experiments.benchmark.commands import CommandFailedError
from experiments.benchmark.figure import Figure, text_table
from experiments.benchmark.shared_tables import TableMissingError

BENCHMARKS = {
    "help": "help_start",
    "rank": "rank_start",
    "kaggle": "kaggle_train",
    "logging": "logging_share",
    "demo": "demo_train",
    "historic": "historic_folds",
    "epoch_loop": "epoch_loop",
    "dense_trial": "dense_trial",
    "evaluate": "outer_folds",
    "demo_curve": "demo_curve",
    "promise": "promise_kept",
    "tables": "many_tables",
    "likes_only": "likes_only",
    "asking": "asking",
    "scoring": "scoring_speed",
    "history": "history_pull",
    "page": "page_load",
    "page_fuzz": "page_fuzz",
    "choices": "design_choices",
}
"""Module of each benchmark, in the order they are run: commands first, on a machine that we leave alone."""

ONLY_IF_NAMED = (
    *("evaluate", "demo_curve", "promise", "tables", "likes_only", "asking", "choices"),
    *("history", "page", "page_fuzz"),
)
PEERS = "peers"
"""Has options of its own, so it stands first and alone."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmarks that are named, print their figures, and return the exit code."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    if given[:1] == [PEERS]:
        from experiments.benchmark.peers.main import main as peers

        return peers(given[1:])
    asked = _asked(given)
    if asked.list:
        print("\n".join(_listing()))
        return 0
    names = asked.names or [name for name in BENCHMARKS if name not in ONLY_IF_NAMED]
    measured = {name: measure(name) for name in dict.fromkeys(names)}
    print(_json(measured) if asked.json else text_table(measured))
    return int(any(figure.holds is False for figures in measured.values() for figure in figures))


def measure(name: str) -> list[Figure]:
    """The figures of one benchmark; one that could not be run says why, and fails unless only its data is missing.

    Twenty minutes of other figures are not lost by one benchmark's bug: its traceback goes to stderr.
    """
    print(f"{name}: running", file=sys.stderr, flush=True)
    started = time.monotonic()
    try:
        figures: list[Figure] = _module(name).run()
    except TableMissingError as error:
        figures = [Figure("not measured", None, note=str(error))]
    except CommandFailedError as error:
        figures = [Figure("the command", None, "exit code 0", False, note=str(error))]
    except Exception as error:
        traceback.print_exc()
        figures = [Figure("the benchmark", None, "no error", False, note=f"{type(error).__name__}: {error}")]
    print(f"{name}: {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    return figures


def _asked(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m experiments.benchmark",
        description="Measure the README's figures.",
        epilog=f"See also: {PEERS} --help",
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="which (default: see --list)")
    parser.add_argument("--list", action="store_true", help="list the benchmarks and leave")
    parser.add_argument("--json", action="store_true", help="answer with JSON")
    asked = parser.parse_args(arguments)
    for name in asked.names:
        if name not in BENCHMARKS:
            parser.error(f"there is no benchmark {name!r}; there are: {', '.join(BENCHMARKS)}")
    return asked


def _listing() -> Iterator[str]:
    for name in BENCHMARKS:
        summary = (_module(name).__doc__ or "").partition("\n")[0]
        yield f"{name:<{max(map(len, BENCHMARKS))}}  {summary}{' [only if named]' if name in ONLY_IF_NAMED else ''}"


def _module(name: str) -> Any:
    return import_module(f"{__package__}.{BENCHMARKS[name]}")


def _json(measured: Mapping[str, Iterable[Figure]]) -> str:
    rows = [{"benchmark": name, **asdict(figure)} for name, figures in measured.items() for figure in figures]
    return json.dumps(rows, indent=2)


if __name__ == "__main__":
    sys.exit(main())
