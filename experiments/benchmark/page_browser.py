"""What a person at a headless Chromium waits for, by the browser's own clock."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import numpy as np
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

FLAGS: Final = "--headless=new --no-sandbox --disable-gpu --no-first-run --disable-background-networking"
VIEWS, MOVES = 7, 30
ROWS: Final = """
const look = () => {
  const rows = document.readyState !== "loading" && document.querySelector("#tracks li.track");
  if (!rows) return requestAnimationFrame(look);
  requestAnimationFrame(() => setTimeout(() => { window.rowsPainted = performance.now(); }));
};
requestAnimationFrame(look);
"""
"""The moment after the first frame that has all rows of the page."""
PAINTED: Final = """
const done = arguments[0], ask = () => window.rowsPainted ? done(window.rowsPainted) : setTimeout(ask, 5);
ask();
"""
MOVE: Final = """
const [value, done] = arguments, slider = document.getElementById("min-precision"), started = performance.now();
new MutationObserver((_, seen) => { seen.disconnect(); done(performance.now() - started); })
  .observe(document.getElementById("cut").parentNode, { childList: true });
slider.value = value;
slider.dispatchEvent(new Event("input", { bubbles: true }));
"""

PAUSED: Final = f"const asked = arguments; setTimeout(() => (function () {{ {MOVE} }}).apply(null, asked), 150);"
"""Moves that come faster are put off by the page on purpose."""


def first_view(url: str) -> list[float]:
    """Milliseconds from the start of a navigation, with nothing in the browser's cache, to the rows being painted."""
    with chromium() as driver:
        driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": ROWS})
        return [_view(driver, url) for _ in range(VIEWS)]


def slider(url: str) -> list[float]:
    """Milliseconds from a move of the precision slider to its answer in the page."""
    with chromium() as driver:
        driver.get(url)
        values = [f"{value:.2f}" for value in np.linspace(0.5, 0.85, MOVES)]
        return [float(driver.execute_async_script(PAUSED, value)) for value in values]


def _view(driver: webdriver.Chrome, url: str) -> float:
    driver.get("about:blank")
    driver.execute_cdp_cmd("Network.clearBrowserCache", {})
    driver.get(url)
    return float(driver.execute_async_script(PAINTED))


@contextmanager
def chromium() -> Iterator[webdriver.Chrome]:
    """A headless browser, until the end of the block."""
    options = Options()
    options.binary_location = shutil.which("chromium") or ""
    for flag in FLAGS.split():
        options.add_argument(flag)
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    driver.set_script_timeout(60)
    driver.set_window_size(1280, 900)
    try:
        yield driver
    finally:
        driver.quit()
