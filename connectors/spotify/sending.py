"""The requests of a push, one after another, around the tracks that Spotify does not know.

One id that Spotify does not have makes it refuse a whole request, without a word on which. So what is refused is sent
again half by half: what it knows gets in, and what it does not is left out and told. One such id among a hundred costs
about fifteen requests.
"""

from collections.abc import Sequence

from connectors.http.faults import UnknownIds
from connectors.spotify.changes import Change, Insert, Remove, Replace
from connectors.spotify.client import SpotifyClient
from features.errors import InputError


class Sender:
    """Sends the changes of one plan, in order.

    Parameters
    ----------
    client : SpotifyClient
    playlist_id : str
    snapshot_id : str, optional
        Spotify's version of the playlist that the changes begin with.
    """

    def __init__(self, client: SpotifyClient, playlist_id: str, snapshot_id: str | None) -> None:
        self._client = client
        self._playlist_id = playlist_id
        self._replaces = False
        self.snapshot_id = snapshot_id
        """The version after the last change."""
        self.unknown: list[str] = []
        """URIs that Spotify does not know, and that were left out."""

    def send(self, change: Change) -> None:
        """Send one change.

        Parameters
        ----------
        change : Change
            One of ``changes.changes``, whose inserts go front to back: what was left out came before them.
        """
        match change:
            case Remove(uris):
                self.snapshot_id = self._client.remove_items(self._playlist_id, uris, self.snapshot_id)
            case Insert(uris, position):
                self._put(uris, position - len(self.unknown))
            case Replace(uris):
                self._replaces = True  # by the first tracks that Spotify knows: it is never left empty in between
                self._put(uris, 0)

    def known(self, wanted: Sequence[str], name: str) -> tuple[str, ...]:
        """What of ``wanted`` is in the playlist when all was sent.

        Raises
        ------
        InputError
            If Spotify knows none of it.
        """
        left_out = set(self.unknown)
        there = tuple(uri for uri in wanted if uri not in left_out)
        if wanted and not there:
            raise InputError(
                f"Spotify knows none of the {len(wanted):,} tracks that the playlist {name!r} was to hold",
                "see whether they are gone, or their ids mistyped, and push others to it; where the playlist is new "
                f'and empty, this deletes it: earmark push --undo --name "{name}"',
            )
        return there

    def _put(self, uris: tuple[str, ...], position: int) -> None:
        """Put tracks in before a position, or in place of all."""
        try:
            if self._replaces:
                self.snapshot_id = self._client.replace_items(self._playlist_id, uris)
            else:
                self.snapshot_id = self._client.add_items(self._playlist_id, uris, position)
        except UnknownIds:
            self._put_apart(uris, position)
        else:
            self._replaces = False

    def _put_apart(self, uris: tuple[str, ...], position: int) -> None:
        """The same with tracks of which Spotify does not know all."""
        if len(uris) == 1:
            self.unknown += uris
            return
        half, before = len(uris) // 2, len(self.unknown)
        self._put(uris[:half], position)
        self._put(uris[half:], position + half - (len(self.unknown) - before))
