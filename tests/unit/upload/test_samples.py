"""POST /samples: a form for a file that is only looked at, in the caller's own area."""

import hashlib
from uuid import UUID

import pytest

from functions.api.upload.handler import handle
from tests.unit.http.api_client import ADMIN, STATE, ApiResponse, call
from waybill.http.principal import Principal

pytestmark = pytest.mark.usefixtures("aws")


def begin(body: object, caller: Principal = ADMIN) -> ApiResponse:
    return call(handle, "POST", "/samples", body, caller=caller)


def test_the_form_is_for_the_caller_s_own_folder() -> None:
    response = begin({"size_bytes": 12})
    assert response.status == 201, response.text
    form = response.json()
    folder = hashlib.sha256(ADMIN.subject.encode()).hexdigest()
    assert form["fields"]["key"] == f"samples/{folder}/{UUID(form['sample_id'])}"
    assert form["method"] == "POST"
    assert STATE in form["url"]
    assert begin({"size_bytes": 12}).json()["sample_id"] != form["sample_id"]


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({"size_bytes": 0}, (422, "invalid-request")),
        ({"size_bytes": "12"}, (422, "invalid-request")),
        ({"size_bytes": 12, "key": "x"}, (422, "invalid-request")),
        ({}, (422, "invalid-request")),
        ({"size_bytes": 5 * 1024**3 + 1}, (413, "file-too-large")),
    ],
)
def test_other_sizes_are_refused(body: object, problem: tuple[int, str]) -> None:
    assert begin(body).problem() == problem


def test_a_sample_is_not_larger_than_an_upload(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAX_UPLOAD_BYTES", "1000")
    assert begin({"size_bytes": 1001}).problem() == (413, "file-too-large")
    assert begin({"size_bytes": 1000}).status == 201


def test_a_reader_uploads_no_sample() -> None:
    reader = Principal("a-reader", "reader", None, ADMIN.expires_at)
    assert begin({"size_bytes": 1}, reader).problem() == (403, "forbidden")
