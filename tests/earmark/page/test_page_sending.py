"""Chosen tracks as files and as a playlist of the account: against the stand-in Spotify, over HTTP."""

import csv
import json
import logging
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import requests
import typer
from typer.testing import CliRunner

from earmark.cli.rank import rank
from earmark.home import Home
from earmark.page.lists import CandidateList, CandidateLists
from earmark.page.sending.chosen import heed
from earmark.page.sending.exporting import disposition
from earmark.page.verdicts.book import VerdictBook
from models.ranker import Ranker
from tests.connectors.spotify.signed_in import sign_in_quietly, use
from tests.standin import EDITORIAL, Account, Call, Entry, Fault, Playlist, Request, StandIn

NAME = "Likes <b>&</b> “more”"
TOP = 20
FOUR_O_THREE = {
    "403-premium": "no active Premium subscription",
    "403-allow-list": "not among the users of the app",
    "403-scope": "earmark login spotify --for push",
    "403-removed": "no longer lets this app",
}
cli = typer.Typer()
cli.command()(rank)


@dataclass
class Sender:
    """A page, who visits it, and the account behind it."""

    url: str
    home: Home
    browser: requests.Session
    standin: StandIn

    def post(self, path: str, body: dict[str, Any], **choice: Any) -> requests.Response:
        """Ask the API for something, of the demo's candidates unless told otherwise."""
        query = {"list": "demo", "top": TOP} | choice
        return self.browser.post(f"{self.url}/api/v1/{path}", params=query, json=body, timeout=60)

    def plan(self, **choice: Any) -> dict[str, Any]:
        """A dry run."""
        answer = self.post("pushes/plan", {"name": NAME}, **choice)
        assert answer.status_code == 200, answer.text
        return answer.json()  # type: ignore[no-any-return]

    def send(self, plan: str, **choice: Any) -> requests.Response:
        """Have a plan done."""
        return self.post("pushes", {"name": NAME, "plan": plan}, **choice)

    def get(self, path: str, **query: Any) -> requests.Response:
        """Read."""
        return self.browser.get(self.url + path, params=query, timeout=60)

    def best(self, n: int) -> list[str]:
        """The URIs of the best of the demo's candidates."""
        rows = csv.DictReader(self.get("/export.csv", top=n).text.splitlines())
        return [f"spotify:track:{row['track_id']}" for row in rows]

    def made(self) -> list[Playlist]:
        """The account's playlists of our name."""
        listed = [self.standin.account.playlists[one] for one in self.standin.account.followed]
        return [one for one in listed if one.name == NAME]

    def inside(self) -> list[str]:
        """What is in the only one."""
        (playlist,) = self.made()
        return [self.standin.account.catalogue.entry(one.key).uri for one in playlist.entries]  # type: ignore[union-attr]

    def changing(self) -> list[Call]:
        """The requests that change something at Spotify, and were carried out."""
        calls = [call for call in self.standin.calls if call.service == "spotify" and call.method != "GET"]
        return [call for call in calls if call.status < 300]


@pytest.fixture
def standin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    with StandIn(Account.demo(), features="open") as made:
        use(made, tmp_path / "config", monkeypatch)
        sign_in_quietly(made)
        yield made


@pytest.fixture
def sender(standin: StandIn, served: Any) -> Sender:
    return Sender(served.url, served.home, served.browser, standin)


def test_a_dry_run_names_the_tracks_and_changes_nothing(sender: Sender) -> None:
    plan = sender.plan()
    assert (plan["makes"], plan["changes"], plan["undo"], plan["deletes"]) == (True, True, False, False)
    assert (plan["n_tracks"], len(plan["added"]), plan["removed"], plan["without_id"]) == (TOP, TOP, [], 0)
    assert [f"spotify:track:{track['track_id']}" for track in plan["added"]] == sender.best(TOP)
    assert all(track["track_name"] and track["artist_name"] for track in plan["added"])
    assert (sender.changing(), sender.made()) == ([], [])


def test_what_was_shown_is_sent_and_sending_it_again_changes_nothing(sender: Sender) -> None:
    plan = sender.plan()
    sent = sender.send(plan["plan"]).json()
    (playlist,) = sender.made()
    assert sent == {
        "name": NAME,
        "playlist_id": playlist.playlist_id,
        "address": f"https://open.spotify.com/playlist/{playlist.playlist_id}",
        "changed": True,
        "n_tracks": TOP,
        "n_unknown": 0,
    }
    assert sender.inside() == sender.best(TOP)
    assert (playlist.public, playlist.collaborative) == (False, False)
    changing = len(sender.changing())
    again = sender.send(plan["plan"])
    assert (again.status_code, again.json()) == (200, sent | {"changed": False})
    assert not sender.plan()["changes"]
    assert len(sender.changing()) == changing


def test_an_update_tells_what_comes_goes_and_moves_by_name(sender: Sender) -> None:
    sender.send(sender.plan()["plan"])
    (playlist,) = sender.made()
    theirs = sender.standin.account.likes[7]  # put in by hand: neither the list nor the library knows it
    playlist.change([*playlist.entries[::-1], Entry(1_700_000_000, theirs.key)])
    plan = sender.plan(top=25)
    liked = sender.standin.account.catalogue.entry(theirs.key)
    assert liked is not None
    assert [track["track_name"] for track in plan["removed"]] == [liked.track_name]
    assert (len(plan["added"]), plan["reordered"], plan["makes"]) == (5, True, False)
    assert sender.send(plan["plan"], top=25).json()["changed"]
    assert sender.inside() == sender.best(25)


def test_a_plan_that_was_not_shown_is_not_done(sender: Sender) -> None:
    plan = sender.plan()
    other = sender.send(plan["plan"], top=TOP + 1)  # the choice changed
    assert (other.status_code, sender.changing()) == (409, [])
    assert "changed meanwhile" in other.json()["error"]
    assert "look again" in other.json()["hint"]
    sender.send(plan["plan"])
    update = sender.plan(top=5)
    (playlist,) = sender.made()
    playlist.change(playlist.entries[:-1])  # the playlist changed
    changing = len(sender.changing())
    assert sender.send(update["plan"], top=5).status_code == 409
    assert len(sender.changing()) == changing
    assert sender.send(sender.plan(top=5)["plan"], top=5).status_code == 200
    assert sender.inside() == sender.best(5)


def test_two_sendings_at_once_make_one_playlist(sender: Sender) -> None:
    plan = sender.plan()["plan"]
    second: list[requests.Response] = []

    def send_as_well(_: Request) -> None:
        second.append(sender.send(plan))

    sender.standin.faults.add(Fault(kind="hook", method="POST", path="/me/playlists", hook=send_as_well))
    assert sender.send(plan).status_code == 200
    assert second[0].status_code == 409
    assert "right now" in second[0].json()["error"]
    assert sender.inside() == sender.best(TOP)


def test_taking_back_is_shown_first_and_goes_step_by_step(sender: Sender) -> None:
    sender.send(sender.plan()["plan"])
    sender.send(sender.plan(top=5)["plan"], top=5)

    def undo_plan() -> dict[str, Any]:
        return sender.post("pushes/undo/plan", {"name": NAME}).json()  # type: ignore[no-any-return]

    plan = undo_plan()
    assert (plan["undo"], plan["deletes"], len(plan["added"]), plan["n_tracks"]) == (True, False, TOP - 5, TOP)
    assert len(sender.inside()) == 5
    wrong = sender.post("pushes/undo", {"name": NAME, "plan": "0" * 64})
    assert (wrong.status_code, len(sender.inside())) == (409, 5)
    assert sender.post("pushes/undo", {"name": NAME, "plan": plan["plan"]}).json()["n_tracks"] == TOP
    assert sender.inside() == sender.best(TOP)


def test_what_the_listener_put_in_is_told_before_a_playlist_is_deleted(sender: Sender) -> None:
    sender.send(sender.plan()["plan"])
    (playlist,) = sender.made()
    playlist.change([*playlist.entries, sender.standin.account.likes[7]])
    shown = sender.browser.get(
        f"{sender.url}/send/undo/plan", params={"name": NAME}, headers={"HX-Request": "true"}, timeout=60
    )
    assert "1 entry that cannot be brought back would go: earmark did not put them in." in shown.text
    assert "local files" not in shown.text


def test_tracks_that_spotify_does_not_know_are_left_out_and_counted(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    best = sender.best(TOP)
    catalogue = sender.standin.account.catalogue
    gone = {one.rpartition(":")[2] for one in best[3:5]}
    known = catalogue.key_of
    monkeypatch.setattr(catalogue, "key_of", lambda track_id: None if track_id in gone else known(track_id))
    plan = sender.plan()["plan"]
    page = sender.browser.post(
        f"{sender.url}/send",
        params={"list": "demo", "top": TOP, "name": NAME, "plan": plan},
        headers={"HX-Request": "true", "Origin": sender.url},
        timeout=60,
    )
    assert page.status_code == 200, page.text
    assert f"Sent {TOP - 2} tracks to" in page.text
    assert "Left out: 2 tracks that Spotify does not know." in page.text
    assert sender.inside() == [*best[:3], *best[5:]]
    again = sender.send(sender.plan()["plan"]).json()
    assert (again["n_tracks"], again["n_unknown"]) == (TOP - 2, 2)


def test_taking_the_first_sending_back_deletes_the_playlist(sender: Sender) -> None:
    sender.send(sender.plan()["plan"])
    plan = sender.post("pushes/undo/plan", {"name": NAME}).json()
    assert (plan["deletes"], plan["added"], plan["removed"]) == (True, [], [])
    done = sender.post("pushes/undo", {"name": NAME, "plan": plan["plan"]}).json()
    assert (done["playlist_id"], done["address"], sender.made()) == (None, None, [])
    nothing = sender.post("pushes/undo/plan", {"name": NAME})
    assert nothing.status_code == 422
    assert "earmark made no playlist" in nothing.json()["error"]


def test_why_spotify_refuses_is_said(sender: Sender) -> None:
    for kind, words in FOUR_O_THREE.items():
        sender.standin.faults.clear()
        sender.standin.faults.add(Fault(kind=kind))
        answer = sender.post("pushes/plan", {"name": NAME})
        assert answer.status_code == 422
        assert words in f"{answer.json()['error']} {answer.json()['hint']}"
        shown = sender.browser.get(f"{sender.url}/send/plan", params={"name": NAME}, headers={"HX-Request": "true"})
        assert (shown.status_code, words in shown.text) == (422, True)
    assert sender.changing() == []


def test_a_rate_limit_is_said_and_leaves_nothing_half_done(sender: Sender) -> None:
    sender.standin.faults.add(Fault(kind="429", retry_after=74_214))
    answer = sender.post("pushes/plan", {"name": NAME})
    assert answer.status_code == 502
    assert "Spotify asks to wait 20 h" in answer.json()["error"]
    assert "--max-wait" not in answer.text
    sender.standin.faults.clear()
    plan = sender.plan(top=150)["plan"]
    sender.standin.faults.add(Fault(kind="429", retry_after=74_214, method="POST", path="/items", at=1))
    assert sender.send(plan, top=150).status_code == 502
    assert len(sender.inside()) == 100
    sender.standin.faults.clear()
    rest = sender.plan(top=150)
    assert (len(rest["added"]), rest["makes"]) == (50, False)
    assert sender.send(rest["plan"], top=150).status_code == 200
    assert sender.inside() == sender.best(150)


def test_without_a_sign_in_the_page_says_how_and_what_can_be_done(
    sender: Sender, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EARMARK_CONFIG", str(tmp_path / "nobody"))
    first = sender.get("/send").text
    assert "there is no spotify client id" in first.lower()
    assert "http://127.0.0.1:8912/callback" in first
    monkeypatch.setenv("SPOTIPY_CLIENT_ID", sender.standin.client_id)
    page = sender.get("/send", top=7)
    assert page.status_code == 200
    assert "earmark login spotify --for push" in page.text
    assert 'href="/export.csv?top=7"' in page.text
    assert "/send/plan" not in page.text
    assert "earmark login spotify" in sender.get("/playlists").text
    for answer in (sender.post("pushes/plan", {"name": NAME}), sender.get("/api/v1/playlists")):
        assert (answer.status_code, answer.json()["error"]) == (422, "nobody is signed in to Spotify")
    assert sender.get("/export.csv").status_code == 200


def test_a_sign_in_for_reading_alone_lists_playlists_and_says_what_sending_needs(sender: Sender) -> None:
    sign_in_quietly(sender.standin, ("user-library-read", "playlist-read-private", "user-top-read"))
    assert sender.get("/api/v1/playlists").status_code == 200
    answer = sender.post("pushes/plan", {"name": NAME}).json()
    assert "does not cover playlist-modify-private" in answer["error"]
    assert "--for push" in answer["hint"]


def test_invented_tracks_are_not_sent_to_spotify_itself(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EARMARK_SPOTIFY_URL")
    answer = sender.post("pushes/plan", {"name": NAME})
    assert (answer.status_code, "the demo's tracks are invented" in answer.json()["error"]) == (422, True)
    page = sender.get("/send").text
    assert "The demo&#39;s tracks are invented" in page
    assert "/send/plan" not in page


def test_a_name_that_is_none_is_refused(served: Any) -> None:
    json_type = {"Content-Type": "application/json"}
    for odd in ("", "   ", "a\x00b", "a\nb", "x" * 101, "\ud800", 7, None):
        body = json.dumps({"name": odd, "plan": "0" * 64})
        for path in ("pushes/plan", "pushes", "pushes/undo/plan", "pushes/undo"):
            answer = served.browser.post(f"{served.url}/api/v1/{path}", data=body, headers=json_type, timeout=20)
            assert (answer.status_code, "name" in answer.json()["error"]) == (422, True), (odd, answer.text)


def test_the_listeners_word_is_heeded_by_what_is_sent_and_exported(sender: Sender) -> None:
    ranked = sender.get("/export.json", top=60).json()["tracks"]
    book, demo = VerdictBook(sender.home), CandidateLists(sender.home).get("demo")
    book.say(demo, ranked[0], "skip")
    book.say(demo, ranked[40], "keep")
    book.close()
    wanted = [ranked[place]["track_id"] for place in (*range(1, TOP), 40)]

    def exported() -> list[str]:
        return [track["track_id"] for track in sender.get("/export.json", top=TOP).json()["tracks"]]

    end = time.monotonic() + 10
    while exported() != wanted and time.monotonic() < end:  # the page looks every second what others have written
        time.sleep(0.1)
    assert exported() == wanted
    assert [track["track_id"] for track in sender.plan()["added"]] == wanted
    page = sender.get("/send", top=TOP).text
    assert "20 kept by the ranking, less 1 that you marked Skip, and 1 more that you marked Keep." in page


def test_the_accounts_playlists_are_listed(sender: Sender) -> None:
    sender.send(sender.plan()["plan"])
    sender.standin.account.add_playlist("Somebody else's", [0, 1], owner_id="stranger")
    found = sender.get("/api/v1/playlists").json()
    listed = {one["name"]: one for one in found["playlists"]}
    assert found["account"] == "Demo Listener"
    assert listed.keys() == {NAME, "Discover", "Skipped"}
    assert {name for name, one in listed.items() if one["made_by_earmark"]} == {NAME}
    assert listed[NAME]["n_tracks"] == TOP
    page = sender.get("/playlists").text
    assert "Likes &lt;b&gt;&amp;&lt;/b&gt;" in page
    assert NAME not in page


def test_a_playlist_becomes_a_list_of_candidates(sender: Sender) -> None:
    discover = sender.standin.account.playlist_called("Discover")
    address = f"https://open.spotify.com/playlist/{discover.playlist_id}?si=abc"
    made = sender.post("lists/playlist", {"playlist": address})
    assert made.status_code == 201
    list_id = f"playlist-{discover.playlist_id}"
    assert (made.json()["list_id"], made.json()["title"]) == (list_id, "Discover")
    assert f"playlist 'Discover': {len(discover.entries)} tracks" in made.json()["notes"]
    ranked = sender.get("/export.json", list=list_id, top=300).json()
    demo = sender.get("/export.json", list="demo", top=300).json()
    assert ranked["n_candidates"] == made.json()["n_tracks"]
    assert {track["track_id"] for track in ranked["tracks"]} == {track["track_id"] for track in demo["tracks"]}
    discover.change(discover.entries[:40])
    again = sender.post("lists/playlist", {"playlist": discover.playlist_id}).json()
    assert "playlist 'Discover': 40 tracks" in again["notes"]
    assert 35 < again["n_tracks"] <= 40  # some sound like nobody knows what
    assert sender.get("/export.json", list=list_id).json()["n_candidates"] == again["n_tracks"]  # scored anew
    assert sender.changing() == []


def test_a_playlist_that_cannot_be_had_is_told(sender: Sender) -> None:
    theirs = sender.standin.account.add_playlist("Somebody else's", [0, 1], owner_id="stranger")
    refused = sender.post("lists/playlist", {"playlist": theirs.playlist_id})
    assert (refused.status_code, "playlists that you own" in refused.json()["error"]) == (422, True)
    assert sender.post("lists/playlist", {"playlist": EDITORIAL}).status_code == 404
    for odd in ("../../etc/passwd", "spotify:track:" + "a" * 22, "\x00", "x" * 500):
        answer = sender.post("lists/playlist", {"playlist": odd})
        assert (answer.status_code, "names no playlist" in answer.json()["error"]) == (422, True)
    sender.standin.faults.add(Fault(kind="429", retry_after=74_214))
    limited = sender.post("lists/playlist", {"playlist": theirs.playlist_id})
    assert (limited.status_code, "asks to wait" in limited.json()["error"]) == (502, True)


def as_the_command_line(tmp_path: Path, ending: str, *options: str) -> bytes:
    file = tmp_path / f"ranked.{ending}"
    said = CliRunner().invoke(cli, ["demo_candidates", "-o", str(file), *options], catch_exceptions=False)
    assert said.exit_code == 0
    return file.read_bytes()


@pytest.mark.parametrize(
    ("ending", "choice", "options"),
    [
        ("csv", {}, ()),
        ("json", {"top": 30}, ("--top", "30")),
        ("json", {"min_precision": 0.6}, ("--min-precision", "0.6")),
        ("m3u", {"threshold": 0.6}, ("--threshold", "0.6")),
    ],
)
def test_files_are_those_of_the_command_line(
    ending: str, choice: dict[str, Any], options: tuple[str, ...], served: Any, tmp_path: Path
) -> None:
    expected = as_the_command_line(tmp_path, ending, *options)
    page = served.browser.get(f"{served.url}/export.{ending}", params=choice, timeout=60)
    twin = served.browser.get(f"{served.url}/api/v1/export", params=choice | {"format": ending}, timeout=60)
    assert page.content == expected
    assert twin.content == expected
    assert page.headers["Content-Disposition"].startswith(f'attachment; filename="earmark-Demo-candidates.{ending}"; ')


def test_titles_stand_in_files_as_they_are_and_lists_may_have_any_name(
    page_home: Home, demo_candidates: pd.DataFrame, request: pytest.FixtureRequest
) -> None:
    odd = demo_candidates.head(6).reset_index(drop=True).copy()
    odd.loc[0, "track_name"] = "=1+1"
    odd["track_id"] = [f"local:{number:040d}" for number in range(3)] + odd["track_id"].tolist()[3:]
    list_id, title = "file-0123456789abcdef", 'x"\r\nSet-Cookie: a=b; é漢.csv'
    CandidateLists(page_home).put(CandidateList(list_id, title, "file", odd))
    served = request.getfixturevalue("served")
    answer = served.browser.get(f"{served.url}/export.csv", params={"list": list_id, "top": 6}, timeout=60)
    assert "=1+1" in {row["track_name"] for row in csv.DictReader(answer.text.splitlines())}
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Content-Disposition"].isascii()
    page = served.browser.get(f"{served.url}/send", params={"list": list_id, "top": 6}, timeout=60).text
    assert "3 of them have no id of Spotify" in page
    assert page.count("Set-Cookie") == 1  # in the title, escaped


@pytest.mark.parametrize(
    "title", ["", "..", "a/b\\c", "x" * 500, "漢字", '"; filename=evil.exe', "a\r\nb", "\ud800 \udcff"]
)
@pytest.mark.parametrize("ending", ["csv", "m3u"])
def test_a_file_name_is_safe_whatever_the_title(title: str, ending: str) -> None:
    value = disposition(title, ending)
    found = re.fullmatch(
        rf"attachment; filename=\"([A-Za-z0-9-]+)\.{ending}\"; filename\*=UTF-8''([A-Za-z0-9%._~-]+)\.{ending}", value
    )
    assert found is not None
    assert found[1].startswith("earmark")
    assert len(value) < 1_200


def test_the_listeners_word_goes_over_the_cut(demo_ranker: Ranker, demo_candidates: pd.DataFrame) -> None:
    scored = demo_ranker.scored(demo_candidates)
    kept = scored.keep(top=10)
    assert heed(scored, kept, {"elsewhere": "keep"}) == (kept, 0, 0)
    ids = scored.tracks["track_id"]
    ranking, n_skipped, n_added = heed(scored, kept, {ids[0]: "skip", ids[3]: "keep", ids[40]: "keep", ids[90]: "skip"})
    assert (n_skipped, n_added) == (1, 1)
    assert ranking.tracks["rank"].tolist() == [*range(2, 11), 41]
    assert ranking.tracks.columns.tolist() == kept.tracks.columns.tolist()
    assert ranking.tracks.dtypes.to_dict() == kept.tracks.dtypes.to_dict()
    value, low, high = ranking.expected_precision
    assert low <= value <= high
    assert value < kept.expected_precision[0]


def test_no_token_leaves(sender: Sender, caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    stored = json.loads((tmp_path / "config" / "spotify-token.json").read_text())
    secrets = [stored["access_token"], stored["refresh_token"]]
    caplog.set_level(logging.DEBUG)
    ask: list[Callable[[], requests.Response]] = [
        lambda: sender.get("/send"),
        lambda: sender.get("/playlists"),
        lambda: sender.get("/api/v1/playlists"),
        lambda: sender.get("/send/plan", name=NAME),
        lambda: sender.send(sender.plan()["plan"]),
        lambda: sender.get("/send/undo/plan", name=NAME),
    ]
    said = [one().text for one in ask]
    sender.standin.faults.add(Fault(kind="wrong-shape"))
    said += [one().text for one in ask[2:4]]
    assert len(said) == 8
    for secret in secrets:
        assert secret not in "".join(said)
        assert secret not in caplog.text
