"""Which candidates to ask about next: `models.asking` over a list, without what was judged already."""

from collections.abc import Collection
from typing import Any, Final

import numpy as np
import pandas as pd

from earmark.page.desk import Desk
from earmark.page.verdicts.answers import Asking, TrackToAsk
from earmark.page.verdicts.giving import since_train
from earmark.ranking import rank_answer
from earmark.training_tables import load_table
from features.report import ValidationReport
from models.asking import ask
from models.ranking import Ranking
from models.scored import Scored

BATCH: Final = 12
"""Tracks asked about at once."""
MOST: Final = 50
AGAIN: Final = "its answer was undone"
"""Why a track is asked about whose answer was undone."""
_NOTHING: Final = ValidationReport(rows=0, usable=0)


def to_ask(
    desk: Desk, list_id: str, model: str, n: int, *, shown: Collection[str] = (), first: str | None = None
) -> Asking:
    """The tracks of a list that are worth asking about, the most informative first.

    Parameters
    ----------
    desk : Desk
    list_id, model : str
    n : int
        How many; fewer where there are not so many left.
    shown : collection of str
        Tracks that are asked about already: they are left out, and their answers count as given.
    first : str, optional
        A track to begin with, such as one whose answer was undone.

    Raises
    ------
    NotFoundError
        If there is no such list or ranker.
    InputError
        If the list cannot be scored.
    EarmarkError
        If the library cannot be read.
    """
    run_id = desk.rankers.run_id(model)
    verdicts = desk.verdicts.on(desk.lists.get(list_id)).verdicts
    scored = desk.scored(list_id, run_id)
    ids = scored.tracks["track_id"]
    heard = ids.isin([*verdicts, *shown]).to_numpy(dtype=bool)
    begin = (ids == first).to_numpy(dtype=bool) & ~heard if first else np.zeros(len(ids), dtype=bool)
    asked = ask(
        scored.ranker,
        scored.tracks,
        n,
        judged=_judged(desk, run_id, scored, heard | begin),
        exclude=heard | begin,
        member_probability=desk.verdicts.predictions.of(scored),
    )
    positions = [*np.flatnonzero(begin), *asked.positions][:n]
    reasons = dict(zip(asked.positions.tolist(), zip(asked.uncertainty.tolist(), asked.why, strict=True), strict=True))
    tracks = []
    for row, entry in zip(positions, _entries(scored, positions), strict=True):
        doubt, why = reasons.get(int(row), (1 - abs(2 * entry["like_probability"] - 1), AGAIN))
        tracks.append(TrackToAsk(**entry, verdict=verdicts.get(entry["track_id"]), uncertainty=doubt, why=why))
    since = since_train(desk, list_id, run_id)
    return Asking(list_id=list_id, model=run_id, tracks=tracks, answers_since_last_train=since)


def _judged(desk: Desk, run_id: str, scored: Scored, heard: "np.ndarray[Any, np.dtype[np.bool_]]") -> Any:
    """What the listener judged: what the ranker learned from, and the answers; None where the former is gone."""
    table = load_table(desk.home, run_id)
    if table is None:
        return None
    table = table.drop(columns=["like_probability", "held_out"])
    answered = scored.tracks[heard]
    return pd.concat([table, answered.reindex(columns=table.columns)], ignore_index=True) if len(answered) else table


def _entries(scored: Scored, positions: list[Any]) -> list[dict[str, Any]]:
    """Rows of scored candidates in the words of the command line's answer, and whether they are explicit."""
    rows = scored.tracks.iloc[positions]
    rows = rows.assign(predicted_like=rows["like_probability"] >= scored.ranker.threshold)
    ranking = Ranking(rows, scored.ranker.threshold, len(scored.tracks), (np.nan, np.nan, np.nan))
    told: list[dict[str, Any]] = rank_answer(ranking, "", report=_NOTHING)["tracks"]
    explicit = rows["explicit"].fillna(value=False) if "explicit" in rows else [False] * len(rows)
    return [{**entry, "explicit": bool(flag)} for entry, flag in zip(told, explicit, strict=True)]
