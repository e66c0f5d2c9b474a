"""POST /datasets/{name}/preview reads a file that the caller has uploaded as a sample."""

import base64
import os
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from functions.api.batch import parse_sample
from functions.api.batch.handler import handle
from tests.integration.infer.binary_files import tar_of, zip_of
from tests.unit.binary.encode import ENCODERS, parquet
from tests.unit.binary.workbooks import sheet_xml, workbook
from tests.unit.columns.contracts import column, contract
from tests.unit.datasets.test_infer_sample import put
from tests.unit.http.api_client import ADMIN, STATE, ApiResponse, call
from waybill.http.principal import Principal
from waybill.ids import new_id
from waybill.state.bucket import StateBucket

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ROWS = 60_000
TABLE = pa.table(
    {"id": pa.array(range(ROWS), pa.int32()), "text": [os.urandom(50).hex() for _ in range(ROWS)]}
)


@pytest.fixture(autouse=True)
def birds(aws: "S3Client") -> None:
    made = contract(column("id", "int4"), column("text", "text"), name="birds")
    StateBucket(aws, STATE).contracts.publish(made)


def preview(sample: object, body: object = None, caller: Principal = ADMIN) -> ApiResponse:
    target = f"/datasets/birds/preview?sample_id={sample}"
    return call(handle, "POST", target, body, {"Content-Type": "text/csv"}, caller=caller)


@pytest.mark.parametrize("file_format", ENCODERS)
def test_a_file_larger_than_a_body_is_shown(aws: "S3Client", file_format: str) -> None:
    data = ENCODERS[file_format](TABLE)
    assert len(data) > 4 * 1024**2
    response = preview(put(aws, data))
    assert response.status == 200, response.text
    records = response.json()["records"]
    assert [record["after"]["id"] for record in records] == list(range(20))


def test_text_is_read_up_to_the_last_record_shown(
    aws: "S3Client", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parse_sample, "_MOST_BYTES", 5 * 1024**2)
    data = b"id,text\n" + b"".join(b"%d,%060d\n" % (n, n) for n in range(200_000))
    response = preview(put(aws, data))
    assert response.status == 200, response.text
    assert len(response.json()["records"]) == 20


def test_more_than_the_bound_is_not_read(aws: "S3Client", monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parse_sample, "_MOST_BYTES", 1024**2)
    sample = put(aws, parquet(TABLE, row_group_size=ROWS, compression="none"))
    assert preview(sample).problem() == (422, "sample-too-large")


def test_the_sample_is_the_caller_s_own_and_comes_alone(aws: "S3Client") -> None:
    other = ADMIN._replace(subject="somebody")
    sample = put(aws, b"id,text\n1,a\n", other)
    assert preview(sample).problem() == (404, "unknown-sample")
    assert preview(new_id()).problem() == (404, "unknown-sample")
    assert preview(sample, caller=other).status == 200
    assert preview(sample, "id,text\n1,a\n", other).problem() == (422, "invalid-request")


def beginning(data: bytes) -> ApiResponse:
    """The first MiB of a file, as a client sends it."""
    assert len(data) > 1024**2
    target, headers = "/datasets/birds/preview?whole=false", {"Content-Type": "text/csv"}
    body = base64.b64encode(data[: 1024**2]).decode()
    return call(handle, "POST", target, body, headers, encoded=True)


@pytest.mark.parametrize("file_format", ENCODERS)
def test_the_beginning_of_a_file_says_that_the_whole_is_needed(file_format: str) -> None:
    assert beginning(ENCODERS[file_format](TABLE)).problem() == (422, "whole-file-needed")


def test_a_workbook_is_known_by_a_later_part() -> None:
    first = zip_of(notes=os.urandom(500_000))
    odd = first[: first.index(b"PK\x01\x02")] + workbook(
        {"Birds": sheet_xml({1: {"A": "id", "B": os.urandom(600_000).hex()}})}
    )
    assert beginning(odd).problem() == (422, "whole-file-needed")


@pytest.mark.parametrize(
    "data",
    [
        zip_of(a=os.urandom(1024**2), b=b"id\n1\n"),
        tar_of(a=b"id,text\n1,a\n" * 100_000),
        b"%PDF-1.7\n" + bytes(1024**2),
    ],
    ids=["zip", "tar", "pdf"],
)
def test_the_beginning_of_what_is_never_shown_is_refused_for_that(
    aws: "S3Client", data: bytes
) -> None:
    refused = beginning(data)
    assert refused.problem() == (422, "unsupported-file")
    assert refused.json()["detail"] == preview(put(aws, data)).json()["detail"]


@pytest.mark.parametrize("separator", [b",", b";"])
def test_the_beginning_of_a_text_is_shown_without_the_record_that_it_ends_in(
    separator: bytes,
) -> None:
    rows = (b"%d,%0100000d\n" % (n, n) for n in range(30))
    response = beginning((b"id,text\n" + b"".join(rows)).replace(b",", separator))
    assert response.status == 200, response.text
    assert [record["after"]["id"] for record in response.json()["records"]] == list(range(10))
