"""Logging in with a real browser: the form is a plain one, and its page is fit for everybody."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from selenium.webdriver import Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.support.expected_conditions import title_contains, url_to_be
from selenium.webdriver.support.wait import WebDriverWait

from earmark.page.settings import PageSettings

pytestmark = pytest.mark.browser
Serve = Callable[..., str]
RIGHT = "correct horse"


@pytest.fixture
def elsewhere() -> Iterator[Callable[[str], str]]:
    """``elsewhere(address)``: the address of another website, with a link to this one."""
    linked = [""]

    class Website(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(f"<title>Elsewhere</title><a href='{linked[0]}'>go</a>".encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Website)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()

    def link(address: str) -> str:
        linked[0] = address
        return f"http://localhost:{server.server_port}/"

    yield link
    server.shutdown()
    thread.join()
    server.server_close()


def _log_in(browser: Chrome, password: str) -> None:
    browser.find_element(By.NAME, "password").send_keys(password, Keys.ENTER)


def test_a_person_logs_in_and_goes_on_where_they_wanted_to(
    browser: Chrome, serve: Serve, axe: Callable[[Chrome], list[str]]
) -> None:
    address = serve(PageSettings(password=RIGHT))
    wanted = f"{address}/api/v1/docs?x=1"
    browser.get(f"{address}/login?next=%2Fapi%2Fv1%2Fdocs%3Fx%3D1")
    _log_in(browser, "wrong")
    WebDriverWait(browser, 20).until(lambda seen: seen.find_elements(By.ID, "login-fault"))
    assert "not the password" in browser.find_element(By.ID, "login-fault").text
    for mode in ("light", "dark"):
        features = [{"name": "prefers-color-scheme", "value": mode}]
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        assert axe(browser) == []
    _log_in(browser, RIGHT)
    WebDriverWait(browser, 20).until(url_to_be(wanted))
    assert axe(browser) == []
    browser.set_window_size(360, 800)
    assert axe(browser) == []
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_a_link_on_another_website_does_not_log_out(
    browser: Chrome, serve: Serve, elsewhere: Callable[[str], str]
) -> None:
    address = serve(PageSettings(password=RIGHT))
    browser.get(f"{address}/login?next=%2Fapi%2Fv1%2Fdocs")
    _log_in(browser, RIGHT)
    WebDriverWait(browser, 20).until(title_contains("The API"))
    before = browser.get_cookie("earmark_session")
    browser.get(elsewhere(f"{address}/api/v1/docs"))
    browser.find_element(By.TAG_NAME, "a").click()
    WebDriverWait(browser, 20).until(title_contains("The API"))
    assert browser.get_cookie("earmark_session") == before
