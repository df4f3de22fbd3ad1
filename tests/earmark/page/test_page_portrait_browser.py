"""The taste portrait and a bare why in a real browser: drawn, readable at any width, light and dark, without faults."""

from collections.abc import Callable
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By

pytestmark = pytest.mark.browser

Axe = Callable[[webdriver.Chrome], list[str]]
LOOKS = [("light", 1280), ("dark", 1280), ("light", 360)]


def look(browser: webdriver.Chrome, scheme: str, width: int) -> None:
    browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    )
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False},
    )


@pytest.fixture
def looking(browser: webdriver.Chrome) -> Any:
    """The browser; what a test emulates ends with it."""
    yield browser
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def unfold(browser: webdriver.Chrome) -> None:
    browser.execute_script("document.querySelectorAll('details').forEach(one => { one.open = true; })")


def fits(browser: webdriver.Chrome) -> bool:
    return bool(browser.execute_script("return document.documentElement.scrollWidth <= window.innerWidth"))


def test_the_portrait_is_drawn_and_has_no_barrier(served: Any, looking: webdriver.Chrome, axe: Axe) -> None:
    for scheme, width in LOOKS:
        look(looking, scheme, width)
        looking.get(f"{served.url}/portrait?list=demo")
        unfold(looking)
        assert axe(looking) == [], (scheme, width)
        assert fits(looking), (scheme, width)
    assert [title.text for title in looking.find_elements(By.TAG_NAME, "h2")] == [
        "Feature by feature",
        "A map of the tracks",
        "Over time",
        "How sure the ranker is",
        "What it knows nothing about",
    ]
    pictures = looking.find_elements(By.CSS_SELECTOR, "figure.chart > svg[role=img]")
    assert len(pictures) >= 17
    assert all(picture.get_attribute("aria-label") for picture in pictures)
    assert all(picture.size["height"] > 50 and picture.size["width"] > 200 for picture in pictures)


def test_colours_of_the_map_go_from_skipped_to_liked(served: Any, looking: webdriver.Chrome) -> None:
    looking.get(f"{served.url}/portrait?list=")
    swatches = looking.find_elements(By.CSS_SELECTOR, ".colour-key .swatch")
    colours = [swatch.value_of_css_property("fill") for swatch in swatches]
    assert len(set(colours)) == 9
    dots = looking.find_elements(By.CSS_SELECTOR, "figure.map .point.dot.p8")
    assert [dot.value_of_css_property("stroke") for dot in dots] == colours[-1:]


def test_candidates_are_laid_over_the_map_on_demand(served: Any, looking: webdriver.Chrome) -> None:
    looking.get(f"{served.url}/portrait?list=demo")
    marks = looking.find_elements(By.CSS_SELECTOR, "figure.map .candidates")
    assert marks
    assert not any(mark.is_displayed() for mark in marks)
    looking.find_element(By.ID, "show-candidates").send_keys(" ")
    assert all(mark.is_displayed() for mark in marks)


def test_a_why_opens_from_its_bare_address(served: Any, looking: webdriver.Chrome, axe: Axe) -> None:
    ranked = served.browser.get(f"{served.url}/api/v1/ranking", timeout=60).json()
    track = ranked["tracks"][0]
    for scheme, width in LOOKS:
        look(looking, scheme, width)
        looking.get(f"{served.url}/why?list=demo&model=champion&track={track['track_id']}")
        unfold(looking)
        assert axe(looking) == [], (scheme, width)
        assert fits(looking), (scheme, width)
    assert looking.find_element(By.TAG_NAME, "h1").text == f"Why {track['track_name']} by {track['artist_name']}"
    lines = looking.find_elements(By.CSS_SELECTOR, ".effects li")
    assert len(lines) >= 13
    widths = [line.find_element(By.CSS_SELECTOR, ".bar path").rect["width"] for line in lines]
    assert widths == sorted(widths, reverse=True)


def test_what_cannot_be_shown_is_said_on_a_page(served: Any, looking: webdriver.Chrome, axe: Axe) -> None:
    looking.get(f"{served.url}/why?track=nobody")
    assert "there is no track 'nobody' in this list" in looking.find_element(By.TAG_NAME, "main").text
    assert axe(looking) == []
