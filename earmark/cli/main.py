"""The console script: commands, and what is said when something goes wrong.

Exit codes: 0 done, 2 the user can mend it, 3 a service failed, 1 a bug, 130 interrupted.
"""

import errno
import os
import sys
import traceback
from collections.abc import Iterator

import typer
from typer._click.exceptions import ClickException

from earmark.cli import doctor, evaluate, listing, rank, train, ui, validate
from earmark.cli.options import verbosity
from features.errors import EarmarkError, InputError

app = typer.Typer(
    name="earmark",
    help="Learn one listener's taste from likes and skips, and keep what they will probably like.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(train.train)
app.command()(rank.rank)
app.command()(evaluate.evaluate)
app.command()(validate.validate)
app.command()(ui.ui)
app.command()(listing.sources)
app.command()(listing.models)
app.command()(doctor.doctor)


def main() -> None:
    """Run the command line and leave with its exit code."""
    os.environ.setdefault("PYTHONWARNINGS", "ignore")  # worker processes and servers of libraries, too
    # Where the test tools are installed, pandera would import hypothesis for its data strategies, which takes as long
    # as pandas does and serves no command.
    sys.modules.setdefault("hypothesis", None)  # type: ignore[arg-type]
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command and return its exit code; every error is said on stderr as ``error:`` and ``hint:``."""
    try:
        code = app(args=arguments, prog_name="earmark", standalone_mode=False)
    except ClickException as error:
        _say(error.format_message(), "'earmark --help' and 'earmark COMMAND --help' list what can be asked")
        return 2
    except (KeyboardInterrupt, typer.Abort):
        _say("interrupted", "what had finished is kept: the same command goes on from there")
        return 130
    except BrokenPipeError:
        # The reader of our output (head, less) has gone. Python would complain once more while it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        return _explain(error)
    return code if isinstance(code, int) else 0


def _explain(error: Exception) -> int:
    known = _known(error)
    if verbosity.on:
        traceback.print_exception(error)
    if known is not None:
        _say(known.message, known.hint)
        return known.exit_code
    _say(f"{type(error).__name__}: {error}", "this is a bug in earmark: run again with -v and report what it prints")
    return 1


def _known(error: Exception) -> EarmarkError | None:
    """The error as one that can be explained, if it is: ours, or a disk that is full under any library's name."""
    for cause in _chain(error):
        if isinstance(cause, EarmarkError):
            return cause
        if isinstance(cause, OSError) and cause.errno in {errno.ENOSPC, errno.EDQUOT}:
            return _disk_full(str(cause.filename or ""))
        if "database or disk is full" in str(cause):
            return _disk_full("")
        if isinstance(cause, PermissionError):
            return InputError(f"no permission for {cause.filename}", "choose a file or folder that is yours")
    return None


def _disk_full(where: str) -> InputError:
    return InputError(
        f"the disk is full{f' ({where})' if where else ''}",
        "make room or set EARMARK_HOME to another disk, then run the same command: finished trials are kept",
    )


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _say(message: str, hint: str) -> None:
    sys.stdout.flush()
    print(f"error: {message}\nhint: {hint}", file=sys.stderr)  # noqa: T201


if __name__ == "__main__":
    main()
