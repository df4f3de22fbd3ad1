"""A train's figures in words: what was held out, and whether guessing would have done as well."""

import math

import pytest

from experiments.splits import SPLITS
from experiments.train_words import ARTISTS_UNKNOWN, roc_auc_in_words, sides


@pytest.mark.parametrize(
    ("low", "high", "guessing"),
    [
        (0.0, 0.738, "That includes 0.5, which is guessing: "),
        (0.5, 0.9, "That includes 0.5, which is guessing: "),
        (0.2, 0.5, "That includes 0.5, which is guessing: "),
        (0.1, 0.4, "That lies below 0.5, which is guessing: "),
        (0.501, 0.9, ""),
    ],
)
def test_an_interval_that_is_not_clear_of_guessing_is_said_to(low: float, high: float, guessing: str) -> None:
    said = roc_auc_in_words(low, high)
    assert said.startswith(f"The ranker's ROC AUC lies in {low:.3f} to {high:.3f} (95 % bootstrap interval).")
    assert guessing in said
    assert ("guessing" in said) == bool(guessing)


@pytest.mark.parametrize("nothing", [None, math.nan])
def test_an_end_that_is_not_defined_is_a_dash(nothing: float | None) -> None:
    assert roc_auc_in_words(nothing, 0.9) == "The ranker's ROC AUC lies in - to 0.900 (95 % bootstrap interval)."


def test_only_a_split_by_artist_needs_artists() -> None:
    for split in SPLITS:
        known, unknown = sides(split, ("said before",)), sides(split, ("said before", ARTISTS_UNKNOWN))
        assert (known != unknown) == (split == "artist")
    assert sides("artist", ()) == "no artist on both sides"
    assert sides("artist", (ARTISTS_UNKNOWN,)) == "artists unknown"
