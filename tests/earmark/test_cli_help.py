"""Every command explains itself at once, and refuses what it does not know."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from earmark.cli import interrupts
from earmark.cli.main import run
from earmark.cli.options import verbosity

COMMANDS = {
    "train": [
        "source", "--label", "--models", "--budget", "--trials", "--split", "artist", "random", "time", "--metric",
        "--min-precision", "--seed", "--jobs", "--json", "--verbose",
    ],
    "rank": ["candidates", "--model", "--min-precision", "--top", "--threshold", "--why", "--format", "--output", "-o"],
    "evaluate": ["source", "--folds", "--split", "--budget", "--trials", "--json", "--output"],
    "validate": ["file", "--label", "--json"],
    "ui": ["--port"],
    "page": ["--port", "--host", "--password", "EARMARK_PAGE_PASSWORD", "--open", "--no-open", "--mlflow-url"],
    "doctor": ["--json"],
    "sources": ["--json"],
    "models": ["--json"],
}  # fmt: skip
HEAVY = ("pandas", "numpy", "sklearn", "optuna", "mlflow", "tensorflow", "keras", "xgboost", "matplotlib")


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_a_command_names_its_documented_options(command: str, flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([command, flag]) == 0
    said = capsys.readouterr()
    assert not said.err
    assert f"earmark {command}" in said.out
    missing = [option for option in COMMANDS[command] if option not in said.out]
    assert not missing


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]])
def test_earmark_lists_its_commands(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments) == 0
    said = capsys.readouterr()
    assert not said.err
    assert all(f"\n  {command} " in said.out for command in COMMANDS)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["listen"], "No such command 'listen'"),
        (["--listen"], "No such option"),
        (["train", "--budgets", "3"], "No such option: --budgets"),
        (["rank"], "Missing argument 'candidates'"),
        (["evaluate"], "Missing argument 'source'"),
        (["validate"], "Missing argument 'file'"),
        (["validate", "one", "two"], "two"),
        (["rank", "demo_candidates", "--top"], "--top"),
        (["ui", "--port", "70000"], "--port"),
    ],
)
def test_what_cannot_be_understood_is_refused(
    arguments: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2
    said = capsys.readouterr()
    assert not said.out
    assert said.err.startswith("error: ")
    assert expected in said.err
    assert "\nhint: 'earmark --help'" in said.err


def _modules_after(arguments: list[str]) -> set[str]:
    """What a fresh process has imported once a command has run."""
    code = (
        "import json, sys\nfrom earmark.cli.main import run\n"
        f"code = run({arguments!r})\nprint(json.dumps([code, sorted(sys.modules)]), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    exit_code, modules = json.loads(done.stderr.splitlines()[-1])
    assert exit_code == 0, done.stderr
    return set(modules)


def test_help_waits_for_no_library() -> None:
    assert not _modules_after(["train", "--help"]) & set(HEAVY)


def test_lists_wait_for_neither_mlflow_nor_tensorflow() -> None:
    assert not _modules_after(["sources"]) & {"mlflow", "tensorflow", "keras", "optuna"}


def _fail_with(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def fail() -> None:
        raise error

    monkeypatch.setattr("connectors.registry.sources", fail)


def test_a_bug_says_so_and_shows_its_traceback_only_when_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _fail_with(monkeypatch, ZeroDivisionError("of a sort"))
    assert run(["sources"]) == 1
    quiet = capsys.readouterr()
    assert quiet.err.startswith("error: ZeroDivisionError: of a sort\nhint: this is a bug")
    assert not quiet.out
    assert run(["sources", "-v"]) == 1
    assert "Traceback" in capsys.readouterr().err
    assert run(["sources"]) == 1
    assert "Traceback" not in capsys.readouterr().err, "-v must not outlive its command"
    assert not verbosity.on


def test_an_interrupt_leaves_with_130_and_says_what_is_kept(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _fail_with(monkeypatch, KeyboardInterrupt())
    assert run(["sources"]) == 130
    assert "goes on from its finished trials" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("cause", "expected"),
    [
        (OSError(28, "No space left on device"), "disk is full"),
        (OSError(122, "Disk quota exceeded"), "disk is full"),
        (OSError(27, "File too large", "/somewhere/search.db"), "disk is full (/somewhere/search.db)"),
        (RuntimeError("(sqlite3.OperationalError) database or disk is full"), "disk is full"),
        (RuntimeError("(sqlite3.OperationalError) disk I/O error"), "disk is full"),
        (PermissionError(13, "Permission denied", "/nowhere/x"), "no permission (/nowhere/x)"),
        (OSError(30, "Read-only file system", "/cdrom/x"), "no permission (/cdrom/x)"),
        (RuntimeError("attempt to write a readonly database"), "no permission to write the database"),
        (OSError(36, "File name too long", "xxx"), "too long (xxx)"),
        (RuntimeError("database disk image is malformed"), "earmark doctor"),
        (RuntimeError("file is not a database"), "earmark doctor"),
    ],
)
@pytest.mark.parametrize("wrapped", [False, True])
def test_a_disks_troubles_are_explained_under_any_librarys_name(
    cause: Exception, expected: str, wrapped: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    error = cause
    if wrapped:
        error = RuntimeError("storage failed")
        error.__cause__ = cause
    _fail_with(monkeypatch, error)
    assert run(["sources"]) == 2
    said = capsys.readouterr().err
    assert expected in said
    assert "\nhint: " in said


@pytest.mark.parametrize("buffered", [True, False])
def test_output_that_nobody_takes_ends_quietly(buffered: bool) -> None:
    """`earmark sources | head` reads what it wants and leaves; a full disk under `>` is an error."""
    command = [sys.executable, *([] if buffered else ["-u"]), "-c", "from earmark.cli.main import main; main()"]
    process = subprocess.Popen([*command, "sources"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    said = process.stderr.read()
    process.stderr.close()
    assert (process.wait(), said) == (0, b"")


def test_work_goes_on_where_nobody_reads_what_is_said_of_it(tmp_path: Path) -> None:
    """`earmark train 2>&1 | head` may lose its words, but neither the train nor the answer."""
    table = tmp_path / "tracks.csv"
    table.write_text("title,energy,liked\nA,0.5,1\nB,0.6,0\n")
    command = [sys.executable, "-m", "earmark.cli.main", "validate", str(table), "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stderr is not None
    process.stderr.close()
    assert process.stdout is not None
    said = process.stdout.read()
    process.stdout.close()
    assert process.wait() == 0
    assert json.loads(said)["usable"] == 2


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/dev/full is Linux's")
@pytest.mark.parametrize("buffered", [True, False])
def test_output_onto_a_full_disk_is_an_error(buffered: bool) -> None:
    command = [sys.executable, *([] if buffered else ["-u"]), "-c", "from earmark.cli.main import main; main()"]
    with open("/dev/full", "wb") as full:  # noqa: PTH123 (a device)
        done = subprocess.run([*command, "sources"], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("error: the disk is full\nhint: make room")


def test_an_interrupt_inside_the_import_system_waits_until_it_is_outside() -> None:
    """There it could be swallowed and leave the lock of all imports held, so that the train hangs at its end."""
    code = compile("def step(): return __import__('sys')._getframe()", "<frozen importlib._bootstrap>", "exec")
    names: dict[str, object] = {}
    exec(code, names)  # noqa: S102 (our own line, under importlib's name)
    frame = names["step"]()  # type: ignore[operator]
    with pytest.raises(KeyboardInterrupt):
        interrupts.interrupt(2, None)
    sent: list[tuple[int, int]] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(interrupts.signal, "pthread_kill", lambda thread, number: sent.append((thread, number)))
        patch.setattr(interrupts, "AGAIN_S", 0.0)
        before = set(interrupts.threading.enumerate())
        interrupts.interrupt(2, frame)
        for timer in set(interrupts.threading.enumerate()) - before:
            timer.join()
    assert sent == [(interrupts.threading.main_thread().ident, 2)]


INTERRUPTED = "error: interrupted\nhint: what had finished is kept: a train goes on from its finished trials\n"


def _interrupted_at_the_import_of(module: str) -> "subprocess.CompletedProcess[str]":
    """A fresh process that gets Ctrl-C where it first looks for a module."""
    code = (
        "import os, signal, sys\n"
        "class Interrupting:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name == {module!r}:\n"
        "            sys.meta_path.remove(self)\n"
        "            os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Interrupting())\n"
        "from earmark.cli.main import main\n"
        "main()"
    )
    return subprocess.run([sys.executable, "-c", code, "sources"], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("module", ["typer", "earmark.cli.train", "connectors.registry"])
def test_an_interrupt_while_the_commands_are_imported_is_a_clean_end(module: str) -> None:
    done = _interrupted_at_the_import_of(module)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", INTERRUPTED)


def test_the_command_line_minds_an_interrupt_before_it_imports_what_takes_time() -> None:
    code = "import sys\nbefore = set(sys.modules)\nimport earmark.cli.main\nprint(*set(sys.modules) - before)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    imported = set(done.stdout.split())
    assert "earmark.cli.main" in imported
    assert not imported & {"typer", "typing", "rich", "features.errors"}
