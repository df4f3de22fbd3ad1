"""Plain text tables: columns aligned by what a terminal shows."""

import shutil
import sys
from collections.abc import Sequence

MAX_COLUMN = 48
"""Longer cells are cut with an ellipsis on a terminal."""


def text_table(header: Sequence[str], rows: Sequence[Sequence[str]], *, whole: bool = False) -> str:
    """Lay out rows under a header; numbers are right-aligned.

    Parameters
    ----------
    header : sequence of str
    rows : sequence of sequence of str
        As long as the header.
    whole : bool
        Never cut a cell: the table goes to a file.

    Returns
    -------
    str
        Lines, each ended.
    """
    from rich.cells import cell_len, set_cell_size

    on_terminal = not whole and sys.stdout.isatty()
    cut = MAX_COLUMN if on_terminal and shutil.get_terminal_size().columns < 200 else 10_000
    cells = [
        [cell if cell_len(cell) <= cut else set_cell_size(cell, cut - 1) + "…" for cell in row]
        for row in (header, *rows)
    ]
    widths = [max(cell_len(row[column]) for row in cells) for column in range(len(header))]
    numeric = [bool(rows) and all(_is_number(row[column]) for row in rows) for column in range(len(header))]
    lines = []
    for row in cells:
        parts = []
        for cell, width, right in zip(row, widths, numeric, strict=True):
            pad = " " * (width - cell_len(cell))
            parts.append(pad + cell if right else cell + pad)
        lines.append("  ".join(parts).rstrip())
    return "\n".join(lines) + "\n"


def _is_number(cell: str) -> bool:
    return not cell or cell == "-" or cell.lstrip("+-").replace(".", "", 1).isdigit()
