"""Work that may wait long for a database, for views that do not."""

from collections.abc import Callable
from threading import Thread
from typing import Final, TypeVar

from features.errors import ServiceError

T = TypeVar("T")
PATIENCE_S: Final = 10.0
"""How long a view waits: one that is well answers within milliseconds, but the machine may be busy."""


def patiently(work: Callable[[], T], *, seconds: float | None = None) -> T:
    """What some work on the library gives; it goes on alone where it takes too long.

    Parameters
    ----------
    work : callable
        What it raises is raised here.
    seconds : float, optional
        `PATIENCE_S` by default.

    Raises
    ------
    ServiceError
        If it takes longer.
    """
    wait = PATIENCE_S if seconds is None else seconds
    given: list[T] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            given.append(work())
        except BaseException as error:
            failed.append(error)

    thread = Thread(target=run, name="library", daemon=True)
    thread.start()
    thread.join(wait)
    if failed:
        raise failed[0]
    if not given:
        raise ServiceError(
            f"the library has not answered within {wait:g} seconds",
            "another program may hold it, or its server cannot be reached: end the one or start the other, then reload",
        )
    return given[0]
