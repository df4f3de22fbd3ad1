"""``earmark pull listenbrainz``."""

from typing import Annotated

import typer

from earmark.cli.options import Json, MaxWait, Verbose


def pull_listenbrainz(
    user: Annotated[str, typer.Argument(help="The name at ListenBrainz, as in https://listenbrainz.org/user/NAME/.")],
    max_wait: MaxWait = 60.0,
    json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Take a ListenBrainz user's love and hate into the library; it needs no key."""
    from connectors.http.addresses import service_address
    from connectors.http.transport import Transport
    from connectors.listenbrainz.client import URL, ListenBrainz
    from connectors.listenbrainz.pull import pull_listenbrainz as pull
    from earmark.cli.pulling import finish, open_library, show_wait

    url = service_address("EARMARK_LISTENBRAINZ_URL", URL)
    with open_library() as library, Transport("ListenBrainz", max_wait=max_wait, on_wait=show_wait) as transport:
        finish(library, pull(library, ListenBrainz(transport, url), user), {}, json=json)
