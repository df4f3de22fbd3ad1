"""Who may learn from which rows: splits by artist, at random and by time.

Conventions: rows are positions (ndarrays of int) in a labelled tracks table with labels ``y`` (n,) of 0 and 1. A split
never depends on the order of the rows: they are sorted by ``track_id`` first, so the same tracks fall on the same side
whichever way a source lists them. All functions raise ``InputError`` where a split cannot be made.

- ``artist`` (default): no artist on both sides. A random split flatters, because an artist's tracks sound alike and are
  liked together (Flexer and Schnitzer, Computer Music Journal 34, 2010).
- ``random``: rows of one song (same artist and title, or the same 13 features) stay together.
- ``time``: earlier rows teach, later rows test; rows added at the same time stay together.
"""

from dataclasses import dataclass
from typing import Final, Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from experiments.time_blocks import time_blocks
from features.artist_names import artist_keys
from features.errors import InputError
from features.identity import normalise_name, primary_artist, track_keys
from features.measures import CONTINUOUS

Rows = npt.NDArray[np.int64]
Split = Literal["artist", "random", "time"]
"""The kinds of split."""

SPLITS: Final[tuple[Split, ...]] = get_args(Split)
_TELLING: Final = 3
"""Continuous features, not the same in all rows, that must be known of a track to recognise a copy: fewer are alike by
chance."""
_OUTER_STATE: Final = 2021  # fixed: nobody can shop for lucky test rows, and champions meet on the same ones


@dataclass(frozen=True)
class Fold:
    """Positions of the rows to learn from and of the rows to predict."""

    train: Rows
    test: Rows


def groups_for(tracks: pd.DataFrame, kind: Split) -> Rows:
    """Which rows belong together.

    Parameters
    ----------
    tracks : DataFrame, shape (n, any)
    kind : {"artist", "random", "time"}

    Returns
    -------
    ndarray of int, shape (n,)
        Equal for rows of one first artist (``artist``; without an artist, of one song), or of one song (``random`` and
        ``time``). Artists are cut at commas too: "Drake" and "Drake, Future" must not be on two sides,
        and that "Tyler" then goes with "Tyler, The Creator" costs a split nothing.
    """
    _check_kind(kind)
    if kind != "artist":
        return _songs(tracks)
    names = (
        primary_artist(tracks["artist_name"])
        .map(_first_artist, na_action="ignore")
        .astype(object)
        .fillna("")
        .to_numpy(dtype=object, copy=True)
    )
    nameless = names == ""
    if nameless.any():
        names[nameless] = [f"\n{song}" for song in _songs(tracks)[nameless]]
    return pd.factorize(names)[0].astype(np.int64)


def _first_artist(name: str) -> str:
    """As affinity and profiles know artists: under two spellings one would be on both sides."""
    first = name.split(",", maxsplit=1)[0]
    keys = artist_keys(first)
    return keys[-1] if keys else normalise_name(first)


def outer_split(
    tracks: pd.DataFrame, y: npt.ArrayLike, kind: Split = "artist", test_size: float = 0.2
) -> tuple[Rows, Rows]:
    """Set test rows apart that search, early stopping, calibration and threshold never see.

    The same tracks and labels give the same split in every run: it takes no seed. Stratified by label, but for
    ``time``.

    Parameters
    ----------
    tracks : DataFrame, shape (n, any)
    y : array-like of 0 and 1, shape (n,)
    kind : {"artist", "random", "time"}
    test_size : float in (0, 0.5]
        Wanted share of test rows; ``artist`` and ``random`` take 1 / round(1 / test_size).

    Returns
    -------
    train, test : ndarray of int
        Sorted positions; together all rows.

    Raises
    ------
    InputError
    """
    if not 0.0 < test_size <= 0.5:
        raise InputError(f"the share of test rows is {test_size}", "It must be above 0 and at most 0.5.")
    labels = _check_rows(tracks, y, kind, 2)
    if kind == "time":
        late = time_blocks(tracks, [1.0 - test_size]) == 1
        fold = Fold(np.flatnonzero(~late), np.flatnonzero(late))
        _check_classes(fold, labels, kind)
    else:
        fold = _stratified(tracks, labels, kind, max(2, round(1.0 / test_size)), _OUTER_STATE)[0]
    return fold.train, fold.test


def inner_folds(
    tracks: pd.DataFrame, y: npt.ArrayLike, kind: Split = "artist", *, n_folds: int = 5, repeats: int = 1, seed: int = 0
) -> tuple[Fold, ...]:
    """Folds for search and out-of-fold predictions.

    Parameters
    ----------
    tracks : DataFrame, shape (n, any)
    y : array-like of 0 and 1, shape (n,)
    kind : {"artist", "random", "time"}
    n_folds : int, at least 2
    repeats : int, at least 1
        Times that all rows are dealt anew; ``time`` has one order only and ignores it, as it does ``seed``.
    seed : int

    Returns
    -------
    tuple of Fold
        ``repeats x n_folds``; every row is tested once a repeat. ``time``: ``n_folds`` expanding windows, whose first
        block of rows is never tested.

    Raises
    ------
    InputError
    """
    labels = _check_rows(tracks, y, kind, n_folds)
    if kind == "time":
        return _expanding(tracks, labels, n_folds)
    states = np.random.default_rng(seed).integers(2**31, size=max(1, repeats))
    return tuple(fold for state in states for fold in _stratified(tracks, labels, kind, n_folds, int(state)))


def outer_folds(
    tracks: pd.DataFrame, y: npt.ArrayLike, kind: Split = "artist", *, n_folds: int = 5, seed: int = 0
) -> tuple[Fold, ...]:
    """Folds around the whole of train, for ``earmark evaluate``.

    As ``inner_folds`` with one repeat, drawn apart from them: folds inside an outer fold do not follow the outer ones.
    """
    apart = int(np.random.default_rng([_OUTER_STATE, seed]).integers(2**31))
    return inner_folds(tracks, y, kind, n_folds=n_folds, repeats=1, seed=apart)


def _songs(tracks: pd.DataFrame) -> Rows:
    """Rows that share a name key or a feature key, directly or through others, are one song: (n,) group ids."""
    keys = track_keys(tracks)
    n = len(tracks)
    links = []
    for key in (keys["name_key"].to_numpy(), keys["feature_key"].to_numpy(), _sounds(tracks)):
        known = np.flatnonzero(key)
        codes = pd.factorize(key[known])[0]
        first_row = np.full(len(known), n, dtype=np.int64)
        np.minimum.at(first_row, codes, known)
        links.append(np.stack([known, first_row[codes]]))
    row, first = np.concatenate(links, axis=1)
    graph = coo_array((np.ones(len(row)), (row, first)), shape=(n, n))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def _sounds(tracks: pd.DataFrame) -> Rows:
    """Equal for rows that sound the same as far as that is known, 0 where too little is: (n,).

    Copies of a row are on one side of a split even in tables without ids, titles and some of the features.
    """
    features = tracks.reindex(columns=list(CONTINUOUS)).to_numpy(dtype=np.float32, na_value=np.nan) + 0.0
    known = ~np.isnan(features)
    lowest, highest = (np.where(known, features, other) for other in (np.inf, -np.inf))
    known &= lowest.min(axis=0, initial=np.inf) < highest.max(axis=0, initial=-np.inf)
    kinds, codes = np.unique(np.where(known, features, np.inf), axis=0, return_inverse=True)
    # Coarse values meet by chance where there are not many more combinations of them than pairs of tracks.
    values = np.array([len(np.unique(column[np.isfinite(column)])) for column in kinds.T])
    combinations = known @ np.log(np.maximum(values, 1))
    telling = (known.sum(axis=1) >= _TELLING) & (combinations >= 2 * np.log(max(len(kinds), 1)))
    return np.where(telling, codes.reshape(-1) + 1, 0).astype(np.int64)


def _stratified(tracks: pd.DataFrame, labels: Rows, kind: Split, n_folds: int, state: int) -> list[Fold]:
    """Deal whole groups out to ``n_folds`` folds of alike size and share of likes, whatever the order of the rows."""
    order = np.lexsort((labels, tracks["track_id"].to_numpy(dtype=str)))
    groups = groups_for(tracks.iloc[order], kind)
    n_groups = len(np.unique(groups))
    if n_groups < n_folds:
        what = "artists" if kind == "artist" else "different songs"
        raise InputError(
            f"the {kind} split needs at least {n_folds} {what}, this table has {n_groups}",
            "Add tracks of other artists, or use --split random." if kind == "artist" else "Add more tracks.",
        )
    # Without groups the plain splitter gives the same guarantee and does not walk every row in Python.
    if n_groups == len(groups):
        parts = StratifiedKFold(n_folds, shuffle=True, random_state=state).split(order, labels[order])
    else:
        parts = StratifiedGroupKFold(n_folds, shuffle=True, random_state=state).split(order, labels[order], groups)
    folds = [Fold(np.sort(order[train]), np.sort(order[test])) for train, test in parts]
    for fold in folds:
        _check_classes(fold, labels, kind)
    return folds


def _expanding(tracks: pd.DataFrame, labels: Rows, n_folds: int) -> tuple[Fold, ...]:
    blocks = time_blocks(tracks, [block / (n_folds + 1) for block in range(1, n_folds + 1)])
    folds = tuple(
        Fold(np.flatnonzero(blocks < block), np.flatnonzero(blocks == block)) for block in range(1, n_folds + 1)
    )
    for fold in folds:
        _check_classes(fold, labels, "time")
    return folds


def _check_kind(kind: str) -> None:
    if kind not in SPLITS:
        raise InputError(f'there is no split "{kind}"', f"Use one of {', '.join(SPLITS)}.")


def _check_rows(tracks: pd.DataFrame, y: npt.ArrayLike, kind: Split, n_folds: int) -> Rows:
    """Labels as integers, after all that can be checked before a split is tried."""
    _check_kind(kind)
    labels = np.asarray(y).astype(np.int64)
    if labels.shape != (len(tracks),):
        raise ValueError(f"y must have shape ({len(tracks)},), got {labels.shape}")
    if n_folds < 2:
        raise InputError(f"{n_folds} {'fold was' if n_folds == 1 else 'folds were'} asked for", "Ask for at least 2.")
    liked = int((labels == 1).sum())
    if min(liked, len(labels) - liked) < n_folds:
        raise InputError(
            f"{liked} liked and {len(labels) - liked} skipped tracks are too few for {n_folds} folds",
            f"Bring at least {n_folds} of each; some hundred make a ranker worth having.",
        )
    return labels


def _check_classes(fold: Fold, labels: Rows, kind: Split) -> None:
    for name, rows in (("training", fold.train), ("test", fold.test)):
        found = np.unique(labels[rows])
        if len(found) == 2:
            continue
        has = "no tracks" if not len(found) else "only liked tracks" if found[0] else "only skipped tracks"
        mend = {
            "artist": "Too few artists carry the likes or the skips: add tracks, or use --split random.",
            "random": "Add tracks of the rarer kind.",
            "time": "Likes and skips were added at different times: use --split artist or random.",
        }
        raise InputError(f"a {name} part of the {kind} split has {has}", mend[kind])
