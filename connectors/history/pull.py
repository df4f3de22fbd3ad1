"""The listener's own export into the library: plays, likes and bans, and what the plays say about tracks."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from connectors.evidence.play_weights import FINISHED, SKIPPED
from connectors.evidence.rules import RULE_OF
from connectors.evidence.skips import verdicts
from connectors.history.artist_bans import apply_artist_bans, remember_banned_artists
from connectors.history.exclusions import Exclusions
from connectors.history.export import read_export
from connectors.history.known_plays import fates, to_write
from connectors.history.library_file import OUTDATED, LibraryFile, latest_files
from connectors.history.play_table import WORDS, Fate
from connectors.history.track_register import NamedTrack
from connectors.library import EvidenceRow, Library, PlayColumns
from connectors.library.identity import recordings
from connectors.library.play_columns import together
from connectors.library.play_writing import Names
from connectors.pull_report import PullReport, ReportBuilder

_SOURCE: Final = "history"
_STREAM: Final = "library file"
_CHUNK: Final = 20_000
"""Plays in one transaction: few enough that others get to write in between."""

_VERDICT: Final = max(RULE_OF[kind].weight for kind in (FINISHED, SKIPPED))
_SAID: Final = {"like": "saved, says the library file", "ban": "you told Spotify never to play it"}


def pull_history(
    library: Library,
    paths: Sequence[Path],
    exclusions: Exclusions | None = None,
    *,
    now: datetime | None = None,
    on_progress: Callable[[str], None] = lambda _: None,
) -> PullReport:
    """Take exports into the library; the same ones again change nothing, later ones add what is new.

    Plays are written in parts, each whole or not at all; likes and bans after them, verdicts last. A pull that was cut
    off is made good by repeating it.

    Parameters
    ----------
    library : Library
    paths : sequence of Path
        Files, folders and ZIP files.
    exclusions : Exclusions, optional
        Plays to leave out.
    now : datetime, optional
        The time after which no play can be.
    on_progress : callable
        Told what is being done.

    Returns
    -------
    PullReport
        Every row of the export under what became of it.

    Raises
    ------
    InputError
        Where a path cannot be read or nothing of it is an export.
    """
    began = time.monotonic()
    export = read_export(
        paths, exclusions or Exclusions(), now or datetime.now(UTC), lambda name: on_progress(f"reading {name}")
    )
    on_progress("merging")
    stored = library.play_store.columns()
    plays, shadowed = fates(export.plays, export.reader.register, stored)
    for fate, n in zip(*np.unique(plays.fate, return_counts=True), strict=True):
        export.report.count(WORDS[Fate(int(fate))], int(n))
    new, tracks = to_write(plays, export.reader.register, export.reader.reasons)
    report, notes, files = export.report, list(export.notes), export.library_files
    del export, plays  # the rest needs the memory
    _write_plays(library, new, tracks, on_progress)
    known = together([stored, new])
    del stored, new, tracks
    on_progress("drawing verdicts")
    notes += _write_evidence(library, files, report)
    drawn = draw_verdicts(library, known)
    if any(drawn.values()):
        notes.append(
            f"{sum(drawn.values()):,} tracks have a clear verdict: {drawn[FINISHED]:,} finished and {drawn[SKIPPED]:,} "
            f"skipped more often than usual; skips are a weak signal, so each counts at most {_VERDICT:g} of a like"
        )
    if shadowed:
        notes.append(
            f"{shadowed:,} plays that you leave out now are in the library from an earlier pull: "
            "'earmark library forget history' and pull again to be rid of them"
        )
    return report.finish(_SOURCE, 0, time.monotonic() - began, tuple(notes))


def draw_verdicts(library: Library, plays: PlayColumns) -> dict[str, int]:
    """Bring the verdicts up to the plays and tracks in the library; how many there are of each kind.

    Parameters
    ----------
    library : Library
    plays : PlayColumns
        Those in the library, as far as is known; where others have come or gone, they are read again.
    """
    # Drawn before the transaction: others need not wait for the arithmetic.
    store = library.play_store
    if len(plays) != len(store):  # another process has written meanwhile
        plays = store.columns()
    recording, duration = _recordings_of(library, plays)
    if (recording < 0).any():  # another process has forgotten tracks meanwhile
        there = recording >= 0
        plays, recording, duration = plays.take(there), recording[there], duration[there]
    rows = verdicts(plays.coded_frame(), recording, duration_ms=duration)
    ids = {kind: {row.track_id for row in rows if row.kind == kind} for kind in (FINISHED, SKIPPED)}
    with library.transaction():
        for kind, track_ids in ids.items():
            library.keep_evidence(_SOURCE, kind, track_ids)
        library.add_evidence(rows)
    return {kind: len(track_ids) for kind, track_ids in ids.items()}


def _recordings_of(library: Library, plays: PlayColumns) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float64]]:
    """The recording that each play is of, -1 where the library does not know the track, and its length in ms or NaN."""
    tracks = library.tracks()
    place = pd.Index(tracks["track_id"]).get_indexer(pd.Index(list(plays.track_ids), dtype="str"))
    recording = np.append(recordings(tracks), -1)[place]
    duration = np.append(tracks["duration_ms"].to_numpy(dtype=float, na_value=np.nan), np.nan)[place]
    return recording[plays.track], duration[plays.track]


def _write_plays(
    library: Library, plays: PlayColumns, tracks: Sequence[NamedTrack], on_progress: Callable[[str], None]
) -> None:
    for start in range(0, len(plays), _CHUNK):
        on_progress(f"writing play {start + 1:,} of {len(plays):,}")
        chunk = plays.take(slice(start, start + _CHUNK))
        library.play_store.add(chunk, _names(tracks[number] for number in np.unique(chunk.track)))


def _names(tracks: Iterable[NamedTrack]) -> Iterator[Names]:
    """Only what is not known yet is taken: a history names the album's artist alone, other sources all of a track's."""
    return ((track.track_id, track.track_name, track.artist_name, track.album_name) for track in tracks)


def _write_evidence(library: Library, files: Sequence[LibraryFile], report: ReportBuilder) -> list[str]:
    """What the library files say, together, in place of what older ones said before; notes on what they do not."""
    with library.transaction():
        notes = _write_files(library, files, report) if files else []
        apply_artist_bans(library)
    return notes


def _write_files(library: Library, files: Sequence[LibraryFile], report: ReportBuilder) -> list[str]:
    position = library.position(_SOURCE, _STREAM)
    known = None if position is None else datetime.fromisoformat(position["made"])
    current, outdated, date = latest_files(files, known)
    for file in current:
        for outcome, n in file.outcomes.items():
            report.count(outcome, n)
    if current:
        for kind, tracks in (("like", [f.likes for f in current]), ("ban", [f.bans for f in current])):
            _replace(library, kind, {track.track_id: track for listed in tracks for track in listed})
        remember_banned_artists(library, [name for file in current for name in file.banned_artists])
        library.set_position(_SOURCE, _STREAM, None if date is None else {"made": date.isoformat()})
    if not outdated:
        return []
    for file in outdated:
        report.count(OUTDATED, sum(file.outcomes.values()))
    days = ", ".join(sorted({f"{file.made:%Y-%m-%d}" for file in outdated}))
    newest = date or known  # what has no date itself overtakes nothing: then it is the one taken before
    why = f"the library file of {days} is left out, for one of {newest:%Y-%m-%d} is known"
    return [f"{why}: to take the older one, 'earmark library forget history' and pull without the newer one"]


def _replace(library: Library, kind: str, tracks: dict[str, NamedTrack]) -> None:
    rule = RULE_OF[kind]
    library.play_store.add_names(_names(tracks.values()))
    library.keep_evidence(_SOURCE, kind, tracks)
    library.add_evidence(
        EvidenceRow(
            track_id=track_id, source=_SOURCE, kind=kind, liked=rule.liked, weight=rule.weight, reason=_SAID[kind]
        )
        for track_id in tracks
    )
