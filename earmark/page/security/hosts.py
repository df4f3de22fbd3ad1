"""Which names the page answers to.

A stranger's website can point its own name at 127.0.0.1 (DNS rebinding): the browser then takes the page for a part of
that website. Its requests still carry that name in ``Host``, and are refused.
"""

import re
from collections.abc import Sequence
from ipaddress import ip_address
from typing import Final

from earmark.page.settings import PageSettings

_HOST: Final = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::[0-9]{1,5})?", re.ASCII)
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


def host_name(values: Sequence[str]) -> str | None:
    """The name in a request's ``Host``: lower case, without port, brackets and a last dot.

    Parameters
    ----------
    values : sequence of str
        All ``Host`` headers of the request.

    Returns
    -------
    str or None
        None unless there is exactly one, of the form that RFC 9110 (section 7.2) gives.
    """
    found = _HOST.fullmatch(values[0]) if len(values) == 1 else None
    if found is None:
        return None
    name = found["name"].lower()
    if not name.startswith("["):
        return name.removesuffix(".") or None
    try:
        return ip_address(name[1:-1]).compressed
    except ValueError:
        return None


def host_allowed(name: str, settings: PageSettings) -> bool:
    """Whether the page answers to a name.

    On this machine only: its loopback names and the one that the page was bound to. Beyond it: any address as well,
    for nobody can rebind a number.

    Parameters
    ----------
    name : str
        As `host_name` gives it.
    settings : PageSettings
    """
    bound = settings.host.strip("[]").lower().removesuffix(".")
    if name in _LOOPBACK or name == bound:
        return True
    return settings.reachable_from_elsewhere and _is_address(name)


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
