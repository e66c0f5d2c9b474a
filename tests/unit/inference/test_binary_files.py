"""What is proposed for Parquet, Arrow, Excel and archives."""

import gzip

import pyarrow as pa
import pytest

from tests.integration.infer.binary_files import BINARY_FILES, TYPED, tar_of, zip_of
from tests.integration.infer.files import FILES
from tests.unit.binary.encode import ENCODERS, arrow_stream, parquet
from waybill.errors import Rejected
from waybill.inference.file_sample import Bounds, FileSample
from waybill.inference.infer import infer_dataset
from waybill.inference.model import Inferred


def infer(data: bytes, *, whole: bool = True) -> Inferred:
    return infer_dataset(FileSample.of_bytes(data, whole=whole), "things")


TYPES = {
    "order_id": "bigint",
    "tiny": "smallint",
    "unsigned": "numeric",
    "half": "double precision",
    # The check refuses infinity.
    "single": "text",
    "money": "numeric(10,2)",
    "wide": "numeric(76,0)",
    "flag": "boolean",
    "day": "date",
    "naive": "timestamp",
    "instant": "timestamptz",
    # PostgreSQL has no nanoseconds.
    "fine": "text",
    "clock": "time",
    "span": "interval",
    "code": "text",
    "digits": "text",
    "kind": "text",
    "raw": "bytea",
    "uid": "uuid",
    "tags": "jsonb",
    "shape": "jsonb",
    "nothing": "text",
}


@pytest.mark.parametrize("file_format", ENCODERS)
def test_the_types_are_those_of_the_file(file_format: str) -> None:
    found = infer(ENCODERS[file_format](TYPED))
    assert {column.name: column.type for column in found.columns} == TYPES
    assert (found.file_format, found.records, found.rejected) == (file_format, 3, 0)
    assert (found.encoding, found.delimiter, found.header) == (None, None, None)
    evidence = {column.name: "; ".join(column.evidence) for column in found.columns}
    assert "int8 in the file" in evidence["tiny"]
    assert "text, though integer would read every value" in evidence["digits"]
    assert "'NaN' 1 times: read as null" in evidence["half"]
    assert "not every value is timestamp" in evidence["fine"]
    assert f"the whole file: {file_format}." in found.sql


def test_a_sheet_is_proposed_by_its_values_below_its_title() -> None:
    found = infer(BINARY_FILES["titled.xlsx"])
    assert {column.source: column.type for column in found.columns} == {
        "Order ID": "integer",
        "when": "date",
        "seen": "timestamp",
        "at": "time",
        "ok": "boolean",
        "net": "numeric",
        "x": "text",
    }
    assert (found.header, found.records) == ("present", 26)
    assert "sheet: 'May'; others are 'June'" in found.notes


def test_a_sheet_without_names() -> None:
    found = infer(BINARY_FILES["no_header.xlsx"])
    assert [column.source for column in found.columns] == [None, None]
    assert (found.header, found.records) == ("absent", 13)


def test_the_only_file_of_an_archive_is_read() -> None:
    found = infer(BINARY_FILES["zipped.zip"])
    assert found.file_format == "csv"
    assert "archive: zip, of which the only file, 'folder/orders', was read" in found.notes
    assert infer(BINARY_FILES["zipped_parquet.zip"]).file_format == "parquet"


@pytest.mark.parametrize(
    ("files", "records", "file_format"),
    [
        ({"a": b"id,n\n1,a\n", "b": b"N,id\nb,2\n", "c": gzip.compress(b"id,n\n3,c\n")}, 3, "csv"),
        ({"a": b"id,n\n1,a\n2,b\n", "b": b"id,n\n"}, 2, "csv"),
        ({"a": b'{"id":1}', "b": b'[{"id":2,"n":"b"}]'}, 2, "json-lines"),
        ({"a": parquet(TYPED), "b": parquet(TYPED.select(TYPED.column_names[::-1]))}, 6, "parquet"),
        ({str(n): b"id,n\n%d,a\n" % n for n in range(25)}, 20, "csv"),
    ],
)
def test_the_files_of_an_archive_make_one_dataset(
    files: dict[str, bytes], records: int, file_format: str
) -> None:
    found = infer(zip_of(**files))
    assert (found.file_format, found.records, found.rejected) == (file_format, records, 0)
    read = "all" if len(files) == records or len(files) < 20 else "the first 20"
    assert f"archive: zip of {len(files)} files, of which {read} were read" in found.notes
    assert found.complete is (len(files) <= 20)
    types = {column.source: column.type for column in found.columns}
    assert types.get("id", "bigint") in ("integer", "bigint")


def test_types_and_keys_are_those_of_all_files() -> None:
    found = infer(zip_of(a=b"id,n\n1,a\n2,b\n", b=b"id,n\n1,\n2.5,c\n"))
    assert {column.name: (column.type, column.nulls) for column in found.columns} == {
        "id": ("numeric", 0),
        "n": ("text", 1),
    }
    assert not any(key.columns == ["id"] for key in found.keys)


@pytest.mark.parametrize(
    ("files", "messages"),
    [
        (
            {"a": b"id,n\n1,a\n", "b": b"id,n\n2,b\n", "c": b"id,name\n3,c\n"},
            [
                "'folder/a', 'folder/b': csv split at ',' with 'id', 'n'",
                "'folder/c': csv split at ',' with 'id', 'name'",
            ],
        ),
        ({"a": b"id,n\n1,a\n", "b": b"id;n\n1;a\n"}, ["split at ','", "split at ';'"]),
        ({"a": b"id\n1\n", "b": b'{"id": 1}'}, ["csv split", "json with 'id'"]),
        ({"a": b'{"id": 1}', "b": b'{"n": 1}'}, ["json with 'id'", "json with 'n'"]),
        (
            {"a": parquet(pa.table({"id": [1]})), "b": parquet(pa.table({"id": ["1"]}))},
            ["parquet with 'id' int64", "parquet with 'id' string"],
        ),
        ({"a": b"id\n1\n", "b": zip_of(x=b"id\n1\n")}, ["'folder/b': refused", "a zip archive"]),
        ({str(n): b"id,n%d\n1,a\n" % n for n in range(9)}, ["and 4 other kinds"]),
    ],
)
def test_files_of_an_archive_that_differ_are_listed(
    files: dict[str, bytes], messages: list[str]
) -> None:
    with pytest.raises(Rejected, match="make no one dataset") as caught:
        infer(zip_of(**files))
    for message in messages:
        assert message in str(caught.value)


@pytest.mark.parametrize("file_format", ENCODERS)
def test_a_file_without_records_has_the_types_that_it_declares(file_format: str) -> None:
    found = infer(ENCODERS[file_format](TYPED.slice(0, 0)))
    expected = infer(ENCODERS[file_format](TYPED.slice(0, 2)))
    declared = [column for column in found.columns if column.type != "text"]
    types = {column.name: column.type for column in expected.columns}
    assert len(declared) > 15
    assert all(types[column.name] in (column.type, "text") for column in declared)
    assert (found.records, found.keys, found.partition) == (0, [], None)
    assert not any(column.required for column in found.columns)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (tar_of(a=tar_of(b=b"id\n1\n")), "tar archive"),
        (parquet(pa.table({"a": [1]}))[:-1], "damaged"),
        (arrow_stream(pa.table({f"c{n}": [1] for n in range(1501)})), "1501 fields"),
    ],
)
def test_what_cannot_be_proposed_from(data: bytes, message: str) -> None:
    with pytest.raises(Rejected, match=message):
        infer(data)


@pytest.mark.parametrize("name", ["typed.parquet", "titled.xlsx", "zipped.zip"])
def test_only_a_whole_binary_file_is_read(name: str) -> None:
    with pytest.raises(Rejected, match="whole"):
        infer(BINARY_FILES[name], whole=False)


BOMBS = {
    "zip": zip_of(zeros=bytes(100 * 1024**2)),
    "tar.gz": tar_of("w:gz", zeros=bytes(100 * 1024**2)),
    "dictionary": parquet(pa.table({"a": pa.array(["x" * 999] * 100_000).dictionary_encode()})),
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_are_refused(name: str) -> None:
    bounds = Bounds(records=100_000, text_bytes=16 * 1024**2)
    with pytest.raises(Rejected, match="decompression-limit"):
        infer_dataset(FileSample.of_bytes(BOMBS[name], whole=True, bounds=bounds), "things")


def test_a_path_in_an_archive_is_only_a_name() -> None:
    found = infer(zip_of(**{"../../etc/passwd": b"id\n1\n2\n"}))
    assert found.records == 2
    assert "'folder/../../etc/passwd'" in found.notes[0]


def test_names_with_control_characters_stay_in_comments_and_literals() -> None:
    names = {"a\r\nSet-Cookie: x": [1, 2], "b'; DROP TABLE x; --": [1, 2]}
    sql = infer(arrow_stream(pa.table(names))).sql
    lines = [line for line in sql.splitlines() if "DROP" in line or "Cookie" in line]
    assert all(line.lstrip().startswith(("--", "aliases =>")) for line in lines)


def test_text_stays_as_it_was_proposed() -> None:
    assert infer(FILES["orders.csv"]).encoding == "utf-8"
