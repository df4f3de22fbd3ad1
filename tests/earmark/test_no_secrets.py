"""No token, code, verifier, state or client secret is written anywhere but into the token file, whatever is logged."""

import logging
import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from earmark.cli.main import run
from tests.connectors.spotify.commands import BROWSER, Commands, Said, free_port
from tests.connectors.spotify.signed_in import sign_in_quietly, use
from tests.standin import Account, Fault, Reply, Request, StandIn

CLIENT_SECRET = "8c0ffee15ec2e7d00dad5ec2e7c0ffee"  # noqa: S105 (invented)
"""Of no use to earmark, but spotipy would take it from the environment."""
SHOUT = """
import logging, os, sys
logging.basicConfig(level=logging.DEBUG, filename=os.environ["LOG_FILE"])
logging.Logger.isEnabledFor = lambda self, level: True
from earmark.cli.main import main
main()
"""
"""earmark, with every logger at DEBUG."""
FAILURES = [
    "401", "403", "403-premium", "403-allow-list", "403-scope", "403-text", "404", "429", "quota", "500", "html",
    "truncate", "truncate-json", "wrong-shape", "null", "error-string", "close",
]  # fmt: skip


@dataclass
class Seen:
    """All that was secret while a stand-in served."""

    standin: StandIn
    secrets: set[str] = field(default_factory=lambda: {CLIENT_SECRET})
    of_the_address: set[str] = field(default_factory=set)

    def record(self, request: Request) -> Reply:
        """Note what a request to the sign-in holds, and answer it."""
        kept = ("code", "code_verifier", "refresh_token")
        self.secrets |= {value for name, value in request.form.items() if name in kept}
        self.of_the_address |= {value for name, value in request.query.items() if name in ("state", "code_challenge")}
        self.note_tokens()
        reply = type(self.standin.authority).answer(self.standin.authority, request)
        self.note_tokens()
        return reply

    def note_tokens(self) -> None:
        """Note the tokens that are good now."""
        self.secrets |= {*self.standin.authority.access_tokens, *self.standin.authority.refresh_tokens}

    def within(self, content: bytes, *, address: bool = True) -> list[str]:
        """The secrets in something that was written, also where only a part of one stands."""
        wanted = self.secrets | (self.of_the_address if address else set())
        return [secret for secret in wanted if secret[8:28].encode() in content]


@pytest.fixture
def seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Seen]:
    with StandIn(Account.made_up(240), approve=True, features="open", refresh="rotated") as standin:
        seen = Seen(standin)
        monkeypatch.setattr(standin.authority, "answer", seen.record)
        yield seen


def assert_clean(seen: Seen, said: Said) -> None:
    """What a command said holds nothing secret, but the sign-in's address its state and challenge."""
    lines = (said.out + said.err).splitlines()
    addresses = [line for line in lines if "/authorize?" in line]
    assert seen.within("\n".join(line for line in lines if line not in addresses).encode()) == []
    assert seen.within("\n".join(addresses).encode(), address=False) == []


def assert_kept_by_the_token_file_alone(seen: Seen, folder: Path) -> None:
    """Of all files below a folder only the token file holds secrets, and nobody else may read it."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    holders = [path for path in files if seen.within(path.read_bytes())]
    assert [path.name for path in holders] == ["spotify-token.json"]
    for path in holders[0].parent.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert stat.S_IMODE(holders[0].parent.stat().st_mode) == 0o700


@pytest.mark.timeout(240)
def test_from_the_sign_in_to_a_train_and_a_playlist(seen: Seen, tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    shout = {"BROWSER": BROWSER, "LOG_FILE": str(log), "SPOTIPY_CLIENT_SECRET": CLIENT_SECRET}
    machine = Commands(seen.standin, tmp_path, shout, (sys.executable, "-c", SHOUT))
    account = seen.standin.account
    ids = [track.track_id for number in range(5) if (track := account.catalogue.entry(4 * number)) is not None]
    likes = tmp_path / "likes.csv"
    likes.write_text("\n".join(["track_id", *ids]))
    commands = [
        ("login", "spotify", "--client-id", seen.standin.client_id, "--port", free_port(), "--for", "push"),
        ("pull", "spotify", "--disliked", "Skipped"),
        ("pull", "features"),
        ("train", "spotify", "--trials", "1", "--models", "tree"),
        ("push", str(likes), "--yes"),
        ("push", "--undo", "--yes"),
    ]
    for command in commands:
        said = machine.run(*command, "-v")
        assert said.code == 0, said.err
        assert_clean(seen, said)
        seen.standin.authority.expire_access_tokens()  # the next one is refused, and renews it
    assert len(seen.standin.authority.refresh_tokens) >= len(commands)
    assert len(seen.secrets) > 2 * len(commands)
    written = log.read_text()
    for logger in ("spotipy", "urllib3", "alembic"):
        assert logger in written
    assert (machine.home / "mlruns" / "mlflow.db").exists()
    assert_kept_by_the_token_file_alone(seen, tmp_path)


def test_whatever_fails(
    seen: Seen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    standin = seen.standin
    use(standin, tmp_path / "config", monkeypatch)
    monkeypatch.setenv("SPOTIPY_CLIENT_SECRET", CLIENT_SECRET)
    log = logging.FileHandler(tmp_path / "log.txt")
    log.setFormatter(logging.Formatter(logging.BASIC_FORMAT))
    monkeypatch.setattr(logging.root, "handlers", [log])
    monkeypatch.setattr(logging.Logger, "isEnabledFor", lambda *_: True)

    def fails(*command: str) -> None:
        code = run([*command, "-v"])
        said = capsys.readouterr()
        assert code in (2, 3), (code, said.err)
        assert "Traceback" in said.err
        assert_clean(seen, Said(code, said.out, said.err))

    sign_in_quietly(standin)
    seen.note_tokens()
    for kind in FAILURES:
        standin.faults.add(Fault(kind=kind, path="/me/tracks", retry_after=74_214 if kind == "429" else None))
        fails("pull", "spotify", "--max-wait", "0")
        standin.faults.clear()
    for kind in ("error-string", "html", "500", "null", "wrong-shape", "close", "truncate-json"):
        standin.authority.expire_access_tokens()
        standin.faults.add(Fault(kind=kind, service="accounts"))
        fails("pull", "spotify", "--max-wait", "0")
        standin.faults.clear()
    assert_kept_by_the_token_file_alone(seen, tmp_path)
    standin.authority.revoke()
    fails("pull", "spotify")
    log.close()
    assert "spotipy" in (tmp_path / "log.txt").read_text()
    assert seen.within((tmp_path / "log.txt").read_bytes()) == []
