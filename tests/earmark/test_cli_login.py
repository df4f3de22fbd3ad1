"""`earmark login spotify` and `earmark logout spotify`, as processes of their own, against the stand-in."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors.library import EvidenceRow, Library, TrackRow
from connectors.spotify.settings import PULL_SCOPES, PUSH_SCOPES
from connectors.spotify.tokens import TokenCache
from tests.standin import Account, Fault, StandIn

ROOT = Path(__file__).parents[2]
START = "from earmark.cli.main import main; main()"
BROWSER = f"{sys.executable} -m tests.standin.browser %s &"


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class Person:
    """Somebody at a terminal: their folders and environment."""

    def __init__(self, standin: StandIn, folder: Path) -> None:
        self.standin = standin
        self.config = folder / "config"
        self.home = folder / "home"
        self.port = str(free_port())
        hidden = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER", "SPOTIPY_CLIENT_ID")
        self.environment = {name: value for name, value in os.environ.items() if name not in hidden}
        self.environment |= standin.environment() | {
            "EARMARK_CONFIG": str(self.config), "EARMARK_HOME": str(self.home), "PYTHONPATH": str(ROOT),
        }  # fmt: skip

    def start(self, *arguments: str, stdin: int = subprocess.DEVNULL, **environment: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-c", START, *arguments],
            env=self.environment | environment,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, **environment: str) -> tuple[int, str, str]:
        process = self.start(*arguments, **environment)
        out, err = process.communicate(timeout=60)
        return process.returncode, out, err

    def login(self, *arguments: str, **environment: str) -> tuple[int, str, str]:
        """Sign in with a browser that agrees."""
        known = ("--client-id", self.standin.client_id, "--port", self.port)
        return self.run("login", "spotify", *known, *arguments, **{"BROWSER": BROWSER, **environment})

    @property
    def scopes(self) -> frozenset[str]:
        token = TokenCache(self.config / "spotify-token.json", self.standin.client_id).read()
        return token.scopes if token else frozenset()


@pytest.fixture
def person(tmp_path: Path) -> Iterator[Person]:
    with StandIn(Account.made_up(60), approve=True) as standin:
        yield Person(standin, tmp_path)


def page_address(process: "subprocess.Popen[str]") -> str:
    assert process.stderr is not None
    line = b""
    # Byte by byte: what is read ahead would be lost to communicate().
    while read := os.read(process.stderr.fileno(), 1):
        line += read
        found = re.search(rb"http\S+/authorize\?\S+\n", line)
        if found:
            return found[0].decode().strip()
    pytest.fail("no address was shown")


def test_a_person_signs_in_and_out(person: Person) -> None:
    code, out, err = person.login()
    assert (code, out) == (0, "")
    assert re.search(r"signed in to Spotify until \d\d \w{3} 2\d{3}", err)
    assert "the account of A Listener" in err
    assert person.scopes == set(PULL_SCOPES)
    assert json.loads((person.config / "spotify.json").read_text()) == {
        "client_id": person.standin.client_id, "port": int(person.port),
    }  # fmt: skip
    code, out, err = person.run("logout", "spotify")
    assert (code, out) == (0, "")
    assert "the stored sign-in is deleted" in err
    assert "https://www.spotify.com/account/apps/" in err
    assert person.scopes == set()
    assert "nobody was signed in" in person.run("logout", "spotify")[2]


def test_push_asks_for_more_and_the_app_is_remembered(person: Person) -> None:
    assert person.login()[0] == 0
    assert person.run("login", "spotify", "--for", "push", BROWSER=BROWSER)[0] == 0
    assert person.scopes == {*PULL_SCOPES, *PUSH_SCOPES}
    assert person.login()[0] == 0
    assert person.scopes == {*PULL_SCOPES, *PUSH_SCOPES}, "signing in anew took a permission back"


def test_without_a_client_id_it_is_said_how_to_get_one(person: Person) -> None:
    code, _, err = person.run("login", "spotify")
    assert code == 2
    for words in ("error: there is no Spotify client id", "developer.spotify.com/dashboard", "/callback", "Premium"):
        assert words in err


def test_the_address_is_printed_where_there_is_no_browser(person: Person) -> None:
    process = person.start("login", "spotify", "--client-id", person.standin.client_id, "--port", person.port)
    person.standin.authorise(page_address(process), visit=True)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (0, "")
    assert "signed in" in err


def test_nobody_answers(person: Person) -> None:
    code, _, err = person.login("--timeout", "1", BROWSER="true")
    assert code == 2
    assert "nobody signed in within 1 s" in err
    assert "--headless" in err


def test_headless_without_a_terminal_does_not_prompt(person: Person) -> None:
    code, _, err = person.login("--headless")
    assert code == 2
    assert "no terminal" in err


@pytest.mark.skipif(os.name != "posix", reason="terminals are POSIX's")
def test_headless_at_a_terminal_takes_a_pasted_address(person: Person) -> None:
    import pty

    ours, theirs = pty.openpty()
    arguments = ("--client-id", person.standin.client_id, "--headless", "--port", person.port)
    process = person.start("login", "spotify", *arguments, stdin=theirs)
    redirect = person.standin.authorise(page_address(process))
    os.write(ours, f"{redirect}\n".encode())
    out, err = process.communicate(timeout=30)
    os.close(ours)
    os.close(theirs)
    assert (process.returncode, out) == (0, "")
    assert "paste that page's whole address here:" in err
    assert person.scopes == set(PULL_SCOPES)


def test_an_interrupt_while_waiting(person: Person) -> None:
    process = person.start("login", "spotify", "--client-id", person.standin.client_id, "--port", person.port)
    page_address(process)
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in err


def test_an_account_that_the_app_does_not_know_hears_it_at_once(person: Person) -> None:
    person.standin.faults.add(Fault(kind="403-allow-list"))
    code, _, err = person.login()
    assert code == 2
    assert "not among the users of the app" in err
    assert "User Management" in err


def test_a_service_that_fails_after_the_sign_in_leaves_it(person: Person) -> None:
    person.standin.faults.add(Fault(kind="429", path="/me", retry_after=74_214))
    code, _, err = person.login()
    assert code == 3
    assert "signed in to Spotify until" in err
    assert "20 h 36 min" in err
    assert person.scopes == set(PULL_SCOPES)


def test_no_secret_is_said_even_where_all_is_shown(person: Person) -> None:
    person.standin.faults.add(Fault(kind="error-string", at=1, path="/me"))
    code, out, err = person.login("-v")
    assert code == 3
    said = out + err.partition("waiting")[2]
    secrets = [*person.standin.authority.access_tokens, *person.standin.authority.refresh_tokens]
    assert secrets
    assert not [secret for secret in secrets if secret in said]
    assert "code=" not in said


@pytest.mark.parametrize("url", ["http://example.com", "http://localhost:1"])
def test_no_other_address_than_this_machine_replaces_spotify(person: Person, url: str) -> None:
    code, _, err = person.login(EARMARK_SPOTIFY_URL=url)
    assert code == 2
    assert "EARMARK_SPOTIFY_URL" in err


def test_forgetting_deletes_what_came_from_spotify(person: Person) -> None:
    (person.home / "data").mkdir(parents=True)
    with Library.open(f"sqlite:///{person.home / 'data' / 'library.db'}") as library:
        library.add_tracks([TrackRow(track_id="0" * 22), TrackRow(track_id="1" * 22)])
        now = datetime.now(UTC)
        for track_id, source in (("0" * 22, "spotify"), ("1" * 22, "history")):
            row = EvidenceRow(
                track_id=track_id, source=source, kind="like", liked=True, weight=1, at=now, reason="like"
            )
            library.add_evidence([row])
    assert person.login()[0] == 0
    code, _, err = person.run("logout", "spotify", "--forget")
    assert code == 0
    assert "deleted:" in err
    with Library.open(f"sqlite:///{person.home / 'data' / 'library.db'}") as library:
        assert set(library.evidence()["source"]) == {"history"}
        assert list(library.tracks()["track_id"]) == ["1" * 22]


@pytest.mark.parametrize("command", ["login", "logout"])
def test_help_comes_fast_and_names_the_options(person: Person, command: str) -> None:
    code, out, _ = person.run(command, "spotify", "--help")
    assert code == 0
    assert ("--headless" if command == "login" else "--forget") in out
