"""Plain text tables line up by what a terminal shows."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from earmark.cli.tables import MAX_COLUMN, text_table

CELLS = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp", "Mn", "Me", "Cf")), max_size=20)


def test_words_stand_left_and_numbers_right() -> None:
    table = text_table(
        ["name", "score", "trials"], [["tree", "0.791", "30"], ["boosted", "-0.8", "-"], ["net", "", "5"]]
    )
    assert table == (
        "name     score  trials\n"
        "tree     0.791      30\n"
        "boosted   -0.8       -\n"
        "net                  5\n"
    )  # fmt: skip


def test_a_header_alone_is_a_line() -> None:
    assert text_table(["a", "b"], []) == "a  b\n"


def test_wide_characters_count_twice() -> None:
    lines = text_table(["title", "x"], [["東京", "a"], ["abcd", "b"]]).splitlines()
    assert [cell_len(line) for line in lines[1:]] == [8, 8]
    assert lines[1] == "東京   a"


@given(st.lists(st.tuples(CELLS, CELLS, st.just("|")), min_size=1, max_size=6))
def test_columns_begin_below_each_other_and_no_cell_is_lost(rows: list[tuple[str, str, str]]) -> None:
    lines = text_table(["a", "b", "c"], rows).split("\n")[:-1]
    assert len(lines) == len(rows) + 1
    assert len({cell_len(line) for line in lines}) == 1, "the last column must stand in one place"
    for line, row in zip(lines[1:], rows, strict=True):
        assert all(cell in line for cell in row)


def test_long_cells_are_cut_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    long = "x" * 100
    assert long in text_table(["a"], [[long]])
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    for columns, cut in ((80, True), (250, False)):
        monkeypatch.setattr("shutil.get_terminal_size", lambda size=columns: os.terminal_size((size, 24)))
        line = text_table(["a"], [[long]]).splitlines()[1]
        assert line == ("x" * (MAX_COLUMN - 1) + "…" if cut else long)
        assert text_table(["a"], [[long]], whole=True).splitlines()[1] == long
