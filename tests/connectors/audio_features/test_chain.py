"""The chain: who is asked for what, what is remembered, and that nothing is asked for twice."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import NoReturn

import pandas as pd
import pytest

from connectors.audio_features.catalogue import CatalogueFeatures
from connectors.audio_features.chain import ASK_AGAIN_AFTER, pull_features
from connectors.audio_features.spotify import SpotifyFeatures
from connectors.http.faults import Forbidden, RateLimited, SignInNeeded
from connectors.library import EvidenceRow, FeatureRow, Library, PlayRow, TrackRow
from features.errors import ServiceError
from tests.connectors.audio_features.services import (
    NOW,
    SOUND,
    WHOLE,
    ReccoBeatsService,
    SpotifyAnswers,
    isrc_of,
    judge,
    known,
    numbered,
    spotify_id_of,
)
from tests.standin.exchange import Reply


def spotify(
    library: Library, client: SpotifyAnswers, *, app: str = "app", later: timedelta = timedelta()
) -> SpotifyFeatures:
    return SpotifyFeatures(library, lambda: client, app=app, clock=lambda: NOW + later)


def test_each_source_is_asked_for_what_the_one_before_lacks(
    library: Library, service: ReccoBeatsService, tmp_path: Path
) -> None:
    judge(library, numbered(6))
    client = SpotifyAnswers(lambda _: {spotify_id_of(0): WHOLE})
    table = pd.DataFrame([WHOLE | {"track_id": spotify_id_of(1)}, WHOLE | {"track_id": spotify_id_of(2), "mode": None}])
    table.to_parquet(tmp_path / "catalogue.parquet")
    for one in range(5):
        service.knows(one)
    links = [spotify(library, client), CatalogueFeatures(tmp_path / "catalogue.parquet"), service.link()]

    done = pull_features(library, links, clock=lambda: NOW)

    assert client.calls == 1
    assert service.asked == [[isrc_of(one) for one in (2, 3, 4, 5)]]
    values = known(library)
    assert values[spotify_id_of(0)] == {"spotify": WHOLE}
    assert values[spotify_id_of(1)] == {"catalogue": WHOLE}
    assert values[spotify_id_of(2)]["reccobeats"]["mode"] == 1
    assert values[spotify_id_of(3)] == {"reccobeats": SOUND}
    assert spotify_id_of(5) not in values
    assert set(library.features()["fetched_at"]) == {pd.Timestamp(NOW)}
    assert done.report.outcomes == {
        "found by spotify": 1,
        "found by catalogue": 2,
        "found by reccobeats": 2,
        "not found": 1,
    }
    assert done.report.seen == 6
    assert done.report.calls == 2
    assert done.coverage.as_json() == {
        "recordings": 6,
        "with_features": 5,
        "share": 0.8333,
        "by_source": {"reccobeats": 3, "catalogue": 2, "spotify": 1},
        "missing": {"duration_ms": 2, "time_signature": 2},
    }
    assert "features of 5 of 6 tracks (83 %): reccobeats 3, catalogue 2, spotify 1" in done.report.notes
    assert "not known of all of these: duration_ms (2), time_signature (2)" in done.report.notes


def test_as_few_calls_as_the_services_allow_and_none_the_second_time(
    library: Library, service: ReccoBeatsService
) -> None:
    judge(library, numbered(1234))
    for one in range(0, 1234, 2):
        service.knows(one)
    client = SpotifyAnswers(lambda ids: {one: WHOLE for one in ids if one.endswith("3")})

    first = pull_features(library, [spotify(library, client), service.link()], clock=lambda: NOW)
    second = pull_features(library, [spotify(library, client), service.link()], clock=lambda: NOW)

    assert client.calls == 13
    assert len(service.asked) == -(-(1234 - 123 - 1) // 40) == 28
    assert first.report.calls == 41
    assert second.report.calls == 0
    assert second.report.outcomes == {"known already": 617 + 124 - 0, "not found": 1234 - 617 - 124}
    assert second.coverage == first.coverage


@pytest.mark.parametrize("fault", [Reply(429, None, {"Retry-After": "74214"}), Reply(503)], ids=["429", "503"])
@pytest.mark.parametrize("after", [0, 1, 3, 4])
def test_a_pull_that_breaks_off_goes_on_where_it_stopped(
    library: Library, service: ReccoBeatsService, tmp_path: Path, after: int, fault: Reply
) -> None:
    judge(library, numbered(200))
    for one in range(0, 200, 3):
        service.knows(one)
    service.faults = [None] * after + [fault] * 6

    with pytest.raises(ServiceError):
        pull_features(library, [service.link()], clock=lambda: NOW)
    service.faults = []
    marked = library.not_found("reccobeats", NOW)
    told = set(known(library))
    assert len(marked | told) == 40 * after
    done = pull_features(library, [service.link()], clock=lambda: NOW)

    asked = Counter(one for ids in service.asked for one in ids)
    assert asked == Counter(isrc_of(one) for one in range(200))
    with Library.open(f"sqlite:///{tmp_path / 'undisturbed.db'}") as undisturbed:
        judge(undisturbed, numbered(200))
        pull_features(undisturbed, [service.link()], clock=lambda: NOW)
        pd.testing.assert_frame_equal(library.features(), undisturbed.features())
        assert library.not_found("reccobeats", NOW) == undisturbed.not_found("reccobeats", NOW)
    assert done.coverage.with_features == 67


def test_what_was_not_found_is_asked_for_again_after_a_month(library: Library, service: ReccoBeatsService) -> None:
    judge(library, numbered(3))
    pull_features(library, [service.link()], clock=lambda: NOW)
    service.knows(1)
    pull_features(library, [service.link()], clock=lambda: NOW + ASK_AGAIN_AFTER - timedelta(seconds=1))
    assert len(service.asked) == 1

    done = pull_features(library, [service.link()], clock=lambda: NOW + ASK_AGAIN_AFTER)

    assert len(service.asked) == 2
    assert done.report.outcomes == {"found by reccobeats": 1, "not found": 2}


def test_what_was_not_found_by_a_clock_that_had_been_ahead_is_asked_for_again(
    library: Library, service: ReccoBeatsService
) -> None:
    judge(library, numbered(3))
    pull_features(library, [service.link()], clock=lambda: NOW + timedelta(days=3_650))
    service.knows(1)
    done = pull_features(library, [service.link()], clock=lambda: NOW)
    assert done.report.outcomes == {"found by reccobeats": 1, "not found": 2}
    pull_features(library, [service.link()], clock=lambda: NOW)
    assert len(service.asked) == 2


def test_a_closed_spotify_is_probed_once_a_month_and_said_once(library: Library, service: ReccoBeatsService) -> None:
    def closed(ids: object) -> NoReturn:
        raise Forbidden("closed", "bring a catalogue", "features_closed")

    judge(library, numbered(250))
    client = SpotifyAnswers(closed)

    first = pull_features(library, [spotify(library, client), service.link()], clock=lambda: NOW)
    judge(library, numbered(260))
    second = pull_features(library, [spotify(library, client), service.link()], clock=lambda: NOW)
    assert client.calls == 1
    assert [note for note in first.report.notes if note.startswith("spotify")] == [
        "spotify: features are closed to this app (they are to all new ones); asked again in a month"
    ]
    assert not [note for note in second.report.notes if note.startswith("spotify")]
    assert library.not_found("spotify", NOW) == set()

    pull_features(library, [spotify(library, client, app="another")], clock=lambda: NOW)
    assert client.calls == 2
    refused = SpotifyAnswers(closed)  # the clock had been ahead, and was set right
    pull_features(library, [spotify(library, refused, later=-timedelta(days=400))], clock=lambda: NOW)
    assert refused.calls == 1
    pull_features(library, [spotify(library, refused)], clock=lambda: NOW)
    opened = SpotifyAnswers(lambda ids: dict.fromkeys(ids, WHOLE))
    late = spotify(library, opened, later=timedelta(days=30))
    done = pull_features(library, [late], clock=lambda: NOW + timedelta(days=30))
    assert opened.calls == 3
    assert done.coverage.with_features == 260


def test_a_rate_limit_says_nothing_about_whether_features_are_open(
    library: Library, service: ReccoBeatsService
) -> None:
    def limited(ids: object) -> NoReturn:
        raise RateLimited("Spotify", NOW + timedelta(hours=20), 72_000)

    judge(library, numbered(2))
    with pytest.raises(RateLimited):
        pull_features(library, [spotify(library, SpotifyAnswers(limited)), service.link()], clock=lambda: NOW)
    assert service.asked == []
    assert library.not_found("spotify", NOW) == set()
    client = SpotifyAnswers(lambda ids: dict.fromkeys(ids, WHOLE))
    pull_features(library, [spotify(library, client), service.link()], clock=lambda: NOW)
    assert client.calls == 1
    assert service.asked == []


def test_other_refusals_are_for_people_to_mend(library: Library) -> None:
    def lapsed(ids: object) -> NoReturn:
        raise Forbidden("the app's owner has no Premium", "renew it", "premium")

    judge(library, numbered(1))
    with pytest.raises(Forbidden, match="Premium"):
        pull_features(library, [spotify(library, SpotifyAnswers(lapsed))], clock=lambda: NOW)
    assert library.recall("spotify:audio_features:app") is None


def test_who_has_not_signed_in_gets_features_elsewhere(library: Library, service: ReccoBeatsService) -> None:
    def connect() -> NoReturn:
        raise SignInNeeded("nobody is signed in to Spotify", "earmark login spotify")

    judge(library, numbered(1))
    service.knows(0)
    done = pull_features(library, [SpotifyFeatures(library, connect), service.link()], clock=lambda: NOW)
    assert done.report.outcomes == {"found by reccobeats": 1}
    assert "spotify: not asked for features (nobody is signed in to Spotify)" in done.report.notes


def test_whose_sign_in_has_ended_gets_features_elsewhere(library: Library, service: ReccoBeatsService) -> None:
    def ended(ids: object) -> NoReturn:
        raise SignInNeeded("the sign-in to Spotify has ended or was revoked", "earmark login spotify")

    judge(library, numbered(1))
    service.knows(0)
    done = pull_features(library, [spotify(library, SpotifyAnswers(ended)), service.link()], clock=lambda: NOW)
    assert done.report.outcomes == {"found by reccobeats": 1}
    assert "spotify: not asked for features (the sign-in to Spotify has ended or was revoked)" in done.report.notes


def test_a_local_file_is_asked_for_in_a_catalogue_alone(
    library: Library, service: ReccoBeatsService, tmp_path: Path
) -> None:
    """Neither service knows it by anything; a recording that has an id as well is asked for by that."""
    local = [TrackRow(track_id=f"local:{n}", track_name=f"Song {n}", artist_name="Band") for n in range(3)]
    judge(library, [*local[:2], TrackRow(track_id=local[2].track_id, track_name="Song 0", artist_name="Other")])
    twin = TrackRow(track_id=spotify_id_of(1), track_name="Song 1", artist_name="Band", duration_ms=200_000)
    library.add_tracks([twin])
    asked: list[str] = []

    def answer(ids: Sequence[str]) -> dict[str, dict[str, float]]:
        asked.extend(ids)
        return {}

    rows = [WHOLE | {"track_name": "song 0", "artist_name": "The Band"}]
    pd.DataFrame(rows).to_parquet(tmp_path / "catalogue.parquet")
    file = CatalogueFeatures(tmp_path / "catalogue.parquet")
    done = pull_features(library, [spotify(library, SpotifyAnswers(answer)), file, service.link()], clock=lambda: NOW)
    assert asked == [spotify_id_of(1)]
    assert service.asked == [[spotify_id_of(1)]]
    assert known(library) == {"local:0": {"catalogue": WHOLE}}
    assert set(library.features()["matched_by"]) == {"name"}
    assert done.report.outcomes == {"found by catalogue": 1, "not found": 2}


def test_nobody_is_connected_to_where_nothing_is_missing(library: Library, service: ReccoBeatsService) -> None:
    def connect() -> NoReturn:
        raise AssertionError

    judge(library, numbered(1))
    library.add_features([FeatureRow(track_id=spotify_id_of(0), values=WHOLE, source="csv", fetched_at=NOW)])
    done = pull_features(library, [SpotifyFeatures(library, connect), service.link()], clock=lambda: NOW)
    assert service.asked == []
    assert done.report.outcomes == {"known already": 1}
    empty = pull_features(library, [SpotifyFeatures(library, connect)], track_ids=[], clock=lambda: NOW)
    assert empty.report.seen == 0
    assert empty.coverage.share == 1.0


def test_only_judged_tracks_or_those_asked_for(library: Library, service: ReccoBeatsService) -> None:
    judge(library, numbered(2))
    library.add_tracks(TrackRow(track_id=spotify_id_of(one), isrc=isrc_of(one)) for one in range(2, 5))
    library.add_plays(
        PlayRow(track_id=spotify_id_of(4), ended_at=NOW + timedelta(hours=hour), ms_played=200_000, outcome="finished")
        for hour in range(3)
    )
    library.add_plays(
        PlayRow(track_id=spotify_id_of(3), ended_at=NOW - timedelta(hours=hour), ms_played=9_000, outcome="skipped")
        for hour in range(3)
    )
    pull_features(library, [service.link()], clock=lambda: NOW)
    assert service.asked == [[isrc_of(one) for one in (0, 1, 3, 4)]]

    service.asked.clear()
    unheard_of = spotify_id_of(9)
    done = pull_features(library, [service.link()], track_ids=[spotify_id_of(2), unheard_of], clock=lambda: NOW)
    assert service.asked == [[isrc_of(2), unheard_of]]
    assert done.report.seen == 2


def test_a_recording_under_several_ids_is_asked_for_once(library: Library, service: ReccoBeatsService) -> None:
    same = [TrackRow(track_id=spotify_id_of(one), isrc=isrc_of(7)) for one in range(3)]
    judge(library, [*same, TrackRow(track_id=f"isrc:{isrc_of(7)}")])
    service.knows(7)
    done = pull_features(library, [service.link()], clock=lambda: NOW)
    assert service.asked == [[isrc_of(7)]]
    assert list(known(library)) == [spotify_id_of(0)]
    assert done.report.outcomes == {"found by reccobeats": 1}
    assert library.tracks_table().tracks["energy"].tolist() == [SOUND["energy"]]


def test_tracks_that_no_source_can_be_asked_for(library: Library, service: ReccoBeatsService) -> None:
    library.add_tracks([TrackRow(track_id="local:0123456789abcdef", track_name="Tape", artist_name="A friend")])
    library.add_evidence([EvidenceRow(track_id="local:0123456789abcdef", source="csv", kind="csv_liked", liked=True)])
    done = pull_features(library, [service.link()], clock=lambda: NOW)
    assert service.asked == []
    assert done.report.outcomes == {"no id to ask by": 1}


def test_progress_is_told(library: Library, service: ReccoBeatsService) -> None:
    judge(library, numbered(90))
    told: list[tuple[str, int, int]] = []
    pull_features(library, [service.link()], clock=lambda: NOW, on_batch=lambda *batch: told.append(batch))
    assert told == [("reccobeats", 40, 90), ("reccobeats", 80, 90), ("reccobeats", 90, 90)]
