"""The recorded trains are found in MLflow's pages, opened by the real command in a real browser."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from experiments.benchmark.made_up_train import made_up_result
from experiments.reports import figures
from experiments.run_rows import train_name
from experiments.tracking import Tracker

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

START_LIMIT_S = 90
PAGE_LIMIT_S = 60
CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
FLAGS = """--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking
--disable-component-update --disable-sync --disable-dev-shm-usage --window-size=1500,800"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two recorded trains."""
    if CHROMIUM is None or DRIVER is None:
        message = "chromium and chromedriver are not installed (Debian: chromium, chromium-driver)"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    folder = tmp_path_factory.mktemp("home")
    tracker = Tracker(folder / "mlruns")
    for seed in range(2):
        result = made_up_result(trials=6, seed=seed)
        run_id = tracker.start("running", {"seed": seed})
        recorded = tracker.record(run_id, result, result.ranker.save(folder / run_id), figures(result))
    tracker.promote(recorded.version)
    return folder


@pytest.fixture(scope="module")
def addresses(home: Path) -> Iterator[dict[str, str]]:
    """What ``earmark ui`` says where to look, while it runs."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    said = home / "said.txt"
    with said.open("w") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-c", "from earmark.cli.main import main; main()", "ui", "--port", str(port)],
            env={**os.environ, "EARMARK_HOME": str(home)},
            stderr=stderr,
        )
    try:
        deadline = time.monotonic() + START_LIMIT_S
        while "Ctrl-C ends it" not in said.read_text():
            assert process.poll() is None, said.read_text()
            assert time.monotonic() < deadline, f"no answer within {START_LIMIT_S} s: {said.read_text()}"
            time.sleep(0.2)
        yield dict(re.findall(r"^(.+?): +(http\S+)$", said.read_text(), flags=re.MULTILINE))
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0, "the server outlives the command"


@pytest.fixture(scope="module")
def browser(home: Path) -> Iterator[webdriver.Chrome]:
    options = Options()
    options.binary_location = str(CHROMIUM)
    for flag in [*FLAGS.split(), f"--user-data-dir={home / 'chromium'}"]:
        options.add_argument(flag)
    driver = webdriver.Chrome(options=options, service=Service(str(DRIVER)))
    try:
        yield driver
    finally:
        driver.quit()


def text_of(browser: webdriver.Chrome) -> str:
    return browser.find_element(By.TAG_NAME, "body").text


def wait_for(browser: webdriver.Chrome, text: str) -> None:
    WebDriverWait(browser, PAGE_LIMIT_S).until(
        lambda driver: text in text_of(driver), f"{text!r} is not on {browser.current_url}"
    )


def test_the_address_said_shows_all_trains_with_their_metrics(
    addresses: dict[str, str], browser: webdriver.Chrome
) -> None:
    browser.get(addresses["all trains"])
    for seed in range(2):
        wait_for(browser, train_name(made_up_result(trials=0, seed=seed)))
    wait_for(browser, "roc_auc")
    page = text_of(browser)
    assert "trial 0" not in page
    assert "earmark" in page


def test_models_and_trials_have_views_of_their_own(addresses: dict[str, str], browser: webdriver.Chrome) -> None:
    browser.get(addresses["model by model"])
    wait_for(browser, "baseline untuned_tree")
    wait_for(browser, "boosted_trees")
    browser.get(addresses["all trials"])
    wait_for(browser, "boosted_trees trial 0")


def test_the_experiment_opens_as_machine_learning_and_asks_nothing(
    addresses: dict[str, str], browser: webdriver.Chrome
) -> None:
    browser.get(addresses["all trains"])
    wait_for(browser, "ensemble .861")
    page = text_of(browser)
    assert "Model training" in page
    assert not {"Judges", "Prompts", "Sessions"} & set(page.splitlines()), page
    assert not browser.find_elements(By.CSS_SELECTOR, "[role=dialog]")
