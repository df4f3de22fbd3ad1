"""`earmark push` as a person meets it where something is otherwise than planned."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.connectors.spotify.commands import Commands
from tests.connectors.spotify.signed_in import sign_in_quietly, use
from tests.standin import Account, Entry, Fault, Rates, Request, StandIn

UNKNOWN = "0earmarkUnknownTrack00"


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Commands]:
    with StandIn(Account.made_up(60, rates=Rates(without_isrc=0.0))) as standin:
        use(standin, tmp_path / "config", monkeypatch)
        sign_in_quietly(standin)
        yield Commands(standin, tmp_path)


def track_ids(machine: Commands, n: int) -> list[str]:
    found = [machine.standin.account.catalogue.entry(4 * number) for number in range(n)]
    return [track.track_id for track in found if track is not None]


def listed(machine: Commands, ids: list[str]) -> str:
    path = machine.folder / "likes.csv"
    path.write_text("\n".join(["track_id,track_name", *(f"{one},Song" for one in ids)]) + "\n")
    return str(path)


def pushed(machine: Commands, *arguments: str) -> tuple[dict[str, Any], str]:
    said = machine.run("push", *arguments, "--json")
    assert said.code == 0, said.err
    return json.loads(said.out), said.err


def test_a_track_that_spotify_does_not_know_is_left_out_and_named(machine: Commands) -> None:
    ids = track_ids(machine, 6)
    answer, said = pushed(machine, listed(machine, [*ids[:3], UNKNOWN, *ids[3:]]), "--yes")
    assert (answer["tracks"], answer["unknown"]) == (6, [f"spotify:track:{UNKNOWN}"])
    assert answer["added"] == [f"spotify:track:{one}" for one in ids]
    assert said.splitlines() == [f"left out, for Spotify does not know them (1): spotify:track:{UNKNOWN}"]
    assert len(machine.standin.account.playlist_called("Predicted likes").entries) == 6


def test_what_goes_with_a_playlist_that_is_deleted_is_told_in_words(machine: Commands) -> None:
    pushed(machine, listed(machine, track_ids(machine, 3)), "--yes")
    undo = "push", "--undo"
    assert "did not put in" not in machine.run(*undo).out
    playlist = machine.standin.account.playlist_called("Predicted likes")
    playlist.change([*playlist.entries, Entry(1_700_000_000, 4 * 40)])
    assert "\n  1 entry that earmark did not put in goes with it\nNothing was changed yet" in machine.run(*undo).out
    playlist.change([*playlist.entries, Entry(1_700_000_000, 4 * 41)])
    done = machine.run(*undo, "--yes")
    assert done.code == 0
    assert done.out.endswith("which the last push made.\n  2 entries that earmark did not put in go with it\n")


def test_a_playlist_that_was_changed_meanwhile_is_told_and_mended_by_the_next_push(machine: Commands) -> None:
    meanwhile = "the playlist was changed in Spotify meanwhile: push again to mend it"

    def put_in(_: Request) -> None:
        playlist = machine.standin.account.playlist_called("Predicted likes")
        playlist.change([*playlist.entries, Entry(1_700_000_000, 4 * 40)])

    # between the last request that changes it and the look at what is there
    machine.standin.faults.add(Fault(kind="hook", method="GET", path="/playlists/", at=1, hook=put_in))
    likes = listed(machine, track_ids(machine, 3))
    assert meanwhile in pushed(machine, likes, "--yes")[1]
    playlist = machine.standin.account.playlist_called("Predicted likes")
    assert len(playlist.entries) == 4
    assert meanwhile not in pushed(machine, likes, "--yes")[1]
    assert len(playlist.entries) == 3
    assert meanwhile not in pushed(machine, likes, "--yes")[1]
