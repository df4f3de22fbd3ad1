"""Takes the README's pictures of the page anew: ``python -m tests.page_pictures``, a minute or two.

A new home with the demo listener's ranker and a stand-in Spotify account, so that the pictures show nobody's music.
"""

import base64
import os
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from earmark.home import Home
from earmark.session import train_and_record
from experiments.benchmark.page_browser import chromium
from experiments.benchmark.served_page import served_page, visitor
from experiments.config import FitConfig
from tests.connectors.spotify.signed_in import sign_in_quietly, use
from tests.standin import Account, StandIn

DOCS = Path(__file__).parents[1] / "docs"
WIDE, NARROW = (1180, 860), (360, 780)
COLOURS = 128
BUDGET_S = 60.0
WAIT_S = 60


def main() -> None:
    """Train, serve, and look at every view."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        home = Home(Path(folder) / "home")
        patch.setenv("EARMARK_HOME", str(home.root))
        sys.stderr.write("training the demo listener's ranker ...\n")
        train_and_record("demo", FitConfig(BUDGET_S), home)
        with StandIn(Account.demo(), features="open", approve=True) as standin:
            use(standin, Path(folder) / "config", patch)
            sign_in_quietly(standin)
            with served_page(home.root) as (address, _), chromium() as driver:
                take_all(driver, address)


def take_all(driver: Chrome, address: str) -> None:
    """All pictures, of a page at this address."""
    look_at(driver, *WIDE)
    driver.get(f"{address}/?min_precision=0.8")
    found(driver, "#tracks li.track")
    save(driver, "rank")
    driver.find_element(By.CSS_SELECTOR, "#tracks li.track details.why summary").click()
    found(driver, "#tracks details.why svg")
    driver.execute_script("document.querySelector('#tracks li.track').scrollIntoView()")
    save(driver, "why")
    driver.get(f"{address}/ask")
    found(driver, "li.track")
    for _ in range(3):
        driver.find_element(By.TAG_NAME, "body").send_keys("j", "l")
        time.sleep(1)
    save(driver, "ask")
    driver.get(f"{address}/portrait")
    found(driver, "main svg")
    save(driver, "portrait", whole=1700)
    driver.get(f"{address}/send?list=demo&top=15")
    driver.find_element(By.ID, "name").send_keys(Keys.ENTER)
    found(driver, "#plan button")
    save(driver, "send")
    with training(address):
        driver.get(f"{address}/train")
        searched = re.compile(r"CatBoost [1-9]")
        WebDriverWait(driver, WAIT_S).until(lambda one: searched.search(one.find_element(By.TAG_NAME, "table").text))
        save(driver, "train")
    look_at(driver, *NARROW, scheme="dark")
    driver.get(f"{address}/?min_precision=0.8")
    found(driver, "#tracks li.track")
    save(driver, "narrow")


@contextmanager
def training(address: str) -> Iterator[None]:
    """A train that is cancelled when it has been looked at."""
    browser = visitor(address)
    answer = browser.post(f"{address}/api/v1/trains", json={"source": "demo", "budget_s": 60}, timeout=60)
    answer.raise_for_status()
    try:
        yield
    finally:
        cancel = f"{address}/api/v1/trains/{answer.json()['job_id']}/cancel"
        browser.post(cancel, timeout=60).raise_for_status()


def look_at(driver: Chrome, width: int, height: int, scheme: str = "light") -> None:
    """Set the window and the colours."""
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    driver.execute_cdp_cmd("Emulation.setScrollbarsHidden", {"hidden": True})
    feature = [{"name": "prefers-color-scheme", "value": scheme}]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": feature})


def found(driver: Chrome, selector: str) -> None:
    """Wait until something is there, and for a moment more."""
    WebDriverWait(driver, WAIT_S).until(lambda one: one.find_elements(By.CSS_SELECTOR, selector), selector)
    time.sleep(0.7)


def save(driver: Chrome, name: str, *, whole: int | None = None) -> None:
    """What the window shows, or so many pixels of the page from its top, as a small PNG."""
    clip = {"x": 0, "y": 0, "width": WIDE[0], "height": whole, "scale": 1} if whole else None
    asked = {"captureBeyondViewport": True, "clip": clip} if clip else {}
    data = base64.b64decode(driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png", **asked})["data"])
    file = DOCS / f"page-{name}.png"
    Image.open(BytesIO(data)).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(file, optimize=True)
    sys.stderr.write(f"{os.path.relpath(file)}: {file.stat().st_size // 1024} KiB\n")


if __name__ == "__main__":
    main()
