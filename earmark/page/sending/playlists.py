"""The account's own playlists, and one of them as candidates."""

from connectors.spotify.references import playlist_id
from earmark.page.desk import Desk
from earmark.page.lists import CandidateList, listed
from earmark.page.sending.account import MAX_WAIT, READ_SCOPES, account_at_spotify
from earmark.page.sending.answers import AccountPlaylist, AccountPlaylists
from earmark.reading import Fetching, read_tracks
from features.errors import InputError


def account_playlists(desk: Desk) -> AccountPlaylists:
    """The playlists that the account owns: Spotify tells the tracks of others to their owners alone.

    Parameters
    ----------
    desk : Desk

    Raises
    ------
    InputError
        If nobody is signed in; says how.
    ServiceError
        If Spotify fails.
    """
    from connectors.spotify.playlists import all_playlists  # noqa: PLC0415 (spotipy; ranking does without)

    with account_at_spotify(READ_SCOPES) as client:
        account = client.account()
        own = {one.id: one for one in all_playlists(client) if one.is_mine or one.collaborative}
    with desk.library() as library:
        made = {one.playlist_id for one in library.made_playlists() if one.account == account.id}
    found = [
        AccountPlaylist(playlist_id=one.id, name=one.name, n_tracks=one.n_tracks, made_by_earmark=one.id in made)
        for one in own.values()
    ]
    return AccountPlaylists(account=account.name, playlists=found)


def fetch_candidates(desk: Desk, reference: str) -> CandidateList:
    """Make a list of a playlist's tracks, in the place of one that was fetched before.

    Parameters
    ----------
    desk : Desk
    reference : str
        Id, URI or address of the playlist.

    Returns
    -------
    CandidateList

    Raises
    ------
    InputError
        If it names no playlist, nobody is signed in, the playlist is someone else's, or no track of it can be used.
    NotFoundError
        If there is none.
    ServiceError
        If Spotify fails.
    """
    identifier = playlist_id(reference)
    if identifier is None:
        raise InputError(
            f"{reference[:60]!r} names no playlist",
            "copy the playlist's link from Spotify: https://open.spotify.com/playlist/...",
        )
    with account_at_spotify(READ_SCOPES) as client:
        title = client.playlist(identifier).name
        read = read_tracks(f"spotify:playlist:{identifier}", labels=False, fetching=Fetching(max_wait=MAX_WAIT))
    found = desk.lists.put(listed(f"playlist-{identifier}", title, "playlist", read))
    desk.forget_list(found.list_id)
    return found
