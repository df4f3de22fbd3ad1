"""What the page keeps in memory: the same objects for the same keys, the last used of them, and no more."""

import shutil
import threading
from concurrent.futures import ThreadPoolExecutor

import pandas as pd
import pytest

from earmark.home import Home
from earmark.page.desk import Desk
from earmark.page.list_files import CandidateList
from earmark.page.lists import CandidateLists
from earmark.page.portrait.keeping import Kept
from earmark.page.rankers import Rankers
from earmark.page.ranking.board import board_of
from earmark.page.settings import PageSettings
from earmark.page.verdicts import measuring
from earmark.page.verdicts.answers import Measured
from earmark.page.verdicts.measuring import Answers, GainMeter

RUN_ID = "0123456789abcdef0123456789abcdef"


def list_id(number: int) -> str:
    return f"file-{number:016x}"


@pytest.fixture
def home_of_lists(page_home: Home, demo_candidates: pd.DataFrame) -> Home:
    """Ten small lists."""
    lists = CandidateLists(page_home)
    for number in range(10):
        tracks = demo_candidates.iloc[number : number + 5].reset_index(drop=True)
        lists.put(CandidateList(list_id(number), f"list {number}", "file", tracks))
    return page_home


def test_eight_lists_stay_loaded_the_last_used(home_of_lists: Home) -> None:
    lists = CandidateLists(home_of_lists)
    first = lists.get(list_id(0))
    for number in range(1, 8):
        lists.get(list_id(number))
        assert lists.get(list_id(0)) is first  # used again, it stays
    second = lists.get(list_id(2))
    lists.get(list_id(8))  # the ninth takes the place of list 1
    assert lists.get(list_id(0)) is first
    assert lists.get(list_id(2)) is second
    for number in range(3, 10):
        lists.get(list_id(number))
    assert lists.get(list_id(0)) is not first


def test_eight_scored_lists_and_boards_are_kept_by_run_and_list(home_of_lists: Home) -> None:
    desk = Desk(home_of_lists, PageSettings())
    scored, board = desk.scored(list_id(0), "champion"), board_of(desk, list_id(0), "champion")
    assert desk.scored(list_id(0), RUN_ID) is scored  # the key is the run, whatever it was asked for as
    assert board_of(desk, list_id(0), RUN_ID) is board
    for number in range(1, 8):
        desk.scored(list_id(number), RUN_ID)
        board_of(desk, list_id(number), RUN_ID)
    assert desk.scored(list_id(0), RUN_ID) is scored
    for number in range(1, 9):
        desk.scored(list_id(number), RUN_ID)
        board_of(desk, list_id(number), RUN_ID)
    assert desk.scored(list_id(0), RUN_ID) is not scored
    assert board_of(desk, list_id(0), RUN_ID) is not board


def test_a_list_that_was_put_anew_is_scored_anew(home_of_lists: Home, demo_candidates: pd.DataFrame) -> None:
    desk = Desk(home_of_lists, PageSettings())
    before, board = desk.scored(list_id(0), RUN_ID), board_of(desk, list_id(0), RUN_ID)
    desk.lists.put(CandidateList(list_id(0), "another", "file", demo_candidates.head(3)))
    assert len(desk.scored(list_id(0), RUN_ID).tracks) == 3
    assert board_of(desk, list_id(0), RUN_ID) is not board
    assert len(before.tracks) == 5


def test_four_rankers_stay_loaded_the_last_used(page_home: Home) -> None:
    others = [f"{number:032x}" for number in range(4)]
    for run_id in others:
        shutil.copytree(page_home.rankers / RUN_ID, page_home.rankers / run_id)
    rankers = Rankers(page_home)
    first = rankers.get("champion")[1]
    for run_id in others[:3]:
        rankers.get(run_id)
        assert rankers.get(RUN_ID)[1] is first
    for run_id in others:
        rankers.get(run_id)
    assert rankers.get(RUN_ID)[1] is not first


def test_an_answer_is_made_once_for_threads_and_anew_from_another_source() -> None:
    kept: Kept[object] = Kept(2)
    made = []

    def make() -> object:
        made.append(threading.get_ident())
        return object()

    source, other = frozenset({1}), frozenset({2})
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: kept.get(("run", "list"), make, source=source), range(64)))
    assert len(made) == 1
    assert len(set(map(id, found))) == 1
    assert kept.get(("run", "list"), make, source=other) is not found[0]
    assert len(made) == 2
    kept.get("b", make)
    kept.get(("run", "list"), make, source=other)
    kept.get("c", make)  # takes the place of b
    kept.get(("run", "list"), make, source=other)
    assert len(made) == 4
    kept.get("b", make)
    assert len(made) == 5


def test_sixteen_measures_are_remembered(page_home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        measuring, "_measured", lambda _, answers: Measured(state="done", n_answers=len(answers.verdicts))
    )
    meter = GainMeter(page_home)
    answers = [Answers("a" * 32, "page", (("x", str(number)),)) for number in range(17)]
    for one in answers:
        meter._measure(one)  # without its thread
    assert [meter.found(one).state for one in answers] == ["none", *["done"] * 16]
