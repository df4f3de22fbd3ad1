"""The live line of a running train: one that renews itself on a terminal, plain lines elsewhere; always on stderr."""

from __future__ import annotations

import os
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from earmark.cli.options import note

if TYPE_CHECKING:
    from earmark.reading import ReadTracks
    from experiments.progress import Listener, Progress

PLAIN_EVERY_S = 10.0
"""Seconds between plain lines, unless something better was found."""


def say_read(read: ReadTracks) -> None:
    """Say what was read, recognised, merged and set aside."""
    for line in read.notes:
        note(line)
    for line in read.report.lines():
        note(line)


@contextmanager
def live_progress() -> Iterator[Listener]:
    """A listener that shows progress; libraries' warnings stay off the screen meanwhile."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
            with _terminal_line() as listener:
                yield listener
        else:
            yield PlainLines()


@contextmanager
def _terminal_line() -> Iterator[Listener]:
    from rich.console import Console
    from rich.status import Status

    with Status("starting", console=Console(stderr=True)) as status:
        yield lambda moment: status.update(in_words(moment))


class PlainLines:
    """Prints a line when the stage or family changes, when the best improves, and now and then."""

    def __init__(self) -> None:
        self._stage: tuple[str, str | None] | None = None
        self._best: float | None = None
        self._said = 0.0

    def __call__(self, moment: Progress) -> None:
        """Take one moment of a train."""
        stage = (moment.stage, moment.family)
        news = stage != self._stage or moment.best != self._best
        if news or time.monotonic() - self._said >= PLAIN_EVERY_S:
            note(in_words(moment))
            self._stage, self._best, self._said = stage, moment.best, time.monotonic()


def in_words(moment: Progress) -> str:
    """``searching boosted_trees: 12 trials, best 0.861, 48 s left``."""
    if moment.family is None:
        return moment.stage
    words = f"{moment.stage} {moment.family}: {moment.trials} trial{'' if moment.trials == 1 else 's'}"
    if moment.best is not None:
        words += f", best {moment.best:.4f}"
    if moment.seconds_left is not None:
        words += f", {moment.seconds_left:.0f} s left"
    return words
