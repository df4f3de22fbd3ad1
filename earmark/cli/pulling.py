"""What every pull shares: how long it may wait, how a wait is shown, and how it ends."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from earmark.cli.options import answer, data, note

if TYPE_CHECKING:
    from connectors.http.waiting import Wait
    from connectors.library import Library
    from connectors.pull_report import PullReport
    from earmark.reading import Fetching


def open_library() -> "Library":
    """The library of this folder, or that of EARMARK_DATABASE_URL."""
    from connectors.library import Library
    from earmark.home import Home

    return Library.open(Home.here().library_url)


def fetching(max_wait: float) -> "Fetching":
    """How a source asks services when a command waits for it: what takes long is said."""
    from earmark.reading import Fetching

    said: list[str] = []

    def say(text: str) -> None:
        stage = text.partition(":")[0]
        if said[-1:] != [stage]:
            note(f"fetching {stage}")
            said.append(stage)

    return Fetching(max_wait, show_wait, say)


def show_wait(wait: "Wait") -> None:
    """Count down on a terminal; elsewhere say once how long it takes."""
    from connectors.http.faults import duration_words

    why = {"rate_limit": "asks to wait", "service": "fails, trying again in", "network": "is out of reach, again in"}
    if sys.stderr.isatty():
        left = f"{wait.service} {why[wait.why]} {duration_words(wait.remaining)}"
        sys.stderr.write(f"\r{left:<79}" if wait.remaining else f"\r{'':<79}\r")
        sys.stderr.flush()
    elif wait.remaining == wait.seconds and wait.seconds >= 1:
        note(f"{wait.service} {why[wait.why]} {duration_words(wait.seconds)}")


@contextmanager
def show_progress() -> "Iterator[Callable[[str], None]]":
    """What is told how far it is: a line that renews itself on a terminal, nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.status import Status

    with Status("asking", console=Console(stderr=True)) as status:
        yield lambda text: status.update(escape(text))


def finish(library: "Library", report: "PullReport", more: Mapping[str, Any], *, json: bool) -> None:
    """Remember that a pull is done, and say what came of it."""
    from connectors.pull_end import end_pull

    end_pull(library, report)
    if json:
        answer(report.as_json() | dict(more))
    else:
        data("\n".join(report.lines()) + "\n")
