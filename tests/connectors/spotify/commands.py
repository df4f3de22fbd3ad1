"""`earmark` as processes of their own, beside a stand-in, with folders of their own."""

import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.standin import Fault, Request, StandIn

ROOT = Path(__file__).parents[3]
BROWSER = f"{sys.executable} -m tests.standin.browser %s &"
_HIDDEN = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER", "SPOTIPY_CLIENT_ID", "SPOTIPY_CLIENT_SECRET")


def free_port() -> str:
    """A port of this machine that nobody listens at."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return str(one.getsockname()[1])


@dataclass(frozen=True)
class Said:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str


@dataclass
class Commands:
    """A person's machine: where `earmark` keeps what, and which services it meets."""

    standin: StandIn
    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    program: tuple[str, ...] = (sys.executable, "-m", "earmark.cli.main")

    @property
    def home(self) -> Path:
        """Its EARMARK_HOME."""
        return self.folder / "home"

    @property
    def config(self) -> Path:
        """Its EARMARK_CONFIG."""
        return self.folder / "config"

    @property
    def library_url(self) -> str:
        """Where its library is."""
        return f"sqlite:///{self.home / 'data' / 'library.db'}"

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """Begin a command."""
        inherited = {name: value for name, value in os.environ.items() if name not in _HIDDEN}
        own = {"EARMARK_CONFIG": str(self.config), "EARMARK_HOME": str(self.home), "PYTHONPATH": str(ROOT)}
        return subprocess.Popen(
            [*self.program, *arguments],
            cwd=self.folder,
            env=inherited | self.standin.environment() | own | {"OMP_NUM_THREADS": "1"} | dict(self.environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str) -> Said:
        """A command from its beginning to its end."""
        process = self.start(*arguments)
        out, err = process.communicate(timeout=120)
        return Said(process.returncode, out, err)

    def kill_at(self, arguments: tuple[str, ...], **where: Any) -> None:
        """Begin a command, and kill it with signal 9 while it waits for the answer to a request; see `Fault`."""
        running: list[subprocess.Popen[str]] = []

        def kill(_: Request) -> None:
            running[0].kill()
            running[0].wait()

        self.standin.faults.add(Fault(kind="hook", hook=kill, **where))
        running.append(self.start(*arguments))
        running[0].communicate(timeout=60)
        if running[0].returncode != -9:
            raise AssertionError(f"it ended before it met that request, with {running[0].returncode}")
