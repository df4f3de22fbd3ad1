"""What each ranker learned from, kept beside it for whoever wants to see: track, label, and what was foreseen of it.

A ranker itself holds no tracks, only fingerprints, so that its folder can be given away. These tables stay here, and go
when the source that they came from is forgotten.
"""

from collections.abc import Collection
from pathlib import Path
from typing import Final

import pandas as pd

from earmark.files import write_atomically
from earmark.home import Home
from features.errors import InputError

SOURCE: Final = "source"
"""Entry of a table's ``attrs``: the source that it was read from."""
VERDICTS: Final = "verdicts"
"""Another: the source of the page's verdicts in it, where there are any."""


def table_file(home: Home, run_id: str) -> Path:
    """Where the table of a run is."""
    return home.mlruns / "tables" / f"{run_id}.parquet"


def save_table(home: Home, run_id: str, table: pd.DataFrame, source: str, verdicts: str | None = None) -> None:
    """Keep the table of a run, whole or not at all.

    Parameters
    ----------
    home : Home
    run_id : str
    table : DataFrame
        `TrainResult.judged`.
    source : str
        A source's name, or a file's.
    verdicts : str, optional
        The source of the page's verdicts in it: ``page`` or ``page_demo``.
    """
    file = table_file(home, run_id)
    file.parent.mkdir(parents=True, exist_ok=True)
    kept = table.copy()
    kept.attrs = {SOURCE: source} if verdicts is None else {SOURCE: source, VERDICTS: verdicts}
    write_atomically(file, kept.to_parquet())


def load_table(home: Home, run_id: str) -> pd.DataFrame | None:
    """The table of a run; None where it is gone, or the run is older than such tables.

    Raises
    ------
    InputError
        If its file is damaged.
    """
    file = table_file(home, run_id)
    try:
        return pd.read_parquet(file)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise InputError(f"{file}: this table of what the ranker learned from cannot be read", "train again") from error


def forget_tables(home: Home, sources: Collection[str]) -> int:
    """Delete the tables that came from any of these sources, or hold verdicts of one; how many there were.

    A damaged table may have come from any: it goes, too, and is of no use to anybody.
    """
    gone = 0
    for file in sorted((home.mlruns / "tables").glob("*.parquet")):
        if _came_from(file, sources):
            file.unlink(missing_ok=True)
            gone += 1
    return gone


def _came_from(file: Path, sources: Collection[str]) -> bool:
    try:
        about = pd.read_parquet(file, columns=[]).attrs
    except (OSError, ValueError):
        return True
    return about.get(SOURCE) in sources or about.get(VERDICTS) in sources
