"""Binary files of datasets of documents, with other columns, and in previews."""

import datetime as dt
import json
from decimal import Decimal

import pyarrow as pa
import pytest

from functions.api.batch.preview_records import Sample, preview_records
from tests.unit.binary.encode import ENCODERS, parquet
from tests.unit.binary.workbooks import sheet_xml, workbook
from tests.unit.columns.contracts import column, contract
from tests.unit.columns.files import read_file
from waybill.binary.source import BytesSource
from waybill.errors import Rejected

DOCUMENTS = contract(column("payload", "jsonb", nullable=False), document="payload")
THINGS = contract(column("a", "int4", nullable=False), column("b", "text"))
MORE = pa.table({"a": [1, 2], "x": [0.5, None], "b": ["s", "t"], "y": [[1], None]})


@pytest.mark.parametrize("file_format", ENCODERS)
def test_a_record_becomes_a_document_with_its_types(file_format: str) -> None:
    table = pa.table(
        {
            "n": pa.array([Decimal("1.50"), None], pa.decimal128(9, 2)),
            "t": ["é\n", None],
            "d": pa.array([dt.date(2021, 2, 3), None]),
            "l": [[1, None], None],
            "o": pa.array([{"k": True}, None]),
        }
    )
    file = read_file(DOCUMENTS, ENCODERS[file_format](table))
    first, second = (row["payload"] for row in file.rows)
    assert first == '{"n": 1.50, "t": "é\\n", "d": "2021-02-03", "l": [1, null], "o": {"k": true}}'
    assert json.loads(second) == dict.fromkeys("ntdlo")


def test_a_document_that_is_no_text_is_a_reject() -> None:
    file = read_file(DOCUMENTS, parquet(pa.table({"b": pa.array([b"x", b"\xff", b"z"])})))
    assert [row["payload"] for row in file.rows] == ['{"b": "x"}', '{"b": "z"}']
    assert file.codes(2) == [(None, "invalid_utf8")]


def test_names_that_occur_twice_are_refused() -> None:
    twice = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["k", "k"])
    with pytest.raises(Rejected, match=r"duplicate-columns.*'k'"):
        read_file(DOCUMENTS, ENCODERS["arrow-stream"](twice))


def test_other_columns_are_refused_ignored_or_rescued() -> None:
    data = parquet(MORE)
    with pytest.raises(Rejected, match="unknown-columns"):
        read_file(THINGS, data)
    ignored = read_file(THINGS.model_copy(update={"drift": "ignore"}), data)
    assert ignored.values == [(1, "s"), (2, "t")]
    assert [each.column for each in ignored.layout.drift] == ["x", "y"]
    rest = contract(
        column("a", "int4", nullable=False), column("b", "text"), column("rest", "jsonb"),
        drift="rescue", rescued="rest",
    )  # fmt: skip
    rescued = read_file(rest, data)
    assert [json.loads(row["rest"]) for row in rescued.rows] == [
        {"x": "0.5", "y": "[1]"},
        {"x": None, "y": None},
    ]


@pytest.mark.parametrize(
    "data",
    [
        *(encode(pa.table({"b": ["x", "y"], "a": [1.0, 2.5]})) for encode in ENCODERS.values()),
        workbook({"S": sheet_xml({1: {"A": "b", "B": "a"}, 2: {"A": "x", "B": 1},
                                  3: {"A": "y", "B": 2.5}})}),
    ],
)  # fmt: skip
def test_a_preview_shows_records_and_what_is_wrong(data: bytes) -> None:
    found = preview_records(THINGS, Sample(BytesSource(data)))
    layout, records = found.layout, found.records
    assert layout.columns == ("b", "a")
    assert [record.outcome for record in records] == ["loaded", "rejected"]
    assert records[0].before == {"b": "x", "a": "1"}
    assert records[0].after == {"b": "x", "a": 1}
    assert records[1].raw == '{"b": "y", "a": "2.5"}'
    assert records[1].errors[0].code == "invalid_integer"


def test_a_preview_of_a_part_of_a_file_is_refused() -> None:
    with pytest.raises(Rejected, match="corrupt-file"):
        preview_records(THINGS, Sample(BytesSource(parquet(MORE)[:500])))
