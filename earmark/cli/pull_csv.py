"""``earmark pull csv``."""

from pathlib import Path
from typing import Annotated

import typer

from earmark.cli.options import Json, Label, Verbose


def pull_csv(
    file: Annotated[Path, typer.Argument(help="CSV, JSON, JSON lines or parquet, with labels and audio features.")],
    label: Label = None,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Take a table's labels and audio features into the library; again, after it changed, replaces what it said."""
    from connectors.csv_pull import pull_csv as pull
    from earmark.cli.pulling import finish, open_library

    with open_library() as library:
        finish(library, pull(library, file, label=label), {}, json=json)
