"""Feedback of the stand-in's accounts."""

from connectors.http.transport import Transport
from connectors.library import Library
from connectors.listenbrainz.client import ListenBrainz
from connectors.listenbrainz.pull import pull_listenbrainz
from tests.standin import Account, StandIn


def test_a_made_up_listener(library: Library) -> None:
    account = Account.made_up(3000, seed=1)
    feedback = account.listenbrainz["made_up_listener"]
    with StandIn(account) as standin, Transport("ListenBrainz") as transport:
        client = ListenBrainz(transport, standin.listenbrainz_url)
        report = pull_listenbrainz(library, client, "made_up_listener")
        again = pull_listenbrainz(library, client, "made_up_listener")
    assert report.seen == len(feedback)
    assert report.calls == -(-len(feedback) // 1000)
    assert again.outcomes == report.outcomes
    kinds = library.evidence()["kind"].value_counts()
    assert kinds["love"] == report.outcomes["loved"] > 0
    assert kinds["hate"] == report.outcomes["hated"] > 0
