"""The stand-in's faults: what each looks like to a client, and when it strikes."""

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from typing import Any

import pytest
import requests

from tests.standin import Account, BrokenContractError, Fault, Request, StandIn
from tests.standin.faults import ANSWERS, OTHERS, faults_of_json

BROKEN = requests.RequestException


def session(standin: StandIn) -> requests.Session:
    client = requests.Session()
    client.headers["Authorization"] = (
        f"Bearer {standin.token('user-library-read playlist-modify-private')['access_token']}"
    )
    return client


def likes(standin: StandIn, client: requests.Session | None = None) -> requests.Response:
    return (client or session(standin)).get(f"{standin.spotify_url}/v1/me/tracks?limit=10", timeout=5)


def serving(*faults: Fault) -> StandIn:
    return StandIn(Account.made_up(30), faults=faults)


@pytest.mark.parametrize("kind", ANSWERS)
def test_an_answer_in_place_of_the_services(kind: str) -> None:
    with serving(Fault(kind=kind, retry_after=7 if kind == "429" else None, times=1)) as standin:
        struck, after = likes(standin), likes(standin)
        expected = ANSWERS[kind]()
        assert struck.status_code == expected.status
        assert struck.content == expected.encoded()
        assert struck.headers.get("Retry-After") == ("7" if kind == "429" else expected.headers.get("Retry-After"))
        assert after.status_code == 200
        assert [call.fault for call in standin.calls] == [kind, None]
        assert [call.status for call in standin.calls] == [expected.status, 200]


def test_answers_are_those_that_were_seen() -> None:
    with serving(*(Fault(kind=kind, at=1, times=1) for kind in ("403-premium", "403-allow-list"))) as standin:
        client = session(standin)
        premium, allow_list = likes(standin, client), likes(standin, client)
        assert premium.text.startswith("Active premium subscription required for the owner of the app.")
        assert premium.headers["Content-Type"].startswith("text/plain")
        assert "the user may not be registered" in allow_list.text
    with serving(Fault(kind="quota"), Fault(kind="429")) as standin:
        assert likes(standin).json()["error"]["reason"] == "QUOTA_EXCEEDED"
    with serving(Fault(kind="html")) as standin:
        assert likes(standin).headers["Content-Type"].startswith("text/html")


def test_connections_that_break() -> None:
    with serving(Fault(kind="close", at=1), Fault(kind="lost-answer", at=2), Fault(kind="truncate", at=3)) as standin:
        for _ in range(3):
            with pytest.raises(BROKEN):
                likes(standin)
        assert likes(standin).status_code == 200
        assert [call.status for call in standin.calls] == [0, 0, 200, 200]


@pytest.mark.parametrize(("kind", "carried_out"), [("close", False), ("lost-answer", True), ("truncate", True)])
def test_a_change_is_lost_or_carried_out_where_the_answer_is_lost(kind: str, carried_out: bool) -> None:
    with serving(Fault(kind=kind, method="POST")) as standin:
        with pytest.raises(BROKEN):
            session(standin).post(
                f"{standin.spotify_url}/v1/me/playlists", json={"name": "New", "public": False}, timeout=5
            )
        assert ("New" in [one.name for one in standin.account.playlists.values()]) is carried_out


def test_half_a_body_that_looks_whole() -> None:
    with serving(Fault(kind="truncate-json", at=1)) as standin:
        half = likes(standin)
        assert half.status_code == 200
        with pytest.raises(ValueError, match=r"Unterminated|Expecting|delimiter"):
            half.json()


def test_a_page_without_the_items_that_it_counts() -> None:
    with serving(Fault(kind="unlisted", at=1)) as standin:
        empty, whole = likes(standin).json(), likes(standin).json()
    assert empty["items"] == []
    assert empty == {**whole, "items": []}
    assert empty["total"] == 30


def test_a_connection_that_closes_after_the_answer_though_it_was_to_be_kept() -> None:
    with serving(Fault(kind="close-after", at=1)) as standin:
        connection = http.client.HTTPConnection(standin.spotify_url.removeprefix("http://"), timeout=5)
        headers = {"Authorization": f"Bearer {standin.token('user-library-read')['access_token']}"}
        connection.request("GET", "/v1/me/tracks", headers=headers)
        with connection.getresponse() as answer:
            assert json.loads(answer.read())["total"] == 30
        with pytest.raises((ConnectionError, http.client.BadStatusLine)):  # noqa: PT012  # either may see it first
            connection.request("GET", "/v1/me/tracks", headers=headers)
            connection.getresponse()
        connection.close()
        assert likes(standin).status_code == 200


def test_a_slow_answer_comes_late_and_does_not_keep_the_server_from_stopping() -> None:
    with serving(Fault(kind="slow", seconds=0.15, at=1), Fault(kind="slow", seconds=60.0, at=2)) as standin:
        began = time.monotonic()
        assert likes(standin).status_code == 200
        assert time.monotonic() - began >= 0.15
        with pytest.raises(requests.ReadTimeout):
            session(standin).get(f"{standin.spotify_url}/v1/me/tracks", timeout=0.1)
        began = time.monotonic()
    assert time.monotonic() - began < 5.0


def test_when_a_fault_strikes() -> None:
    def on_second_page(request: Request) -> bool:
        return request.query.get("offset") == "10"

    with serving(
        Fault(kind="500", at=2, path="/me/tracks"),
        Fault(kind="502", at=4, times=2, path="/me/tracks"),
        Fault(kind="503", when=on_second_page, times=1),
        Fault(kind="404", path="/me/playlists"),
    ) as standin:
        client = session(standin)
        assert [likes(standin, client).status_code for _ in range(6)] == [200, 500, 200, 502, 502, 200]
        url = f"{standin.spotify_url}/v1/me/tracks?limit=10&offset=10"
        assert [client.get(url, timeout=5).status_code for _ in range(2)] == [503, 200]
        playlists = f"{standin.spotify_url}/v1/me/playlists"
        assert [client.get(playlists, timeout=5).status_code for _ in range(3)] == [404] * 3
        standin.faults.clear()
        assert client.get(playlists, timeout=5).status_code == 403
        standin.faults.add(Fault(kind="429", at=1))
        assert likes(standin, client).status_code == 429


def test_faults_of_the_other_services() -> None:
    with serving(
        Fault(kind="429", service="reccobeats", retry_after=2),
        Fault(kind="html-502", service="listenbrainz"),
        Fault(kind="500", service="accounts", path="/api/token"),
    ) as standin:
        answer = requests.get(f"{standin.reccobeats_url}/v1/audio-features?ids=x", timeout=5)
        assert (answer.status_code, answer.headers["Retry-After"]) == (429, "2")
        assert requests.get(f"{standin.listenbrainz_url}/1/feedback", timeout=5).status_code == 502
        assert requests.post(f"{standin.spotify_url}/api/token", data={}, timeout=5).status_code == 500
        assert likes(standin).status_code == 200


def test_a_hook_may_kill_the_client_at_a_scripted_point() -> None:
    processes: list[subprocess.Popen[str]] = []

    def kill(request: Request) -> None:
        os.kill(processes[0].pid, signal.SIGKILL)
        processes[0].wait(timeout=10)

    code = """
import sys, requests
for offset in range(0, 30, 5):
    requests.get(sys.argv[1] + f"/v1/me/tracks?limit=5&offset={offset}", headers={"Authorization": sys.argv[2]})
    print(offset, flush=True)
"""
    with serving(Fault(kind="hook", at=3, hook=kill, path="/me/tracks")) as standin:
        token = f"Bearer {standin.token('user-library-read')['access_token']}"
        command = [sys.executable, "-c", code, standin.spotify_url, token]
        processes.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True))
        told, _ = processes[0].communicate(timeout=30)
        assert processes[0].returncode == -signal.SIGKILL
        assert told.split() == ["0", "5"]
        assert likes(standin).status_code == 200
        assert 3 <= len(standin.calls) <= 4  # the third is recorded when its hook has returned


def test_a_hook_that_fails_fails_the_test() -> None:
    def fail(request: Request) -> None:
        raise RuntimeError("no such process")

    standin = serving(Fault(kind="hook", hook=fail))
    with pytest.raises(BrokenContractError, match="no such process"), standin, pytest.raises(BROKEN):
        likes(standin)


@pytest.mark.parametrize("row", [{"kind": "meteor"}, {"kind": "hook"}, {"kind": "500", "att": 1}])
def test_a_script_that_makes_no_sense_is_refused(row: dict[str, Any]) -> None:
    with pytest.raises((ValueError, TypeError)):
        faults_of_json([row])


def test_every_kind_of_the_script_is_tried_here() -> None:
    assert set(OTHERS) == {
        "close", "lost-answer", "close-after", "truncate", "truncate-json", "unlisted", "slow", "hook",
    }  # fmt: skip
