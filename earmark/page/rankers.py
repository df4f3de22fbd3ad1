"""The rankers that the page can ask: the champion and every recorded run's."""

import json
import re
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock
from typing import Any, Final

from cachetools import LRUCache

from earmark.home import Home
from earmark.page.faults import NoRankerError, NotFoundError
from features.errors import EarmarkError
from models.ranker import Ranker
from models.ranker_folder import load
from models.ranking import is_relative

CHAMPION: Final = "champion"
_RUN = re.compile(r"[0-9a-f]{32}", re.ASCII)
_KEPT: Final = 4


@dataclass(frozen=True)
class RankerEntry:
    """What is known of a ranker without loading it.

    Parameters
    ----------
    run_id : str
    champion : bool
    model, source, trained : str
        What it is made of, what it was trained on, and when (ISO 8601).
    n_tracks, n_liked : int
    relative : bool
        Whether it knows likes but no dislikes: it ranks, and can promise no precision.
    """

    run_id: str
    champion: bool
    model: str
    source: str
    trained: str
    n_tracks: int
    n_liked: int
    relative: bool


class Rankers:
    """Finds and loads rankers by run id; those used last stay loaded.

    Parameters
    ----------
    home : Home
    """

    def __init__(self, home: Home) -> None:
        self._home = home
        self._lock = Lock()
        self._loaded: LRUCache[str, Ranker] = LRUCache(_KEPT)
        self._listing = Lock()  # of its own: the menu does not wait until a ranker is loaded
        self._entries: dict[Path, tuple[int, RankerEntry | None]] = {}

    def run_id(self, model: str) -> str:
        """The run that ``champion`` or a run id stands for.

        A request never names a folder: only ids that are listed are opened.

        Raises
        ------
        NotFoundError
            If there is none.
        """
        if model == CHAMPION:
            folder = self._home.champion()
            if folder is not None and folder.is_dir():
                return folder.name
            raise NoRankerError(
                "there is no ranker yet that knows your taste", "train one first: on this page, or 'make train'"
            )
        if _RUN.fullmatch(model) and (self._home.rankers / model).is_dir():
            return model
        raise NotFoundError(f"there is no ranker {model[:40]!r}", "choose one of the list: /api/v1/models")

    def get(self, model: str) -> tuple[str, Ranker]:
        """The run id and the ranker; raises `NotFoundError`, or ``InputError`` where its folder cannot be read."""
        run_id = self.run_id(model)
        with self._lock:
            ranker = self._loaded.get(run_id)
            if ranker is None:
                ranker = self._loaded[run_id] = load(self._home.rankers / run_id)
            return run_id, ranker

    def entries(self) -> list[RankerEntry]:
        """All of them, the newest first; folders that cannot be understood are left out."""
        if not self._home.rankers.is_dir():
            return []
        try:
            champion = self._home.champion()
        except EarmarkError:
            champion = None
        best = champion.name if champion is not None else None
        folders = [folder for folder in self._home.rankers.iterdir() if _RUN.fullmatch(folder.name)]
        with self._listing:
            found = [self._entry(folder) for folder in folders]
        known = (replace(entry, champion=entry.run_id == best) for entry in found if entry is not None)
        return sorted(known, key=lambda entry: (entry.trained, entry.run_id), reverse=True)

    def _entry(self, folder: Path) -> RankerEntry | None:
        """What a folder says; read again only where it has changed."""
        try:
            changed = (folder / "ranker.json").stat().st_mtime_ns
        except OSError:
            return None
        if folder not in self._entries or self._entries[folder][0] != changed:
            self._entries[folder] = (changed, _entry(folder))
        return self._entries[folder][1]


def _entry(folder: Path) -> RankerEntry | None:
    try:
        info: dict[str, Any] = json.loads((folder / "ranker.json").read_text(encoding="utf-8"))["info"]
        return RankerEntry(
            run_id=folder.name,
            champion=False,
            model=str(info.get("model", "?")),
            source=str(info.get("source", "?")),
            trained=str(info.get("trained", "")),
            n_tracks=int(info.get("n_tracks", 0)),
            n_liked=int(info.get("n_liked", 0)),
            relative=is_relative(info),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
