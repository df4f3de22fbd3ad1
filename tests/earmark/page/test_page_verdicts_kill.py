"""Killing the page in a burst of verdicts loses none that it had acknowledged."""

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import requests

from connectors.library import Library
from earmark.home import Home

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")

PAGE = """
import sys, uvicorn
from pathlib import Path
from earmark.home import Home
from earmark.page.app import create_app
app = create_app(Home(Path(sys.argv[1])))
server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning"))
startup = server.startup
async def told(*given, **named):
    await startup(*given, **named)
    print(server.servers[0].sockets[0].getsockname()[1], flush=True)
server.startup = told
server.run()
"""
LIMIT_S = 90


class Page:
    """The page as a process of its own."""

    def __init__(self, home: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", PAGE, str(home)],
            stdout=subprocess.PIPE,
            env={**os.environ, "EARMARK_HOME": str(home)},
            text=True,
        )
        lines: queue.Queue[str] = queue.Queue()
        assert self.process.stdout is not None
        threading.Thread(target=lambda: lines.put(self.process.stdout.readline()), daemon=True).start()
        self.url = f"http://127.0.0.1:{int(lines.get(timeout=LIMIT_S))}"
        self.token = self.visitor().headers["X-CSRF-Token"]

    def visitor(self) -> requests.Session:
        browser = requests.Session()
        answer = browser.get(f"{self.url}/api/v1/session", timeout=LIMIT_S)
        browser.headers["X-CSRF-Token"] = answer.json()["csrf_token"]
        return browser

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(LIMIT_S)
        self.process.stdout.close()


def burst(page: Page, tracks: list[str], acknowledged: dict[str, str]) -> tuple[str, str] | None:
    """Say of each track first one thing and then the other, until the page is gone; what was on its way then."""
    browser = page.visitor()
    for number, track in enumerate(tracks):
        for verdict in (("keep", "skip"), ("skip", "keep"))[number % 2]:
            body: dict[str, Any] = {"list": "demo", "track": track, "verdict": verdict}
            try:
                answer = browser.post(f"{page.url}/api/v1/verdicts", json=body, timeout=LIMIT_S)
            except requests.ConnectionError:
                return track, verdict
            if answer.status_code == 200:
                acknowledged[track] = verdict
    return None


def test_every_acknowledged_verdict_survives_a_kill(tmp_path: Path, demo_candidates: pd.DataFrame) -> None:
    home = Home(tmp_path / "home")
    home.prepare()
    tracks = demo_candidates["track_id"].to_list()
    acknowledged: dict[str, str] = {}
    page = Page(home.root)
    with ThreadPoolExecutor(3) as pool:
        said = [pool.submit(burst, page, tracks[part::3], acknowledged) for part in range(3)]
        end = time.monotonic() + LIMIT_S
        while len(acknowledged) < 40:
            assert time.monotonic() < end
            time.sleep(0.005)
        page.kill()
        on_their_way = dict(filter(None, (one.result(LIMIT_S) for one in said)))
    assert 40 <= len(acknowledged) < len(tracks)

    again = Page(home.root)
    try:
        told = again.visitor().get(f"{again.url}/api/v1/verdicts", timeout=LIMIT_S).json()
        found = {entry["track_id"]: entry["verdict"] for entry in told["verdicts"]}
        for track in {*found, *acknowledged}:
            # what was on its way may have been committed as well
            possible = {acknowledged.get(track), on_their_way.get(track, acknowledged.get(track))}
            assert found.get(track) in possible
        assert len(on_their_way) == 3
        undone = again.visitor().post(f"{again.url}/api/v1/verdicts/undo", timeout=LIMIT_S)
        assert undone.status_code == 200
    finally:
        again.kill()
    with Library.open(home.library_url) as library:
        assert len(library.evidence()) == len(library.verdicts.all("page_demo"))
        assert set(library.evidence()["kind"]) == {"kept", "rejected"}
