"""Which verdict a track of a list has: it is about the recording, whichever of its ids it was given under.

Ids are of one recording as the library has it (``connectors.library.identity``), told from the list's tracks and from
those that something was said of. The library works through a whole table; here it is asked only about the few tracks
that share an ISRC or a name with a judged one, for which the list is indexed once.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
from scipy.cluster.hierarchy import DisjointSet

from connectors.track_ids import plain_isrc
from features.identity import normalise_artist, normalise_name, primary_artist

if TYPE_CHECKING:
    from connectors.library import Said, TrackRow
    from connectors.library.verdicts import Verdict

_COLUMNS: Final = ("track_id", "track_name", "artist_name", "isrc", "duration_ms")
"""What the library tells recordings by."""
_NAMES: Final = ("track_name", "artist_name")
_KEYS_KEPT: Final = 20_000
_PARTITIONS: Final = 2


@dataclass(frozen=True)
class ListVerdicts:
    """What is said of the tracks of a list.

    Parameters
    ----------
    verdicts : mapping of str to {"keep", "skip"}
        By track id; of tracks that are not in the list, too.
    given_under : mapping of str to tuple of str
        Of each track of the list that has a verdict, the ids of its recording that one was given under.
    """

    verdicts: Mapping[str, "Verdict"] = field(default_factory=dict)
    given_under: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class ListIndex:
    """The tracks of a list by what could make them the recording of another track.

    Parameters
    ----------
    tracks : DataFrame
        A tracks table, one row an id.
    """

    def __init__(self, tracks: pd.DataFrame) -> None:
        self._tracks = tracks.reindex(columns=list(_COLUMNS))
        self._ids = self._tracks["track_id"].to_list()
        self._row_of = {track_id: row for row, track_id in enumerate(self._ids)}
        columns = self._tracks.assign(artist_name=primary_artist(self._tracks["artist_name"])).astype(object)
        columns = columns.where(columns.notna(), None)
        cells = zip(*(columns[name] for name in ("track_id", "isrc", "track_name", "artist_name")), strict=True)
        keys = [_keys(*row) for row in cells]
        groups = _joined(keys)
        self._group_of = {key: groups[key] for key in groups}
        self._rows_of: dict[str, list[int]] = defaultdict(list)
        for row, (own, *_) in enumerate(keys):
            self._rows_of[self._group_of[own]].append(row)
        # Most verdicts are on tracks that have one id: they leave the others' recordings as they were.
        self._recordings = lru_cache(_PARTITIONS)(self._recordings_of)

    def verdicts(self, said: Mapping[str, "Said"], tracks: Mapping[str, "TrackRow"]) -> ListVerdicts:
        """What is said of the list's tracks; of several verdicts on one recording the last.

        Parameters
        ----------
        said : mapping of str to Said
            By track id.
        tracks : mapping of str to TrackRow
            What is known of them.
        """
        verdicts = {track_id: one.verdict for track_id, one in said.items()}
        given_under = {}
        for judged, listed in self._together(said, tracks):
            newest = max(judged, key=lambda track_id: (said[track_id].at, track_id))
            for track_id in listed:
                verdicts[track_id] = said[newest].verdict
                given_under[track_id] = judged
        return ListVerdicts(verdicts, given_under)

    def ids_of(self, track_id: str) -> list[str]:
        """The ids in the list that are of the recording of one of them, itself among them."""
        rows = self._rows_of.get(self._group_of.get(f"id:{track_id}", ""), ())
        found = self._recordings_of((), tuple(rows)) if len(rows) > 1 else [[track_id]]
        return next((ids for ids in found if track_id in ids), [track_id])

    def _together(
        self, said: Mapping[str, "Said"], tracks: Mapping[str, "TrackRow"]
    ) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
        """Of each recording that is judged and in the list: the judged ids, and those in the list."""
        unsure: list[TrackRow] = []
        rows_unsure: list[int] = []
        for judged, rows in self._near(said, tracks):
            listed = [self._ids[row] for row in rows]
            if len({*judged, *listed}) == 1:
                yield tuple(judged), tuple(listed)
            else:
                unsure += [tracks[track_id] for track_id in judged if track_id in tracks]
                rows_unsure += rows
        for ids in self._recordings(tuple(unsure), tuple(rows_unsure)):
            of_judged = tuple(track_id for track_id in ids if track_id in said)
            of_list = tuple(track_id for track_id in ids if track_id in self._row_of)
            if of_judged and of_list:
                yield of_judged, of_list

    def _recordings_of(self, judged: tuple["TrackRow", ...], rows: tuple[int, ...]) -> list[list[str]]:
        """The ids of each recording among judged tracks and rows of the list."""
        from connectors.library.identity import recordings  # noqa: PLC0415 (where there are verdicts is a library)

        if not (judged or rows):
            return []
        known = {row.track_id: {name: getattr(row, name) for name in _COLUMNS} for row in judged}
        for entry in self._tracks.iloc[list(rows)].to_dict("records"):
            about = known.setdefault(entry["track_id"], {})
            about |= {name: entry[name] for name in _COLUMNS if pd.isna(about.get(name))}
        table = pd.DataFrame(list(known.values()), columns=list(_COLUMNS)).astype({"duration_ms": "float64"})
        number = recordings(table)
        order = np.argsort(number, kind="stable")
        parts = np.split(table["track_id"].to_numpy(dtype=object)[order], np.flatnonzero(np.diff(number[order])) + 1)
        return [part.tolist() for part in parts]

    def _near(
        self, said: Mapping[str, "Said"], tracks: Mapping[str, "TrackRow"]
    ) -> Iterator[tuple[list[str], list[int]]]:
        """Judged ids, and the rows of the list that could be of their recordings: each at most once."""
        keys_of = {track_id: self._known_keys(track_id, tracks.get(track_id)) for track_id in said}
        groups = _joined(keys_of.values())
        judged, near = defaultdict(list), defaultdict(set)
        for track_id, keys in keys_of.items():
            judged[groups[keys[0]]].append(track_id)
            near[groups[keys[0]]].update(keys)
        for group, track_ids in judged.items():
            rows = sorted(row for key in near[group] for row in self._rows_of.get(key, ()))
            if rows:
                yield track_ids, rows

    def _known_keys(self, track_id: str, about: "TrackRow | None") -> list[str]:
        """The keys of a judged track, those of the list as what their group goes by."""
        isrc, *names = (None, None, None) if about is None else (about.isrc, about.track_name, about.artist_name)
        if None in names and track_id in self._row_of:  # half a name may become whole with what the list knows
            listed = self._tracks.iloc[self._row_of[track_id]]
            names = [_text(listed[name]) if known is None else known for name, known in zip(_NAMES, names, strict=True)]
        return [self._group_of.get(key, key) for key in _judged_keys(track_id, isrc, *names)]


@lru_cache(_KEYS_KEPT)
def _judged_keys(track_id: str, isrc: str | None, title: str | None, artist: str | None) -> tuple[str, ...]:
    """`_keys` of a track whose artists are still a list."""
    return _keys(track_id, isrc, title, primary_artist(pd.Series([artist], dtype="str")).iloc[0])


def _keys(track_id: str, isrc: str | None, title: str | None, artist: str | None) -> tuple[str, ...]:
    """What a track can share with another id of its recording, its own id first.

    Ids of one recording share a key, or each shares one with an id between them. Ids that share a title need not be of
    one recording: the durations tell.
    """
    code = plain_isrc(isrc) or plain_isrc(track_id)
    name, by = normalise_name(title), normalise_artist(artist)
    shared = (f"isrc:{code}" if code else "", f"name:{by}\n{name}" if name and by else "")
    return (f"id:{track_id}", *filter(None, shared))


def _joined(keys: Iterable[Sequence[str]]) -> DisjointSet:
    """Keys, those in one group that come together anywhere."""
    groups = DisjointSet()
    for first, *others in keys:
        groups.add(first)
        for other in others:
            groups.add(other)
            groups.merge(first, other)
    return groups


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
