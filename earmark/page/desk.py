"""What all views work on: rankers, lists, scored candidates, the library. One desk serves one listener."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING, Annotated, Final

from cachetools import LRUCache
from fastapi import Depends, Request

from earmark.home import Home
from earmark.page.lists import CandidateList, CandidateLists
from earmark.page.rankers import Rankers
from earmark.page.settings import PageSettings
from earmark.page.training.trainer import Trainer
from earmark.page.verdicts.book import VerdictBook
from models.scored import Scored

if TYPE_CHECKING:
    from connectors.library import Library

_SCORED: Final = 8
"""Scored lists that are kept: going back and forth between two models must not score anew."""


class Desk:
    """Shared by all requests, from several threads.

    Parameters
    ----------
    home : Home
    settings : PageSettings
    """

    def __init__(self, home: Home, settings: PageSettings) -> None:
        self.home = home
        self.settings = settings
        self.rankers = Rankers(home)
        self.lists = CandidateLists(home)
        self.verdicts = VerdictBook(home)
        self.trainer = Trainer(home, settings)
        self._lock = Lock()
        self._scoring: dict[tuple[str, str], Lock] = {}
        self._scored: LRUCache[tuple[str, str], tuple[CandidateList, Scored]] = LRUCache(_SCORED)

    def scored(self, list_id: str, model: str) -> Scored:
        """A list with the scores of a model, from memory where it was asked for before.

        Parameters
        ----------
        list_id : str
        model : str
            ``champion`` or a run id.

        Raises
        ------
        NotFoundError
            If there is no such list or ranker.
        InputError
            If the list cannot be scored.
        """
        key = (self.rankers.run_id(model), list_id)
        listed = self.lists.get(list_id)
        found = self._of(key, listed)
        if found is not None:
            return found
        with self._lock:
            alone = self._scoring.setdefault(key, Lock())
        with alone:  # two requests for one list score it once
            found = self._of(key, listed)
            if found is not None:
                return found
            try:
                made = self.rankers.get(key[0])[1].scored(listed.tracks)
            finally:
                with self._lock:
                    self._scoring.pop(key, None)
            with self._lock:
                self._scored[key] = (listed, made)
            return made

    def _of(self, key: tuple[str, str], listed: CandidateList) -> Scored | None:
        """What was scored before, if it was of this very list: another process may have replaced it."""
        with self._lock:
            entry = self._scored.get(key)
        return entry[1] if entry is not None and entry[0] is listed else None

    def forget_list(self, list_id: str) -> None:
        """Drop what was scored of a list that has changed or is gone."""
        with self._lock:
            for key in [key for key in self._scored if key[1] == list_id]:
                del self._scored[key]

    @contextmanager
    def library(self) -> "Iterator[Library]":
        """The library, for one request: it belongs to one thread."""
        from connectors.library import Library  # noqa: PLC0415 (a database driver; the first view does without)

        with Library.open(self.home.library_url) as opened:
            yield opened


def desk_of(request: Request) -> Desk:
    """The desk of the application that answers."""
    desk: Desk = request.app.state.desk
    return desk


AtDesk = Annotated[Desk, Depends(desk_of)]
"""The desk, as a parameter of a route."""
