"""Signing in against the stand-in: from the page to the stored token, and everything that can go wrong between."""

import io
import logging
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from connectors.http.faults import BadAnswer, Forbidden, RateLimited, ServiceUnavailable, SignInNeeded
from connectors.http.transport import Transport
from connectors.spotify import sign_in as module
from connectors.spotify.client import SpotifyClient
from connectors.spotify.settings import PULL_SCOPES, config_folder, find_client_id, store_app
from connectors.spotify.sign_in import Terminal, show_page, sign_in, sign_out, token_cache
from features.errors import EarmarkError, InputError
from tests.connectors.spotify.signed_in import ALL_SCOPES, person, sign_in_quietly, use
from tests.standin import Account, Fault, StandIn

PORT = 18_912


@pytest.fixture
def standin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    with StandIn(Account.made_up(120)) as running:
        use(running, tmp_path / "config", monkeypatch)
        yield running


def cached_calls(standin: StandIn) -> int:
    return len(standin.calls_to("accounts", "/api/token"))


def test_a_person_signs_in(standin: StandIn) -> None:
    terminal, said = person(standin)
    token = sign_in(standin.client_id, PULL_SCOPES, terminal, port=PORT)
    assert token.scopes == set(PULL_SCOPES)
    assert token == token_cache(standin.client_id).read()
    assert find_client_id() == standin.client_id
    assert f"{standin.spotify_url}/authorize?" in said[0]
    assert "180 s" in said[1]


def test_what_is_asked_is_what_the_protocol_wants(standin: StandIn) -> None:
    addresses: list[str] = []
    states: list[str] = []
    for _ in range(2):
        terminal, said = person(standin)
        sign_in(standin.client_id, PULL_SCOPES, terminal, port=PORT)
        addresses.append(said[0].split("\n")[2])
    for address in addresses:
        query = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert query["response_type"] == "code"
        assert query["redirect_uri"] == f"http://127.0.0.1:{PORT}/callback"
        assert query["code_challenge_method"] == "S256"
        assert set(query["scope"].split()) == set(PULL_SCOPES)
        assert len(query["state"]) >= 43
        states.append(query["state"] + query["code_challenge"])
    assert states[0] != states[1]


def test_a_person_declines(standin: StandIn) -> None:
    terminal, _ = person(standin, agree=False)
    with pytest.raises(InputError, match="declined"):
        sign_in(standin.client_id, PULL_SCOPES, terminal, port=PORT)
    assert token_cache(standin.client_id).read() is None


def test_a_sign_in_that_fails_leaves_the_old_one(standin: StandIn) -> None:
    sign_in_quietly(standin)
    before = token_cache(standin.client_id).read()
    for terminal in (person(standin, agree=False)[0], Terminal(lambda _: None, None, lambda _: None)):
        with pytest.raises(InputError):
            sign_in(standin.client_id, PULL_SCOPES, terminal, port=PORT, timeout=0.2)
    standin.faults.add(Fault(kind="error-string", service="accounts", path="/api/token", at=1))
    with pytest.raises(BadAnswer):
        sign_in(standin.client_id, PULL_SCOPES, person(standin)[0], port=PORT)
    assert token_cache(standin.client_id).read() == before


def paste(make: Callable[[str], str]) -> tuple[Terminal, list[str]]:
    """A terminal whose user opens the page elsewhere and pastes what ``make`` makes of its address."""
    said: list[str] = []

    def ask(question: str) -> str:
        return make(said[0].split("\n")[2])

    return Terminal(said.append, ask, lambda _: pytest.fail("no browser here")), said


def test_a_headless_sign_in_takes_a_pasted_address(standin: StandIn) -> None:
    terminal, _ = paste(lambda address: f"  {standin.authorise(address)}\n")
    assert sign_in(standin.client_id, PULL_SCOPES, terminal, port=PORT, headless=True).scopes == set(PULL_SCOPES)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda _: "",
        lambda _: "yes",
        lambda redirect: redirect.replace("state=", "state=x"),
        lambda redirect: redirect.partition("&state")[0],
        lambda redirect: redirect.partition("code=")[2],
        lambda redirect: redirect.replace("code=", "kode="),
    ],
)
def test_a_pasted_address_of_something_else_is_refused(standin: StandIn, spoil: Callable[[str], str]) -> None:
    terminal, _ = paste(lambda address: spoil(standin.authorise(address)))
    with pytest.raises(InputError, match="not the address"):
        sign_in(standin.client_id, PULL_SCOPES, terminal, port=PORT, headless=True)
    assert cached_calls(standin) == 0


def test_a_headless_sign_in_needs_a_terminal(standin: StandIn) -> None:
    with pytest.raises(InputError, match="no terminal"):
        sign_in(standin.client_id, PULL_SCOPES, Terminal(print, None, print), port=PORT, headless=True)


def test_a_code_is_good_once(standin: StandIn) -> None:
    redirects: list[str] = []

    def twice(address: str) -> str:
        redirects.append(standin.authorise(address))
        code = parse_qs(urlsplit(redirects[0]).query)["code"][0]
        form = {"client_id": standin.client_id, "grant_type": "authorization_code", "code": code}
        with Transport("Spotify") as thief:
            assert thief.post(f"{standin.spotify_url}/api/token", data=form).status_code == 400  # no verifier
        return redirects[0]

    with pytest.raises(SignInNeeded, match="took too long or was used already"):
        sign_in(standin.client_id, PULL_SCOPES, paste(twice)[0], port=PORT, headless=True)


def test_an_unknown_app_is_said_so(standin: StandIn) -> None:
    sign_in_quietly(standin)
    token = token_cache(standin.client_id).read()
    assert token is not None
    client_id = "f" * 32
    store_app(client_id, PORT)
    token_cache(client_id).write(replace(token, client_id=client_id, expires_at=0.0))
    with (
        SpotifyClient.signed_in(scopes=PULL_SCOPES) as client,
        pytest.raises(InputError, match="does not know the app") as caught,
    ):
        client.account()
    assert "dashboard" in caught.value.hint


@pytest.mark.parametrize("refresh", ["absent", "empty", "null", "rotated", "same"])
@pytest.mark.parametrize("scope_in_refresh", [True, False])
def test_an_access_token_that_ended_is_renewed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refresh: str, scope_in_refresh: bool
) -> None:
    with StandIn(Account.made_up(120), refresh=refresh, scope_in_refresh=scope_in_refresh) as standin:  # type: ignore[arg-type]
        use(standin, tmp_path, monkeypatch)
        sign_in_quietly(standin)
        with SpotifyClient.signed_in(scopes=PULL_SCOPES) as client:
            for _ in range(3):
                standin.authority.expire_access_tokens()
                assert client.saved_tracks(0).items
            assert client.calls == 3 * 3  # refused, renewed, answered
        token = token_cache(standin.client_id).read()
        assert token is not None
        assert token.scopes == set(ALL_SCOPES)


def test_a_token_near_its_end_is_renewed_before_it_is_refused(standin: StandIn) -> None:
    sign_in_quietly(standin, expires_at=datetime.now(UTC).timestamp() + 30)
    with SpotifyClient.signed_in(scopes=PULL_SCOPES) as client:
        client.saved_tracks(0)
        client.saved_tracks(50)
    assert [call.status for call in standin.calls] == [200, 200, 200]
    assert cached_calls(standin) == 1


def test_a_token_that_stays_refused_needs_a_new_sign_in(standin: StandIn) -> None:
    sign_in_quietly(standin)
    standin.faults.add(Fault(kind="401"))
    with SpotifyClient.signed_in(scopes=PULL_SCOPES) as client, pytest.raises(SignInNeeded, match="does not accept"):
        client.saved_tracks(0)
    assert [call.status for call in standin.calls] == [401, 200, 401]


@pytest.mark.parametrize("end", ["expire_refresh_tokens", "revoke"])
def test_a_dead_refresh_token_is_deleted_and_said_so(standin: StandIn, end: str) -> None:
    sign_in_quietly(standin)
    standin.authority.expire_access_tokens()
    getattr(standin.authority, end)()
    with (
        SpotifyClient.signed_in(scopes=ALL_SCOPES) as client,
        pytest.raises(SignInNeeded, match="Refresh token") as caught,
    ):
        client.saved_tracks(0)
    assert "earmark login spotify --for push" in caught.value.hint
    assert token_cache(standin.client_id).read() is None
    assert cached_calls(standin) == 1
    with pytest.raises(SignInNeeded, match="nobody is signed in"):
        SpotifyClient.signed_in(scopes=PULL_SCOPES)


def test_two_clients_renew_a_rotating_token_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with StandIn(Account.made_up(120), refresh="rotated") as standin:
        use(standin, tmp_path, monkeypatch)
        sign_in_quietly(standin)
        standin.authority.expire_access_tokens()
        errors: list[BaseException] = []

        def pull() -> None:
            try:
                with SpotifyClient.signed_in(scopes=PULL_SCOPES) as client:
                    for page in range(5):
                        client.saved_tracks(50 * page)
            except BaseException as error:
                errors.append(error)

        threads = [threading.Thread(target=pull) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not errors
        assert cached_calls(standin) == 1


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("500", ServiceUnavailable),
        ("close", ServiceUnavailable),
        ("truncate", ServiceUnavailable),
        ("html", BadAnswer),
        ("wrong-shape", BadAnswer),
        ("error-string", BadAnswer),
        ("empty", BadAnswer),
        ("null", BadAnswer),
    ],
)
def test_trouble_at_the_token_address_keeps_the_sign_in(
    standin: StandIn, kind: str, expected: type[EarmarkError]
) -> None:
    sign_in_quietly(standin)
    standin.authority.expire_access_tokens()
    before = token_cache(standin.client_id).read()
    standin.faults.add(Fault(kind=kind, service="accounts", at=1))
    with SpotifyClient.signed_in(scopes=PULL_SCOPES) as client:
        with pytest.raises(expected):
            client.saved_tracks(0)
        assert token_cache(standin.client_id).read() == before
        assert client.saved_tracks(0).items


def test_a_rate_limit_at_the_token_address_is_one(standin: StandIn) -> None:
    sign_in_quietly(standin)
    standin.authority.expire_access_tokens()
    standin.faults.add(Fault(kind="429", service="accounts", retry_after=5000))
    with SpotifyClient.signed_in(scopes=PULL_SCOPES) as client, pytest.raises(RateLimited):
        client.saved_tracks(0)


def test_scopes_that_are_missing_are_asked_for_when_needed(standin: StandIn) -> None:
    sign_in_quietly(standin, PULL_SCOPES)
    SpotifyClient.signed_in(scopes=PULL_SCOPES).close()
    with pytest.raises(SignInNeeded, match="playlist-modify-private") as caught:
        SpotifyClient.signed_in(scopes=["playlist-modify-private"])
    assert "earmark login spotify --for push" in caught.value.hint


def test_the_end_of_a_sign_in_is_told_in_time(standin: StandIn) -> None:
    sign_in_quietly(standin)
    with SpotifyClient.signed_in(scopes=PULL_SCOPES) as client:
        assert client.notes == ()
    sign_in_quietly(standin, authorised_at=datetime.now(UTC) - timedelta(days=170))
    with SpotifyClient.signed_in(scopes=PULL_SCOPES) as client:
        assert "ends on" in client.notes[0]


def test_signing_out_deletes_all_but_the_client_id(standin: StandIn) -> None:
    sign_in_quietly(standin)
    with SpotifyClient.signed_in(scopes=ALL_SCOPES) as client, pytest.raises(Forbidden):
        client.audio_features(["0" * 22])
    assert (config_folder() / "spotify-capabilities.json").exists()
    assert sign_out()
    assert not sign_out()
    assert {file.name for file in config_folder().iterdir()} <= {"spotify.json", "spotify-token.lock"}
    assert find_client_id() == standin.client_id


def test_signing_out_waits_for_a_renewal(standin: StandIn) -> None:
    sign_in_quietly(standin)
    cache = token_cache(standin.client_id)
    with cache.locked():
        leaving = threading.Thread(target=sign_out)
        leaving.start()
        leaving.join(0.1)
        assert leaving.is_alive()
        cache.save_token_to_cache(standin.token(PULL_SCOPES))
    leaving.join()
    assert cache.read() is None


def test_signing_out_makes_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARMARK_CONFIG", str(tmp_path / "none"))
    assert not sign_out()
    assert not (tmp_path / "none").exists()


def test_a_browser_is_opened_only_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(module.webbrowser, "open", opened.append)
    monkeypatch.setattr("sys.platform", "linux")
    for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    show_page("http://a/")
    monkeypatch.setenv("DISPLAY", ":0")
    show_page("http://b/")  # a display, but no terminal: somebody's script
    monkeypatch.setenv("BROWSER", "firefox")
    show_page("http://c/")
    assert opened == ["http://c/"]


def test_no_log_or_error_holds_a_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    root = logging.getLogger()
    caplog.set_level(logging.DEBUG)
    root.addHandler(handler)
    secrets: set[str] = set()
    errors: list[str] = []

    def attempt(action: Callable[[], object]) -> None:
        try:
            action()
        except EarmarkError as error:
            errors.append(f"{error!r} {error.message} {error.hint}")

    def collect(address: str) -> str:
        query = parse_qs(urlsplit(address).query)
        redirect = standin.authorise(address)
        secrets.update([*query["state"], *query["code_challenge"], *parse_qs(urlsplit(redirect).query)["code"]])
        return redirect

    try:
        with StandIn(Account.made_up(120), refresh="rotated", features="closed") as standin:
            use(standin, tmp_path, monkeypatch)
            terminal, _ = paste(collect)
            token = sign_in(standin.client_id, ALL_SCOPES, terminal, port=PORT, headless=True)
            client = SpotifyClient.signed_in(scopes=ALL_SCOPES, max_wait=0)
            attempt(lambda: client.saved_tracks(0))
            standin.authority.expire_access_tokens()
            attempt(lambda: client.saved_tracks(0))
            attempt(lambda: client.audio_features(["0" * 22]))
            attempt(lambda: client.playlist("0" * 22))
            for kind in ("500", "429", "html", "truncate", "401", "403-premium", "error-string", "close"):
                standin.faults.add(Fault(kind=kind, at=1))
                attempt(lambda: client.saved_tracks(0))
            standin.authority.expire_access_tokens()
            standin.faults.add(Fault(kind="error-string", service="accounts", at=1))
            attempt(lambda: client.saved_tracks(0))
            standin.authority.revoke()
            attempt(lambda: client.saved_tracks(0))
            secrets |= {*standin.authority.access_tokens, *standin.authority.refresh_tokens}
            secrets |= {token.access_token, token.refresh_token}
    finally:
        root.removeHandler(handler)
    text = stream.getvalue() + caplog.text + "".join(errors)
    assert "Sending POST request to" in text
    assert len(errors) >= 10
    assert len(secrets) >= 7
    assert [secret for secret in secrets if secret in text] == []
    for name in ("code_verifier", "refresh_token", "Authorization"):
        assert f"'{name}': '[hidden]'" in text or f"'{name}': 'Bearer [hidden]'" in text
    kept = [file for file in tmp_path.rglob("*") if file.is_file() and "token.json" not in file.name]
    assert not any(secret in file.read_text() for file in kept for secret in secrets)
    assert os.environ["EARMARK_CONFIG"] == str(tmp_path)
