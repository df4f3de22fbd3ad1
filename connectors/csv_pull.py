"""A table file's labels and features into the library.

The library remembers which tracks each file judged, by the file's path: pulling a file again replaces what it said
before, so that a label that was changed there is changed here, and a row that was deleted there counts no more. What
other files said stays. A file of the same bytes under another path is the same file, moved or copied. Features stay
also where their row is gone: they are of the track, not of a verdict.
"""

import hashlib
import time
from collections.abc import Hashable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pandas as pd

from connectors.audio_features.values import known_values
from connectors.library.library import Library
from connectors.library.rows import EvidenceRow, FeatureRow, TrackRow
from connectors.pull_report import PullReport, ReportBuilder
from connectors.registry import open_source
from connectors.track_ids import best_id, plain_isrc
from features.cleaning import CLEANERS
from features.columns import ANALYSED_FEATURES, AUDIO_FEATURES
from features.errors import InputError
from features.report import ValidationReport, show
from features.schema import COLUMNS, validate

SOURCE: Final = "csv"
LIKED: Final = "csv_liked"
DISLIKED: Final = "csv_disliked"
_FILES: Final = "files"
_DIGEST: Final = "sha256"
_MERGED: Final = "merged with an earlier row of the same track"
_LABELS: Final = {1: "liked", 0: "disliked"}
_NAMED: Final = tuple(name for name in COLUMNS if name not in AUDIO_FEATURES or name == "duration_ms")


def pull_csv(library: Library, path: Path, *, label: str | None = None) -> PullReport:
    """Read a table file into the library.

    Parameters
    ----------
    library : Library
    path : Path
        CSV or any other table that ``connectors.sources.csv_file`` reads.
    label : str, optional
        The column that says what was liked, where it cannot be guessed.

    Returns
    -------
    PullReport
        A row of the file is liked, disliked, without a label (its features count), merged, or set aside with a reason.

    Raises
    ------
    InputError
        If the file cannot be read, or not a single row can be used.
    """
    started = time.monotonic()
    path = path.expanduser()
    if not path.is_file():
        raise InputError(f"there is no file {path}", "check the path; a relative one starts in this folder")
    reading = open_source(str(path.absolute()), label=label).read()
    heard, unheard = _split(reading.tracks)
    tracks, report = validate(heard) if len(heard) else (heard, ValidationReport(0, 0))
    builder = ReportBuilder()
    if report.merged:
        builder.count(_MERGED, report.merged)
    for reason, n in report.set_aside.items():
        builder.count(f"set aside: {reason}", n)
    said = _Said()
    for row in tracks.to_dict("records"):
        builder.count(said.hear(row))
    waiting = 0
    for row in _clean(unheard).to_dict("records"):
        outcome = said.hear(row)
        builder.count(outcome)
        waiting += outcome in _LABELS.values()
    if not said.tracks:
        raise InputError(
            "\n".join([f"none of the {len(reading.tracks):,} rows of {path} can be used", *report.lines()]),
            "mend these columns where the table came from, and pull it again",
        )
    removed, moved = _store(library, path, said)
    notes = (*reading.notes, *report.lines()[1:], *_notes(said, waiting, removed), *_moves(moved))
    return builder.finish(SOURCE, 0, time.monotonic() - started, notes)


class _Said:
    """What the rows of one file come to."""

    def __init__(self) -> None:
        self.tracks: dict[str, dict[Hashable, Any]] = {}
        self.labels: dict[tuple[str, int], dict[Hashable, Any]] = {}

    def hear(self, row: dict[Hashable, Any]) -> str:
        """Take one row in; what became of it."""
        liked = None if pd.isna(row.get("liked")) else int(row["liked"])
        track_id = row["track_id"]
        if pd.isna(track_id):
            return "set aside: no id, and not both title and artist"
        if liked is None and all(pd.isna(row.get(name)) for name in ANALYSED_FEATURES):
            return "set aside: neither a label nor features"
        if track_id in self.tracks and (liked is None or (track_id, liked) in self.labels):
            return _MERGED
        self.tracks.setdefault(track_id, row)
        if liked is None:
            return "no label, its features are kept"
        self.labels[track_id, liked] = row
        return _LABELS[liked]

    def ids(self, liked: int) -> list[str]:
        """The tracks with a label."""
        return [track_id for track_id, label in self.labels if label == liked]


def _split(table: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows with at least a cell of analysed features, and rows without, whose labels are worth keeping all the same.

    Ids that are none of Spotify's are replaced: a number of a row in some table would mean another track in the next.
    """
    table = table.copy()
    absent = pd.Series([None] * len(table), index=table.index, dtype=object)
    given = zip(table.get("track_id", absent), table.get("isrc", absent), strict=True)
    table["track_id"] = pd.Series(
        [best_id(one, isrc, None, None) for one, isrc in given], index=table.index, dtype="str"
    )
    names = [name for name in ANALYSED_FEATURES if name in table]
    silent = table[names].isna().all(axis=1)
    return table[~silent].reset_index(drop=True), table[silent].reset_index(drop=True)


def _clean(unheard: pd.DataFrame) -> pd.DataFrame:
    """Rows without features under the schema's types, with an id where one can be made."""
    rows = pd.DataFrame(
        {name: CLEANERS[COLUMNS[name].dtype](unheard[name]).column for name in _NAMED if name in unheard}
    )
    for name in rows.select_dtypes("float64"):  # what validation would not have let pass
        low, high = COLUMNS[str(name)].low, COLUMNS[str(name)].high
        if low is not None and high is not None:
            rows[name] = rows[name].where(rows[name].between(low, high))
    for name in ("isrc", "artist_name", "track_name"):
        rows[name] = rows.get(name)
    described = zip(rows["track_id"], rows["isrc"], rows["artist_name"], rows["track_name"], strict=True)
    rows["track_id"] = pd.Series([best_id(*one) for one in described], index=rows.index, dtype=object)
    return rows


def _store(library: Library, path: Path, said: _Said) -> tuple[int, list[str]]:
    """Replace what a file said before, in one step.

    Returns
    -------
    removed : int
        How many labels are no longer said by any file.
    moved : list of str
        Other paths that it was pulled from before.
    """
    name = str(path.resolve())
    made = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, _DIGEST).hexdigest()
    with library.transaction():
        library.add_tracks(_track(track_id, row) for track_id, row in said.tracks.items())
        library.add_features(
            FeatureRow(track_id=track_id, values=values, source=SOURCE, fetched_at=made)
            for track_id, row in said.tracks.items()
            if (values := known_values(row)[0])
        )
        library.add_evidence(
            _evidence(track_id, liked, row, path.name) for (track_id, liked), row in said.labels.items()
        )
        index = library.position(SOURCE, _FILES) or {"paths": []}
        others = {other: library.position(SOURCE, _stream(other)) or {} for other in index["paths"] if other != name}
        moved = [other for other, position in others.items() if position.get(_DIGEST) == digest]
        for other in moved:
            library.set_position(SOURCE, _stream(other), None)
            del others[other]
        mine = {LIKED: said.ids(1), DISLIKED: said.ids(0)}
        removed = 0
        for kind, ids in mine.items():
            kept = {*ids, *(one for other in others.values() for one in other[kind])}
            removed += library.keep_evidence(SOURCE, kind, kept)
        library.set_position(SOURCE, _stream(name), {**mine, _DIGEST: digest})
        library.set_position(SOURCE, _FILES, {"paths": sorted({*others, name})})
    return removed, moved


def _stream(path: str) -> str:
    return f"file {path}"


def _track(track_id: str, row: Mapping[Hashable, Any]) -> TrackRow:
    def known(name: str) -> Any:
        value = row.get(name)
        return None if pd.isna(value) else value

    return TrackRow(
        track_id=track_id,
        track_name=known("track_name"),
        artist_name=known("artist_name"),
        album_name=known("album_name"),
        isrc=plain_isrc(known("isrc")),
        duration_ms=known("duration_ms"),
        release_date=known("release_date"),
        explicit=None if known("explicit") is None else bool(known("explicit")),
        popularity=known("popularity"),
    )


def _evidence(track_id: str, liked: int, row: Mapping[Hashable, Any], file: str) -> EvidenceRow:
    at, weight = row.get("added_at"), row.get("weight")
    return EvidenceRow(
        track_id=track_id,
        source=SOURCE,
        kind=LIKED if liked else DISLIKED,
        liked=bool(liked),
        weight=1.0 if pd.isna(weight) else float(weight),
        at=None if pd.isna(at) else at.to_pydatetime(),
        reason=f"{_LABELS[liked]} in {show(file)}",
    )


def _notes(said: _Said, waiting: int, removed: int) -> list[str]:
    notes = []
    if not said.labels:
        notes.append("no row says what was liked: nothing to learn from, but the features are kept")
    if waiting:
        notes.append(
            f"{waiting:,} labelled tracks have no features in this file: 'earmark pull features' looks for them"
        )
    if removed:
        notes.append(f"{removed:,} labels of an earlier pull are gone: the file does not say them any more")
    return notes


def _moves(moved: list[str]) -> list[str]:
    return [
        f"pulled before as {show(other, longest=200)}, the same file: it counts once, as this one" for other in moved
    ]
