"""A real page on loopback, with a trained ranker behind it, for the tests of all views."""

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest
import requests
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

from earmark.home import Home
from earmark.page.opening import listen
from earmark.page.serving import server_of
from earmark.page.settings import PageSettings
from earmark.training_tables import save_table
from models.ranker import Ranker

AXE = Path(__file__).parent / "axe" / "axe-4.14.1.min.js"
FLAGS = """--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking
--disable-component-update --disable-sync --disable-dev-shm-usage"""
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
    with _serving(page_home, PageSettings()) as url:
        yield Served(url, page_home, visitor(url))


def visitor(url: str) -> requests.Session:
    """Someone who has opened the page: a cookie, and the token that changes need."""
    browser = requests.Session()
    browser.headers["X-CSRF-Token"] = browser.get(f"{url}/api/v1/session", timeout=20).json()["csrf_token"]
    return browser


@contextmanager
def _serving(home: Home, settings: PageSettings) -> Iterator[str]:
    """The page as `earmark page` serves it, in a thread, until the end of the block; its address."""
    server, opened = server_of(home, settings), listen("127.0.0.1", 0)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [opened]}, daemon=True)
    port = opened.getsockname()[1]
    thread.start()
    end = time.monotonic() + 30
    while not server.started:
        if time.monotonic() > end or not thread.is_alive():
            raise RuntimeError("the page did not start")
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(20)
        assert not thread.is_alive()


@pytest.fixture(scope="session")
def serving() -> Callable[[Home, PageSettings], AbstractContextManager[str]]:
    """``with serving(home, settings) as url``: the page, as `earmark page` serves it."""
    return _serving


@pytest.fixture(scope="session")
def chromium() -> Iterator[webdriver.Chrome]:
    """One headless browser for all tests of a worker; fails under CI where it is not installed."""
    found, through = shutil.which("chromium"), shutil.which("chromedriver")
    if found is None or through is None:
        message = "chromium and chromedriver are not installed (Debian: chromium, chromium-driver)"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    options = Options()
    options.binary_location = found
    for flag in FLAGS.split():
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(through))
    driver.set_page_load_timeout(60)
    try:
        yield driver
    finally:
        driver.quit()


@pytest.fixture
def browser(chromium: webdriver.Chrome) -> Iterator[webdriver.Chrome]:
    """The browser with an empty window and no cookies; a line in its console that says error fails the test."""
    chromium.set_window_size(1280, 900)
    chromium.get_log("browser")
    yield chromium
    chromium.get("about:blank")
    chromium.delete_all_cookies()
    severe = [line["message"] for line in chromium.get_log("browser") if line["level"] == "SEVERE"]
    unexpected = [line for line in severe if "open.spotify.com" not in line and "status of 4" not in line]
    assert not unexpected, unexpected


@pytest.fixture
def axe() -> Callable[[webdriver.Chrome], list[str]]:
    """What axe-core finds wrong with the page that is open (contrast, labels, roles): one line a rule."""

    def violations(driver: webdriver.Chrome) -> list[str]:
        driver.execute_script(AXE.read_text(encoding="utf-8"))
        found = driver.execute_async_script("axe.run(document).then(arguments[arguments.length - 1])")
        return [
            f"{rule['id']}: {rule['help']}: {[node['target'] for node in rule['nodes']][:5]}"
            for rule in found["violations"]
        ]

    return violations
