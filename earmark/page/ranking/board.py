"""One list as one ranker scores it, with the answers that were asked of it last."""

from functools import lru_cache
from threading import Lock
from typing import Any, Final
from weakref import WeakKeyDictionary

import numpy as np
from cachetools import LRUCache
from markupsafe import Markup

from earmark.page.desk import Desk
from earmark.page.lists import CandidateList
from earmark.page.ranking.candidates import BoolArray, Candidates, IntArray
from earmark.page.ranking.cuts import Kept, keep, promises_of
from earmark.page.ranking.filters import found, order, passing
from earmark.page.ranking.questions import Cut, Filters, Shown
from earmark.page.rendering import environment
from features.report import ValidationReport
from models import promise
from models.scored import Scored

_BOARDS: Final = 8
_FILTERS: Final = 64
_CUTS: Final = 512
_ORDERS: Final = 64
_ROWS: Final = 2_000


class Board:
    """A list's scored candidates, made ready, and what was worked out of them.

    Parameters
    ----------
    run_id : str
    listed : CandidateList
    scored : Scored
    """

    def __init__(self, run_id: str, listed: CandidateList, scored: Scored) -> None:
        self.run_id = run_id
        self.listed = listed
        self.scored = scored
        self.candidates = Candidates.of(scored)
        self._report = ValidationReport(
            len(scored.tracks), len(scored.tracks), merged=listed.merged, set_aside=dict(listed.set_aside or {})
        )
        # Of this board alone, so that they go when it goes.
        self.passing = lru_cache(_FILTERS)(self._passing)
        self.promises = lru_cache(_FILTERS)(self._promises)
        self.kept = lru_cache(_CUTS)(self._kept)
        self.order = lru_cache(_ORDERS)(self._order)
        self.found = lru_cache(_ORDERS)(self._found)
        self.shown = lru_cache(_ORDERS)(self._shown)
        self.row = lru_cache(_ROWS)(self._row)

    def _passing(self, filters: Filters) -> BoolArray:
        """The candidates that pass the filters, shape (n,)."""
        return passing(self.candidates, filters)

    def _promises(self, filters: Filters) -> promise.Promises:
        """What can be promised of those that pass."""
        return promises_of(self.scored, self.candidates, self.passing(filters))

    def _kept(self, filters: Filters, cut: Cut) -> Kept:
        """What a cut keeps of those that pass."""
        among = self.passing(filters)
        return keep(self.scored, self.candidates, among, cut, lambda: self.promises(filters), self._report)

    def last(self, filters: Filters, cut: Cut) -> int:
        """Position of the last track that is kept: of those that pass, all up to it are; -1 where none is."""
        n_kept = self.kept(filters, cut).n_kept
        return int(np.flatnonzero(self.passing(filters))[n_kept - 1]) if n_kept else -1

    def _order(self, sort: str, reverse: bool) -> IntArray:
        return order(self.candidates, sort, reverse=reverse)

    def _found(self, q: str) -> BoolArray:
        return found(self.candidates.texts, q)

    def _shown(self, filters: Filters, cut: Cut, shown: Shown) -> IntArray:
        """Positions of the candidates that are shown, in their order."""
        mask = self.passing(filters)
        if shown.kept_only:
            mask = mask & (np.arange(len(mask)) <= self.last(filters, cut))
        if shown.q:
            mask = mask & self.found(shown.q)
        rows = self.order(shown.sort, shown.reverse)
        return rows[mask[rows]]

    def _row(self, position: int, kept: bool, verdict: str | None) -> Markup:
        """A track as HTML."""
        track = {**self.candidates.entries[position], "kept": kept, "verdict": verdict}
        macros: Any = environment().get_template("ranking/row.html").module
        return Markup(macros.track_row(track, self.listed.list_id, self.run_id))  # noqa: S704 (escaped by the macro)


class Boards:
    """The boards that were used last."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._boards: LRUCache[tuple[str, str], Board] = LRUCache(_BOARDS)

    def get(self, desk: Desk, list_id: str, model: str) -> Board:
        """The board of a list and a model; made anew where the list has changed.

        Raises
        ------
        NotFoundError
            If there is no such list or ranker.
        InputError
            If the list cannot be scored.
        """
        key = (desk.rankers.run_id(model), list_id)
        listed = desk.lists.get(list_id)
        with self._lock:
            known = self._boards.get(key)
        if known is not None and known.listed is listed:
            return known
        if known is not None:
            desk.forget_list(list_id)
        made = Board(key[0], listed, desk.scored(list_id, key[0]))
        with self._lock:
            self._boards[key] = made
        return made


_OF_DESKS: WeakKeyDictionary[Desk, Boards] = WeakKeyDictionary()
_MAKING: Final = Lock()


def board_of(desk: Desk, list_id: str, model: str) -> Board:
    """The board of a list and a model on a desk; see `Boards.get`."""
    with _MAKING:
        boards = _OF_DESKS.setdefault(desk, Boards())
    return boards.get(desk, list_id, model)
