"""A table as it was found: headers as written, cells as the format gave them."""

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class RawTable:
    """Columns by position, because headers may be empty or repeat.

    Parameters
    ----------
    headers : tuple of str
        One a column, as written; empty for a nameless column.
    columns : tuple of Series
        Parallel to ``headers``, all of one length, RangeIndex. Text for delimited files; any type for JSON and parquet.
    notes : tuple of str
        What reading the format recognised, one line each.
    """

    headers: tuple[str, ...]
    columns: tuple[pd.Series, ...]
    notes: tuple[str, ...] = ()

    @property
    def n_rows(self) -> int:
        """Rows below the header."""
        return len(self.columns[0]) if self.columns else 0


def counted(n: int, thing: str) -> str:
    """A number and its noun: "1 row", "2,017 rows"."""
    return f"{n:,} {thing}" if n == 1 else f"{n:,} {thing}s"
