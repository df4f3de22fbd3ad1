"""Playlists that are pushed to the stand-in Spotify, broken off, taken back, and never another than ours."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from connectors.demo.listener import demo_listener
from connectors.http.faults import ServiceUnavailable
from connectors.library import Library, MadePlaylist
from connectors.spotify.client import SpotifyClient
from connectors.spotify.one_push import PlanOutdated
from connectors.spotify.push import PushPlan, plan_push, plan_undo, push
from connectors.spotify.settings import PUSH_SCOPES
from features.errors import InputError, ServiceError
from tests.connectors.spotify.commands import Commands
from tests.connectors.spotify.signed_in import sign_in_quietly, use
from tests.standin import Account, Call, Entry, Fault, Playlist, Rates, Request, StandIn

NAME = "Predicted likes"
VANISHED, LOCAL = -1, -6
"""Keys of the made-up catalogue: a track that is no more, and a file of the listener's own."""
REQUESTS = 8
"""Of a first push of 230 tracks: who it is, twice the account's playlists, the new one, three chunks, and a look."""


@dataclass
class Listener:
    """An account that is signed in, and its library."""

    standin: StandIn
    url: str

    @property
    def account(self) -> Account:
        """The account, as Spotify has it."""
        return self.standin.account

    def tracks(self, first: int, last: int, variant: int = 0) -> list[str]:
        """URIs of some tracks of the catalogue."""
        found = [self.account.catalogue.entry(4 * number + variant) for number in range(first, last)]
        return [track.uri for track in found if track is not None]

    def plan(self, uris: Sequence[str], name: str = NAME) -> PushPlan:
        """What a push would do."""
        with Library.open(self.url) as library, signed_in() as client:
            return plan_push(library, client, name, uris)

    def push(self, uris: Sequence[str], name: str = NAME, **more: Any) -> MadePlaylist | None:
        """Plan, and do it."""
        with Library.open(self.url) as library, signed_in() as client:
            return push(library, client, plan_push(library, client, name, uris), **more)

    def undo(self, name: str = NAME) -> MadePlaylist | None:
        """Take the last push back."""
        with Library.open(self.url) as library, signed_in() as client:
            return push(library, client, plan_undo(library, client, name))

    def made(self, name: str = NAME) -> list[Playlist]:
        """The account's own playlists of a name."""
        listed = [self.account.playlists[one] for one in self.account.followed]
        return [one for one in listed if one.name == name]

    def inside(self, playlist: Playlist) -> list[str | None]:
        """What Spotify has in a playlist."""
        found = [self.account.catalogue.entry(entry.key) for entry in playlist.entries]
        return [None if track is None else track.uri for track in found]

    def only(self) -> list[str | None]:
        """What is in the one playlist of our name."""
        (playlist,) = self.made()
        return self.inside(playlist)

    def changing(self) -> list[Call]:
        """The requests that change something at Spotify."""
        return [call for call in self.standin.calls if call.service == "spotify" and call.method != "GET"]


def signed_in() -> SpotifyClient:
    return SpotifyClient.signed_in(scopes=PUSH_SCOPES, max_wait=0.0)


@pytest.fixture(params=["2026"])
def listener(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Listener]:
    account = Account.made_up(300, rates=Rates(without_isrc=0.0))
    with StandIn(account, dialect=request.param) as standin:
        use(standin, tmp_path / "config", monkeypatch)
        sign_in_quietly(standin)
        (tmp_path / "home" / "data").mkdir(parents=True)
        yield Listener(standin, f"sqlite:///{tmp_path / 'home' / 'data' / 'library.db'}")


@pytest.mark.parametrize("listener", ["2026", "legacy"], indirect=True)
def test_a_push_makes_a_private_playlist_in_chunks_of_at_most_a_hundred(listener: Listener) -> None:
    wanted = listener.tracks(0, 230)
    made = listener.push(wanted)
    assert made is not None
    (playlist,) = listener.made()
    assert listener.inside(playlist) == wanted
    assert (playlist.public, playlist.collaborative) == (False, False)
    assert playlist.playlist_id == made.playlist_id
    assert (made.uris, made.before, made.pending) == (tuple(wanted), None, None)
    assert made.snapshot_id == playlist.snapshot_id
    assert len([call for call in listener.changing() if call.status < 300]) == 1 + 3  # the playlist, 100, 100, 30


def test_public_only_where_it_is_asked_for(listener: Listener) -> None:
    listener.push(listener.tracks(0, 3), public=True)
    assert listener.made()[0].public


def test_a_plan_changes_nothing(listener: Listener) -> None:
    plan = listener.plan(listener.tracks(0, 230))
    assert (len(plan.added), plan.removed, plan.made) == (230, (), None)
    listener.push(listener.tracks(0, 10))
    before = len(listener.changing())
    plan = listener.plan(listener.tracks(5, 15))
    assert (plan.added, plan.removed) == (tuple(listener.tracks(10, 15)), tuple(listener.tracks(0, 5)))
    with Library.open(listener.url) as library, signed_in() as client:
        assert plan_undo(library, client, NAME).delete
    assert len(listener.changing()) == before


def test_more_tracks_than_a_playlist_holds_are_refused(listener: Listener) -> None:
    with pytest.raises(InputError, match="10,001 tracks") as refused:
        listener.plan([f"spotify:track:{number:022d}" for number in range(10_001)])
    assert "--top" in refused.value.hint
    assert not listener.changing()


@pytest.mark.parametrize("listener", ["2026", "legacy"], indirect=True)
def test_the_same_push_again_changes_nothing(listener: Listener) -> None:
    wanted = listener.tracks(0, 130)
    first = listener.push(wanted)
    changing, snapshot = len(listener.changing()), listener.made()[0].snapshot_id
    assert listener.push([*wanted, wanted[3]]) == first
    assert (len(listener.changing()), listener.made()[0].snapshot_id) == (changing, snapshot)


def test_tracks_that_spotify_lists_under_another_id_are_not_sent_again_and_again(listener: Listener) -> None:
    listener.push(listener.tracks(0, 30))
    (playlist,) = listener.made()
    playlist.entries = [replace(entry, key=entry.key + 1) for entry in playlist.entries]  # relinked: no new snapshot
    assert listener.only() == listener.tracks(0, 30, variant=1)
    changing = len(listener.changing())
    listener.push(listener.tracks(0, 30))
    assert len(listener.changing()) == changing


def test_tracks_that_stay_keep_their_place_and_day(listener: Listener) -> None:
    listener.push(listener.tracks(0, 130))
    (playlist,) = listener.made()
    stay = {entry.key: entry for entry in (Entry(1_700_000_000 + one.key, one.key) for one in playlist.entries)}
    playlist.change(list(stay.values()))
    wanted = [
        *listener.tracks(200, 202),
        *listener.tracks(0, 60),
        *listener.tracks(202, 204),
        *listener.tracks(90, 130),
    ]
    listener.push(wanted)
    assert listener.only() == wanted
    kept = [entry for entry in playlist.entries if entry.key in stay]
    assert kept == [stay[entry.key] for entry in kept]
    assert len(kept) == 100


def test_another_order_is_written_anew(listener: Listener) -> None:
    listener.push(listener.tracks(0, 230))
    wanted = listener.tracks(0, 230)[::-1]
    assert listener.plan(wanted).moves
    listener.push(wanted)
    assert listener.only() == wanted


@pytest.mark.parametrize("stranger", [VANISHED, LOCAL])
def test_entries_that_cannot_be_named_are_told_and_go(stranger: int, listener: Listener) -> None:
    listener.push(listener.tracks(0, 120))
    (playlist,) = listener.made()
    playlist.change([*playlist.entries[:50], Entry(1_700_000_000, stranger), *playlist.entries[50:]])
    plan = listener.plan(listener.tracks(0, 130))
    assert (plan.lost, plan.added, plan.removed, plan.moves) == (1, tuple(listener.tracks(120, 130)), (), False)
    listener.push(listener.tracks(0, 130))
    assert listener.only() == listener.tracks(0, 130)
    listener.undo()
    assert listener.only() == listener.tracks(0, 120)


def test_the_undo_of_the_first_push_deletes_the_playlist(listener: Listener) -> None:
    listener.push(listener.tracks(0, 5))
    assert listener.undo() is None
    assert listener.made() == []
    with pytest.raises(InputError, match="earmark made no playlist"):
        listener.undo()


def test_what_the_listener_put_into_a_playlist_that_is_deleted_is_told(listener: Listener) -> None:
    listener.push(listener.tracks(0, 120))
    (playlist,) = listener.made()
    with Library.open(listener.url) as library, signed_in() as client:
        assert plan_undo(library, client, NAME).lost == 0
        playlist.change([*playlist.entries, Entry(1_700_000_000, 4 * 299), Entry(1_700_000_000, LOCAL)])
        plan = plan_undo(library, client, NAME)
    assert (plan.delete, plan.lost) == (True, 2)


def test_a_first_push_that_broke_off_put_in_all_that_is_there(listener: Listener) -> None:
    listener.standin.faults.add(Fault(kind="close", method="POST", path="/items", at=1))
    with pytest.raises(ServiceUnavailable):
        listener.push(listener.tracks(0, 230))
    assert len(listener.only()) == 100
    with Library.open(listener.url) as library, signed_in() as client:
        assert plan_undo(library, client, NAME).lost == 0


def test_the_undo_of_a_later_push_restores_what_was_there(listener: Listener) -> None:
    listener.push(listener.tracks(0, 130))
    listener.push(listener.tracks(100, 250))
    listener.push(listener.tracks(240, 260))
    listener.undo()
    assert listener.only() == listener.tracks(100, 250)


def test_an_undo_restores_what_the_listener_had_put_in_too(listener: Listener) -> None:
    listener.push(listener.tracks(0, 120))
    (playlist,) = listener.made()
    twice = [*playlist.entries, Entry(1_700_000_000, 4 * 299), playlist.entries[7]]
    playlist.change(twice)
    before = listener.inside(playlist)
    listener.push(listener.tracks(50, 60))
    listener.undo()
    assert listener.only() == before


def test_what_was_there_before_is_right_after_two_pushes_of_which_one_broke_off(listener: Listener) -> None:
    listener.push(listener.tracks(0, 10))
    listener.standin.faults.add(Fault(kind="close", method="POST", path="/items", at=2))
    with pytest.raises(ServiceUnavailable):
        listener.push(listener.tracks(0, 230))
    assert len(listener.only()) == 110
    made = listener.push(listener.tracks(0, 150))
    assert made is not None
    assert made.before == tuple(listener.tracks(0, 10))
    listener.undo()
    assert listener.only() == listener.tracks(0, 10)


def test_a_plan_that_the_listener_has_overtaken_in_spotify_is_refused(listener: Listener) -> None:
    listener.push(listener.tracks(0, 10))
    plan = listener.plan(listener.tracks(5, 15))
    (playlist,) = listener.made()
    entries = playlist.entries
    playlist.change([Entry(1_700_000_000, 4 * 299), *entries])
    theirs = listener.inside(playlist)
    with Library.open(listener.url) as library, signed_in() as client:
        undo = plan_undo(library, client, NAME)
        with pytest.raises(PlanOutdated, match="was changed in Spotify"):
            push(library, client, plan)
        playlist.change([Entry(1_700_000_000, 4 * 298), *playlist.entries])
        with pytest.raises(PlanOutdated):  # it would delete what was put in after the look
            push(library, client, undo)
    assert listener.only()[1:] == theirs
    playlist.change(entries)  # another snapshot of the same tracks does not matter
    with Library.open(listener.url) as library, signed_in() as client:
        push(library, client, plan)
    assert listener.only() == listener.tracks(5, 15)


def test_what_the_listener_puts_in_while_we_send_is_seen_by_the_next_push(listener: Listener) -> None:
    def put_in(_: Request) -> None:
        (playlist,) = listener.made()
        playlist.change([Entry(1_700_000_000, 4 * 299), *playlist.entries])

    listener.standin.faults.add(Fault(kind="hook", method="POST", path="/items", at=1, hook=put_in))
    listener.push(listener.tracks(0, 230))
    assert len(listener.only()) == 231
    assert listener.plan(listener.tracks(0, 230)).changes
    listener.push(listener.tracks(0, 230))
    assert listener.only() == listener.tracks(0, 230)


def test_the_undo_of_an_undo_brings_back_what_the_listener_had_put_in(listener: Listener) -> None:
    listener.push(listener.tracks(0, 10))
    listener.push(listener.tracks(0, 20))
    (playlist,) = listener.made()
    playlist.change([*playlist.entries, Entry(1_700_000_000, 4 * 299)])
    before = listener.only()
    listener.undo()
    assert listener.only() == listener.tracks(0, 10)
    listener.undo()
    assert listener.only() == before


UNKNOWN = [f"spotify:track:0earmarkUnknownTrack{number:02}" for number in range(5)]
"""URIs of the right shape that no catalogue has."""


@pytest.mark.parametrize("places", [[0], [229], [3, 4, 150], [0, 50, 99, 100, 229]])
def test_tracks_that_spotify_does_not_know_are_left_out_of_a_push(places: list[int], listener: Listener) -> None:
    known = listener.tracks(0, 230 - len(places))
    wanted = list(known)
    for place, uri in zip(places, UNKNOWN, strict=False):
        wanted.insert(place, uri)
    made = listener.push(wanted)
    assert listener.only() == known
    assert made is not None
    assert (list(made.uris), made.pending) == (known, None)
    refused = [call for call in listener.changing() if call.status == 400]
    assert len(refused) + len(listener.changing()) <= 1 + 3 + 24 * len(places)

    before = [call for call in listener.changing() if call.status < 300]
    again = listener.push(wanted)
    assert again is not None
    assert (again.uris, again.before) == (made.uris, None)
    assert [call for call in listener.changing() if call.status < 300] == before
    listener.undo()
    assert listener.made() == []


def test_a_push_to_a_playlist_that_has_tracks_leaves_out_what_spotify_does_not_know(listener: Listener) -> None:
    listener.push(listener.tracks(0, 10))
    first = listener.tracks(0, 10)
    listener.push([*first[:2], UNKNOWN[0], *first[4:], *listener.tracks(10, 20), UNKNOWN[1], *listener.tracks(20, 30)])
    assert listener.only() == [*first[:2], *first[4:], *listener.tracks(10, 30)]
    listener.push([UNKNOWN[2], *listener.tracks(40, 50)])  # nothing of it is there: the list is written anew
    assert listener.only() == listener.tracks(40, 50)
    listener.undo()
    assert listener.only() == [*first[:2], *first[4:], *listener.tracks(10, 30)]


def test_a_push_of_nothing_that_spotify_knows_says_so_and_empties_nothing(listener: Listener) -> None:
    listener.push(listener.tracks(0, 10))
    with pytest.raises(InputError, match="Spotify knows none of the 5 tracks"):
        listener.push(UNKNOWN)
    assert listener.only() == listener.tracks(0, 10)
    with pytest.raises(InputError, match="Spotify knows none of the 5 tracks") as caught:
        listener.push(UNKNOWN, "Another")
    assert '--undo --name "Another"' in caught.value.hint
    assert len(listener.made("Another")) == 1
    listener.push([*UNKNOWN, *listener.tracks(0, 3)], "Another")  # the one that was made is filled
    (another,) = listener.made("Another")
    assert listener.inside(another) == listener.tracks(0, 3)
    listener.push(listener.tracks(5, 15))
    listener.undo()
    assert listener.only() == listener.tracks(0, 10)


def test_a_push_with_tracks_that_spotify_does_not_know_goes_on_where_it_was_cut_off(listener: Listener) -> None:
    known = listener.tracks(0, 230)
    wanted = [*known[:120], UNKNOWN[0], *known[120:]]
    for at in (1, 2, 3, 3):
        listener.standin.faults.add(Fault(kind="503", method="POST", path="/items", at=at, times=20))
        with pytest.raises(ServiceError):
            listener.push(wanted)
        listener.standin.faults.clear()
    listener.push(wanted)
    assert listener.only() == known


@pytest.mark.parametrize("tracks", [0, 3])
def test_a_playlist_of_that_name_which_the_listener_made_is_never_touched(tracks: int, listener: Listener) -> None:
    theirs = listener.account.add_playlist(NAME, [4 * number for number in range(tracks)])
    snapshot = theirs.snapshot_id
    with pytest.raises(InputError, match="earmark made no playlist"):
        listener.undo()
    listener.push(listener.tracks(50, 60))
    assert theirs.snapshot_id == snapshot
    assert len(listener.made()) == 2
    listener.push(listener.tracks(55, 70))
    listener.undo()
    listener.undo()
    assert theirs.snapshot_id == snapshot
    assert theirs.playlist_id in listener.account.followed


def test_one_that_the_listener_made_after_ours_failed_is_not_taken_for_ours(listener: Listener) -> None:
    listener.standin.faults.add(Fault(kind="close", method="POST", path="/me/playlists", at=1))
    with pytest.raises(ServiceUnavailable):
        listener.push(listener.tracks(0, 5))
    theirs = listener.account.add_playlist(NAME)
    listener.push(listener.tracks(0, 5))
    assert theirs.entries == []
    assert sorted(len(playlist.entries) for playlist in listener.made()) == [0, 5]


def test_one_that_was_deleted_in_spotify_is_made_anew(listener: Listener) -> None:
    first = listener.push(listener.tracks(0, 5))
    assert first is not None
    listener.account.followed.remove(first.playlist_id)
    second = listener.push(listener.tracks(0, 7))
    assert second is not None
    assert second.playlist_id != first.playlist_id
    assert listener.only() == listener.tracks(0, 7)
    assert len(listener.account.playlists[first.playlist_id].entries) == 5


@pytest.mark.parametrize("what", [lambda listener: listener.push(listener.tracks(0, 7)), Listener.undo])
def test_one_that_is_not_listed_once_is_not_taken_as_deleted(
    what: Callable[[Listener], object], listener: Listener
) -> None:
    listener.push(listener.tracks(0, 5))
    changing = len(listener.changing())
    listener.standin.faults.add(Fault(kind="unlisted", path="/me/playlists", at=1))
    with pytest.raises(ServiceUnavailable, match="the one to change is not listed"):
        what(listener)
    assert len(listener.changing()) == changing
    listener.push(listener.tracks(0, 7))
    assert listener.only() == listener.tracks(0, 7)


def test_an_undo_of_one_that_was_deleted_in_spotify_fills_nothing(listener: Listener) -> None:
    first = listener.push(listener.tracks(0, 5))
    listener.push(listener.tracks(0, 7))
    assert first is not None
    listener.account.followed.remove(first.playlist_id)
    changing = len(listener.changing())
    with pytest.raises(InputError, match="gone from the account"):
        listener.undo()
    assert len(listener.changing()) == changing


def test_one_that_was_renamed_is_still_ours(listener: Listener) -> None:
    listener.push(listener.tracks(0, 5))
    listener.made()[0].name = "Something else"
    listener.push(listener.tracks(0, 7))
    assert listener.made() == []
    (playlist,) = listener.made("Something else")
    assert listener.inside(playlist) == listener.tracks(0, 7)


@pytest.mark.parametrize("kind", ["close", "lost-answer", "429", "500", "truncate"])
@pytest.mark.parametrize("at", range(1, 9))
def test_a_push_that_is_cut_off_anywhere_ends_with_one_playlist_of_just_these_tracks(
    kind: str, at: int, listener: Listener
) -> None:
    listener.standin.faults.add(Fault(kind=kind, at=at, retry_after=74_214 if kind == "429" else None))
    cuts = until_it_goes_through(lambda: listener.push(listener.tracks(0, 230)))
    assert listener.only() == listener.tracks(0, 230)
    assert cuts == (at <= REQUESTS)
    listener.standin.faults.clear()
    listener.undo()
    assert listener.made() == []


@pytest.mark.parametrize("kind", ["close", "lost-answer"])
@pytest.mark.parametrize("at", range(1, 9))
def test_a_later_push_and_its_undo_that_are_cut_off_anywhere(kind: str, at: int, listener: Listener) -> None:
    listener.push(listener.tracks(100, 290))
    listener.standin.faults.add(Fault(kind=kind, at=at))
    until_it_goes_through(lambda: listener.push(listener.tracks(0, 230)))
    assert listener.only() == listener.tracks(0, 230)
    listener.standin.faults.clear()
    listener.standin.faults.add(Fault(kind=kind, at=at))
    until_it_goes_through(listener.undo)
    assert listener.only() == listener.tracks(100, 290)
    listener.standin.faults.clear()
    listener.undo()  # which is a change, too, that can be taken back
    assert listener.only() == listener.tracks(0, 230)


@pytest.mark.parametrize("kind", ["close", "lost-answer"])
def test_an_undo_that_deletes_and_is_cut_off(kind: str, listener: Listener) -> None:
    listener.push(listener.tracks(0, 5))
    listener.standin.faults.add(Fault(kind=kind, method="DELETE", at=1))
    with pytest.raises(ServiceUnavailable):
        listener.undo()
    assert listener.undo() is None
    assert listener.made() == []


@pytest.mark.parametrize("at", range(1, REQUESTS + 1))
def test_a_push_that_is_killed_at_any_request(at: int, listener: Listener, tmp_path: Path) -> None:
    """The request is still carried out: nobody hears the answer."""
    file = tmp_path / "likes.csv"
    wanted = listener.tracks(0, 230)
    file.write_text("\n".join(["track_id", *(uri.rpartition(":")[2] for uri in wanted)]))
    Commands(listener.standin, tmp_path).kill_at(("push", str(file), "--yes"), at=at)
    listener.push(wanted)
    assert listener.only() == wanted
    with Library.open(listener.url) as library:
        assert [made.pending for made in library.made_playlists()] == [None]


def until_it_goes_through(change: Callable[[], object]) -> int:
    """Try again and again; how often it was cut off."""
    for cuts in range(3):
        try:
            change()
        except ServiceError:
            continue
        return cuts
    raise AssertionError("it never goes through")


def test_the_demos_tracks_are_refused_but_by_the_stand_in(listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    invented = [f"spotify:track:{track_id}" for track_id in demo_listener(0).candidates["track_id"].head(2)]
    assert listener.plan([*invented, *listener.tracks(0, 1)]).wanted[:2] == tuple(invented)
    with Library.open(listener.url) as library, signed_in() as client:
        monkeypatch.delenv("EARMARK_SPOTIFY_URL")
        with pytest.raises(InputError, match="2 of the 3 tracks are the demo's: they are invented"):
            plan_push(library, client, NAME, [*invented, *listener.tracks(0, 1)])
