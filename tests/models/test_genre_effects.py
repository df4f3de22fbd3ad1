"""What labels say of genres: tracks of known genres are served, others lose nothing, no label foretells itself."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit
from sklearn.metrics import roc_auc_score

from experiments.config import FitConfig
from experiments.fitting import Fit, fit
from features.columns import AUDIO_FEATURES
from features.errors import RankerFormatError
from features.inputs import input_table
from features.schema import validate
from models.evidence import OutOfFold
from models.genre_effects import GenreEffects
from models.genre_fit import MIN_ROWS, GenreFit, fit_genres
from models.ranker import Ranker
from models.ranker_folder import MANIFEST, load
from models.ranker_parts import pack, unpack

N_GENRES = 12
FAST = FitConfig(budget_s=None, trials=1, models=("tree",), bag_repeats=1)


def listener(
    n: int = 900, effect: float = 1.5, seed: int = 0
) -> tuple[np.ndarray, np.ndarray, pd.DataFrame, np.ndarray]:
    """Labels, the log-odds an ensemble sees, inputs, one or two genres a track; genres add what no ensemble sees."""
    rng = np.random.default_rng(seed)
    seen = rng.normal(0, 1, n)
    of_genre = effect * rng.normal(0, 1, N_GENRES)
    pairs = [sorted({int(a), int(b)}) for a, b in rng.integers(0, N_GENRES, (n, 2))]
    y = (rng.random(n) < expit(seen + np.array([of_genre[pair].mean() for pair in pairs]))).astype(np.int64)
    inputs = input_table(pd.DataFrame(rng.random((n, len(AUDIO_FEATURES))), columns=list(AUDIO_FEATURES)))
    return y, seen, inputs, np.array([";".join(f"g{one:02}" for one in pair) for pair in pairs], dtype=object)


def alone(n: int) -> np.ndarray:
    return np.arange(n)


def learned(n: int = 900, effect: float = 1.5, seed: int = 0) -> GenreFit:
    y, seen, inputs, texts = listener(n, effect, seed)
    return fit_genres(y, seen, inputs, texts, alone(n))


def loss(y: np.ndarray, log_odds: np.ndarray) -> float:
    return float(np.mean(np.logaddexp(0, np.where(y == 1, -log_odds, log_odds))))


def test_fresh_tracks_of_known_genres_are_foretold_better() -> None:
    y, seen, inputs, texts = listener(1800)
    old, fresh = slice(0, 900), slice(900, 1800)
    heard = fit_genres(y[old], seen[old], inputs[old], texts[old], alone(900))
    assert heard.known.all()
    assert heard.gain > 0.03
    shifted = seen[fresh] + heard.effects.shift(seen[fresh], inputs[fresh], texts[fresh])
    assert loss(y[fresh], shifted) < loss(y[fresh], seen[fresh]) - 0.03


def test_tracks_of_no_known_genre_are_not_shifted_at_all() -> None:
    effects = learned().effects
    assert len(effects.genres) == N_GENRES
    inputs = listener()[2].head(3)
    texts = np.array(["", "polka", "g99;polka"], dtype=object)
    assert effects.shift(np.array([0.3, -1.0, 2.0]), inputs, texts).tolist() == [0.0, 0.0, 0.0]
    assert not effects.known(texts).any()
    assert effects.known(np.array(["polka;g01"], dtype=object)).all()


@pytest.mark.parametrize("seed", range(8))
def test_genres_that_do_not_matter_are_left_alone(seed: int) -> None:
    y, seen, inputs, texts = listener(1800, effect=0.0, seed=seed)
    old, fresh = slice(0, 900), slice(900, 1800)
    effects = fit_genres(y[old], seen[old], inputs[old], texts[old], alone(900)).effects
    shifted = seen[fresh] + effects.shift(seen[fresh], inputs[fresh], texts[fresh])
    assert roc_auc_score(y[fresh], shifted) > roc_auc_score(y[fresh], seen[fresh]) - 0.008


def test_a_rows_own_label_has_no_part_in_its_shift() -> None:
    y, seen, inputs, texts = listener()
    before = fit_genres(y, seen, inputs, texts, alone(len(y)))
    turned = y.copy()
    turned[7] = 1 - turned[7]
    after = fit_genres(turned, seen, inputs, texts, alone(len(y)))
    assert after.shift[7] == before.shift[7]
    assert (after.shift != before.shift).mean() > 0.7


def test_an_artists_labels_have_no_part_in_the_shift_of_its_other_tracks() -> None:
    y, seen, inputs, texts = listener()
    artists = np.arange(len(y)) // 5
    before = fit_genres(y, seen, inputs, texts, artists)
    turned = y.copy()
    turned[artists == 3] = 1 - turned[artists == 3]
    after = fit_genres(turned, seen, inputs, texts, artists)
    assert np.array_equal(after.shift[artists == 3], before.shift[artists == 3])


def test_a_genre_of_one_artist_is_a_name_and_not_learned() -> None:
    y, seen, inputs, texts = listener()
    artists = np.arange(len(y))
    artists[:40] = -1
    texts[:40] = "only hers"
    assert "only hers" not in fit_genres(y, seen, inputs, texts, artists).effects.genres


@pytest.mark.parametrize("n", [0, MIN_ROWS - 1])
def test_a_few_rows_teach_nothing(n: int) -> None:
    y, seen, inputs, texts = listener()
    texts[n:] = ""
    heard = fit_genres(y, seen, inputs, texts, alone(len(y)))
    assert (heard.gain, heard.effects.genres, heard.shift.any(), heard.known.any()) == (0.0, (), False, False)


@pytest.mark.parametrize("group", [np.zeros(900, dtype=np.int64), np.arange(900) % 3])
def test_too_few_artists_teach_nothing(group: np.ndarray) -> None:
    y, seen, inputs, texts = listener()
    assert fit_genres(y, seen, inputs, texts, group).effects.genres == ()


def test_labels_that_do_not_count_teach_nothing() -> None:
    """Weights of 0 are as if the row were not there."""
    y, seen, inputs, texts = listener()
    weight = (np.arange(len(y)) % 3 > 0).astype(np.float64)
    turned = np.where(weight == 0, 1 - y, y)
    ours, theirs = (
        fit_genres(labels, seen, inputs, texts, alone(len(y)), sample_weight=weight) for labels in (y, turned)
    )
    assert ours.effects.coefficients.any()
    assert ours.effects.coefficients == pytest.approx(theirs.effects.coefficients)


def test_the_state_comes_back_and_a_bad_one_is_refused() -> None:
    effects = learned().effects
    _, seen, inputs, texts = listener()
    state = effects.get_state()
    again = GenreEffects.from_state(state)
    assert np.array_equal(again.shift(seen, inputs, texts), effects.shift(seen, inputs, texts))
    for name, bad in (
        ("scale", np.zeros_like(effects.scale)),
        ("centre", effects.centre[:-1]),
        ("coefficients", np.full_like(effects.coefficients, np.nan)),
        ("coefficients", np.full_like(effects.coefficients, 1e3)),
        ("coefficients", effects.coefficients[:-1]),
    ):
        with pytest.raises(RankerFormatError):
            GenreEffects.from_state(replace(state, arrays={**state.arrays, name: bad}))
    for genres in (
        list(reversed(effects.genres)),
        [*effects.genres[:-1], effects.genres[0]],
        list(range(N_GENRES)),
        "g",
    ):
        with pytest.raises(RankerFormatError):
            GenreEffects.from_state(replace(state, settings={"genres": genres}))


def test_evidence_follows_the_candidates_genres() -> None:
    liked = np.array([1, 0, 1, 0])
    shift = np.array([1.0, -1.0, np.nan, 0.5])
    new = expit(np.array([1.5, -1.5, 0.2, 0.4]))
    rows = OutOfFold(liked, new, new, np.zeros(4, dtype=bool), np.arange(4), shift)
    of_known = rows.evidence(0.0, 1.0)
    assert of_known.artist.tolist() == [0, 1, 3]
    assert of_known.probability == pytest.approx(new[[0, 1, 3]])
    of_none = rows.evidence(0.0, 0.0)
    assert logit(of_none.probability) == pytest.approx([0.5, -0.5, 0.2, -0.1])
    mixed = rows.evidence(0.0, 0.25)
    assert mixed.weight.sum() == pytest.approx(4)
    assert mixed.weight[:3].sum() == pytest.approx(1)
    again = OutOfFold.from_state(rows.get_state())
    assert np.array_equal(again.genre_shift, shift, equal_nan=True)
    plain = replace(rows, genre_shift=None)
    assert "genre_shift" not in plain.get_state().arrays
    assert plain.evidence(0.0, 0.3).probability == pytest.approx(new)


@pytest.fixture(scope="module")
def tracks(demo_tracks: pd.DataFrame) -> pd.DataFrame:
    """The demo listener's tracks with genres that say much about the labels, some unknown."""
    rng = np.random.default_rng(0)
    y = demo_tracks["liked"].to_numpy(dtype=np.int64)
    own = np.where(rng.random(len(y)) < 0.75, y, 1 - y)
    texts = [f"{('polka', 'techno')[one]};tag {tag}" for one, tag in zip(own, rng.integers(0, 5, len(y)), strict=True)]
    return validate(demo_tracks.assign(genres=np.where(rng.random(len(y)) < 0.1, None, np.array(texts, dtype=object))))[
        0
    ]


@pytest.fixture(scope="module")
def fitted(tracks: pd.DataFrame) -> Fit:
    return fit(tracks, FAST)


@pytest.fixture(scope="module")
def ranker(fitted: Fit) -> Ranker:
    return fitted.ranker


def test_a_fit_says_that_genres_help(fitted: Fit) -> None:
    assert any(note.startswith("genres help: ") for note in fitted.notes)
    assert "techno" in fitted.ranker.genres.genres


def test_without_genres_candidates_are_ranked_as_by_a_ranker_that_never_saw_any(
    ranker: Ranker, tracks: pd.DataFrame
) -> None:
    bare = tracks.drop(columns="genres")
    never = replace(fit(bare, FAST).ranker, affinity=ranker.affinity)
    assert never.genres.genres == ()
    assert np.array_equal(never.predict_proba(bare), ranker.predict_proba(bare))
    assert (ranker.predict_proba(tracks) != ranker.predict_proba(bare)).mean() > 0.8


def test_a_table_without_genres_leaves_no_trace(demo_tracks: pd.DataFrame, tmp_path: Path) -> None:
    plain = fit(demo_tracks, FAST)
    assert not any("genres" in note for note in plain.notes)
    manifest = json.loads((plain.ranker.save(tmp_path / "ranker") / MANIFEST).read_text())
    assert "genres" not in manifest
    assert "genres" not in plain.ranker.explain(demo_tracks.head(2))
    assert plain.ranker.ranking(demo_tracks).notes == plain.ranker.ranking(demo_tracks.assign(genres="rock")).notes


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, "the candidates have no genres: ranked without"),
        ({"genres": None}, "the candidates have no genres: ranked without"),
        ({"genres": "zydeco"}, "the candidates have no genres known from training: ranked without"),
    ],
)
def test_what_candidates_lack_is_said(
    ranker: Ranker, tracks: pd.DataFrame, change: dict[str, object], said: str
) -> None:
    candidates = tracks.drop(columns=["genres", "liked"]).assign(**change)
    answered = ranker.ranking(candidates, top=len(candidates))
    assert said in answered.notes
    assert len(answered.tracks) == len(candidates)
    assert not any("genres" in note for note in ranker.ranking(tracks.drop(columns="liked")).notes)


def test_effects_add_up_and_genres_have_their_own(ranker: Ranker, tracks: pd.DataFrame) -> None:
    known = tracks["genres"].notna()
    techno = tracks["genres"].str.contains("techno").fillna(value=False)
    some = pd.concat([tracks[known & techno].head(2), tracks[known & ~techno].head(2), tracks[~known].head(2)])
    effects = ranker.explain(some, permutations=4)
    assert effects.sum(axis=1).to_numpy() == pytest.approx(logit(ranker.predict_proba(some)), abs=1e-9)
    assert (effects["genres"].head(4) != 0).all()
    assert (effects["genres"].tail(2) == 0).all()
    assert effects["genres"].head(2).min() > 0 > effects["genres"].iloc[2:4].max()


def test_saving_and_loading_keeps_every_bit(ranker: Ranker, tracks: pd.DataFrame, tmp_path: Path) -> None:
    again = load(ranker.save(tmp_path / "ranker"))
    assert np.array_equal(again.predict_proba(tracks), ranker.predict_proba(tracks))
    for candidates in (tracks, tracks.drop(columns="genres")):
        ours, theirs = (one.ranking(candidates, min_precision=0.6) for one in (ranker, again))
        pd.testing.assert_frame_equal(ours.tracks, theirs.tracks)
        assert (ours.threshold, ours.expected_precision) == (theirs.threshold, theirs.expected_precision)


def test_genres_that_were_taken_out_of_a_saved_ranker_are_missed(ranker: Ranker) -> None:
    content, arrays, files = pack(ranker)
    assert unpack(content, arrays, files).genres.genres == ranker.genres.genres
    without = {name: entry for name, entry in content.items() if name != "genres"}
    with pytest.raises(ValueError, match="genres cannot be right"):
        unpack(without, arrays, files)


def test_a_promise_without_genres_stands_on_evidence_without_them(ranker: Ranker, tracks: pd.DataFrame) -> None:
    with_genres = ranker.ranking(tracks, top=100).expected_precision[0]
    bare = ranker.ranking(tracks.drop(columns="genres"), top=100).expected_precision[0]
    assert bare < with_genres
