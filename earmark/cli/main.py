"""The console script: commands, and what is said when something goes wrong.

Exit codes: 0 done, 2 the user can mend it, 3 a service failed, 1 a bug, 130 interrupted.
"""

import gc
import os
import sys
import traceback
from pathlib import Path

import typer
from typer._click.exceptions import ClickException

from earmark.cli import doctor, evaluate, library, listing, login, page, pull, push, rank, train, ui, validate
from earmark.cli.interrupts import interrupt_outside_imports
from earmark.cli.options import note, verbosity
from earmark.explaining import explained

app = typer.Typer(
    name="earmark",
    help="Learn one listener's taste from likes and skips, and keep what they will probably like.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(train.train)
app.command()(rank.rank)
app.command()(evaluate.evaluate)
app.command()(validate.validate)
app.add_typer(login.login_app, name="login")
app.add_typer(pull.app, name="pull")
app.add_typer(library.app, name="library")
app.command()(push.push)
app.add_typer(login.logout_app, name="logout")
app.command()(ui.ui)
app.command()(page.page)
app.command()(listing.sources)
app.command()(listing.models)
app.command()(doctor.doctor)


def main() -> None:
    """Run the command line and leave with its exit code."""
    interrupt_outside_imports()
    _mend_streams()
    os.environ.setdefault("PYTHONWARNINGS", "ignore")  # worker processes and servers of libraries, too
    # Where the test tools are installed, pandera would import hypothesis for its data strategies, which takes as long
    # as pandas does and serves no command.
    sys.modules.setdefault("hypothesis", None)  # type: ignore[arg-type]
    # Python looks for garbage after every few hundred new objects, and importing the libraries makes a million:
    # rarer collections, and none at the exit, take a sixth off a ranking.
    gc.set_threshold(100_000, 20, 20)
    code = run(sys.argv[1:])
    gc.freeze()
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """Run one command and return its exit code; every error is said on stderr as ``error:`` and ``hint:``."""
    try:
        code = _invoke(arguments or ["--help"])
        sys.stdout.flush()  # a full disk, or a reader that has gone, shows here and not while Python ends
    except ClickException as error:
        _say(error.format_message(), "'earmark --help' and 'earmark COMMAND --help' list what can be asked")
        return 2
    except (KeyboardInterrupt, typer.Abort):
        _say("interrupted", "what had finished is kept: a train goes on from its finished trials")
        return 130
    except BrokenPipeError:  # the reader of our output (head, less) has seen enough
        _drop_output()
        return 0
    except Exception as error:
        return _explain(error)
    return code


def _invoke(arguments: list[str]) -> int:
    """Run one command; exceptions pass, where Typer's own way would silence an interrupt and a broken pipe."""
    verbosity.on = False
    try:
        with typer.main.get_command(app).make_context("earmark", list(arguments)) as context:
            context.command.invoke(context)
    except typer.Exit as end:
        return int(end.exit_code)
    return 0


def _explain(error: Exception) -> int:
    known = explained(error)
    if verbosity.on:
        traceback.print_exception(error)
    if known is not None:
        _say(known.message, known.hint)
        return known.exit_code
    _say(f"{type(error).__name__}: {error}", "this is a bug in earmark: run again with -v and report what it prints")
    return 1


def _drop_output() -> None:
    """Give up on stdout, or Python would complain once more while it closes it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _mend_streams() -> None:
    """Streams that are closed swallow what is written, and characters that one cannot show are escaped."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 (until the process ends)
        else:
            stream.reconfigure(errors="backslashreplace")


def _say(message: str, hint: str) -> None:
    try:
        sys.stdout.flush()
    except OSError:
        _drop_output()
    note(f"error: {message}\nhint: {hint}")


if __name__ == "__main__":
    main()
