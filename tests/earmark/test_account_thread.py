"""A listener's whole way, command by command, each a process of its own: from the sign-in to a playlist and back."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from tests.connectors.spotify.commands import BROWSER, Commands, free_port
from tests.standin import Account, Playlist, StandIn


def done(machine: Commands, *arguments: str) -> str:
    """What a command answers that must not fail."""
    said = machine.run(*arguments)
    assert said.code == 0, said.err
    assert "Traceback" not in said.err
    return said.out


def answer(machine: Commands, *arguments: str) -> dict[str, Any]:
    """Its answer as JSON."""
    found: dict[str, Any] = json.loads(done(machine, *arguments, "--json"))
    return found


def sounding(account: Account, liked: set[str], skipped: Playlist) -> tuple[int, int]:
    """Of how many tracks, and of how many likes, anything is known of how they sound; the others cannot be learned."""
    unliked = {track.track_id for one in skipped.entries if (track := account.catalogue.entry(one.key)) is not None}

    def count(ids: set[str]) -> int:
        tracks = [track for one in ids if (track := account.catalogue.find(one)) is not None]
        return sum(account.catalogue.features(track) is not None for track in tracks)

    return count(liked | unliked), count(liked)


@pytest.mark.timeout(240)
def test_from_the_sign_in_to_a_playlist_and_back(tmp_path: Path) -> None:
    account = Account.demo()
    liked = {track.track_id for one in account.likes if (track := account.catalogue.entry(one.key)) is not None}
    skipped = account.playlist_called("Skipped")
    discover = account.playlist_called("Discover")
    with StandIn(account, approve=True, features="open") as standin:
        machine = Commands(standin, tmp_path, {"BROWSER": BROWSER})
        done(machine, "login", "spotify", "--client-id", standin.client_id, "--port", free_port())

        pulled = answer(machine, "pull", "spotify", "--disliked", "Skipped")
        assert sum(pulled["outcomes"].values()) == pulled["seen"]
        assert pulled["outcomes"]["like: new"] == len(liked)
        assert pulled["outcomes"]["playlist_disliked: new"] == len(skipped.entries)

        features = answer(machine, "pull", "features")
        assert sum(features["outcomes"].values()) == features["seen"] == len(liked) + len(skipped.entries)
        assert features["outcomes"]["found by spotify"] > 0.9 * features["seen"]
        assert not standin.calls_to("listenbrainz")

        trained = answer(machine, "train", "spotify", "--trials", "1", "--models", "tree")
        assert (trained["n_tracks"], trained["n_liked"]) == sounding(account, liked, skipped)
        assert trained["metrics"]["roc_auc"] > 0.6

        likes = tmp_path / "likes.csv"
        done(machine, "rank", f"spotify:playlist:{discover.playlist_id}", "-o", str(likes))
        with likes.open(newline="") as file:
            kept = [row["track_id"] for row in csv.DictReader(file)]
        candidates = {account.catalogue.entry(one.key).track_id for one in discover.entries}  # type: ignore[union-attr]
        assert 0 < len(kept) < len(candidates)
        assert set(kept) <= candidates

        refused = machine.run("push", str(likes))  # the sign-in asked for no more than reading needs
        assert (refused.code, refused.out) == (2, "")
        assert "earmark login spotify --for push" in refused.err
        done(machine, "login", "spotify", "--for", "push")

        uris = [f"spotify:track:{track_id}" for track_id in kept]
        before = len(account.playlists)
        shown = answer(machine, "push", str(likes))
        assert (shown["done"], shown["makes"], shown["added"], len(account.playlists)) == (False, True, uris, before)

        pushed = answer(machine, "push", str(likes), "--yes")
        made = account.playlist_called("Predicted likes")
        assert (pushed["done"], pushed["playlist_id"], made.public) == (True, made.playlist_id, False)
        assert [account.catalogue.entry(one.key).uri for one in made.entries] == uris  # type: ignore[union-attr]
        assert made.playlist_id in account.followed

        snapshot = made.snapshot_id
        again = answer(machine, "push", str(likes), "--yes")
        assert (again["added"], again["removed"], made.snapshot_id) == ([], [], snapshot)
        assert len(account.playlists) == before + 1

        assert answer(machine, "push", "--undo", "--yes")["deletes"]
        assert made.playlist_id not in account.followed

        shown = answer(machine, "library")
        evidence = {(row["source"], row["kind"]): row["tracks"] for row in shown["evidence"]}
        assert evidence["spotify", "like"] == len(liked)
        assert evidence["spotify", "playlist_disliked"] == len(skipped.entries)

        done(machine, "logout", "spotify", "--forget")
        shown = answer(machine, "library")
        assert (shown["evidence"], shown["tracks"]) == ([], 0)
        assert not (machine.config / "spotify-token.json").exists()
        assert machine.run("pull", "spotify").code == 2
