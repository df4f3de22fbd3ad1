"""`earmark library`: what has been pulled, forgetting a source, and the library as a file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from earmark.cli.options import Json, Verbose, answer, data, note

if TYPE_CHECKING:
    from connectors.library import Library
    from connectors.library.summary import Summary

app = typer.Typer(
    help="Show what has been pulled: evidence, audio features, conflicts, last pulls.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback(invoke_without_command=True)
def library(context: typer.Context, json: Json = False, verbose: Verbose = False) -> None:
    """Show what has been pulled: evidence, audio features, conflicts, last pulls."""
    if context.invoked_subcommand is None:
        _show(json=json)
    elif json:
        context.obj = {"json": True}


@app.command()
def show(context: typer.Context, json: Json = False, verbose: Verbose = False) -> None:
    """Show what is in the library."""
    _show(json=_wants_json(context, json=json))


@app.command()
def forget(
    context: typer.Context,
    source: Annotated[str, typer.Argument(help="Whom it came from, as 'earmark library' lists them.")],
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Delete all that came from a source, and tracks that nothing else tells of."""
    from connectors.library.rows import SOURCES
    from earmark.forgetting import forget as forget_all
    from earmark.forgetting import in_words
    from earmark.home import Home
    from features.errors import InputError

    if source not in SOURCES:
        raise InputError(f"there is no source {source!r} in a library", f"give one of {', '.join(SOURCES)}")
    with _library() as opened:
        gone = forget_all(opened, Home.here(), source)
    if _wants_json(context, json=json):
        answer({"source": source, "deleted": gone})
    elif not any(gone.values()):
        note(f"There was nothing of {source} in the library.")
    else:
        note(f"Forgot {source}: {in_words(gone)}.")


@app.command()
def export(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A name that ends in .csv or .parquet.")],
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Write the labelled tracks as a tracks table, which 'earmark train FILE' reads."""
    from connectors.library.export import check_format, export_bytes
    from earmark.files import check_target, write_atomically

    check_format(file.suffix)
    check_target(file)
    with _library() as opened:
        found = opened.tracks_table()
    if found.tracks.empty:
        _refuse_empty()
    write_atomically(file, export_bytes(found.tracks, file.suffix))
    for line in found.notes:
        note(f"Note: {line}")
    if _wants_json(context, json=json):
        answer({"file": str(file), "tracks": len(found.tracks), "notes": list(found.notes)})
    else:
        note(f"Wrote {len(found.tracks):,} tracks to {file}.")


def _wants_json(context: typer.Context, *, json: bool) -> bool:
    """Whether --json stood before the command or after it."""
    return json or bool((context.obj or {}).get("json"))


@contextmanager
def _library() -> Iterator[Library]:
    """The library; where there is none yet, an empty one that leaves no file."""
    from connectors.library import Library
    from connectors.library.address import file_of, parse
    from earmark.home import Home

    url = Home.here().library_url
    file = file_of(parse(url))
    with Library.open(url if file is None or file.exists() else "sqlite://") as opened:
        yield opened


def _refuse_empty() -> None:
    from features.errors import InputError

    raise InputError(
        "the library holds no evidence yet, so there is nothing to export",
        "pull something first: 'earmark pull spotify', 'earmark pull history FILE' or 'earmark pull csv FILE'",
    )


def _show(*, json: bool) -> None:
    with _library() as opened:
        summary = opened.summary()
    if json:
        answer(summary.as_json())
    elif summary.tracks == 0 and not summary.pulls:
        note("The library is empty. Pull something first: 'earmark pull spotify' or 'earmark pull history FILE'.")
    else:
        data(_told(summary))


def _told(summary: Summary) -> str:
    """The summary for people: a few sentences, and a table for each matter that there is something to say about."""
    from earmark.cli.tables import text_table

    def table(header: list[str], rows: list[list[Any]]) -> str:
        return "\n" + text_table(header, [[_cell(cell) for cell in row] for row in rows]) if rows else ""

    labelled = summary.liked + summary.disliked
    share = f" ({100 * summary.covered / labelled:.0f} %)" if labelled else ""
    lines = [
        f"Library: {summary.place}",
        f"{summary.recordings:,} recordings under {summary.tracks:,} ids; {summary.plays:,} plays",
        f"{labelled:,} labelled: {summary.liked:,} liked, {summary.disliked:,} not liked",
        f"{summary.covered:,} of {labelled:,} labelled recordings have audio features{share}",
    ]
    if summary.conflicts:
        lines.append(
            f"{summary.conflicts:,} have evidence both ways: the stronger decided, {summary.undecided:,} are undecided"
        )
    if summary.playlists:
        lines.append(f"{summary.playlists:,} playlists made by earmark")
    evidence = [
        [row.source, row.kind, "liked" if row.liked else "not liked", row.tracks, row.newest and row.newest.date()]
        for row in summary.evidence
    ]
    analysed = {row.source: (row.tracks, row.whole, _ways(row.matched_by)) for row in summary.features}
    features = [
        [source, *analysed.get(source, (0, 0, "-")), summary.not_found.get(source, 0)]
        for source in sorted({*analysed, *summary.not_found})
    ]
    pulls = [[pull.report["source"], f"{pull.at:%Y-%m-%d %H:%M} UTC", _outcomes(pull.report)] for pull in summary.pulls]
    return (
        "\n".join(lines)
        + "\n"
        + table(["evidence", "kind", "says", "tracks", "newest"], evidence)
        + table(["features", "tracks", "all 12", "matched by", "not found"], features)
        + table(["last pull", "when", "rows"], pulls)
    )


def _ways(matched_by: dict[str, int]) -> str:
    """How a source's values were matched to their recordings, the surest way first."""
    words = {"isrc": "ISRC", "unknown": "not known"}
    return ", ".join(f"{words.get(way, way)} {count:,}" for way, count in matched_by.items())


def _outcomes(report: dict[str, Any]) -> str:
    """What became of a pull's rows, the most frequent first."""
    outcomes = sorted(report["outcomes"].items(), key=lambda entry: (-entry[1], entry[0]))
    return ", ".join(f"{count:,} {name}" for name, count in outcomes if count) or "none"


def _cell(value: object) -> str:
    """A cell of a table; what a library holds must not command a terminal."""
    from earmark.cli.options import visible

    return "-" if value is None else visible(str(value))
