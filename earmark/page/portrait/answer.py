"""The whole portrait: what a table says of a listener's taste, and what it does not say."""

from dataclasses import asdict, dataclass
from typing import Literal

import pandas as pd
from pydantic import BaseModel

from earmark.page.portrait.certainty import Certainty, certainty
from earmark.page.portrait.contrasts import Kind, contrasts, said
from earmark.page.portrait.distributions import Distribution, distributions
from earmark.page.portrait.drift import Drift, drift
from earmark.page.portrait.plane import Plane, TasteMap, fit_plane, taste_map
from earmark.page.portrait.taste_table import TasteTable
from earmark.page.portrait.unknown import CandidateGaps, Gap, gaps
from earmark.page.portrait.wording import YOU, Listener


class Difference(BaseModel):
    """How likes differ from the others in a feature: in how much of it they have, or how near its middle they keep.

    Medians of the level or of the distance from the middle in its unit (of the mode, shares in major); Cliff's delta
    in [-1, 1] with an interval that holds for all differences at once with 95 % confidence.
    """

    feature: str
    kind: Kind
    liked: float
    others: float
    delta: float
    low: float
    high: float
    n: int
    clear: bool


class Portrait(BaseModel):
    """What a ranker learned of a listener's taste: yours, or the invented demo listener's.

    ``others`` is what the tracks that are not likes are.
    """

    run_id: str
    listener: Literal["you", "demo"]
    n_tracks: int
    n_liked: int
    n_artists: int
    others: str
    summary: list[str]
    differences: list[Difference]
    distributions: list[Distribution]
    map: TasteMap
    drift: Drift
    certainty: Certainty
    gaps: list[Gap]
    candidates: CandidateGaps | None = None


@dataclass(frozen=True)
class Drawn:
    """A portrait with the table and the plane that it was made from, for candidates to be set against."""

    portrait: Portrait
    table: TasteTable
    plane: Plane


def portrait(table: pd.DataFrame | TasteTable, run_id: str = "", listener: Listener = YOU) -> Drawn:
    """The portrait that a training table gives; does not depend on the order of its rows.

    Parameters
    ----------
    table : DataFrame or TasteTable
        `TrainResult.judged`: likes and others.
    run_id : str
    listener : Listener
        Whose likes they are.
    """
    taste = table if isinstance(table, TasteTable) else TasteTable.of(table)
    plane, found = fit_plane(taste), contrasts(taste)
    made = Portrait(
        run_id=run_id,
        listener=listener.name,
        n_tracks=len(taste),
        n_liked=int(taste.liked.sum()),
        n_artists=len(set(taste.artists[taste.named].tolist())),
        others=taste.others,
        summary=list(said(found, taste.others, listener)),
        differences=[Difference(**asdict(contrast), clear=contrast.clear) for contrast in found],
        distributions=list(distributions(taste)),
        map=taste_map(taste, plane),
        drift=drift(taste, listener),
        certainty=certainty(taste),
        gaps=gaps(taste),
    )
    return Drawn(made, taste, plane)
