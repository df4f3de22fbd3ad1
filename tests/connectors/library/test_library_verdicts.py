"""What is said on the page is evidence: one verdict a track, taken back step by step; nobody's word is displaced."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.library import EvidenceRow, FeatureRow, Library, Said, TrackRow
from connectors.library import verdicts as module
from connectors.library.values import microseconds
from features.columns import ANALYSED_FEATURES

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
A, B = "a" * 22, "b" * 22
VALUES = dict.fromkeys(ANALYSED_FEATURES, 0.5)


def track(track_id: str = A, **known: object) -> TrackRow:
    return TrackRow(track_id=track_id, **{"track_name": "Hurt", "artist_name": "Johnny Cash", **known})


def later(minutes: int) -> datetime:
    return NOON + timedelta(minutes=minutes)


def rows(library: Library) -> list[tuple[str, str, str, bool, float]]:
    table = library.evidence()
    return list(table[["track_id", "source", "kind", "liked", "weight"]].itertuples(index=False, name=None))


def test_a_track_has_one_verdict_at_most(library: Library) -> None:
    step = library.verdicts.say("page", "file-1", track(), "keep", NOON, VALUES)
    assert step is not None
    assert (step.verdict, step.before, step.title) == ("keep", None, "Hurt")
    assert rows(library) == [(A, "page", "kept", True, 1.0)]
    assert library.verdicts.say("page", "file-1", track(), "keep", later(1), VALUES) is None
    assert library.verdicts.all("page") == {A: Said("keep", NOON)}
    changed = library.verdicts.say("page", "file-2", track(), "skip", later(2), VALUES)
    assert changed is not None
    assert changed.before == Said("keep", NOON)
    assert rows(library) == [(A, "page", "rejected", False, 1.0)]
    assert library.verdicts.say("page", "file-2", track(), None, later(3)) is not None
    assert rows(library) == []
    assert library.verdicts.say("page", "file-2", track(), None, later(4)) is None


def test_steps_are_taken_back_one_by_one_by_whoever_opens_the_library(library: Library, library_url: str) -> None:
    said = [("page", A, "keep"), ("page_demo", B, "skip"), ("page", A, "skip"), ("page", A, None), ("page", B, "keep")]
    states = []
    for minute, (source, track_id, verdict) in enumerate(said):
        states.append((library.verdicts.all("page"), library.verdicts.all("page_demo")))
        library.verdicts.say(source, "list", track(track_id), verdict, later(minute), VALUES)
    with Library.open(library_url) as again:
        for (source, track_id, verdict), before in zip(reversed(said), reversed(states), strict=True):
            step = again.verdicts.undo()
            assert step is not None
            assert (step.source, step.track_id, step.verdict) == (source, track_id, verdict)
            assert (again.verdicts.all("page"), again.verdicts.all("page_demo")) == before
        assert again.verdicts.undo() is None
    assert rows(library) == []


def test_a_clock_that_goes_back_does_not_change_the_order_of_steps(library: Library) -> None:
    library.verdicts.say("page", "list", track(A), "keep", later(9), VALUES)
    library.verdicts.say("page_demo", "demo", track(B), "keep", NOON, VALUES)
    assert [library.verdicts.undo().track_id for _ in range(2)] == [B, A]


def test_a_verdict_takes_the_place_of_those_under_other_ids_of_the_recording(library: Library) -> None:
    library.verdicts.say("page", "one", track(A), "keep", NOON, VALUES)
    library.verdicts.say("page", "one", track(B), "skip", later(1), VALUES)
    before = library.verdicts.all("page")
    assert library.verdicts.say("page", "two", track("c"), "skip", later(2), same=(A, B)) is None  # it counts already
    step = library.verdicts.say("page", "two", track("c"), "keep", later(2), VALUES, same=(A, B))
    assert step is not None
    assert (step.before, dict(step.replaced)) == (Said("skip", later(1)), before)
    assert library.verdicts.all("page") == {"c": Said("keep", later(2))}
    undone = library.verdicts.undo()
    assert undone == step
    assert library.verdicts.all("page") == before
    assert library.tracks_table(without_features="wait").tracks["liked"].to_list() == [0]  # the last word counts
    withdrawn = library.verdicts.say("page", "two", track("c"), None, later(3), same=(A, B))
    assert withdrawn is not None
    assert rows(library) == []
    library.verdicts.undo()
    assert library.verdicts.all("page") == before


def test_steps_of_an_earlier_earmark_are_taken_back(library: Library) -> None:
    """It remembered what was said before under the track's own id alone."""
    library.verdicts.say("page", "list", track(A), "skip", later(1), VALUES)
    library.verdicts.undo()
    library.verdicts.say("page", "list", track(A), "skip", later(1), VALUES)
    number = f"page:step:{microseconds(later(2)):020d}"
    old = {"source": "page", "list_id": "list", "track_id": A, "title": "Hurt", "verdict": "skip"}
    library.remember(number, {**old, "before": {"verdict": "keep", "at": microseconds(NOON)}})
    library.remember(f"{number[:-1]}9", {**old, "verdict": "keep", "before": None})
    step = library.verdicts.undo()
    assert step is not None
    assert (step.before, library.verdicts.all("page")) == (None, {})
    step = library.verdicts.undo()
    assert step is not None
    assert library.verdicts.all("page") == {A: Said("keep", NOON)}


def test_what_is_known_of_judged_tracks_is_told(library: Library) -> None:
    known = track(A, isrc="USAAA0000001", duration_ms=200_000.0, explicit=True)
    library.verdicts.say("page", "list", known, "keep", NOON, VALUES)
    library.verdicts.say("page_demo", "demo", track(B), "keep", NOON, VALUES)
    library.add_tracks([track("c")])
    assert library.verdicts.tracks("page") == {A: known}


def test_only_so_many_steps_are_kept(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STEPS", 3)
    for number in range(5):
        library.verdicts.say("page", "list", track(f"t{number}"), "keep", later(number))
    assert [library.verdicts.undo().track_id for _ in range(3)] == ["t4", "t3", "t2"]
    assert library.verdicts.undo() is None
    assert set(library.verdicts.all("page")) == {"t0", "t1"}


def test_a_verdict_is_stronger_than_all_but_a_ban(library: Library) -> None:
    library.verdicts.say("page", "list", track(A), "keep", NOON, VALUES)
    library.verdicts.say("page", "list", track(B, track_name="One"), "keep", NOON, VALUES)
    other = {"weight": 1.0, "at": later(9)}
    library.add_evidence(
        [EvidenceRow(track_id=A, source="listenbrainz", kind="hate", liked=False, **other),
         EvidenceRow(track_id=B, source="history", kind="ban", liked=False, **other)]
    )  # fmt: skip
    found = library.tracks_table()
    assert found.tracks.set_index("track_id")["liked"].to_dict() == {A: 1, B: 0}
    assert found.conflicts.set_index("track_id")["decided_by"].to_dict() == {A: "kept", B: "ban"}


def test_the_demos_verdicts_stay_apart(library: Library) -> None:
    library.verdicts.say("page_demo", "demo", track(A), "keep", NOON, VALUES)
    assert library.tracks_table().tracks.empty
    summary = library.summary()
    assert (summary.liked, summary.disliked) == (0, 0)
    assert [(count.source, count.kind, count.tracks) for count in summary.evidence] == [("page_demo", "kept", 1)]
    assert library.tracks_table(sources=("page_demo",)).tracks["liked"].to_list() == [1]
    assert library.tracks_table(sources=("page",)).tracks.empty


def test_what_the_page_knows_fills_and_never_displaces(library: Library) -> None:
    """Whatever order they are told in, and even where the page's analysis is whole and the other is not."""
    library.add_tracks([track(popularity=50.0)])
    library.add_features([FeatureRow(track_id=A, values={"energy": 0.9}, source="reccobeats", fetched_at=NOON)])
    library.verdicts.say(
        "page", "list", track(track_name="Hurt (live)", popularity=1.0, explicit=True), "keep", NOON, VALUES
    )
    library.verdicts.say("page", "list", track(B, track_name="One"), "skip", NOON, VALUES)
    library.add_features([FeatureRow(track_id=B, values={"energy": 0.7}, source="csv", fetched_at=NOON)])
    found = library.tracks_table()
    tracks = found.tracks.set_index("track_id")
    assert tracks.loc[A, ["track_name", "popularity", "explicit"]].to_list() == ["Hurt", 50.0, True]
    assert tracks["energy"].to_dict() == {A: 0.9, B: 0.7}
    assert tracks["valence"].to_dict() == {A: 0.5, B: 0.5}
    assert found.feature_sources.set_index("track_id")["energy"].to_dict() == {A: "reccobeats", B: "csv"}
    stored = library.features()
    assert set(stored.loc[stored["source"] == "page", "name"]) == set(ANALYSED_FEATURES)
    mine = stored[(stored["source"] == "page") & (stored["track_id"] == A)]
    assert "energy" not in set(mine["name"])  # no copy of what somebody else said, who may be forgotten


def test_a_withdrawn_verdict_comes_back_with_its_features(library: Library) -> None:
    library.verdicts.say("page", "list", track(), "keep", NOON, VALUES)
    library.verdicts.say("page", "list", track(), None, later(1))
    library.verdicts.undo()
    assert library.tracks_table(without_features="wait").tracks["liked"].to_list() == [1]


@pytest.mark.parametrize("source", ["page", "page_demo"])
def test_forgetting_the_page_leaves_nothing_of_it(library: Library, source: str) -> None:
    other = "page_demo" if source == "page" else "page"
    library.verdicts.say(source, "list", track(A), "keep", NOON, VALUES)
    library.verdicts.say(other, "list", track(B), "keep", later(1), VALUES)
    gone = library.forget(source)
    assert {name: n for name, n in gone.items() if n} == {
        "evidence": 1, "features": len(VALUES), "remembered": 1, "tracks": 1,
    }  # fmt: skip
    assert library.tracks()["track_id"].to_list() == [B]
    step = library.verdicts.undo()
    assert step is not None
    assert (step.source, step.track_id) == (other, B)
    assert library.verdicts.undo() is None


def test_forgetting_spotify_takes_what_it_told_of_a_kept_track(library: Library) -> None:
    """What only Spotify can have told goes; what came with a verdict, where nobody knew how it sounds, stays."""
    spotify = FeatureRow(track_id=A, values=VALUES, source="spotify", fetched_at=NOON)
    library.add_tracks([track(popularity=50.0)])
    library.add_features([spotify])
    library.verdicts.say("page", "playlist", track(popularity=50.0), "keep", NOON, VALUES)
    library.verdicts.say("page", "file", track(B, track_name="One", popularity=9.0), "keep", NOON, VALUES)
    library.forget("spotify")
    tracks = library.tracks().set_index("track_id")
    assert tracks["track_name"].to_dict() == {A: "Hurt", B: "One"}
    assert tracks["popularity"].isna().to_dict() == {A: True, B: False}
    assert set(library.features()["track_id"]) == {B}
    assert library.verdicts.all("page").keys() == {A, B}


def test_texts_that_a_database_refuses_are_taken(library: Library) -> None:
    odd = track("odd\0 \ud800", track_name="\0<script>")
    assert library.verdicts.say("page", "list", odd, "keep", NOON, VALUES) is not None
    assert library.verdicts.say("page", "list", odd, "keep", NOON, VALUES) is None
    step = library.verdicts.undo()
    assert step is not None
    assert step.title == "<script>"
    assert library.verdicts.all("page") == {}


def test_two_writers_leave_one_verdict(sqlite_file: Path) -> None:
    url = f"sqlite:///{sqlite_file}"
    with Library.open(url) as one, Library.open(url) as other:
        one.verdicts.say("page", "list", track(), "keep", NOON, VALUES)
        step = other.verdicts.say("page", "list", track(), "skip", later(1), VALUES)
        assert step is not None
        assert step.before == Said("keep", NOON)
        assert one.verdicts.all("page") == {A: Said("skip", later(1))}
