"""An upload gets a ticket, then a presigned URL that accepts exactly the requested file."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
import requests

from functions.api.upload.deps import deps
from functions.api.upload.handler import handle
from tests.unit.http.api_client import ADMIN, LANDING, STATE, ApiResponse, call, parcels
from waybill.clients import s3_client
from waybill.http.principal import Principal
from waybill.state.bucket import StateBucket
from waybill.state.tickets import Ticket

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

pytestmark = pytest.mark.usefixtures("aws")


def ask(dataset: str = "parcels", /, **request: object) -> ApiResponse:
    return call(
        handle, "POST", f"/uploads/{dataset}", {"filename": "a.csv", "size_bytes": 9, **request}
    )


def policy(response: ApiResponse) -> list[Any]:
    document = json.loads(base64.b64decode(response.json()["fields"]["policy"]))
    conditions: list[Any] = document["conditions"]
    return conditions


def ticket_of(s3: "S3Client", response: ApiResponse) -> Ticket:
    ticket = StateBucket(s3, STATE).tickets.find(UUID(response.json()["job_id"]))
    assert ticket is not None
    return ticket


def test_a_form_takes_exactly_the_requested_file(aws: "S3Client") -> None:
    response = ask(sha256="AB" * 32, delimiter=";")
    assert response.status == 201
    accepted = response.json()
    assert (accepted["state"], accepted["method"]) == ("AWAITING_UPLOAD", "POST")
    assert response.headers["Location"] == f"https://api.example.com/v1/jobs/{accepted['job_id']}"
    key = f"landing/parcels/{accepted['job_id']}/a.csv"
    digest = base64.b64encode(bytes.fromhex("ab" * 32)).decode()
    conditions = policy(response)
    assert {"key": key} in conditions
    assert {"bucket": LANDING} in conditions
    assert ["content-length-range", 9, 9] in conditions
    assert {"x-amz-checksum-sha256": digest} in conditions
    assert {"x-amz-checksum-algorithm": "SHA256"} in conditions
    assert accepted["fields"]["key"] == key
    assert UUID(accepted["job_id"]).version == 7
    ticket = ticket_of(aws, response)
    assert (ticket.key, ticket.sha256, ticket.delimiter) == (key, "ab" * 32, ";")
    lifetime = ticket.expires_at - datetime.now(UTC)
    assert timedelta(minutes=59) < lifetime <= timedelta(hours=1)


def test_the_form_is_for_the_region_and_signed_with_version_4() -> None:
    accepted = ask().json()
    assert accepted["url"] == f"https://{LANDING}.s3.eu-west-1.amazonaws.com/"
    assert accepted["fields"]["x-amz-algorithm"] == "AWS4-HMAC-SHA256"


def test_with_an_endpoint_the_bucket_is_in_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://localhost:4566")
    s3_client.cache_clear()
    assert s3_client().generate_presigned_post("b", "k")["url"] == "http://localhost:4566/b"


def test_the_form_uploads(aws: "S3Client") -> None:
    accepted = ask(filename="../räksmörgås $(x) ${filename}.csv").json()
    sent = requests.post(
        accepted["url"], data=accepted["fields"], files={"file": b"a,1\nb,2\n\n"}, timeout=60
    )
    assert sent.status_code == 204
    (landed,) = aws.list_objects_v2(Bucket=LANDING)["Contents"]
    assert landed["Key"].startswith(f"landing/parcels/{accepted['job_id']}/r_ksm_rg_s _(x)")
    assert "$" not in landed["Key"]


def test_there_is_no_ticket_for_what_was_refused(aws: "S3Client") -> None:
    assert ask("nowhere").problem() == (404, "unknown-dataset")
    assert ask("no such/../thing").status == 404
    assert ask("PARCELS").problem() == (404, "unknown-dataset")
    assert ask(size_bytes=-1).problem() == (422, "invalid-request")
    assert ask(size_bytes=5 * 1024**4 + 1).problem() == (413, "file-too-large")
    assert "Contents" not in aws.list_objects_v2(Bucket=STATE, Prefix="tickets/")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("filename", ""),
        ("filename", "a\nb.csv"),
        ("filename", "x" * 256),
        ("size_bytes", "9"),
        ("size_bytes", 9.5),
        ("size_bytes", True),
        ("sha256", "ab"),
        ("sha256", "zz" * 32),
        ("dry_run", "perhaps"),
        ("encoding", "ebcdic"),
        ("delimiter", "::"),
        ("colour", "red"),
    ],
)
def test_a_wrong_field_is_named(field: str, value: object) -> None:
    response = ask(**{field: value})
    assert response.problem() == (422, "invalid-request")
    assert [error["pointer"] for error in response.json()["errors"]] == [f"/{field}"]


@pytest.mark.parametrize("given", [{"dry_run": False}, {"encoding": "UTF-8"}, {"dry_run": True},
                                   {"encoding": "Windows-1252"}, {"encoding": None},
                                   {"delimiter": "\t"}, {"size_bytes": 0},
                                   {"sha256": None}, {"size_bytes": 9.0}])  # fmt: skip
def test_valid_requests_are_accepted(given: dict[str, object]) -> None:
    assert ask(**given).status == 201


def test_unreachable_storage_gives_retry_after(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STATE_BUCKET", "state-bucket")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    s3_client.cache_clear()
    response = ask()
    assert response.problem() == (503, "storage-unavailable")
    assert response.headers["Retry-After"] == "5"


@pytest.mark.parametrize("size", [0, 1, 64 * 1024**2, 5 * 1024**3 + 1, 5 * 1024**4])
def test_parts_cover_the_file_and_fit_a_response(size: int) -> None:
    accepted = ask(size_bytes=size, multipart=True).json()
    count, part = len(accepted["parts"]), accepted["part_size_bytes"]
    assert accepted["method"] == "MULTIPART"
    assert 1 <= count <= 1500
    assert 64 * 1024**2 <= part <= 5 * 1024**3
    assert count == max(1, -(-size // part))
    assert [each["number"] for each in accepted["parts"]] == list(range(1, count + 1))


def test_over_five_gibibytes_it_is_a_multipart_upload() -> None:
    assert ask(size_bytes=5 * 1024**3).json()["method"] == "POST"
    assert ask(size_bytes=5 * 1024**3 + 1).json()["method"] == "MULTIPART"


def in_parts(content: bytes) -> tuple[str, dict[str, Any]]:
    accepted = ask(multipart=True, size_bytes=9).json()
    (part,) = accepted["parts"]
    etag = requests.put(part["url"], data=content, timeout=60).headers["ETag"]
    target = urlsplit(accepted["complete_url"])
    assert target.netloc == "api.example.com"
    return target.path.removeprefix("/v1"), {"parts": [{"number": 1, "etag": etag}]}


def test_completed_parts_become_the_object(aws: "S3Client") -> None:
    path, parts = in_parts(b"a,1\nb,2\n\n")
    assert "Contents" not in aws.list_objects_v2(Bucket=LANDING)
    for _ in range(2):
        response = call(handle, "POST", path, parts)
        assert (response.status, response.json()["state"]) == (202, "LANDED")
        assert response.headers["Retry-After"] == "1"
    (landed,) = aws.list_objects_v2(Bucket=LANDING)["Contents"]
    assert landed["Size"] == 9


def test_only_its_creator_or_an_administrator_completes_an_upload(aws: "S3Client") -> None:
    path, parts = in_parts(b"a,1\nb,2\n\n")
    creator = ADMIN.subject
    other = Principal("another", "loader", None, ADMIN.expires_at)
    assert call(handle, "POST", path, parts, caller=other).problem() == (403, "forbidden")
    assert "Contents" not in aws.list_objects_v2(Bucket=LANDING)
    for caller in (other._replace(subject=creator), other._replace(role="admin")):
        assert call(handle, "POST", path, parts, caller=caller).status == 202


def test_wrong_parts_are_refused() -> None:
    path, parts = in_parts(b"too short")
    wrong = {"parts": [{"number": 1, "etag": '"other"'}]}
    assert call(handle, "POST", path, wrong).problem() == (422, "parts-refused")
    assert call(handle, "POST", path, {"parts": []}).problem() == (422, "invalid-request")
    path, parts = in_parts(b"short")
    assert call(handle, "POST", path, parts).problem() == (422, "size-mismatch")


def test_an_upload_that_was_not_begun_is_not_completed(aws: "S3Client") -> None:
    parts = {"parts": [{"number": 1, "etag": "x"}]}
    form = f"/uploads/parcels/{ask().json()['job_id']}/complete"
    assert call(handle, "POST", form, parts).problem() == (409, "not-multipart")
    for path in ("no-id", str(UUID(int=7))):
        response = call(handle, "POST", f"/uploads/parcels/{path}/complete", parts)
        assert response.problem() == (404, "unknown-job")
    path, parts = in_parts(b"a,1\nb,2\n\n")
    elsewhere = path.replace("parcels", "others")
    assert call(handle, "POST", elsewhere, parts).problem() == (404, "unknown-job")
    (begun,) = aws.list_multipart_uploads(Bucket=LANDING)["Uploads"]
    aws.abort_multipart_upload(Bucket=LANDING, Key=begun["Key"], UploadId=begun["UploadId"])
    assert call(handle, "POST", path, parts).problem() == (409, "upload-gone")


@pytest.mark.parametrize(
    ("size", "sizes"), [(0, [0]), (9, [9]), (64 * 1024**2 + 1, [64 * 1024**2, 1])]
)
def test_the_size_of_a_part_is_signed(size: int, sizes: list[int]) -> None:
    parts = ask(size_bytes=size, multipart=True).json()["parts"]
    assert [part["size_bytes"] for part in parts] == sizes
    for part in parts:
        query = parse_qs(urlsplit(part["url"]).query)
        assert query["X-Amz-SignedHeaders"] == ["content-length;host"]


def limit_parcels(aws: "S3Client", max_upload_bytes: int) -> None:
    limited = parcels().model_copy(update={"max_upload_bytes": max_upload_bytes})
    StateBucket(aws, STATE).contracts.publish(limited)
    deps.cache_clear()


def test_a_file_over_the_limit_of_its_dataset_is_refused(
    aws: "S3Client", monkeypatch: pytest.MonkeyPatch
) -> None:
    limit_parcels(aws, 10)
    assert ask(size_bytes=10).status == 201
    assert ask(size_bytes=11).problem() == (413, "file-too-large")
    assert ask(size_bytes=11, multipart=True).problem() == (413, "file-too-large")
    # The lower limit counts.
    monkeypatch.setenv("MAX_UPLOAD_BYTES", "5")
    deps.cache_clear()
    assert ask(size_bytes=6).problem() == (413, "file-too-large")


def test_parts_over_a_limit_that_was_lowered_since_are_not_completed(aws: "S3Client") -> None:
    path, parts = in_parts(b"a,1\nb,2\n\n")
    limit_parcels(aws, 8)
    assert call(handle, "POST", path, parts).problem() == (413, "file-too-large")
    assert "Contents" not in aws.list_objects_v2(Bucket=LANDING)
    limit_parcels(aws, 9)
    assert call(handle, "POST", path, parts).status == 202


def test_a_file_over_the_limit_of_the_installation_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MAX_UPLOAD_BYTES", "10")
    assert ask(size_bytes=10).status == 201
    assert ask(size_bytes=11).problem() == (413, "file-too-large")
    assert ask(size_bytes=11, multipart=True).problem() == (413, "file-too-large")
