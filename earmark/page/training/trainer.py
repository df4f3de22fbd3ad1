"""Starts, watches and ends the one train of the page; what happens is in the job's folder, not in this process."""

import logging
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from threading import RLock, Thread
from typing import Final

import anyio
from anyio.to_thread import run_sync

from earmark.home import Home
from earmark.page.faults import BusyError, NotFoundError
from earmark.page.settings import PageSettings
from earmark.page.training.job_folder import Event, JobFolder, is_held
from earmark.page.training.job_ids import is_job_id, new_job_id
from earmark.page.training.options import TrainRequest
from earmark.page.training.sources import catalogue_of, title_of
from earmark.page.training.story import Asked, TrainJob, tell
from earmark.page.training.tables import TrainingTables
from features.errors import InputError

_LOG = logging.getLogger(__name__)
MAX_JOBS: Final = 20
"""Jobs that are kept; the oldest go first."""
STOP_LIMIT_S: Final = 20.0
"""A worker that was interrupted gets so long to end."""
POLL_S: Final = 0.25
_QUIET: Final = {"PYTHONWARNINGS": "ignore", "TF_CPP_MIN_LOG_LEVEL": "3"}


class Trainer:
    """The one train of a home, whichever server began it.

    Parameters
    ----------
    home : Home
    settings : PageSettings
    """

    def __init__(self, home: Home, settings: PageSettings) -> None:
        self._home = home
        self._settings = settings
        self._lock = RLock()
        self._folder = home.mlruns / "page" / "jobs"
        self.tables = TrainingTables(home, settings.max_upload_bytes)

    def start(self, request: TrainRequest) -> TrainJob:
        """Begin a train in a process of its own.

        Parameters
        ----------
        request : TrainRequest

        Raises
        ------
        BusyError
            If one runs already, of the page or of the command line.
        NotFoundError
            If the table or catalogue that is asked for is gone.
        InputError
            If the options are wrong, or the folder cannot be written to.
        """
        request.config()
        title = title_of(request.source, self.tables)
        catalogue_of(request.catalogue, self._home)
        self._home.prepare()
        with self._lock:
            self._check_free()
            job = JobFolder(self._folder / new_job_id())
            try:
                job.prepare({"title": title, "request": request.model_dump()})
                _spawn(job, self._home)
            except OSError as error:
                shutil.rmtree(job.path, ignore_errors=True)
                raise InputError(
                    f"{self._folder} cannot be written to: {error.strerror}",
                    "make room, or set EARMARK_HOME to a folder of your own",
                ) from error
            for old in self._jobs()[MAX_JOBS:]:
                shutil.rmtree(old.path, ignore_errors=True)
        return self.job(job.job_id)

    def current(self) -> TrainJob | None:
        """The train that runs, else the last one; None where the page has never trained."""
        return next(self._told(), None)

    def job(self, job_id: str) -> TrainJob:
        """A train.

        Raises
        ------
        NotFoundError
            If there is none of this id, or it is so old that it was cleared away.
        """
        job = self.folder_of(job_id)
        events = self._settled(job)
        cancelling = job.asked_to_end() is not None
        return tell(job_id, _asked(job), events, cancelling=cancelling, mlflow_url=self._settings.mlflow_url)

    def jobs(self) -> list[TrainJob]:
        """The last trains, the newest first; folders that cannot be understood are left out."""
        return list(self._told())

    def is_busy_elsewhere(self) -> bool:
        """Whether a train or evaluation of the command line keeps the page from training."""
        return self._running() is None and is_held(self._home.lock_file)

    def cancel(self, job_id: str) -> TrainJob:
        """End a train as Ctrl-C would: finished trials are kept. Nothing happens where it has ended.

        A worker that does not end within `STOP_LIMIT_S` is killed, which loses no finished trial either.

        Raises
        ------
        NotFoundError
            As `job`.
        """
        job = self.folder_of(job_id)
        with self._lock:
            ended = _has_ended(self._settled(job))
            if not ended and job.ask_to_end():
                job.send(signal.SIGINT)
                Thread(target=_end_by_force, args=(job,), name="ending-a-train", daemon=True).start()
            elif not ended and time.time() - (job.asked_to_end() or time.time()) > STOP_LIMIT_S:
                job.send(signal.SIGKILL)  # the server that was to do it has gone
        return self.job(job_id)

    async def events(self, job_id: str, after: int = 0) -> AsyncIterator[Event]:
        """What happens to a train, as it happens; ends with its end.

        Parameters
        ----------
        job_id : str
        after : int
            The last ``event_id`` that is known. Who knows the end already is told it again.

        Raises
        ------
        NotFoundError
            As `job`.
        """
        job = self.folder_of(job_id)
        while True:
            for event in await run_sync(self._news, job, after):
                after = event.event_id
                yield event
                if event.ends:
                    return
            await anyio.sleep(POLL_S)

    def close(self) -> bool:
        """Cancel a train that runs, and wait until it has ended; whether there was one.

        For an orderly end of the page: a train that nobody can see any more should not go on.
        """
        job = self._running()
        if job is None:
            return False
        _LOG.warning("the running train is cancelled: what had finished is kept, the same train goes on from it")
        self.cancel(job.job_id)
        _end_by_force(job)
        self._settled(job)
        return True

    def folder_of(self, job_id: str) -> JobFolder:
        """The folder of a train; raises `NotFoundError` as `job`."""
        job = JobFolder(self._folder / job_id) if is_job_id(job_id) else None
        if job is None or not job.is_whole():
            raise _no_job(job_id)
        return job

    def _jobs(self) -> list[JobFolder]:
        """All jobs, the newest first."""
        if not self._folder.is_dir():
            return []
        names = sorted((path.name for path in self._folder.iterdir() if is_job_id(path.name)), reverse=True)
        return [job for name in names if (job := JobFolder(self._folder / name)).is_whole()]

    def _told(self) -> Iterator[TrainJob]:
        """All jobs as they are told, the newest first, without those that went meanwhile or are of another version."""
        for job in self._jobs():
            with suppress(NotFoundError):
                yield self.job(job.job_id)

    def _running(self) -> JobFolder | None:
        newest = next(iter(self._jobs()), None)
        return None if newest is None or _has_ended(self._settled(newest)) else newest

    def _check_free(self) -> None:
        running = self._running()
        if running is not None:
            asked = _asked(running)
            since = datetime.fromtimestamp(asked.asked_at, UTC).astimezone()
            raise BusyError(
                f"a train on {asked.title} is running since {since:%H:%M}",
                "wait until it ends, or cancel it: one at a time",
            )
        if is_held(self._home.lock_file):
            raise BusyError(
                f"another train or evaluation is running in {self._home.mlruns}",
                "wait until it ends, or set EARMARK_HOME to another folder",
            )

    def _news(self, job: JobFolder, after: int) -> list[Event]:
        """Events that are new; the end once more where it is known already."""
        new = job.events(after)
        if new or job.is_alive():
            return new
        settled = self._settled(job)
        return [event for event in settled if event.event_id > after] or settled[-1:]

    def _settled(self, job: JobFolder) -> list[Event]:
        """All events of a train; where its worker died without a word, the end is written down for it."""
        events = job.events()
        if _has_ended(events) or job.is_alive():
            return events
        with self._lock, job.without_worker() as alone:
            if alone and not job.ended():
                _write_end(job)
        return job.events()


def _spawn(job: JobFolder, home: Home) -> None:
    """Start the worker, in a session of its own: the terminal's Ctrl-C is the server's to deal with."""
    environment = {**os.environ, **_QUIET, "EARMARK_HOME": str(home.root)}
    with job.log_file.open("ab") as log:
        worker = subprocess.Popen(  # noqa: S603 (our own arguments)
            # -P: a folder of the current directory must not stand for a module of ours
            [sys.executable, "-P", "-X", "faulthandler", "-m", "earmark.page.training.worker", str(job.path)],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=log,
            start_new_session=True,
        )
    Thread(target=_wait_for, args=(worker, job), name="waiting-for-a-train", daemon=True).start()


def _wait_for(worker: "subprocess.Popen[bytes]", job: JobFolder) -> None:
    """Let a worker's process go once it has ended; the system keeps its number until then."""
    worker.wait()
    job.give_up_waiting()


def _end_by_force(job: JobFolder) -> None:
    """Wait for a worker that was interrupted; kill it where it does not end."""
    until = time.monotonic() + STOP_LIMIT_S
    while time.monotonic() < until:
        if job.ended() or not job.is_alive():
            return
        time.sleep(POLL_S)
    job.send(signal.SIGKILL)


def _write_end(job: JobFolder) -> None:
    if job.asked_to_end() is not None:
        job.append("cancelled")
    else:
        job.append(
            "failed",
            error="the train's process ended without a word: it was killed, or memory ran out",
            hint=f"train again: finished trials are kept and it goes on from them. {job.log_file} may say more",
        )


def _has_ended(events: Sequence[Event]) -> bool:
    return bool(events) and events[-1].ends


def _asked(job: JobFolder) -> Asked:
    try:
        asked = job.asked()
        return Asked(TrainRequest.model_validate(asked["request"]), asked["title"], asked["asked_at"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _no_job(job.job_id) from error


def _no_job(job_id: str) -> NotFoundError:
    return NotFoundError(
        f"there is no train {job_id[:40]!r}", f"the page keeps its last {MAX_JOBS} trains: /api/v1/trains"
    )
