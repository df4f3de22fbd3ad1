"""Errors of any library as ours, where the person in front of the machine can mend them."""

import errno
from collections.abc import Iterator
from typing import Final

from features.errors import EarmarkError, InputError, ServiceError

DISK_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
NOT_OURS: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
SQLITE_FULL: Final = ("database or disk is full", "disk I/O error")
SQLITE_NOT_OURS: Final = ("attempt to write a readonly database", "unable to open database file")
SQLITE_DAMAGED: Final = ("file is not a database", "database disk image is malformed")


def explained(error: Exception) -> EarmarkError | None:
    """The error as one that can be explained, if it is: ours, or a disk's under any library's name.

    Parameters
    ----------
    error : Exception
        With what it was raised from.

    Returns
    -------
    EarmarkError or None
        None for what can only be a bug.
    """
    for cause in _chain(error):
        if isinstance(cause, EarmarkError):
            return cause
        found = _server_trouble(cause) or _disk_trouble(cause)
        if found is not None:
            return found
    return None


def _server_trouble(cause: BaseException) -> ServiceError | None:
    """A shared database that does not answer; None for anything else. The driver's words may hold the user's name."""
    if type(cause).__module__.partition(".")[0] != "psycopg":
        return None
    return ServiceError(
        f"the database that EARMARK_DATABASE_URL names failed ({type(cause).__name__})",
        "see that it runs and lets you in, then run the same command: finished trials are kept; or unset the variable",
    )


def _disk_trouble(cause: BaseException) -> InputError | None:
    """A disk that is full, files that are not ours, or a damaged database; None for anything else."""
    number = cause.errno if isinstance(cause, OSError) else None
    where = f" ({cause.filename})" if isinstance(cause, OSError) and cause.filename else ""
    said = str(cause)
    if number in DISK_FULL or any(words in said for words in SQLITE_FULL):
        return InputError(
            f"the disk is full{where}",
            "make room or set EARMARK_HOME to another disk, then run the same command: finished trials are kept",
        )
    if number in NOT_OURS or any(words in said for words in SQLITE_NOT_OURS):
        return InputError(
            f"no permission{where or ' to write the database'}",
            "choose a file or folder that is yours, or set EARMARK_HOME to one",
        )
    if number == errno.ENAMETOOLONG:
        return InputError(f"a file name is too long{where}", "give a shorter one")
    if any(words in said for words in SQLITE_DAMAGED):
        return InputError(
            "a database of earlier runs is damaged", "'earmark doctor' says which one, and where to move it"
        )
    return None


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
