"""``earmark pull spotify``."""

from typing import Annotated

import typer

from earmark.cli.options import Json, MaxWait, Verbose

Liked = Annotated[
    list[str] | None, typer.Option("--liked", help="An own playlist, by name or address, all of which you like.")
]
Disliked = Annotated[
    list[str] | None, typer.Option("--disliked", help="An own playlist, by name or address, nothing of which you like.")
]
Unnamed = Annotated[
    list[str] | None, typer.Option("--unname", help="A playlist that was named so before and counts no longer.")
]


def pull_spotify(
    liked: Liked = None,
    disliked: Disliked = None,
    unname: Unnamed = None,
    max_wait: MaxWait = 60.0,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Fetch your likes, the playlists that you name as liked or disliked, and what you play most."""
    from connectors.spotify.client import SpotifyClient
    from connectors.spotify.pull import pull_spotify as pull
    from connectors.spotify.settings import PULL_SCOPES
    from earmark.cli.pulling import finish, open_library, show_progress, show_wait

    with (
        open_library() as library,
        SpotifyClient.signed_in(scopes=PULL_SCOPES, max_wait=max_wait, on_wait=show_wait) as client,
    ):
        with show_progress() as on_progress:
            report = pull(
                library,
                client,
                liked=liked or (),
                disliked=disliked or (),
                unnamed=unname or (),
                on_progress=on_progress,
            )
        finish(library, report, {}, json=json)
