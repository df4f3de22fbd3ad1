"""ZIP files of strangers: never unpacked to disk, each entry streamed, what is no honest export refused in words."""

import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final

from features.errors import InputError

_MOST_ENTRIES: Final = 10_000
_LARGEST_TOTAL: Final = 8 << 30
_LARGEST_RATIO: Final = 150
"""Unpacked to packed size. Histories of twenty vintages reach 25; bombs start at 1,000."""

_SMALL: Final = 10 << 20
"""Below this many unpacked bytes a ratio harms nobody (a short file of blanks packs a thousandfold)."""

_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # LZMA may ask for 4 GB of memory by one header
_END: Final = struct.Struct("<4s4H2LH")
_ENCRYPTED: Final = 0x1

DAMAGE: Final = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError)
"""What reading a damaged or unusual entry raises."""


def open_archive(path: Path) -> zipfile.ZipFile:
    """Open a ZIP file that has a sane number of entries and a sane size.

    Parameters
    ----------
    path : Path

    Returns
    -------
    ZipFile
        For the caller to close.

    Raises
    ------
    InputError
        Where the file is damaged, or is a bomb by its own table of contents.
    """
    again = "ask Spotify for the export again, or unpack it and give the folder"
    if _declared_entries(path) > _MOST_ENTRIES:
        raise InputError(f"{path}: holds more than {_MOST_ENTRIES:,} files, which no Spotify export does", again)
    try:
        archive = zipfile.ZipFile(path)
    except DAMAGE as error:
        if isinstance(error, PermissionError):
            raise InputError(f"{path}: you may not read it", "give yourself the right to read it") from error
        raise InputError(f"{path}: the ZIP file is damaged or was not fully downloaded", again) from error
    entries = archive.infolist()
    total = sum(entry.file_size for entry in entries)
    if len(entries) > _MOST_ENTRIES or total > _LARGEST_TOTAL:
        archive.close()
        raise InputError(f"{path}: would unpack to {len(entries):,} files of {total >> 20:,} MB in all", again)
    return archive


def entries(archive: zipfile.ZipFile) -> Iterator[tuple[zipfile.ZipInfo, str | None]]:
    """Every file of an archive, with the reason not to read it, if there is one.

    Yields
    ------
    entry : ZipInfo
    refusal : str or None
        Continues "the file ...".
    """
    for entry in archive.infolist():
        if not entry.is_dir():
            yield entry, _refusal(entry)


def _refusal(entry: zipfile.ZipInfo) -> str | None:
    name = PurePosixPath(entry.filename.replace("\\", "/"))
    bomb = entry.file_size > _SMALL and entry.file_size > _LARGEST_RATIO * max(entry.compress_size, 1)
    reasons = {
        "has a name that points outside the archive": name.is_absolute() or ".." in name.parts or ":" in entry.filename,
        "is a link, not a file": stat.S_ISLNK(entry.external_attr >> 16),
        "is encrypted: unpack the archive with its password and give the folder": bool(entry.flag_bits & _ENCRYPTED),
        "is an archive within the archive: unpack it and give its path": name.suffix.lower() == ".zip",
        "is packed in a way that Spotify's are not: unpack the archive and give the folder": (
            entry.compress_type not in _METHODS
        ),
        f"would unpack {entry.compress_size:,} bytes to {entry.file_size:,}: that is a ZIP bomb": bomb,
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


def _declared_entries(path: Path) -> int:
    """The number of entries by the archive's last record, before anything is made of them; 0 where there is none."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - (1 << 16) - _END.size))
            tail = file.read()
    except OSError:
        return 0
    at = tail.rfind(b"PK\x05\x06")
    return int(_END.unpack_from(tail, at)[4]) if 0 <= at <= len(tail) - _END.size else 0
