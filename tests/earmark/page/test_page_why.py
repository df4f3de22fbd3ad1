"""Why a track got its score: effects add up to what is shown, through Python, JSON and HTML."""

import re
from collections.abc import Iterator
from dataclasses import replace
from math import fsum
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit

from earmark.page.portrait.distributions import distribution
from earmark.page.portrait.keeping import Kept
from earmark.page.rendering import environment
from earmark.page.why.answers import Learned, WhyAnswer, why
from earmark.page.why.drawing import SHOWN, effect_lines, in_words, range_rows
from earmark.training_tables import table_file
from features.artists import artist_hashes
from models.affinity import ArtistAffinity
from models.member import Member
from models.ranker import Ranker
from models.scored import Scored, score


@pytest.fixture(scope="module")
def ensemble(demo_ranker: Ranker, demo_tracks: pd.DataFrame) -> Ranker:
    """Two members, artist profiles, and an affinity with the listener's own counts and coefficients by hand."""
    models = demo_ranker.members[0].models
    members = tuple(
        Member(models[part::2], demo_ranker.members[0].calibration, weight) for part, weight in ((0, 0.3), (1, 0.7))
    )
    keys, code = np.unique(artist_hashes(demo_tracks["artist_name"]), return_inverse=True)
    liked = demo_tracks["liked"].to_numpy(dtype=np.float64)
    likes, skips = (np.bincount(code, values) for values in (liked, 1 - liked))
    affinity = ArtistAffinity(
        keys, likes, skips, (likes - skips) / 4, (likes + skips) / 5, np.array([0.1, -0.2, 0.5, 0.1])
    )
    return replace(demo_ranker, members=members, affinity=affinity)


@pytest.fixture(scope="module")
def answers(ensemble: Ranker, demo_ranker: Ranker, demo_candidates: pd.DataFrame) -> list[tuple[Scored, WhyAnswer]]:
    """Of the ensemble and of boosted trees alone, at the trained base rate and at others."""
    found = [
        score(ensemble, demo_candidates),
        score(ensemble, demo_candidates, base_rate=0.06),
        score(demo_ranker, demo_candidates),
        score(demo_ranker, demo_candidates, base_rate=0.9),
    ]
    return [(scored, why(scored, row, None)) for scored in found for row in (0, 150, len(scored.tracks) - 1)]


def test_base_and_effects_are_the_log_odds_of_the_probability_that_is_shown(
    answers: list[tuple[Scored, WhyAnswer]],
) -> None:
    for scored, answer in answers:
        shown = scored.tracks["like_probability"].iloc[answer.rank - 1]
        assert answer.like_probability == shown
        total = fsum([answer.base, *(effect.effect for effect in answer.effects)])
        assert total == pytest.approx(logit(shown), abs=1e-6)
        assert answer.log_odds == pytest.approx(logit(shown), abs=1e-6)
        assert answer.base_probability == pytest.approx(expit(answer.base))


def test_a_given_base_rate_moves_the_base_and_no_effect(answers: list[tuple[Scored, WhyAnswer]]) -> None:
    usual, shifted = answers[0][1], answers[3][1]
    assert usual.track_id == shifted.track_id
    assert shifted.base < usual.base - 1
    assert {effect.feature: effect.effect for effect in usual.effects} == {
        effect.feature: effect.effect for effect in shifted.effects
    }


def test_effects_are_sorted_whole_and_in_words(answers: list[tuple[Scored, WhyAnswer]]) -> None:
    for scored, answer in answers:
        sizes = [abs(effect.effect) for effect in answer.effects]
        assert sizes == sorted(sizes, reverse=True)
        assert any(size != round(size, 4) for size in sizes)
        track = scored.tracks.iloc[answer.rank - 1]
        by_name = {effect.feature: effect for effect in answer.effects}
        assert by_name["danceability"].value == track["danceability"]
        assert by_name["danceability"].words == f"danceability {track['danceability']:.2f}"
        assert by_name["loudness"].unit == "dB"
        assert by_name["release_year"].value == float(track["release_date"][:4])
        for effect in answer.effects:
            without = expit(answer.log_odds - effect.effect)
            assert effect.effect_on_probability == pytest.approx(answer.like_probability - without)
    words = {effect.words for _, answer in answers for effect in answer.effects}
    assert {"the artist's sound", "your verdicts on the artist"} <= words


def test_a_missing_value_is_said_to_be_missing(demo_ranker: Ranker, demo_candidates: pd.DataFrame) -> None:
    scored = score(demo_ranker, demo_candidates.assign(tempo=np.nan))
    (tempo,) = [effect for effect in why(scored, 0, None).effects if effect.feature == "tempo"]
    assert tempo.value is None
    assert tempo.words == "tempo missing"


def test_the_track_stands_among_likes_and_others(demo_ranker: Ranker, demo_candidates: pd.DataFrame) -> None:
    liked = np.arange(202) < 101
    energy = np.concatenate([np.linspace(0.5, 0.9, 101), np.linspace(0.1, 0.3, 101)])
    mode = np.concatenate([np.ones(101), np.zeros(101)])
    learned = Learned(
        "skipped",
        {name: distribution(name, values, liked) for name, values in (("energy", energy), ("mode", mode))},
    )
    scored = score(demo_ranker, demo_candidates.assign(energy=0.8, mode=1.0))
    answer = why(scored, 0, learned)
    of_energy, of_mode = answer.standings
    assert (of_energy.value, of_energy.axis_low, of_energy.axis_high) == (0.8, 0.0, 1.0)
    assert (of_energy.liked.low, of_energy.liked.median, of_energy.liked.high) == pytest.approx((0.54, 0.7, 0.86))
    assert (of_energy.others.low, of_energy.others.median, of_energy.others.high) == pytest.approx((0.12, 0.2, 0.28))
    assert (of_mode.share_liked, of_mode.share_others) == (1.0, 0.0)
    assert of_mode.liked.median is None
    lines = {line.effect.feature: line for line in effect_lines(answer)}
    strip = lines["energy"].strip
    assert strip is not None
    assert strip.said == "liked 0.54 to 0.86, median 0.70, skipped 0.12 to 0.28, median 0.20"
    (mark,) = [path for path in strip.paths if path.kind == "mark"]
    assert mark.d.startswith("M156.2 ")  # 3 + 0.8 x 194, less half of the mark's width
    assert lines["mode"].shares == "as 100\N{NO-BREAK SPACE}% of liked, 0\N{NO-BREAK SPACE}% of skipped"
    assert [row.name for row in range_rows(answer)] == ["energy"]


def test_bars_go_to_the_side_that_they_speak_for(answers: list[tuple[Scored, WhyAnswer]]) -> None:
    for _, answer in answers:
        for line in effect_lines(answer):
            kinds = {path.kind for path in line.bar.paths} - {"zero"}
            if abs(line.effect.effect) > 0.01:
                assert kinds == {"bar-for" if line.effect.effect > 0 else "bar-against"}


@pytest.mark.parametrize(
    ("number", "digits", "said"),
    [
        (0.114, 2, "+0.11"),
        (-0.114, 2, "\N{MINUS SIGN}0.11"),
        (-0.004, 2, "0.00"),
        (0.0, 2, "0.00"),
        (-0.3, 0, "0"),
        (10.0, 0, "+10"),
    ],
)
def test_effects_are_rounded_for_people_alone(number: float, digits: int, said: str) -> None:
    assert in_words(number, digits) == said


def test_everything_of_a_track_is_escaped(answers: list[tuple[Scored, WhyAnswer]]) -> None:
    answer = answers[0][1].model_copy(update={"track_name": "<script>alert(1)</script>", "track_id": '"><b>'})
    learned = distribution("energy", np.array([0.1, 0.9]), np.array([True, False]))
    answer = replace_standing(answer, learned)
    context = {"lines": effect_lines(answer), "further": (), "further_sum": "0.00", "ranges": range_rows(answer)}
    text = environment().get_template("why/fragment.html").render(why=answer, **context)
    assert "<script>" not in text
    assert "&lt;script&gt;" in text


def replace_standing(answer: WhyAnswer, found: Any) -> WhyAnswer:
    from earmark.page.why.answers import standing

    return answer.model_copy(update={"standings": [standing(found, 0.5)], "others": "skipped"})


@pytest.fixture
def track(served: Any) -> Iterator[str]:
    """A track of the demo candidates."""
    ranked = served.browser.get(f"{served.url}/api/v1/ranking", timeout=60).json()
    return ranked["tracks"][3]["track_id"]


def test_json_adds_up_and_agrees_with_python(served: Any, track: str, demo_ranker: Ranker) -> None:
    answer = served.browser.get(f"{served.url}/api/v1/why", params={"track": track}, timeout=60)
    assert answer.status_code == 200
    found = answer.json()
    total = fsum([found["base"], *(effect["effect"] for effect in found["effects"])])
    assert total == pytest.approx(logit(found["like_probability"]), abs=1e-6)
    assert found["track_id"] == track
    assert found["rank"] == 4
    assert found["others"] == "skipped"
    assert {standing["feature"] for standing in found["standings"]} >= {"energy", "loudness", "key", "popularity"}
    again = served.browser.get(f"{served.url}/api/v1/why", params={"track": track}, timeout=60)
    assert again.json() == found


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ({"track": "nobody"}, 404, "there is no track 'nobody' in this list"),
        ({"track": "x", "list": "nothing"}, 404, "there is no list"),
        ({"track": "x", "model": "f" * 32}, 404, "there is no ranker"),
        ({"track": "x" * 300}, 422, "at most 200 characters"),
        ({}, 422, "track"),
    ],
)
def test_what_cannot_be_explained_is_said(served: Any, query: dict[str, str], status: int, said: str) -> None:
    for path in ("/api/v1/why", "/why"):
        answer = served.browser.get(f"{served.url}{path}", params=query, timeout=60)
        assert answer.status_code == status
        text = answer.json()["error"] if path.startswith("/api") else answer.text.replace("&#39;", "'")
        assert said in text


def test_html_is_a_fragment_for_htmx_and_a_page_for_people(served: Any, track: str) -> None:
    page = served.browser.get(f"{served.url}/why", params={"track": track}, timeout=60).text
    part = served.browser.get(
        f"{served.url}/why", params={"track": track}, headers={"HX-Request": "true"}, timeout=60
    ).text
    assert page.lstrip().startswith("<!DOCTYPE html>")
    assert "<html" not in part
    assert "<h1" not in part
    assert part.strip() in page
    found = served.browser.get(f"{served.url}/api/v1/why", params={"track": track}, timeout=60).json()
    first = found["effects"][0]
    sign = f"{first['effect']:+.2f}".replace("-", "\N{MINUS SIGN}")
    assert first["words"] in part
    assert sign in part
    assert f"{len(found['effects']) - SHOWN} smaller effects" in part
    assert not re.search(r"\sstyle=|\son\w+=|<script", part)


def test_without_the_table_the_effects_stand_alone(served: Any, track: str) -> None:
    table_file(served.home, "0123456789abcdef0123456789abcdef").unlink()
    found = served.browser.get(f"{served.url}/api/v1/why", params={"track": track}, timeout=60).json()
    assert found["standings"] == []
    assert found["effects"]
    part = served.browser.get(f"{served.url}/why", params={"track": track}, timeout=60).text
    assert "only the effects can be shown" in part


def test_answers_are_made_once_until_what_they_are_made_from_changes() -> None:
    class Origin:
        pass

    kept, made = Kept[int](2), []
    first, second = Origin(), Origin()

    def make() -> int:
        made.append(1)
        return len(made)

    assert [kept.get("a", make, source=first), kept.get("a", make, source=first)] == [1, 1]
    assert kept.get("a", make, source=second) == 2
    assert [kept.get(key, make) for key in ("b", "c", "b")] == [3, 4, 3]
    assert kept.get("a", make, source=second) == 5  # two are kept, and it was asked for first
