"""Feedback of the stand-in's accounts."""

from dataclasses import replace

from connectors.http.transport import Transport
from connectors.library import Library
from connectors.listenbrainz.client import ListenBrainz
from connectors.listenbrainz.pull import pull_listenbrainz
from connectors.track_ids import best_id
from tests.standin import Account, Fault, StandIn
from tests.standin.tracks import Feedback


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


def test_what_is_taken_back_goes_also_where_some_feedback_is_counted_and_never_listed(library: Library) -> None:
    account = Account.made_up(30)
    account.listenbrainz["rob"] = feedback = [
        Feedback(1, 1_700_000_000 - number, f"Song {number}", "Band", None, None, str(number)) for number in range(1200)
    ]
    never_listed = Fault(
        kind="unlisted", service="listenbrainz", when=lambda request: request.query["offset"] == "1000"
    )
    with StandIn(account, faults=[never_listed]) as standin, Transport("ListenBrainz") as transport:
        client = ListenBrainz(transport, standin.listenbrainz_url)
        notes = [pull_listenbrainz(library, client, "rob").notes]
        del feedback[500:510]
        feedback += [replace(feedback[-1], recording_msid="another")] * 10  # as many as before are never listed
        notes.append(pull_listenbrainz(library, client, "rob").notes)
    assert notes == [
        ("200 verdicts are counted and not listed: none is taken as taken back, the next pull asks again",),
        ("10 verdicts that were taken back are gone",),
    ]
    kept = [*range(500), *range(510, 1010)]
    assert set(library.evidence()["track_id"]) == {best_id(None, None, "Band", f"Song {number}") for number in kept}
