"""Which tracks are meant where somebody sends or exports a ranking.

The rule: what the ranking keeps with its cut and filters, without the tracks that the listener skipped, and with all of
the list that they said to keep; best first. What of the ranking is shown, and in which order, does not count.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

import pandas as pd

from earmark.page.desk import Desk
from earmark.page.lists import CandidateList
from earmark.page.ranking.board import board_of
from earmark.page.ranking.questions import Asked as Choice
from earmark.page.ranking.questions import Cut, CutQuery, RankingQuery
from earmark.ranking import is_spotify_id
from models.ranking import Ranking
from models.scored import Scored

__all__ = ["Choice", "Chosen", "choose", "heed", "query_of"]


@dataclass(frozen=True)
class Chosen:
    """Tracks to be sent or exported.

    Parameters
    ----------
    candidates : CandidateList
        The list that they are of.
    run_id : str
        Whose ranking it is.
    ranking : Ranking
        Its tracks are the chosen ones; what is expected is expected of these.
    n_cut, n_skipped, n_added : int
        How many tracks the ranking keeps, how many of them the listener skipped, and how many more they said to keep.
    """

    candidates: CandidateList
    run_id: str
    ranking: Ranking
    n_cut: int
    n_skipped: int
    n_added: int

    @property
    def n_tracks(self) -> int:
        """How many are chosen."""
        return len(self.ranking.tracks)

    @property
    def spotify_ids(self) -> list[str]:
        """The ids of those that Spotify knows, best first."""
        return [track_id for track_id in self.ranking.tracks["track_id"] if is_spotify_id(track_id)]

    @property
    def n_without_id(self) -> int:
        """How many cannot be sent: they have no id of Spotify's."""
        return self.n_tracks - len(self.spotify_ids)


def choose(desk: Desk, asked: CutQuery) -> Chosen:
    """The tracks that a query and the listener's verdicts choose.

    Parameters
    ----------
    desk : Desk
    asked : CutQuery

    Raises
    ------
    NotFoundError
        If there is no such list or ranker.
    InputError
        If the cut cannot be made.
    EarmarkError
        If the library cannot be read: what the listener skipped must not be sent.
    """
    board = board_of(desk, asked.list_id, asked.model)
    among = board.passing(asked.filters)
    cut = asked.cut if among.any() else Cut()  # of no track, nothing is promised or refused
    kept = board.scored.keep(min_precision=cut.min_precision, top=cut.top, threshold=cut.threshold, among=among)
    ranking, n_skipped, n_added = heed(board.scored, kept, desk.verdicts.on(board.listed).verdicts)
    return Chosen(board.listed, board.run_id, ranking, len(kept.tracks), n_skipped, n_added)


def heed(scored: Scored, kept: Ranking, verdicts: Mapping[str, str]) -> tuple[Ranking, int, int]:
    """A ranking as the listener's verdicts have it.

    Parameters
    ----------
    scored : Scored
    kept : Ranking
        Some of its tracks.
    verdicts : mapping of str to str
        ``keep`` or ``skip`` by track id; of other tracks, too.

    Returns
    -------
    ranking : Ranking
        The same object where no verdict changes it.
    n_skipped, n_added : int
        How many tracks went and came.
    """
    verdicts = dict(verdicts)
    said = kept.tracks["track_id"].map(verdicts)
    skipped = (said == "skip").to_numpy(dtype=bool)
    everything = scored.tracks
    wanted = (everything["track_id"].map(verdicts) == "keep") & ~everything["rank"].isin(kept.tracks["rank"])
    if not (skipped.any() or wanted.any()):
        return kept, 0, 0
    added = everything[wanted]
    added = added.assign(predicted_like=added["like_probability"] >= kept.threshold)[list(kept.tracks.columns)]
    tracks = pd.concat([kept.tracks[~skipped], added]).sort_values("rank").reset_index(drop=True)
    expected = kept.expected_precision
    if not scored.relative:
        expected = scored.expected_precision(tracks["like_probability"].to_numpy(dtype="float64"))
    return replace(kept, tracks=tracks, expected_precision=expected), int(skipped.sum()), int(wanted.sum())


def query_of(asked: RankingQuery | None, **more: str) -> str:
    """The parameters of an address that chooses the same again.

    Parameters
    ----------
    asked : RankingQuery, optional
    **more
        Further parameters.
    """
    given: dict[str, Any] = {} if asked is None else asked.given(page=None, per_page=None)
    return urlencode({**given, **more})
