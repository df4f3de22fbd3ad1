"""One train in a process of its own, so that TensorFlow, its memory and its hold on Python stay out of the server.

``python -m earmark.page.training.worker JOBFOLDER`` reads what was asked and writes down what happens (`JobFolder`).
It goes on when the server dies. An interrupt ends it as Ctrl-C ends the command line's train.
"""

import os
import signal
import sys
import traceback
import warnings
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from earmark.cli.interrupts import interrupt

if TYPE_CHECKING:
    from earmark.page.training.job_folder import JobFolder
    from earmark.reading import ReadTracks

YIELDS: Final = 5
"""Added to the process's niceness: the page should answer promptly while both cores train."""


def main(arguments: list[str]) -> None:
    """Work off the job in the folder that is given."""
    # Set, not only changed: a server in the background of a shell was told to ignore interrupts, and so would we be.
    signal.signal(signal.SIGINT, interrupt)
    os.nice(YIELDS)
    sys.modules.setdefault("hypothesis", None)  # type: ignore[arg-type] # see earmark.cli.main
    warnings.simplefilter("ignore")
    from earmark.page.training.job_folder import JobFolder  # noqa: PLC0415 (an interrupt may come while it imports)

    job = JobFolder(Path(arguments[0]))
    with job.working():
        if not job.ended():
            _work(job)


def _work(job: "JobFolder") -> None:
    """Train, and write down how it ended."""
    try:
        if job.asked_to_end() is not None:
            raise KeyboardInterrupt  # noqa: TRY301 (asked before there was anyone to interrupt)
        job.append("started")
        finished = _train(job)
    except KeyboardInterrupt:
        _ignore_interrupts()
        job.append("cancelled")
    except Exception as error:
        _ignore_interrupts()
        traceback.print_exception(error)
        job.append("failed", **_in_words(error, job))
    else:
        job.append("finished", **finished)


def _train(job: "JobFolder") -> dict[str, Any]:
    """Train as the command line does; what the page shows of it."""
    from earmark.answers import train_answer  # noqa: PLC0415 (the folder is asked first whether to begin)
    from earmark.home import Home  # noqa: PLC0415
    from earmark.page.training.options import TrainRequest  # noqa: PLC0415
    from earmark.page.training.sources import catalogue_of, reference_of  # noqa: PLC0415
    from earmark.page.training.tables import TrainingTables  # noqa: PLC0415
    from earmark.reading import Fetching  # noqa: PLC0415
    from earmark.session import train_and_record  # noqa: PLC0415
    from experiments.tracking import Tracker  # noqa: PLC0415
    from features.errors import EarmarkError  # noqa: PLC0415

    home = Home.here()
    request = TrainRequest.model_validate(job.asked()["request"])
    reference, label = reference_of(request.source, TrainingTables(home))
    session = train_and_record(
        reference,
        request.config(),
        home,
        label=label,
        catalogue=catalogue_of(request.catalogue, home),
        without_features="use" if request.use_tracks_without_features else "wait",
        page_verdicts=request.page_verdicts,
        fetching=Fetching(on_progress=lambda text: job.append("said", text=f"fetching {text}")),
        on_progress=lambda moment: job.append("progress", **asdict(moment)),
        on_read=lambda read: job.append("read", lines=_lines(read)),
    )
    _ignore_interrupts()  # it is recorded: who cancels now comes too late
    try:
        place = asdict(Tracker(home.mlruns).place(session.run_id))
    except EarmarkError:  # links alone are lost
        place = None
    notes = list(session.result.notes[len(session.read.notes) :])
    return {"answer": train_answer(session), "notes": notes, "place": place}


def _lines(read: "ReadTracks") -> list[str]:
    return [*read.notes, *read.report.lines()]


def _ignore_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _in_words(error: Exception, job: "JobFolder") -> dict[str, str]:
    """An error in the command line's words; what was put on the page is called by its name, not its path."""
    from earmark.explaining import explained  # noqa: PLC0415 (errors are rare)

    known = explained(error)
    if known is None:
        return {"error": f"{type(error).__name__}: this is a bug in earmark", "hint": f"report it with {job.log_file}"}
    return {"error": _without_folders(known.message), "hint": _without_folders(known.hint)}


def _without_folders(words: str) -> str:
    for folder in ("tables", "lists"):
        words = words.replace(f"{os.environ.get('EARMARK_HOME', '')}/data/{folder}/", "")
    return words


if __name__ == "__main__":
    main(sys.argv[1:])
