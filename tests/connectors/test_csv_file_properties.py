"""Properties of the reader: what is written comes back, and no bytes bring it down."""

import gzip
import io
import json
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from connectors.sources.csv_file import read_table
from features.errors import InputError

# cp1252 text without the pairs of letters that are also UTF-8.
ALPHABETS = {
    "utf-8": st.characters(exclude_categories=["Cs", "Cc"]),
    "utf-8-sig": st.characters(exclude_categories=["Cs", "Cc"]),
    "utf-16": st.characters(exclude_categories=["Cs", "Cc"]),
    "cp1252": st.sampled_from("abc ,;|\t\"'#éüñøßÜ-_0"),
}
WRITERS = ("csv", "lines", "array", "parquet")


def names(encoding: str) -> st.SearchStrategy[str]:
    # A backslash or bracket in an artist's name may be an exporter's notation, with tests of its own.
    texts = st.text(ALPHABETS[encoding], min_size=1, max_size=12).map(str.strip)
    return texts.filter(lambda text: text and "\\" not in text and "[" not in text)


@st.composite
def tables(draw: st.DrawFn) -> tuple[pd.DataFrame, str]:
    encoding = draw(st.sampled_from(sorted(ALPHABETS)))
    rows = draw(st.integers(1, 8))

    def column(cell: st.SearchStrategy[Any]) -> list[Any]:
        return draw(st.lists(cell, min_size=rows, max_size=rows))

    gap = st.just(np.nan)
    frame = pd.DataFrame(
        {
            "track_id": pd.Series(column(st.text("abcXYZ019", min_size=22, max_size=22)), dtype="str"),
            "track_name": pd.Series(column(names(encoding) | st.none()), dtype="str"),
            "artist_name": pd.Series(column(names(encoding)), dtype="str"),
            "duration_ms": np.array(column(st.integers(30_000, 900_000)), dtype="float64"),
            "energy": np.array(column(st.floats(0, 1) | gap), dtype="float64"),
            "key": np.array(column(st.integers(-1, 11)), dtype="float64"),
            "loudness": np.array(column(st.floats(-60, -0.5) | gap), dtype="float64"),
            "tempo": np.array(column(st.floats(40, 220) | st.just(0.0)), dtype="float64"),
            "liked": pd.Series(column(st.sampled_from([0, 1, pd.NA])), dtype="Int8"),
        }
    )
    return frame, encoding


def write(frame: pd.DataFrame, writer: str, separator: str, encoding: str) -> bytes:
    if writer == "csv":
        return frame.to_csv(index=False, sep=separator, lineterminator="\r\n").encode(encoding)
    if writer == "parquet":
        buffer = io.BytesIO()
        frame.to_parquet(buffer)
        return buffer.getvalue()
    cells = frame.astype(object).where(frame.notna(), None).to_dict("records")
    if writer == "array":
        return json.dumps(cells, ensure_ascii=False, indent=1).encode(encoding)
    return "\n".join(json.dumps(record, ensure_ascii=False) for record in cells).encode(encoding)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(tables(), st.sampled_from(WRITERS), st.sampled_from(",;\t|"), st.booleans())
def test_what_is_written_comes_back(table: tuple[pd.DataFrame, str], writer: str, separator: str, zipped: bool) -> None:
    frame, encoding = table
    data = write(frame, writer, separator, encoding)
    tracks, notes = read_table(gzip.compress(data) if zipped else data)
    pd.testing.assert_frame_equal(tracks, frame[list(tracks)], check_exact=True)
    assert set(tracks) == set(frame)
    assert ("gzip unpacked" in notes) == zipped


@settings(max_examples=30, deadline=None)
@given(tables(), st.randoms(use_true_random=False))
def test_the_order_of_columns_does_not_matter(table: tuple[pd.DataFrame, str], random: Any) -> None:
    frame, _ = table
    headers = list(frame)
    random.shuffle(headers)
    straight, _ = read_table(frame.to_csv(index=False).encode())
    shuffled, _ = read_table(frame[headers].to_csv(index=False).encode())
    pd.testing.assert_frame_equal(straight, shuffled)


GOOD = pd.DataFrame({"track_name": ["A", "B", "C"], "energy": [0.1, 0.2, 0.3], "liked": [1, 0, 1]})
SEEDS = [
    write(GOOD, "csv", ",", "utf-8"),
    write(GOOD, "csv", ";", "utf-16"),
    write(GOOD, "lines", ",", "utf-8"),
    write(GOOD, "parquet", ",", "utf-8"),
    gzip.compress(write(GOOD, "csv", ",", "utf-8")),
]
STARTS = [
    b"", b"\x1f\x8b", b"PAR1", b"PK\x03\x04", b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf", b"{", b"[", b'[{"energy":',
    b'"', b"sep=;\n", b"energy,tempo,liked\n", b"energy;key;duration\n", *SEEDS,
]  # fmt: skip


def survives(data: bytes) -> None:
    """Bytes are read, or refused with a message and a hint."""
    try:
        tracks, notes = read_table(data)
    except InputError as error:
        refused = error
    else:
        assert len(tracks)
        assert all(isinstance(note, str) for note in notes)
        return
    assert refused.message
    assert refused.hint


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(STARTS), st.binary(min_size=1, max_size=200))
@example(b"", b"energy,\xff\x00")
@example(b"energy,tempo,liked\n", b'"""\r,,,,\n"')
def test_no_bytes_bring_it_down(start: bytes, data: bytes) -> None:
    survives(start + data)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(SEEDS), st.data())
def test_no_damage_brings_it_down(seed: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(seed) - 1))
    if data.draw(st.booleans()):
        survives(seed[: at + 1])
    else:
        survives(seed[:at] + data.draw(st.binary(min_size=1, max_size=4)) + seed[at + 1 :])


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=300), st.sampled_from(["utf-8", "utf-16"]))
def test_no_text_brings_it_down(text: str, encoding: str) -> None:
    survives(("key,energy,duration,liked,artist\n" + text).encode(encoding, "replace"))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["name", "energy", "x"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=120, deadline=None)
@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(["energy", "key", "liked", "artists", "duration", "added_at", "explicit", "id", "mode"]),
            JSON,
        ),
        min_size=1,
        max_size=4,
    )
)
@example([{"energy": 10**400}])
def test_no_json_brings_it_down(records: list[dict[str, Any]]) -> None:
    survives(json.dumps(records).encode())
