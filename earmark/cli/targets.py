"""Where a command may write: never over what it reads."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path


def check_output(output: Path, read: Mapping[str, str | Path | None]) -> None:
    """Refuse a path that cannot be written to, or that holds what the command reads.

    Parameters
    ----------
    output : Path
    read : mapping of str to str, Path or None
        Under what it holds, in words, each file that the command reads. The name of a source is no file, and None
        stands for an option that was not given.

    Raises
    ------
    InputError
        If it is a folder, not in one, or one of the files that are read.
    """
    from earmark.files import check_target
    from features.errors import InputError

    check_target(output)
    for what, source in read.items():
        file = _file(source)
        if file is not None and file.exists() and output.exists() and output.samefile(file):
            raise InputError(f"{output} holds {what}", "write to another file")


def _file(source: str | Path | None) -> Path | None:
    if source is None:
        return None
    path = Path(source)
    with suppress(RuntimeError):  # nobody has the name after the tilde
        path = path.expanduser()
    return path
