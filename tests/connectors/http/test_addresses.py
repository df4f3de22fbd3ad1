"""Where a service may be: its public address or this machine, nowhere else."""

import pytest

from connectors.http.addresses import is_loopback, origin, service_address
from features.errors import InputError


@pytest.mark.parametrize(
    "value", ["http://127.0.0.1:8080", "http://127.0.0.1:8080/", "http://[::1]:8080", "https://127.0.0.1"]
)
def test_a_loopback_address_replaces_a_service(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARMARK_SPOTIFY_URL", value)
    assert service_address("EARMARK_SPOTIFY_URL", "https://api.spotify.com") == value.rstrip("/")
    assert is_loopback(value)


@pytest.mark.parametrize(
    "value",
    [
        "http://localhost:8080",
        "http://example.com",
        "http://127.0.0.1.example.com",
        "http://127.0.0.1@example.com/",
        "http://someone@127.0.0.1:80",
        "http://0.0.0.0:80",
        "http://127.0.0.1:99999",
        "http://127.0.0.1:0",
        "http://127.0.0.1/?to=x",
        "ftp://127.0.0.1",
        "127.0.0.1:8080",
        "http://[::1",
        "http://[::ffff:1.2.3.4]:80",
    ],
)
def test_nothing_else_does(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARMARK_SPOTIFY_URL", value)
    with pytest.raises(InputError, match="EARMARK_SPOTIFY_URL"):
        service_address("EARMARK_SPOTIFY_URL", "https://api.spotify.com")


def test_the_public_address_stands_where_nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EARMARK_SPOTIFY_URL", raising=False)
    assert service_address("EARMARK_SPOTIFY_URL", "https://api.spotify.com/") == "https://api.spotify.com"


def test_a_default_port_is_the_same_server() -> None:
    assert origin("https://api.spotify.com/v1") == origin("HTTPS://API.spotify.com:443")
    assert origin("https://api.spotify.com") != origin("http://api.spotify.com")
    assert origin("https://api.spotify.com") != origin("https://api.spotify.com.example.com")
