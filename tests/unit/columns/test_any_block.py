"""Rows and rejects do not depend on where the blocks of a stream end, however broken it is."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.columns.contracts import column, contract, layout
from tests.unit.records import reference
from waybill.columns.check import Checker
from waybill.records.grammar import Fault
from waybill.records.marks import Marks
from waybill.records.splitter import RecordSplitter, split

PAIRS = contract(column("a", "text"), column("n", "int4", nullable=False))
WORDS = ['"', ",", "\n", "\r\n", "a", "7", "\0", "é", " ", "a,7\n", '"a",7\n']
PARTS = [*(word.encode() for word in WORDS), b"\xff"]
hostile = st.lists(st.sampled_from(PARTS), max_size=40).map(b"".join)


def lines(data: bytes, size: int) -> tuple[dict[int, object], dict[int, bytes]]:
    """Rows by line, and the raw text of rejects by line."""
    checker = Checker(PAIRS, layout(PAIRS), chunk=0)
    rows: dict[int, object] = {}
    rejects: dict[int, bytes] = {}
    pieces = (data[at : at + size] for at in range(0, len(data), size))
    for block in split(pieces, RecordSplitter(Marks(","))):
        checked = checker.check(block)
        assert checked.read == checked.staged.num_rows + checked.rejected
        rows |= {row["_waybill_line"]: (row["a"], row["n"]) for row in checked.staged.to_pylist()}
        for batch in checked.rejects:
            rejects |= {row["line"]: row["raw"] for row in batch.to_pylist()}
    return rows, rejects


@given(hostile, st.integers(1, 60))
@settings(max_examples=600, deadline=None)
def test_every_record_is_a_row_or_a_reject(data: bytes, size: int) -> None:
    rows, rejects = lines(data, size)
    seen = {record.line: record for record in reference.read(data)}
    assert sorted([*rows, *rejects]) == sorted(seen)
    assert all(seen[line].raw == raw for line, raw in rejects.items())
    assert all(seen[line].fault is Fault.OK for line in rows)
    assert (rows, rejects) == lines(data, max(len(data), 1))
