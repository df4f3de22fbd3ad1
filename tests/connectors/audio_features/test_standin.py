"""The chain against the stand-in services, and pulls that are cut off at scripted points."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from connectors.audio_features.chain import FeaturesPull, pull_features
from connectors.audio_features.reccobeats import ReccoBeats
from connectors.http.transport import Transport
from connectors.library import EvidenceRow, Library, TrackRow
from connectors.library.identity import recordings
from features.errors import ServiceError
from tests.connectors.audio_features.services import NOW
from tests.standin import Account, Fault, StandIn
from tests.standin.tracks import Track

LIKES = 500


@pytest.fixture(scope="module")
def account() -> Account:
    return Account.made_up(LIKES, seed=3)


@pytest.fixture
def standin(account: Account) -> Iterator[StandIn]:
    with StandIn(account) as running:
        yield running


def liked(account: Account) -> list[Track]:
    entries = (account.catalogue.entry(like.key) for like in account.likes)
    return [track for track in entries if track is not None and track.kind == "track"]


def fill(library: Library, account: Account) -> None:
    tracks = liked(account)
    library.add_tracks(
        TrackRow(
            track_id=track.track_id,
            track_name=track.track_name,
            artist_name=";".join(name for _, name in track.artists),
            isrc=track.isrc,
            duration_ms=track.duration_ms,
        )
        for track in tracks
    )
    library.add_evidence(
        EvidenceRow(track_id=track.track_id, source="spotify", kind="like", liked=True, at=NOW) for track in tracks
    )


def pull(library: Library, standin: StandIn) -> FeaturesPull:
    transport = Transport("ReccoBeats", max_wait=0.0, sleep=lambda _: None)
    return pull_features(library, [ReccoBeats(transport, standin.reccobeats_url)], clock=lambda: NOW)


def test_every_recording_that_reccobeats_knows(library: Library, account: Account, standin: StandIn) -> None:
    fill(library, account)
    done = pull(library, standin)
    n = int(recordings(library.tracks()).max()) + 1
    assert done.report.seen == n
    assert done.report.calls == len(standin.calls) == -(-n // 40)
    features = library.features()
    asked = {one for call in standin.calls for one in call.query["ids"].split(",")}
    by_id = {track.track_id: track for track in liked(account)}
    assert len(asked) == n
    assert asked <= {track.isrc or track.track_id for track in liked(account)}
    for track_id, values in features.groupby("track_id"):
        mine = [track for track in by_id.values() if track.recording == by_id[str(track_id)].recording]
        releases = account.catalogue.by_isrc(mine[0].isrc) if mine[0].isrc else mine
        theirs = [account.catalogue.features(track) or {} for track in releases]
        got = dict(zip(values["name"], values["value"], strict=True))
        assert any(all(answer[name] == pytest.approx(value) for name, value in got.items()) for answer in theirs)
    assert 0.4 < done.coverage.share < 0.9
    assert pull(library, standin).report.calls == 0


@pytest.mark.parametrize(
    "fault",
    [
        Fault(kind="429", at=1, service="reccobeats", retry_after=74_214),
        Fault(kind="429", at=5, service="reccobeats", retry_after=74_214),
        Fault(kind="truncate", at=3, service="reccobeats", times=9),
        Fault(kind="html", at=4, service="reccobeats", times=9),
        Fault(kind="500", at=7, service="reccobeats", times=9),
        Fault(kind="close", at=8, service="reccobeats", times=9),
    ],
    ids=lambda fault: f"{fault.kind} at {fault.at}",
)
def test_a_pull_that_was_cut_off_ends_like_one_that_was_not(
    library: Library, account: Account, tmp_path: Path, fault: Fault
) -> None:
    fill(library, account)
    with StandIn(account, faults=[fault]) as troubled, pytest.raises(ServiceError) as raised:
        pull(library, troubled)
    assert raised.value.hint
    with StandIn(account) as standin:
        pull(library, standin)
        asked = [call for call in [*troubled.calls, *standin.calls] if call.status == 200 and not call.fault]
    assert len({call.query["ids"] for call in asked}) == len(asked)
    with StandIn(account) as standin, Library.open(f"sqlite:///{tmp_path / 'undisturbed.db'}") as undisturbed:
        fill(undisturbed, account)
        pull(undisturbed, standin)
        assert len(standin.calls) == len(asked)
        pd.testing.assert_frame_equal(library.features(), undisturbed.features())
        assert library.not_found("reccobeats", NOW) == undisturbed.not_found("reccobeats", NOW)


def test_a_pull_that_was_killed_goes_on(library: Library, account: Account, tmp_path: Path) -> None:
    fill(library, account)
    running: list[subprocess.Popen[bytes]] = []
    kill = Fault(kind="hook", at=4, service="reccobeats", hook=lambda _: running[0].kill())
    script = (
        "import sys; from datetime import datetime; from connectors.audio_features import chain, reccobeats; "
        "from connectors.http.transport import Transport; from connectors.library import Library; "
        "chain.pull_features(Library.open(sys.argv[1]), [reccobeats.ReccoBeats(Transport('ReccoBeats'), sys.argv[2])], "
        "clock=lambda: datetime.fromisoformat(sys.argv[3]))"
    )
    with StandIn(account, faults=[kill]) as standin:
        url = f"sqlite:///{tmp_path / 'library.db'}"
        running.append(subprocess.Popen([sys.executable, "-c", script, url, standin.reccobeats_url, NOW.isoformat()]))
        assert running[0].wait(timeout=60) == -signal.SIGKILL
        assert len(standin.calls) == 4
        done = pull(library, standin)
        batches = [call.query["ids"] for call in standin.calls]
    # The one whose answer never came is asked for again, and no other.
    assert batches[3] == batches[4]
    assert len(set(batches)) == len(batches) - 1 == -(-done.report.seen // 40)
