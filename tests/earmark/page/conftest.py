"""A real page on loopback, with a trained ranker behind it, for the tests of all views."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest
import requests
import uvicorn

from earmark.home import Home
from earmark.page.app import create_app
from earmark.page.settings import PageSettings
from earmark.training_tables import save_table
from models.ranker import Ranker

RUN_ID = "0123456789abcdef0123456789abcdef"


@dataclass(frozen=True)
class Served:
    """A page that answers at ``url``; ``browser`` is a visitor with a session and its token."""

    url: str
    home: Home
    browser: requests.Session


@pytest.fixture
def page_home(tmp_path: Path, demo_ranker: Ranker, demo_tracks: pd.DataFrame) -> Home:
    """A home with one ranker, which is the champion, and the table that it learned from."""
    home = Home(tmp_path / "home")
    home.prepare()
    demo_ranker.save(home.rankers / RUN_ID)
    home.set_champion(RUN_ID)
    judged = demo_tracks.assign(like_probability=demo_ranker.predict_proba(demo_tracks), held_out=False)
    save_table(home, RUN_ID, judged, "demo")
    return home


@pytest.fixture
def served(page_home: Home) -> Iterator[Served]:
    """The page on a free port of this machine."""
    with serving(page_home, PageSettings(port=0)) as url:
        yield Served(url, page_home, visitor(url))


def visitor(url: str) -> requests.Session:
    """Someone who has opened the page: a cookie, and the token that changes need."""
    browser = requests.Session()
    browser.headers["X-CSRF-Token"] = browser.get(f"{url}/api/v1/session", timeout=20).json()["csrf_token"]
    return browser


@contextmanager
def serving(home: Home, settings: PageSettings) -> Iterator[str]:
    """The page in a thread, until the end of the block; its address."""
    server = uvicorn.Server(uvicorn.Config(create_app(home, settings), host="127.0.0.1", port=0, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    end = time.monotonic() + 30
    while not server.started:
        if time.monotonic() > end or not thread.is_alive():
            raise RuntimeError("the page did not start")
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(20)
