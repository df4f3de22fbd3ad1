"""What counts as a value."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.audio_features.values import known_values
from features.columns import AUDIO_FEATURES
from features.schema import COLUMNS
from tests.connectors.audio_features.services import WHOLE


def test_a_whole_answer_is_kept() -> None:
    assert known_values(WHOLE | {"id": "x", "uri": "y"}) == (WHOLE, 0)
    assert known_values(WHOLE, ("energy", "mode")) == ({"energy": 0.8, "mode": 1.0}, 0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("energy", 1.01),
        ("energy", -0.2),
        ("energy", "0.5"),
        ("energy", True),
        ("energy", math.inf),
        ("energy", [0.5]),
        ("tempo", 301),
        ("tempo", -1),
        ("loudness", -71),
        ("loudness", 11),
        ("key", 12),
        ("key", 3.5),
        ("mode", 2),
        ("mode", 0.5),
        ("time_signature", 8),
        ("duration_ms", 0),
        ("duration_ms", 10**400),
        ("key", 10**400),
    ],
)
def test_what_cannot_be_right_is_dropped_and_counted(name: str, value: object) -> None:
    values, dropped = known_values(WHOLE | {name: value})
    assert dropped == 1
    assert values == {other: known for other, known in WHOLE.items() if other != name}


@pytest.mark.parametrize(
    ("name", "value"),
    [("key", -1), ("tempo", 0.0), ("time_signature", 0), ("time_signature", 1), ("mode", None), ("energy", math.nan)],
)
def test_codes_for_unknown_are_missing_not_wrong(name: str, value: object) -> None:
    values, dropped = known_values(WHOLE | {name: value})
    assert dropped == 0
    assert name not in values
    assert len(values) == 12


def test_an_analysis_that_failed_is_no_analysis() -> None:
    zeros = dict.fromkeys(AUDIO_FEATURES, 0.0) | {"duration_ms": 180_000.0}
    assert known_values(zeros) == ({"duration_ms": 180_000.0}, 0)


@given(
    st.dictionaries(
        st.sampled_from([*AUDIO_FEATURES, "id"]),
        st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.just(np.float32(0.5))),
    )
)
def test_whatever_is_given_only_possible_values_come_out(given: dict[str, object]) -> None:
    values, dropped = known_values(given)
    for name, value in values.items():
        info = COLUMNS[name]
        assert isinstance(value, float)
        assert info.low is not None
        assert info.high is not None
        assert info.low <= value <= info.high
    assert 0 <= dropped <= len(set(given) & set(AUDIO_FEATURES)) - len(values)
    assert known_values(values) == (values, 0)
