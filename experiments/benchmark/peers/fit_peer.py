"""Fits one peer on one fold, in the peers' own environment: imports nothing of ours, so that any Python can run it.

``python -P fit_peer.py METHOD --train FILE --test FILE --out FOLDER [--seconds S] [--cores 2] [--seed 0]`` reads two
parquet files of features with the label ``liked``, which the test part lacks, and writes ``predictions.parquet``
(column ``probability``, P(liked), in the test part's order) and ``answer.json`` (``seconds`` of fitting and
predicting, and a ``note``). ``--versions`` prints the libraries' versions as JSON.

Every peer has its documented defaults, but for the seed, the cores, and ROC AUC as the metric where one is searched.
Artists' names are a categorical; what each peer makes of names that training has not seen is its own affair.
"""

import argparse
import json
import platform
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

LABEL = "liked"
ARTIST = "artist_name"
LIBRARIES = (
    "autogluon.tabular catboost fastai flaml lightgbm numpy optuna pandas scikit-learn torch xgboost-cpu xgboost"
)
N_TREES = 500
N_TRIALS, N_INNER_FOLDS = 100, 5

Probability = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Task:
    """What a peer is given.

    Parameters
    ----------
    X, X_test : DataFrame
        Features; an artist's name, where there is one, as a string.
    y : ndarray of int, shape (n_train,)
    seconds : float or None
        What a peer that searches may spend; None leaves it to the peer.
    cores, seed : int
    folder : Path
        For whatever it writes.
    """

    X: pd.DataFrame
    y: npt.NDArray[np.int64]
    X_test: pd.DataFrame
    seconds: float | None
    cores: int
    seed: int
    folder: Path

    def categorical(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Features with the artist as pandas' categorical of the training names; other names are missing."""
        if ARTIST not in self.X:
            return self.X, self.X_test
        names = pd.CategoricalDtype(sorted(self.X[ARTIST].unique()))
        heard_of = self.X_test[ARTIST].where(self.X_test[ARTIST].isin(names.categories))
        return self.X.astype({ARTIST: names}), self.X_test.assign(**{ARTIST: heard_of.astype(names)})

    def encoded(self) -> tuple[Any, Any]:
        """Features with the artist as its cross-fitted, smoothed share of likes, for trees that take numbers only."""
        if ARTIST not in self.X:
            return self.X, self.X_test
        from sklearn.compose import make_column_transformer
        from sklearn.model_selection import StratifiedKFold
        from sklearn.preprocessing import TargetEncoder

        folds = StratifiedKFold(N_INNER_FOLDS, shuffle=True, random_state=self.seed)
        encoder = make_column_transformer(
            (TargetEncoder(target_type="binary", cv=folds), [ARTIST]), remainder="passthrough"
        )
        return encoder.fit_transform(self.X, self.y), encoder.transform(self.X_test)


Peer = Callable[[Task], tuple[Probability, str]]


def autogluon(task: Task, preset: str) -> tuple[Probability, str]:
    """A preset of AutoGluon; folds one after the other, as its parallel workers hang on small machines.

    A quarter of best_quality's seconds goes into a fit that decides whether to stack. Where not one model is ready by
    then it gives up; for its benefit the seconds that are left are spent without that first fit.
    """
    started = time.monotonic()
    X, X_test = task.categorical()
    rows = X.assign(**{LABEL: task.y})
    note = ""
    try:
        predictor = _autogluon(task, rows, task.seconds, "first", presets=preset)
    except (AssertionError, RuntimeError) as error:
        if task.seconds is None:
            raise
        left = max(1.0, task.seconds - (time.monotonic() - started))
        note = f", without deciding on stacks ({type(error).__name__} at first)"
        predictor = _autogluon(task, rows, left, "second", presets=preset, dynamic_stacking=False)
    probability = predictor.predict_proba(X_test)[1].to_numpy(dtype=np.float64)
    return probability, f"{len(predictor.model_names())} models, best {predictor.model_best}{note}"


def flaml(task: Task) -> tuple[Probability, str]:
    """FLAML's search."""
    automl = import_module("flaml.automl").AutoML()
    X, X_test = task.categorical()
    automl.fit(
        X,
        task.y,
        task="classification",
        metric="roc_auc",
        time_budget=task.seconds,
        n_jobs=task.cores,
        seed=task.seed,
        verbose=0,
        log_file_name="",
    )
    return _of_liked(automl.predict_proba(X_test)), f"best {automl.best_estimator}"


def catboost(task: Task) -> tuple[Probability, str]:
    """CatBoost's defaults; it takes names as they are."""
    model = import_module("catboost").CatBoostClassifier(
        random_seed=task.seed, thread_count=task.cores, verbose=False, allow_writing_files=False
    )
    model.fit(task.X, task.y, cat_features=[ARTIST] if ARTIST in task.X else None)
    return _of_liked(model.predict_proba(task.X_test)), ""


def random_forest(task: Task) -> tuple[Probability, str]:
    """A random forest of 500 trees."""
    from sklearn.ensemble import RandomForestClassifier

    return _forest(task, RandomForestClassifier(N_TREES, n_jobs=task.cores, random_state=task.seed))


def catboost_extra_trees(task: Task) -> tuple[Probability, str]:
    """The mean of `catboost` and 500 extremely randomised trees."""
    return (catboost(task)[0] + _extra_trees(task)[0]) / 2, ""


def lightgbm(task: Task) -> tuple[Probability, str]:
    """LightGBM's defaults."""
    model = import_module("lightgbm").LGBMClassifier(n_jobs=task.cores, random_state=task.seed, verbose=-1)
    X, X_test = task.categorical()
    return _of_liked(model.fit(X, task.y).predict_proba(X_test)), ""


def xgboost(task: Task) -> tuple[Probability, str]:
    """XGBoost's defaults."""
    X, X_test = task.categorical()
    return _of_liked(_booster(task, {}).fit(X, task.y).predict_proba(X_test)), ""


def xgboost_optuna(task: Task) -> tuple[Probability, str]:
    """XGBoost, tuned by 100 trials of Optuna's TPE over five inner folds, and fitted to all rows with the best."""
    from sklearn.model_selection import StratifiedKFold, cross_val_score

    optuna = import_module("optuna")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    X, X_test = task.categorical()
    folds = StratifiedKFold(N_INNER_FOLDS, shuffle=True, random_state=task.seed)

    def score(trial: Any) -> float:
        model = _booster(task, _suggested(trial))
        return float(np.mean(cross_val_score(model, X, task.y, cv=folds, scoring="roc_auc")))

    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=task.seed))
    study.optimize(score, n_trials=N_TRIALS)
    best = _booster(task, study.best_params).fit(X, task.y)
    return _of_liked(best.predict_proba(X_test)), f"inner ROC AUC {study.best_value:.4f}"


PEERS: dict[str, Peer] = {
    "autogluon_best": lambda task: autogluon(task, "best_quality"),
    "autogluon_medium": lambda task: autogluon(task, "medium_quality"),
    "flaml": flaml,
    "catboost": catboost,
    "catboost_extra_trees": catboost_extra_trees,
    "random_forest": random_forest,
    "lightgbm": lightgbm,
    "xgboost": xgboost,
    "xgboost_optuna": xgboost_optuna,
}
"""Every peer by its name."""


def versions() -> dict[str, str]:
    """Installed versions by distribution, and Python's own; those that are not installed are left out."""
    found = {"python": platform.python_version()}
    for name in LIBRARIES.split():
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def main() -> None:
    """Fit, predict, write."""
    parser = argparse.ArgumentParser(description="Fit one peer on one fold.")
    parser.add_argument("method", nargs="?", choices=sorted(PEERS))
    parser.add_argument("--train", type=Path)
    parser.add_argument("--test", type=Path)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--versions", action="store_true")
    asked = parser.parse_args()
    if asked.versions:
        sys.stdout.write(json.dumps(versions()))
        return
    if not all((asked.method, asked.train, asked.test, asked.out)):
        parser.error("a method, --train, --test and --out are needed")
    train, test = pd.read_parquet(asked.train), pd.read_parquet(asked.test)
    y = train.pop(LABEL).to_numpy(dtype=np.int64)
    task = Task(train, y, test, asked.seconds, asked.cores, asked.seed, asked.out)
    _import_library(asked.method)
    started = time.perf_counter()
    probability, note = PEERS[asked.method](task)
    seconds = time.perf_counter() - started
    pd.DataFrame({"probability": probability}).to_parquet(asked.out / "predictions.parquet")
    (asked.out / "answer.json").write_text(json.dumps({"seconds": seconds, "note": note}), encoding="utf-8")


def _import_library(method: str) -> None:
    """Importing is not fitting: nobody's seconds count it, nor ours."""
    name = method.split("_", maxsplit=1)[0]
    modules = {"autogluon": "autogluon.tabular", "flaml": "flaml.automl"}
    import_module("sklearn.ensemble" if name == "random" else modules.get(name, name))


def _autogluon(task: Task, rows: pd.DataFrame, seconds: float | None, folder: str, **options: Any) -> Any:
    predictor = import_module("autogluon.tabular").TabularPredictor(
        label=LABEL, eval_metric="roc_auc", path=str(task.folder / "autogluon" / folder), verbosity=1
    )
    return predictor.fit(
        rows,
        time_limit=seconds,
        num_cpus=task.cores,
        num_gpus=0,
        ag_args_ensemble={"fold_fitting_strategy": "sequential_local"},
        **options,
    )


def _extra_trees(task: Task) -> tuple[Probability, str]:
    """500 extremely randomised trees."""
    from sklearn.ensemble import ExtraTreesClassifier

    return _forest(task, ExtraTreesClassifier(N_TREES, n_jobs=task.cores, random_state=task.seed))


def _forest(task: Task, forest: Any) -> tuple[Probability, str]:
    X, X_test = task.encoded()
    return _of_liked(forest.fit(X, task.y).predict_proba(X_test)), ""


def _booster(task: Task, params: dict[str, Any]) -> Any:
    return import_module("xgboost").XGBClassifier(
        enable_categorical=ARTIST in task.X, n_jobs=task.cores, random_state=task.seed, **params
    )


def _suggested(trial: Any) -> dict[str, Any]:
    """A wide space for small tables, after pytabkit's."""
    return {
        "n_estimators": trial.suggest_int("n_estimators", 50, 1000, log=True),
        "learning_rate": trial.suggest_float("learning_rate", 5e-3, 0.3, log=True),
        "max_depth": trial.suggest_int("max_depth", 1, 10),
        "min_child_weight": trial.suggest_float("min_child_weight", 1e-3, 32.0, log=True),
        "subsample": trial.suggest_float("subsample", 0.5, 1.0),
        "colsample_bytree": trial.suggest_float("colsample_bytree", 0.5, 1.0),
        "reg_alpha": trial.suggest_float("reg_alpha", 1e-4, 5.0, log=True),
        "reg_lambda": trial.suggest_float("reg_lambda", 1e-3, 20.0, log=True),
    }


def _of_liked(probability: Any) -> Probability:
    return np.asarray(probability, dtype=np.float64)[:, 1]


if __name__ == "__main__":
    main()
