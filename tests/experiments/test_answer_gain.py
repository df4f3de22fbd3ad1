"""What answers are worth: honest answers gain, wrong ones lose, and nothing is learned from what is tested."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from experiments.answer_gain import Gain, answer_gain, with_answers
from experiments.splits import Fold, groups_for
from features.errors import InputError


@pytest.fixture(scope="module")
def parts(demo_tracks: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A small table, and many answers by other artists of the same listener."""
    early = groups_for(demo_tracks, "artist") < 25
    return demo_tracks[early].reset_index(drop=True), demo_tracks[~early].reset_index(drop=True)


@pytest.fixture(scope="module")
def gain(parts: tuple[pd.DataFrame, pd.DataFrame]) -> Gain:
    return answer_gain(*parts)


def test_many_good_answers_gain(gain: Gain, parts: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    table, answers = parts
    assert (gain.n_answers, gain.n_tracks) == (len(answers), len(table))
    assert gain.difference == pytest.approx(gain.after - gain.before)
    assert gain.after > gain.before + 0.02
    assert gain.low < gain.difference < gain.high
    assert 0.5 < gain.before < gain.after < 1


def test_the_same_gain_again(gain: Gain, parts: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    assert answer_gain(*parts, jobs=1) == gain


def test_a_table_that_holds_the_answers_already_gains_the_same(
    gain: Gain, parts: tuple[pd.DataFrame, pd.DataFrame]
) -> None:
    table, answers = parts
    assert answer_gain(pd.concat([table, answers], ignore_index=True), answers) == gain


def test_wrong_answers_lose(parts: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    table, answers = parts
    wrong = answer_gain(table, answers.assign(liked=1 - answers["liked"]))
    assert wrong.high < 0
    assert "rank worse" in wrong.in_words()


def test_unanswered_rows_do_not_count(parts: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    table, answers = parts
    some = answers.head(40).assign(liked=answers["liked"].head(40).mask(np.arange(40) % 2 == 0))
    assert answer_gain(table, some).n_answers == 20


def test_answers_about_tested_artists_and_recordings_are_left_out(demo_tracks: pd.DataFrame) -> None:
    table, answers = demo_tracks.head(6).copy(), demo_tracks.iloc[6:10].copy()
    table["artist_name"] = ["A", "B", "C", "D", "E", "F"]
    answers["artist_name"] = ["A", "b, Guest", "X", "Y"]
    answers["track_name"] = ["other", "other", "other", "unlike any"]
    sound = [column for column in table.columns if column not in {"track_id", "track_name", "artist_name", "liked"}]
    answers.iloc[2, answers.columns.get_indexer(sound)] = table.iloc[2][sound]  # C's recording under another name
    folds = (Fold(np.array([3, 4, 5]), np.array([0, 1, 2])), Fold(np.array([0, 1, 2]), np.array([3, 4, 5])))
    first, second = with_answers(pd.concat([table, answers], ignore_index=True), 6, folds)
    assert first.train.tolist() == [3, 4, 5, 9]
    assert second.train.tolist() == [0, 1, 2, 6, 7, 8, 9]
    assert [fold.test.tolist() for fold in (first, second)] == [[0, 1, 2], [3, 4, 5]]


def test_what_cannot_be_measured_is_refused(parts: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    table, answers = parts
    for nothing in (answers.head(0), answers.drop(columns="liked"), answers.assign(liked=pd.NA)):
        with pytest.raises(InputError, match="no answers yet"):
            answer_gain(table, nothing)
    with pytest.raises(InputError, match="too few to learn from"):
        answer_gain(table.head(20), answers)
    with pytest.raises(InputError, match="of one kind"):
        answer_gain(table[table["liked"] == 1], answers)
    with pytest.raises(InputError, match=r"nothing .* without the answers"):
        answer_gain(table, table)
    with pytest.raises(InputError, match="needs at least 5 artists"):
        answer_gain(table.assign(artist_name="one"), answers)


@pytest.mark.parametrize(
    ("low", "high", "n_answers", "said"),
    [
        (0.004, 0.03, 40, "40 answers make the next train rank better"),
        (-0.004, 0.03, 1, "1 answer is too few to tell"),
        (-0.004, 0.03, 1200, "1,200 answers are too few to tell"),
        (-0.03, -0.01, 40, "40 answers make the next train rank worse"),
    ],
)
def test_gains_are_told_in_words(gain: Gain, low: float, high: float, n_answers: int, said: str) -> None:
    words = replace(gain, before=0.8, difference=0.01, low=low, high=high, n_answers=n_answers).in_words()
    assert words.startswith(said)
    assert "0.800" in words
    assert f"{low:+.3f} to {high:+.3f}" in words
