"""``earmark pull features``."""

from pathlib import Path
from typing import Annotated

import typer

from earmark.cli.options import Json, MaxWait, Verbose, note

Catalogue = Annotated[
    Path | None,
    typer.Option("--catalogue", help="Parquet or CSV of any size with audio features; looked into before ReccoBeats."),
]
Offline = Annotated[bool, typer.Option("--offline", help="Ask no service; look into the catalogue alone.")]


def pull_features(
    catalogue: Catalogue = None,
    offline: Offline = False,
    max_wait: MaxWait = 60.0,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Find audio features for all tracks in the library that you judged: Spotify, then a catalogue, then ReccoBeats."""
    from connectors.audio_features.chain import pull_features as pull
    from connectors.audio_features.usual import usual_links
    from earmark.cli.pulling import finish, open_library, show_wait

    with (
        open_library() as library,
        usual_links(
            library, catalogue=catalogue, offline=offline, max_wait=max_wait, on_wait=show_wait, say=note
        ) as links,
    ):
        done = pull(library, links, on_batch=_show_batch)
        finish(library, done.report, {"coverage": done.coverage.as_json()}, json=json)


def _show_batch(source: str, done: int, total: int) -> None:
    if done == total or done % 1000 == 0:
        note(f"{source}: asked for {done:,} of {total:,} tracks")
