"""Plays become verdicts only where they are clear, and how a play came about weighs it."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.evidence.play_weights import HALF_LIFE_DAYS, weigh
from connectors.evidence.rules import RULE_OF
from connectors.evidence.skips import prior_plays, verdicts

START = datetime(2024, 3, 1, 12, tzinfo=UTC)
DTYPES = {"track_id": "str", "outcome": "str", "reason_start": "str", "reason_end": "str", "shuffle": "boolean"}


def play(track, outcome="finished", *, minute=0.0, ms=200_000, start="trackdone", end=None, shuffle=True):
    ends = {"finished": "trackdone", "skipped": "fwdbtn", "neutral": "logout"}
    return {
        "track_id": track,
        "ended_at": START + timedelta(minutes=minute),
        "ms_played": ms,
        "outcome": outcome,
        "reason_start": start,
        "reason_end": ends[outcome] if end is None else end,
        "shuffle": shuffle,
        "offline": False,
    }


def table(plays) -> tuple[pd.DataFrame, np.ndarray]:
    frame = pd.DataFrame(plays).astype(DTYPES)
    return frame, pd.factorize(frame["track_id"])[0]


def listener(**outcomes: str) -> list[dict]:
    """Plays far from each other: "fss" is a finish and two skips; skips are 20 s long."""
    return [
        play(track, "finished" if letter == "f" else "skipped", minute=60 * n, ms=200_000 if letter == "f" else 20_000)
        for track, letters in outcomes.items()
        for n, letter in enumerate(letters)
    ]


def drawn(plays) -> dict:
    return {row.track_id: row for row in verdicts(*table(plays))}


def weights(plays) -> list[float]:
    frame, recording = table(plays)
    weighed = weigh(frame, recording)
    return weighed.sort_values("ended_at")["weight"].round(6).tolist()


def test_clear_recordings_get_a_verdict_and_others_none() -> None:
    found = drawn(listener(loved="ffffff", hated="ssssss", torn="fsfsfs", once_skipped="s", once_finished="f"))
    assert set(found) == {"loved", "hated"}
    assert (found["loved"].kind, found["loved"].liked) == ("finished", True)
    assert (found["hated"].kind, found["hated"].liked) == ("skipped", False)
    assert found["hated"].reason == "skipped 6 of 6 times"
    assert found["hated"].at == START + timedelta(minutes=300)
    assert {row.source for row in found.values()} == {"history"}


def test_certainty_is_the_weight() -> None:
    found = drawn(listener(loved="ffffff", twice="ss", hated="ssssssss", other="ffsfsffs"))
    assert 0 < found["twice"].weight < found["hated"].weight < RULE_OF["skipped"].weight


def test_usual_is_the_listeners_own_rate() -> None:
    """Half skipped is a dislike for who skips little, and a like for who skips nearly all."""
    patient = listener(torn="fsfsfsfs", **{f"t{n}": "ffffff" for n in range(12)})
    hasty = listener(torn="fsfsfsfs", **{f"t{n}": "ssssss" for n in range(12)})
    assert drawn(patient)["torn"].kind == "skipped"
    assert drawn(hasty)["torn"].kind == "finished"


def test_who_never_skips_tells_nothing_by_finishing() -> None:
    assert drawn(listener(a="ffffff", b="ff")) == {}
    assert drawn(listener(a="ssssss", b="ss")) == {}
    assert verdicts(table([play("a")])[0][:0], np.zeros(0, dtype=int)) == []
    assert drawn([play("a", "neutral"), play("b", "neutral")]) == {}


def test_ids_of_one_recording_count_together_under_the_first() -> None:
    plays, _ = table(listener(b="ss", a="ss", other="ffffff"))
    assert {row.track_id for row in verdicts(plays, np.array([0, 0, 0, 0, *[1] * 6]))} == {"a", "other"}


def test_the_prior_learns_how_much_recordings_differ() -> None:
    """Golden: outcomes drawn from Beta priors of 2 and 32 plays; the likelihood finds about these."""
    generator = np.random.default_rng(0)
    for strength in (2.0, 32.0):
        rate = generator.beta(0.3 * strength, 0.7 * strength, size=3_000)
        n = generator.integers(2, 12, size=3_000)
        skips = generator.binomial(n, rate).astype(float)
        assert strength / 2 < prior_plays(skips, n - skips, 0.3) <= strength * 2
    assert prior_plays(np.ones(3), np.zeros(3), 0.3) == 4.0


def test_next_in_the_last_seconds_is_no_skip() -> None:
    plays = [
        play("a", minute=0),
        play("a", "skipped", minute=60, ms=195_000),
        play("a", "skipped", minute=120, ms=150_000),
    ]
    frame, recording = table(plays)
    assert weigh(frame, recording)["outcome"].tolist() == ["finished", "finished", "skipped"]
    known = np.full(3, 400_000.0)
    assert weigh(frame, recording, known)["outcome"].tolist() == ["finished", "skipped", "skipped"]


def test_going_back_to_the_start_is_no_skip_but_going_to_the_track_before_is() -> None:
    restart = [play("a", "skipped", end="backbtn", ms=60_000), play("a", minute=3.4, start="backbtn")]
    assert weigh(*table(restart))["outcome"].tolist() == ["neutral", "finished"]
    away = [play("a", "skipped", end="backbtn", ms=60_000), play("b", minute=3.4, start="backbtn")]
    assert weigh(*table(away))["outcome"].tolist() == ["skipped", "finished"]


@pytest.mark.parametrize(
    ("changed", "heavier"),
    [
        ({"outcome": "skipped", "end": "endplay"}, False),
        ({"outcome": "skipped", "end": "unknown"}, False),
        ({"outcome": "skipped", "end": "backbtn"}, False),
        ({"outcome": "skipped", "end": ""}, False),
        ({"outcome": "skipped", "start": "clickrow"}, False),
        ({"outcome": "skipped", "shuffle": False}, False),
        ({"start": "clickrow"}, True),
        ({"start": "backbtn"}, True),
        ({"minute": -60 * 24 * HALF_LIFE_DAYS}, False),
    ],
)
def test_context_weighs(changed, heavier) -> None:
    plain = play("b", changed.get("outcome", "finished"), minute=60, ms=50_000)
    other = play("b", **{"minute": 60, "ms": 50_000, **changed})
    last = play("z", minute=120)
    plain_weight, changed_weight = weights([plain, last])[0], weights([other, last])[0]
    assert (changed_weight > plain_weight) if heavier else (changed_weight < plain_weight)


def test_after_the_half_life_a_play_counts_half() -> None:
    assert weights([play("a", minute=-60 * 24 * HALF_LIFE_DAYS), play("b")]) == [0.5, 1.0]


def test_a_burst_of_glances_is_browsing() -> None:
    burst = [play(track, "skipped", minute=n / 20, ms=1_000) for n, track in enumerate("abc")]
    alone = [play(track, "skipped", minute=n, ms=1_000) for n, track in enumerate("abc")]
    assert weights(burst) == [0.25] * 3
    assert weights(alone) == pytest.approx([1.0] * 3, abs=1e-5)


def test_the_short_history_does_not_count_what_the_extended_one_has() -> None:
    full = play("a", "skipped", minute=10.4, ms=5_000)
    echo = {**play("local:a", "skipped", minute=10, ms=5_000), "reason_start": None, "reason_end": None}
    own = {**play("local:a", "skipped", minute=60, ms=5_000), "reason_start": None, "reason_end": None}
    frame, _ = table([full, echo, own])
    assert weigh(frame, np.zeros(3, dtype=int))["track_id"].tolist() == ["a", "local:a"]


LETTERS = st.text("fs", min_size=0, max_size=8)


@settings(max_examples=30, deadline=None)
@given(outcomes=st.dictionaries(st.sampled_from("abcdef"), LETTERS, min_size=1), seed=st.integers(0, 2**32 - 1))
def test_verdicts_are_sound_and_do_not_depend_on_the_order(outcomes, seed) -> None:
    plays = listener(**outcomes)
    if not plays:
        return
    frame, recording = table(plays)
    found = verdicts(frame, recording)
    order = np.random.default_rng(seed).permutation(len(frame))
    assert verdicts(frame.iloc[order], recording[order]) == found
    for row in found:
        letters = outcomes[row.track_id]
        assert len(letters) >= 2
        assert 0 < row.weight <= RULE_OF[row.kind].weight <= 1
        assert row.liked == (row.kind == "finished")
        assert row.at.tzinfo is not None
