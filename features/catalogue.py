"""A catalogue of tracks in a file, joined by DuckDB without loading it: artists' tracks to make profiles of.

Only the columns and the artists that are wanted come into memory, and of an artist no more tracks than a profile needs.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from features.artist_names import artist_keys, resolve_artists
from features.catalogue_file import TableFile, open_table
from features.columns import AUDIO_FEATURES
from features.errors import InputError
from features.reference import MAX_TRACKS, choose_artists
from features.report import show

Recognise = Callable[[Sequence[str]], Mapping[str, int]]
"""From headers to the positions of the canonical columns among them."""
Convert = Callable[[pd.DataFrame], pd.DataFrame]
"""From columns as they are in the file, under the headers of the file, to canonical names and units."""

_TEXTS: Final = ("track_id", "track_name", "artist_name")
WANTED: Final = (*_TEXTS, *AUDIO_FEATURES, "release_date", "popularity", "explicit")
"""What is read where the file has it."""


@dataclass(frozen=True)
class Catalogue:
    """Tracks of a catalogue.

    Parameters
    ----------
    tracks : DataFrame
        Canonical names and units, not validated; at most ``reference.MAX_TRACKS`` rows.
    notes : tuple of str
        What was read and what was left out, one line each.
    """

    tracks: pd.DataFrame
    notes: tuple[str, ...]


def exact_names(headers: Sequence[str]) -> dict[str, int]:
    """The canonical columns by their very names; the first of several."""
    return {name: list(headers).index(name) for name in WANTED if name in headers}


def as_it_is(table: pd.DataFrame) -> pd.DataFrame:
    """A table that has canonical names and units already."""
    return table


def read_catalogue(
    path: str | Path,
    *,
    artists: Collection[str] | None = None,
    first: Collection[str] = (),
    recognise: Recognise = exact_names,
    convert: Convert = as_it_is,
    max_tracks: int = MAX_TRACKS,
) -> Catalogue:
    """Read the tracks of a catalogue's artists.

    Parameters
    ----------
    path : str or Path
        A parquet file, or CSV in UTF-8 (, ; tab or |; also under gzip) with a header.
    artists : collection of str, optional
        Names of the artists wanted, as tables write them; all that fit where None.
    first : collection of str
        Names of the artists that go before others where not all fit: those that are learned from.
    recognise, convert : callable
        How headers and units are understood; by default, canonical ones are expected.
    max_tracks : int
        Most tracks to read: up to 120 of an artist, fewer where all artists fit only so; where they do not fit either,
        those of the artists with most tracks.

    Returns
    -------
    Catalogue

    Raises
    ------
    InputError
        Where there is no such file, it cannot be read, it names no artists, or has none of the audio features.
    """
    with open_table(Path(path)) as table:
        positions = _positions(table.headers, recognise)
        wanted, notes = _choose(table, positions["artist_name"], artists, first, max_tracks)
        tracks = _read(table, positions, wanted)
        tracks = convert(tracks) if len(tracks) else pd.DataFrame(columns=list(positions))
        count, line = table.rejects()
    if count:
        notes += (f"catalogue: {count:,} lines that could not be read are left out, the first is line {line}",)
    return Catalogue(tracks, notes)


def _positions(headers: Sequence[str], recognise: Recognise) -> dict[str, int]:
    """Where the wanted columns are."""
    found = recognise(headers)
    positions = {name: found[name] for name in WANTED if name in found}
    listed = ", ".join(show(header) for header in headers[:10]) + (", ..." if len(headers) > 10 else "")
    if "artist_name" not in positions:
        raise InputError(f"the catalogue names no artists; its columns: {listed}", "expected a column artist_name")
    if not any(name in AUDIO_FEATURES for name in positions):
        raise InputError(
            f"the catalogue has none of the audio features; its columns: {listed}",
            f"expected columns such as {', '.join(AUDIO_FEATURES[:2])}, tempo",
        )
    return positions


def _choose(
    table: TableFile, at: int, artists: Collection[str] | None, first: Collection[str], max_tracks: int
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Which names' tracks to read, with their artists and how many of each: columns name, artist, most."""
    found = table.query(
        f"SELECT {table.text(at)} AS name, count(*) AS n FROM {table.expression} "  # noqa: S608 - columns by number
        "WHERE name IS NOT NULL GROUP BY name ORDER BY name"
    )
    if found.empty:
        raise InputError("the catalogue names no artist in any row", "give one whose artist_name is filled")
    owner = resolve_artists(dict(zip(found["name"], found["n"], strict=True)))
    names = found.assign(artist=found["name"].map(owner).astype("str"))
    names = names[names["artist"] != ""]
    if artists is not None:
        names = names[names["artist"].isin(_keys(artists))]
    size = names.groupby("artist")["n"].sum()
    most, kept = choose_artists(size.to_numpy(np.int64)[:, None], size.index.isin(_keys(first)), max_tracks)
    names = names[names["artist"].isin(size.index[kept])]
    notes = [f"catalogue: {size[kept].sum():,} tracks of {kept.sum():,} artists"]
    if not kept.all():
        notes.append(f"catalogue: {(~kept).sum():,} artists with few tracks are left out, {len(size):,} are too many")
    return names.assign(most=most)[["name", "artist", "most"]], tuple(notes)


def _read(table: TableFile, positions: Mapping[str, int], wanted: pd.DataFrame) -> pd.DataFrame:
    """The chosen tracks: columns as in the file, under its headers."""
    columns = [f"{table.text(at) if name in _TEXTS else f'c{at}'} AS {name}" for name, at in positions.items()]
    order = ", ".join(f"hash({name})" for name in _TEXTS if name in positions)  # a sample, the same every time
    tracks = table.query(
        f"WITH tracks AS (SELECT {', '.join(columns)} FROM {table.expression}) "  # noqa: S608 - names are our own
        "SELECT tracks.* FROM tracks JOIN wanted ON tracks.artist_name = wanted.name "
        f"QUALIFY row_number() OVER (PARTITION BY wanted.artist ORDER BY {order}) <= wanted.most",
        wanted=wanted,
    )
    tracks.columns = pd.Index([table.headers[at] for at in positions.values()])
    return tracks


def _keys(names: Collection[str]) -> set[str]:
    return {key for name in names for key in artist_keys(name)}
