"""Bytes of a file, out of gzip, and what kind of file they are; decided by content, never by extension."""

import gzip
import io
import stat
import zlib
from pathlib import Path
from typing import Literal

from features.errors import InputError

MAX_BYTES = 2 * 1024**3
"""Larger files, on disk or unpacked, are refused: a few hundred bytes of gzip can hold gigabytes."""

_GZIP = b"\x1f\x8b"
_PARQUET = b"PAR1"
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_CHUNK = 1 << 20
_EXPORT = "save or export the table as CSV, JSON lines or parquet"

_HISTORY = "take it into the library: earmark pull history FILE; then name the source 'history'"
_NO_PICKLE = "pickles can run code and are not read; " + _EXPORT
_SAVE_SHEET = "save the sheet as CSV (UTF-8) and name that file"

_ARCHIVES = (
    (b"xl/workbook", "an Excel workbook (.xlsx)", _SAVE_SHEET),
    (b"opendocument.spreadsheet", "an OpenDocument spreadsheet (.ods)", _SAVE_SHEET),
    (b"Index/Document.iwa", "a Numbers, Pages or Keynote document", "export the sheet as CSV and name that file"),
    (b"word/document", "a Word document (.docx)", _EXPORT),
    (b"opendocument.", "an OpenDocument document", _EXPORT),
    (b"Streaming_History_Audio", "an export of your streaming history", _HISTORY),
    (b"StreamingHistory", "an export of your streaming history", _HISTORY),
    (b"endsong", "an export of your streaming history", _HISTORY),
)
"""What zip archives are, by a name of a file in them or, of OpenDocument, the type that they begin with."""

_KNOWN_BINARY = (
    (b"\x89PNG", "a PNG picture", _EXPORT),
    (b"\xff\xd8\xff", "a JPEG picture", _EXPORT),
    (b"GIF8", "a GIF picture", _EXPORT),
    (b"%PDF", "a PDF document", _EXPORT),
    (b"SQLite format 3\x00", "an SQLite database", "export the table that holds the tracks as CSV"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls)", _SAVE_SHEET),
    (b"BZh", "compressed with bzip2", "unpack it first, or compress it with gzip"),
    (b"\xfd7zXZ", "compressed with xz", "unpack it first, or compress it with gzip"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd", "unpack it first, or compress it with gzip"),
    (b"7z\xbc\xaf", "a 7z archive", "unpack it first and name the table inside"),
    (b"Rar!", "a RAR archive", "unpack it first and name the table inside"),
    (b"\x93NUMPY", "a NumPy array", _EXPORT),
    *((bytes((0x80, protocol)), "a Python pickle", _NO_PICKLE) for protocol in range(2, 6)),
    (b"ARROW1", "an Arrow file (Feather)", _EXPORT),
    (b"\x89HDF", "an HDF5 file", _EXPORT),
    (b"{\\rtf", "a document (RTF)", _EXPORT),
    (_GZIP, "compressed twice with gzip", "unpack it once"),
)


def read_bytes(path: Path) -> bytes:
    """All bytes of a regular file or a pipe.

    Raises
    ------
    InputError
        For a missing or unreadable file, a directory, a device, an empty file, one of more than ``MAX_BYTES``.
    """
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise InputError("this is a directory, expected a table file", "name one file in it")
        if not (stat.S_ISREG(mode) or stat.S_ISFIFO(mode)):
            raise InputError("this is not a regular file, expected a table file", _EXPORT)
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise InputError(
            "there is no such file", "check the path; a relative path starts in the current folder"
        ) from error
    except PermissionError as error:
        raise InputError(
            "the file may not be read (permission denied)", "give yourself the right to read it"
        ) from error
    except (OSError, ValueError) as error:
        raise InputError(f"the file cannot be read ({error})", "check the path and the disk") from error
    if len(data) > MAX_BYTES:
        raise _too_large()
    if not data:
        raise InputError("the file is empty, expected a header and rows", "export the table again")
    return data


def gunzip(data: bytes) -> tuple[bytes, tuple[str, ...]]:
    """Unpack gzip, bounded; other bytes come back as they are.

    Returns
    -------
    data : bytes
        At most ``MAX_BYTES``.
    notes : tuple of str
        One line where something was unpacked.

    Raises
    ------
    InputError
        For truncated or damaged gzip, nothing inside, or more than ``MAX_BYTES`` inside.
    """
    if not data.startswith(_GZIP):
        return data, ()
    unpacked = bytearray()
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
            while chunk := file.read(_CHUNK):
                unpacked += chunk
                if len(unpacked) > MAX_BYTES:
                    raise _too_large()
    except EOFError as error:
        raise InputError("the gzip data ends too early (truncated file)", "download or copy the file again") from error
    except (OSError, zlib.error) as error:
        raise InputError(f"the gzip data is damaged ({error})", "download or copy the file again") from error
    if not unpacked:
        raise InputError("the gzip file holds nothing, expected a header and rows", "export the table again")
    return bytes(unpacked), ("gzip unpacked",)


def kind_of(data: bytes) -> Literal["parquet", "text"]:
    """What unpacked bytes are: a parquet file, or text to be decoded.

    Raises
    ------
    InputError
        For files known to be something else: pictures, archives, workbooks, databases.
    """
    if data.startswith(_PARQUET):
        return "parquet"
    if data.startswith(_ZIP):
        raise _archive(data)
    for magic, what, hint in _KNOWN_BINARY:
        if data.startswith(magic):
            raise InputError(f"this is {what}, not a table", hint)
    return "text"


def _archive(data: bytes) -> InputError:
    for name, what, hint in _ARCHIVES:
        if name in data:
            return InputError(f"this is {what}, not a table", hint)
    if data.startswith(_ZIP[1]):
        return InputError("this is a zip archive with nothing in it", _EXPORT)
    return InputError("this is a zip archive", "unpack it first and name the table inside")


def _too_large() -> InputError:
    return InputError(f"the table is larger than {MAX_BYTES / 1024**3:g} GB unpacked", "split it into several files")
