"""Values that Python's csv module writes are staged unchanged, wherever blocks end."""

import csv
import io

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.columns.contracts import column, contract, layout
from waybill.columns.check import Checker
from waybill.records.marks import Marks
from waybill.records.splitter import RecordSplitter, split

TEXTS = contract(column("a", "text"), column("b", "text"))
cells = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
hostile = st.text('",\n\r \t\\é🚚\ufeff', max_size=6)
rows = st.lists(st.tuples(cells | hostile, cells | hostile), max_size=12)


def staged(data: bytes, size: int) -> list[tuple[str | None, str | None]]:
    checker = Checker(TEXTS, layout(TEXTS), chunk=0)
    pieces = (data[at : at + size] for at in range(0, len(data), size))
    found = [checker.check(block) for block in split(pieces, RecordSplitter(Marks(",")))]
    assert not any(checked.rejected for checked in found)
    return [(row["a"], row["b"]) for checked in found for row in checked.staged.to_pylist()]


@given(rows, st.integers(1, 60), st.sampled_from(["\n", "\r\n", "\r"]))
@settings(max_examples=300, deadline=None)
def test_quoted_text_is_kept_byte_for_byte(
    rows: list[tuple[str, str]], size: int, end: str
) -> None:
    out = io.StringIO(newline="")
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator=end).writerows(rows)
    assert staged(out.getvalue().encode(), size) == rows


@given(rows, st.integers(1, 60))
@settings(max_examples=300, deadline=None)
def test_unquoted_text_is_trimmed_and_null_if_empty(rows: list[tuple[str, str]], size: int) -> None:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\r\n").writerows(rows)
    expected = [tuple(_kept(cell) for cell in row) for row in rows]
    assert staged(out.getvalue().encode(), size) == expected


def _kept(cell: str) -> str | None:
    # What needs quotes is written in them, and so kept.
    return cell if set(cell) & set('",\n\r') else cell.strip(" \t") or None
