"""A user's list of verdicts at a service, read page by page while it may change.

Each page is committed together with where the next one begins, so a pull that was killed goes on there. The newest come
first: one verdict more, or one less, moves all the others to other pages, and the list is read anew. The library holds
the list of one user of a service at a time, and verdicts that were taken back disappear.
"""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

from connectors.library.library import Library
from features.errors import ServiceError

_MOST_RESTARTS: Final = 3

Item = TypeVar("Item")


@dataclass(frozen=True)
class VerdictPage(Generic[Item]):
    """One page.

    Parameters
    ----------
    items : sequence
    total : int
        Verdicts in the whole list.
    next : int or None
        Where the next page begins, in the service's own counting; None after the last one.
    """

    items: Sequence[Item]
    total: int
    next: int | None


@dataclass
class Progress:
    """How far a pull has come; kept in the library, so that another process can go on.

    Parameters
    ----------
    user : str
    at : int
        Where the next page begins.
    seen : dict of str to list of str
        Track ids by kind of evidence.
    total : int or None
        Verdicts that there were when it began; a page read under another total may have moved.
    outcomes : Counter
    """

    user: str
    at: int
    seen: dict[str, list[str]]
    total: int | None = None
    outcomes: Counter[str] = field(default_factory=Counter)

    @property
    def unlisted(self) -> int:
        """How many verdicts the service counts that were on no page."""
        return max((self.total or 0) - self.outcomes.total(), 0)

    def as_json(self) -> dict[str, Any]:
        """What is kept."""
        return {**vars(self), "outcomes": dict(self.outcomes)}

    def notes(self, removed: int | None, what: str) -> tuple[str, ...]:
        """What a report says at the end of what was taken back, from what `VerdictList.read` gives."""
        if removed is None:
            missing = f"{self.unlisted:,} {what} are counted and not listed"
            return (f"{missing}: none is taken as taken back, the next pull asks again",)
        return (f"{removed:,} {what} that were taken back are gone",) if removed else ()


@dataclass(frozen=True)
class VerdictList:
    """One user's list.

    Parameters
    ----------
    source, stream : str
        What its position is kept under.
    user : str
    kinds : collection of str
        Of the evidence in it.
    first : int
        Where the first page begins.
    """

    source: str
    stream: str
    user: str
    kinds: Collection[str]
    first: int

    def read(
        self,
        library: Library,
        page_at: Callable[[int], VerdictPage[Item]],
        keep: Callable[[Sequence[Item], Progress], None],
    ) -> tuple[Progress, int | None]:
        """Read the list from where an earlier pull stopped to its end.

        Parameters
        ----------
        library : Library
        page_at : callable
            Asks the service for the page that begins there.
        keep : callable
            Puts the items of a page into the library and the progress, within a transaction; counts each.

        Returns
        -------
        progress : Progress
            Of the whole list.
        removed : int or None
            Verdicts that were taken back; None, and none is taken for that, where the pages held less than the service
            counts: unless they held as much less in the last pull that lacked nothing of the library, for then it
            counts what it never lists.

        Raises
        ------
        ServiceError
            Where the list changes too often.
        """
        progress, restarts = self._stored(library), 0
        while True:
            page = page_at(progress.at)
            if progress.total not in {None, page.total}:
                restarts += 1
                if restarts > _MOST_RESTARTS:
                    raise ServiceError(
                        f"the verdicts of {self.user} change faster than they can be read",
                        "run the same command again when nobody is giving any",
                    )
                progress = self._begin()
                library.set_position(self.source, self.stream, None)
                continue
            progress.total = page.total
            with library.transaction():
                keep(page.items, progress)
                if page.next is None:
                    library.set_position(self.source, self.stream, None)
                    return progress, self._take_back(library, progress)
                progress.at = page.next
                library.set_position(self.source, self.stream, progress.as_json())

    def _take_back(self, library: Library, progress: Progress) -> int | None:
        """Remove what was on no page; see `read`."""
        stream = f"{self.stream}, unlisted"
        known = library.position(self.source, stream)
        now = {"user": self.user, "unlisted": progress.unlisted} if progress.unlisted else None
        believed = now in (None, known)
        if believed or not self._lacking(library, progress):
            library.set_position(self.source, stream, now)
        if not believed:
            return None
        return sum(library.keep_evidence(self.source, kind, ids) for kind, ids in progress.seen.items())

    def _lacking(self, library: Library, progress: Progress) -> bool:
        """Whether the library holds verdicts that were on no page: what was listed once is not what never is."""
        told = library.evidence()
        told = told[told["source"] == self.source]
        return any(
            not told.loc[told["kind"] == kind, "track_id"].isin(ids).all() for kind, ids in progress.seen.items()
        )

    def _begin(self) -> Progress:
        return Progress(self.user, self.first, {kind: [] for kind in self.kinds})

    def _stored(self, library: Library) -> Progress:
        stored = library.position(self.source, self.stream) or {}
        if stored.get("user") != self.user or "at" not in stored:  # earlier versions kept other fields
            return self._begin()
        return Progress(**{**stored, "outcomes": Counter(stored["outcomes"])})
