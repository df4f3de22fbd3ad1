"""A search goes on where it was stopped, repeats itself under a seed, and never loses a finished trial."""

import time
from pathlib import Path

import numpy as np
import optuna
import pandas as pd
import pytest

from experiments.evaluation import FoldRun, Task, merge_runs, run_folds
from experiments.search import FamilySearch, Limit, OutOfTimeError, open_storage, search_family, suggest
from experiments.splits import groups_for, inner_folds
from models.registry import families, spec
from models.space import Choice, Float, Int, defaults


@pytest.fixture(scope="module")
def task(demo_tracks: pd.DataFrame) -> Task:
    y = demo_tracks["liked"].to_numpy(dtype=np.int64)
    folds = inner_folds(demo_tracks, y, "artist", n_folds=4)
    return Task(demo_tracks, y, groups_for(demo_tracks, "artist"), folds)


def search(task: Task, url: str | None, trials: int, name: str = "tree-study") -> FamilySearch:
    return search_family(spec("tree"), task, Limit(trials, None), open_storage(url), name, lambda *_: None)


def values(found: FamilySearch) -> list[tuple[object, ...]]:
    return [(trial.state, trial.value, trial.fold_scores, dict(trial.params)) for trial in found.trials]


def test_the_default_is_trial_0(task: Task) -> None:
    found = search(task, None, 1)
    assert found.trials[0].params == defaults(spec("tree").space)
    assert found.best_params == found.trials[0].params
    assert found.trials[0].value == pytest.approx(np.mean(found.trials[0].fold_scores))


def test_equal_seeds_give_equal_searches_whatever_the_number_of_jobs(task: Task) -> None:
    alone = Task(task.tracks, task.y, task.groups, task.folds, jobs=1)
    one, other = search(task, None, 14), search(alone, None, 14)
    assert values(one) == values(other)
    assert np.array_equal(one.best.out_of_fold, other.best.out_of_fold)
    different = search(Task(task.tracks, task.y, task.groups, task.folds, seed=1), None, 14)
    assert values(different)[1:] != values(one)[1:]


def test_a_search_in_parts_is_the_search_in_one_piece(task: Task, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'search.db'}"
    parts = [search(task, url, trials) for trials in (4, 11, 16)][-1]
    whole = search(task, None, 16)
    assert values(parts) == values(whole)
    assert np.array_equal(parts.best.out_of_fold, whole.best.out_of_fold)


def test_a_trial_whose_process_was_killed_is_done_again(task: Task, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'search.db'}"
    search(task, url, 3)
    study = optuna.load_study(study_name="tree-study", storage=open_storage(url))
    suggest(study.ask(), spec("tree").space)  # left running, as by kill -9
    assert values(search(task, url, 6)) == values(search(task, None, 6))


def test_a_killed_first_trial_does_not_cost_the_default(task: Task, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'search.db'}"
    study = optuna.create_study(study_name="tree-study", storage=open_storage(url), direction="maximize")
    study.enqueue_trial(defaults(spec("tree").space))
    study.ask()
    assert search(task, url, 2).trials[0].params == defaults(spec("tree").space)


def test_a_longer_search_before_changes_nothing_about_a_shorter_one(task: Task, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'search.db'}"
    first = search(task, url, 5)
    again = search(task, url, 3)
    assert values(again) == values(first)[:3] == values(search(task, None, 3))
    assert again.best_params == search(task, None, 3).best_params


def test_unpromising_trials_are_pruned_between_folds_and_keep_the_scores_they_have(task: Task) -> None:
    found = search(task, None, 40)
    pruned = [trial for trial in found.trials if trial.state == "pruned"]
    assert pruned
    assert all(2 <= len(trial.fold_scores) < len(task.folds) for trial in pruned)
    assert [trial.value for trial in pruned] == pytest.approx([np.mean(trial.fold_scores) for trial in pruned])


def test_a_deadline_in_the_past_still_finishes_the_default_and_no_more(task: Task) -> None:
    limit = Limit(None, time.monotonic() - 1)
    found = search_family(spec("tree"), task, limit, open_storage(None), "s", lambda *_: None)
    assert len(found.trials) == 1


def test_the_deadline_ends_a_trial_between_two_folds(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter([0.0] * 2 + [1e9] * 100)
    limit = Limit(None, 10.0)
    storage = open_storage(None)
    search_family(spec("tree"), task, Limit(1, None), storage, "s", lambda *_: None)
    monkeypatch.setattr("experiments.search.time.monotonic", lambda: next(moments))
    found = search_family(spec("tree"), task, limit, storage, "s", lambda *_: None)
    assert len(found.trials) == 1
    study = optuna.load_study(study_name="s", storage=storage)
    assert [trial.state.name for trial in study.trials] == ["COMPLETE", "FAIL"]
    assert issubclass(OutOfTimeError, Exception)


def test_losses_are_minimised(task: Task) -> None:
    by_loss = Task(task.tracks, task.y, task.groups, task.folds, metric="log_loss")
    found = search(by_loss, None, 8)
    complete = [trial.value for trial in found.trials if trial.state == "complete"]
    assert np.mean(found.best.scores) == pytest.approx(min(complete))


def test_progress_is_told_after_every_trial(task: Task) -> None:
    heard: list[tuple[int, float | None, float | None]] = []
    search_family(spec("tree"), task, Limit(3, None), open_storage(None), "s", lambda *news: heard.append(news))
    assert [finished for finished, _, _ in heard] == [0, 1, 2, 3]
    bests = [best for _, _, best in heard[1:]]
    assert bests == sorted(bests)  # type: ignore[type-var]


def test_every_kind_of_dimension_stays_within_its_bounds() -> None:
    space = {"i": Int(1, 9, 2, log=True), "f": Float(0.1, 0.2, 0.1), "c": Choice((None, "a", 0.5), None)}
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(0))
    points = [suggest(study.ask(), space) for _ in range(30)]
    assert {type(point["i"]) for point in points} == {int}
    assert all(1 <= point["i"] <= 9 and 0.1 <= point["f"] <= 0.2 for point in points)  # type: ignore[operator]
    assert {point["c"] for point in points} == {None, "a", 0.5}


def test_out_of_fold_predictions_come_from_models_that_did_not_see_the_row(task: Task) -> None:
    """With labels that are pure noise, a model that saw its test rows would rank them; an honest one cannot."""
    noise = np.random.default_rng(0).integers(0, 2, len(task.y))
    noisy = Task(task.tracks, noise, task.groups, task.folds)
    run = run_folds(spec("untuned_tree"), {}, noisy)
    assert np.mean(run.scores) == pytest.approx(0.5, abs=0.08)
    for fold, model in zip(task.folds, run.models, strict=True):
        seen = model.predict(task.tracks.iloc[fold.train])
        assert np.mean((seen > 0.5) == noise[fold.train]) > 0.95  # it did learn its own rows by heart


def test_merged_runs_average_over_repeats_and_are_scored_by_the_cuts_that_chose_nothing() -> None:
    one = FoldRun((), (0.7,), np.array([0.2, np.nan, 0.4]))
    other = FoldRun((), (0.9,), np.array([0.4, np.nan, np.nan]))
    merged = merge_runs([one, other])
    assert merged.scores == (0.9,)
    assert merge_runs([one]).scores == (0.7,)
    assert merged.out_of_fold == pytest.approx([0.3, np.nan, 0.4], nan_ok=True)


def test_there_are_three_families() -> None:
    assert [family.name for family in families()] == ["tree", "boosted_trees", "dense"]
