"""A table file of tracks: CSV and its cousins, JSON lines, JSON or parquet, also under gzip.

Reads what exporters write (Exportify, "Sort Your Music", the Kaggle tables) and says in notes what it recognised.
"""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from connectors.registry import SourceSpec
from connectors.source import Reading, SourceRequest, TrackSource
from connectors.tables.assembly import to_tracks
from connectors.tables.decoding import decode
from connectors.tables.delimited import parse_delimited
from connectors.tables.json_records import looks_like_json, parse_json
from connectors.tables.parquet_columns import parse_parquet
from connectors.tables.raw import RawTable
from connectors.tables.unpacking import gunzip, kind_of, read_bytes
from features.errors import InputError

_NAME = "csv_file"


@dataclass
class TableFile:
    """Tracks in one file.

    Parameters
    ----------
    path : Path
        The file; not touched before ``read``.
    label : str, optional
        Header of the column that says what was liked, where the usual names do not tell.
    labels : bool
        Whether labels are wanted.
    """

    path: Path
    label: str | None = None
    labels: bool = True
    name: str = _NAME

    def read(self) -> Reading:
        """Read the whole file.

        Returns
        -------
        Reading
            Canonical names and units, not validated; a note for everything that was recognised or converted.

        Raises
        ------
        InputError
            For whatever is wrong with the file; the message starts with its path.
        """
        if self.path == Path(_NAME) and not self.path.exists():
            raise InputError(f"{_NAME} reads a file, and none was named", f"give the path of the table, not '{_NAME}'")
        try:
            tracks, notes = read_table(read_bytes(self.path), self.label, labels=self.labels)
        except InputError as error:
            raise InputError(f"{self.path}: {error.message}", error.hint) from error
        return Reading(tracks, notes)


def read_table(data: bytes, label: str | None = None, *, labels: bool = True) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Tracks out of the bytes of a file.

    Parameters
    ----------
    data : bytes
        The file's content, at least one byte.
    label : str, optional
        Header of the label column.
    labels : bool
        Whether labels are wanted; without, columns that hold them are left out.

    Returns
    -------
    tracks : DataFrame
        As ``connectors.tables.assembly.to_tracks``.
    notes : tuple of str

    Raises
    ------
    InputError
        For whatever is wrong with the content.
    """
    unpacked, notes = gunzip(data)
    if kind_of(unpacked) == "parquet":
        table = parse_parquet(unpacked)
    else:
        text, encoding_notes = decode(unpacked)
        table = parse_json(text) if looks_like_json(text) else parse_delimited(text)
        notes += encoding_notes
    return to_tracks(RawTable(table.headers, table.columns, notes + table.notes), label, labels=labels)


def _open(request: SourceRequest) -> TrackSource:
    return TableFile(Path(request.reference).expanduser(), request.label, request.labels)


SOURCE = SourceSpec(
    name=_NAME,
    summary="a file: CSV (, ; tab or |; UTF-8/16/32 or Windows-1252), JSON, JSON lines, parquet, gzip; give its path",
    open=_open,
)
