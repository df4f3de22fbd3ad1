"""The token file: private, whole, forgiving about answers and strict about what it holds."""

import json
import os
import stat
import subprocess
import sys
import threading
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from connectors.http.faults import BadAnswer, ServiceUnavailable, SignInNeeded
from connectors.spotify.answers import Account
from connectors.spotify.private_files import write_private
from connectors.spotify.settings import PULL_SCOPES, PUSH_SCOPES, find_client_id, find_port, store_app
from connectors.spotify.tokens import Token, TokenCache
from features.errors import InputError

ROOT = Path(__file__).parents[3]
APP = "0123456789abcdef0123456789abcdef"
FIRST, SECOND = "first-access", "second-access"
ANSWER = {"access_token": FIRST, "refresh_token": "first-refresh", "scope": "a b", "expires_at": 1e10}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config" / "spotify-token.json"


@pytest.fixture
def cache(path: Path) -> TokenCache:
    TokenCache(path, APP, new_scope="a b").save_token_to_cache(ANSWER)
    return TokenCache(path, APP)


def read(cache: TokenCache) -> Token:
    token = cache.read()
    assert token is not None
    return token


def test_nobody_has_signed_in(path: Path) -> None:
    cache = TokenCache(path, APP)
    assert cache.read() is None
    assert cache.get_cached_token() is None
    assert not cache.clear()


def test_a_token_is_read_as_it_was_written(cache: TokenCache) -> None:
    token = read(cache)
    assert (token.access_token, token.refresh_token, token.scopes) == (FIRST, "first-refresh", {"a", "b"})
    assert abs(datetime.now(UTC) - token.authorised_at) < timedelta(seconds=10)
    cache.write(Token(**{**token.__dict__, "account": Account(id="x", user_id="y", name="Z")}))
    assert read(cache).account == Account(id="x", user_id="y", name="Z")
    assert (cache.get_cached_token() or {})["access_token"] == FIRST


def test_file_and_folder_are_their_owners_alone(cache: TokenCache) -> None:
    assert stat.S_IMODE(cache.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(cache.path.parent.stat().st_mode) == 0o700


def test_a_file_that_others_may_read_is_closed_to_them_when_it_is_used(cache: TokenCache) -> None:
    cache.path.chmod(0o644)
    assert read(cache).access_token == FIRST
    assert stat.S_IMODE(cache.path.stat().st_mode) == 0o600


def test_the_file_is_private_from_the_first_byte(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    fsync = os.fsync

    def look(handle: int) -> None:
        seen.extend(stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir())
        fsync(handle)

    monkeypatch.setattr(os, "fsync", look)
    mask = os.umask(0)
    try:
        write_private(path, "{}")
        write_private(path, "{}")
    finally:
        os.umask(mask)
    assert seen
    assert set(seen) == {0o600}


def test_a_write_that_fails_leaves_the_old_token(cache: TokenCache, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space"):
        cache.save_token_to_cache({**ANSWER, "access_token": SECOND})
    monkeypatch.undo()
    assert read(cache).access_token == FIRST
    assert [file.name for file in cache.path.parent.iterdir()] == [cache.path.name]


@pytest.mark.parametrize("refresh", [{}, {"refresh_token": ""}, {"refresh_token": None}, {"refresh_token": "a b"}])
@pytest.mark.parametrize("scope", [{}, {"scope": ""}, {"scope": None}])
def test_what_a_refresh_does_not_tell_is_kept(
    cache: TokenCache, refresh: dict[str, Any], scope: dict[str, Any]
) -> None:
    before = read(cache)
    cache.save_token_to_cache({"access_token": SECOND, "expires_at": 2e10, **refresh, **scope})
    token = read(cache)
    assert (token.access_token, token.refresh_token, token.scope) == (SECOND, "first-refresh", "a b")
    assert token.authorised_at == before.authorised_at


def test_what_a_refresh_tells_is_taken_but_not_a_new_life(cache: TokenCache) -> None:
    before = read(cache)
    cache.save_token_to_cache({**ANSWER, "refresh_token": "second-refresh", "scope": "a"})
    token = read(cache)
    assert (token.refresh_token, token.scope) == ("second-refresh", "a")
    assert token.authorised_at == before.authorised_at


def test_a_new_sign_in_keeps_nothing_of_the_old(cache: TokenCache) -> None:
    old = read(cache)
    cache.write(Token(**{**old.__dict__, "authorised_at": old.authorised_at - timedelta(days=100)}))
    fresh = TokenCache(cache.path, APP, new_scope="c")
    with pytest.raises(BadAnswer):
        fresh.save_token_to_cache({"access_token": SECOND, "expires_at": 2e10})
    fresh.save_token_to_cache({"access_token": "third", "refresh_token": "third-refresh", "expires_at": 2e10})
    token = read(cache)
    assert (token.scope, token.refresh_token) == ("c", "third-refresh")
    assert token.authorised_at >= old.authorised_at


@pytest.mark.parametrize("access", [None, "", 7, "a\nb", "x" * 9000, "ü"])
def test_an_answer_without_a_token_is_not_stored(cache: TokenCache, access: object) -> None:
    with pytest.raises(BadAnswer):
        cache.save_token_to_cache({**ANSWER, "access_token": access})
    assert read(cache).access_token == FIRST


GOOD = {
    "client_id": APP,
    "access_token": "x",
    "refresh_token": "y",
    "scope": "",
    "expires_at": 1,
    "authorised_at": "2026-01-01T00:00:00+00:00",
}


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "null",
        "\x00\x01",
        "[" * 100_000,
        "{}",
        json.dumps({**GOOD, "access_token": "bad\r\nHeader: x"}),
        json.dumps({**GOOD, "access_token": ["x"]}),
        json.dumps({**GOOD, "expires_at": "soon"}),
        json.dumps({**GOOD, "authorised_at": "yesterday"}),
        json.dumps({**GOOD, "authorised_at": "2026-01-01T00:00:00"}),
        json.dumps({**GOOD, "authorised_at": 7}),
        json.dumps({**GOOD, "account": {"id": "x"}}),
        json.dumps({**GOOD, "account": "x"}),
        json.dumps({**GOOD, "scope": None}),
    ],
)
def test_a_damaged_file_is_deleted_and_said_so(path: Path, content: str) -> None:
    write_private(path, content)
    with pytest.raises(SignInNeeded, match="damaged") as caught:
        TokenCache(path, APP).read()
    assert "earmark login spotify" in caught.value.hint
    assert not path.exists()


def test_a_file_of_other_bytes_is_damaged_too(path: Path) -> None:
    write_private(path, "")
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SignInNeeded, match="damaged"):
        TokenCache(path, APP).read()


def test_a_token_of_another_app_is_refused_and_stays_for_that(cache: TokenCache) -> None:
    with pytest.raises(SignInNeeded, match="another app") as caught:
        TokenCache(cache.path, "f" * 32).read()
    assert "earmark login spotify" in caught.value.hint
    assert "SPOTIPY_CLIENT_ID" in caught.value.hint
    assert read(cache).access_token == FIRST


def test_a_renewal_that_comes_after_a_sign_out_signs_nobody_in(cache: TokenCache) -> None:
    assert cache.clear()
    with pytest.raises(SignInNeeded, match="nobody is signed in"):
        cache.save_token_to_cache(ANSWER)
    assert not cache.path.exists()


def test_no_text_of_a_token_shows_it(cache: TokenCache) -> None:
    assert "first-" not in f"{read(cache)!r} {read(cache)}"


@pytest.mark.parametrize(
    ("signed_in", "ends"),
    [
        (date(2026, 7, 20), date(2027, 1, 20)),
        (date(2026, 8, 31), date(2027, 2, 28)),
        (date(2027, 8, 31), date(2028, 2, 29)),
        (date(2026, 12, 31), date(2027, 6, 30)),
    ],
)
def test_a_sign_in_lives_for_six_months(cache: TokenCache, signed_in: date, ends: date) -> None:
    moment = datetime(signed_in.year, signed_in.month, signed_in.day, 12, tzinfo=UTC)
    token = Token(**{**read(cache).__dict__, "authorised_at": moment})
    assert token.ends_on == ends
    assert token.warning(ends - timedelta(days=31)) is None
    assert f"{ends:%d %b %Y} (in 30 days)" in (token.warning(ends - timedelta(days=30)) or "")
    assert "(in 1 day)" in (token.warning(ends - timedelta(days=1)) or "")
    assert "(now)" in (token.warning(ends + timedelta(days=3)) or "")


def test_the_warning_asks_for_no_less_than_is_had(cache: TokenCache) -> None:
    token = read(cache)
    pull = Token(**{**token.__dict__, "scope": " ".join(PULL_SCOPES)})
    push = Token(**{**token.__dict__, "scope": " ".join([*PULL_SCOPES, *PUSH_SCOPES])})
    assert "'earmark login spotify'" in (pull.warning(pull.ends_on) or "")
    assert "'earmark login spotify --for push'" in (push.warning(push.ends_on) or "")


HOLD = """
import sys
from pathlib import Path
from connectors.spotify.tokens import TokenCache
with TokenCache(Path(sys.argv[1]), "").locked():
    print("held", flush=True)
    sys.stdin.read()
"""


def test_two_processes_take_turns(cache: TokenCache) -> None:
    command = [sys.executable, "-c", HOLD, str(cache.path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        threading.Timer(0.15, other.stdin.close).start()
        began = time.monotonic()
        with cache.locked():
            waited = time.monotonic() - began
    assert 0.1 <= waited < 5


def test_a_lock_that_is_never_given_back_is_said_so(cache: TokenCache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.spotify.tokens.LOCK_SECONDS", 0.05)
    with FileLock(cache.path.with_suffix(".lock")), pytest.raises(ServiceUnavailable, match="another earmark"):
        cache.locked().__enter__()


@pytest.mark.parametrize("client_id", ["", "short", "x" * 65, "../../etc", "0123456789abcdef 123456789abcdef"])
def test_a_client_id_is_checked(client_id: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("EARMARK_CONFIG", str(tmp_path))
    monkeypatch.delenv("SPOTIPY_CLIENT_ID", raising=False)
    with pytest.raises(InputError):
        find_client_id(client_id)


def test_the_client_id_is_looked_for_in_order(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("EARMARK_CONFIG", str(tmp_path / "config"))
    monkeypatch.delenv("SPOTIPY_CLIENT_ID", raising=False)
    with pytest.raises(InputError) as caught:
        find_client_id()
    for needed in ("developer.spotify.com/dashboard", "http://127.0.0.1:8912/callback", "Premium", "at most 5"):
        assert needed in caught.value.hint
    assert find_port() == 8912
    store_app("a" * 32, 9000)
    assert find_client_id() == "a" * 32
    assert (find_port(), find_port(9001)) == (9000, 9001)
    monkeypatch.setenv("SPOTIPY_CLIENT_ID", "b" * 32)
    assert find_client_id() == "b" * 32
    assert find_client_id(f" {'b' * 32} ") == "b" * 32
    with pytest.raises(InputError, match="two apps"):  # later commands would use the other one
        find_client_id("c" * 32)
    monkeypatch.delenv("SPOTIPY_CLIENT_ID")
    assert find_client_id("c" * 32) == "c" * 32
    (tmp_path / "config" / "spotify.json").write_text("{")
    with pytest.raises(InputError, match="damaged"):
        find_client_id()
