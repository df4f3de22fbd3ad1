"""A catalogue in a file, of any size: looked up by Spotify's id, by ISRC, and by title and artist, without loading it.

DuckDB reads the file once for each of these; only rows that match come into memory.
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
from features.artist_names import artist_keys
from features.catalogue_file import TableFile, open_table
from features.columns import ANALYSED_FEATURES, AUDIO_FEATURES
from features.errors import InputError
from features.identity import normalise_name
from features.report import show

BATCH: Final = 5000
"""Recordings in a commit."""

SAME_LENGTH_MS: Final = 2000
"""Durations further apart are of two recordings: a live one, an edit."""

_TEXTS: Final = ("track_id", "isrc", "track_name", "artist_name")
_WANTED: Final = (*_TEXTS, *AUDIO_FEATURES)
_PLAIN_ID: Final = "regexp_extract(track_id, '([0-9A-Za-z]{22})(?:[/?#].*)?$', 1)"  # also out of URIs and links
_PLAIN_ISRC: Final = "upper(regexp_replace(isrc, '[^0-9A-Za-z]', '', 'g'))"


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
            dropped = 0
            for one in batch:
                values, wrong = known_values(rows.get(one.place, {}))
                dropped += wrong
                if values:
                    found[one.track_id] = values
            yield Answer(batch, found, dropped)


def _look_up(path: Path, wanted: Sequence[Wanted]) -> tuple[pd.DataFrame, list[str]]:
    """What the file knows: canonical names and units, indexed by ``Wanted.place``; and what should be said about it."""
    notes = []
    with open_table(path) as table:
        positions = _positions(table.headers)
        left = {one.place: one for one in wanted}
        frames = []
        for way, column, expression in (("spotify_id", "track_id", _PLAIN_ID), ("isrc", "isrc", _PLAIN_ISRC)):
            keys = {key: place for place, one in left.items() if (key := getattr(one, way))}
            frame = _by_key(table, positions, column, expression, keys)
            left = {place: left[place] for place in left.keys() - set(frame["place"])}
            frames.append(frame)
        frames.append(_by_name(table, positions, [one for one in wanted if one.place in left]))
        matches = pd.concat([frame for frame in frames if len(frame)] or frames[:1], ignore_index=True)
        rows = _convert(matches, [table.headers[at] for name, at in positions.items() if name in AUDIO_FEATURES])
        rejected, line = table.rejects()
    rows["place"] = matches["place"]
    wrong, ambiguous = _of_others(rows, left)
    if rejected:
        notes.append(f"catalogue: {rejected:,} lines that could not be read are left out, the first is line {line}")
    if ambiguous:
        notes.append(f"catalogue: {ambiguous:,} tracks are not told apart from others of their name, and left out")
    rows = rows[~rows.index.isin(wrong)]
    fullest = rows.notna().sum(axis=1).sort_values(ascending=False, kind="stable").index
    return rows.loc[fullest].drop_duplicates("place").set_index("place"), notes


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
    lengths = pd.to_numeric(named.get("duration_ms", pd.Series(index=named.index, dtype=float)), errors="coerce")
    wrong: list[int] = []
    lost = 0
    for place, given in lengths.groupby(named["place"]):
        same = _same_length(given, by_name[int(str(place))].duration_ms)
        wrong += given.index[~same].to_list()
        lost += not same.any()
    return wrong, lost


def _same_length(given: "pd.Series[float]", wanted: float | None) -> npt.NDArray[np.bool_]:
    """Which rows' durations agree with the one wanted; where that is unknown, all if they agree with each other."""
    lengths = given.to_numpy(dtype=float)
    if np.isnan(lengths).all():
        return np.ones(len(lengths), dtype=bool)
    if wanted is None:
        return np.full(len(lengths), np.nanmax(lengths) - np.nanmin(lengths) <= SAME_LENGTH_MS)
    same: npt.NDArray[np.bool_] = np.abs(lengths - wanted) <= SAME_LENGTH_MS
    return same
