"""The stand-in's sign-in (PKCE, consent, tokens that end, refreshing) and the command that starts it."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
import requests
from spotipy.cache_handler import MemoryCacheHandler
from spotipy.oauth2 import SpotifyPKCE

from tests.standin import Account, Playlist, StandIn
from tests.standin.__main__ import main
from tests.standin.oauth import REFRESH_TOKEN_SECONDS, challenge_of
from tests.standin.tracks import FEATURES

ROOT = Path(__file__).parents[1]
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
BACK = "http://127.0.0.1:8912/callback"


@pytest.fixture
def standin() -> Iterator[StandIn]:
    with StandIn(Account.made_up(3)) as service:
        yield service


def authorise_url(standin: StandIn, **changed: str) -> str:
    query = {
        "client_id": standin.client_id,
        "response_type": "code",
        "redirect_uri": BACK,
        "scope": "user-library-read user-top-read",
        "state": "s+t/a te",
        "code_challenge_method": "S256",
        "code_challenge": challenge_of(VERIFIER),
    }
    return f"{standin.spotify_url}/authorize?{urlencode(query | changed)}"


def values(address: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(address).query))


def post(standin: StandIn, **form: str) -> requests.Response:
    form = {"client_id": standin.client_id} | form
    return requests.post(f"{standin.spotify_url}/api/token", data=form, timeout=10)


def redeem(standin: StandIn, code: str, **changed: str) -> requests.Response:
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, "code_verifier": VERIFIER}
    return post(standin, **(form | changed))


def refresh(standin: StandIn, token: str) -> requests.Response:
    return post(standin, grant_type="refresh_token", refresh_token=token)


def status_of_me(standin: StandIn, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    return requests.get(f"{standin.spotify_url}/v1/me", headers=headers, timeout=10).status_code


def test_the_challenge_is_that_of_the_standards_example() -> None:
    assert challenge_of(VERIFIER) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"  # RFC 7636, appendix B


def test_spotipy_signs_in_with_pkce(standin: StandIn) -> None:
    cache = MemoryCacheHandler()
    auth = SpotifyPKCE(
        client_id=standin.client_id, redirect_uri=BACK, scope=["user-library-read"], state="xyz", cache_handler=cache,
        open_browser=False,
    )  # fmt: skip
    auth.OAUTH_AUTHORIZE_URL, auth.OAUTH_TOKEN_URL = (
        f"{standin.spotify_url}/authorize",
        f"{standin.spotify_url}/api/token",
    )
    back = standin.authorise(auth.get_authorize_url())
    assert values(back)["state"] == "xyz"
    token = auth.get_access_token(auth.parse_response_code(back))
    assert status_of_me(standin, token) == 200
    standin.authority.expire_access_tokens()
    assert status_of_me(standin, token) == 401
    fresh = auth.refresh_access_token(cache.get_cached_token()["refresh_token"])
    assert status_of_me(standin, fresh["access_token"]) == 200


def test_a_code_is_good_for_one_try_with_its_own_verifier_and_address(standin: StandIn) -> None:
    wrong = [{"code_verifier": "x" * 43}, {"code_verifier": ""}, {"redirect_uri": BACK + "/"}]
    for changed in wrong:
        code = values(standin.authorise(authorise_url(standin)))["code"]
        answer = redeem(standin, code, **changed)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
        assert redeem(standin, code).status_code == 400
    code = values(standin.authorise(authorise_url(standin)))["code"]
    told = redeem(standin, code).json()
    assert told["scope"] == "user-library-read user-top-read"
    assert told["expires_in"] == 3600
    assert redeem(standin, code).json()["error"] == "invalid_grant"


def test_state_comes_back_as_it_went_and_a_refusal_says_so(standin: StandIn) -> None:
    assert values(standin.authorise(authorise_url(standin)))["state"] == "s+t/a te"
    told = values(standin.authorise(authorise_url(standin), agree=False))
    assert told == {"error": "access_denied", "state": "s+t/a te"}


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"client_id": "0" * 32}, "INVALID_CLIENT"),
        ({"redirect_uri": "http://localhost:8912/callback"}, "Insecure redirect URI"),
        ({"redirect_uri": "http://example.org/callback"}, "Insecure redirect URI"),
        ({"redirect_uri": "https://127.0.0.1/callback"}, "Insecure redirect URI"),
        ({"scope": "user-library-read everything"}, "everything"),
    ],
)
def test_what_is_not_the_apps_is_told_to_the_person(standin: StandIn, changed: dict[str, str], word: str) -> None:
    with pytest.raises(ValueError, match=word):
        standin.authorise(authorise_url(standin, **changed))


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": ""}, "invalid_request"),
    ],
)
def test_an_app_without_pkce_is_sent_back(standin: StandIn, changed: dict[str, str], error: str) -> None:
    assert values(standin.authorise(authorise_url(standin, **changed)))["error"] == error


def test_another_client_gets_no_tokens(standin: StandIn) -> None:
    code = values(standin.authorise(authorise_url(standin)))["code"]
    answer = redeem(standin, code, client_id="0" * 32)
    assert answer.status_code == 400
    assert answer.json() == {"error": "invalid_client", "error_description": "Invalid client"}
    assert post(standin, grant_type="password").json()["error"] == "unsupported_grant_type"


@pytest.mark.parametrize(
    ("how", "told"), [("absent", "absent"), ("empty", ""), ("null", None), ("same", "same"), ("rotated", "rotated")]
)
def test_a_refresh_answers_as_it_is_told(how: Any, told: str | None) -> None:
    with StandIn(Account.made_up(3), refresh=how, scope_in_refresh=how != "null") as service:
        token = service.token("user-library-read")["refresh_token"]
        answer = refresh(service, token).json()
        assert status_of_me(service, answer["access_token"]) == 200
        assert ("scope" in answer) == (how != "null")
        given = answer.get("refresh_token", "absent")
        if how == "rotated":
            assert given.startswith("refresh-")
            assert refresh(service, token).json()["error_description"] == "Refresh token revoked"
            assert refresh(service, given).status_code == 200
        else:
            assert given == (token if told == "same" else told)


def test_refresh_tokens_end_six_months_after_the_sign_in_and_refreshing_does_not_help() -> None:
    with StandIn(Account.made_up(3), refresh="rotated") as service:
        first = service.token("user-library-read")["refresh_token"]
        ends = service.authority.refresh_tokens[first].ends
        assert ends - time.time() == pytest.approx(REFRESH_TOKEN_SECONDS, abs=60)
        second = refresh(service, first).json()["refresh_token"]
        assert service.authority.refresh_tokens[second].ends == ends
        service.authority.expire_refresh_tokens()
        answer = refresh(service, second)
        assert answer.status_code == 400
        assert answer.json() == {"error": "invalid_grant", "error_description": "Refresh token expired"}


def test_a_listener_may_remove_the_app(standin: StandIn) -> None:
    token = standin.token("user-library-read")
    standin.authority.revoke()
    assert status_of_me(standin, token["access_token"]) == 401
    assert refresh(standin, token["refresh_token"]).json()["error_description"] == "Refresh token revoked"


def test_sign_in_is_not_counted_among_the_calls_of_the_web_api(standin: StandIn) -> None:
    standin.authorise(authorise_url(standin))
    assert standin.calls_to("spotify") == []
    assert [call.path for call in standin.calls_to("accounts")] == ["/authorize", "/authorize/decision"]


# ------------------------------------------------------------------------------------------ python -m tests.standin


class _Callback(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.server.came = self.path  # type: ignore[attr-defined]
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def start(*options: str) -> tuple["subprocess.Popen[str]", dict[str, str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.standin", "--json", *options], cwd=ROOT, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    return process, json.loads(process.stdout.readline())["environment"]


def end(process: "subprocess.Popen[str]") -> tuple[int, str]:
    process.send_signal(signal.SIGTERM)
    _, told = process.communicate(timeout=20)
    return process.returncode, told


def test_the_command_serves_and_its_browser_signs_in_without_a_person() -> None:
    process, environment = start("--approve", "--account", "demo")
    try:
        callback = HTTPServer(("127.0.0.1", 0), _Callback)
        query = urlencode({
            "client_id": environment["SPOTIPY_CLIENT_ID"], "response_type": "code", "scope": "user-library-read",
            "redirect_uri": f"http://127.0.0.1:{callback.server_port}/callback", "state": "s",
            "code_challenge_method": "S256", "code_challenge": challenge_of(VERIFIER),
        })  # fmt: skip
        url = f"{environment['EARMARK_SPOTIFY_URL']}/authorize?{query}"
        code = "import sys, webbrowser; sys.exit(not webbrowser.open(sys.argv[1]))"
        waiter = threading.Thread(target=callback.handle_request)
        waiter.start()
        subprocess.run(
            [sys.executable, "-c", code, url], cwd=ROOT, env=os.environ | environment, check=True, timeout=30
        )
        waiter.join(timeout=20)
        callback.server_close()
        assert set(values(callback.came)) == {"code", "state"}  # type: ignore[attr-defined]
        for name in ("RECCOBEATS", "LISTENBRAINZ"):
            assert requests.get(environment[f"EARMARK_{name}_URL"], timeout=10).status_code == 404
    finally:
        returned, _ = end(process)
    assert returned == 0


def test_the_command_ends_with_1_where_the_contract_was_broken(tmp_path: Path) -> None:
    faults = tmp_path / "faults.json"
    faults.write_text('[{"kind": "429", "path": "/me", "retry_after": 74214, "times": 1}]')
    process, environment = start("--likes", "10", "--dialect", "legacy", "--features", "open", "--faults", str(faults))
    try:
        url = f"{environment['EARMARK_SPOTIFY_URL']}/v1/me"
        assert requests.get(url, timeout=10).headers["Retry-After"] == "74214"
        assert requests.get(f"{url}/nonsense", timeout=10).status_code == 401
    finally:
        returned, told = end(process)
    assert (returned == 1 and "no such operation" in told) or "nothing is validated" in told


def test_the_command_says_what_a_shell_should_export(capsys: pytest.CaptureFixture[str]) -> None:
    stopping = threading.Event()
    stopping.set()
    assert main(["--likes", "5", "--approve"], stopping) == 0
    lines = capsys.readouterr().out.splitlines()
    names = [line.removeprefix("export ").split("=")[0] for line in lines]
    assert names == [
        "EARMARK_SPOTIFY_URL", "EARMARK_RECCOBEATS_URL", "EARMARK_LISTENBRAINZ_URL", "SPOTIPY_CLIENT_ID", "BROWSER",
    ]  # fmt: skip
    assert all(line.startswith("export ") for line in lines)


def test_an_account_is_read_from_a_file(tmp_path: Path) -> None:
    features = dict.fromkeys(set(FEATURES) - {"duration_ms", "time_signature"}, 0)
    one = {"id": "a" * 22, "name": "One", "artists": ["A", "B"], "isrc": "QZAAA0000001", "features": features}
    path = tmp_path / "account.json"
    told = {
        "user": "me",
        "likes": [one | {"added_at": "2024-05-06T07:08:09Z"}, None, {"name": "T", "artists": ["X"], "kind": "local"}],
        "playlists": [{"name": "Skipped", "tracks": ["a" * 22]}, {"name": "Theirs", "owner": "x", "tracks": [one]}],
        "top": ["a" * 22],
        "listenbrainz": {"user": "lb", "loved": ["a" * 22]},
    }
    path.write_text(json.dumps(told))
    with StandIn(Account.from_file(path), features="open") as service:
        headers = {
            "Authorization": f"Bearer {service.token('user-library-read playlist-read-private')['access_token']}"
        }

        def get(address: str) -> Any:
            return requests.get(f"{service.spotify_url}/v1/{address}", headers=headers, timeout=10).json()

        rows = get("me/tracks")["items"]
        assert [row["track"] and row["track"]["id"] for row in rows] == ["a" * 22, None, None]
        assert rows[0]["added_at"] == "2024-05-06T07:08:09Z"
        assert [row["name"] for row in get("me/playlists")["items"]] == ["Skipped", "Theirs"]
        assert get("audio-features?ids=" + "a" * 22)["audio_features"][0]["time_signature"] == 4
        feedback = requests.get(f"{service.listenbrainz_url}/1/feedback/user/lb/get-feedback", timeout=10).json()
        assert feedback["total_count"] == 1


def test_every_change_of_a_playlist_makes_another_snapshot() -> None:
    playlist = Playlist("p" * 22, "x", "me")
    assert len({playlist.snapshot_id, playlist.change([]), playlist.change([])}) == 3
