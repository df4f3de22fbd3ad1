"""``earmark pull history``."""

from pathlib import Path
from typing import Annotated

import typer

from earmark.cli.options import Json, Verbose, note


def pull_history(
    paths: Annotated[list[Path], typer.Argument(help="ZIP files, folders or JSON files of Spotify's export.")],
    without_incognito: Annotated[
        bool, typer.Option("--without-incognito", help="Leave out plays of private sessions.")
    ] = False,
    without_hours: Annotated[
        str | None, typer.Option("--without-hours", help="Leave out hours asleep: first-end, e.g. 1-6 or 23-5.")
    ] = None,
    without_shuffle: Annotated[
        bool, typer.Option("--without-shuffle", help="Leave out plays in shuffled order.")
    ] = False,
    without_device: Annotated[
        list[str] | None,
        typer.Option("--without-device", help="Leave out a shared device by a part of its name; can be repeated."),
    ] = None,
    after: Annotated[str | None, typer.Option("--after", help="Keep plays from this day on, YYYY-MM-DD.")] = None,
    before: Annotated[str | None, typer.Option("--before", help="Keep plays before this day, YYYY-MM-DD.")] = None,
    time_zone: Annotated[
        str | None, typer.Option("--time-zone", help="Of hours and days, e.g. Europe/Paris; this machine's by default.")
    ] = None,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Take your own streaming history and library file into the library: plays, likes and bans."""
    from connectors.history.exclusions import Exclusions, parse_day, parse_hours, zone
    from connectors.history.pull import pull_history as pull
    from earmark.cli.pulling import finish, open_library, show_progress

    exclusions = Exclusions(
        incognito=without_incognito,
        shuffled=without_shuffle,
        devices=tuple(without_device or ()),
        hours=None if without_hours is None else parse_hours(without_hours),
        after=None if after is None else parse_day(after),
        before=None if before is None else parse_day(before),
        time_zone=time_zone,
    )
    if exclusions.need_local_time and time_zone is None:
        note(f"hours and days are those of {zone(None).key}; --time-zone takes another")
    with open_library() as library, show_progress() as progress:
        report = pull(library, paths, exclusions, on_progress=progress)
        finish(library, report, {}, json=json)
