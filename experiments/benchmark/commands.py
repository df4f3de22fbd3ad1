"""Runs commands as a person would, in processes of their own, and times them."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LAST_LINES = 5
"""Lines of stderr that explain a failed command: an error and its hint, with what led to them."""

_ELSEWHERE = ("MLFLOW_TRACKING_URI", "EARMARK_DATABASE_URL")
"""Where a person who measures keeps records and studies: what is made up for a benchmark has no place there."""


class CommandFailedError(RuntimeError):
    """A command of a benchmark left with another exit code than 0."""


@dataclass(frozen=True)
class Finished:
    """A command that ended well.

    Parameters
    ----------
    started : float
        Seconds since 1970, to set beside times of files.
    seconds : float
        Wall time, from before the process was made until it was gone.
    stdout : str
    lines : tuple of (float, str)
        Lines of stderr, each with the second at which it was said.
    load : str
        What the machine was doing, in words.
    """

    started: float
    seconds: float
    stdout: str
    lines: tuple[tuple[float, str], ...]
    load: str

    def answer(self) -> dict[str, Any]:
        """The JSON object on stdout."""
        found: dict[str, Any] = json.loads(self.stdout)
        return found

    def second_of(self, text: str) -> float:
        """When the first line of stderr that begins with ``text`` was said.

        Raises
        ------
        LookupError
            If there is none.
        """
        for second, line in self.lines:
            if line.startswith(text):
                return second
        raise LookupError(f"the command never said {text!r}")


def run_command(command: Sequence[str], home: Path) -> Finished:
    """Run a command with ``home`` as its working folder and ``EARMARK_HOME``, so that its state goes nowhere else.

    Raises
    ------
    CommandFailedError
        If its exit code is not 0, with its last lines.
    """
    environment = {name: value for name, value in os.environ.items() if name not in _ELSEWHERE}
    load, started_at, started = Load(), time.time(), time.perf_counter()
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8") as stdout,
        subprocess.Popen(
            command,
            stdout=stdout,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            cwd=home,
            env=environment | {"EARMARK_HOME": str(home)},
        ) as process,
    ):
        lines = tuple((time.perf_counter() - started, line.rstrip()) for line in process.stderr or ())
        code = process.wait()
        seconds = time.perf_counter() - started
        if code:
            said = " / ".join(line for _, line in lines[-LAST_LINES:])
            raise CommandFailedError(f"{' '.join(command)} left with {code}: {said}")
        stdout.seek(0)
        return Finished(started_at, seconds, stdout.read(), lines, load.in_words())


def earmark(*arguments: str, home: Path) -> Finished:
    """Run an earmark command; its state is kept below ``home``."""
    return run_command(earmark_command(*arguments), home)


def earmark_command(*arguments: str) -> tuple[str, ...]:
    """An earmark command for `run_command`, by this very Python."""
    return (sys.executable, "-m", "earmark.cli.main", *arguments)


def interleaved(commands: Mapping[str, Sequence[str]], repetitions: int, home: Path) -> dict[str, float]:
    """Median seconds of each command, repeated in turns: a busy minute then slows all of them alike.

    A round before them, not counted, fills the file cache.
    """
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(1 + repetitions):
        for name, command in commands.items():
            seconds[name].append(run_command(command, home).seconds)
    return {name: statistics.median(taken[1:]) for name, taken in seconds.items()}


class Load:
    """Mean number of processes that wanted a core: in the minute before a measurement, and in the last of it."""

    def __init__(self) -> None:
        self._before = os.getloadavg()[0]

    def in_words(self) -> str:
        """``load 0.4 before, 2.1 after``."""
        return f"load {self._before:.1f} before, {os.getloadavg()[0]:.1f} after"
