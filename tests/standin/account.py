"""An account at the stand-in services: likes, playlists and feedback, with the catalogue that they point into."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from tests.standin.rates import Rates
from tests.standin.tracks import Catalogue, Feedback

EDITORIAL = "37i9dQZF1DX0XUsuxWHRQd"
"""The id of a playlist of Spotify's own: not found, whoever asks."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the likes or of a playlist: when it came in (unix seconds, UTC), and a key into the catalogue."""

    added: int
    key: int

    @property
    def added_at(self) -> str:
        """As Spotify writes it."""
        return datetime.fromtimestamp(self.added, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class Playlist:
    """A playlist; every change goes through `change`, which makes a new snapshot."""

    playlist_id: str
    name: str
    owner_id: str
    description: str = ""
    public: bool = False
    collaborative: bool = False
    entries: list[Entry] = field(default_factory=list)
    snapshots: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._number = 0
        if not self.snapshots:
            self.change(self.entries)

    @property
    def snapshot_id(self) -> str:
        """The id of its present state."""
        return self.snapshots[-1]

    def change(self, entries: Sequence[Entry]) -> str:
        """Replace the entries; gives the new snapshot id."""
        self.entries = list(entries)
        self._number += 1
        self.snapshots.append(hashlib.sha256(f"{self.playlist_id} {self._number}".encode()).hexdigest()[:32])
        return self.snapshot_id


@dataclass
class Account:
    """One listener's account.

    Parameters
    ----------
    catalogue : Catalogue
    user_id, account_id, display_name : str
    likes : list of Entry
        Newest first, as Spotify lists them.
    playlists : dict of str to Playlist
        Every playlist that exists, by id.
    followed : list of str
        Ids of those in the listener's own list, in order.
    top : dict of str to list of int
        Keys of the top tracks by time range.
    listenbrainz : dict of str to list of Feedback
        By user name, newest first.
    """

    catalogue: Catalogue
    user_id: str = "listener"
    account_id: str = "aB3dE5fG7h"
    display_name: str | None = "A Listener"
    likes: list[Entry] = field(default_factory=list)
    playlists: dict[str, Playlist] = field(default_factory=dict)
    followed: list[str] = field(default_factory=list)
    top: dict[str, list[int]] = field(default_factory=dict)
    listenbrainz: dict[str, list[Feedback]] = field(default_factory=dict)

    @classmethod
    def made_up(
        cls, n_likes: int, seed: int = 0, *, n_playlists: int = 3, playlist_size: int = 120, rates: Rates | None = None
    ) -> "Account":
        """Invent an account whose tracks are computed when they are asked for.

        Parameters
        ----------
        n_likes : int
            Number of likes, vanished ones and local files included.
        seed : int
            The same seed gives the same account.
        n_playlists, playlist_size : int
            The listener's own playlists: the first is called "Skipped". There are two of other people's besides.
        rates : Rates, optional
            How often entries are awkward.
        """
        from tests.standin.made_up_account import made_up_account

        return made_up_account(n_likes, seed, n_playlists, playlist_size, rates or Rates())

    @classmethod
    def demo(cls, seed: int = 0) -> "Account":
        """The account of the demo listener: their likes, a playlist "Skipped" of what they did not like, and a playlist
        "Discover" of the demo's candidates; ReccoBeats and Spotify know the demo's features.
        """
        from tests.standin.demo_account import demo_account

        return demo_account(seed)

    @classmethod
    def from_file(cls, path: str | Path) -> "Account":
        """An account written in JSON (see ``account_file``)."""
        from tests.standin.account_file import account_of_file

        return account_of_file(Path(path))

    def playlist_called(self, name: str) -> Playlist:
        """The first playlist of that name; KeyError where there is none."""
        for playlist in self.playlists.values():
            if playlist.name == name:
                return playlist
        raise KeyError(name)

    def add_playlist(
        self,
        name: str,
        keys: Sequence[int] = (),
        *,
        owner_id: str | None = None,
        followed: bool = True,
        public: bool = False,
        collaborative: bool = False,
        description: str = "",
    ) -> Playlist:
        """Make a playlist, at the top of the listener's list where it is followed; gives it."""
        taken = len(self.playlists)
        playlist_id = _id_like(f"{self.user_id} playlist {taken}")
        start = 1_700_000_000 + 1_000 * taken
        entries = [Entry(start + place, key) for place, key in enumerate(keys)]
        playlist = Playlist(
            playlist_id, name, owner_id or self.user_id, description, public, collaborative, entries=entries
        )
        self.playlists[playlist_id] = playlist
        if followed:
            self.followed.insert(0, playlist_id)
        return playlist

    def like(self, track_id: str, added: int | None = None) -> None:
        """Like a track of the catalogue, as the newest; KeyError where the catalogue does not know it."""
        key = self.catalogue.key_of(track_id)
        if key is None:
            raise KeyError(track_id)
        newest = self.likes[0].added if self.likes else 1_700_000_000
        self.likes.insert(0, Entry(newest + 60 if added is None else added, key))

    def unlike(self, track_id: str) -> None:
        """Take a like back."""
        key = self.catalogue.key_of(track_id)
        self.likes = [entry for entry in self.likes if entry.key != key]


def _id_like(text: str) -> str:
    number = int.from_bytes(hashlib.sha256(text.encode()).digest(), "big")
    characters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    return "".join(characters[number // 62**place % 62] for place in range(22))
