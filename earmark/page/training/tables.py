"""Labelled tables that somebody put on the page to train from.

A table is kept as it came, in a folder of its own below ``data/tables`` that is named by the digest of its content: a
train reads it just as the command line would, notes and all. What a browser sends is never a path: of the name that
came with a table, letters and digits become the file's.
"""

import json
import re
import shutil
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from secrets import token_hex
from typing import Final

from connectors.sources.csv_file import read_table
from earmark.home import Home
from earmark.page.faults import NotFoundError
from earmark.page.uploads import read_upload, shown_name
from experiments.config import FitConfig
from experiments.positive_unlabelled import check_learnable
from features.errors import InputError
from features.schema import validate

MAX_TABLES: Final = 20
"""Tables that are kept; the oldest go first."""
_ID: Final = re.compile(r"table-[0-9a-f]{16}", re.ASCII)
_ABOUT: Final = "about.json"
_NOT_FOR_NAMES: Final = re.compile(r"[^A-Za-z0-9._-]+", re.ASCII)


@dataclass(frozen=True)
class TrainingTable:
    """A labelled table.

    Parameters
    ----------
    table_id : str
        ``table-`` and 16 hex digits of the digest of its content, name and label.
    title : str
        The file's name.
    label : str or None
        The column that says what was liked, where it cannot be guessed.
    n_tracks, n_liked, n_skipped : int
        Usable rows; of those that are neither liked nor skipped nothing is known.
    notes : tuple of str
        What was recognised, merged and set aside, one line each.
    added_at : str
        ISO 8601 in UTC.
    """

    table_id: str
    title: str
    label: str | None
    n_tracks: int
    n_liked: int
    n_skipped: int
    notes: tuple[str, ...]
    added_at: str


class TrainingTables:
    """Keeps tables, and finds them by id.

    Parameters
    ----------
    home : Home
    max_bytes : int
        The largest upload.
    """

    def __init__(self, home: Home, max_bytes: int = 32 * 2**20) -> None:
        self._folder = home.root / "data" / "tables"
        self._max_bytes = max_bytes

    def put(self, name: str, data: bytes, label: str | None = None) -> TrainingTable:
        """Read a table, and keep it if a train could learn from it.

        Parameters
        ----------
        name : str
            As the sender calls it.
        data : bytes
        label : str, optional
            The column that says what was liked.

        Raises
        ------
        InputError
            If it is too large, cannot be read, or is too little to learn from; the message begins with the name.
        """
        about = _checked(name, data, label, self._max_bytes)
        staging = self._folder / f".new-{token_hex(8)}"
        try:
            staging.mkdir(parents=True)
            (staging / _file_name(about.title)).write_bytes(data)
            (staging / _ABOUT).write_text(json.dumps(asdict(about)), encoding="utf-8")
            place = self._folder / about.table_id
            if not place.exists():
                staging.replace(place)
        except OSError as error:
            raise InputError(
                f"{self._folder} cannot be written to: {error.strerror}",
                "make room, or set EARMARK_HOME to a folder of your own",
            ) from error
        finally:
            shutil.rmtree(staging, ignore_errors=True)
        for old in self.entries()[MAX_TABLES:]:
            shutil.rmtree(self._folder / old.table_id, ignore_errors=True)
        return self.get(about.table_id)[0]

    def get(self, table_id: str) -> tuple[TrainingTable, Path]:
        """A table, and its file.

        Raises
        ------
        NotFoundError
            If there is none of this id.
        """
        folder = self._folder / table_id
        about = _about(folder) if _ID.fullmatch(table_id) else None
        if about is None:
            raise NotFoundError(f"there is no table {table_id[:40]!r}", "choose one of the sources: /api/v1/sources")
        return about, folder / _file_name(about.title)

    def entries(self) -> list[TrainingTable]:
        """All of them, the newest first; folders that cannot be understood are left out."""
        if not self._folder.is_dir():
            return []
        found = [_about(folder) for folder in self._folder.iterdir() if _ID.fullmatch(folder.name)]
        return sorted((entry for entry in found if entry is not None), key=lambda entry: entry.added_at, reverse=True)


def is_table(reference: str) -> bool:
    """Whether a source's name is a table's id."""
    return _ID.fullmatch(reference) is not None


def _checked(name: str, data: bytes, label: str | None, max_bytes: int) -> TrainingTable:
    """What is in a table; `read_upload` bounds it before it is read for its labels."""
    title = read_upload(name, data, max_bytes).source
    try:
        table, notes = read_table(data, label)
        tracks, report = validate(table)
        check_learnable(tracks, FitConfig(), catalogue=True)  # likes alone will do with one: the train asks for it
    except InputError as error:
        raise InputError(f"{title}: {error.message}", error.hint) from error
    digest = sha256(json.dumps([label, shown_name(name)]).encode() + data).hexdigest()
    return TrainingTable(
        table_id=f"table-{digest[:16]}",
        title=title,
        label=label,
        n_tracks=len(tracks),
        n_liked=int((tracks["liked"] == 1).sum()),
        n_skipped=int((tracks["liked"] == 0).sum()),
        notes=(*notes, *report.lines()),
        added_at=datetime.now(UTC).isoformat(timespec="microseconds"),
    )


def _about(folder: Path) -> TrainingTable | None:
    try:
        values = json.loads((folder / _ABOUT).read_text(encoding="utf-8"))
        return TrainingTable(**values | {"table_id": folder.name, "notes": tuple(values["notes"])})
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _file_name(title: str) -> str:
    """The file's name on our disk, which is also what the run is recorded under: ``my-likes.csv``.

    It always has an ending, so that a file that somebody called ``demo`` or ``library`` is not taken for that source.
    """
    name = _NOT_FOR_NAMES.sub("-", title).strip("-.")[:80] or "table"
    return name if "." in name else f"{name}.table"
