"""A small file in one call: a form, as browsers, curl and Python send it."""

import base64
import hashlib
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from functions.api.upload.handler import handle
from tests.unit.http.api_client import LANDING, STATE, ApiResponse, call, parcels
from waybill.state.bucket import StateBucket
from waybill.state.tickets import Ticket

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

pytestmark = pytest.mark.usefixtures("aws")
CONTENT = b'a,1.5\r\n"b\n",2\r\n\xff\x00--x'
EDGE = "----4f9c"


def part(name: str, content: bytes, filename: str | None = None) -> bytes:
    about = f'form-data; name="{name}"' + (f'; filename="{filename}"' if filename else "")
    kind = b"\r\nContent-Type: text/csv" if filename else b""
    return b"Content-Disposition: " + about.encode() + kind + b"\r\n\r\n" + content


def form(*parts: bytes, end: bytes = b"--\r\n") -> bytes:
    mark = b"--" + EDGE.encode()
    return b"".join(mark + b"\r\n" + each + b"\r\n" for each in parts) + mark + end


def post(body: bytes, path: str = "/uploads/parcels/file", edge: str = EDGE) -> ApiResponse:
    headers = {"Content-Type": f"multipart/form-data; boundary={edge}"}
    return call(handle, "POST", path, base64.b64encode(body).decode(), headers, encoded=True)


def ticket_of(response: ApiResponse, s3: "S3Client") -> Ticket:
    assert response.status == 202, response.text
    ticket = StateBucket(s3, STATE).tickets.find(UUID(response.json()["job_id"]))
    assert ticket
    return ticket


@pytest.mark.parametrize("path", ["/uploads/parcels/file", "/upload/csv/parcels"])
@pytest.mark.parametrize("content", [CONTENT, b"", b"\r\n", b"--", b"x" * 4 * 1024**2])
def test_the_object_is_the_file_byte_for_byte(aws: "S3Client", path: str, content: bytes) -> None:
    response = post(form(part("file", content, "päckchen 1.csv")), path)
    ticket = ticket_of(response, aws)
    assert response.json() == {"job_id": str(ticket.job_id), "state": "LANDED"}
    assert response.headers["Location"] == f"https://api.example.com/v1/jobs/{ticket.job_id}"
    assert response.headers["Retry-After"] == "1"
    assert (ticket.filename, ticket.size_bytes) == ("päckchen 1.csv", len(content))
    assert ticket.key.startswith(f"landing/parcels/{ticket.job_id}/")
    landed = aws.get_object(Bucket=LANDING, Key=ticket.key)
    assert landed["Body"].read() == content


def test_a_file_over_the_limit_of_its_dataset_is_refused(aws: "S3Client") -> None:
    limited = parcels().model_copy(update={"max_upload_bytes": 5})
    StateBucket(aws, STATE).contracts.publish(limited)
    assert post(form(part("file", b"12345", "a.csv"))).status == 202
    assert post(form(part("file", b"123456", "a.csv"))).problem() == (413, "file-too-large")


def test_the_ticket_has_what_the_form_says_of_the_file(aws: "S3Client") -> None:
    sha256 = hashlib.sha256(CONTENT).hexdigest()
    said = {"sha256": sha256, "dry_run": "true", "encoding": "latin-1", "delimiter": ";"}
    fields = [part(name, value.encode()) for name, value in said.items()]
    ticket = ticket_of(post(form(*fields, part("file", CONTENT, "a.csv"))), aws)
    kept = ticket.model_dump(include=set(said))
    assert kept == {**said, "dry_run": True, "encoding": "iso-8859-1"}


def test_the_error_for_a_larger_file_names_the_other_endpoint() -> None:
    for size in (4 * 1024**2 + 1, 5 * 1024**2):
        response = post(form(part("file", b"x" * size, "a.csv")))
        assert response.problem() == (413, "body-too-large")
        assert "POST /uploads/{dataset}" in response.json()["detail"]


def test_a_hash_of_another_file_is_refused(aws: "S3Client") -> None:
    response = post(form(part("sha256", b"0" * 64), part("file", CONTENT, "a.csv")))
    assert response.problem() == (422, "checksum-mismatch")
    assert "Contents" not in aws.list_objects_v2(Bucket=LANDING)


FILE = part("file", b"x", "a.csv")
BROKEN: dict[str, Any] = {
    "cut short": form(FILE)[:-20],
    "no closing boundary": form(FILE, end=b"\r\n"),
    "no form at all": b"a,1\nb,2\n",
    "empty": b"--",
}


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN.keys())
def test_an_incomplete_form_is_a_bad_request(body: bytes) -> None:
    assert post(body).problem() == (400, "malformed-body")


def test_a_form_needs_its_boundary_and_base64() -> None:
    assert post(form(FILE), edge="").problem() == (400, "malformed-body")
    assert post(form(FILE), edge="other").problem() == (400, "malformed-body")
    headers = {"Content-Type": f"multipart/form-data; boundary={EDGE}"}
    response = call(handle, "POST", "/uploads/parcels/file", "@@@@", headers, encoded=True)
    assert response.problem() == (400, "malformed-body")


def test_a_body_may_be_text(aws: "S3Client") -> None:
    headers = {"Content-Type": f"multipart/form-data; boundary={EDGE}"}
    body = form(part("file", "ä,1\n".encode(), "a.csv")).decode()
    ticket = ticket_of(call(handle, "POST", "/uploads/parcels/file", body, headers), aws)
    assert aws.get_object(Bucket=LANDING, Key=ticket.key)["Body"].read() == "ä,1\n".encode()


WRONG: dict[str, tuple[list[bytes], list[tuple[str, str]]]] = {
    "no file": ([part("sha256", b"0" * 64)], [("/file", "missing-field")]),
    "a field called file": ([part("file", b"x")], [("/file", "no-file")]),
    "two files": ([FILE, FILE], [("/file", "duplicate-field")]),
    "another file": ([FILE, part("more", b"x", "b.csv")], [("/more", "unknown-field")]),
    "an unknown field": ([FILE, part("colour", b"red")], [("/colour", "unknown-field")]),
    "a wrong value": ([FILE, part("dry_run", b"perhaps")], [("/dry_run", "bool-parsing")]),
    "a name that is none": ([part("file", b"x", " ")], [("/filename", "not-printable")]),
}


@pytest.mark.parametrize(("parts", "field_errors"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_field_is_named(parts: list[bytes], field_errors: list[tuple[str, str]]) -> None:
    response = post(form(*parts))
    assert response.problem() == (422, "invalid-request")
    errors = response.json()["errors"]
    assert [(error["pointer"], error["code"]) for error in errors] == field_errors


def test_a_form_of_a_thousand_fields_is_refused() -> None:
    parts = [part(f"f{number}", b"") for number in range(1000)]
    assert post(form(*parts)).problem() == (413, "body-too-large")


def test_unknown_datasets_and_media_types_are_refused() -> None:
    response = post(form(FILE), "/uploads/nowhere/file")
    assert response.problem() == (404, "unknown-dataset")
    response = call(handle, "POST", "/uploads/parcels/file", {"file": "x"})
    assert response.problem() == (415, "unsupported-media")
    assert "multipart/form-data" in response.json()["detail"]
    query = call(handle, "POST", "/uploads/parcels/file")
    assert query.problem() == (400, "malformed-body")
