"""The lists of candidates that the page knows: the demo's, files that were dropped on it, playlists of the account.

A list is kept as a table of ours below ``data/lists``: what a browser sent is never opened as a path, and is parsed by
the same readers and the same schema as every other table.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import pandas as pd

from earmark.home import Home
from earmark.page.faults import NotFoundError
from earmark.reading import ReadTracks, read_tracks

DEMO: Final = "demo"
Kind = Literal["demo", "file", "playlist"]


@dataclass(frozen=True)
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
    """

    list_id: str
    title: str
    kind: Kind
    tracks: pd.DataFrame
    notes: tuple[str, ...] = ()
    set_aside: Mapping[str, int] | None = None
    merged: int = 0


class CandidateLists:
    """Keeps lists, and finds them by id.

    Parameters
    ----------
    home : Home
    """

    def __init__(self, home: Home) -> None:
        self._home = home

    @property
    def folder(self) -> Path:
        """Where lists are kept."""
        return self._home.root / "data" / "lists"

    def get(self, list_id: str) -> CandidateList:
        """A list; raises `NotFoundError` where there is none of this id."""
        if list_id == DEMO:
            return listed(DEMO, "Demo candidates", "demo", read_tracks("demo_candidates", labels=False))
        raise NotFoundError(f"there is no list {list_id[:40]!r}", "choose one of the lists: /api/v1/lists")


def listed(list_id: str, title: str, kind: Kind, read: ReadTracks) -> CandidateList:
    """What was read, as a list."""
    return CandidateList(
        list_id,
        title,
        kind,
        read.tracks,
        (*read.notes, *read.report.lines()),
        dict(read.report.set_aside),
        read.report.merged,
    )
