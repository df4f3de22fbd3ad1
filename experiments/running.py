"""Which trains are still running: each holds a lock file that the system lets go of when its process ends, however."""

from pathlib import Path
from typing import ClassVar

from filelock import FileLock, Timeout


class RunningTrains:
    """Lock files of running trains.

    Parameters
    ----------
    folder : Path
        Made when the first lock is taken.
    """

    _held: ClassVar[dict[str, FileLock]] = {}
    """By train, for the whole process: a forgotten lock would be let go of, and its train taken for dead."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def hold(self, train: str) -> None:
        """Say that ``train`` runs in this process."""
        self._folder.mkdir(parents=True, exist_ok=True)
        lock = self._lock(train)
        lock.acquire(timeout=0)
        self._held[train] = lock

    def release(self, train: str) -> None:
        """Say that ``train`` has ended; nothing happens where it was not held."""
        lock = self._held.pop(train, None)
        if lock is not None:
            lock.release()
            self._file(train).unlink(missing_ok=True)

    def is_dead(self, train: str) -> bool:
        """Whether no process holds ``train`` any more."""
        if not self._file(train).exists():
            return True
        if train in self._held:
            return False
        try:
            with self._lock(train).acquire(timeout=0):
                pass
        except Timeout:
            return False
        self._file(train).unlink(missing_ok=True)
        return True

    def _file(self, train: str) -> Path:
        return self._folder / f"{train}.lock"

    def _lock(self, train: str) -> FileLock:
        return FileLock(self._file(train), thread_local=False)
