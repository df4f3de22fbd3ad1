"""What the ranker knows nothing about, each in a sentence with its numbers."""

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel

from earmark.feature_words import name_of
from earmark.page.portrait.plane import MOST_CANDIDATES, Plane, unlike
from earmark.page.portrait.taste_table import TasteTable
from earmark.page.portrait.wording import listing, percent
from features.artists import artist_hashes
from features.columns import AUDIO_FEATURES

BoolArray = npt.NDArray[np.bool_]
_FEATURES_SAID: Final = 4


class Gap(BaseModel):
    """Something that the ranker knows nothing about: ``n`` of ``of``, and in words."""

    kind: str
    n: int
    of: int
    said: str


class CandidatePoint(BaseModel):
    """A candidate on the map; ``unlike_any`` where it sounds like no labelled track."""

    track_id: str
    track_name: str | None
    artist_name: str | None
    x: float
    y: float
    unlike_any: bool


class CandidateGaps(BaseModel):
    """What the ranker does not know of a list of candidates; ``points`` are all of them, or a sample."""

    list_id: str
    title: str
    n_candidates: int
    n_unlike: int
    n_new_artists: int
    n_named: int
    points: list[CandidatePoint]
    said: list[str]


def gaps(table: TasteTable) -> list[Gap]:
    """What is missing in the table that the ranker learned from."""
    found = [_missing_features(table), _single_artists(table)]
    unnamed = int((~table.named).sum())
    if unnamed:
        said = f"{_tracks(unnamed)} of {len(table):,} {'names' if unnamed == 1 else 'name'} no artist."
        found.append(Gap(kind="no artist", n=unnamed, of=len(table), said=said))
    unjudged = int(np.isnan(table.probability).sum())
    if unjudged:
        said = f"{_tracks(unjudged)} of {len(table):,} were only learned from, and never predicted unseen."
        found.append(Gap(kind="no prediction", n=unjudged, of=len(table), said=said))
    return found


def candidate_gaps(
    table: TasteTable, plane: Plane, candidates: pd.DataFrame, *, list_id: str = "", title: str = "the candidates"
) -> CandidateGaps:
    """What is not known of candidates.

    Parameters
    ----------
    table : TasteTable
    plane : Plane
    candidates : DataFrame, n_candidates rows
        A tracks table.
    list_id, title : str
    """
    n = len(candidates)
    rows = candidates.sort_values("track_id", kind="stable").reset_index(drop=True)
    values = plane.read(rows)
    far = unlike(table, plane, values) if n else np.zeros(0, dtype=np.bool_)
    keys = artist_hashes(rows["artist_name"]) if "artist_name" in rows else np.zeros(n, dtype=np.uint64)
    judged = artist_hashes(pd.Series([name for name in table.artist_name if name is not None], dtype=object))
    named = keys != 0
    artists = np.unique(keys[named])
    new = int((~np.isin(artists, judged)).sum())
    placed = plane.place(values)
    shown = np.sort(np.random.default_rng(0).permutation(n)[:MOST_CANDIDATES])
    text = _text_of(rows)
    points = [
        CandidatePoint(
            track_id=str(rows["track_id"].iloc[row]),
            track_name=text("track_name", row),
            artist_name=text("artist_name", row),
            x=round(float(placed[row, 0]), 4),
            y=round(float(placed[row, 1]), 4),
            unlike_any=bool(far[row]),
        )
        for row in shown
    ]
    n_far = int(far.sum())
    sound = "sounds" if n_far == 1 else "sound"
    far_said = (
        f"{_tracks(n_far)} of {n:,} in {title} ({_share(n_far, n)}) {sound} like nothing that was judged: farther from "
        "the nearest judged track than 95 % of the judged tracks are from theirs (5 % would be by chance)."
    )
    new_said = f"Of its {len(artists):,} artists, {new:,} ({_share(new, len(artists))}) were never judged."
    return CandidateGaps(
        list_id=list_id,
        title=title,
        n_candidates=n,
        n_unlike=n_far,
        n_new_artists=new,
        n_named=len(artists),
        points=points,
        said=[far_said, new_said],
    )


def _missing_features(table: TasteTable) -> Gap:
    counts = {name: int(np.isnan(table.measures[name]).sum()) for name in AUDIO_FEATURES}
    lacking = sorted((name for name in counts if counts[name]), key=lambda name: (-counts[name], name))
    anywhere = np.isnan(np.column_stack([table.measures[name] for name in AUDIO_FEATURES])).any(axis=1)
    n = int(anywhere.sum())
    if not n:
        said = f"No audio feature is missing in any of the {len(table):,} tracks."
    else:
        most = [f"{name_of(name)} ({counts[name]:,})" for name in lacking[:_FEATURES_SAID]]
        lack = "lacks" if n == 1 else "lack"
        said = f"{_tracks(n)} of {len(table):,} {lack} an audio feature: {listing(most)}"
        said += f" and {len(lacking) - _FEATURES_SAID} more." if len(lacking) > _FEATURES_SAID else "."
    return Gap(kind="missing features", n=n, of=len(table), said=said)


def _single_artists(table: TasteTable) -> Gap:
    counts = np.unique(table.artists[table.named], return_counts=True)[1]
    once = int((counts == 1).sum())
    if not len(counts):
        said = "No artist is named: nothing is known of how artists are liked."
    else:
        said = (
            f"Of {len(counts):,} artists, {once:,} ({_share(once, len(counts))}) appear with one track: whether the "
            "listener means the artist or that track cannot be told."
        )
    return Gap(kind="artists seen once", n=once, of=len(counts), said=said)


def _text_of(rows: pd.DataFrame) -> Callable[[str, int], str | None]:
    def text(name: str, row: int) -> str | None:
        if name not in rows or pd.isna(rows[name].iloc[row]):
            return None
        return str(rows[name].iloc[row])

    return text


def _tracks(n: int) -> str:
    return f"{n:,} {'track' if n == 1 else 'tracks'}"


def _share(n: int, of: int) -> str:
    return percent(n / of if of else 0.0)
