"""How a page is served."""

from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Final

LOOPBACK: Final = "127.0.0.1"
MLFLOW_URL: Final = "http://127.0.0.1:5000"
"""Where `earmark ui` is, unless it was told otherwise."""


@dataclass(frozen=True)
class PageSettings:
    """How a page is served.

    Parameters
    ----------
    host : str
        The address that it binds to.
    port : int
    password : str, optional
        Asked of every visitor; needed where ``host`` can be reached from elsewhere.
    mlflow_url : str
        Where links to runs lead.
    max_upload_bytes : int
        The largest file that can be dropped on the page.
    """

    host: str = LOOPBACK
    port: int = 8000
    password: str | None = field(default=None, repr=False)  # no traceback shows it
    mlflow_url: str = MLFLOW_URL
    max_upload_bytes: int = 32 * 2**20

    @property
    def reachable_from_elsewhere(self) -> bool:
        """Whether other machines can connect to ``host``."""
        if self.host == "localhost":
            return False
        try:
            return not ip_address(self.host).is_loopback
        except ValueError:
            return True  # a name may lead anywhere
