"""No record of a log holds a secret, whatever shape it has there."""

import io
import json
import logging
from collections import OrderedDict
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.http.redaction import BLANK, hide, install, redact

SECRET = "BQD3xampleAccessT0ken_-.~+/=="  # noqa: S105 (an example)
NAMES = ["access_token", "refresh_token", "code", "code_verifier", "client_secret", "state", "Authorization"]


@pytest.fixture(autouse=True)
def nothing_else_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Made-up secrets such as "00000000" must not be blanked in other tests."""
    monkeypatch.setattr("connectors.http.redaction._secrets", OrderedDict())


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What a handler on the root logger writes at level DEBUG."""
    install()
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(name)s %(message)s"))
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "shape",
    [
        lambda name: f"{name}={SECRET}",
        lambda name: f"https://a/b?x=1&{name}={SECRET}&y=2",
        lambda name: json.dumps({name: SECRET}),
        lambda name: json.dumps(json.dumps({name: SECRET})),
        lambda name: repr({name: SECRET}),
        lambda name: repr({name: SECRET.encode()}),
        lambda name: f"{name}: {SECRET}",
        lambda name: f"redirect=http%3A%2F%2Fa%3F{name}%3D{SECRET}",
    ],
)
def test_a_named_secret_is_blanked(name: str, shape: object) -> None:
    text = shape(name)  # type: ignore[operator]
    assert SECRET[:20] not in redact(text)
    assert BLANK in redact(text)


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "Basic", "Token"])
def test_a_credential_in_a_header_is_blanked(scheme: str) -> None:
    assert SECRET[:20] not in redact(f"Headers: {{'Authorization': '{scheme} {SECRET}', 'X': 'y'}}")


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=8, max_size=40), st.text(), st.text())
def test_a_known_secret_is_blanked_wherever_it_stands(secret: str, before: str, after: str) -> None:
    hide(secret)
    cleaned = redact(before + secret + after)
    assert secret not in cleaned.replace(BLANK, "\0")


@pytest.mark.parametrize(
    "text",
    [
        'http://127.0.0.1:1 "POST /api/token HTTP/1.1" 200 396',
        "http status: 403, code: -1 - https://api.spotify.com/v1/me: Forbidden",
        "Sending GET to https://api.spotify.com/v1/me/tracks with Params: {'limit': 50}",
    ],
)
def test_ordinary_words_stay(text: str) -> None:
    assert redact(text) == text


def test_records_of_the_libraries_are_clean_for_every_handler(written: io.StringIO) -> None:
    hide("an-oddly-placed-secret")
    spotipy, urllib3 = logging.getLogger("spotipy.client"), logging.getLogger("urllib3.connectionpool")
    spotipy.debug(f"Headers: {{'Authorization': 'Bearer {SECRET}'}}")
    urllib3.debug("%s %s", {"refresh_token": SECRET}, b"code_verifier=" + SECRET.encode())
    urllib3.debug("%(access_token)s", {"access_token": "an-oddly-placed-secret"})
    urllib3.warning("too few %s %s", f"code={SECRET}")
    logging.getLogger("requests.made.later").error(["an-oddly-placed-secret"])
    try:
        json.loads(f"refresh_token={SECRET}")
    except ValueError as error:
        error.add_note(f"cannot read refresh_token={SECRET}")
        spotipy.exception("it failed: %s", "an-oddly-placed-secret", stack_info=True)
    text = written.getvalue()
    assert SECRET[:20] not in text
    assert "an-oddly-placed-secret" not in text
    assert "cannot read refresh_token=[hidden]" in text
    assert text.count(BLANK) >= 6


def test_records_of_others_stay_as_they_are(written: io.StringIO) -> None:
    logging.getLogger("somebody.else").info("code=%s", SECRET)
    assert f"code={SECRET}" in written.getvalue()


def test_installing_twice_changes_nothing(written: io.StringIO) -> None:
    factory = logging.getLogRecordFactory()
    install()
    assert logging.getLogRecordFactory() is factory


def test_library_errors_do_not_reach_stderr_without_a_handler(capfd: pytest.CaptureFixture[str]) -> None:
    install()
    root = logging.getLogger()
    handlers, root.handlers = root.handlers, []
    try:
        logging.getLogger("spotipy.client").error("HTTP Error for GET")
    finally:
        root.handlers = handlers
    assert capfd.readouterr().err == ""
