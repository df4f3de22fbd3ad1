"""When two rows are the same track: normalised names, stable keys, and the digest of a whole table.

Keys are 64-bit BLAKE2b hashes, the same on every machine and in every run, so they can be stored in a ranker and
compared with a candidate's. A key of 0 means "cannot be told". Among a million tracks two different values share a key
with a chance of 3 in 10^8.
"""

import json
import re
import unicodedata
from hashlib import blake2b, sha256
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.columns import AUDIO_FEATURES

LOCAL_ID: Final = "local:"
"""Prefix of a ``track_id`` that earmark made for a track that had none."""

# Accents of Latin, Greek and Cyrillic letters. Marks of other scripts tell letters apart: Japanese "ga" without its
# mark would be "ka".
_ACCENTS: Final = re.compile("[\u0300-\u036f]")
_INVISIBLE: Final = "\u00ad\u200b\u200c\u200d\u2060\ufeff"
_ALIKE: Final = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\u00b4\u0060\u02bc", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033", '"'),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"),
        **dict.fromkeys(_INVISIBLE),
    }
)
_GUESTS: Final = re.compile(r"\s*;|\s+\(?(?:feat\.|ft\.|featuring)\s", re.IGNORECASE)
_ARTIST_SEPARATOR: Final = re.compile(r"\s*[;,]\s*")


def normalise_name(name: object) -> str:
    """Fold a title or an artist to what it is compared by.

    Case, accents (é = e), kinds of quotes and dashes, full-width forms and white space do not count.

    Parameters
    ----------
    name : object
        A string; None and every kind of missing value give the empty string.

    Returns
    -------
    str
        The folded name; folding it again changes nothing.
    """
    if not isinstance(name, str):
        return ""
    if name.isascii():
        return " ".join(name.translate(_ALIKE).lower().split())
    # Twice: folding the case of a few letters yields new accents, and composing them yields new letters to fold.
    return " ".join(_fold(_fold(name)).split())


def _fold(name: str) -> str:
    """One round of case and accent folding."""
    plain = _ACCENTS.sub("", unicodedata.normalize("NFKD", name.translate(_ALIKE)))
    return unicodedata.normalize("NFKC", plain.casefold()).translate(_ALIKE)


def normalise_artist(artist_name: object) -> str:
    """Fold an artist, or a list of them: ``"Jay-Z;Kanye West"`` and ``"JAY-Z, Kanye West"`` are the same."""
    return _ARTIST_SEPARATOR.sub(", ", normalise_name(artist_name))


def primary_artist(artist_name: "pd.Series[Any]") -> "pd.Series[Any]":
    """The first artist of each list.

    Parameters
    ----------
    artist_name : Series of str
        Artists joined by ``;`` or with guests after ``feat.``, ``ft.`` or ``featuring``. A comma does not separate:
        "Tyler, The Creator" is one artist.

    Returns
    -------
    Series of str
        Same index; missing stays missing.
    """

    def first(name: object) -> object:
        if not isinstance(name, str):
            return None
        parts = (part.strip() for part in _GUESTS.split(name))
        return next((part for part in parts if part), name.strip())

    return pd.Series([first(name) for name in artist_name], index=artist_name.index, name=artist_name.name, dtype="str")


def track_keys(tracks: pd.DataFrame) -> pd.DataFrame:
    """What each track can be recognised by.

    Parameters
    ----------
    tracks : DataFrame
        Canonical columns: ``track_id``, ``track_name``, ``artist_name`` and the 13 audio features; those that are not
        there count as missing.

    Returns
    -------
    DataFrame
        Columns of uint64, same index, 0 where not available: ``id_key`` of ``track_id``; ``name_key`` of the normalised
        artist and title, where both are known; ``feature_key`` of the 13 features, where all are known, in single
        precision because that is how most tables store them.
    """
    tracks = tracks.reindex(columns=["track_id", "track_name", "artist_name", *AUDIO_FEATURES])
    features = _single_precision(tracks)
    keys = {
        "id_key": _hash_text(_strings(tracks["track_id"])),
        "name_key": _hash_text(_full_names(tracks)),
        "feature_key": np.zeros(len(tracks), dtype=np.uint64),
    }
    for row in np.flatnonzero(~np.isnan(features).any(axis=1)):
        keys["feature_key"][row] = hash64(features[row].astype("<f4").tobytes())
    return pd.DataFrame(keys, index=tracks.index)


def local_ids(tracks: pd.DataFrame) -> "pd.Series[Any]":
    """Give every track without an id one of its own.

    Parameters
    ----------
    tracks : DataFrame
        Canonical columns, one row a track.

    Returns
    -------
    Series of str
        ``track_id``, and ``local:`` with 16 hexadecimal digits where it was missing: of artist and title where both are
        known, else of whatever is known. Unique as long as the given ids are.
    """
    ids = tracks["track_id"].to_list()
    taken = set(tracks["track_id"].dropna())
    missing = np.flatnonzero(tracks["track_id"].isna())
    orphans = tracks.iloc[missing]
    names, features = _full_names(orphans), _single_precision(orphans)
    rest = zip(_strings(orphans["track_name"]), _strings(orphans["artist_name"]), strict=True)
    for place, row, name, scraps in zip(range(len(missing)), missing, names, rest, strict=True):
        content = (name or repr(scraps)).encode() + (b"" if name else features[place].astype("<f4").tobytes())
        digest = hash64(content)
        while (made := f"{LOCAL_ID}{digest:016x}") in taken:
            digest = hash64(content + digest.to_bytes(8, "big"))
        taken.add(made)
        ids[row] = made
    return pd.Series(ids, index=tracks.index, name="track_id", dtype="str")


def table_digest(tracks: pd.DataFrame) -> str:
    """SHA-256 of a table's content: column names and types, values and the order of rows, but not the index.

    Parameters
    ----------
    tracks : DataFrame
        A validated tracks table, or any table of numbers, booleans, dates and strings.

    Returns
    -------
    str
        64 hexadecimal digits, the same on every machine.
    """
    digest = sha256(json.dumps([[str(name), str(tracks[name].dtype)] for name in tracks.columns]).encode())
    for name in tracks.columns:
        column = tracks[name]
        digest.update(column.isna().to_numpy().tobytes())
        digest.update(_content(column))
    return digest.hexdigest()


def hash64(content: bytes) -> int:
    """A stable hash in [1, 2^64): 0 is kept for "not available"."""
    return int.from_bytes(blake2b(content, digest_size=8).digest(), "big") or 1


def _content(column: "pd.Series[Any]") -> bytes:
    """A column's values as bytes; what stands in for a missing value does not matter."""
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        return column.fillna(pd.Timestamp(0, tz="UTC")).astype("int64").to_numpy(dtype="<i8").tobytes()
    if pd.api.types.is_numeric_dtype(column.dtype):
        numbers = column.to_numpy(dtype="<f8", na_value=np.nan)
        return (np.where(np.isnan(numbers), 0.0, numbers) + 0.0).tobytes()  # + 0.0 makes one zero of -0.0 and 0.0
    return json.dumps(_strings(column)).encode()


def _strings(column: "pd.Series[Any]") -> list[str]:
    """A text column as plain strings, empty where missing."""
    return column.astype(object).where(column.notna(), "").map(str).to_list()


def _full_names(tracks: pd.DataFrame) -> list[str]:
    """Normalised artist and title in one string, empty unless both are known."""
    artists = map(normalise_artist, tracks["artist_name"])
    titles = map(normalise_name, tracks["track_name"])
    return [f"{artist}\n{title}" if artist and title else "" for artist, title in zip(artists, titles, strict=True)]


def _single_precision(tracks: pd.DataFrame) -> npt.NDArray[np.float32]:
    """The 13 features as (n_tracks, 13) float32, with one kind of zero and one kind of NaN."""
    features = tracks[list(AUDIO_FEATURES)].to_numpy(dtype=np.float32) + np.float32(0)
    features[np.isnan(features)] = np.nan
    return features


def _hash_text(values: list[str]) -> npt.NDArray[np.uint64]:
    """Hash each string; 0 for an empty one."""
    return np.array([hash64(value.encode()) if value else 0 for value in values], dtype=np.uint64)
