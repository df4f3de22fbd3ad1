"""A search goes on where it was stopped, repeats itself under a seed, and never loses a finished trial."""

import time
from pathlib import Path

import numpy as np
import optuna
import pandas as pd
import pytest

from experiments.ensembling import candidates_of
from experiments.evaluation import FoldRun, Task, merge_runs, run_folds
from experiments.results import TrialRecord
from experiments.schedule import run
from experiments.search import FamilyStudy, OutOfTimeError, open_storage, suggest
from experiments.splits import groups_for, inner_folds
from features.inputs import input_table
from models.registry import families, spec
from models.space import Choice, Float, Int, defaults


@pytest.fixture(scope="module")
def task(demo_tracks: pd.DataFrame) -> Task:
    y = demo_tracks["liked"].to_numpy(dtype=np.int64)
    folds = inner_folds(demo_tracks, y, "artist", n_folds=4)
    return Task(input_table(demo_tracks), y, groups_for(demo_tracks, "artist"), folds)


def quiet(*_: object) -> None:
    """Nobody listens."""


def study_of(task: Task, url: str | None, trials: int | None, name: str = "tree-study") -> FamilyStudy:
    return FamilyStudy(spec("tree"), task, trials, open_storage(url), name)


def search(task: Task, url: str | None, trials: int) -> FamilyStudy:
    study = study_of(task, url, trials)
    run([study], None, quiet)
    return study


def values(found: FamilyStudy) -> list[tuple[object, ...]]:
    return [(trial.state, trial.value, trial.fold_scores, dict(trial.params)) for trial in found.records()]


def best_of(found: FamilyStudy) -> FoldRun:
    return found.run_of(found.ranked()[0])


def test_the_default_is_trial_0(task: Task) -> None:
    first: TrialRecord = search(task, None, 1).records()[0]
    assert first.params == defaults(spec("tree").space)
    assert first.value == pytest.approx(np.mean(first.fold_scores))


def test_equal_seeds_give_equal_searches_whatever_the_number_of_jobs(task: Task) -> None:
    alone = Task(task.tracks, task.y, task.groups, task.folds, jobs=1)
    one, other = search(task, None, 14), search(alone, None, 14)
    assert values(one) == values(other)
    assert np.array_equal(best_of(one).out_of_fold, best_of(other).out_of_fold)
    different = search(Task(task.tracks, task.y, task.groups, task.folds, seed=1), None, 14)
    assert values(different)[1:] != values(one)[1:]


def test_a_search_in_parts_is_the_search_in_one_piece(task: Task, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'search.db'}"
    parts = [search(task, url, trials) for trials in (4, 11, 16)][-1]
    whole = search(task, None, 16)
    assert values(parts) == values(whole)
    assert np.array_equal(best_of(parts).out_of_fold, best_of(whole).out_of_fold)


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
    assert search(task, url, 2).records()[0].params == defaults(spec("tree").space)


def test_a_longer_search_before_changes_nothing_about_a_shorter_one(task: Task, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'search.db'}"
    first = search(task, url, 5)
    again = search(task, url, 3)
    assert values(again) == values(first)[:3] == values(search(task, None, 3))
    assert np.array_equal(best_of(again).out_of_fold, best_of(search(task, None, 3)).out_of_fold)


def test_unpromising_trials_are_pruned_between_folds_and_keep_the_scores_they_have(task: Task) -> None:
    found = search(task, None, 40)
    pruned = [trial for trial in found.records() if trial.state == "pruned"]
    assert pruned
    assert all(2 <= len(trial.fold_scores) < len(task.folds) for trial in pruned)
    assert [trial.value for trial in pruned] == pytest.approx([np.mean(trial.fold_scores) for trial in pruned])


def studies_of(task: Task, *names: str) -> list[FamilyStudy]:
    return [FamilyStudy(spec(name), task, None, open_storage(None), name) for name in names]


def test_a_deadline_in_the_past_still_finishes_the_cheapest_familys_default_and_no_more(task: Task) -> None:
    studies = studies_of(task, "boosted_trees", "tree", "dense")
    assert run(studies, time.monotonic() - 1, quiet) == studies[1:2]
    assert [len(study.finished) for study in studies] == [0, 1, 0]


def test_where_seconds_do_not_do_for_all_the_families_that_rank_best_come_first(task: Task) -> None:
    studies = studies_of(task, "tree", "boosted_trees", "symmetric_trees", "dense")
    heard: list[str] = []
    seconds = spec("symmetric_trees").seconds  # for a table of this size less than that, and less than XGBoost's
    found = run(studies, time.monotonic() + seconds, lambda family, *_: heard.append(family.name))
    assert heard[0] == "symmetric_trees"
    assert studies[2] in found
    assert studies[3] not in found
    assert found == [study for study in studies if study in found], "in the order given"


def test_the_first_few_defaults_may_take_longer_than_the_search(task: Task) -> None:
    studies = studies_of(task, "tree", "boosted_trees", "symmetric_trees", "extra_trees", "additive")
    past = time.monotonic() - 1
    found = run(studies, past, quiet, latest=time.monotonic() + 600)
    assert [study.spec.name for study in found] == ["symmetric_trees", "extra_trees", "additive"]


def test_the_deadline_ends_a_trial_between_two_folds(task: Task) -> None:
    study = study_of(task, None, None)
    study.step(None)
    with pytest.raises(OutOfTimeError):
        study.step(time.monotonic() - 1)
    assert len(study.finished) == 1


def test_the_family_that_promises_more_gets_more_trials(task: Task) -> None:
    """A cheap hopeless family and a good one: seconds go where the ensemble gains."""
    noisy = task.y.copy()
    storage = open_storage(None)
    good = FamilyStudy(spec("boosted_trees"), Task(task.tracks, noisy, task.groups, task.folds), None, storage, "good")
    poor = FamilyStudy(spec("tree"), Task(task.tracks, noisy, task.groups, task.folds), None, storage, "poor")
    run([poor, good], time.monotonic() + 8, quiet)
    spent = {
        study.spec.name: sum(trial.duration.total_seconds() for trial in study.finished if trial.duration is not None)
        for study in (good, poor)
    }
    assert spent["boosted_trees"] > spent["tree"]


def test_a_search_without_prospects_ends_before_its_deadline(task: Task) -> None:
    study = study_of(task, None, None)
    clock = time.monotonic()
    run([study], clock + 120, quiet)
    assert time.monotonic() - clock < 60
    assert len(study.finished) > 5


def test_no_search_goes_on_where_no_score_can_rise(task: Task) -> None:
    """Labels that one feature tells exactly: the default is right about every pair."""
    told = (task.tracks["energy"] > task.tracks["energy"].median()).to_numpy(dtype=np.int64)
    easy = Task(task.tracks.assign(energy=task.tracks["energy"] + told), told, task.groups, task.folds)
    studies = [FamilyStudy(spec(name), easy, None, open_storage(None), name) for name in ("tree", "extra_trees")]
    assert run(studies, time.monotonic() + 3, quiet) == studies
    assert [study.best_value for study in studies] == [1.0, 1.0]
    assert [len(study.finished) for study in studies] == [1, 1]


def test_a_candidate_takes_what_its_own_trial_took(task: Task) -> None:
    found = search(task, None, 40)
    took = [trial.duration.total_seconds() for trial in found.candidates() if trial.duration is not None]
    assert len(took) > 1
    assert [candidate.seconds for candidate in candidates_of(found)] == took
    assert any(trial.state == "pruned" for trial in found.records())
    assert found.seconds < max(took), "the median hears of trials that were cut short"


def test_candidates_are_the_default_and_the_best_trials(task: Task) -> None:
    found = search(task, None, 14)
    numbers = [trial.number for trial in found.candidates()]
    assert numbers[0] == 0
    assert found.ranked()[0].number in numbers
    assert len(numbers) == len(set(numbers)) <= 3


def test_a_new_study_begins_with_what_was_good_for_similar_tables(task: Task, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'search.db'}"
    earlier = study_of(task, url, 12, "tree-earlier")
    earlier.learn_from_earlier({"size": 6.4, "odds": 0.0})
    run([earlier], None, quiet)
    best = earlier.ranked()[0]
    later = study_of(task, url, 3, "tree-later")
    later.learn_from_earlier({"size": 6.0, "odds": 0.3})
    run([later], None, quiet)
    tried = [trial.params for trial in later.records()]
    assert tried[0] == defaults(spec("tree").space)
    assert best.number == 0 or tried[1] == best.params


def test_settings_of_elsewhere_are_tried_after_the_default(task: Task) -> None:
    study = study_of(task, None, 3)
    elsewhere = {**defaults(spec("tree").space), "max_depth": 3}
    study.enqueue(elsewhere)
    run([study], None, quiet)
    tried = [trial.params for trial in study.records()]
    assert tried[0] == defaults(spec("tree").space)
    assert tried[1] == elsewhere


def test_losses_are_minimised(task: Task) -> None:
    by_loss = Task(task.tracks, task.y, task.groups, task.folds, metric="log_loss")
    found = search(by_loss, None, 8)
    complete = [trial.value for trial in found.records() if trial.state == "complete"]
    assert np.mean(best_of(found).scores) == pytest.approx(min(complete))


def test_progress_is_told_after_every_trial(task: Task) -> None:
    heard: list[tuple[int, float | None, float | None]] = []
    run([study_of(task, None, 3)], None, lambda _, *news: heard.append(news))
    assert [finished for finished, _, _ in heard] == [1, 2, 3]
    bests = [best for _, _, best in heard]
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


def test_simple_families_stand_first_and_no_two_have_one_priority() -> None:
    names = [family.name for family in families()]
    assert len({family.priority for family in families()}) == len(names)
    assert set(names) == {
        "additive",
        "boosted_trees",
        "dense",
        "extra_trees",
        "gaussian_process",
        "symmetric_trees",
        "tree",
    }
    assert names[-1] == "dense"
