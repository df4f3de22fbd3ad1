"""What a running train says, on a terminal and elsewhere."""

import contextlib
import os
import pty
import sys
import warnings
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from earmark.cli import live
from earmark.cli.live import PLAIN_EVERY_S, PlainLines, in_words, live_progress, say_read
from earmark.reading import ReadTracks
from experiments.progress import Progress
from features.report import ValidationReport


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        (Progress("fitting baselines"), "fitting baselines"),
        (Progress("searching", "tree"), "searching tree: 0 trials"),
        (Progress("searching", "tree", 1, 0.7, 0.7), "searching tree: 1 trial, best 0.7000"),
        (
            Progress("searching", "boosted_trees", 12, None, 0.86104, 47.6),
            "searching boosted_trees: 12 trials, best 0.8610, 48 s left",
        ),
        (Progress("searching", "dense", 0, None, None, 0.0), "searching dense: 0 trials, 0 s left"),
    ],
)
def test_a_moment_in_words(moment: Progress, words: str) -> None:
    assert in_words(moment) == words


def test_plain_lines_tell_news_only(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(live, "time", SimpleNamespace(monotonic=lambda: now[0]))
    say = PlainLines()
    say(Progress("searching", "tree", 1, 0.7, 0.7))
    say(Progress("searching", "tree", 2, 0.6, 0.7))  # nothing new
    say(Progress("searching", "tree", 3, 0.8, 0.8))  # a better one
    now[0] += PLAIN_EVERY_S + 1
    say(Progress("searching", "tree", 4, 0.5, 0.8))  # a sign of life
    say(Progress("searching", "dense", 0))  # another family
    said = capsys.readouterr()
    assert not said.out
    assert [line.split(",")[0] for line in said.err.splitlines()] == [
        "searching tree: 1 trial",
        "searching tree: 3 trials",
        "searching tree: 4 trials",
        "searching dense: 0 trials",
    ]


def test_elsewhere_than_on_a_terminal_lines_are_plain_and_warnings_silent(capsys: pytest.CaptureFixture[str]) -> None:
    with live_progress() as listener:
        assert isinstance(listener, PlainLines)
        warnings.warn("a library's own business", DeprecationWarning, stacklevel=1)
        listener(Progress("judging on held-out tracks"))
    assert capsys.readouterr().err == "judging on held-out tracks\n"
    with pytest.warns(UserWarning, match="afterwards"):
        warnings.warn("afterwards they are heard again", UserWarning, stacklevel=1)


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are POSIX's")
def test_on_a_terminal_one_line_renews_itself_and_is_wiped(monkeypatch: pytest.MonkeyPatch) -> None:
    master, slave = pty.openpty()
    monkeypatch.setenv("TERM", "xterm")
    with os.fdopen(slave, "w") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        with live_progress() as listener:
            for trial in range(3):
                listener(Progress("searching", "tree", trial, None, 0.7, 9.0))
        monkeypatch.undo()
        terminal.flush()
        os.set_blocking(master, False)
        parts = []
        with contextlib.suppress(BlockingIOError):
            while part := os.read(master, 65536):
                parts.append(part)
    os.close(master)
    shown = b"".join(parts).decode()
    assert "searching tree: 2 trials, best 0.7000, 9 s left" in shown
    assert "\x1b[2K" in shown, "the line must be wiped at the end"
    assert shown.count("\n") <= 1


def test_what_was_read_is_said_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    report = ValidationReport(rows=3, usable=2, set_aside={"no audio features": 1})
    parts: dict[str, Any] = {"source": "csv_file", "best_prediction": None}
    say_read(ReadTracks(pd.DataFrame(), report, ("key: names of keys",), **parts))
    said = capsys.readouterr()
    assert not said.out
    assert said.err.splitlines() == [
        "key: names of keys",
        "3 rows read, 2 usable tracks.",
        "1 row set aside: no audio features (1).",
    ]
