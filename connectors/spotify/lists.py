"""Which tracks a file lists, for a playlist: a table of ids, what ``earmark rank`` wrote, or addresses in lines."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connectors.spotify.checks import check_real
from connectors.spotify.references import track_id
from connectors.tables.columns import recognise
from connectors.tables.decoding import decode
from connectors.tables.delimited import parse_delimited
from connectors.tables.json_records import looks_like_json, parse_json
from connectors.tables.numeric import cell_texts
from connectors.tables.parquet_columns import parse_parquet
from connectors.tables.raw import RawTable
from connectors.tables.unpacking import gunzip, kind_of, read_bytes
from features.errors import InputError

_MEND = "give a table with a column track_id of Spotify's ids, as 'earmark rank -o FILE.csv' writes it"


@dataclass(frozen=True)
class TrackList:
    """Tracks in the order of a file.

    Parameters
    ----------
    uris : tuple of str
        ``spotify:track:...``, each once.
    repeated, unknown : int
        Rows that name a track again, and rows without an id of Spotify's.
    """

    uris: tuple[str, ...]
    repeated: int
    unknown: int


def read_list(path: Path) -> TrackList:
    """Read the tracks that a file lists.

    Parameters
    ----------
    path : Path
        CSV, JSON, JSON lines, parquet; or text with a Spotify address or URI a line, such as M3U.

    Raises
    ------
    InputError
        If it cannot be read, lists no track of Spotify's, or one of the demo's.
    """
    try:
        found = _read(gunzip(read_bytes(path))[0])
        check_real(found.uris)
    except InputError as error:
        raise InputError(f"{path}: {error.message}", error.hint) from error
    if not found.uris:
        raise InputError(f"{path} lists no track by an id of Spotify's", _MEND)
    return found


def _read(data: bytes) -> TrackList:
    if kind_of(data) == "parquet":
        return _of_table(parse_parquet(data))
    text, _ = decode(data)
    if looks_like_json(text):
        ranked = _ranked(text)
        return _of_table(parse_json(text)) if ranked is None else _listed(ranked)
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    ids = [track_id(line) for line in lines]
    if lines and sum(found is not None for found in ids) * 2 > len(lines):
        is_header = "track_id" in recognise(lines[:1]).positions  # of a table of one column
        return _listed(lines[1:] if is_header else lines)
    return _of_table(parse_delimited(text))


def _ranked(text: str) -> list[str | None] | None:
    """The ids in an answer of ``earmark rank --json``; None for any other JSON."""
    try:
        answer: Any = json.loads(text)
    except ValueError:
        return None
    tracks = answer.get("tracks") if isinstance(answer, dict) else None
    if not (isinstance(tracks, list) and all(isinstance(track, dict) for track in tracks)):
        return None
    return [text if isinstance(text := track.get("track_id"), str) else None for track in tracks]


def _of_table(table: RawTable) -> TrackList:
    position = recognise(table.headers).positions.get("track_id")
    if position is None:
        columns = ", ".join(map(repr, table.headers[:20]))
        raise InputError(f"no column holds Spotify's ids; its columns: {columns}", _MEND)
    return _listed(cell_texts(table.columns[position]))


def _listed(texts: Sequence[str | None]) -> TrackList:
    ids = [None if text is None else track_id(text) for text in texts]
    known = [found for found in ids if found is not None]
    unique = tuple(dict.fromkeys(f"spotify:track:{found}" for found in known))
    return TrackList(unique, repeated=len(known) - len(unique), unknown=len(ids) - len(known))
