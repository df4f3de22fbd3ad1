"""One recording under several ids: which rows of the library are about the same one.

Two tracks are one recording when they share the ISRC; or title, primary artist and duration, to two seconds. A
recording has often been given several ISRCs, one a release, so different ones do not keep tracks apart. A track of
unknown duration joins the recording of its title and artist where there is only one. "Same" carries over: a = b and
b = c make a = c.
"""

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from connectors.track_ids import plain_isrc
from features.identity import normalise_artist, normalise_name, primary_artist

DURATION_TOLERANCE_MS: Final = 2_000
Positions = npt.NDArray[np.intp]


def recordings(tracks: pd.DataFrame) -> Positions:
    """Number the recordings.

    Parameters
    ----------
    tracks : DataFrame
        ``track_id``, ``track_name``, ``artist_name``, ``isrc`` and ``duration_ms`` (ms, missing where unknown), one row
        an id, in any order.

    Returns
    -------
    ndarray of int, shape (n_rows,)
        For each row its recording, from 0 in the order of their first rows.
    """
    size = len(tracks)
    if size == 0:
        return np.zeros(0, dtype=np.intp)
    names = _codes(_names(tracks))
    duration = tracks["duration_ms"].to_numpy(dtype=float, na_value=np.nan)
    links = [_same_code(_codes(isrcs(tracks))), _same_duration(names, duration)]
    sure = _components(size, links)
    return _components(size, [*links, _only_one_known(names, duration, sure)])


def isrcs(tracks: pd.DataFrame) -> list[str]:
    """Each track's ISRC, of its column or its id, in capitals without hyphens; empty where there is none."""
    given = tracks["isrc"].astype(object).where(tracks["isrc"].notna(), "")
    pairs = zip(given, tracks["track_id"], strict=True)
    return [plain_isrc(code) or plain_isrc(track_id) or "" for code, track_id in pairs]


def _names(tracks: pd.DataFrame) -> list[str]:
    """Normalised title and primary artist in one string, empty unless both are known."""
    titles = map(normalise_name, tracks["track_name"])
    artists = map(normalise_artist, primary_artist(tracks["artist_name"]))
    return [f"{artist}\n{title}" if artist and title else "" for artist, title in zip(artists, titles, strict=True)]


def _codes(texts: list[str]) -> Positions:
    """A number for each text, -1 for an empty one."""
    codes: Positions = pd.factorize(pd.Series(texts, dtype=object).replace("", None))[0]
    return codes


def _same_code(codes: Positions) -> tuple[Positions, Positions]:
    """Links between neighbours among the rows of one code."""
    rows = np.flatnonzero(codes >= 0)
    rows = rows[np.argsort(codes[rows], kind="stable")]
    near = codes[rows[1:]] == codes[rows[:-1]]
    return rows[:-1][near], rows[1:][near]


def _same_duration(names: Positions, duration: npt.NDArray[np.float64]) -> tuple[Positions, Positions]:
    """Links between rows of one name that are next to each other in duration, and close."""
    rows = np.flatnonzero((names >= 0) & ~np.isnan(duration))
    rows = rows[np.lexsort([duration[rows], names[rows]])]
    near = (names[rows[1:]] == names[rows[:-1]]) & (np.diff(duration[rows]) <= DURATION_TOLERANCE_MS)
    return rows[:-1][near], rows[1:][near]


def _only_one_known(
    names: Positions, duration: npt.NDArray[np.float64], sure: Positions
) -> tuple[Positions, Positions]:
    """Links from rows of unknown duration to the one recording of their name.

    A row whose recording has a duration under another id (the ISRC tells) counts as known. Where no row of the name has
    one, the rows are one recording.
    """
    timed = np.zeros(sure.max() + 1, dtype=bool)
    timed[sure[~np.isnan(duration)]] = True
    table = pd.DataFrame({"name": names, "recording": sure, "timed": timed[sure], "row": np.arange(len(names))})
    table = table[table["name"] >= 0]
    known = table[table["timed"]].groupby("name")["recording"].agg(["nunique", "first"])
    several = known.index[known["nunique"] > 1]
    unknown = table[~table["timed"] & ~table["name"].isin(several)]
    first_row: pd.Series[Any] = (
        table.sort_values("timed", ascending=False, kind="stable").groupby("name")["row"].first()
    )
    return unknown["row"].to_numpy(), first_row.loc[unknown["name"]].to_numpy()


def _components(size: int, links: list[tuple[Positions, Positions]]) -> Positions:
    """The groups that links make, numbered in the order of their first rows."""
    starts = np.concatenate([start for start, _ in links])
    ends = np.concatenate([end for _, end in links])
    graph = coo_array((np.ones(len(starts), dtype=np.int8), (starts, ends)), shape=(size, size))
    _, component = connected_components(graph.tocsr(), directed=False)
    groups: Positions = pd.factorize(component)[0]
    return groups
