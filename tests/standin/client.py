"""A bare client, with which the stand-in itself is tested."""

from typing import Any

import requests

from tests.standin.rates import Rates
from tests.standin.standin import StandIn

EVERYTHING = (
    "user-library-read user-library-modify user-top-read user-read-private user-read-email playlist-read-private "
    "playlist-modify-private playlist-modify-public"
)
AWKWARD = Rates(local=0.1, null=0.05, relinked=0.1, episode=0.1, repeated=0.1, without_isrc=0.2)


class Client:
    """Speaks to one stand-in with one token."""

    def __init__(self, standin: StandIn, scopes: str = EVERYTHING) -> None:
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {standin.token(scopes)['access_token']}"
        self.root = f"{standin.spotify_url}/v1"

    def __call__(self, method: str, path: str, **more: Any) -> requests.Response:
        """Ask for something, whatever the answer is."""
        with self.session.request(method, self.root + path, timeout=10, **more) as answer:
            return answer

    def get(self, path: str, **params: Any) -> Any:
        """The JSON at a path."""
        return self("GET", path, params=params).json()


def pages(client: Client, path: str) -> list[Any]:
    """All rows of a list, page by page; the pages must be on the stand-in itself."""
    rows, page = [], client.get(path, limit=50)
    while True:
        rows += page["items"]
        if page["next"] is None:
            return rows
        if not page["next"].startswith(client.root):
            raise AssertionError(page["next"])
        page = client.get(page["next"].removeprefix(client.root))
