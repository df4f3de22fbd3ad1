"""One push at a time, and only of a plan that still holds.

Two pushes of one new name, side by side, would make two playlists of which the library knows one; and a plan that was
made before another push would take that one's tracks for the listener's own.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from filelock import FileLock, Timeout

from connectors.library.library import Library
from connectors.library.rows import MadePlaylist
from connectors.spotify.client import SpotifyClient
from connectors.spotify.playlists import contents
from connectors.spotify.settings import config_folder
from features.errors import InputError

LOCK_FILE: Final = "spotify-push.lock"


class AnotherPush(InputError):  # noqa: N818 (it reads as what happened)
    """Another process, or another thread of this one, is pushing (exit code 2)."""


class PlanOutdated(InputError):  # noqa: N818
    """The playlist was changed since the plan was made, by another push or in Spotify (exit code 2)."""


@contextmanager
def alone(library: Library, account: str) -> Iterator[None]:
    """Keep others from pushing to the account: who shares the sign-in, and who shares the library.

    The first meet at a file, the others (of any machine) in the library's database. Both let go of the lock when a
    process dies.

    Parameters
    ----------
    library : Library
    account : str
        Its id at Spotify.

    Raises
    ------
    AnotherPush
        If somebody is pushing now.
    """
    lock = FileLock(config_folder() / LOCK_FILE, mode=0o600)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise _another() from None
    try:
        with library.hold(f"spotify push {account}") as held:
            if not held:
                raise _another()
            yield
    finally:
        lock.release()


def _another() -> AnotherPush:
    return AnotherPush("another earmark is changing a playlist of this account right now", "when it is done, try again")


def check_fresh(planned: MadePlaylist | None, known: MadePlaylist | None, name: str) -> None:
    """Refuse a plan that another push has overtaken.

    Parameters
    ----------
    planned, known : MadePlaylist or None
        What the library knew of the playlist when the plan was made, and what it knows now.
    name : str
        Of the playlist.

    Raises
    ------
    PlanOutdated
        If they differ.
    """
    if planned != known:
        raise _outdated(name, "by another push")


def check_untouched(
    client: SpotifyClient, playlist_id: str, snapshot_id: str | None, current: tuple[str, ...], name: str
) -> str | None:
    """Refuse a plan that somebody in Spotify has overtaken.

    Parameters
    ----------
    client : SpotifyClient
    playlist_id : str
    snapshot_id : str or None
        Of the playlist when the plan was made.
    current : tuple of str
        What it held then, as of ``playlists.contents``.
    name : str
        Of the playlist.

    Returns
    -------
    str or None
        Its snapshot now.

    Raises
    ------
    PlanOutdated
        If it holds something else now.
    """
    now = client.playlist(playlist_id).snapshot_id
    if now != snapshot_id and contents(client, playlist_id) != current:
        raise _outdated(name, "in Spotify")
    return now


def _outdated(name: str, how: str) -> PlanOutdated:
    return PlanOutdated(
        f"the playlist {name!r} was changed {how} since this push was planned",
        "look again at what would be done, then send",
    )
