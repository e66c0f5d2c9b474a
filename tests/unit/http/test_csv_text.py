"""A spreadsheet evaluates no exported cell as a formula, and a replay restores every value."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waybill.http.csv_text import csv_lines, escape_formula, unescape_formula

DANGEROUS = "=+-@\t\r\n\0\uff1d\uff0b\uff0d\uff20"


@pytest.mark.parametrize("first", DANGEROUS)
def test_a_formula_is_text(first: str) -> None:
    assert escape_formula(f"{first}1") == f"'{first}1"


@given(st.text(alphabet=f"'{DANGEROUS}ab1", max_size=8))
def test_the_guard_is_removed_without_loss(cell: str) -> None:
    assert escape_formula(cell)[:1] not in set(DANGEROUS)
    assert unescape_formula(escape_formula(cell)) == cell


@pytest.mark.parametrize("cell", ["", "plain", "'tis", "O'Neill", "5"])
def test_other_text_is_left_alone(cell: str) -> None:
    assert escape_formula(cell) == unescape_formula(cell) == cell


@given(st.lists(st.lists(st.text(alphabet='a,"\n\r;é', min_size=1), min_size=2, max_size=2)))
def test_lines_round_trip(rows: list[list[str]]) -> None:
    read = list(csv.reader(io.StringIO(csv_lines(rows), newline="")))
    assert [[unescape_formula(cell) for cell in row] for row in read] == rows


def test_null_is_an_empty_cell_and_a_number_is_not_guarded() -> None:
    assert csv_lines([[None, -5, "x"]]) == ",-5,x\r\n"
