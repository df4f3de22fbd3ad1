"""The folder of one train: what was asked, what happened so far, and whether its worker lives.

``job.json`` is written before the worker starts. ``events.jsonl`` is what happened, one JSON object a line. The worker
holds ``worker.lock`` for its life, which the system lets go of however it ends, and says in ``worker.pid`` who it is.
``cancel`` is there once somebody wants the train to end. All of it outlives the server.
"""

import json
import os
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any, Final, Literal, get_args

from filelock import FileLock, Timeout
from pydantic_core import to_json

from earmark.files import write_atomically

End = Literal["finished", "failed", "cancelled"]
Kind = Literal["started", "read", "said", "progress", "finished", "failed", "cancelled"]
ENDS: Final[frozenset[str]] = frozenset(get_args(End))
START_LIMIT_S: Final = 60.0
"""A worker that has not said who it is after so long never will."""
_PROBING: Final = Lock()
"""To see whether a lock is held it is taken for a moment, which another thread must not take for its worker."""


@dataclass(frozen=True)
class Event:
    """One thing that happened.

    Parameters
    ----------
    event_id : int
        Where the next one begins: bytes from the beginning of the file. Grows from event to event.
    kind : str
    at : float
        Seconds since 1970.
    values : dict
        JSON values, by kind.
    """

    event_id: int
    kind: Kind
    at: float
    values: dict[str, Any]

    @property
    def ends(self) -> bool:
        """Whether nothing can come after it."""
        return self.kind in ENDS


@dataclass(frozen=True)
class JobFolder:
    """The folder of one train.

    Parameters
    ----------
    path : Path
        Its name is the job's id.
    """

    path: Path

    @property
    def job_id(self) -> str:
        """The job's id."""
        return self.path.name

    @property
    def log_file(self) -> Path:
        """What the worker's libraries said."""
        return self.path / "worker.log"

    @property
    def lock_file(self) -> Path:
        """Held by the worker for its life."""
        return self.path / "worker.lock"

    @property
    def _events_file(self) -> Path:
        return self.path / "events.jsonl"

    @property
    def _pid_file(self) -> Path:
        return self.path / "worker.pid"

    @property
    def _cancel_file(self) -> Path:
        return self.path / "cancel"

    def prepare(self, asked: Mapping[str, Any]) -> None:
        """Make the folder and write down what is asked.

        Parameters
        ----------
        asked : mapping
            JSON values.

        Raises
        ------
        InputError, OSError
            If it cannot be written.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.mkdir(mode=0o700)
        write_atomically(self.path / "job.json", json.dumps({"asked_at": time.time(), **asked}) + "\n")

    def is_whole(self) -> bool:
        """Whether what was asked is written down, without which there is no job."""
        return (self.path / "job.json").is_file()

    def asked(self) -> dict[str, Any]:
        """What `prepare` wrote down, and ``asked_at``, in seconds since 1970.

        Raises
        ------
        OSError, ValueError
            If the file is damaged or gone.
        """
        asked: dict[str, Any] = json.loads((self.path / "job.json").read_text(encoding="utf-8"))
        return asked

    def append(self, kind: Kind, **values: Any) -> None:
        """Write down what happened; a line is in the file before this returns."""
        happened = {"kind": kind, "at": round(time.time(), 3), **values}
        line = to_json(happened, inf_nan_mode="null") + b"\n"
        with self._events_file.open("a+b") as file:
            if file.seek(0, os.SEEK_END):
                file.seek(-1, os.SEEK_END)
                if file.read(1) != b"\n":  # a worker was killed while it wrote
                    line = b"\n" + line
            file.write(line)

    def events(self, after: int = 0) -> list[Event]:
        """What happened since.

        Parameters
        ----------
        after : int
            The ``event_id`` of the last event that is known. Any number will do: one that is no event's begins with
            the next whole line.
        """
        start = max(after - 1, 0)
        try:
            with self._events_file.open("rb") as file:
                start = min(start, file.seek(0, os.SEEK_END))
                file.seek(start)
                data = file.read()
        except FileNotFoundError:
            return []
        if after > 0:
            rest, _, data = data.partition(b"\n")
            start += len(rest) + 1
        return list(_parsed(data, start))

    def ended(self) -> bool:
        """Whether its last event is an end."""
        return any(event.ends for event in self.events()[-1:])

    def is_alive(self) -> bool:
        """Whether its worker runs, or is about to."""
        if self._pid_file.exists():
            return is_held(self.lock_file)
        try:
            return bool(time.time() - self.asked()["asked_at"] < START_LIMIT_S)
        except (OSError, ValueError, KeyError, TypeError):
            return False

    def give_up_waiting(self) -> None:
        """Say that the worker has gone, also where it never said who it was."""
        with suppress(OSError):  # the folder may be cleared away by now
            self._pid_file.touch()

    def ask_to_end(self) -> bool:
        """Say that the train shall end; whether nobody had said so before."""
        try:
            self._cancel_file.touch(exist_ok=False)
        except FileExistsError:
            return False
        return True

    def asked_to_end(self) -> float | None:
        """When somebody wanted the train to end (seconds since 1970); None where nobody did."""
        try:
            return self._cancel_file.stat().st_mtime
        except FileNotFoundError:
            return None

    def send(self, number: signal.Signals) -> bool:
        """Signal the worker, but never another process that got its number; whether it was there to be signalled.

        The kill goes to all that the worker may have started.
        """
        try:
            pid = int(self._pid_file.read_text(encoding="ascii"))
            if not is_held(self.lock_file):
                return False
            (os.killpg if number == signal.SIGKILL else os.kill)(pid, number)
        except (OSError, ValueError):
            return False
        return True

    @contextmanager
    def working(self) -> Iterator[None]:
        """Be the worker: hold the lock, and say who one is.

        Raises
        ------
        filelock.Timeout
            If another worker has the lock.
        """
        with FileLock(self.lock_file, timeout=START_LIMIT_S):  # whoever looks holds it for a moment
            write_atomically(self._pid_file, str(os.getpid()))
            yield

    @contextmanager
    def without_worker(self) -> Iterator[bool]:
        """Keep a worker from beginning meanwhile; whether there is none."""
        with _PROBING:
            lock = FileLock(self.lock_file)
            try:
                lock.acquire(timeout=0)
            except Timeout:
                yield False
                return
            try:
                yield True
            finally:
                lock.release()


def is_held(lock_file: Path) -> bool:
    """Whether another process holds a lock."""
    if not lock_file.exists():
        return False
    with _PROBING:
        try:
            with FileLock(lock_file, timeout=0):
                return False
        except Timeout:
            return True


def _parsed(data: bytes, position: int) -> Iterator[Event]:
    """Whole lines as events; what a kill tore is passed over."""
    for line in data.split(b"\n")[:-1]:
        position += len(line) + 1
        try:
            values = json.loads(line)
            yield Event(position, values.pop("kind"), float(values.pop("at")), values)
        except (ValueError, KeyError, TypeError, AttributeError):
            continue
