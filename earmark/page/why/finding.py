"""Finds what is asked about, and keeps what was explained: it takes the ranker a tenth of a second."""

from typing import Final

import numpy as np

from earmark.page.desk import Desk
from earmark.page.faults import NotFoundError
from earmark.page.portrait.distributions import distributions
from earmark.page.portrait.keeping import Kept
from earmark.page.portrait.taste_table import table_of
from earmark.page.why.answers import Learned, WhyAnswer, why

_ANSWERS: Final[Kept[WhyAnswer]] = Kept(256)
_LEARNED: Final[Kept[Learned]] = Kept(4)


def why_of(desk: Desk, list_id: str, model: str, track_id: str) -> WhyAnswer:
    """Why a track of a list got its score.

    Parameters
    ----------
    desk : Desk
    list_id, model, track_id : str

    Raises
    ------
    NotFoundError
        If there is no such list, ranker, or track in the list.
    """
    run_id = desk.rankers.run_id(model)
    scored = desk.scored(list_id, run_id)
    found = np.flatnonzero((scored.tracks["track_id"] == track_id).to_numpy(dtype=bool))
    if not len(found):
        raise NotFoundError(f"there is no track {track_id[:40]!r} in this list", "open it from the ranking: /")
    known = table_of(desk.home, run_id)
    table_key = None if known is None else known[1]
    row = int(found[0])

    def make() -> WhyAnswer:
        return why(scored, row, learned_of(desk, run_id))

    return _ANSWERS.get((run_id, list_id, track_id, table_key), make, source=scored)


def learned_of(desk: Desk, run_id: str) -> Learned | None:
    """What a ranker learned from; None where its table is gone."""
    known = table_of(desk.home, run_id)
    if known is None:
        return None
    table, key = known
    return _LEARNED.get(key, lambda: Learned(table.others, {found.feature: found for found in distributions(table)}))
