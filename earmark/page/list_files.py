"""A list of candidates as one parquet file: its tracks, and in the file's metadata what else is known of it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import pandas as pd

from earmark.home import Home
from features.errors import InputError

ID: Final = re.compile(r"file-[0-9a-f]{16}|playlist-[0-9A-Za-z]{22}", re.ASCII)
"""Of a list that is kept: the name of its file, and all that a request can say of it."""
Kind = Literal["demo", "file", "playlist"]
KINDS: Final = ("demo", "file", "playlist")


@dataclass(frozen=True, eq=False)
class CandidateList:
    """Tracks to rank.

    Parameters
    ----------
    list_id : str
        ``demo``, ``file-`` with 16 hex digits of the content's digest, or ``playlist-`` with Spotify's id.
    title : str
        What people call it: a file's or a playlist's name.
    kind : {"demo", "file", "playlist"}
    tracks : DataFrame
        A validated tracks table without labels.
    notes : tuple of str
        What was recognised, merged and set aside, one line each.
    set_aside : mapping of str to int
        Rows that cannot be ranked, by reason.
    merged : int
        Rows that were duplicates.
    added_at : str
        When it was put here, ISO 8601 in UTC; empty for the demo's.
    """

    list_id: str
    title: str
    kind: Kind
    tracks: pd.DataFrame
    notes: tuple[str, ...] = ()
    set_aside: Mapping[str, int] | None = None
    merged: int = 0
    added_at: str = ""


@dataclass(frozen=True)
class ListEntry:
    """What is known of a list without loading it.

    Parameters
    ----------
    list_id, title : str
    kind : {"demo", "file", "playlist"}
    n_tracks : int
    added_at : str
        ISO 8601 in UTC; empty for the demo's.
    """

    list_id: str
    title: str
    kind: Kind
    n_tracks: int
    added_at: str


def folder_of(home: Home) -> Path:
    """Where lists are kept."""
    return home.root / "data" / "lists"


def files_of(home: Home) -> list[Path]:
    """The files of all lists."""
    folder = folder_of(home)
    return [file for file in folder.glob("*.parquet") if ID.fullmatch(file.stem)] if folder.is_dir() else []


def forget_playlists(home: Home) -> int:
    """Delete every playlist of the account; how many there were.

    A page that is being served notices by itself.
    """
    gone = [file for file in files_of(home) if file.stem.startswith("playlist-")]
    for file in gone:
        file.unlink(missing_ok=True)
    return len(gone)


def packed(candidates: CandidateList) -> bytes:
    """A list as the bytes of its file."""
    table = candidates.tracks.copy()
    table.attrs = {
        "title": candidates.title,
        "kind": candidates.kind,
        "n_tracks": len(table),
        "added_at": candidates.added_at,
        "notes": list(candidates.notes),
        "set_aside": dict(candidates.set_aside or {}),
        "merged": candidates.merged,
    }
    return bytes(table.to_parquet())


def load(file: Path) -> CandidateList:
    """The list in a file that `packed` made.

    Raises
    ------
    InputError
        If it is damaged.
    """
    try:
        table = pd.read_parquet(file)
        about: Mapping[Any, Any] = table.attrs
        table.attrs = {}
        return CandidateList(
            file.stem,
            str(about["title"]),
            _kind(about["kind"]),
            table,
            tuple(about["notes"]),
            about["set_aside"],
            int(about["merged"]),
            str(about["added_at"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"the list {file.stem} is damaged", "remove it and add it again") from error


def entry(file: Path) -> ListEntry | None:
    """What is known of the list in a file; None where it is damaged."""
    try:
        about = pd.read_parquet(file, columns=[]).attrs
        kind, n_tracks = _kind(about["kind"]), int(about["n_tracks"])
        return ListEntry(file.stem, str(about["title"]), kind, n_tracks, str(about["added_at"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _kind(value: object) -> Kind:
    if value not in KINDS:
        raise ValueError(f"there is no kind {value!r}")
    return value
