"""A whole train result made of random numbers and one small real ranker: something to record without searching."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd

from experiments.results import BaselineResult, FamilyResult, FloatArray, TrainResult, TrialRecord
from features.context import ArtistProfiles
from features.inputs import input_table
from features.schema import AUDIO_FEATURES
from models.affinity import ArtistAffinity
from models.calibration import IdentityCalibration
from models.evidence import OutOfFold
from models.fitted import fit_model
from models.known import KnownTracks
from models.member import Member
from models.ranker import Ranker, background_of
from models.registry import spec
from models.space import defaults

N_TRACKS, N_TEST = 600, 200
METRICS = (
    "roc_auc",
    "average_precision",
    "precision",
    "recall",
    "f1",
    "f0_5",
    "combined",
    "accuracy",
    "log_loss",
    "brier",
    "ece",
)
STARTED = datetime(2026, 11, 21, 7, 44, tzinfo=UTC)
FAMILIES = (("tree", "Decision tree", 0.79), ("boosted_trees", "Boosted trees", 0.86), ("dense", "Dense net", 0.81))
BASELINES = (("majority", "Majority class", 0.5), ("untuned_tree", "Untuned tree", 0.7))


def made_up_tracks(n: int = N_TRACKS, seed: int = 0) -> pd.DataFrame:
    """A labelled tracks table of noise, shape (n, 17): names, the audio features and ``liked``."""
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(
        {
            "track_id": [f"local:{number}" for number in range(n)],
            "track_name": [f"Track {number}" for number in range(n)],
            "artist_name": [f"Artist {number % 40}" for number in range(n)],
        }
    )
    features = pd.DataFrame(rng.random((n, len(AUDIO_FEATURES))), columns=list(AUDIO_FEATURES))
    table = pd.concat([table, features], axis=1)
    liked = table["energy"].to_numpy() + rng.normal(0, 0.3, n) > 0.5
    return table.assign(liked=pd.Series(liked.astype(np.int8)).astype("Int8"))


def made_up_ranker(tracks: pd.DataFrame, seed: int = 0) -> Ranker:
    """A real ranker of one untuned tree."""
    y = tracks["liked"].to_numpy(dtype=np.int64)
    tree = spec("tree")
    inputs = input_table(tracks)
    model = fit_model(tree, defaults(tree.space), seed, inputs, y, np.arange(len(y)))
    probability = model.predict(inputs)
    return Ranker(
        members=(Member((model,), IdentityCalibration(), 1.0),),
        calibration=IdentityCalibration(),
        affinity=ArtistAffinity.none(),
        profiles=ArtistProfiles.build(),
        threshold=0.5,
        out_of_fold=OutOfFold(y, probability, probability, np.zeros(len(y), dtype=bool), np.arange(len(y))),
        known=KnownTracks.of(tracks),
        trained_on=KnownTracks.of(tracks),
        background=background_of(inputs, seed),
        info={"source": "made up", "model": "tree", "members": {"tree #0": 1.0}},
    )


def made_up_result(*, trials: int = 60, seed: int = 0, ranker: Ranker | None = None) -> TrainResult:
    """A train result with ``trials`` trials in three families; the probabilities fit the metrics only roughly.

    Parameters
    ----------
    trials : int
        In all families together.
    seed : int
    ranker : Ranker, optional
        Fitted to `made_up_tracks` where not given.
    """
    rng = np.random.default_rng(seed)
    started = STARTED + timedelta(hours=seed)
    tracks = made_up_tracks(seed=seed)
    labels = tracks["liked"].to_numpy(dtype=np.int64)[-N_TEST:]
    families = tuple(
        _family(name, title, auc, trials // len(FAMILIES), labels=labels, rng=rng, started=started)
        for name, title, auc in FAMILIES
    )
    baselines = tuple(
        BaselineResult(name, title, _metrics(auc), _probability(labels, auc, rng)) for name, title, auc in BASELINES
    )
    metrics = _metrics(0.861)
    return TrainResult(
        source="made up",
        split="random",
        metric="roc_auc",
        seed=seed,
        budget_s=120.0,
        elapsed_s=131.4,
        n_tracks=N_TRACKS,
        n_liked=int(tracks["liked"].sum()),
        n_train=N_TRACKS - N_TEST,
        n_test=N_TEST,
        data_digest="7f" * 32,
        columns={str(name): str(dtype) for name, dtype in tracks.dtypes.items()},
        families=families,
        baselines=baselines,
        model="ensemble",
        weights={"boosted_trees #3": 0.7, "dense #0": 0.3},
        ranker=ranker or made_up_ranker(tracks, seed),
        metrics=metrics,
        intervals={name: (value - 0.03, value + 0.03) for name, value in metrics.items()},
        keep_everything={"precision": 0.5, "recall": 1.0, "f0_5": 0.56, "combined": 0.56, "roc_auc": 0.5},
        test_tracks=tracks.tail(N_TEST).reset_index(drop=True),
        test_labels=labels,
        test_probability=families[1].held_out_probability,
        judged=tracks.assign(like_probability=0.5, held_out=np.arange(N_TRACKS) >= N_TRACKS - N_TEST),
        effects={name: float(effect) for name, effect in zip(AUDIO_FEATURES, rng.gamma(1.0, 0.2, 13), strict=True)},
        best_possible_auc=None,
        versions={"python": "3.11.7", "numpy": np.__version__, "pandas": pd.__version__, "mlflow": "3.17.2"},
        started=started,
        notes=("12 tracks without a label are not used",),
        settings={"seed": seed, "models": ("tree", "boosted_trees", "dense"), "folds": 5},
    )


def _family(
    name: str, title: str, auc: float, trials: int, *, labels: object, rng: np.random.Generator, started: datetime
) -> FamilyResult:
    y = np.asarray(labels, dtype=np.int64)
    curve = {
        "loss": _falling(rng, 0.0),
        "validation_loss": _falling(rng, 0.1),
        "validation_auc": tuple(np.linspace(0.6, auc, 40)),
        "validation_accuracy": tuple(np.linspace(0.55, auc - 0.05, 40)),
    }
    return FamilyResult(
        name=name,
        title=title,
        trials=tuple(_trial(number, auc, rng, started) for number in range(trials)),
        best_params={"max_depth": 4, "learning_rate": 0.0513},
        out_of_fold=rng.random(N_TRACKS - N_TEST),
        metrics=_metrics(auc + 0.01),
        held_out=_metrics(auc),
        held_out_probability=_probability(y, auc, rng),
        weight={"boosted_trees": 0.7, "dense": 0.3}.get(name, 0.0),
        curves=(curve, curve) if name == "dense" else (),
    )


def _trial(number: int, auc: float, rng: np.random.Generator, started: datetime) -> TrialRecord:
    pruned = number % 5 == 4
    middle = auc - float(rng.gamma(1.0, 0.02)) / (1 + number / 20) - (0.03 if pruned else 0.0)
    scores = rng.normal(middle, 0.01, 2 if pruned else 5)
    return TrialRecord(
        number=number,
        state="pruned" if pruned else "complete",
        value=float(scores.mean()),
        params={"max_depth": int(rng.integers(2, 12)), "learning_rate": float(rng.random())}
        | {f"parameter_{place}": float(rng.random()) for place in range(6)},
        fold_scores=tuple(float(score) for score in scores),
        started=started + timedelta(seconds=number),
        seconds=0.9,
    )


def _metrics(auc: float) -> dict[str, float]:
    return {name: auc if name == "roc_auc" else auc - 0.01 * place for place, name in enumerate(METRICS)}


def _probability(labels: object, auc: float, rng: np.random.Generator) -> FloatArray:
    y = np.asarray(labels, dtype=np.int64)
    score = rng.normal(0, 1, len(y)) + (2 * y - 1) * 1.4 * (auc - 0.5) * 2
    probability: FloatArray = 1 / (1 + np.exp(-1.5 * score))
    return probability


def _falling(rng: np.random.Generator, floor: float) -> tuple[float, ...]:
    values = floor + 0.3 + 0.4 * np.exp(-np.arange(40) / 12) + rng.normal(0, 0.01, 40)
    return tuple(float(value) for value in values)
