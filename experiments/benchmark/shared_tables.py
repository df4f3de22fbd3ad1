"""The real tables that lie beside the repository (``EARMARK_SHARED_DATA`` names another folder)."""

import os
from pathlib import Path


class TableMissingError(FileNotFoundError):
    """A real table is not there: the benchmark cannot be run, which is nobody's fault."""


def shared_table(name: str) -> Path:
    """The absolute path of a table, such as ``listeners/spotifyclassification.csv``.

    Raises
    ------
    TableMissingError
        If it is not there.
    """
    beside = Path(__file__).parents[3] / "shared" / "data"
    path = Path(os.environ.get("EARMARK_SHARED_DATA") or beside).resolve() / name
    if not path.is_file():
        raise TableMissingError(f"{path} is missing (EARMARK_SHARED_DATA names the folder of real tables)")
    return path


def kaggle_csv() -> Path:
    """2,017 tracks of one listener, half of them liked, sorted by label."""
    return shared_table("listeners/spotifyclassification.csv")
