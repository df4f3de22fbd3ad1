"""Files that nobody else may read, written whole or not at all."""

import os
import stat
import tempfile
from pathlib import Path

from features.errors import InputError


def make_private_folder(path: Path) -> None:
    """Make a folder that is its owner's alone; one that is there already stays as it is.

    Raises
    ------
    InputError
        If it cannot be made.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"the folder {path} cannot be made: {error.strerror}", "set EARMARK_CONFIG to a folder that is yours"
        ) from error


def read_private(path: Path) -> str:
    """The text of such a file; one that others may read, copied or restored by hand, is its owner's alone from now on.

    Raises
    ------
    OSError
        If it cannot be read, or is open to others and not ours to close.
    """
    with path.open(encoding="utf-8") as file:
        if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077 and os.name != "nt":
            path.chmod(0o600)
        return file.read()


def write_private(path: Path, text: str) -> None:
    """Write a file that is its owner's alone from the first byte; readers, and a crash, see the old text or the new.

    Raises
    ------
    InputError
        If the folder cannot be made or written to.
    """
    make_private_folder(path.parent)
    try:
        handle, staging = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)  # 0600
    except OSError as error:
        raise InputError(
            f"{path} cannot be written: {error.strerror}", "set EARMARK_CONFIG to a folder that is yours"
        ) from error
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(staging).replace(path)
    except BaseException:
        Path(staging).unlink(missing_ok=True)
        raise
