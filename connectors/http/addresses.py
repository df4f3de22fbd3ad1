"""Where a service is: its public address, or a stand-in on this machine."""

import ipaddress
import os
from urllib.parse import SplitResult, urlsplit

from features.errors import InputError


def service_address(variable: str, default: str) -> str:
    """The address of a service, without a slash at its end.

    Parameters
    ----------
    variable : str
        Environment variable that may replace it, e.g. ``EARMARK_SPOTIFY_URL``. Only a loopback address may: whoever can
        set a variable must not be able to send a token elsewhere.
    default : str
        The public address, https.

    Raises
    ------
    InputError
        If the variable holds anything but ``http://127.0.0.1:PORT`` or ``http://[::1]:PORT``, with or without a path.
    """
    value = os.environ.get(variable, "").strip()
    if not value:
        return default.rstrip("/")
    if not _is_loopback_address(value):
        raise InputError(
            f"{variable} does not hold a loopback address",
            f"give http://127.0.0.1:PORT or http://[::1]:PORT, or unset {variable} to use the real service",
        )
    return value.rstrip("/")


def is_loopback(url: str) -> bool:
    """Whether an address is an IP literal of this machine; host names, ``localhost`` too, are not."""
    try:
        return ipaddress.ip_address(urlsplit(url).hostname or "").is_loopback
    except ValueError:
        return False


def origin(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port, the default port spelt out: what must be equal for two addresses to be one server."""
    parts = urlsplit(url)
    return parts.scheme.lower(), (parts.hostname or "").lower(), _port(parts)


def _is_loopback_address(value: str) -> bool:
    try:
        parts = urlsplit(value)
        plain = parts.scheme in {"http", "https"} and not (parts.username or parts.query or parts.fragment)
        return plain and parts.hostname in {"127.0.0.1", "::1"} and _port(parts) != 0
    except ValueError:
        return False


def _port(parts: SplitResult) -> int | None:
    return parts.port if parts.port is not None else {"http": 80, "https": 443}.get(parts.scheme.lower())
