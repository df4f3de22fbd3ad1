"""`earmark page` as a process: it starts, says where, ends quietly, and refuses what is not safe."""

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from earmark.cli.main import run
from earmark.page.opening import listen
from features.errors import InputError

COMMAND = [sys.executable, "-c", "from earmark.cli.main import main; main()", "page", "--no-open"]
EVERYWHERE = "0.0.0.0"  # noqa: S104 (refused, or bound with a password)


@contextmanager
def _started(home: Path, *arguments: str, **environment: str) -> Iterator["tuple[subprocess.Popen[str], str]"]:
    """A page in a process of its own, and the address that it says."""
    about = {name: value for name, value in os.environ.items() if name != "EARMARK_PAGE_PASSWORD"}
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        env=about | {"EARMARK_HOME": str(home)} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    guard = threading.Timer(60, process.kill)
    guard.start()
    try:
        said = [process.stderr.readline()]
        while said[-1] and not said[-1].startswith("open "):
            said.append(process.stderr.readline())
        found = re.fullmatch(r"open (http://\S+)/\n", said[-1])
        assert found, "".join(said)
        yield process, found[1]
    finally:
        guard.cancel()
        process.kill()
        process.communicate()


def _ended(process: "subprocess.Popen[str]", how: signal.Signals) -> tuple[int, str, str]:
    process.send_signal(how)
    assert process.stdout is not None
    assert process.stderr is not None
    said = process.stderr.read()  # communicate() would leave out what the readline() before has taken along
    return process.wait(timeout=30), process.stdout.read(), said


def _refused(home: Path, *arguments: str) -> str:
    """What a second page says, which must leave with 2."""
    about = os.environ | {"EARMARK_HOME": str(home)}
    done = subprocess.run([*COMMAND, *arguments], env=about, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    return done.stderr


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_answers_where_it_says_and_ends_quietly(tmp_path: Path, how: signal.Signals) -> None:
    with _started(tmp_path, "--port", "0") as (process, address):
        assert address.startswith("http://127.0.0.1:")
        visitor = requests.Session()
        session = visitor.get(f"{address}/api/v1/session", timeout=30)
        assert session.status_code == 200
        assert "server" not in session.headers
        assert visitor.get(f"{address}/nowhere", timeout=30).status_code == 404
        assert _ended(process, how) == (0, "", "Ctrl-C ends it\nstopped\n")
    assert not (tmp_path / "data" / "page.url").exists()


def test_an_open_page_goes_on_after_a_kill_and_a_restart(tmp_path: Path) -> None:
    visitor = requests.Session()
    with _started(tmp_path, "--port", "0") as (process, address):
        token = visitor.get(f"{address}/api/v1/session", timeout=30).json()["csrf_token"]
        process.kill()
    with _started(tmp_path, "--port", "0") as (_, address):
        headers = {"X-CSRF-Token": token}
        assert visitor.post(f"{address}/nowhere", headers=headers, timeout=30).status_code in {404, 405}


def test_a_second_page_of_a_folder_says_where_the_first_is(tmp_path: Path) -> None:
    with _started(tmp_path, "--port", "0") as (_, address):
        said = _refused(tmp_path, "--port", "0")
        assert f"open already: {address}/" in said
        assert "hint: use that one" in said


def test_a_taken_port_is_refused_where_it_was_asked_for(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = _refused(tmp_path, "--port", str(port))
    assert f"port {port} on 127.0.0.1 is taken" in said
    assert f"--port {port + 1 if port < 65535 else 8000}" in said


def test_without_a_port_the_next_free_one_is_taken() -> None:
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with listen("127.0.0.1", port, tried=20) as opened:
            assert port < opened.getsockname()[1] < port + 20


def test_what_is_written_is_sent_at_once() -> None:
    """Waiting for the last packet's acknowledgement (Nagle) made every answer 40 ms late."""

    async def accepted() -> int:
        heard: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        def talk(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            heard.set_result(writer.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        with listen("127.0.0.1", 0) as opened:
            async with await asyncio.start_server(talk, sock=opened):
                _, writer = await asyncio.open_connection(*opened.getsockname())
                writer.close()
                return await heard

    assert asyncio.run(accepted()) != 0


@pytest.mark.parametrize(
    ("host", "said"), [("203.0.113.7", "cannot be opened"), ("no.such.host.invalid", "not known on this machine")]
)
def test_an_address_of_another_machine_is_refused(host: str, said: str) -> None:
    with pytest.raises(InputError, match=said) as refused:
        listen(host, 0)
    assert "address" in refused.value.hint


@pytest.mark.parametrize(
    ("arguments", "error", "hint"),
    [
        (["--host", EVERYWHERE], "there is no password", "EARMARK_PAGE_PASSWORD"),
        (["--host", "192.168.1.5"], "there is no password", "EARMARK_PAGE_PASSWORD"),
        (["--host", "earmark.lan"], "there is no password", "EARMARK_PAGE_PASSWORD"),
        (["--host", "::", "--password", ""], "there is no password", "EARMARK_PAGE_PASSWORD"),
        (["--host", EVERYWHERE, "--password", "short"], "has 5 characters", "at least 8"),
        (["--host", ""], "--host is empty", "leave it out"),
        (["--mlflow-url", "javascript:alert(1)"], "not the address of a website", "http://127.0.0.1:5000"),
        (["--port", "65536"], "--port", "--help"),
    ],
)
def test_what_is_not_safe_is_refused_before_anything_is_made(
    arguments: list[str],
    error: str,
    hint: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("EARMARK_HOME", str(tmp_path))
    monkeypatch.delenv("EARMARK_PAGE_PASSWORD", raising=False)
    assert run(["page", "--no-open", *arguments]) == 2
    said = capsys.readouterr().err
    assert error in said.partition("\nhint: ")[0]
    assert hint in said.partition("\nhint: ")[2]
    assert not list(tmp_path.iterdir())


def test_beyond_this_machine_it_asks_for_the_password_and_warns(tmp_path: Path) -> None:
    secret = {"EARMARK_PAGE_PASSWORD": "correct horse"}
    with _started(tmp_path, "--port", "0", "--host", EVERYWHERE, **secret) as (process, address):
        assert requests.get(f"{address}/api/v1/session", timeout=30).json()["password_needed"] is True
        assert requests.get(f"{address}/api/v1/docs", timeout=30).status_code == 401
        code, _, said = _ended(process, signal.SIGINT)
    assert code == 0
    assert "nothing on the way is encrypted" in said
    assert "correct horse" not in said


def test_help_and_refusals_wait_for_no_web_framework() -> None:
    for arguments in (["page", "--help"], ["page", "--host", EVERYWHERE]):
        code = (
            "import sys\nfrom earmark.cli.main import run\n"
            f"run({arguments!r})\nprint([name for name in ('fastapi', 'uvicorn', 'pandas') if name in sys.modules])"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout.splitlines()[-1] == "[]"
