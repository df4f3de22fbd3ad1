"""Which column is the label, and what its cells mean."""

import pandas as pd
import pytest

from connectors.sources.csv_file import read_table
from features.errors import InputError


def table(*headers: str, rows: list[list[str]]) -> bytes:
    lines = [",".join(["energy", *headers]), *(",".join(["0.5", *row]) for row in rows)]
    return "\n".join(lines).encode()


@pytest.mark.parametrize(
    "header", ["liked", "like", "likes", "saved", "target", "label", "is_liked", "Is Liked", "LIKED"]
)
@pytest.mark.parametrize(
    ("yes", "no"),
    [("1", "0"), ("True", "False"), ("yes", "no"), ("1.0", "0.0"), ("like", "dislike"), ("liked", "skipped"),
     ("Y", "N"), ("1", "-1"), ("TRUE", "FALSE"), ("Thumbs up", "thumbs down"), ("\U0001f44d", "\U0001f44e"),
     ("\u2764\ufe0f", "skip")],
)  # fmt: skip
def test_words_for_likes(header: str, yes: str, no: str) -> None:
    tracks, notes = read_table(table(header, rows=[[yes], [no], [yes], [""]]))
    assert tracks["liked"].dtype == "Int8"
    assert tracks["liked"].tolist() == [1, 0, 1, pd.NA]
    assert f"label: '{header}': 2 liked, 1 not liked, 1 without a label" in notes


@pytest.mark.parametrize("header", ["skipped", "disliked", "Is Skipped"])
def test_questions_the_other_way_round(header: str) -> None:
    tracks, notes = read_table(table(header, rows=[["1"], ["0"], ["yes"], ["false"], ["liked"], ["skipped"]]))
    assert tracks["liked"].tolist() == [0, 1, 0, 1, 1, 0]
    assert f"label: '{header}' (inverted): 3 liked, 3 not liked" in notes


def test_no_label_is_fine() -> None:
    assert "liked" not in read_table(table("title", rows=[["A"]]))[0]


def test_several_labels_are_asked_for() -> None:
    data = table("liked", "target", "my skip", rows=[["1", "0", "1"], ["0", "1", "0"]])
    with pytest.raises(InputError, match="ambiguous label: the columns 'liked', 'target'") as caught:
        read_table(data)
    assert "--label liked or --label target" in caught.value.hint
    assert read_table(data, "target")[0]["liked"].tolist() == [0, 1]
    assert read_table(data, "Liked")[0]["liked"].tolist() == [1, 0]
    assert read_table(data, "my skip")[0]["liked"].tolist() == [1, 0]


def test_a_label_that_is_not_there() -> None:
    with pytest.raises(InputError, match="no column 'thumb' for the label") as caught:
        read_table(table("thumbs", "title", rows=[["1", "A"]]), "thumb")
    assert caught.value.hint == "the nearest columns: thumbs"
    with pytest.raises(InputError) as caught:
        read_table(table("thumbs", "title", rows=[["1", "A"]]), "xyzzy")
    assert caught.value.hint == "the first columns: energy, thumbs, title"


def test_a_rating_is_no_label() -> None:
    with pytest.raises(InputError, match=r"'rating' has 5 different numbers \(1 to 5\)") as caught:
        read_table(table("rating", rows=[[str(i)] for i in range(1, 6)]), "rating")
    assert "at least 4" in caught.value.hint


@pytest.mark.parametrize(("low", "high"), [("1", "5"), ("0", "5"), ("1", "2"), ("-1", "0"), ("4.5", "5")])
def test_two_numbers_that_are_not_likes_are_no_label(low: str, high: str) -> None:
    with pytest.raises(InputError, match=f"'rating' has the numbers {low} and {high}") as caught:
        read_table(table("rating", rows=[[low], [high], [high], [""]]), "rating")
    assert "at least 4" in caught.value.hint


@pytest.mark.parametrize(("low", "high"), [("0", "1"), ("-1", "1"), ("0.0", "1.0"), ("-1.0", "+1")])
def test_two_numbers_that_are_likes_are_a_label(low: str, high: str) -> None:
    assert read_table(table("rating", rows=[[low], [high]]), "rating")[0]["liked"].tolist() == [0, 1]


@pytest.mark.parametrize("label", [None, "mine", "not there"])
def test_labels_that_are_not_wanted_are_left_out(label: str | None) -> None:
    rows = [["1", "0", "5", "4"], ["0", "perhaps", "3", "2"], ["1", "?!", "2", "3"]]
    tracks, notes = read_table(table("liked", "Is Skipped", "mine", "title", rows=rows), label, labels=False)
    assert list(tracks) == ["track_name", "energy"]
    left_out = "liked, Is Skipped, mine" if label == "mine" else "liked, Is Skipped"
    assert f"label columns are not needed here: {left_out}" in notes
    assert ("1 column ignored: mine" in notes) == (label != "mine")


def test_nothing_is_said_of_labels_where_there_are_none() -> None:
    tracks, notes = read_table(table("title", "Label", rows=[["A", "Columbia"]]), labels=False)
    assert list(tracks) == ["track_name", "energy"]
    assert not any("label columns" in note for note in notes)
    assert "1 column ignored: Label" in notes


def test_a_text_is_no_label() -> None:
    with pytest.raises(InputError, match="'title' holds no label"):
        read_table(table("title", rows=[["A"], ["B"]]), "title")


@pytest.mark.parametrize("values", [["12", "3400", "7", "1"], ["2011", "2012", "1999", "2000"]])
@pytest.mark.parametrize("header", ["likes", "target", "saved"])
def test_counts_are_not_taken_for_likes(header: str, values: list[str]) -> None:
    tracks, notes = read_table(table(header, rows=[[value] for value in values]))
    assert "liked" not in tracks
    assert any(f"'{header}' does not hold likes" in note for note in notes)


def test_words_nobody_knows_stay_for_the_report() -> None:
    tracks, _ = read_table(table("liked", rows=[["perhaps"], ["1"], ["never"]]))
    assert tracks["liked"].tolist() == ["perhaps", 1, "never"]


def test_one_class_only_is_read() -> None:
    assert read_table(table("liked", rows=[["1"], ["1"]]))[0]["liked"].tolist() == [1, 1]


def test_the_label_is_not_a_feature_too() -> None:
    tracks, _ = read_table(table("mode", rows=[["1"], ["0"]]), "mode")
    assert list(tracks) == ["energy", "liked"]


def test_weights_of_labels_are_numbers_in_no_unit() -> None:
    rows = [["1", "0"], ["0", "2.5"], ["1", ""], ["0", "100"]]
    tracks, notes = read_table(table("liked", "weight", rows=rows))
    assert tracks["liked"].tolist() == [1, 0, 1, 0]
    assert tracks["weight"].dropna().tolist() == [0, 2.5, 100]
    assert tracks["weight"].isna().tolist() == [False, False, True, False]
    assert not any("weight" in note for note in notes)


def test_weights_with_a_percent_sign_are_fractions() -> None:
    tracks, notes = read_table(table("liked", "weight", rows=[["1", "50%"], ["0", "2"], ["1", "250 %"], ["0", "?!"]]))
    assert tracks["weight"].tolist() == [0.5, 2, 2.5, "?!"]
    assert "weight: percent -> fractions" in notes


@pytest.mark.parametrize(("heavy", "light"), [("1", "0"), ("1", "-1"), ("yes", "no")])
def test_a_weight_is_never_the_label(heavy: str, light: str) -> None:
    tracks, _ = read_table(table("weight", rows=[[heavy], [light]]))
    assert list(tracks) == ["weight", "energy"]
    tracks, notes = read_table(table("weight", "liked", rows=[[heavy, "0"], [light, "1"]]))
    assert tracks["liked"].tolist() == [0, 1]
    assert "label: 'liked': 1 liked, 1 not liked" in notes


def test_a_weight_that_is_named_as_the_label_is_that_alone() -> None:
    assert list(read_table(table("weight", rows=[["1"], ["0"]]), "weight")[0]) == ["energy", "liked"]


@pytest.mark.parametrize("header", ["track_weight", "sample_weight", "label weight", "weights", "weight (g)", "wt"])
def test_other_weights_are_ignored(header: str) -> None:
    tracks, notes = read_table(table("liked", header, rows=[["1", "180"], ["0", "140"]]))
    assert list(tracks) == ["energy", "liked"]
    assert f"1 column ignored: {header}" in notes


def test_weights_are_left_out_with_the_labels() -> None:
    tracks, notes = read_table(table("weight", "liked", rows=[["5000", "1"], ["1", "0"]]), labels=False)
    assert list(tracks) == ["energy"]
    assert "label columns are not needed here: weight, liked" in notes


def test_a_label_in_other_numbers_is_told_how_to_write_it() -> None:
    tracks, notes = read_table(table("liked", rows=[["5"], ["2"], ["4"]]))
    assert "liked" not in tracks
    told = "'liked' does not hold likes (for example '5'): not used as the label; write 1 (liked) and 0 (not liked)"
    assert told in notes
