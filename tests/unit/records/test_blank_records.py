"""CSV records of only delimiters are blank by default, and records if the contract says so."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.columns.contracts import column, contract
from tests.unit.columns.files import read_file
from waybill.columns.stage import LINE

THINGS = contract(column("a", "text"), column("b", "text"))
lines = st.lists(st.sampled_from(["x,y", ",", ",,,", "", "é,", ",z", '"",""', 'a"b,c']), max_size=9)


@given(lines, st.integers(1, 40), st.none() | st.integers(1, 40))
@settings(max_examples=300, deadline=None)
def test_blank_records_are_not_read(texts: list[str], block: int, chunk: int | None) -> None:
    data = "\n".join(["a,b", *texts, "x,y"]).encode()
    file = read_file(THINGS, data, block=block, chunk_bytes=chunk)
    kept = [n for n, text in enumerate([*texts, "x,y"], 2) if text.strip(",")]
    assert sorted([row[LINE] for row in file.rows] + list(file.rejects)) == kept


@pytest.mark.parametrize(("skip", "read"), [(True, 1), (False, 3)])
def test_the_contract_decides(skip: bool, read: int) -> None:
    things = THINGS.model_copy(update={"skip_blank_records": skip})
    assert read_file(things, b"a;b\n;\nx;y\n;\n").read == read
