"""A catalogue in a file, of any size: looked up by Spotify's id, by ISRC, and by title and artist, without loading it.

DuckDB reads the file once for each of these; only rows that match come into memory. By title and artist a recording is
found where the length agrees, and all such rows tell of one sound: a local file has nothing else to be found by.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from connectors.audio_features.links import Answer, Wanted
from connectors.audio_features.values import known_values
from connectors.tables.assembly import to_tracks
from connectors.tables.columns import recognise
from connectors.tables.raw import RawTable
from connectors.track_ids import MatchedBy
from features.artist_names import artist_keys
from features.catalogue_file import TableFile, open_table
from features.columns import ANALYSED_FEATURES, AUDIO_FEATURES
from features.errors import InputError
from features.identity import normalise_name
from features.report import show
from features.schema import COLUMNS

BATCH: Final = 5000
"""Recordings in a commit."""

SAME_LENGTH_MS: Final = 2000
"""Durations further apart are of two recordings: a live one, an edit."""

SAME_SOUND: Final = 0.2
"""Features from 0 to 1 further apart are of two sounds. In a catalogue of 153,212 tracks 4 % of the pairs with title,
artist and length in common are further apart in one of the seven, 71 % of those whose lengths differ, and 95 % of
pairs of any tracks. Key, loudness and tempo say less: a remaster is louder, a tempo is often taken for its double."""

_TEXTS: Final = ("track_id", "isrc", "track_name", "artist_name")
_WANTED: Final = (*_TEXTS, *AUDIO_FEATURES)
_FRACTIONS: Final = tuple(name for name in ANALYSED_FEATURES if COLUMNS[name].unit == "fraction")
_PLAIN_ID: Final = "regexp_extract(track_id, '([0-9A-Za-z]{22})(?:[/?#].*)?$', 1)"  # also out of URIs and links
_PLAIN_ISRC: Final = "upper(regexp_replace(isrc, '[^0-9A-Za-z]', '', 'g'))"
_KEYS: Final[tuple[tuple[str, str, str, MatchedBy], ...]] = (
    ("spotify_id", "track_id", _PLAIN_ID, "id"),
    ("isrc", "isrc", _PLAIN_ISRC, "isrc"),
)
"""What is wanted by, the column that has it and how it is read there, and what that is as a match."""


class CatalogueFeatures:
    """The link that looks into a file.

    Parameters
    ----------
    path : Path
        Parquet, or CSV in UTF-8 (also under gzip), under any exporter's column names.
    """

    source: Final = "catalogue"
    provides: Final = frozenset(AUDIO_FEATURES)
    remembers: Final = False
    calls: Final = 0

    def __init__(self, path: Path) -> None:
        self._path = path
        self._notes: list[str] = []

    @property
    def notes(self) -> tuple[str, ...]:
        """How many recordings were found, and what the file did not tell."""
        return tuple(self._notes)

    def can_ask(self, wanted: Wanted) -> bool:
        """Any name will do."""
        return bool(wanted.spotify_id or wanted.isrc or (wanted.track_name and wanted.artist_name))

    def answers(self, wanted: Sequence[Wanted]) -> Iterator[Answer]:
        """Look all of them up, and answer in batches.

        Raises
        ------
        InputError
            If the file cannot be read, has no audio features, or nothing to find a track by.
        """
        if not wanted:
            return
        table, notes = _look_up(self._path, wanted)
        self._notes += notes
        for start in range(0, len(wanted), BATCH):
            batch = wanted[start : start + BATCH]
            rows = table[table.index.isin([one.place for one in batch])].to_dict("index")
            found = {}
            matched = {}
            dropped = 0
            for one in batch:
                row = rows.get(one.place, {})
                values, wrong = known_values(row)
                dropped += wrong
                if values:
                    found[one.track_id] = values
                    matched[one.track_id] = row["matched_by"]
            yield Answer(batch, found, matched, dropped)


def _look_up(path: Path, wanted: Sequence[Wanted]) -> tuple[pd.DataFrame, list[str]]:
    """What the file knows, indexed by ``Wanted.place``; and what should be said about it.

    Canonical names and units, and ``matched_by``.
    """
    notes = []
    with open_table(path) as table:
        positions = _positions(table.headers)
        left = {one.place: one for one in wanted}
        frames = []
        ways: dict[int, MatchedBy] = {}
        for name, column, expression, way in _KEYS:
            keys = {key: place for place, one in left.items() if (key := getattr(one, name))}
            frame = _by_key(table, positions, column, expression, keys)
            ways |= dict.fromkeys(frame["place"], way)
            left = {place: left[place] for place in left.keys() - ways.keys()}
            frames.append(frame)
        frames.append(_by_name(table, positions, [one for one in wanted if one.place in left]))
        matches = pd.concat([frame for frame in frames if len(frame)] or frames[:1], ignore_index=True)
        rows = _convert(matches, [table.headers[at] for name, at in positions.items() if name in AUDIO_FEATURES])
        rejected, line = table.rejects()
    rows["place"] = matches["place"]
    rows["matched_by"] = [ways.get(place, "name") for place in matches["place"]]
    wrong, ambiguous = _of_others(rows, left)
    if rejected:
        notes.append(f"catalogue: {rejected:,} lines that could not be read are left out, the first is line {line}")
    if ambiguous:
        notes.append(f"catalogue: {ambiguous:,} tracks are not told apart from others of their name, and left out")
    rows = rows[~rows.index.isin(wrong)]
    fullest = np.argsort(-_n_known(rows), kind="stable")
    return rows.iloc[fullest].drop_duplicates("place").set_index("place"), notes


def _n_known(rows: pd.DataFrame) -> npt.NDArray[np.intp]:
    """How many values are known of each row that shares its place; the zeros of an analysis that failed are not."""
    several = rows["place"].duplicated(keep=False).to_numpy(dtype=bool)
    n_known = np.zeros(len(rows), dtype=np.intp)
    for at, row in zip(np.flatnonzero(several), rows[several].to_dict("records"), strict=True):
        n_known[at] = len(known_values(row)[0])
    return n_known


def _positions(headers: Sequence[str]) -> dict[str, int]:
    found = recognise(headers).positions
    positions: dict[str, int] = {name: found[name] for name in _WANTED if name in found}
    listed = ", ".join(show(header) for header in headers[:10]) + (", ..." if len(headers) > 10 else "")
    if not any(name in AUDIO_FEATURES and name != "duration_ms" for name in positions):
        raise InputError(
            f"the catalogue has none of the audio features; its columns: {listed}",
            f"expected columns such as {', '.join(AUDIO_FEATURES[:2])}, tempo",
        )
    if not {"track_id", "isrc"} & set(positions) and not {"track_name", "artist_name"} <= set(positions):
        raise InputError(
            f"nothing in the catalogue tells which track a row is of; its columns: {listed}",
            "expected track_id, isrc, or track_name and artist_name",
        )
    return positions


def _rows_of(table: TableFile, positions: dict[str, int]) -> str:
    """The common table expression of the file's rows that tell something."""
    columns = [f"{table.text(at) if name in _TEXTS else f'c{at}'} AS {name}" for name, at in positions.items()]
    tells = " OR ".join(f"c{at} IS NOT NULL" for name, at in positions.items() if name in ANALYSED_FEATURES)
    return f"WITH rows AS (SELECT {', '.join(columns)} FROM {table.expression} WHERE {tells})"  # noqa: S608 - our names


def _features(positions: dict[str, int]) -> str:
    return ", ".join(f"rows.{name}" for name in positions if name in AUDIO_FEATURES)


def _by_key(
    table: TableFile, positions: dict[str, int], column: str, expression: str, keys: dict[str, int]
) -> pd.DataFrame:
    """Rows under one of the keys: ``place`` and the columns as they are in the file."""
    if column not in positions or not keys:
        return pd.DataFrame(columns=["place"])
    named = pd.DataFrame({"key": list(keys), "place": list(keys.values())})
    return table.query(
        f"{_rows_of(table, positions)} SELECT named.place, {_features(positions)} "  # noqa: S608 - names are our own
        f"FROM rows JOIN named ON named.key = {expression} ORDER BY ALL",
        named=named,
    )


def _by_name(table: TableFile, positions: dict[str, int], wanted: Sequence[Wanted]) -> pd.DataFrame:
    """Rows of the same title and artist, however they are written; their lengths are not compared yet."""
    nothing = pd.DataFrame(columns=["place"])
    by_title: dict[str, list[tuple[int, tuple[str, ...]]]] = {}
    for one in wanted:
        keys = artist_keys(one.artist_name)
        if keys and (title := normalise_name(one.track_name)):
            by_title.setdefault(title, []).append((one.place, keys))
    if not by_title or not {"track_name", "artist_name"} <= set(positions):
        return nothing
    wanted_artists = {key for several in by_title.values() for _, keys in several for key in keys}
    rows = _rows_of(table, positions)
    names = table.query(f"{rows} SELECT DISTINCT artist_name AS name FROM rows WHERE name IS NOT NULL")  # noqa: S608
    artists = pd.DataFrame({"name": [name for name in names["name"] if wanted_artists.intersection(artist_keys(name))]})
    songs = table.query(
        f"{rows} SELECT DISTINCT artist_name, track_name FROM rows SEMI JOIN artists ON artist_name = artists.name "  # noqa: S608 - names are our own
        "WHERE track_name IS NOT NULL",
        artists=artists,
    )
    pairs = [
        (place, artist, title)
        for artist, title in zip(songs["artist_name"], songs["track_name"], strict=True)
        for place, keys in by_title.get(normalise_name(title), ())
        if _same_artist(keys, artist)
    ]
    if not pairs:
        return nothing
    return table.query(
        f"{rows} SELECT pairs.place, {_features(positions)} FROM rows JOIN pairs "  # noqa: S608 - names are our own
        "ON rows.artist_name = pairs.artist AND rows.track_name = pairs.title ORDER BY ALL",
        pairs=pd.DataFrame(pairs, columns=["place", "artist", "title"]),
    )


def _same_artist(keys: tuple[str, ...], written: str) -> bool:
    """Whether one's whole name is the other's, or its first part: guests are named here and not there."""
    others = artist_keys(written)
    return bool(others) and (keys[0] in others or others[0] in keys)


def _convert(matches: pd.DataFrame, headers: Sequence[str]) -> pd.DataFrame:
    """Canonical names and units, all rows at once: few rows would not tell percents from fractions."""
    if matches.empty:
        return pd.DataFrame()
    columns = [matches.iloc[:, at + 1] for at in range(len(headers))]
    return to_tracks(RawTable(tuple(headers), tuple(columns)), labels=False)[0]


def _of_others(rows: pd.DataFrame, by_name: Mapping[int, Wanted]) -> tuple[list[int], int]:
    """Which rows have a recording's title and artist but are not of it, or may not be; how many recordings lose all."""
    named = rows[rows["place"].isin(list(by_name))]
    given = pd.to_numeric(named.get("duration_ms", pd.Series(index=named.index, dtype=float)), errors="coerce")
    lengths, sounds = given.to_numpy(dtype=float), _sounds(named)
    wrong: list[int] = []
    lost = 0
    for place, rows_of_it in named.groupby("place").indices.items():
        at = np.asarray(rows_of_it)
        same = _same_length(lengths[at], by_name[int(str(place))].duration_ms)
        if same.any():
            same &= _one_sound(sounds[at[same]])
        wrong += named.index[at[~same]].to_list()
        lost += not same.any()
    return wrong, lost


def _sounds(named: pd.DataFrame) -> npt.NDArray[np.float64]:
    """What rows tell of features from 0 to 1, (n_rows, 7); NaN where nothing, or where a place has but one row."""
    sounds = np.full((len(named), len(_FRACTIONS)), np.nan)
    several = named["place"].duplicated(keep=False).to_numpy(dtype=bool)
    for at, row in zip(np.flatnonzero(several), named[several].to_dict("records"), strict=True):
        known = known_values(row)[0]
        sounds[at] = [known.get(name, np.nan) for name in _FRACTIONS]
    return sounds


def _one_sound(sounds: npt.NDArray[np.float64]) -> bool:
    """Whether rows may be analyses of one recording; what is not known says nothing."""
    apart = np.fmax.reduce(sounds) - np.fmin.reduce(sounds)
    return not bool((apart > SAME_SOUND).any())


def _same_length(lengths: npt.NDArray[np.float64], wanted: float | None) -> npt.NDArray[np.bool_]:
    """Which rows' durations agree with the one wanted; where that is unknown, all if they agree with each other."""
    if np.isnan(lengths).all():
        return np.ones(len(lengths), dtype=bool)
    if wanted is None:
        return np.full(len(lengths), np.nanmax(lengths) - np.nanmin(lengths) <= SAME_LENGTH_MS)
    same: npt.NDArray[np.bool_] = np.abs(lengths - wanted) <= SAME_LENGTH_MS
    return same
