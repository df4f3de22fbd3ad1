"""The view /train in a real browser: a train with its progress to the end, a cancelled one, a table put on the page."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from selenium.webdriver import Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from earmark.home import Home
from earmark.page.settings import PageSettings
from earmark.page.training.trainer import Trainer

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's"),
]
LIMIT_S = 120
Axe = Callable[[Chrome], list[str]]


@pytest.fixture
def url(served: Any) -> Iterator[str]:
    """The page; a train that runs ends before its server does."""
    yield served.url
    Trainer(served.home, PageSettings()).close()


@pytest.fixture
def table(tmp_path: Path, demo_tracks: pd.DataFrame) -> Path:
    """A listener's table with a hostile name and track."""
    tracks = demo_tracks.head(200).copy()
    tracks.loc[0, "track_name"] = "<script>alert(1)</script>"
    path = tmp_path / "<b>likes.csv"
    tracks.to_csv(path, index=False)
    return path


def wait_for(browser: Chrome, selector: str) -> Any:
    return WebDriverWait(browser, LIMIT_S).until(lambda found: found.find_element(By.CSS_SELECTOR, selector))


def click(browser: Chrome, selector: str) -> None:
    """By the keyboard, which alone has to suffice."""
    found = browser.find_element(By.CSS_SELECTOR, selector)
    browser.execute_script("arguments[0].focus()", found)
    found.send_keys(Keys.SPACE if found.get_attribute("type") in {"radio", "checkbox"} else Keys.ENTER)


def text(browser: Chrome, selector: str) -> str:
    return str(browser.find_element(By.CSS_SELECTOR, selector).get_attribute("textContent")).strip()


def dressed(browser: Chrome, axe: Axe) -> list[str]:
    """What axe finds in light and dark, wide and narrow; and whether the page is wider than a telephone."""
    found = []
    for scheme in ("light", "dark"):
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        for width, height in ((1280, 900), (360, 800)):
            browser.execute_cdp_cmd(
                "Emulation.setDeviceMetricsOverride",
                {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False},
            )
            found += [f"{scheme} {width}: {line}" for line in axe(browser)]
            if browser.execute_script("return document.documentElement.scrollWidth > window.innerWidth"):
                found.append(f"{width}: wider than the window")
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    return found


def choose_tree_alone(browser: Chrome, trials: int) -> None:
    for box in browser.find_elements(By.NAME, "models"):
        if box.get_attribute("value") != "tree":
            browser.execute_script("arguments[0].focus()", box)
            box.send_keys(Keys.SPACE)
    click(browser, "[name=budget][value='']")
    field = browser.find_element(By.ID, "train-trials")
    field.clear()
    field.send_keys(str(trials))


@pytest.mark.timeout(400)
def test_a_train_runs_to_its_end_and_another_is_cancelled(
    browser: Chrome, url: str, table: Path, axe: Axe, served: Any
) -> None:
    browser.get(f"{url}/train")
    assert text(browser, "#job") == "Nothing was trained from this page yet."
    for details in browser.find_elements(By.TAG_NAME, "details"):
        browser.execute_script("arguments[0].open = true", details)
    assert dressed(browser, axe) == []

    browser.find_element(By.ID, "table-file").send_keys(str(table))
    click(browser, "#table-add")
    WebDriverWait(browser, LIMIT_S).until(lambda _: "<b>likes.csv: 200 tracks, " in text(browser, "#table-said"))
    assert browser.execute_script("return document.getElementById('train-source').value").startswith("table-")
    choose_tree_alone(browser, 2)
    click(browser, "#train-form [type=submit]")

    wait_for(browser, "#running")
    assert not browser.find_element(By.ID, "train-form").is_displayed()
    assert browser.switch_to.active_element.text == "Training on <b>likes.csv"
    stages = watch_stages(browser)
    assert dressed(browser, axe) == []
    wait_for(browser, "#ended")
    told = stages()
    assert "searching Decision tree" in told
    assert told == sorted(told, key=ORDER.index)
    assert text(browser, "#ended h2").startswith("Trained on <b>likes.csv")
    first = browser.find_element(By.CSS_SELECTOR, "#outcome [data-row=tree]")
    assert first.text.split()[:3] == ["Decision", "tree", "2"]
    run = Trainer(Home(served.home.root), PageSettings()).current()
    assert run is not None
    assert run.outcome is not None
    rank = browser.find_element(By.LINK_TEXT, "Rank with it").get_attribute("href")
    assert rank == f"{url}/?model={run.outcome.run_id}"
    assert browser.find_element(By.LINK_TEXT, "Its run in MLflow").get_attribute("href") == run.outcome.run_url
    assert browser.find_element(By.ID, "train-form").is_displayed()
    assert dressed(browser, axe) == []

    browser.refresh()
    assert text(browser, "#ended h2").startswith("Trained on <b>likes.csv"), "a reload shows the same state"
    browser.find_element(By.ID, "train-source").send_keys(Keys.END)
    choose_tree_alone(browser, 5000)
    click(browser, "#train-form [type=submit]")
    WebDriverWait(browser, LIMIT_S).until(lambda _: trials(browser) >= 3)
    before = trials(browser)
    browser.refresh()
    assert trials(browser) >= before, "a reload in the middle shows the same state"
    WebDriverWait(browser, LIMIT_S).until(lambda _: trials(browser) > before)
    assert 0 < float(browser.find_element(By.ID, "train-progress").get_attribute("value") or 0) < 0.1
    click(browser, "#cancel-open")
    assert browser.find_element(By.ID, "cancel-dialog").is_displayed()
    assert browser.switch_to.active_element.get_attribute("id") == "cancel-no", "Enter lets it go on"
    assert dressed(browser, axe) == []
    browser.switch_to.active_element.send_keys(Keys.ENTER)
    assert not browser.find_element(By.ID, "cancel-dialog").is_displayed()
    click(browser, "#cancel-open")
    click(browser, "#cancel-yes")
    wait_for(browser, "#ended[data-state=cancelled]")
    assert trials(browser) > before
    assert browser.find_element(By.ID, "train-form").is_displayed()
    assert dressed(browser, axe) == []


def test_faults_are_said_in_words(browser: Chrome, url: str, tmp_path: Path) -> None:
    browser.get(f"{url}/train")
    for box in browser.find_elements(By.NAME, "models"):
        browser.execute_script("arguments[0].focus()", box)
        box.send_keys(Keys.SPACE)
    click(browser, "#train-form [type=submit]")
    assert text(browser, "#messages .fault") == "choose at least one family"
    unlabelled = tmp_path / "unlabelled.csv"
    unlabelled.write_text("track_name,artist_name,danceability\nA,B,0.5\n")
    browser.execute_script("document.getElementById('table-file').closest('details').open = true")
    browser.find_element(By.ID, "table-file").send_keys(str(unlabelled))
    click(browser, "#table-add")
    WebDriverWait(browser, 30).until(lambda _: "unlabelled.csv: " in text(browser, "#messages .fault"))
    assert "the table has no labels: there is no 'liked' column" in text(browser, "#messages .fault")


ORDER = [
    "starting", "reading the tracks", "preparing the search", "fitting baselines", "searching Decision tree",
    "averaging the best models", "judging on held-out tracks", "recording in MLflow",
]  # fmt: skip


def watch_stages(browser: Chrome) -> Callable[[], list[str]]:
    """Collects the words of the stage as they change."""
    browser.execute_script("""
        const stage = document.getElementById("train-stage");
        window.stages = [stage.textContent];
        new MutationObserver(() => window.stages.push(stage.textContent)).observe(stage, {childList: true});""")
    return lambda: list(browser.execute_script("return window.stages"))


def trials(browser: Chrome) -> int:
    found = browser.find_elements(By.CSS_SELECTOR, "#leaderboard [data-family=tree] td")
    return int(found[0].text) if found else 0
