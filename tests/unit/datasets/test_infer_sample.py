"""POST /datasets/infer reads a file that the caller has uploaded as a sample."""

import base64
import gzip
import hashlib
import io
import os
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

import pyarrow as pa
import pytest
from botocore.exceptions import ClientError
from pyarrow import parquet

from functions.api.datasets import infer_head
from functions.api.datasets.handler import handle
from tests.integration.infer.binary_files import tar_of, zip_of
from tests.unit.binary.workbooks import sheet_xml, workbook
from tests.unit.http.api_client import ADMIN, STATE, ApiResponse, call
from waybill.errors import NotFound
from waybill.http.principal import Principal
from waybill.ids import new_id
from waybill.state.samples import open_sample

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CSV = {"Content-Type": "text/csv"}


def put(s3: "S3Client", data: bytes, caller: Principal = ADMIN) -> UUID:
    """Store a sample as the form does."""
    sample = new_id()
    folder = hashlib.sha256(caller.subject.encode()).hexdigest()
    s3.put_object(Bucket=STATE, Key=f"samples/{folder}/{sample}", Body=data)
    return sample


def infer(sample: object, body: object = None, caller: Principal = ADMIN) -> ApiResponse:
    target = f"/datasets/infer?name=ships.parquet&sample_id={sample}"
    return call(handle, "POST", target, body, CSV, caller=caller)


def table(rows: int, width: int = 60) -> pa.Table:
    """Rows of which each is about `width` bytes, also in a file."""
    texts = [base64.b85encode(os.urandom(width)).decode() for _ in range(rows)]
    return pa.table({"id": pa.array(range(rows), pa.int64()), "text": texts})


def test_a_large_parquet_is_proposed_from_without_being_read_as_a_whole(
    aws: "S3Client", monkeypatch: pytest.MonkeyPatch
) -> None:
    file = io.BytesIO()
    with parquet.ParquetWriter(file, table(1).schema, compression="none") as writer:
        for _ in range(6):
            writer.write_table(table(60_000, 120))
    data = file.getvalue()
    assert len(data) > 40 * 1024**2
    monkeypatch.setattr(infer_head, "_MOST_BYTES", len(data) - 10 * 1024**2)
    found = infer(put(aws, data))
    assert found.status == 200, found.text
    proposed = found.json()
    assert [column["type"] for column in proposed["columns"]] == ["bigint", "text"]
    assert proposed["complete"] is False
    assert 60_000 < proposed["records"] <= 110_000


def test_a_workbook_of_more_than_a_body_holds_is_proposed_from(aws: "S3Client") -> None:
    rows: dict[int, dict[str, object]] = {1: {"A": "id", "B": "text"}}
    for row in range(2, 60_000):
        rows[row] = {"A": row, "B": os.urandom(60).hex()}
    data = workbook({"Ships": sheet_xml(rows)})
    assert len(data) > 4 * 1024**2
    found = infer(put(aws, data))
    assert found.status == 200, found.text
    assert [column["name"] for column in found.json()["columns"]] == ["id", "text"]


def test_text_is_read_from_its_beginning(aws: "S3Client") -> None:
    found = infer(put(aws, b"id,text\n" + b"".join(b"%d,%x\n" % (n, n * n) for n in range(10**6))))
    assert found.status == 200, found.text
    assert 100_000 <= found.json()["records"] < 10**6


def test_too_much_of_a_file_is_not_read(aws: "S3Client", monkeypatch: pytest.MonkeyPatch) -> None:
    file = io.BytesIO()
    parquet.write_table(table(100_000, 100), file, row_group_size=100_000, compression="none")
    monkeypatch.setattr(infer_head, "_MOST_BYTES", 4 * 1024**2)
    assert infer(put(aws, file.getvalue())).problem() == (422, "sample-too-large")


@pytest.mark.parametrize("data", [b"", b"PAR1\x15\0PAR1", b"PK\x03\x04" + bytes(99)])
def test_a_damaged_sample_is_refused(aws: "S3Client", data: bytes) -> None:
    assert infer(put(aws, data)).status == 422


def test_nobody_reads_the_file_of_another(aws: "S3Client") -> None:
    other = ADMIN._replace(subject="somebody")
    sample = put(aws, b"id\n1\n", other)
    assert infer(sample).problem() == (404, "unknown-sample")
    assert infer(sample, caller=other).status == 200
    assert infer(new_id()).problem() == (404, "unknown-sample")


def test_s3_refuses_a_missing_sample_to_who_lists_a_prefix_only() -> None:
    class Refusing:
        """S3 for a role whose ListBucket is limited to a prefix."""

        def head_object(self, **_parameters: str) -> None:
            raise ClientError({"Error": {"Code": "403"}}, "HeadObject")

        def list_objects_v2(self, **parameters: object) -> dict[str, object]:
            assert str(parameters["Prefix"]).startswith("samples/")
            return {}

    with pytest.raises(NotFound, match="unknown-sample"):
        open_sample(cast(Any, Refusing()), STATE, "a-person", new_id())


@pytest.mark.parametrize("sample", ["x", "..", "a-person/1", ""])
@pytest.mark.usefixtures("aws")
def test_an_id_is_a_uuid(sample: str) -> None:
    assert infer(sample).problem() == (422, "invalid-request")


def test_a_body_beside_a_sample_is_refused(aws: "S3Client") -> None:
    sample = put(aws, b"id\n1\n")
    assert infer(sample, "id\n2\n").problem() == (422, "invalid-request")


def test_an_archive_larger_than_a_body_is_proposed_from(aws: "S3Client") -> None:
    members = {
        name: b"id,text\n" + b"".join(b"%d,%s\n" % (n, os.urandom(50).hex().encode())
                                      for n in range(60_000))
        for name in ("a", "b")
    }  # fmt: skip
    data = zip_of(**members)
    assert len(data) > 4 * 1024**2
    found = infer(put(aws, data))
    assert found.status == 200, found.text
    assert [column["name"] for column in found.json()["columns"]] == ["id", "text"]


@pytest.mark.parametrize(
    "data",
    [
        zip_of(zeros=bytes(40 * 1024**2)),
        gzip.compress(tar_of(zeros=bytes(40 * 1024**2))),
        zip_of(inner=zip_of(a=b"id\n1\n")),
    ],
    ids=["zip", "tar.gz", "nested"],
)
def test_bombs_and_archives_in_archives_are_refused(aws: "S3Client", data: bytes) -> None:
    code = infer(put(aws, data)).problem()
    assert code in {(422, "decompression-limit"), (422, "unsupported-file")}
