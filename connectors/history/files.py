"""What may hold history among the paths that were given: files, folders to any depth, ZIP files."""

import os
import stat
import zipfile
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from connectors.history.archives import DAMAGE, entries, open_archive
from connectors.history.json_stream import BrokenJson, batches, first_character
from features.errors import InputError

_ZIP: Final = b"PK\x03\x04"
_MOST_FILES: Final = 100_000


@dataclass(frozen=True)
class Document:
    """A file that starts like JSON.

    Parameters
    ----------
    name : str
        For people: the path, and within an archive the name of the entry after it.
    batches : callable
        ``batches()`` generates lists of its elements; raises ``BrokenJson`` where the file is damaged.
    made : datetime or None
        When it was written, as its folder or archive tells; an archive names no time zone, and may tell nonsense.
    """

    name: str
    batches: Callable[[], Generator[list[Any], None, None]]
    made: datetime | None


@dataclass(frozen=True)
class Refusal:
    """A file that is not read although it might hold history, and why (continues "the file ...")."""

    name: str
    why: str


def documents(paths: Sequence[Path]) -> Iterator[Document | Refusal]:
    """Every file that starts like JSON, in a fixed order; the same file is given once.

    A document can be read until the next one is asked for.

    Parameters
    ----------
    paths : sequence of Path
        Files, folders (read to any depth, links not followed) and ZIP files.

    Raises
    ------
    InputError
        For a path that does not exist, may not be read, is no file, or is an archive that is refused as a whole; for
        a folder of more than 100,000 files.
    """
    done: set[Path] = set()
    for path in paths:
        given = _checked(path)
        files, refused = _walk(given) if given.is_dir() else ([given], [])
        yield from refused
        for file in files:
            if file.resolve() not in done:
                done.add(file.resolve())
                yield from _open(file, named=file == given)


def _checked(path: Path) -> Path:
    given = path.expanduser()
    try:
        mode = given.stat().st_mode
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file or folder", "check the path of the export") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be looked at ({error})", "check the path and your rights to it") from error
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise InputError(f"{path}: is neither a file nor a folder", "give the ZIP file or the folder of the export")
    if not os.access(given, os.R_OK | (os.X_OK if stat.S_ISDIR(mode) else 0)):
        raise InputError(f"{path}: you may not read it", "give yourself the right to read it")
    return given


def _walk(folder: Path) -> tuple[list[Path], list[Refusal]]:
    files: list[Path] = []
    refused: list[Refusal] = []

    def refuse(error: OSError) -> None:
        refused.append(Refusal(str(error.filename), f"cannot be read ({error.strerror})"))

    for parent, folders, names in os.walk(folder, onerror=refuse):
        folders.sort()
        files += [Path(parent, name) for name in sorted(names)]
        if len(files) > _MOST_FILES:
            raise InputError(f"{folder}: holds more than {_MOST_FILES:,} files", "give the folder of the export itself")
    return files, refused


def _open(path: Path, *, named: bool) -> Iterator[Document | Refusal]:
    try:
        if not stat.S_ISREG(path.lstat().st_mode) and not named:
            return  # a pipe would be waited for, a link may lead out of the folder
        with path.open("rb") as file:
            start = file.read(len(_ZIP))
            file.seek(0)
            opening = first_character(file)
            made = datetime.fromtimestamp(os.fstat(file.fileno()).st_mtime, UTC)
    except OSError as error:
        if named:
            raise InputError(f"{path}: cannot be read ({error})", "check your rights to the file") from error
        yield Refusal(str(path), f"cannot be read ({error.strerror})")
        return
    if start == _ZIP or (named and path.suffix.lower() == ".zip"):
        yield from _unzip(path, named=named)
    elif opening and opening in "[{":
        yield Document(str(path), lambda: _batches_of_file(path), made)


def _unzip(path: Path, *, named: bool) -> Iterator[Document | Refusal]:
    try:
        archive = open_archive(path)
    except InputError as error:
        if named:
            raise
        yield Refusal(str(path), error.message.removeprefix(f"{path}: "))
        return
    with archive:
        for entry, refusal in entries(archive):
            name = f"{path}/{entry.filename}"
            if refusal:
                yield Refusal(name, refusal)
                continue
            try:
                with archive.open(entry) as stream:
                    opening = first_character(stream)
            except DAMAGE:
                yield Refusal(name, "is damaged within the archive")
                continue
            if opening and opening in "[{":
                yield Document(name, _reader(archive, entry), _date(entry))


def _date(entry: zipfile.ZipInfo) -> datetime | None:
    try:
        return datetime(*entry.date_time, tzinfo=UTC)
    except ValueError:  # a day 0 of a month 0, where nothing was written
        return None


def _reader(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Callable[[], Generator[list[Any], None, None]]:
    return lambda: _batches_of_entry(archive, entry)


def _batches_of_file(path: Path) -> Generator[list[Any], None, None]:
    try:
        with path.open("rb") as stream:
            yield from batches(stream)
    except OSError as error:
        raise BrokenJson(f"cannot be read ({error.strerror})") from error


def _batches_of_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Generator[list[Any], None, None]:
    try:
        with archive.open(entry) as stream:
            yield from batches(stream)
    except BrokenJson:
        raise
    except DAMAGE as error:
        raise BrokenJson(f"is damaged within the archive ({error})") from error
