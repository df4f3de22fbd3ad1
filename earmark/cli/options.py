"""Options that several commands share, and how they speak: data on stdout, all else on stderr."""

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import typer


@dataclass
class Verbosity:
    """Whether -v was given; then errors come with their traceback."""

    on: bool = False


verbosity = Verbosity()


def _set_verbosity(value: bool) -> bool:
    verbosity.on = value
    return value


Verbose = Annotated[
    bool, typer.Option("--verbose", "-v", help="Show tracebacks.", callback=_set_verbosity, is_eager=True)
]
Json = Annotated[bool, typer.Option("--json", help="Answer with JSON on stdout.")]
Label = Annotated[str | None, typer.Option("--label", help="The column that says what was liked.")]
Models = Annotated[str, typer.Option("--models", help="Families to search, comma-separated; all by default.")]
Budget = Annotated[
    float | None, typer.Option("--budget", help="Seconds for the search (default 120, unless --trials is given).")
]
Trials = Annotated[int | None, typer.Option("--trials", help="Trials a family; repeatable where no budget is given.")]
SplitKind = Annotated[str, typer.Option("--split", help="artist (unseen artists), random, or time (needs added_at).")]
Metric = Annotated[str, typer.Option("--metric", help="What the search optimises.")]
Seed = Annotated[int, typer.Option("--seed", help="Equal seeds and --trials give equal results.")]
Jobs = Annotated[int, typer.Option("--jobs", help="Folds fitted at once.")]
MinPrecision = Annotated[
    float | None,
    typer.Option("--min-precision", help="Keep tracks of which this share will be liked (90 % sure), e.g. 0.8."),
]
Catalogue = Annotated[
    Path | None,
    typer.Option(
        "--catalogue",
        help="Parquet or CSV of any tracks: tells how artists usually sound; likes alone are learned against it.",
    ),
]


WithoutFeatures = Annotated[
    Literal["use", "wait"],
    typer.Option(
        "--without-features", help="Tracks without any audio feature: use what else is known of them, or wait."
    ),
]


NoVerdicts = Annotated[
    bool, typer.Option("--no-verdicts", help="Leave out what was kept and skipped on the page ('earmark page').")
]


MaxWait = Annotated[
    float, typer.Option("--max-wait", min=0, help="Longest wait, in seconds, that a service may ask for.")
]


def note(text: str) -> None:
    """Say something to people, on stderr; what a table holds must not command their terminal."""
    try:
        print("\n".join(map(visible, text.split("\n"))), file=sys.stderr)  # noqa: T201
    except BrokenPipeError:  # nobody listens any more: what was asked for is done all the same
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


def visible(text: str) -> str:
    """One line of text with control characters escaped."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def answer(value: Any) -> None:
    """Answer with JSON on stdout."""
    print(json.dumps(value, indent=2, allow_nan=False))  # noqa: T201


def data(text: str) -> None:
    """Write data to stdout as it is."""
    sys.stdout.write(text)
