"""A list of tracks into a playlist of the account's, and back out of it.

Only playlists that earmark made are ever changed; it knows them by their ids, never by their names alone. What is about
to happen can be shown first. Broken off anywhere, the same push goes on where it was, and a push of what is there
already changes nothing. Tracks that Spotify does not know are left out.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from connectors.library.library import Library
from connectors.library.rows import MadePlaylist
from connectors.spotify.account import check_account
from connectors.spotify.answers import Playlist
from connectors.spotify.changes import Change, changes
from connectors.spotify.checks import check_real
from connectors.spotify.client import SpotifyClient
from connectors.spotify.one_push import alone, check_fresh, check_untouched
from connectors.spotify.playlists import contents, own_playlists
from connectors.spotify.rows import SOURCE
from connectors.spotify.sending import Sender
from features.errors import InputError

DESCRIPTION: Final = "Made by earmark: tracks that you will probably like."

MOST_TRACKS: Final = 10_000
"""Seen by users; Spotify's documentation does not say."""

Say = Callable[[str], None]


@dataclass(frozen=True)
class PushPlan:
    """What a push would do.

    Parameters
    ----------
    name : str
        Of the playlist.
    made : MadePlaylist or None
        None where it would be made first.
    current, wanted : tuple of str
        The URIs in it, empty for what cannot be named, and those that it shall hold.
    snapshot_id : str, optional
        Spotify's version of the playlist that ``current`` was read from.
    undo : bool
        Whether it takes the last push back.
    delete : bool
        Whether the playlist itself goes: the undo of a push that made it.
    """

    name: str
    made: MadePlaylist | None
    current: tuple[str, ...]
    wanted: tuple[str, ...]
    snapshot_id: str | None = None
    undo: bool = False
    delete: bool = False

    @property
    def changes(self) -> tuple[Change, ...]:
        """The requests; empty where nothing differs."""
        return changes(self.current, self.wanted)

    @property
    def added(self) -> tuple[str, ...]:
        """URIs that come in."""
        there = set(self.current)
        return tuple(uri for uri in self.wanted if uri not in there)

    @property
    def removed(self) -> tuple[str, ...]:
        """URIs that go."""
        stay = set(self.wanted)
        return tuple(dict.fromkeys(uri for uri in self.current if uri and uri not in stay))

    @property
    def lost(self) -> int:
        """How many entries go that no undo brings back: what has no name, and what is not ours where all is deleted."""
        if self.delete and self.made is not None:
            ours = {*self.made.uris, *(self.made.pending or ())}
            return sum(uri not in ours for uri in self.current)
        return self.current.count("") if self.changes else 0

    @property
    def moves(self) -> bool:
        """Whether tracks that stay change their order."""
        wanted = set(self.wanted)
        left = [uri for uri in self.current if uri in wanted]
        stay = set(left)
        return left != [uri for uri in self.wanted if uri in stay]


def plan_push(library: Library, client: SpotifyClient, name: str, uris: Sequence[str]) -> PushPlan:
    """What it takes to have a playlist of this name with these tracks; changes nothing.

    Parameters
    ----------
    library : Library
    client : SpotifyClient
        Signed in with ``settings.PUSH_SCOPES``.
    name : str
    uris : sequence of str
        ``spotify:track:...``; one that comes twice counts once.

    Raises
    ------
    InputError
        If there are more than a playlist holds, or some are the demo's.
    """
    wanted = tuple(dict.fromkeys(uris))
    check_real(wanted)
    if len(wanted) > MOST_TRACKS:
        raise InputError(
            f"{len(wanted):,} tracks are more than a playlist of Spotify's holds ({MOST_TRACKS:,})",
            "rank with a higher --min-precision, or with --top",
        )
    account = check_account(library, client).id
    made = _remembered(library, account, name)
    there = own_playlists(client, made.playlist_id if made else None)
    if made is None:
        made = _adopt(library, account, name, there)
    elif made.playlist_id not in there:  # deleted in Spotify: one that nobody sees must not be filled
        library.forget_playlist(made.playlist_id)
        made = None
    if made is None:
        return PushPlan(name, None, (), wanted)
    return PushPlan(name, made, _current(client, made, there), wanted, there[made.playlist_id].snapshot_id)


def plan_undo(library: Library, client: SpotifyClient, name: str) -> PushPlan:
    """What it takes to have the playlist as it was before the last push.

    Raises
    ------
    InputError
        If earmark made no playlist of this name, or somebody deleted it.
    """
    account = check_account(library, client).id
    made = _remembered(library, account, name)
    there = own_playlists(client, made.playlist_id if made else None)
    made = made or _adopt(library, account, name, there)
    if made is None:
        names = sorted({known.name for known in library.made_playlists() if known.account == account})
        known = f"these can be undone: {', '.join(map(repr, names))}" if names else "earmark made none so far"
        raise InputError(f"earmark made no playlist {name!r}", known)
    if made.playlist_id in there:
        wanted, version = tuple(uri for uri in made.before or () if uri), there[made.playlist_id].snapshot_id
        current = _current(client, made, there)
        return PushPlan(name, made, current, wanted, version, undo=True, delete=made.before is None)
    if made.before is None:  # an undo was killed after it had deleted it; doing that twice does no harm
        return PushPlan(name, made, (), (), undo=True, delete=True)
    library.forget_playlist(made.playlist_id)
    raise InputError(
        f"the playlist {name!r} is gone from the account: there is nothing to undo",
        "a push makes a new one: earmark push FILE",
    )


def push(
    library: Library, client: SpotifyClient, plan: PushPlan, *, public: bool = False, on_progress: Say = lambda _: None
) -> MadePlaylist | None:
    """Do what a plan says, while nobody else pushes.

    Parameters
    ----------
    library : Library
    client : SpotifyClient
    plan : PushPlan
    public : bool
        Of a playlist that is made now: whether it shows on the account's profile.
    on_progress : callable
        Told in words how far it is.

    Returns
    -------
    MadePlaylist or None
        The playlist, with the URIs that are in it now, whatever the plan wanted; None where it was deleted.

    Raises
    ------
    AnotherPush
        If another process or thread is pushing now.
    PlanOutdated
        If there was another push of this name, or somebody changed the playlist in Spotify, since the plan was made.
    InputError
        If Spotify knows none of the tracks.
    """
    account = client.account().id
    with alone(library, account):
        check_fresh(plan.made, _remembered(library, account, plan.name), plan.name)
        return _carry_out(library, client, plan, public=public, on_progress=on_progress)


def _carry_out(
    library: Library, client: SpotifyClient, plan: PushPlan, *, public: bool, on_progress: Say
) -> MadePlaylist | None:
    if plan.made is None:
        made = _make(library, client, plan.name, public=public)
        return _send_all(library, client, plan, made, on_progress)
    if not plan.delete and not plan.changes and plan.made.pending is None:
        return replace(plan.made, uris=plan.wanted, snapshot_id=plan.snapshot_id)
    made = plan.made
    if plan.current or not plan.delete:  # nothing is lost with an empty one, and it may be deleted already
        snapshot = check_untouched(client, made.playlist_id, plan.snapshot_id, plan.current, plan.name)
        made = replace(made, snapshot_id=snapshot)
    if plan.delete:
        client.unfollow(made.playlist_id)
        library.forget_playlist(made.playlist_id)
        return None
    if made.pending is None:  # what is there, so that an undo, and the undo of an undo, can bring it back
        made = replace(made, uris=plan.current) if plan.undo else replace(made, before=plan.current)
    # Else what was there before stays: a push that broke off began there, and an undo that breaks off must go on there.
    return _send_all(library, client, plan, made, on_progress)


def _send_all(
    library: Library, client: SpotifyClient, plan: PushPlan, made: MadePlaylist, on_progress: Say
) -> MadePlaylist:
    library.save_playlist(replace(made, pending=plan.wanted))
    sender = Sender(client, made.playlist_id, made.snapshot_id)
    for number, change in enumerate(plan.changes, 1):
        on_progress(f"{plan.name}: request {number} of {len(plan.changes)}")
        sender.send(change)
    there, snapshot = sender.known(plan.wanted, plan.name), sender.snapshot_id
    if client.playlist(made.playlist_id).n_tracks not in {None, len(there)}:
        snapshot = None  # somebody changed it between our requests: the next push has to look into it
    before = made.uris if plan.undo else made.before
    if plan.made is not None and plan.made.pending is None and there == plan.current:
        before = plan.made.before  # but for what Spotify does not know, all was there already: nothing to take back
    done = replace(made, uris=there, before=before, snapshot_id=snapshot, pending=None)
    library.save_playlist(done)
    return done


def _make(library: Library, client: SpotifyClient, name: str, *, public: bool) -> MadePlaylist:
    """A new, empty playlist.

    Killed between Spotify's answer and our note of it, the playlist would be made again: so the note of what was there
    before is written first, and `_adopt` finds the new one by it.
    """
    account = client.account().id
    library.set_position(SOURCE, _making(name), {"account": account, "before": list(own_playlists(client))})
    playlist = client.create_playlist(name, DESCRIPTION, public)
    return _note(library, account, name, playlist)


def _adopt(library: Library, account: str, name: str, there: dict[str, Playlist]) -> MadePlaylist | None:
    """A playlist that an earlier push made in the moment it was killed; None where there is no such one."""
    making = library.position(SOURCE, _making(name))
    if making is None or making["account"] != account:
        return None
    new = [
        playlist
        for playlist in there.values()
        if playlist.id not in making["before"]
        and (playlist.name, playlist.description, playlist.n_tracks) == (name, DESCRIPTION, 0)
    ]
    return _note(library, account, name, new[0]) if len(new) == 1 else None


def _note(library: Library, account: str, name: str, playlist: Playlist) -> MadePlaylist:
    made = MadePlaylist(
        playlist_id=playlist.id,
        account=account,
        name=name,
        created_at=datetime.now(UTC),
        uris=(),
        before=None,
        snapshot_id=playlist.snapshot_id,
        pending=(),
    )
    with library.transaction():
        library.save_playlist(made)
        library.set_position(SOURCE, _making(name), None)
    return made


def _making(name: str) -> str:
    return f"making {name}"


def _remembered(library: Library, account: str, name: str) -> MadePlaylist | None:
    """The newest playlist of this name that earmark made for the account."""
    found = [made for made in library.made_playlists() if (made.account, made.name) == (account, name)]
    return found[-1] if found else None


def _current(client: SpotifyClient, made: MadePlaylist, there: dict[str, Playlist]) -> tuple[str, ...]:
    """The URIs in a playlist; where nobody touched it since the last push, those that were sent.

    Spotify may list a track under another id than the one it was sent under, which would differ for ever.
    """
    untouched = made.snapshot_id is not None and there[made.playlist_id].snapshot_id == made.snapshot_id
    return made.uris if untouched and made.pending is None else contents(client, made.playlist_id)
