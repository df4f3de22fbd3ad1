"""Keep, skip, undo, ask and play with the keyboard alone, in a real browser."""

from collections.abc import Callable

import pytest
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

pytestmark = pytest.mark.browser
TRACKS = """track_id,track_name,artist_name,danceability,energy,valence,acousticness,tempo
4uLU6hMCjMI75M1A2tKUQC,<b>Song</b>,Somebody,0.5,0.6,0.4,0.1,120
local-one,Elsewhere,Somebody,0.4,0.5,0.6,0.3,100
0VjIjW4GlUZAMYd2vXMi3b,Third,Another,0.7,0.8,0.3,0.2,90
"""


def wait(browser: WebDriver, happened: Callable[[WebDriver], object], seconds: float = 15) -> object:
    return WebDriverWait(browser, seconds, poll_frequency=0.05).until(happened)


def rows(browser: WebDriver) -> list[str]:
    script = "return [...document.querySelectorAll('.tracks .track')].map(row => row.dataset.track)"
    return list(browser.execute_script(script))


def focused(browser: WebDriver) -> str | None:
    return browser.execute_script("return document.activeElement?.closest('.track')?.dataset.track ?? null")


def press(browser: WebDriver, keys: str) -> None:
    browser.switch_to.active_element.send_keys(keys)


def message(browser: WebDriver) -> str:
    return browser.find_element(By.ID, "messages").text


def verdicts(served, list_id: str = "demo") -> dict[str, str]:
    told = served.browser.get(f"{served.url}/api/v1/verdicts", params={"list": list_id}, timeout=20).json()
    return {entry["track_id"]: entry["verdict"] for entry in told["verdicts"]}


def test_the_keyboard_alone_answers_what_is_asked(served, browser) -> None:
    browser.get(f"{served.url}/ask")
    asked = rows(browser)
    assert len(asked) == 12
    press(browser, "j")
    press(browser, "j")
    assert focused(browser) == asked[1]
    press(browser, "k")
    assert focused(browser) == asked[0]

    press(browser, "l")
    wait(browser, lambda b: asked[0] not in rows(b) and len(rows(b)) == 12)
    assert focused(browser) == asked[1]
    assert rows(browser)[:11] == asked[1:]
    assert verdicts(served) == {asked[0]: "keep"}
    assert message(browser).startswith("Kept ")
    wait(browser, lambda b: "1 answer since the last train" in b.find_element(By.ID, "ask-progress").text)

    press(browser, "x")
    wait(browser, lambda b: asked[1] not in rows(b) and len(rows(b)) == 12)
    assert verdicts(served) == {asked[0]: "keep", asked[1]: "skip"}
    wait(browser, lambda b: "2 answers since" in b.find_element(By.ID, "ask-progress").text)

    press(browser, "u")
    wait(browser, lambda b: rows(b)[:1] == [asked[1]] and focused(b) == asked[1])
    assert message(browser).startswith("Undone: ")
    assert verdicts(served) == {asked[0]: "keep"}
    press(browser, "u")
    wait(browser, lambda b: rows(b)[:1] == [asked[0]])
    assert verdicts(served) == {}
    press(browser, "u")
    wait(browser, lambda b: "nothing to undo" in message(b))


def test_buttons_say_what_they_are_and_the_message_leads_back(served, browser) -> None:
    browser.get(f"{served.url}/ask")
    first = rows(browser)[0]
    button = browser.find_element(By.CSS_SELECTOR, ".track .verdicts .skip")
    assert (button.text, button.get_attribute("aria-pressed")) == ("Skip", "false")
    button.click()
    wait(browser, lambda b: first not in rows(b))
    wait(browser, lambda b: b.find_element(By.CSS_SELECTOR, "#messages button")).click()
    wait(browser, lambda b: rows(b)[:1] == [first])
    assert verdicts(served) == {}


def test_the_ranking_hears_the_same_keys(served, browser) -> None:
    browser.get(f"{served.url}/")
    ranked = rows(browser)

    def verdict_of(track: str) -> str:
        return browser.find_element(By.CSS_SELECTOR, f'[data-track="{track}"]').get_attribute("data-verdict")

    press(browser, "j")
    press(browser, Keys.ARROW_DOWN)
    assert focused(browser) == ranked[1]
    press(browser, "l")
    wait(browser, lambda _: verdict_of(ranked[1]) == "keep")
    press(browser, "l")  # kept already: it stays
    press(browser, "x")
    wait(browser, lambda _: verdict_of(ranked[1]) == "skip")
    assert focused(browser) == ranked[1]
    press(browser, "u")
    wait(browser, lambda _: verdict_of(ranked[1]) == "keep")
    assert verdicts(served) == {ranked[1]: "keep"}
    button = browser.find_element(By.CSS_SELECTOR, f'[data-track="{ranked[1]}"] .keep')
    assert button.get_attribute("aria-pressed") == "true"
    press(browser, "w")
    wait(browser, lambda b: b.find_elements(By.CSS_SELECTOR, f'[data-track="{ranked[1]}"] .why-answer'))
    press(browser, Keys.ENTER)
    assert browser.find_element(By.CSS_SELECTOR, f'[data-track="{ranked[1]}"] details').get_attribute("open") is None

    browser.execute_script("[...document.querySelectorAll('.track')].at(-1).focus()")
    press(browser, "j")
    wait(browser, lambda b: len(rows(b)) > len(ranked))
    if focused(browser) == ranked[-1]:  # where the rows came after the key
        press(browser, "j")
    assert focused(browser) == rows(browser)[len(ranked)]
    press(browser, "/")
    assert browser.switch_to.active_element.get_attribute("type") == "search"
    press(browser, "jlx?")
    assert verdicts(served) == {ranked[1]: "keep"}


def test_keys_go_on_where_a_slider_or_the_search_has_the_focus(served, browser) -> None:
    browser.get(f"{served.url}/")
    ranked = rows(browser)
    slider = browser.find_element(By.ID, "min-precision")
    slider.send_keys(Keys.ARROW_RIGHT)  # the slider's own
    assert slider.get_attribute("value") == "0.81"
    assert slider.get_attribute("aria-valuetext") == "81\u00a0%"
    wait(browser, lambda b: "min_precision=0.81" in b.current_url)
    press(browser, "j")
    assert focused(browser) == ranked[0]
    press(browser, "/")
    press(browser, Keys.ARROW_DOWN)
    assert focused(browser) == ranked[0]


def test_neither_messages_nor_the_player_cover_the_row_in_focus(served, browser) -> None:
    metrics = {"width": 360, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        browser.get(f"{served.url}/")
        for _ in range(5):
            press(browser, "j")
        press(browser, "x")
        wait(browser, message)
        press(browser, " ")
        wait(browser, lambda b: b.find_element(By.ID, "player").is_displayed())
        covered = """const row = document.activeElement.getBoundingClientRect();
            const words = document.querySelector('#messages > *').getBoundingClientRect();
            const dock = document.getElementById("player").getBoundingClientRect();
            return row.bottom > words.top || row.bottom > dock.top"""
        assert not browser.execute_script(covered)
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_keys_are_told_and_leave_fields_alone(served, browser) -> None:
    browser.get(f"{served.url}/ask")
    before = rows(browser)
    press(browser, "j")
    press(browser, "?")
    dialog = browser.find_element(By.ID, "keys")
    assert dialog.is_displayed()
    press(browser, "l")
    assert "keep" in dialog.text
    press(browser, Keys.ESCAPE)
    wait(browser, lambda _: not dialog.is_displayed())
    browser.find_element(By.ID, "ask-list").send_keys("lxu")
    press(browser, Keys.CONTROL + "l" + Keys.NULL)
    assert rows(browser) == before
    assert verdicts(served) == {}


def upload(served) -> str:
    files = {"file": ("mine.csv", TRACKS.encode(), "text/csv")}
    answer = served.browser.post(f"{served.url}/api/v1/lists", files=files, timeout=30)
    assert answer.ok, answer.text
    return str(answer.json()["list_id"])


def test_the_player_says_in_words_what_it_cannot_play(served, browser) -> None:
    list_id = upload(served)
    browser.get(f"{served.url}/ask?list={list_id}")
    dock = browser.find_element(By.ID, "player")
    assert not dock.is_displayed()
    assert not browser.find_elements(By.TAG_NAME, "iframe")  # nothing of Spotify's before something is played

    def play(track: str) -> str:
        browser.execute_script(f"document.querySelector('[data-track=\"{track}\"]').focus()")
        press(browser, " ")
        return dock.find_element(By.CLASS_NAME, "player-words").text

    assert play("local-one") == "Elsewhere: this track has no Spotify id."
    browser.execute_script("arguments[0].dataset.waitMs = 2000", dock)  # a busy machine looks late
    assert play("4uLU6hMCjMI75M1A2tKUQC") == "<b>Song</b>"
    frame = browser.find_element(By.CSS_SELECTOR, "#player iframe")
    assert frame.get_attribute("src") == "https://open.spotify.com/embed/track/4uLU6hMCjMI75M1A2tKUQC"
    assert frame.get_attribute("title") == "Spotify's player: <b>Song</b>"
    wait(browser, lambda _: "Spotify cannot be reached." in dock.text)
    assert not browser.find_elements(By.TAG_NAME, "iframe")
    browser.execute_cdp_cmd("Network.enable", {})
    offline = {"offline": True, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
    browser.execute_cdp_cmd("Network.emulateNetworkConditions", offline)
    try:
        assert play("0VjIjW4GlUZAMYd2vXMi3b") == "Spotify cannot be reached."
    finally:
        browser.execute_cdp_cmd("Network.emulateNetworkConditions", {**offline, "offline": False})
    dock.find_element(By.ID, "player-close").click()
    assert not dock.is_displayed()
    assert focused(browser) == "0VjIjW4GlUZAMYd2vXMi3b"


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 360)])
def test_nothing_stands_in_anybodys_way(served, browser, axe, scheme: str, width: int) -> None:
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    browser.set_window_size(width, 800)
    browser.get(f"{served.url}/ask")
    assert axe(browser) == []
    asked = rows(browser)
    press(browser, "j")
    press(browser, "l")
    wait(browser, lambda b: message(b) and focused(b) == asked[1] and len(rows(b)) == len(asked))
    press(browser, " ")
    assert "nothing to play" in browser.find_element(By.ID, "player").text
    assert axe(browser) == []
    press(browser, "?")
    assert axe(browser) == []
    assert browser.execute_script("return document.documentElement.scrollWidth <= window.innerWidth")
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


TWICE = TRACKS + "1aaaaaaaaaaaaaaaaaaaaa,third,another,0.6,0.8,0.3,0.2,91\n"


def test_a_verdict_shows_at_once_under_the_recordings_other_id(served, browser) -> None:
    answer = served.browser.post(
        f"{served.url}/api/v1/lists", files={"file": ("twice.csv", TWICE.encode(), "text/csv")}, timeout=20
    )
    twice, ids = answer.json()["list_id"], ["0VjIjW4GlUZAMYd2vXMi3b", "1aaaaaaaaaaaaaaaaaaaaa"]

    def shown() -> list[str]:
        found = [browser.find_element(By.CSS_SELECTOR, f'[data-track="{track}"]') for track in ids]
        return [row.get_attribute("data-verdict") for row in found]

    browser.get(f"{served.url}/?list={twice}")
    browser.find_element(By.CSS_SELECTOR, f'[data-track="{ids[0]}"] .keep').click()
    wait(browser, lambda _: shown() == ["keep", "keep"])
    browser.find_element(By.CSS_SELECTOR, f'[data-track="{ids[1]}"] .skip').click()
    wait(browser, lambda _: shown() == ["skip", "skip"])
    assert verdicts(served, twice) == {ids[1]: "skip"}
    press(browser, "u")
    wait(browser, lambda _: shown() == ["keep", "keep"])
    press(browser, "u")
    wait(browser, lambda _: shown() == ["", ""])

    browser.get(f"{served.url}/ask?list={twice}")
    (asked,) = set(ids) & set(rows(browser))  # a recording is asked about once
    browser.find_element(By.CSS_SELECTOR, f'[data-track="{asked}"] .keep').click()
    wait(browser, lambda b: not set(ids) & set(rows(b)))
    assert verdicts(served, twice) == {asked: "keep"}
