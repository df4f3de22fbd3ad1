"""From rows of an export to columns of plays. Personal fields are never looked at: only the ones named here are.

The platform is looked at where the listener leaves out devices, and is not kept.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from connectors.history.exclusions import Exclusions
from connectors.history.outcomes import outcomes, short_form_outcomes
from connectors.history.play_table import Fate, Ints, PlayTable, ReasonRegister
from connectors.history.track_register import NO_TRACK, TrackRegister, name_or_none
from connectors.pull_report import ReportBuilder

LONGEST_PLAY_MS: Final = 86_400_000
"""A day. Above it, and below zero, a length is a fault of the export and says nothing: it is unknown (0). Taken as
long, it would make a skip a play to the end, and hide the other plays of that track on that day as its repetitions."""

_FIRST_PLAY: Final = int(datetime(2006, 4, 1, tzinfo=UTC).timestamp())  # Spotify was founded in that month
_NO_TIME: Final = np.iinfo(np.int64).min
_IN_MS: Final = 100_000_000_000
"""As seconds this is the year 5138, as milliseconds 1973: what is above counts milliseconds."""

_EXTENDED: Final = (
    *("ts", "ms_played", "spotify_track_uri", "reason_start", "reason_end"),
    *("shuffle", "skipped", "offline", "offline_timestamp", "incognito_mode"),
)
_SHORT: Final = ("endTime", "msPlayed")

Flags = npt.NDArray[np.bool_]

_FLAG: Final[dict[Any, int]] = {True: 1, False: 0, None: -1}


@dataclass
class PlayReader:
    """Reads rows of plays, of whatever vintage, into tables.

    Parameters
    ----------
    exclusions : Exclusions
    latest : int
        Seconds since 1970 after which a play is impossible.
    """

    exclusions: Exclusions
    latest: int
    register: TrackRegister = field(default_factory=TrackRegister)
    reasons: ReasonRegister = field(default_factory=ReasonRegister)
    counts: dict[Fate, int] = field(default_factory=dict)
    """Rows that are no plays of tracks, by what they are."""

    impossible_lengths: int = 0
    """Plays whose length was below zero or above a day."""

    def extended(self, rows: list[dict[Any, Any]], *, video: bool = False) -> PlayTable:
        """Rows of the extended streaming history.

        Parameters
        ----------
        rows : list of dict
        video : bool
            Whether the file holds videos: what is neither podcast nor audiobook in it is a music video, whose end says
            little about the recording.
        """
        column = _columns(rows, _EXTENDED)
        track = self._tracks(rows, column["spotify_track_uri"], video=video)
        reason_end = self._reasons(column["reason_end"])
        table = self._table(
            track,
            ended_at=_times(column["ts"]),
            ms=_numbers(column["ms_played"]),
            began_at=_began(_numbers(column["offline_timestamp"])),
            reason_start=self._reasons(column["reason_start"]),
            reason_end=reason_end,
            shuffle=_flags(column["shuffle"]),
            offline=_flags(column["offline"]),
        )
        table.fate[:] = outcomes(reason_end, _flags(column["skipped"]), self.reasons)
        return self._kept(table, track, incognito=_flags(column["incognito_mode"]) == 1, shared=self._shared(rows))

    def short_form(self, rows: list[dict[Any, Any]]) -> PlayTable:
        """Rows of the short history that comes with the account data."""
        column = _columns(rows, _SHORT)
        track = np.array([self._short_track(row) for row in rows], dtype=np.int64)
        unknown = np.full(len(rows), -1, dtype=np.int64)
        nothing = np.zeros(len(rows), dtype=np.int64)
        table = self._table(
            track,
            ended_at=_times(column["endTime"]),
            ms=_numbers(column["msPlayed"]),
            began_at=nothing,
            reason_start=nothing,
            reason_end=nothing,
            shuffle=unknown,
            offline=unknown,
        )
        table.fate[:] = short_form_outcomes(table.ms_played)
        nowhere = np.zeros(len(rows), dtype=bool)
        return self._kept(table, track, incognito=nowhere, shared=nowhere)

    def count(self, fate: Fate, n: int = 1) -> None:
        """So many rows are no plays of tracks, and why."""
        self.counts[fate] = self.counts.get(fate, 0) + n

    def report(self, report: ReportBuilder, words: dict[Fate, str]) -> None:
        """Put what was counted into the report of a pull."""
        for fate, n in sorted(self.counts.items()):
            if n:
                report.count(words[fate], n)

    def _tracks(self, rows: list[dict[Any, Any]], uris: Sequence[Any], *, video: bool) -> Ints:
        """The number of each row's track; minus a fate, minus one, where there is none."""
        if video:
            return np.array([-1 - _spoken(row, otherwise=Fate.VIDEO) for row in rows], dtype=np.int64)
        known = self.register.number_of_uri
        try:
            numbers = [known.get(uri, NO_TRACK) for uri in uris]
        except TypeError:  # a list or an object where an address should be
            numbers = [NO_TRACK] * len(rows)
        track = np.array(numbers, dtype=np.int64)
        for place in np.flatnonzero(track == NO_TRACK):
            track[place] = self._new_track(rows[place])
        return track

    def _new_track(self, row: dict[Any, Any]) -> int:
        spoken = _spoken(row, otherwise=Fate.NO_TRACK)
        uri = row.get("spotify_track_uri")
        if uri is None and spoken != Fate.NO_TRACK:
            return -1 - spoken
        names = (row.get(f"master_metadata_{name}_name") for name in ("track", "album_artist", "album_album"))
        number = self.register.number(uri, *names)
        return number if number != NO_TRACK else -1 - spoken

    def _short_track(self, row: dict[Any, Any]) -> int:
        number = self.register.number(None, row.get("trackName"), row.get("artistName"))
        if number != NO_TRACK:
            return number
        if name_or_none(row.get("audiobookName")):
            return -1 - Fate.AUDIOBOOK
        return -1 - (Fate.PODCAST if name_or_none(row.get("podcastName")) else Fate.NO_TRACK)

    def _table(self, track: Ints, *, ms: Ints, **columns: Ints) -> PlayTable:
        impossible = (ms != _NO_TIME) & ((ms < 0) | (ms > LONGEST_PLAY_MS))
        self.impossible_lengths += int((impossible & (track >= 0)).sum())
        ms_played = np.where(impossible, 0, ms)
        return PlayTable(track=track, ms_played=ms_played, fate=np.zeros(len(track), dtype=np.int64), **columns)

    def _shared(self, rows: list[dict[Any, Any]]) -> Flags:
        if not self.exclusions.devices:
            return np.zeros(len(rows), dtype=bool)
        return self.exclusions.shared([row.get("platform") for row in rows])

    def _kept(self, table: PlayTable, track: Ints, *, incognito: Flags, shared: Flags) -> PlayTable:
        """The plays of tracks; all other rows are counted."""
        ended_at = table.ended_at
        malformed = (ended_at == _NO_TIME) | (table.ms_played == _NO_TIME)
        absurd = ~malformed & ((ended_at < _FIRST_PLAY) | (ended_at > self.latest))
        no_track = track < 0
        for number, n in Counter(track[no_track].tolist()).items():
            self.count(Fate(-1 - number), n)
        self.count(Fate.MALFORMED, int((malformed & ~no_track).sum()))
        self.count(Fate.ABSURD_TIME, int((absurd & ~no_track).sum()))
        good = ~(malformed | absurd | no_track)
        table, incognito, shared = table.take(good), incognito[good], shared[good]
        # The last one named wins; the order is that in which people would give the reason.
        unwanted = {
            Fate.OUT_OF_RANGE: self.exclusions.out_of_range(table.ended_at),
            Fate.ASLEEP: self.exclusions.asleep(table.ended_at),
            Fate.SHUFFLED: (table.shuffle == 1) & self.exclusions.shuffled,
            Fate.SHARED: shared,
            Fate.INCOGNITO: incognito & self.exclusions.incognito,
        }
        for fate, rows in unwanted.items():
            if rows.any():
                table = table.with_fate(rows, fate)
        return table.compact()

    def _reasons(self, words: Sequence[Any]) -> Ints:
        known = self.reasons.number_of
        try:
            return _looked_up(known, words)
        except (KeyError, TypeError):
            return np.array([self.reasons.number(word) for word in words], dtype=np.int64)


def _looked_up(numbers: dict[Any, int], values: Sequence[Any]) -> Ints:
    """The number of each value; raises KeyError or TypeError where one has none."""
    return np.fromiter(map(numbers.__getitem__, values), dtype=np.int64, count=len(values))


def _columns(rows: list[dict[Any, Any]], names: tuple[str, ...]) -> dict[str, Sequence[Any]]:
    """The values of some fields, None where a row lacks one."""
    try:
        columns = list(zip(*map(itemgetter(*names), rows), strict=True))
    except KeyError:
        columns = [tuple(row.get(name) for row in rows) for name in names]
    return dict(zip(names, columns or [()] * len(names), strict=True))


def _spoken(row: dict[Any, Any], *, otherwise: Fate) -> Fate:
    """Whether a row without a track is of a podcast or an audiobook."""
    if row.get("audiobook_uri") or row.get("audiobook_chapter_uri") or row.get("audiobook_title"):
        return Fate.AUDIOBOOK
    return Fate.PODCAST if row.get("spotify_episode_uri") or row.get("episode_name") else otherwise


def _flags(values: Sequence[Any]) -> Ints:
    """1 for true, 0 for false, -1 for all else."""
    try:
        return _looked_up(_FLAG, values)
    except (KeyError, TypeError):
        return np.array([_FLAG[value] if isinstance(value, bool) else -1 for value in values], dtype=np.int64)


def _numbers(values: Sequence[Any]) -> Ints:
    """Whole numbers; the smallest integer where there is none."""
    if set(map(type, values)) == {int}:
        try:
            return np.array(values, dtype=np.int64)
        except OverflowError:
            pass
    return np.array([_number(value) for value in values], dtype=np.int64)


def _number(value: Any) -> int:
    # An integer of JSON has no bounds: it may be one that no float can be made of.
    number = isinstance(value, int) or (isinstance(value, float) and math.isfinite(value))
    if isinstance(value, bool) or not number:
        return _NO_TIME
    return max(-(1 << 62), min(1 << 62, int(value)))


def _began(values: Ints) -> Ints:
    """Seconds out of what older exports give in milliseconds; 0 where it is not known."""
    known = np.where(values > 0, values, 0)
    return np.where(known >= _IN_MS, known // 1000, known)


def _times(values: Sequence[Any]) -> Ints:
    """Seconds since 1970 of times in UTC; the smallest integer where there is none."""
    if set(map(type, values)) == {str} and {value[19:] for value in values} == {"Z"}:
        try:
            return np.array([value[:19] for value in values], dtype="datetime64[s]").astype(np.int64)
        except ValueError:
            pass
    return np.array([_time(value) for value in values], dtype=np.int64)


def _time(value: Any) -> int:
    try:
        moment = datetime.fromisoformat(value.removesuffix(" UTC"))
    except (AttributeError, ValueError):
        return _NO_TIME
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def dictionaries(rows: Iterable[Any]) -> list[dict[Any, Any]]:
    """The rows that are objects."""
    return [row for row in rows if type(row) is dict]
