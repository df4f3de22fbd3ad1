"""The three sentences of an evaluation say what its figures say."""

from dataclasses import replace

import pandas as pd

from earmark.cli.evaluation_words import remarks, sentences
from experiments.judging import Judgement
from experiments.kept_promises import PromiseCheck
from experiments.learning_curve import CurvePoint, Estimate, LearningCurve
from experiments.likes_alone import LEFT_OUT, told_of
from experiments.metrics import METRICS
from experiments.nested import Evaluation, Shares
from experiments.outer_views import View

METRIC = dict.fromkeys(METRICS, 0.75) | {"roc_auc": 0.86}
INTERVAL = dict.fromkeys(METRICS, (0.7, 0.8)) | {"roc_auc": (0.84, 0.88)}
JUDGED = Judgement(1000, 500, METRIC, INTERVAL, METRIC, INTERVAL)


def check(promised: float, realised: float, low: float, high: float, *, in_reach: int = 5) -> PromiseCheck:
    return PromiseCheck(promised, realised, (low, high), 200 if in_reach else 0, 1000, 5, in_reach, in_reach)


def curve(gain: Estimate | None) -> LearningCurve:
    point = CurvePoint(1.0, 800, Estimate(0.85, 0.83, 0.87), Estimate(0.0, 0.0, 0.0))
    return LearningCurve("tree", 5, (point,), gain and Estimate(0.9, 0.88, 1.0), 1.0, 0.5, 1000, gain)


def evaluation(
    *checks: PromiseCheck, gain: Estimate | None = None, why_not: str = "", shares: Shares | None = None
) -> Evaluation:
    unseen = View("unseen", "artist", (), JUDGED, JUDGED, checks, pd.DataFrame())
    familiar = View("familiar", "random", why_not=why_not)
    return Evaluation((unseen, familiar), {}, curve(gain), shares, ("a note",), 1.0)


def test_what_to_expect_of_new_artists() -> None:
    said = sentences(evaluation())[0]
    assert said.startswith("Tracks by artists it never heard: ")
    assert "86 % (84 to 88 %) of the time" in said
    assert "75 % (70 to 80 %) of what it keeps is liked" in said


def test_a_promise_that_held() -> None:
    said = sentences(evaluation(check(0.7, 0.74, 0.7, 0.78), check(0.8, 0.8, 0.75, 0.85)))[1]
    assert said == "The promised precision held, 2 times of 2."


def test_a_promise_that_held_only_within_chance_and_one_out_of_reach() -> None:
    said = sentences(evaluation(check(0.7, 0.69, 0.6, 0.75), check(0.9, float("nan"), 0.0, 0.0, in_reach=0)))[1]
    assert "as far as chance lets tell: of 200 tracks kept for 0.7, 0.69 were liked (unseen artists)" in said
    assert said.endswith("; out of reach: 0.9 for unseen artists.")


def test_a_broken_promise_goes_before_all_others() -> None:
    said = sentences(evaluation(check(0.7, 0.74, 0.7, 0.78), check(0.8, 0.71, 0.65, 0.77)))[1]
    assert said.startswith("The promised precision did not hold: of 200 tracks kept for 0.8, 0.71 were liked")
    assert "0.74" not in said


def test_nothing_could_be_promised() -> None:
    said = sentences(evaluation(check(0.9, float("nan"), 0.0, 0.0, in_reach=0)))[1]
    assert said == "No precision could be promised: 0.9 for unseen artists."


def test_whether_more_labels_would_help() -> None:
    assert "would help: twice as many (2,000)" in sentences(evaluation(gain=Estimate(0.021, 0.01, 0.03)))[-1]
    assert "ROC AUC by 0.006 (0.001 to 0.009)" in sentences(evaluation(gain=Estimate(0.006, 0.001, 0.009)))[-1]
    assert "would help a little" in sentences(evaluation(gain=Estimate(0.006, 0.001, 0.009)))[-1]
    assert "would hardly help" in sentences(evaluation(gain=Estimate(0.001, 0.0, 0.009)))[-1]
    assert "too few to tell" in sentences(evaluation())[-1]


def test_remarks_say_what_could_not_be_judged_and_how_the_seconds_were_shared() -> None:
    said = remarks(evaluation(why_not="no track names its artist", shares=Shares.of(120.0, 10)))
    assert said[0] == "familiar artists cannot be judged: no track names its artist"
    assert "a note" in said
    assert "of 120 s each of the 10 fits had 9.6 s, the learning curve 24.0 s" in said[-1]
    assert "--budget 1500 gives each fit as much" in said[-1]
    assert Shares.of(1500.0, 10).fit_s == 120.0


def likes_alone(shares: Shares | None = None) -> Evaluation:
    told = told_of(JUDGED)
    view = View("unseen", "artist", (), told, told, (), pd.DataFrame())
    return replace(evaluation(shares=shares), views=(view,), curve=None, left_out=LEFT_OUT)


def test_likes_alone_are_told_from_background_and_not_from_dislikes() -> None:
    said = sentences(likes_alone())
    assert said[0] == (
        "Tracks by artists it never heard: of a liked one and one of the background it puts the liked one first "
        "86 % (84 to 88 %) of the time."
    )
    assert said[1].startswith("That is not how well it tells likes from dislikes: nobody judged the background")
    assert len(said) == 2


def test_remarks_name_all_that_is_left_out_once_with_the_reason() -> None:
    said = [line for line in remarks(likes_alone()) if line.startswith("left out: ")]
    assert len(said) == 2
    assert "precision, recall, F1" in said[0]
    assert "calibration error" in said[0]
    assert "kept precision against promised" in said[0]
    assert "(depends on what share of tracks would be liked, which likes alone do not tell)" in said[0]
    assert said[1].startswith("left out: the learning curve (")
    assert not [line for line in remarks(evaluation()) if "left out" in line]


def test_without_a_learning_curve_no_seconds_are_said_to_go_there() -> None:
    said = remarks(likes_alone(Shares.of(120.0, 10, 0.0)))[-1]
    assert said.startswith("of 120 s each of the 10 fits had 12.0 s; a train with all 120 s may do better")
    assert "--budget 1200 gives each fit as much" in said
