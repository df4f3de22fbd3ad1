"""A browser that shows nothing and follows redirects: ``BROWSER="python -m tests.standin.browser %s &"``.

With a stand-in that agrees to every sign-in it makes ``earmark login`` go through without a person.
"""

import sys
import urllib.request


def visit(url: str) -> int:
    """Open a loopback address as a browser would; gives the status."""
    if not url.startswith("http://127.0.0.1:"):
        raise ValueError(f"not an address on loopback: {url.partition('?')[0]}")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=30) as answer:
        return int(answer.status)


if __name__ == "__main__":
    visit(sys.argv[1])
