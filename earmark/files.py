"""Files that are written whole or not at all."""

import os
import tempfile
from pathlib import Path

from features.errors import InputError


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write a file so that readers, and a crash, see the old content or the new, never a part.

    A link is followed; a pipe or device is written to, never replaced.

    Parameters
    ----------
    path : Path
    content : str or bytes
        Text is written as UTF-8, line ends as they are.

    Raises
    ------
    InputError
        If the folder does not exist or cannot be written to.
    """
    data = content.encode() if isinstance(content, str) else content
    check_target(path)
    path = path.resolve()
    if path.exists() and not path.is_file():
        path.write_bytes(data)
        return
    try:
        handle, staging = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    except OSError as error:
        raise InputError(
            f"{path} cannot be written: {error.strerror}", "choose a folder that exists and is yours"
        ) from error
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        # mkstemp files are private; a result file is as readable as any other.
        mask = os.umask(0)
        os.umask(mask)
        Path(staging).chmod(0o666 & ~mask)
        Path(staging).replace(path)
    except BaseException:
        Path(staging).unlink(missing_ok=True)
        raise


def check_target(path: Path) -> None:
    """Refuse a path that `write_atomically` could not write to.

    Raises
    ------
    InputError
        If it is a folder, or not in one.
    """
    if path.is_dir():
        raise InputError(f"{path} is a folder", "give the name of a file in it")
    if not path.parent.is_dir():
        raise InputError(f"{path} cannot be written: there is no folder {path.parent}", "make the folder first")
