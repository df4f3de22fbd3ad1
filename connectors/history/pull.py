"""The listener's own export into the library: plays, likes and bans, and what the plays say about tracks."""

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from connectors.evidence.play_weights import FINISHED, SKIPPED
from connectors.evidence.rules import RULE_OF
from connectors.evidence.skips import verdicts
from connectors.history.artist_bans import apply_artist_bans, remember_banned_artists
from connectors.history.exclusions import Exclusions
from connectors.history.export import Export, read_export
from connectors.history.library_file import OUTDATED, LibraryFile, latest_files
from connectors.history.merging import duplicates
from connectors.history.play_table import EXCLUDED, KEPT, WORDS, Fate, Ints, PlayTable, concatenate
from connectors.history.track_register import NO_TRACK, NamedTrack, TrackRegister
from connectors.library import EvidenceRow, Library, Outcome, PlayRow, TrackRow
from connectors.library.identity import recordings
from connectors.pull_report import PullReport, ReportBuilder

_SOURCE: Final = "history"
_STREAM: Final = "library file"
_CHUNK: Final = 20_000
"""Plays in one transaction: few enough that others get to write in between."""

_OUTCOMES: Final[dict[int, Outcome]] = {Fate.FINISHED: "finished", Fate.SKIPPED: "skipped", Fate.NEUTRAL: "neutral"}
_FLAGS: Final = {1: True, 0: False, -1: None}
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
    plays, shadowed = _fates(export, library)
    for fate, n in zip(*np.unique(plays.fate, return_counts=True), strict=True):
        export.report.count(WORDS[Fate(int(fate))], int(n))
    _write_plays(library, export, plays, on_progress)
    report, notes, files = export.report, list(export.notes), export.library_files
    del export, plays  # the verdicts need the memory
    on_progress("drawing verdicts")
    notes += _write_evidence(library, files, report)
    drawn = draw_verdicts(library)
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


def draw_verdicts(library: Library) -> dict[str, int]:
    """Bring the verdicts up to the plays and tracks in the library; how many there are of each kind."""
    # Drawn before the transaction: others need not wait for the arithmetic.
    plays, tracks = library.plays(), library.tracks()
    plays = plays[plays["track_id"].isin(tracks["track_id"])]  # all, unless another process forgets them meanwhile
    place = pd.Index(tracks["track_id"]).get_indexer(pd.Index(plays["track_id"]))
    duration = tracks["duration_ms"].to_numpy(dtype=float, na_value=np.nan)
    rows = verdicts(plays, recordings(tracks)[place], duration_ms=duration[place])
    ids = {kind: {row.track_id for row in rows if row.kind == kind} for kind in (FINISHED, SKIPPED)}
    with library.transaction():
        for kind, track_ids in ids.items():
            library.keep_evidence(_SOURCE, kind, track_ids)
        library.add_evidence(rows)
    return {kind: len(track_ids) for kind, track_ids in ids.items()}


def _fates(export: Export, library: Library) -> tuple[PlayTable, int]:
    """What becomes of each play, and how many that are left out are in the library nevertheless."""
    plays = export.plays
    stored = _stored(library, export.reader.register)
    kept = np.flatnonzero(np.isin(plays.fate, KEPT))
    plays = plays.with_fate(kept[duplicates(plays.take(kept))], Fate.DUPLICATE)
    known = np.isin(_keys(plays), _keys(stored))
    shadowed = int((known & np.isin(plays.fate, EXCLUDED)).sum())
    # Plays that other exports brought may be the same under a slightly other time.
    others = stored.take(~np.isin(_keys(stored), _keys(plays)))
    new = np.flatnonzero(np.isin(plays.fate, KEPT) & ~known)
    together = concatenate([plays.take(new), others])
    fixed = np.arange(len(together)) >= len(new)
    repeated = duplicates(together, fixed)[: len(new)]
    plays = plays.with_fate(known & np.isin(plays.fate, KEPT), Fate.KNOWN)
    return plays.with_fate(new[repeated], Fate.DUPLICATE), shadowed


def _keys(plays: PlayTable) -> Ints:
    """One number for the library's key of a play; times stay below 2^34 until the year 2514."""
    return plays.track * (1 << 34) + plays.ended_at


def _stored(library: Library, register: TrackRegister) -> PlayTable:
    """The library's plays of tracks that the export names."""
    plays = library.plays()
    codes, ids = pd.factorize(plays["track_id"])
    numbers = np.array([register.number_of_id(track_id) for track_id in ids], dtype=np.int64)
    track = numbers[codes] if len(codes) else np.zeros(0, dtype=np.int64)
    fate_of = {outcome: int(fate) for fate, outcome in _OUTCOMES.items()}
    nothing = np.zeros(len(track), dtype=np.int64)
    table = PlayTable(
        track=track,
        ended_at=pd.DatetimeIndex(plays["ended_at"]).as_unit("s").asi8,
        began_at=nothing,
        ms_played=plays["ms_played"].to_numpy(dtype=np.int64),
        fate=np.array([fate_of[outcome] for outcome in plays["outcome"]], dtype=np.int64),
        reason_start=nothing,
        reason_end=nothing,
        shuffle=nothing,
        offline=nothing,
    )
    return table.take(track != NO_TRACK)


def _write_plays(library: Library, export: Export, plays: PlayTable, on_progress: Callable[[str], None]) -> None:
    kept = np.flatnonzero(np.isin(plays.fate, KEPT))
    kept = kept[np.lexsort((plays.track[kept], plays.ended_at[kept]))]
    named = export.reader.register.tracks
    for start in range(0, len(kept), _CHUNK):
        on_progress(f"writing play {start + 1:,} of {len(kept):,}")
        chunk = plays.take(kept[start : start + _CHUNK])
        with library.transaction():
            _add_names(library, [named[number] for number in np.unique(chunk.track)])
            library.add_plays(_play_rows(chunk, export))


def _play_rows(plays: PlayTable, export: Export) -> Iterator[PlayRow]:
    tracks, words = export.reader.register.tracks, export.reader.reasons.words
    columns: tuple[npt.NDArray[Any], ...] = (plays.track, plays.ended_at, plays.ms_played, plays.fate)
    context = (plays.reason_start, plays.reason_end, plays.shuffle, plays.offline)
    for row in zip(*(column.tolist() for column in (*columns, *context)), strict=True):
        track, ended_at, ms_played, fate, reason_start, reason_end, shuffle, offline = row
        yield PlayRow(
            track_id=tracks[track].track_id,
            ended_at=datetime.fromtimestamp(ended_at, UTC),
            ms_played=ms_played,
            outcome=_OUTCOMES[fate],
            reason_start=words[reason_start],
            reason_end=words[reason_end],
            shuffle=_FLAGS[shuffle],
            offline=_FLAGS[offline],
        )


def _add_names(library: Library, tracks: Sequence[NamedTrack]) -> None:
    """Add what is not known yet: a history names the album's artist alone, other sources all of a track's."""
    ids = {track.track_id for track in tracks}
    stored = library.tracks()
    known = stored[stored["track_id"].isin(ids)].set_index("track_id")[["track_name", "artist_name", "album_name"]]
    has = {track_id: tuple(row) for track_id, *row in known.notna().itertuples()}
    library.add_tracks(
        TrackRow(
            track_id=track.track_id,
            track_name=None if has_track else track.track_name,
            artist_name=None if has_artist else track.artist_name,
            album_name=None if has_album else track.album_name,
        )
        for track in tracks
        for has_track, has_artist, has_album in [has.get(track.track_id, (False, False, False))]
    )


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
    _add_names(library, list(tracks.values()))
    library.keep_evidence(_SOURCE, kind, tracks)
    library.add_evidence(
        EvidenceRow(
            track_id=track_id, source=_SOURCE, kind=kind, liked=rule.liked, weight=rule.weight, reason=_SAID[kind]
        )
        for track_id in tracks
    )
