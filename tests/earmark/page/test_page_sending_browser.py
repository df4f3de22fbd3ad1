"""Sending in a real browser: choose, look, send, take back; for everybody's eyes, at every width."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from tests.connectors.spotify.signed_in import sign_in_quietly, use
from tests.standin import Account, Fault, StandIn

pytestmark = pytest.mark.browser
NAME = "Likes <i>of</i> mine & “yours”"


@pytest.fixture
def standin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    with StandIn(Account.demo(), features="open") as made:
        use(made, tmp_path / "config", monkeypatch)
        sign_in_quietly(made)
        yield made


def shows(browser: Chrome, selector: str, text: str) -> str:
    """The text of what a selector finds, once it has this in it."""

    def read(driver: Chrome) -> str:
        found = " ".join(one.text for one in driver.find_elements(By.CSS_SELECTOR, selector))
        return found if text in found else ""

    return WebDriverWait(browser, 20, ignored_exceptions=None).until(read, f"{text!r} in {selector}")


def press(browser: Chrome, selector: str) -> None:
    """As the keyboard does it."""
    browser.find_element(By.CSS_SELECTOR, selector).send_keys(Keys.ENTER)


def names(standin: StandIn) -> list[str]:
    account = standin.account
    return [account.playlists[one].name for one in account.followed]


def check_looks(browser: Chrome, axe: Callable[[Chrome], list[str]]) -> None:
    """No rule of axe-core is broken and nothing is wider than the window: light and dark, wide and narrow."""
    for width in (1280, 360):
        browser.set_window_size(width, 800)
        for scheme in ("light", "dark"):
            feature = [{"name": "prefers-color-scheme", "value": scheme}]
            browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": feature})
            assert axe(browser) == []
        assert browser.execute_script("return document.documentElement.scrollWidth <= window.innerWidth")
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    browser.set_window_size(1280, 900)


def test_look_send_and_take_back(
    standin: StandIn, served: Any, browser: Chrome, axe: Callable[[Chrome], list[str]]
) -> None:
    browser.get(f"{served.url}/send?list=demo&top=15")
    shows(browser, "#chosen-title", "15 tracks of Demo candidates")
    check_looks(browser, axe)
    field = browser.find_element(By.ID, "name")
    field.clear()
    field.send_keys(NAME, Keys.ENTER)
    said = shows(browser, "#plan", "Would make the private playlist")
    assert f"“{NAME}” with 15 tracks" in said
    assert "15 to be added" in said
    assert NAME not in names(standin)
    assert browser.switch_to.active_element.get_attribute("id") == "plan"
    check_looks(browser, axe)

    press(browser, "#plan button")
    shows(browser, "#plan", "Sent 15 tracks to")
    assert names(standin).count(NAME) == 1
    made = standin.account.playlist_called(NAME)
    link = browser.find_element(By.CSS_SELECTOR, "#plan a").get_attribute("href")
    assert link == f"https://open.spotify.com/playlist/{made.playlist_id}"
    check_looks(browser, axe)

    browser.find_element(By.ID, "name").send_keys(Keys.ENTER)
    shows(browser, "#plan", "holds these 15 tracks already")
    assert not browser.find_elements(By.CSS_SELECTOR, "#plan button")

    browser.get(f"{served.url}/send?list=demo&top=15")
    press(browser, ".sent-before button")
    shows(browser, "#plan", "Would delete the playlist")
    press(browser, "#plan button")
    shows(browser, "#plan", "Deleted")
    assert NAME not in names(standin)


def test_a_refusal_stands_where_the_outcome_would(standin: StandIn, served: Any, browser: Chrome) -> None:
    browser.get(f"{served.url}/send?list=demo&top=15")
    standin.faults.add(Fault(kind="403-premium"))
    browser.find_element(By.ID, "name").send_keys(Keys.ENTER)
    said = shows(browser, "#plan .fault", "no active Premium subscription")
    assert "developer.spotify.com/dashboard" in said


def test_a_playlist_is_chosen_to_be_ranked(
    standin: StandIn, served: Any, browser: Chrome, axe: Callable[[Chrome], list[str]]
) -> None:
    browser.get(f"{served.url}/playlists")
    shows(browser, ".playlist-list", "Discover")
    check_looks(browser, axe)
    discover = standin.account.playlist_called("Discover").playlist_id
    press(browser, f"[data-playlist='{discover}']")
    WebDriverWait(browser, 20).until(lambda driver: f"list=playlist-{discover}" in driver.current_url)


def test_the_rankings_page_offers_playlists_or_says_why_it_cannot(
    standin: StandIn, served: Any, browser: Chrome
) -> None:
    standin.faults.add(Fault(kind="403-premium"))
    browser.get(served.url)
    press(browser, "details.add > summary")
    shows(browser, "details.add .fault", "no active Premium subscription")
    standin.faults.clear()
    browser.get(served.url)
    press(browser, "details.add > summary")
    shows(browser, "details.add .playlist-list", "Discover")
    field = browser.find_element(By.ID, "playlist-link")
    field.send_keys("https://open.spotify.com/track/nothing", Keys.ENTER)
    shows(browser, "#messages", "names no playlist")
    assert "list=playlist" not in browser.current_url


def test_without_a_sign_in_files_remain(
    served: Any, browser: Chrome, axe: Callable[[Chrome], list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EARMARK_CONFIG", str(tmp_path / "nobody"))
    browser.get(f"{served.url}/send?list=demo&top=15")
    shows(browser, "#main", "earmark login spotify")
    assert len(browser.find_elements(By.CSS_SELECTOR, ".exports a")) == 3
    check_looks(browser, axe)
