"""Files without records are loaded as a CSV file of a header alone is."""

import pyarrow as pa
import pytest

from tests.unit.binary.encode import ENCODERS
from tests.unit.binary.workbooks import sheet_xml, workbook
from tests.unit.columns.contracts import column, contract
from tests.unit.columns.files import read_file

THINGS = contract(column("a", "int4", nullable=False), column("b", "text"))
EMPTY = pa.table({"a": pa.array([], pa.int32()), "b": pa.array([], pa.string())})


@pytest.mark.parametrize(
    "data",
    [
        *(encode(EMPTY) for encode in ENCODERS.values()),
        workbook({"S": sheet_xml({1: {"A": "a", "B": "b"}})}),
    ],
)
def test_a_file_without_records_loads_nothing(data: bytes) -> None:
    file = read_file(THINGS, data, chunk_bytes=10)
    assert (file.read, file.rows, file.rejects) == (0, [], {})
