"""How answers of ReccoBeats are understood."""

import pytest

from connectors.audio_features.chain import pull_features
from connectors.audio_features.links import Wanted
from connectors.library import Library, TrackRow
from features.errors import ServiceError
from tests.connectors.audio_features.services import (
    NOW,
    SOUND,
    ReccoBeatsService,
    isrc_of,
    judge,
    known,
    numbered,
    spotify_id_of,
)
from tests.standin.exchange import Reply


def pull(library: Library, service: ReccoBeatsService) -> tuple[str, ...]:
    return pull_features(library, [service.link()], clock=lambda: NOW).report.notes


def test_answers_in_any_order_reach_their_tracks(library: Library, service: ReccoBeatsService) -> None:
    judge(library, numbered(100))
    for one in range(0, 100, 2):
        service.knows(one, energy=one / 100)
    pull(library, service)
    assert {track: values["reccobeats"]["energy"] for track, values in known(library).items()} == {
        spotify_id_of(one): one / 100 for one in range(0, 100, 2)
    }


def test_spotify_ids_are_sent_only_where_there_is_no_isrc(library: Library, service: ReccoBeatsService) -> None:
    rows = [
        *numbered(1),
        TrackRow(track_id=spotify_id_of(1)),
        TrackRow(track_id=spotify_id_of(2), isrc="not an ISRC"),
        TrackRow(track_id=spotify_id_of(3), isrc="gb-aaa-00-00003"),
        TrackRow(track_id=f"isrc:{isrc_of(4)}"),
    ]
    judge(library, rows)
    for one in range(5):
        service.knows(one, energy=one / 10, **({"isrc": None} if one % 2 else {"href": None}))
    pull(library, service)
    assert sorted(service.asked[0]) == sorted([isrc_of(0), spotify_id_of(1), spotify_id_of(2), isrc_of(3), isrc_of(4)])
    energies = {track: values["reccobeats"]["energy"] for track, values in known(library).items()}
    # The third has an ISRC at ReccoBeats and none here: without a link, nothing tells that the answer is its.
    assert energies == {spotify_id_of(0): 0.0, spotify_id_of(1): 0.1, spotify_id_of(3): 0.3, f"isrc:{isrc_of(4)}": 0.4}


def test_of_several_rows_of_an_isrc_our_own_release_counts_then_the_fullest(
    library: Library, service: ReccoBeatsService
) -> None:
    judge(library, numbered(2))
    elsewhere = f"https://open.spotify.com/track/{spotify_id_of(99)}"
    service.knows(0, href=elsewhere, energy=0.1)
    service.knows(0, energy=0.2, mode=None)
    service.knows(1, href=elsewhere.replace("99", "98"), energy=0.3, mode=None)
    service.knows(1, href=elsewhere, energy=0.4)
    service.knows(1, href=elsewhere.replace("99", "97"), energy=0.5, key=99)
    notes = pull(library, service)
    values = known(library)
    assert values[spotify_id_of(0)]["reccobeats"]["energy"] == 0.2
    assert "mode" not in values[spotify_id_of(0)]["reccobeats"]
    assert values[spotify_id_of(1)]["reccobeats"] == SOUND | {"energy": 0.4}
    assert not [note for note in notes if "cannot be right" in note]


def test_what_an_answer_was_recognised_by_is_kept(library: Library, service: ReccoBeatsService) -> None:
    """An ISRC's row that links to another release is sure to be of the recording, but not of this id."""
    judge(library, [*numbered(3), TrackRow(track_id=f"isrc:{isrc_of(4)}")])
    service.knows(0)
    service.knows(1, href=f"https://open.spotify.com/track/{spotify_id_of(99)}")
    service.knows(2, href=None)
    service.knows(4)
    pull(library, service)
    stored = library.features().groupby("track_id")["matched_by"].unique().map(list).to_dict()
    assert stored == {
        spotify_id_of(0): ["id"],
        spotify_id_of(1): ["isrc"],
        spotify_id_of(2): ["isrc"],
        f"isrc:{isrc_of(4)}": ["isrc"],
    }


def test_wrong_values_are_dropped_and_counted(library: Library, service: ReccoBeatsService) -> None:
    judge(library, numbered(3))
    service.knows(0, energy=1.7, tempo="fast")
    service.knows(1, **dict.fromkeys(SOUND, 9e9))
    notes = pull(library, service)
    assert "reccobeats: 13 values that cannot be right are left out" in notes
    values = known(library)
    assert set(values) == {spotify_id_of(0)}
    assert set(values[spotify_id_of(0)]["reccobeats"]) == set(SOUND) - {"energy", "tempo"}
    assert library.not_found("reccobeats", NOW) == {spotify_id_of(1), spotify_id_of(2)}


def test_answers_to_nothing_that_was_asked_are_left_out(library: Library, service: ReccoBeatsService) -> None:
    judge(library, numbered(2))
    service.knows(0, isrc=isrc_of(55), href=f"https://open.spotify.com/track/{spotify_id_of(55)}")
    service.knows(1, isrc="", href=None)
    notes = pull(library, service)
    assert known(library) == {}
    assert "reccobeats: 2 answers are of no track that was asked for, and left out" in notes


def test_a_row_may_answer_an_isrc_and_an_id() -> None:
    from connectors.audio_features.reccobeats import _put_to

    by_isrc = Wanted(0, "a" * 22, "a" * 22, isrc_of(1))
    by_id = Wanted(1, spotify_id_of(2), spotify_id_of(2))
    row = {"isrc": isrc_of(1), "href": f"https://open.spotify.com/track/{spotify_id_of(2)}?si=x"}
    assert _put_to([by_isrc, by_id], [row]) == ({"a" * 22: [row], spotify_id_of(2): [row]}, 0)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(404, {"code": 4041, "error": "Resource not found"}),
        Reply(404, "<html>moved</html>"),
        Reply(400, {"code": 4001, "message": "bad ids"}),
        Reply(403, {"message": "blocked"}),
        Reply(200, "<html>maintenance</html>"),
        Reply(200, {"tracks": []}),
        Reply(200, {"content": "none"}),
        Reply(200, {"content": [None]}),
        Reply(200, []),
        Reply(204),
    ],
    ids=lambda reply: f"{reply.status} {reply.body}",
)
def test_an_answer_that_is_none_is_an_error_in_words_and_remembered_as_nothing(
    library: Library, service: ReccoBeatsService, reply: Reply
) -> None:
    judge(library, numbered(41))
    for one in range(41):
        service.knows(one)
    service.faults = [None, *[reply] * 6]
    with pytest.raises(ServiceError) as raised:
        pull(library, service)
    assert raised.value.hint
    assert len(known(library)) == 40
    assert library.not_found("reccobeats", NOW) == set()
    service.faults = []
    pull(library, service)
    assert [len(ids) for ids in service.asked] == [40, 1]
