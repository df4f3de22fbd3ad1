"""``earmark pull lastfm``."""

import os
from typing import Annotated

import typer

from earmark.cli.options import Json, MaxWait, Verbose


def pull_lastfm(
    user: Annotated[str, typer.Argument(help="The name at Last.fm, as in https://www.last.fm/user/NAME.")],
    max_wait: MaxWait = 60.0,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Take a Last.fm user's loved tracks into the library; EARMARK_LASTFM_KEY holds your own (free) API key."""
    from connectors.http.addresses import service_address
    from connectors.http.transport import Transport
    from connectors.lastfm.client import PER_SECOND, URL, LastFm
    from connectors.lastfm.pull import pull_lastfm as pull
    from earmark.cli.pulling import finish, open_library, show_wait

    url = service_address("EARMARK_LASTFM_URL", URL)
    transport = Transport("Last.fm", max_wait=max_wait, on_wait=show_wait, per_second=PER_SECOND)
    client = LastFm(transport, os.environ.get("EARMARK_LASTFM_KEY", ""), url)
    with open_library() as library, transport:
        finish(library, pull(library, client, user), {}, json=json)
