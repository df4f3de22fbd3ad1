"""The ranking over HTTP and its pure parts: the Python API's answers, filters, cuts, and titles that are no markup."""

import json
import math
import re
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from earmark.home import Home
from earmark.page.ranking.candidates import Candidates
from earmark.page.ranking.cuts import instead_of, keep, promises_of
from earmark.page.ranking.filters import best_of_each, found, order, passing
from earmark.page.ranking.questions import LIKELY, SORTS, Cut, Filters, RankingQuery
from earmark.page.rendering import percent
from earmark.ranking import rank_answer
from features.columns import AUDIO_FEATURES
from features.errors import InputError
from features.identity import normalise_name
from features.report import ValidationReport
from models.ranker import Ranker
from models.ranking import LABELS, LIKES_ONLY
from models.scored import Scored

RUN_ID = "0123456789abcdef0123456789abcdef"
LIKES_RUN = "1" * 32
API = "/api/v1"
MIXED = Filters(per_artist=2, hide_known=True, hide_explicit=True, minimums=(("energy", 0.3),))


@pytest.fixture(scope="module")
def scored(demo_ranker: Ranker, demo_candidates: pd.DataFrame) -> Scored:
    return demo_ranker.scored(demo_candidates)


@pytest.fixture(scope="module")
def candidates(scored: Scored) -> Candidates:
    return Candidates.of(scored)


def get(served: Any, path: str, **query: object) -> Any:
    answer = served.browser.get(served.url + path, params=query, timeout=60)
    return answer.status_code, answer.json()


def page(served: Any, path: str, **query: object) -> requests.Response:
    found: requests.Response = served.browser.get(served.url + path, params=query, timeout=60)
    return found


# --- filters -----------------------------------------------------------------------------------------------------


@given(
    artists=st.lists(st.integers(-1, 4), max_size=40).map(lambda codes: np.array(codes, dtype=np.int64)),
    most=st.integers(1, 4),
    seed=st.integers(0, 99),
)
def test_an_artist_cap_keeps_the_first_of_each(artists: npt.NDArray[np.int64], most: int, seed: int) -> None:
    mask = np.random.default_rng(seed).random(len(artists)) < 0.7
    seen: dict[int, int] = {}
    expected = []
    for artist, counts in zip(artists.tolist(), mask.tolist(), strict=True):
        seen[artist] = seen.get(artist, 0) + counts
        expected.append(counts and (artist < 0 or seen[artist] <= most))
    assert best_of_each(artists, mask, most).tolist() == expected


@given(
    per_artist=st.none() | st.integers(1, 3),
    known=st.booleans(),
    explicit=st.booleans(),
    minimums=st.dictionaries(st.sampled_from(("energy", "valence", "danceability")), st.floats(0, 1), max_size=3),
)
def test_what_passes_has_what_was_asked_for(
    candidates: Candidates, scored: Scored, per_artist: int | None, known: bool, explicit: bool, minimums: Any
) -> None:
    mask = passing(candidates, Filters(per_artist, known, explicit, tuple(minimums.items())))
    assert mask.shape == (len(scored.tracks),)
    kept = scored.tracks[mask]
    assert not (known and kept["known"].any())
    assert not (explicit and kept["explicit"].fillna(value=False).any())
    assert all((kept[name] >= least).all() for name, least in minimums.items())
    if per_artist is not None and len(kept):
        assert kept["artist_name"].value_counts().max() <= per_artist
    else:
        others = scored.tracks[~mask]
        fails = (
            pd.concat([others[name] < least for name, least in minimums.items()], axis=1).any(axis=1)
            if minimums
            else False
        )
        assert (fails | (known & others["known"]) | (explicit & others["explicit"].fillna(value=False))).all()


def test_without_filters_all_pass(candidates: Candidates) -> None:
    assert passing(candidates, Filters()).all()


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("reverse", [False, True])
def test_orders_hold_every_track_once_and_missing_values_last(
    candidates: Candidates, scored: Scored, sort: str, reverse: bool
) -> None:
    numbers = {name: values.copy() for name, values in candidates.numbers.items()}
    if sort in numbers:
        numbers[sort][[3, 50]] = np.nan
    names = {name: list(values) for name, values in candidates.names.items()}
    if sort in names:
        names[sort][3] = names[sort][50] = ""
    rows = order(replace(candidates, numbers=numbers, names=names), sort, reverse=reverse)
    assert sorted(rows.tolist()) == list(range(len(candidates)))
    if sort == LIKELY:
        assert np.all(np.diff(candidates.probability[rows]) * (1 if reverse else -1) >= 0)
        return
    column = np.array([value or "~" for value in names[sort]]) if sort in names else numbers[sort]
    missing = np.flatnonzero(column == "~" if sort in names else np.isnan(column))
    assert {3, 50} <= set(missing)
    assert rows[-len(missing) :].tolist() == missing.tolist()  # in order of rank
    values = column[rows[: -len(missing)]].tolist()
    assert values == sorted(values, reverse=reverse == (sort in names))


@given(words=st.text(max_size=12))
def test_a_search_finds_texts_with_every_word(candidates: Candidates, words: str) -> None:
    hits = found(candidates.texts, words)
    wanted = normalise_name(words).split()
    assert hits.tolist() == [all(word in text for word in wanted) for text in candidates.texts]


def test_a_search_ignores_case_and_accents() -> None:
    texts = [normalise_name("Träume im Frühling"), normalise_name("TRAUME"), "sommer"]
    assert found(texts, "TRÄUME fruhling").tolist() == [True, False, False]
    assert found(texts, "traüme").tolist() == [True, True, False]
    assert found(texts, "  ").all()


# --- cuts --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("filters", [Filters(), MIXED])
@pytest.mark.parametrize(
    "cut", [Cut(), Cut(min_precision=0.6), Cut(min_precision=0.97), Cut(top=7), Cut(top=1000), Cut(threshold=0.8)]
)
def test_a_cut_is_the_rankers_own_answer_about_the_tracks_that_pass(
    scored: Scored, candidates: Candidates, filters: Filters, cut: Cut
) -> None:
    among = passing(candidates, filters)
    report = ValidationReport(rows=300, usable=294, merged=2, set_aside={"no audio features": 4})
    kept = keep(scored, candidates, among, cut, lambda: promises_of(scored, candidates, among), report)
    assert kept.refused == (cut.min_precision == 0.97)
    if kept.refused:
        with pytest.raises(InputError, match="cannot be promised") as caught:
            scored.keep(min_precision=cut.min_precision, among=among)
        assert (kept.n_kept, kept.instead is None) == (0, "can, and keeps" not in caught.value.message)
        if kept.instead is not None:
            offered = f"; {kept.instead.min_precision:g} can, and keeps {kept.instead.kept} of them"
            assert offered in caught.value.message
        return
    ranking = scored.keep(min_precision=cut.min_precision, top=cut.top, threshold=cut.threshold, among=among)
    answer = rank_answer(ranking, "", report=report)
    probability = [track["like_probability"] for track in answer.pop("tracks")]
    assert kept.account == answer
    assert kept.n_kept == len(ranking.tracks) == answer["n_kept"]
    assert kept.threshold == ranking.threshold
    value, low, high = kept.likes
    assert value == pytest.approx(sum(probability), abs=1e-3)
    assert low <= value <= high <= kept.n_kept


def test_what_can_be_promised_in_its_place_is_the_rankers_own_offer(scored: Scored, candidates: Candidates) -> None:
    among = np.ones(len(candidates), dtype=bool)
    promises = promises_of(scored, candidates, among)
    highest = promises.best()
    assert highest is not None
    # of less than the ten tracks that an offer keeps, more can sometimes be promised
    for wanted in (0.999, 1.0):
        with pytest.raises(InputError, match=f"; {highest.min_precision:g} can, and keeps {highest.kept} of them"):
            scored.keep(min_precision=wanted, among=among)
        assert instead_of(wanted, scored, promises) == highest


def test_of_no_track_nothing_is_promised_or_refused(scored: Scored, candidates: Candidates) -> None:
    among = np.zeros(len(candidates), dtype=bool)
    kept = keep(
        scored,
        candidates,
        among,
        Cut(min_precision=0.9),
        lambda: promises_of(scored, candidates, among),
        ValidationReport(0, 0),
    )
    assert (kept.n_kept, kept.refused, kept.likes) == (0, False, (0.0, 0.0, 0.0))


@given(
    given_=st.fixed_dictionaries(
        {},
        optional={
            "min_precision": st.floats(0.01, 1).map(lambda value: round(value, 4)),
            "hide_known": st.booleans(),
            "min_tempo": st.floats(0, 300),
            "per_artist": st.integers(1, 100),
            "q": st.text(max_size=20),
            "sort": st.sampled_from(SORTS),
            "page": st.integers(1, 9),
        },
    )
)
def test_a_question_is_the_same_after_its_way_through_an_address(given_: dict[str, Any]) -> None:
    asked = RankingQuery(**given_)
    again = RankingQuery.model_validate({name: str(value) for name, value in asked.given().items()})
    for name, value in asked.model_dump().items():
        assert getattr(again, name) == (pytest.approx(value, rel=1e-9) if isinstance(value, float) else value)
    assert asked.given(page=None).keys().isdisjoint({"page"})


# --- the API -----------------------------------------------------------------------------------------------------


def test_the_kept_tracks_are_those_of_the_python_api(
    served: Any, demo_ranker: Ranker, demo_candidates: pd.DataFrame
) -> None:
    cuts: list[dict[str, Any]] = [{}, {"min_precision": 0.7}, {"top": 130}, {"threshold": 0.5}]
    for cut in cuts:
        _check_kept(served, demo_ranker, demo_candidates, cut)


def _check_kept(served: Any, demo_ranker: Ranker, demo_candidates: pd.DataFrame, cut: dict[str, Any]) -> None:
    ranking = demo_ranker.scored(demo_candidates).keep(**cut)
    expected = rank_answer(ranking, RUN_ID, report=ValidationReport(300, 294, set_aside={"no audio features": 6}))
    pages, tracks = 1, []
    number = 0
    while (number := number + 1) <= pages:
        status, answer = get(served, f"{API}/ranking", kept_only="true", per_page=50, page=number, **cut)
        assert status == 200
        pages = answer["pages"]
        tracks += answer.pop("tracks")
        assert {name: answer[name] for name in expected if name != "tracks"} == {
            name: value for name, value in expected.items() if name != "tracks"
        }
    assert pages == math.ceil(len(expected["tracks"]) / 50)
    more = {"kept", "explicit", "verdict"}
    assert all(track["kept"] and track["verdict"] is None for track in tracks)
    assert [{name: value for name, value in track.items() if name not in more} for track in tracks] == expected[
        "tracks"
    ]


def test_all_candidates_are_told_and_the_kept_come_first(served: Any, demo_candidates: pd.DataFrame) -> None:
    status, answer = get(served, f"{API}/ranking", per_page=500, min_precision=0.7)
    assert (status, answer["pages"], answer["n_shown"]) == (200, 1, len(demo_candidates))
    tracks = answer["tracks"]
    assert [track["rank"] for track in tracks] == list(range(1, len(demo_candidates) + 1))
    assert [track["kept"] for track in tracks] == [track["rank"] <= answer["n_kept"] for track in tracks]
    assert {track["track_id"] for track in tracks} == set(demo_candidates["track_id"])
    status, answer = get(served, f"{API}/ranking", page=2)
    own_cut = [{**track, "kept": None, "predicted_like": None} for track in answer["tracks"]]
    assert (status, answer["pages"]) == (200, 3)
    assert own_cut == [{**track, "kept": None, "predicted_like": None} for track in tracks[100:200]]
    assert get(served, f"{API}/ranking", page=4)[1]["tracks"] == []


def test_the_cut_tells_what_the_ranking_tells(served: Any) -> None:
    asked = {"min_precision": 0.7, "per_artist": 1, "min_energy": 0.2}
    cut, ranking = (get(served, f"{API}/{name}", **asked)[1] for name in ("cut", "ranking"))
    assert cut == {name: ranking[name] for name in cut}
    assert cut["reachable"]
    assert cut["expected_likes"]["low"] <= cut["expected_likes"]["value"] <= cut["expected_likes"]["high"]
    assert cut["expected_precision"]["value"] >= 0.7
    assert f"at least {percent(0.7)}" in cut["promise"]


def test_what_cannot_be_promised_is_said_with_what_can(served: Any) -> None:
    status, cut = get(served, f"{API}/cut", min_precision=0.99)
    assert (status, cut["reachable"], cut["n_kept"], cut["threshold"]) == (200, False, 0, None)
    instead = cut["instead"]
    assert f"{percent(instead['min_precision'])} can, and keeps {instead['n_kept']}" in cut["promise"]
    status, offered = get(served, f"{API}/cut", min_precision=instead["min_precision"])
    assert (offered["reachable"], offered["n_kept"]) == (True, instead["n_kept"])
    status, fault = get(served, f"{API}/ranking", min_precision=0.99)
    assert status == 422
    assert f"{instead['min_precision']:g} can, and keeps {instead['n_kept']} of them" in fault["error"]


def test_searching_changes_what_is_shown_and_not_what_is_kept(served: Any) -> None:
    whole = get(served, f"{API}/ranking", top=20)[1]
    artist = whole["tracks"][0]["artist_name"]
    some = get(served, f"{API}/ranking", top=20, q=artist.upper())[1]
    assert 0 < some["n_shown"] < whole["n_shown"]
    assert all(artist in track["artist_name"] for track in some["tracks"])
    assert {name: some[name] for name in ("n_kept", "n_candidates", "expected_likes")} == {
        name: whole[name] for name in ("n_kept", "n_candidates", "expected_likes")
    }
    by_name = get(served, f"{API}/ranking", sort="artist_name", per_page=500)[1]["tracks"]
    names = [normalise_name(track["artist_name"]) for track in by_name]
    assert names == sorted(names)


UNASKABLE = [
    {"min_precision": "nan"},
    {"min_precision": "0"},
    {"min_precision": "1.01"},
    {"threshold": "inf"},
    {"top": "0"},
    {"top": "1e9"},
    {"top": "5", "threshold": "0.5"},
    {"per_artist": "-1"},
    {"min_energy": "1.5"},
    {"min_tempo": "NaN"},
    {"hide_known": "perhaps"},
    {"sort": "__class__"},
    {"page": "0"},
    {"per_page": "501"},
    {"q": "x" * 201},
    {"list": "x" * 41},
]


def test_what_cannot_be_asked_is_refused(served: Any) -> None:
    for asked in UNASKABLE:
        status, fault = get(served, f"{API}/ranking", **asked)
        assert (status, bool(fault["error"]), bool(fault["hint"])) == (422, True, True), asked
        assert page(served, "/", **asked).status_code == 422, asked


def test_empty_parameters_count_as_not_given(served: Any) -> None:
    empty = dict.fromkeys(
        ["min_precision", "top", "q", "min_energy", "hide_known", "page", "sort", "list", "model"], ""
    )
    assert get(served, f"{API}/ranking", **empty) == get(served, f"{API}/ranking")


def test_what_is_not_there_is_not_found(served: Any) -> None:
    for path in (f"{API}/ranking", f"{API}/cut", "/", "/ranked", "/ranked/rows", "/ranked/cut"):
        for asked in ({"list": "../../etc/passwd"}, {"model": "../../etc/passwd"}, {"model": "f" * 32}):
            answer = page(served, path, **asked)
            assert (answer.status_code, "there is no " in answer.text) == (404, True), (path, asked)


def test_rankers_are_listed(served: Any) -> None:
    status, models = get(served, f"{API}/models")
    assert (status, len(models)) == (200, 1)
    assert (models[0]["run_id"], models[0]["champion"], models[0]["relative"]) == (RUN_ID, True, False)


# --- lists over HTTP ---------------------------------------------------------------------------------------------


def upload(served: Any, name: str, data: bytes) -> requests.Response:
    answer: requests.Response = served.browser.post(
        f"{served.url}{API}/lists", files={"file": (name, data)}, timeout=60
    )
    return answer


def test_a_file_is_added_ranked_and_removed(served: Any, demo_candidates: pd.DataFrame, demo_ranker: Ranker) -> None:
    some = demo_candidates.sample(frac=0.5, random_state=0).reset_index(drop=True)
    answer = upload(served, "../../etc/my list.csv", some.to_csv(index=False).encode())
    assert answer.status_code == 201
    made = answer.json()
    assert (made["title"], made["kind"], made["n_tracks"]) == ("my list.csv", "file", len(some))
    assert [entry["list_id"] for entry in get(served, f"{API}/lists")[1]] == ["demo", made["list_id"]]
    ranked = get(served, f"{API}/ranking", list=made["list_id"], kept_only="true", per_page=500)[1]
    assert [track["track_id"] for track in ranked["tracks"]] == demo_ranker.rank(some)["track_id"].tolist()
    gone = f"{served.url}{API}/lists/{made['list_id']}"
    assert served.browser.delete(gone, timeout=60).status_code == 204
    assert served.browser.delete(gone, timeout=60).status_code == 404
    assert get(served, f"{API}/ranking", list=made["list_id"])[0] == 404
    assert served.browser.delete(f"{served.url}{API}/lists/demo", timeout=60).status_code == 422


def test_a_bad_upload_is_refused_and_nothing_is_kept(served: Any) -> None:
    for data in (b"", b"\x89PNG\r\n\x1a\n", b"nothing,here\n1,2\n"):
        answer = upload(served, "bad.csv", data)
        assert answer.status_code == 422
        assert answer.json()["error"].startswith("bad.csv: ")
    assert not (served.home.root / "data" / "lists").exists()


def test_an_upload_that_is_too_large_is_refused(served: Any) -> None:
    answer = upload(served, "large.csv", b"energy\n" + b"0.5\n" * (9 * 2**20))
    assert answer.status_code in {413, 422}
    assert "MB" in answer.json()["error"]


def test_a_track_named_like_markup_is_a_track(served: Any, demo_candidates: pd.DataFrame) -> None:
    nasty = "<script>alert(1)</script>"
    some = demo_candidates.head(3).assign(track_name=[nasty, "\"'><img src=x onerror=alert(1)>", "{{ 7 * 7 }}"])
    some["artist_name"] = nasty
    some["track_id"] = ["a<b", 'x" onmouseover="alert(1)', "c&d"]
    made = upload(served, f"{nasty}.csv", some.to_csv(index=False).encode()).json()
    for path in ("/", "/ranked", "/ranked/rows"):
        text = page(served, path, list=made["list_id"]).text
        assert "<script>alert" not in text
        assert "<img" not in text
        assert 'onmouseover="' not in text
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
        assert "{{ 7 * 7 }}" in text
    titles = {track["track_name"] for track in get(served, f"{API}/ranking", list=made["list_id"])[1]["tracks"]}
    assert titles == set(some["track_name"])


def test_a_list_that_was_replaced_is_scored_anew(served: Any, demo_candidates: pd.DataFrame) -> None:
    from earmark.page.lists import CandidateList, CandidateLists

    list_id = "playlist-37i9dQZF1DXcBWIGoYBM5M"
    elsewhere = CandidateLists(Home(served.home.root))
    for n_tracks in (30, 12, 0):
        tracks = demo_candidates.head(n_tracks).reset_index(drop=True)
        elsewhere.put(CandidateList(list_id, "mine", "playlist", tracks))
        assert get(served, f"{API}/cut", list=list_id)[1]["n_candidates"] == n_tracks
    assert "This list is empty" in page(served, "/", list=list_id).text
    elsewhere.forget_playlists()
    assert get(served, f"{API}/cut", list=list_id)[0] == 404


def test_a_verdict_shows_at_once(served: Any) -> None:
    track = get(served, f"{API}/ranking")[1]["tracks"][0]["track_id"]
    said = {"list": "demo", "track": track, "verdict": "keep"}
    assert served.browser.post(f"{served.url}{API}/verdicts", json=said, timeout=60).ok
    assert get(served, f"{API}/ranking")[1]["tracks"][0]["verdict"] == "keep"
    assert f'data-track="{track}" data-list="demo" data-model="{RUN_ID}" data-verdict="keep"' in page(served, "/").text


# --- pages -------------------------------------------------------------------------------------------------------


def test_the_page_shows_the_ranking_and_what_was_asked(served: Any) -> None:
    asked = {"min_precision": 0.7, "per_artist": 3, "min_energy": 0.1, "q": "the", "sort": "energy"}
    text = page(served, "/", **asked).text
    ranked = get(served, f"{API}/ranking", **asked)[1]
    assert text.count('<li class="track') == len(ranked["tracks"]) > 0
    assert f"{ranked['n_kept']:,} <span" in text
    assert 'value="0.7"' in text
    assert re.search(r'name="min_energy" [^>]* value="0.1"', text)
    assert f"Ranker {RUN_ID[:8]}: " in text
    assert "invented demo listener" not in text


def test_a_demo_ranker_over_a_real_list_warns(served: Any, demo_candidates: pd.DataFrame) -> None:
    made = upload(served, "mine.csv", demo_candidates.head(20).to_csv(index=False).encode()).json()
    named = page(served, "/", list=made["list_id"]).text
    folder = served.home.rankers / RUN_ID / "ranker.json"
    about = json.loads(folder.read_text())
    assert ("invented demo listener" in named) == (about["info"].get("source") == "demo")
    folder.write_text(json.dumps({**about, "info": {**about["info"], "source": "demo"}}))
    assert "taste of the invented demo listener" in page(served, "/", list=made["list_id"]).text
    assert "taste of the invented demo listener" not in page(served, "/").text


def test_parts_come_with_the_address_of_the_page(served: Any) -> None:
    answer = page(served, "/ranked", min_precision="0.7", q="a b&c", hide_known="true", sort="energy", top="")
    pushed = answer.headers["HX-Push-Url"]
    assert pushed == "/?min_precision=0.7&hide_known=true&q=a+b%26c&sort=energy"
    assert page(served, pushed).status_code == 200
    again = served.browser.get(
        served.url + "/ranked" + pushed[1:], headers={"HX-Current-URL": served.url + pushed}, timeout=60
    )
    assert "HX-Push-Url" not in again.headers  # no second entry in the history for one state
    assert "<html" not in answer.text
    assert page(served, "/ranked").headers["HX-Push-Url"] == "/"


def test_more_rows_follow_until_the_last(served: Any, demo_candidates: pd.DataFrame) -> None:
    ranks, query = [], "page=1"
    while query:
        text = page(served, f"/ranked/rows?{query}").text
        ranks += [int(part.split("<")[0]) for part in text.split('<span class="rank">')[1:]]
        query = text.split('hx-get="/ranked/rows?')[1].split('"')[0] if "/ranked/rows?" in text else ""
    assert ranks == list(range(1, len(demo_candidates) + 1))


def test_empty_states_are_said(served: Any) -> None:
    assert "No title or artist has these words" in page(served, "/", q="qqqq").text
    assert "No candidate passes the filters" in page(served, "/", min_energy="1").text
    nothing = page(served, "/", min_precision="0.99", kept_only="true")
    assert nothing.status_code == 200
    assert "Nothing is kept" in nothing.text
    assert "cannot be promised" in nothing.text
    assert "no more tracks on this page" in page(served, "/", page="99").text


def test_before_the_first_train_the_page_says_how(served: Any) -> None:
    served.home.champion_file.unlink()
    answer = page(served, "/")
    assert answer.status_code == 200
    assert "no ranker yet" in answer.text
    assert 'href="/train"' in answer.text
    assert get(served, f"{API}/ranking")[0] == 404
    assert get(served, f"{API}/models")[1][0]["champion"] is False


def test_a_ranker_that_knows_no_dislikes_only_ranks(served: Any, demo_ranker: Ranker) -> None:
    likes = replace(demo_ranker, info={**demo_ranker.info, LABELS: LIKES_ONLY})
    likes.save(served.home.rankers / LIKES_RUN)
    status, cut = get(served, f"{API}/cut", model=LIKES_RUN, top=10)
    assert (status, cut["relative"], cut["n_kept"]) == (200, True, 10)
    assert cut["expected_likes"] == cut["expected_precision"] == {"value": None, "low": None, "high": None}
    assert "no dislikes" in cut["promise"]
    assert get(served, f"{API}/cut", model=LIKES_RUN, min_precision=0.8)[0] == 422
    shown = page(served, "/", model=LIKES_RUN, min_precision="0.8")
    assert shown.status_code == 200
    assert 'name="min_precision"' not in shown.text
    assert 'name="top"' in shown.text
    assert {entry["run_id"]: entry["relative"] for entry in get(served, f"{API}/models")[1]} == {
        RUN_ID: False,
        LIKES_RUN: True,
    }


def test_features_of_the_page_are_those_of_a_track() -> None:
    fields = RankingQuery.model_fields
    assert all(f"min_{name}" in fields and name in SORTS for name in AUDIO_FEATURES)
