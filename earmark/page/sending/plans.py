"""Sending chosen tracks to a playlist and taking that back: first what would be done, then just that and nothing else.

A plan is named by the digest of all that it says. Whoever wants it done gives the digest back; where the plan that is
made then is another one, since somebody changed the playlist or the choice meanwhile, nothing is done.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import TYPE_CHECKING

import pandas as pd

from connectors.http.addresses import is_loopback
from connectors.spotify.settings import PUSH_SCOPES, Addresses
from earmark.page.desk import Desk
from earmark.page.faults import BusyError
from earmark.page.sending.account import account_at_spotify
from earmark.page.sending.answers import PLAYLIST_ADDRESS, NamedTrack, Plan, Sent
from earmark.page.sending.chosen import Chosen
from features.errors import InputError

if TYPE_CHECKING:
    from connectors.library import Library, MadePlaylist
    from connectors.spotify.client import SpotifyClient
    from connectors.spotify.push import PushPlan

Names = dict[str, tuple[str | None, str | None]]
"""Title and artist by track id."""


def plan_sending(desk: Desk, chosen: Chosen, name: str) -> Plan:
    """What it takes to have a playlist of this name with the chosen tracks; changes nothing.

    Parameters
    ----------
    desk : Desk
    chosen : Chosen
    name : str
        Of the playlist.

    Raises
    ------
    InputError
        If nobody is signed in for it, Spotify refuses, or no track can be sent.
    ServiceError
        If Spotify fails.
    """
    with _at_work(desk) as (library, client):
        plan = _plan(library, client, chosen, name)
        return _answer(plan, _names(library, client, plan, chosen.ranking.tracks), chosen.n_without_id)


def send(desk: Desk, chosen: Chosen, name: str, seen: str) -> Sent:
    """Do what a plan said that was seen; where the playlist holds these tracks already, nothing is left to do.

    Parameters
    ----------
    desk : Desk
    chosen : Chosen
    name : str
    seen : str
        The ``plan`` of `plan_sending`.

    Raises
    ------
    BusyError
        If it would be another plan by now, or another push is under way.
    InputError, ServiceError
        As `plan_sending`; what was sent before a failure stays, and the next plan goes on from there.
    """
    with _at_work(desk) as (library, client):
        plan = _plan(library, client, chosen, name)
        done = plan.made is not None and plan.made.pending is None and not plan.changes
        return _sent(plan, plan.made, changed=False) if done else _carry_out(library, client, plan, seen)


def plan_taking_back(desk: Desk, name: str) -> Plan:
    """What it takes to have a playlist as it was before the last push; raises as `plan_sending`."""
    from connectors.spotify.push import plan_undo  # noqa: PLC0415 (spotipy; ranking does without)

    with _at_work(desk) as (library, client):
        plan = plan_undo(library, client, name)
        return _answer(plan, _names(library, client, plan, pd.DataFrame()), 0)


def take_back(desk: Desk, name: str, seen: str) -> Sent:
    """Do what a plan of `plan_taking_back` said that was seen; raises as `send`."""
    from connectors.spotify.push import plan_undo  # noqa: PLC0415

    with _at_work(desk) as (library, client):
        return _carry_out(library, client, plan_undo(library, client, name), seen)


def sent_before(desk: Desk) -> list[str]:
    """The names of the playlists that earmark made and that are not taken back, the newest first; asks no service."""
    with desk.library() as library:
        return list(dict.fromkeys(made.name for made in reversed(library.made_playlists())))


def invented(chosen: Chosen) -> str:
    """Why the demo's tracks cannot be sent, though their ids look like Spotify's; empty where all can."""
    if chosen.candidates.kind != "demo" or is_loopback(Addresses.now().api):
        return ""
    return "the demo's tracks are invented: Spotify knows none of them"


@contextmanager
def _at_work(desk: Desk) -> "Iterator[tuple[Library, SpotifyClient]]":
    with account_at_spotify(PUSH_SCOPES) as client, desk.library() as library:
        yield library, client


def _plan(library: "Library", client: "SpotifyClient", chosen: Chosen, name: str) -> "PushPlan":
    from connectors.spotify.push import plan_push  # noqa: PLC0415

    if why := invented(chosen):
        raise InputError(why, "rank a playlist of yours, or a file: see /playlists")
    ids = chosen.spotify_ids
    if not ids:
        rest = f": {chosen.n_without_id:,} have no id of Spotify's" if chosen.n_tracks else ""
        raise InputError(f"there is no track to send{rest}", "keep more: lower the precision, or mark tracks as Keep")
    return plan_push(library, client, name, [f"spotify:track:{track_id}" for track_id in ids])


def _carry_out(library: "Library", client: "SpotifyClient", plan: "PushPlan", seen: str) -> Sent:
    from connectors.spotify.push import push  # noqa: PLC0415

    if digest(plan) != seen:
        raise BusyError("the playlist or the choice of tracks changed meanwhile", "look again, then send")
    return _sent(plan, push(library, client, plan), changed=True)


def _sent(plan: "PushPlan", made: "MadePlaylist | None", *, changed: bool) -> Sent:
    if made is None:
        return Sent(name=plan.name, playlist_id=None, address=None, changed=changed, n_tracks=0, n_unknown=0)
    there = len(made.uris) if changed else len(plan.wanted)
    return Sent(
        name=plan.name,
        playlist_id=made.playlist_id,
        address=PLAYLIST_ADDRESS + made.playlist_id,
        changed=changed,
        n_tracks=there,
        n_unknown=len(plan.wanted) - there,
    )


def digest(plan: "PushPlan") -> str:
    """64 hex digits that name a plan by all that it says."""
    made = None if plan.made is None else [plan.made.account, plan.made.playlist_id]
    says = [plan.name, made, plan.current, plan.wanted, plan.undo, plan.delete]
    return sha256(json.dumps(says).encode()).hexdigest()


def _answer(plan: "PushPlan", names: Names, without_id: int) -> Plan:
    def named(uris: Iterable[str]) -> list[NamedTrack]:
        ids = [uri.rpartition(":")[2] for uri in uris]
        found = [(track_id, *names.get(track_id, (None, None))) for track_id in ids]
        return [NamedTrack(track_id=one, track_name=title, artist_name=artist) for one, title, artist in found]

    return Plan(
        plan=digest(plan),
        name=plan.name,
        playlist_id=None if plan.made is None else plan.made.playlist_id,
        undo=plan.undo,
        makes=plan.made is None,
        deletes=plan.delete,
        changes=plan.delete or plan.made is None or bool(plan.changes),
        n_tracks=len(plan.wanted),
        without_id=without_id,
        added=[] if plan.delete else named(plan.added),
        removed=[] if plan.delete else named(plan.removed),
        reordered=plan.moves,
        lost=plan.lost,
    )


def _names(library: "Library", client: "SpotifyClient", plan: "PushPlan", chosen: pd.DataFrame) -> Names:
    """What the tracks are called that come and go: as the list says, the library, or Spotify where neither does."""
    from connectors.spotify.playlists import all_entries  # noqa: PLC0415

    ids = {uri.rpartition(":")[2] for uri in (*plan.added, *plan.removed)}
    names = {**_names_in(library.tracks(), ids), **_names_in(chosen, ids)}
    gone = {uri.rpartition(":")[2] for uri in plan.removed} - names.keys()
    if gone and plan.made is not None and not plan.delete:
        tracks = [entry.track for entry in all_entries(client, plan.made.playlist_id) if entry.track is not None]
        names |= {one.track_id: (one.track_name, one.artist_name) for one in tracks if one.track_id in gone}
    return names


def _names_in(tracks: pd.DataFrame, ids: set[str]) -> Names:
    if not {"track_id", "track_name", "artist_name"} <= set(tracks.columns):
        return {}
    some = tracks[tracks["track_id"].isin(ids)]
    rows = zip(some["track_id"], some["track_name"], some["artist_name"], strict=True)
    return {track_id: (_text(title), _text(artist)) for track_id, title, artist in rows if _text(title)}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
