"""A presigned form accepts exactly the requested file; parts are completed once."""

import hashlib
import time
from pathlib import Path

import httpx
import pytest

from infra.local.clients import Clients
from infra.local.status import Status
from tests.e2e.client_calls import accept, counted, ended, load, post_form, problem
from waybill_client import Waybill

pytestmark = pytest.mark.e2e
_CONTENT = b"9401,Form\n"


def test_more_bytes_than_requested_are_refused(http: httpx.Client, waybill: Waybill) -> None:
    accepted = accept(http, "departments", _CONTENT)
    assert post_form(accepted, _CONTENT + b"9402,More\n").status_code == 400
    assert waybill.job(accepted["job_id"])["state"] == "AWAITING_UPLOAD"
    # The form is still good for the right file.
    assert post_form(accepted, _CONTENT).is_success
    assert ended(waybill, accepted["job_id"])["state"] == "COMPLETED"


def test_fewer_bytes_than_requested_are_refused(http: httpx.Client) -> None:
    accepted = accept(http, "departments", _CONTENT)
    assert post_form(accepted, _CONTENT[:-3]).status_code == 400


def test_a_tampered_form_is_refused(http: httpx.Client) -> None:
    accepted = accept(http, "departments", _CONTENT)
    elsewhere = accepted["fields"]["key"].replace("departments", "jobs")
    assert post_form(accepted, _CONTENT, key=elsewhere).status_code == 403
    assert post_form(accepted, _CONTENT, policy="e30=").status_code == 403


def test_an_expired_form_is_refused(
    http: httpx.Client, waybill: Waybill, aws: Clients, stack: Status
) -> None:
    accepted = accept(http, "departments", _CONTENT)
    # The API grants at least a minute: the same form, but for a second.
    short = aws("s3").generate_presigned_post(
        stack.landing_bucket, accepted["fields"]["key"], ExpiresIn=1
    )
    time.sleep(2.1)
    assert post_form(short, _CONTENT).status_code == 403
    assert waybill.job(accepted["job_id"])["state"] == "AWAITING_UPLOAD"


def test_another_content_than_requested_fails(http: httpx.Client, waybill: Waybill) -> None:
    accepted = accept(http, "departments", _CONTENT, sha256=hashlib.sha256(b"other").hexdigest())
    response = post_form(accepted, _CONTENT)
    # S3 itself refuses it; where it does not look, the plan does.
    if response.is_success:
        assert problem(ended(waybill, accepted["job_id"])) == "checksum-mismatch"


def test_a_verified_checksum_is_in_the_waybill(waybill: Waybill, tmp_path: Path) -> None:
    sha256 = hashlib.sha256(_CONTENT).hexdigest()
    job = load(waybill, tmp_path, "departments", _CONTENT, sha256=sha256)
    assert job["waybill"]["sha256"] == sha256


def test_a_multipart_upload_is_loaded(waybill: Waybill, tmp_path: Path) -> None:
    job = load(waybill, tmp_path, "departments", b"9411,Parts\n", multipart=True)
    assert counted(job)["read"] == 1
    assert job["source"]["kind"] == "upload"


def test_completing_is_idempotent_and_bad_parts_are_refused(http: httpx.Client) -> None:
    content = b"9412,Parts\n"
    accepted = accept(http, "departments", content, multipart=True)
    early = http.post(accepted["complete_url"], json={"parts": [{"number": 1, "etag": '"none"'}]})
    assert (early.status_code, early.json()["type"].rsplit("/", 1)[-1]) == (422, "size-mismatch")
    etag = httpx.put(accepted["parts"][0]["url"], content=content).headers["ETag"]
    parts = {"parts": [{"number": 1, "etag": etag}]}
    responses = [http.post(accepted["complete_url"], json=parts) for _ in range(2)]
    assert [response.status_code for response in responses] == [202, 202]
    assert responses[0].json() == responses[1].json()
