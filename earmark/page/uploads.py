"""Files that somebody sends: bounded in every way, then read as every other table is.

A few kilobytes can unpack to gigabytes, and a file of commas is a table of millions of columns: sizes are checked
before anything is parsed. The bytes never become a file, and the name that came with them is only shown.
"""

import gzip
import io
import zlib
from typing import Final

import pandas as pd

from connectors.sources.csv_file import read_table
from earmark.reading import ReadTracks
from features.errors import InputError
from features.report import ValidationReport, show
from features.schema import validate

MAX_ROWS: Final = 50_000
"""Tracks that one list may hold."""
LONGEST_ID: Final = 200
"""Letters of a track's id; what is longer is none, and could not be asked about."""
_LINES_A_ROW: Final = 40
"""Most lines that one track takes, in JSON with one value a line."""
_EXPANSION: Final = 4
"""How many times larger than the largest upload a table may be unpacked."""
_LONGEST_HEADER: Final = 2**18
_BEFORE_JSON: Final = b"\xef\xbb\xbf\xff\xfe\x00 \t"
"""Byte order marks, white space, and what UTF-16 and UTF-32 put between letters."""
_GZIP: Final = b"\x1f\x8b"
_PARQUET: Final = b"PAR1"
_SPLIT: Final = "split it into several files"


def read_upload(name: str, data: bytes, max_bytes: int) -> ReadTracks:
    """The tracks in a file's bytes.

    Parameters
    ----------
    name : str
        As the sender calls it.
    data : bytes
    max_bytes : int
        The largest that is read; unpacked it may have four times as many.

    Returns
    -------
    ReadTracks
        Its ``source`` is the name, fit to be shown.

    Raises
    ------
    InputError
        If it is too large, cannot be read or has no usable row; the message begins with the name.
    """
    title = shown_name(name)
    try:
        tracks, report, notes = _read(data, max_bytes)
    except InputError as error:
        raise InputError(f"{title}: {error.message}", error.hint) from error
    return ReadTracks(tracks, report, notes, title, None)


def shown_name(name: str) -> str:
    """The last part of a name that a browser sent, short and fit to be shown."""
    return show(name.replace("\\", "/").rstrip("/").rpartition("/")[2], longest=80) or "a file without a name"


def _read(data: bytes, max_bytes: int) -> tuple[pd.DataFrame, ValidationReport, tuple[str, ...]]:
    """Validated tracks, the report, and notes on what was recognised."""
    if not data:
        raise InputError("the file is empty, expected a header and rows", "export the table again")
    if len(data) > max_bytes:
        raise InputError(f"the file is larger than {max_bytes / 2**20:g} MB", _SPLIT)
    unpacked, notes = _unpacked(data, max_bytes * _EXPANSION)
    _check_extent(unpacked, max_bytes * _EXPANSION)
    table, more = read_table(unpacked, labels=False)
    if len(table) > MAX_ROWS:
        raise _too_long(f"{len(table):,} rows")
    if "track_id" in table:
        table = table.assign(track_id=table["track_id"].mask(table["track_id"].str.len() > LONGEST_ID))
    tracks, report = validate(table)
    if not len(tracks):
        raise InputError(
            "\n".join([f"none of the {report.rows:,} rows can be used", *report.lines()]),
            "mend these columns where the table came from, and add it again",
        )
    return tracks, report, (*notes, *more)


def _unpacked(data: bytes, most: int) -> tuple[bytes, tuple[str, ...]]:
    """Gzip unpacked; what is damaged stays as it is, for the reader to say so."""
    if not data.startswith(_GZIP):
        return data, ()
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
            unpacked = file.read(most + 1)
    except (OSError, EOFError, zlib.error):
        return data, ()
    if len(unpacked) > most:
        raise InputError(f"the table is larger than {most / 2**20:g} MB unpacked", _SPLIT)
    return (unpacked, ("gzip unpacked",)) if unpacked else (data, ())


def _check_extent(data: bytes, most: int) -> None:
    """Refuse what would be a table of far too many rows, columns or bytes, before it becomes one."""
    if data.startswith(_PARQUET):
        _check_parquet(data, most)
        return
    lines = max(data.count(end) for end in (b"\n", b"\r")) + 1
    if lines > MAX_ROWS * _LINES_A_ROW:
        raise _too_long(f"{lines:,} lines")
    start = data[:_LONGEST_HEADER]
    ends = b"\n" in start or b"\r" in start or len(data) < _LONGEST_HEADER
    if not ends and not start.lstrip(_BEFORE_JSON).startswith((b"[", b"{")):
        raise InputError(f"the first line is longer than {_LONGEST_HEADER // 2**10} KB", "export the table again")


def _check_parquet(data: bytes, most: int) -> None:
    """Refuse a parquet file of too many rows or bytes; a damaged one passes, for the reader to say so.

    A file names a text once and points to it from every row: how large that becomes is known only once it is unpacked,
    so it is unpacked by a few rows at a time.
    """
    import pyarrow as pa  # noqa: PLC0415 (only parquet files need it)
    import pyarrow.parquet as pq  # noqa: PLC0415

    size = 0
    try:
        file = pq.ParquetFile(pa.BufferReader(data))
        about = file.metadata
        if about.num_rows > MAX_ROWS:
            raise _too_long(f"{about.num_rows:,} rows")
        packed = sum(about.row_group(group).total_byte_size for group in range(about.num_row_groups))
        rows = max(1, 4 * most // max(packed, 1))
        if packed <= most:
            for batch in file.iter_batches(batch_size=min(rows, MAX_ROWS)):
                size += batch.nbytes
                if size > most:
                    break
    except (pa.ArrowException, OSError, ValueError, OverflowError):
        return
    if max(size, packed) > most:
        raise InputError(f"the table is larger than {most / 2**20:g} MB unpacked", _SPLIT)


def _too_long(extent: str) -> InputError:
    return InputError(f"the table has {extent}, at most {MAX_ROWS:,} tracks can be ranked here", _SPLIT)
