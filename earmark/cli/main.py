"""The console script: what is said when something goes wrong.

Exit codes: 0 done, 2 the user can mend it, 3 a service failed, 1 a bug, 130 interrupted.

Nothing but Python's own is imported before Ctrl-C is minded: importing the commands takes most of a short command's
time, and an interrupt in it would end in a traceback.
"""

import gc
import os
import signal
import sys

from earmark.cli.interrupts import interrupt_outside_imports


def main() -> None:
    """Run the command line and leave with its exit code."""
    try:
        interrupt_outside_imports()
        _mend_streams()
        os.environ.setdefault("PYTHONWARNINGS", "ignore")  # worker processes and servers of libraries, too
        # Where the test tools are installed, pandera would import hypothesis for its data strategies, which takes as
        # long as pandas does and serves no command.
        sys.modules.setdefault("hypothesis", None)  # type: ignore[arg-type]
        # Python looks for garbage after every few hundred new objects, and importing the libraries makes a million:
        # rarer collections, and none at the exit, take a sixth off a ranking.
        gc.set_threshold(100_000, 20, 20)
        code = run(sys.argv[1:])
        gc.freeze()
    except KeyboardInterrupt:  # between two steps of this function, or once more where the first one was explained
        code = _interrupted()
    _let_interrupts_kill()
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """Run one command and return its exit code; every error is said on stderr as ``error:`` and ``hint:``."""
    try:
        return _invoke(arguments or ["--help"])
    except KeyboardInterrupt:
        return _interrupted()
    except BrokenPipeError:  # the reader of our output (head, less) has seen enough
        _drop_output()
        return 0
    except Exception as error:
        return _explain(error)


def _invoke(arguments: list[str]) -> int:
    from typer import Abort
    from typer._click.exceptions import ClickException

    from earmark.cli.commands import invoke

    try:
        code = invoke(list(arguments))
        sys.stdout.flush()  # a full disk, or a reader that has gone, shows here and not while Python ends
    except ClickException as error:
        _say(error.format_message(), "'earmark --help' and 'earmark COMMAND --help' list what can be asked")
        return 2
    except Abort:  # Ctrl-C or the end of the input at a question
        return _interrupted()
    return code


def _interrupted() -> int:
    _flush_or_drop_output()
    # Not as other errors: what they are said with may be what was just being imported.
    sys.stderr.write("error: interrupted\nhint: what had finished is kept: a train goes on from its finished trials\n")
    return 130


def _explain(error: Exception) -> int:
    from earmark.cli.options import verbosity
    from earmark.explaining import explained

    known = explained(error)
    if verbosity.on:
        import traceback

        traceback.print_exception(error)
    if known is not None:
        _say(known.message, known.hint)
        return known.exit_code
    _say(f"{type(error).__name__}: {error}", "this is a bug in earmark: run again with -v and report what it prints")
    return 1


def _flush_or_drop_output() -> None:
    try:
        sys.stdout.flush()
    except OSError:
        _drop_output()


def _drop_output() -> None:
    """Give up on stdout, or Python would complain once more while it closes it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _mend_streams() -> None:
    """Streams that are closed swallow what is written, and characters that one cannot show are escaped."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            from pathlib import Path

            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 (until the process ends)
        else:
            stream.reconfigure(errors="backslashreplace")


def _let_interrupts_kill() -> None:
    """All is said: Ctrl-C while Python ends shall not break into a traceback, nor wait for what still runs."""
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def _say(message: str, hint: str) -> None:
    from earmark.cli.options import note

    _flush_or_drop_output()
    note(f"error: {message}\nhint: {hint}")


if __name__ == "__main__":
    main()
