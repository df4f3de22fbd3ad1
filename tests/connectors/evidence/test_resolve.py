"""Evidence becomes labels by the table of rules, whatever the order in which it was written."""

from datetime import UTC, datetime
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.evidence.resolve import resolve
from connectors.evidence.rules import RULE_OF, RULES

EARLY, LATE = datetime(2020, 1, 1, tzinfo=UTC), datetime(2024, 1, 1, tzinfo=UTC)


def evidence(*rows: tuple[str, datetime | None, float] | tuple[str, datetime | None]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "track_id": f"track {number}",
                "source": "spotify",
                "kind": row[0],
                "liked": RULE_OF[row[0]].liked,
                "weight": row[2] if len(row) > 2 else 1.0,
                "at": row[1],
                "reason": "",
            }
            for number, row in enumerate(rows)
        ]
    )


def label(*rows: tuple[str, datetime | None, float] | tuple[str, datetime | None]) -> pd.Series:
    return resolve(evidence(*rows), np.zeros(len(rows), dtype=int)).iloc[0]


def test_the_table_orders_evidence_as_promised() -> None:
    ranks = [
        {"ban"},
        {"banned_artist"},
        {"kept", "rejected"},
        {"love", "hate"},
        {"csv_liked", "csv_disliked", "playlist_liked", "playlist_disliked"},
        {"like"},
        {"finished", "skipped"},
        {"top"},
    ]
    assert {rule.kind: rule.rank for rule in RULES} == {
        kind: rank for rank, kinds in enumerate(ranks, start=1) for kind in kinds
    }
    assert len(RULE_OF) == len(RULES)
    assert all(0 < rule.weight <= 1 and rule.why for rule in RULES)


@pytest.mark.parametrize(("one", "other"), list(combinations(RULES, 2)))
def test_the_stronger_rule_decides_and_equals_contradict(one, other) -> None:
    stronger, weaker = sorted([one, other], key=lambda rule: rule.rank)
    found = label((weaker.kind, LATE), (stronger.kind, None))
    assert found["conflicting"] == (one.liked != other.liked)
    if stronger.rank == weaker.rank and stronger.liked != weaker.liked:
        assert np.isnan(found["liked"])
        assert np.isnan(found["weight"])
        return
    assert found["liked"] == stronger.liked
    if stronger.rank != weaker.rank:
        assert (found["decided_by"], found["weight"]) == (stronger.kind, stronger.weight)


def test_the_later_word_counts_where_both_are_dated() -> None:
    assert label(("love", EARLY), ("hate", LATE))["liked"] == 0
    assert label(("love", LATE), ("hate", EARLY))["liked"] == 1
    assert label(("love", LATE), ("hate", EARLY))["at"] == pd.Timestamp(LATE)
    for undecided in (
        (("love", LATE), ("hate", None)),
        (("love", LATE), ("hate", LATE)),
        (("love", None), ("hate", None)),
    ):
        assert np.isnan(label(*undecided)["liked"])


def test_a_date_on_the_same_side_does_not_date_the_other() -> None:
    """csv_liked says it undated, playlist_liked dated: together they are dated, and later than the dislike."""
    found = label(("csv_liked", None), ("playlist_liked", LATE), ("csv_disliked", EARLY))
    assert (found["liked"], found["decided_by"], found["weight"]) == (1, "playlist_liked", 1.0)


def test_weights_stay_within_the_rules_and_nothing_of_no_weight_speaks() -> None:
    assert label(("top", None, 1000.0))["weight"] == RULE_OF["top"].weight
    assert label(("like", None, 0.25))["weight"] == 0.25
    assert label(("ban", None, 0.0), ("like", None))["liked"] == 1
    assert label(("ban", None, np.nan), ("like", None))["liked"] == 1
    assert resolve(evidence(("like", None, 0.0)), np.zeros(1, dtype=int)).empty


def test_an_empty_library_has_no_labels_but_all_columns() -> None:
    full, empty = (
        resolve(evidence(("like", LATE)), np.zeros(1, dtype=int)),
        resolve(evidence(("like", LATE))[:0], np.zeros(0, dtype=int)),
    )
    assert empty.empty
    assert list(empty.columns) == list(full.columns)
    assert empty.dtypes.equals(full.dtypes)


def test_an_unknown_kind_is_a_bug() -> None:
    with pytest.raises(ValueError, match="adored"):
        resolve(evidence(("like", None)).assign(kind="adored"), np.zeros(1, dtype=int))


DATES = st.sampled_from([None, EARLY, LATE])
ROWS = st.lists(
    st.tuples(st.sampled_from(sorted(RULE_OF)), DATES, st.sampled_from([0.0, 0.2, 1.0, 7.0])), min_size=1, max_size=12
)


@settings(max_examples=40, deadline=None)
@given(rows=ROWS, data=st.data())
def test_labels_are_sound_and_do_not_depend_on_the_order(rows, data) -> None:
    table = evidence(*rows)
    recording = np.array(data.draw(st.lists(st.integers(0, 3), min_size=len(rows), max_size=len(rows))))
    found = resolve(table, recording)
    assert found["recording"].is_unique
    assert set(found["recording"]) == set(recording[table["weight"] > 0])
    known = found[found["liked"].notna()]
    assert known["weight"].between(0, 1, inclusive="right").all()
    for row in known.itertuples():
        mine = table[(recording == row.recording) & (table["weight"] > 0)]
        assert RULE_OF[row.decided_by].rank == min(RULE_OF[kind].rank for kind in mine["kind"])
    order = np.array(data.draw(st.permutations(range(len(rows)))))
    again = resolve(table.iloc[order].reset_index(drop=True), recording[order])
    pd.testing.assert_frame_equal(found, again)
