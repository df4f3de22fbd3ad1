"""`earmark validate`."""

from typing import Annotated

import typer

from earmark.cli.options import Json, Label, Verbose, answer, data, note


def validate(
    file: Annotated[str, typer.Argument(help="A file or a source's name.")],
    label: Label = None,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Check a table of tracks and report all its faults at once; exit code 2 if a cell cannot be right."""
    from connectors.registry import open_source
    from earmark.home import Home
    from features.schema import validate as validate_table

    reading = open_source(file, label=label, library_url=Home.here().library_url).read()
    for line in reading.notes:
        note(line)
    _, report = validate_table(reading.tracks)
    if json:
        answer({**report.to_dict(), "notes": list(reading.notes)})
    else:
        data("\n".join(report.lines()) + "\n")
    if report.malformed:
        raise typer.Exit(2)
