"""The page in a process of its own, as a person starts it, for the benchmarks that ask it."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from experiments.benchmark.commands import CommandFailedError, earmark_command

STOP_S = 20.0
SAYS = "open "


@contextmanager
def served_page(home: Path) -> Iterator[tuple[str, int]]:
    """Serve the page of a home until the end of the block: its address without a last slash, and its process id.

    What it says after its start is kept in ``page.log`` beside the home's data.

    Raises
    ------
    CommandFailedError
        If it ends before it says where it is.
    """
    log = home / "page.log"
    command = [*earmark_command("page"), "--no-open", "--port", "0"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env=os.environ | {"EARMARK_HOME": str(home)}, stdout=subprocess.DEVNULL, stderr=output
        )
    try:
        yield _address(process, log), process.pid
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def visitor(address: str) -> requests.Session:
    """Someone who has opened the page: a cookie, and the token that changes need."""
    session = requests.Session()
    session.headers["X-CSRF-Token"] = session.get(f"{address}/api/v1/session", timeout=60).json()["csrf_token"]
    return session


def _address(process: "subprocess.Popen[bytes]", log: Path) -> str:
    while process.poll() is None:
        for line in log.read_text(encoding="utf-8").splitlines():
            if line.startswith(SAYS):
                return line.removeprefix(SAYS).rstrip("/")
        try:
            process.wait(0.1)
        except subprocess.TimeoutExpired:
            continue
    raise CommandFailedError(f"earmark page left with {process.returncode}: {log.read_text(encoding='utf-8')[-500:]}")
