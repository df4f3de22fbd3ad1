"""The ranking in a real browser: slider, filters, search, order, more rows, going back, a dropped file, axe."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pandas as pd
import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.wait import WebDriverWait

from features.identity import normalise_name

pytestmark = pytest.mark.browser

DROP = """
const files = new DataTransfer();
files.items.add(new File([arguments[1]], arguments[0]));
for (const kind of ["dragover", "drop"]) {
  document.body.dispatchEvent(new DragEvent(kind, { dataTransfer: files, bubbles: true, cancelable: true }));
}
"""
SLIDE = """
const slider = arguments[0];
for (const value of arguments[1]) {
  slider.value = value;
  slider.dispatchEvent(new Event("input", { bubbles: true }));
}
"""


def until(browser: Chrome, holds: Callable[[], Any]) -> Any:
    """What ``holds`` gives, once it is true."""
    from selenium.common.exceptions import StaleElementReferenceException

    wait = WebDriverWait(browser, 30, poll_frequency=0.05, ignored_exceptions=[StaleElementReferenceException])
    return wait.until(lambda _: holds())


def texts(browser: Chrome, selector: str) -> list[str]:
    found: list[str] = browser.execute_script(
        "return [...document.querySelectorAll(arguments[0])].map((element) => element.textContent.trim())", selector
    )
    return found


def asked(browser: Chrome) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(browser.current_url).query))


def kept(browser: Chrome) -> int:
    return int(texts(browser, "#cut dd")[0].split()[0].replace(",", ""))


def test_ranking_by_hand(served: Any, browser: Chrome) -> None:
    api = served.url + "/api/v1"
    browser.get(served.url)
    ranking = served.browser.get(f"{api}/ranking", timeout=60).json()
    assert texts(browser, ".track .title") == [track["track_name"] for track in ranking["tracks"]]
    assert kept(browser) == ranking["n_kept"]
    assert len(texts(browser, ".track.kept")) == min(ranking["n_kept"], 100)  # the first page's

    # the slider answers while it moves, and the list follows when it is let go
    slider = browser.find_element(By.ID, "min-precision")
    browser.execute_script(SLIDE, slider, ["0.6"])
    wanted = served.browser.get(f"{api}/cut?min_precision=0.6", timeout=60).json()
    until(browser, lambda: kept(browser) == wanted["n_kept"])
    assert browser.find_element(By.ID, "by-precision").is_selected()
    assert texts(browser, "#cut > p")[0] == wanted["promise"]
    assert asked(browser) == {}
    slider.send_keys(Keys.ARROW_RIGHT)
    until(browser, lambda: asked(browser) == {"min_precision": "0.61"})
    promised = served.browser.get(f"{api}/cut?min_precision=0.61", timeout=60).json()
    until(browser, lambda: len(texts(browser, ".track.kept")) == min(promised["n_kept"], 100))

    # what cannot be promised is said, with what can
    slider.send_keys(Keys.END)
    until(browser, lambda: asked(browser) == {"min_precision": "0.99"})
    until(browser, lambda: "cannot be promised" in texts(browser, "#cut > p")[0])
    assert not texts(browser, ".track.kept")
    offer = browser.find_element(By.CSS_SELECTOR, "#cut > p a")
    offered = re.search(r"\d+", offer.text)
    offer.click()
    until(browser, lambda: asked(browser).get("min_precision") != "0.99")
    assert offered is not None
    assert float(asked(browser)["min_precision"]) == int(offered[0]) / 100
    assert kept(browser) > 0

    # back: the states before, one by one
    browser.back()
    until(browser, lambda: asked(browser) == {"min_precision": "0.99"})
    until(browser, lambda: "cannot be promised" in texts(browser, "#cut > p")[0])
    browser.back()
    until(browser, lambda: asked(browser) == {"min_precision": "0.61"})
    until(browser, lambda: kept(browser) == promised["n_kept"])
    assert float(browser.find_element(By.ID, "min-precision").get_attribute("value") or 0) == 0.61


def test_filters_search_and_order(served: Any, browser: Chrome) -> None:
    browser.get(served.url)
    browser.find_element(By.CSS_SELECTOR, ".filters > summary").click()
    browser.find_element(By.NAME, "hide_known").click()
    until(browser, lambda: asked(browser) == {"hide_known": "true"})
    energy = browser.find_element(By.ID, "min-energy")
    energy.send_keys("0.4", Keys.TAB)
    until(browser, lambda: asked(browser) == {"hide_known": "true", "min_energy": "0.4"})
    passing = served.browser.get(served.url + "/api/v1/cut?hide_known=true&min_energy=0.4", timeout=60).json()
    until(browser, lambda: f"of {passing['n_candidates']}" in texts(browser, "#cut dd")[0])
    assert "known" not in texts(browser, ".track .badge")

    Select(browser.find_element(By.ID, "sort")).select_by_value("artist_name")
    until(browser, lambda: asked(browser).get("sort") == "artist_name")
    names = [normalise_name(name) for name in until(browser, lambda: texts(browser, ".track .artist"))]
    assert names == sorted(names)

    artist = texts(browser, ".track .artist")[0]
    browser.find_element(By.ID, "q").send_keys(artist.upper())  # no Enter
    until(browser, lambda: asked(browser).get("q") == artist.upper())
    until(browser, lambda: set(texts(browser, ".track .artist")) == {artist})

    address, shown = browser.current_url, texts(browser, ".track .title")
    browser.refresh()
    assert browser.current_url == address
    assert texts(browser, ".track .title") == shown
    assert browser.find_element(By.ID, "q").get_attribute("value") == artist.upper()


def test_more_rows_come_by_scrolling(served: Any, browser: Chrome, demo_candidates: pd.DataFrame) -> None:
    browser.get(served.url)
    assert len(texts(browser, ".track")) == 100
    for n_tracks in (200, len(demo_candidates)):
        browser.execute_script("document.querySelector('.more').scrollIntoView()")
        until(browser, lambda n=n_tracks: len(texts(browser, ".track")) == n)
    assert texts(browser, ".track .rank") == [str(rank) for rank in range(1, len(demo_candidates) + 1)]
    assert not texts(browser, ".more")


def test_a_file_is_dropped_ranked_and_removed(served: Any, browser: Chrome, demo_candidates: pd.DataFrame) -> None:
    nasty = "<script>document.title = 'owned'</script>"
    some = demo_candidates.head(30).reset_index(drop=True)
    some.loc[0, ["track_name", "artist_name"]] = nasty
    browser.get(served.url)
    browser.execute_script(DROP, "notes.txt", "no table here")
    until(browser, lambda: any("notes.txt: " in text for text in texts(browser, "#adding")))
    browser.execute_script(DROP, f"{nasty}.csv", some.to_csv(index=False))
    until(browser, lambda: asked(browser).get("list", "").startswith("file-"))
    until(browser, lambda: len(texts(browser, ".track")) == 30)
    assert nasty in texts(browser, ".track .title")
    assert "owned" not in browser.title or "script" in browser.title
    assert not browser.execute_script("return document.querySelector('.track script, option script')")

    Select(browser.find_element(By.ID, "list")).select_by_value("demo")
    until(browser, lambda: len(texts(browser, ".track")) == 100)
    assert asked(browser) == {}
    browser.back()
    until(browser, lambda: len(texts(browser, ".track")) == 30)
    browser.find_element(By.CSS_SELECTOR, "[data-remove]").click()
    until(browser, lambda: len(texts(browser, ".track")) == 100)
    assert len(browser.find_elements(By.CSS_SELECTOR, "#list option")) == 1


def test_a_narrow_window_shows_tracks_first(served: Any, browser: Chrome) -> None:
    metrics = {"width": 360, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        browser.get(served.url)
        first, slider = browser.find_element(By.CSS_SELECTOR, ".track"), browser.find_element(By.ID, "min-precision")
        assert first.rect["y"] + first.rect["height"] < 800  # in the first screen, below what is kept
        assert not browser.find_element(By.ID, "list").is_displayed()

        # the slider and what it keeps stay in sight, and cover no row that is gone to
        browser.execute_script("document.querySelectorAll('.track')[40].scrollIntoView()")
        inside = "const box = arguments[0].getBoundingClientRect(); return box.top >= 0 && box.bottom <= innerHeight"
        assert browser.execute_script(inside, slider)
        assert browser.execute_script(inside, browser.find_element(By.ID, "cut"))
        covered = """const row = document.querySelectorAll('.track')[40].getBoundingClientRect();
            return document.querySelector('fieldset.keep').getBoundingClientRect().bottom > row.top"""
        assert not browser.execute_script(covered)

        # the other choices unfold: by their button, and for the key that searches
        opener = browser.find_element(By.CSS_SELECTOR, "[data-unfolds]")
        assert opener.get_attribute("aria-expanded") == "false"
        browser.find_element(By.TAG_NAME, "body").send_keys("/")
        assert browser.switch_to.active_element.get_attribute("id") == "q"
        assert browser.find_element(By.ID, "list").is_displayed()
        assert opener.get_attribute("aria-expanded") == "true"
        opener.send_keys(Keys.ENTER)
        assert not browser.find_element(By.ID, "list").is_displayed()
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_axe_finds_nothing(served: Any, browser: Chrome, axe: Callable[[Chrome], list[str]]) -> None:
    for scheme, width in (("light", 1280), ("dark", 1280), ("light", 360), ("dark", 360)):
        browser.execute_cdp_cmd(
            "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        )
        browser.set_window_size(width, 800)
        for query in ("?per_page=12&hide_known=true", "?min_precision=0.99&kept_only=true"):
            browser.get(f"{served.url}/{query}")
            browser.execute_script("document.querySelector('details.add').open = true")
            assert axe(browser) == [], (scheme, width, query)
            wide = browser.execute_script("return document.documentElement.scrollWidth - window.innerWidth")
            assert wide <= 0, (scheme, width, query)
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
