"""Files are recognised by their content, whatever they begin with."""

import io

import pyarrow as pa
import pytest

from tests.integration.infer.binary_files import zip_of
from tests.unit.binary.encode import ENCODERS, arrow_stream
from tests.unit.binary.workbooks import sheet_xml, with_another_part_first, workbook
from waybill.binary.parquet import parquet_error
from waybill.binary.recognise import binary_format
from waybill.binary.source import BytesSource
from waybill.errors import Rejected
from waybill.inference.file_sample import FileSample
from waybill.inference.infer import infer_dataset

_TABLE = pa.table({"id": [1, 2], "note": ["a", "b"]})
_WORKBOOK = workbook({"A": sheet_xml({1: {"A": "id"}, 2: {"A": 1}, 3: {"A": 2}})})


def old_stream(table: pa.Table) -> bytes:
    """A stream as Arrow wrote it before 0.15."""
    sink = io.BytesIO()
    options = pa.ipc.IpcWriteOptions(
        use_legacy_format=True, metadata_version=pa.ipc.MetadataVersion.V4
    )
    with pa.ipc.new_stream(sink, table.schema, options=options) as writer:
        writer.write_table(table)
    return sink.getvalue()


def infer(data: bytes) -> tuple[str, int]:
    found = infer_dataset(FileSample.of_bytes(data, whole=True), "things")
    return found.file_format, found.records


@pytest.mark.parametrize("content_types", ["[Content_Types].xml", "[content_types].xml"])
def test_a_workbook_may_begin_with_any_part(content_types: str) -> None:
    data = with_another_part_first(_WORKBOOK, content_types)
    assert binary_format(data, BytesSource(data)) == "xlsx"
    assert infer(data) == ("xlsx", 2)


def test_an_archive_of_workbooks_is_an_archive() -> None:
    data = zip_of(book=with_another_part_first(_WORKBOOK))
    assert binary_format(data, BytesSource(data)) is None
    assert infer(data) == ("xlsx", 2)


def test_an_archive_without_its_directory_is_damaged() -> None:
    data = with_another_part_first(_WORKBOOK)[:-30]
    with pytest.raises(Rejected, match="zip archive is damaged"):
        binary_format(data, BytesSource(data))


def test_a_stream_of_an_old_arrow_is_read() -> None:
    data = old_stream(_TABLE)
    assert data[:4] != arrow_stream(_TABLE)[:4] == b"\xff" * 4
    assert binary_format(data) == "arrow-stream"
    assert infer(data) == ("arrow-stream", 2)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be", "utf-32-le"])
def test_text_is_no_stream_of_an_old_arrow(encoding: str) -> None:
    for text in ("id,note\n1,a\n", "\x04\x10\x04\x10", "Ĕ\x10\x14", "\x14\0\x10\0\x08" * 20):
        assert binary_format(text.encode(encoding)) is None
    for length in range(80):
        assert binary_format(old_stream(_TABLE)[:length]) in (None, "arrow-stream")


@pytest.mark.parametrize("name", ENCODERS)
def test_the_records_of_a_file_are_counted_once(name: str) -> None:
    # As text they can be read, as jsonb they cannot.
    tags = pa.array([["a\0b"], ["c"]], pa.list_(pa.string()))
    found = infer_dataset(
        FileSample.of_bytes(ENCODERS[name](pa.table({"id": [1, 2], "tags": tags})), whole=True),
        "things",
    )
    assert (found.records, found.rejected) == (2, 1)


def test_a_file_of_which_every_record_is_rejected_says_why() -> None:
    raw = pa.array([{"a": b"\xff"}], pa.struct([("a", pa.binary())]))
    data = arrow_stream(pa.table({"raw": raw}))
    with pytest.raises(Rejected, match=r"the first is rejected: .* not valid UTF-8"):
        infer(data)


def test_a_type_without_a_class_is_named() -> None:
    error = parquet_error(KeyError(21))
    assert error.code == "unsupported-file"
    assert "Arrow's type number 21, such as an interval" in error.detail
