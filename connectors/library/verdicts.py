"""What was said of tracks on the page: one verdict a recording, and every step, so that it can be taken back.

A verdict is evidence like any other. With it goes what the page knew of the track, but only where the library knew
nothing: a copy out of some list must not displace what its own sources say. Which ids are of one recording is told by
who gives a verdict: it takes the place of those that were given under the others.
"""

import json
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import Connection, Select, and_, delete, func, select

from connectors.library import tables, writing
from connectors.library.rows import PAGE, PAGE_DEMO, EvidenceRow, FeatureRow, TrackRow
from connectors.library.values import microseconds, moment, plain, to_json
from features.columns import ANALYSED_FEATURES

Verdict = Literal["keep", "skip"]
KIND_OF: Final[dict[Verdict, str]] = {"keep": "kept", "skip": "rejected"}
VERDICT_OF: Final[dict[str, Verdict]] = {kind: verdict for verdict, kind in KIND_OF.items()}
STEPS: Final = 1_000
"""How many steps of each source can be taken back."""

_STEP: Final = "step"
Opening = Callable[[], AbstractContextManager[Connection]]


@dataclass(frozen=True)
class Said:
    """A verdict and when it was given."""

    verdict: Verdict
    at: datetime


@dataclass(frozen=True)
class Step:
    """One change of what is said of a track.

    Parameters
    ----------
    source : str
        ``page`` or ``page_demo``.
    list_id, track_id : str
        The track, and the list that it was in.
    title : str
        What people call the track.
    verdict : {"keep", "skip"} or None
        What was said; None where a verdict was withdrawn.
    replaced : mapping of str to Said
        What had been said of the recording until then, by the id that it was given under.
    """

    source: str
    list_id: str
    track_id: str
    title: str
    verdict: Verdict | None
    replaced: Mapping[str, Said]

    @property
    def before(self) -> Said | None:
        """What counted until then: the last word; None where nothing was said."""
        return last_word(self.replaced)


def last_word(said: Mapping[str, Said]) -> Said | None:
    """What counts of all that is said of one recording, by track id: the newest; None where nothing is."""
    newest = max(said, key=lambda track_id: (said[track_id].at, track_id), default=None)
    return None if newest is None else said[newest]


class VerdictRows:
    """The verdicts of one library; see `Library.verdicts`.

    Parameters
    ----------
    writing, reading : callable
        Open a connection within a transaction, of a writer or of a reader.
    """

    def __init__(self, writing: Opening, reading: Opening) -> None:
        self._writing = writing
        self._reading = reading

    def all(self, source: str) -> dict[str, Said]:
        """What is said, by track id."""
        with self._reading() as connection:
            return _said(connection, _evidence(source))

    def tracks(self, source: str) -> dict[str, TrackRow]:
        """What is known of the tracks that something is said of, by track id."""
        judged = _evidence(source).with_only_columns(tables.EVIDENCE.c.track_id)
        query = select(tables.TRACKS).where(tables.TRACKS.c.track_id.in_(judged))
        with self._reading() as connection:
            return {row["track_id"]: TrackRow(**row) for row in connection.execute(query).mappings()}

    def say(
        self,
        source: str,
        list_id: str,
        track: TrackRow,
        verdict: Verdict | None,
        at: datetime,
        values: Mapping[str, float] | None = None,
        *,
        same: Collection[str] = (),
    ) -> Step | None:
        """Give a verdict, or withdraw it; committed on return, with the step that takes it back.

        Parameters
        ----------
        source : {"page", "page_demo"}
        list_id : str
        track : TrackRow
            What the page knows of it.
        verdict : {"keep", "skip"} or None
            None withdraws.
        at : datetime
        values : mapping of str to float, optional
            Its analysed features.
        same : collection of str
            Other ids of the recording: what was said under them ends.

        Returns
        -------
        Step or None
            None where just this counts already.
        """
        track_id = plain(track.track_id) or ""
        with self._writing() as connection:
            replaced = _said(connection, _evidence(source, (track_id, *same)))
            step = Step(source, list_id, track_id, plain(track.track_name) or track_id, verdict, replaced)
            if verdict == (None if step.before is None else step.before.verdict):
                return None
            _withdraw(connection, source, [other for other in replaced if other != track_id])
            _set(connection, source, track, None if verdict is None else Said(verdict, at), values or {})
            _log(connection, step, at)
            return step

    def undo(self) -> Step | None:
        """Take the last step back, whichever list it was in; the step, or None where there is none."""
        with self._writing() as connection:
            last = max(filter(None, (_last(connection, source) for source in (PAGE, PAGE_DEMO))), default=None)
            if last is None:
                return None
            _, key, stored = last
            found = _step(json.loads(stored))
            _withdraw(connection, found.source, [found.track_id])
            for track_id, said in found.replaced.items():
                _set(connection, found.source, TrackRow(track_id=track_id), said, {})
            connection.execute(delete(tables.REMEMBERED).where(tables.REMEMBERED.c.key == key))
            return found


def _evidence(source: str, track_ids: Collection[str] | None = None) -> Select[Any]:
    row = tables.EVIDENCE.c
    found = select(row.track_id, row.kind, row.at).where(row.source == source, row.kind.in_(list(VERDICT_OF)))
    return found if track_ids is None else found.where(row.track_id.in_(list(track_ids)))


def _said(connection: Connection, query: Select[Any]) -> dict[str, Said]:
    return {row.track_id: Said(VERDICT_OF[row.kind], moment(row.at or 0)) for row in connection.execute(query)}


def _withdraw(connection: Connection, source: str, track_ids: Collection[str]) -> None:
    """Let a source say nothing of tracks; what is known of them stays, for a verdict may come back."""
    row = tables.EVIDENCE.c
    mine = and_(row.track_id.in_(list(track_ids)), row.source == source, row.kind.in_(list(VERDICT_OF)))
    connection.execute(delete(tables.EVIDENCE).where(mine))


def _set(connection: Connection, source: str, track: TrackRow, said: Said | None, values: Mapping[str, float]) -> None:
    """Let this be what a source says of a track, and nothing else."""
    _withdraw(connection, source, [plain(track.track_id) or ""])
    if said is None:
        return
    _fill(connection, track)
    kind = KIND_OF[said.verdict]
    liked = said.verdict == "keep"
    evidence = EvidenceRow(
        track_id=track.track_id, source=source, kind=kind, liked=liked, at=said.at, reason=f"{kind} on the page"
    )
    writing.write_evidence(connection, [evidence])
    lacking = _lacking(connection, source, track.track_id, values)
    if lacking:
        shown_now = FeatureRow(track_id=track.track_id, values=lacking, source=source, fetched_at=said.at)
        writing.write_features(connection, [shown_now])


def _fill(connection: Connection, track: TrackRow) -> None:
    """Know of a track what the library does not know yet."""
    values = {field.name: getattr(track, field.name) for field in fields(track)}
    values = {name: plain(value) if isinstance(value, str) else value for name, value in values.items()}
    known = [name for name in values if name != "track_id"]
    writing.upsert(
        connection, tables.TRACKS, [values], lambda old, new, name: func.coalesce(old[name], new[name]), known
    )


def _lacking(connection: Connection, source: str, track_id: str, values: Mapping[str, float]) -> dict[str, float]:
    """The analysed features that no other source knows of this id."""
    row = tables.FEATURES.c
    elsewhere = select(row.name).where(row.track_id == plain(track_id), row.source != source)
    known = set(connection.execute(elsewhere).scalars())
    return {name: value for name, value in values.items() if name in ANALYSED_FEATURES and name not in known}


def _last(connection: Connection, source: str) -> tuple[int, str, str] | None:
    """Number, key and value of a source's last step."""
    key = tables.REMEMBERED.c.key
    mine = and_(key >= f"{source}:{_STEP}:", key < f"{source}:{_STEP};")  # ";" follows ":"
    query = select(key, tables.REMEMBERED.c.value).where(mine).order_by(key.desc()).limit(1)
    found = connection.execute(query).first()
    return None if found is None else (int(found.key.rpartition(":")[2]), found.key, found.value)


def _step(entry: dict[str, Any]) -> Step:
    """A step as `_log` kept it; it once kept what was said under the track's own id alone."""
    if "before" in entry:
        before = entry.pop("before")
        entry["replaced"] = {entry["track_id"]: before} if before else {}
    replaced = entry.pop("replaced").items()
    return Step(**entry, replaced={key: Said(said["verdict"], moment(said["at"])) for key, said in replaced})


def _log(connection: Connection, step: Step, at: datetime) -> None:
    """Remember a step under a number that is above all others', whatever the clock says."""
    numbers = [last[0] for last in (_last(connection, source) for source in (PAGE, PAGE_DEMO)) if last]
    number = max(microseconds(at), *(number + 1 for number in numbers), 0)
    replaced = {
        track_id: {"verdict": said.verdict, "at": microseconds(said.at)} for track_id, said in step.replaced.items()
    }
    value = to_json({**vars(step), "replaced": replaced})
    writing.upsert(connection, tables.REMEMBERED, [{"key": f"{step.source}:{_STEP}:{number:020d}", "value": value}])
    key = tables.REMEMBERED.c.key
    mine = and_(key >= f"{step.source}:{_STEP}:", key < f"{step.source}:{_STEP};")
    oldest = select(key).where(mine).order_by(key.desc()).offset(STEPS).limit(1).scalar_subquery()
    connection.execute(delete(tables.REMEMBERED).where(mine, key <= oldest))
