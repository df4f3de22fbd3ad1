"""Where earmark keeps its state: ``./mlruns`` and ``./data``, or below ``EARMARK_HOME``.

``EARMARK_DATABASE_URL`` moves the library and the studies to a database that several machines share.
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from features.errors import InputError

_DRIVERS = {
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
    "sqlite": "sqlite",
}
"""How the address of a database may begin, and the driver that it is spoken to through."""


@dataclass(frozen=True)
class Home:
    """The folder that holds ``mlruns`` and ``data``.

    Parameters
    ----------
    root : Path
        Absolute.
    """

    root: Path

    @classmethod
    def here(cls) -> "Home":
        """``EARMARK_HOME`` where it is set, else the current folder.

        Raises
        ------
        InputError
            If the folder's path cannot stand in the address of a database.
        """
        root = Path(os.environ.get("EARMARK_HOME") or ".").expanduser().resolve()
        if {"?", "%", "#"} & set(str(root)):
            raise InputError(
                f"databases cannot be kept in {root}: its path holds ?, % or #",
                "run earmark in another folder, or set EARMARK_HOME to one",
            )
        return cls(root)

    @property
    def mlruns(self) -> Path:
        """Runs, studies and rankers."""
        return self.root / "mlruns"

    @property
    def search_url(self) -> str:
        """Database URL of the studies; it may hold a password, so it is not to be shown."""
        return _shared_database() or f"sqlite:///{self.mlruns / 'search.db'}"

    @property
    def library_url(self) -> str:
        """Database URL of the library; it may hold a password, so it is not to be shown."""
        return _shared_database() or f"sqlite:///{self.library_file}"

    @property
    def library_file(self) -> Path:
        """Where the library is, unless ``EARMARK_DATABASE_URL`` moves it."""
        return self.root / "data" / "library.db"

    @property
    def rankers(self) -> Path:
        """One saved ranker a run, by run id."""
        return self.mlruns / "rankers"

    @property
    def champion_file(self) -> Path:
        """Names the champion's folder below `rankers`; replaced in one step, so that it never points nowhere."""
        return self.mlruns / "champion.json"

    @property
    def lock_file(self) -> Path:
        """Held while a train or evaluation runs."""
        return self.mlruns / "train.lock"

    def prepare(self) -> None:
        """Make ``mlruns``.

        Raises
        ------
        InputError
            If the folder cannot be written to.
        """
        try:
            self.rankers.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(
                f"{self.mlruns} cannot be written to: {error.strerror}",
                "run earmark in a folder of your own, or set EARMARK_HOME to one",
            ) from error

    def champion(self) -> Path | None:
        """The champion's folder; None before the first train.

        Raises
        ------
        InputError
            If the file that names it is damaged.
        """
        try:
            entry = json.loads(self.champion_file.read_text(encoding="utf-8"))
            name = entry["ranker"]
        except FileNotFoundError:
            return None
        except OSError as error:
            raise InputError(
                f"{self.champion_file} cannot be read: {error.strerror}", "set EARMARK_HOME to a folder that is yours"
            ) from error
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"{self.champion_file} is damaged", "delete it and train again: the next ranker becomes champion"
            ) from error
        return self.rankers / Path(str(name)).name

    def set_champion(self, run_id: str) -> None:
        """Make a run's ranker the champion, in one step."""
        from earmark.files import write_atomically  # noqa: PLC0415 (not needed to rank)

        write_atomically(self.champion_file, json.dumps({"ranker": run_id}) + "\n")

    def find_ranker(self, reference: str) -> Path:
        """The folder of a ranker: ``champion``, a run id or its first characters (at least 6), or a path.

        Raises
        ------
        InputError
            If there is none, or more than one run id begins so.
        """
        if reference == "champion":
            champion = self.champion()
            if champion is None:
                raise InputError(
                    f"there is no trained ranker under {self.mlruns}",
                    "train one first: 'earmark train' or 'make train'",
                )
            return champion
        if Path(reference).is_dir():
            return Path(reference)
        runs = sorted(self.rankers.glob(f"{reference}*")) if reference.isalnum() and len(reference) >= 6 else []
        if len(runs) == 1:
            return runs[0]
        if runs:
            raise InputError(f"{len(runs)} runs begin with {reference}", "give more of the run id's characters")
        raise InputError(
            f"there is no ranker {reference!r}", "give 'champion', a run id that 'earmark models' lists, or a folder"
        )


def _shared_database() -> str | None:
    """``EARMARK_DATABASE_URL`` with its driver; None where it is not set.

    Raises
    ------
    InputError
        If it is not the address of such a database; it is not repeated, for it may hold a password.
    """
    url = os.environ.get("EARMARK_DATABASE_URL")
    if not url:
        return None
    scheme, _, rest = url.partition("://")
    if scheme not in _DRIVERS or not rest:
        raise InputError(
            "EARMARK_DATABASE_URL is not the address of a database that earmark knows",
            "set it to postgresql://USER:PASSWORD@HOST:PORT/DATABASE, or unset it: files below EARMARK_HOME serve well",
        )
    return f"{_DRIVERS[scheme]}://{rest}"
