"""For any bytes, each record becomes a row or a reject, or the file fails with a reason."""

import bz2
import csv
import gzip
import io
import json

import pytest
from backports import zstd
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.unit.columns.contracts import column, contract
from tests.unit.columns.files import File, read_file
from waybill.contract.model import Contract
from waybill.errors import Rejected

KINDS = ["int4", "text", "numeric", "bool", "timestamptz", "jsonb"]
WIDE = contract(
    *(column(f"c{place}", kind) for place, kind in enumerate(KINDS)),
    null_words=("NA",),
    formats={"c2": {"decimal": ",", "thousands": "."}, "c4": {"zone": "Europe/Zurich"}},
)
PAIR = contract(column("a", "text"), column("b", "text"), header="absent", trim=False)
DOCUMENT = contract(column("payload", "jsonb", nullable=False), document="payload")
CONTRACTS = {
    "wide": WIDE,
    "pair": PAIR,
    "document": DOCUMENT,
    "utf-16": PAIR.model_copy(update={"encoding": "utf-16-be"}),
    "windows": PAIR.model_copy(update={"encoding": "windows-1252", "delimiter": ";"}),
    "single": WIDE.model_copy(update={"quote": "'", "delimiter": ";"}),
    "escaped": PAIR.model_copy(update={"escape": "\\"}),
    "unquoted": PAIR.model_copy(
        update={"quote": None, "escape": "\\", "escape_codes": True, "null_words": ("\\N",)}
    ),
    "brackets": PAIR.model_copy(
        update={"quote": "[", "escape": "]", "file_format": "csv", "encoding": "windows-1252"}
    ),
    "json": WIDE.model_copy(update={"file_format": "json"}),
}
PARTS = b'" "" , ; \n \r\n \r \t | { } [ ] : \\ \\" \\u0000 \\ud83d a c0 "c1" 1 -1,5 true null NA'
words = [*PARTS.split(b" "), b" ", b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"\x1f\x8b", b"\x81"]
words += [b"'", b"\\\\", b"\\N", b"\\t"]
words += [
    b'{"c0": 1}',
    b'{"c1": "x", "c5": [1, {"a": 2.50}]}\n',
    b"1,a,2,t,2021-03-28 02:30:00,{}\n",
]
hostile = st.lists(st.sampled_from(words), max_size=40).map(b"".join) | st.binary(max_size=60)
packed = (
    hostile | hostile.map(gzip.compress) | hostile.map(bz2.compress) | hostile.map(zstd.compress)
)


def outcome(things: Contract, data: bytes, block: int, chunk: int | None = None) -> object:
    """The rows and rejects, or the error code of the file."""
    try:
        file = read_file(things, data, block=block, chunk_bytes=chunk)
    except Rejected as refused:
        return refused.code
    return [{**row, "_waybill_chunk": 0} for row in file.rows], file.rejects


@given(packed, st.sampled_from(sorted(CONTRACTS)), st.integers(1, 50), st.integers(1, 50))
@settings(max_examples=800, deadline=None)
@example(b"[{},", "json", 1, 1)
@example(b'{"c0": 1}{"c0": 1}', "pair", 1, 1)
@example(gzip.compress(b"")[:12], "pair", 5, 1)
def test_result_does_not_depend_on_blocks_and_chunks(
    data: bytes, name: str, block: int, chunk: int
) -> None:
    # `read_file` asserts that each record is a row or a reject.
    whole = outcome(CONTRACTS[name], data, 1 << 20)
    assert outcome(CONTRACTS[name], data, block) == whole
    assert outcome(CONTRACTS[name], data, block, chunk) == whole


@given(hostile)
@settings(max_examples=400, deadline=None)
def test_csv_agrees_with_python_where_both_accept_it(data: bytes) -> None:
    plain = PAIR.model_copy(
        update={
            "file_format": "csv",
            "delimiter": ",",
            "encoding": "utf-8",
            "skip_blank_records": False,
        }
    )
    file: File | None = None
    try:
        file = read_file(plain, data)
        text = data.decode("utf-8-sig")
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except (Rejected, UnicodeDecodeError, csv.Error):
        return
    if file is not None and not file.rejects and file.layout.encoding == "utf-8":
        assert [[cell or "" for cell in row] for row in file.values] == [row for row in rows if row]


@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(["c0", "C1", "c2", "c5", "other"]),
            st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.lists(st.none()),
            max_size=4,
        ),
        min_size=1,
        max_size=8,
    ),
    st.integers(1, 50),
)
@settings(max_examples=300, deadline=None)
def test_json_rows_agree_with_python(records: list[dict[str, object]], block: int) -> None:
    array = json.dumps(records).encode()
    lines = b"\n".join(json.dumps(record).encode() for record in records)
    files = [read_file(CONTRACTS["json"], data, block=block) for data in (array, lines)]
    assert files[0].values == files[1].values
    assert files[0].rejects == files[1].rejects
    for row in files[0].rows:
        record = records[row["_waybill_line"] - 1]
        assert "other" not in record
        assert row["c0"] == (None if record.get("c0") in (None, "") else int(str(record["c0"])))
        text = record.get("C1")
        assert row["c1"] == (text if text is None or isinstance(text, str) else json.dumps(text))


@pytest.mark.parametrize("depth", [10, 100_000])
def test_deep_nesting_does_not_crash(depth: int) -> None:
    data = b'{"c5": ' + b"[" * depth + b"]" * depth + b"}"
    file = read_file(WIDE, data)
    assert len(file.rows) + len(file.rejects) == 1
