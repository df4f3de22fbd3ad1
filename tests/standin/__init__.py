"""Stand-in services: Spotify, ReccoBeats and ListenBrainz on loopback, so that every path is tried with no account.

>>> from tests.standin import Account, Fault, StandIn
>>> with StandIn(Account.made_up(1_000), faults=[Fault(kind="429", at=7, retry_after=74_214)]) as standin:
...     environment = standin.environment()
"""

from tests.standin.account import EDITORIAL, Account, Entry, Playlist
from tests.standin.exchange import Call, Reply, Request
from tests.standin.faults import Fault
from tests.standin.rates import Rates
from tests.standin.standin import BrokenContractError, StandIn
from tests.standin.tracks import Feedback, Track

__all__ = [
    "EDITORIAL", "Account", "BrokenContractError", "Call", "Entry", "Fault", "Feedback", "Playlist", "Rates", "Reply",
    "Request", "StandIn", "Track",
]  # fmt: skip
