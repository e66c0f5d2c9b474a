import itertools
from pathlib import Path

import httpx
import pytest

from tests.unit.client.fake_api import FakeApi
from waybill_client import ProblemError, UnreachableError, client
from waybill_client.errors import UploadRejectedError


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeApi:
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    return FakeApi()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "people.csv"
    path.write_bytes(b"1,Ada\n" * 1000)
    return path


FORM = {"job_id": "j", "method": "POST", "url": "https://s3.test/b", "fields": {"key": "k"}}


def test_upload_sends_the_form_and_reports_progress(fake: FakeApi, file: Path) -> None:
    fake.on("POST", "uploads/people", httpx.Response(201, json=FORM))
    fake.on("POST", "https://s3.test/b", httpx.Response(204))
    sent: list[int] = []
    with fake.client("a-token") as waybill:
        assert waybill.upload("people", file, progress=sent.append, delimiter=";") == "j"
    assert fake.bodies() == [{"filename": "people.csv", "size_bytes": 6000, "delimiter": ";"}]
    assert sum(sent) == 6000
    accept, form = fake.requests
    assert accept.headers["Authorization"] == "Bearer a-token"
    assert "Authorization" not in form.headers
    # S3 takes nothing of a form after the file.
    assert form.content.index(b'name="key"') < form.content.index(b'name="file"')
    assert b"1,Ada\n" * 1000 in form.content


def test_upload_sends_parts(fake: FakeApi, file: Path) -> None:
    parts = [{"number": n, "url": f"https://s3.test/{n}"} for n in (1, 2)]
    complete = "https://api.test/v1/uploads/people/j/complete"
    accepted = {
        "job_id": "j",
        "method": "MULTIPART",
        "part_size_bytes": 4000,
        "parts": parts,
        "complete_url": complete,
    }
    fake.on("POST", "uploads/people", httpx.Response(201, json=accepted))
    for number in (1, 2):
        etag = httpx.Response(200, headers={"ETag": f'"{number}"'})
        fake.on("PUT", f"https://s3.test/{number}", etag)
    fake.on("POST", complete, httpx.Response(202, json={}))
    sent: list[int] = []
    with fake.client() as waybill:
        assert waybill.upload("people", file, multipart=True, progress=sent.append) == "j"
    assert [len(one.content) for one in fake.requests if one.method == "PUT"] == [4000, 2000]
    assert fake.bodies()[-1] == {
        "parts": [{"number": 1, "etag": '"1"'}, {"number": 2, "etag": '"2"'}]
    }
    assert sum(sent) == 6000


def test_a_form_that_the_storage_rejects_raises(fake: FakeApi, file: Path) -> None:
    fake.on("POST", "uploads/people", httpx.Response(201, json=FORM))
    fake.on("POST", "https://s3.test/b", httpx.Response(403, text="<Code>AccessDenied</Code>"))
    with fake.client() as waybill, pytest.raises(UploadRejectedError, match="AccessDenied"):
        waybill.upload("people", file)


def test_a_problem_has_its_code_and_field_errors(fake: FakeApi) -> None:
    error = {"pointer": "/size_bytes", "code": "too_small", "message": "at least 0"}
    problem = {"type": "https://x/problems/bad-body", "detail": "No.", "errors": [error]}
    fake.on("GET", "jobs/j", httpx.Response(422, json=problem))
    with fake.client() as waybill, pytest.raises(ProblemError) as refused:
        waybill.job("j")
    assert (refused.value.status, refused.value.code) == (422, "bad-body")
    assert refused.value.field_errors == [error]
    assert "/size_bytes: at least 0" in str(refused.value)


def test_a_response_without_a_problem_raises_one(fake: FakeApi) -> None:
    fake.on("GET", "jobs/j", httpx.Response(502, text="<html>Bad gateway"))
    with fake.client() as waybill, pytest.raises(ProblemError, match="502: <html>Bad gateway"):
        waybill.job("j")


def test_requests_are_retried_after_503(fake: FakeApi) -> None:
    busy = httpx.Response(503, headers={"Retry-After": "2"}, json={})
    fake.on("GET", "datasets", busy, busy, httpx.Response(200, json={"items": [{"name": "a"}]}))
    with fake.client() as waybill:
        assert waybill.datasets() == [{"name": "a"}]
    assert len(fake.requests) == 3


def test_a_failed_connection_names_the_url() -> None:
    def refuse(_request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    with (
        client.Waybill("https://api.test/v1", transport=httpx.MockTransport(refuse)) as waybill,
        pytest.raises(UnreachableError, match=r"https://api\.test/v1"),
    ):
        waybill.health()


def test_wait_polls_until_the_job_has_ended(fake: FakeApi) -> None:
    states = ("LANDED", "LOADING", "COMPLETED")
    responses = [httpx.Response(200, json={"job_id": "j", "state": state}) for state in states]
    fake.on("GET", "jobs/j", *responses)
    with fake.client() as waybill:
        assert waybill.wait("j")["state"] == "COMPLETED"
    assert all(int(one.url.params["wait"]) in range(1, 26) for one in fake.requests)


def test_wait_times_out(fake: FakeApi) -> None:
    fake.on("GET", "jobs/j", httpx.Response(200, json={"job_id": "j", "state": "LOADING"}))
    with fake.client() as waybill, pytest.raises(TimeoutError, match="LOADING"):
        waybill.wait("j", timeout_seconds=-1)


def test_lists_fetch_pages_lazily(fake: FakeApi) -> None:
    pages = [
        {"items": [{"job_id": "1"}, {"job_id": "2"}], "next_cursor": "c"},
        {"items": [{"job_id": "3"}], "next_cursor": None},
    ]
    fake.on("GET", "jobs", *(httpx.Response(200, json=page) for page in pages))
    with fake.client() as waybill:
        jobs = waybill.jobs(dataset="people")
        assert [job["job_id"] for job in itertools.islice(jobs, 2)] == ["1", "2"]
        assert len(fake.requests) == 1
        assert [job["job_id"] for job in jobs] == ["3"]
    assert dict(fake.requests[0].url.params) == {"dataset": "people"}
    assert dict(fake.requests[1].url.params) == {"dataset": "people", "cursor": "c"}


def test_figures_join_all_pages(fake: FakeApi) -> None:
    around = {"as_of": "2026-01-01T00:00:00Z", "unassigned": 2}
    pages = [{"items": [1, 2], "next_cursor": "c", **around}, {"items": [3], "next_cursor": None}]
    fake.on(
        "GET",
        "analytics/hired/by-quarter",
        *(httpx.Response(200, json=page) for page in pages),
    )
    with fake.client() as waybill:
        figures = waybill.hires_by_quarter(2021, min_job="j")
    assert figures == {"items": [1, 2, 3], "next_cursor": None, **around}
    assert "min_job" not in fake.requests[1].url.params


def test_large_rejects_are_downloaded_from_the_storage(fake: FakeApi) -> None:
    elsewhere = httpx.Response(303, headers={"Location": "https://s3.test/rejects"})
    fake.on("GET", "jobs/j/rejects", elsewhere)
    fake.on("GET", "https://s3.test/rejects", httpx.Response(200, content=b"a,b\n"))
    with fake.client("a-token") as waybill:
        assert waybill.rejects_csv("j") == b"a,b\n"
        fake.on("GET", "https://s3.test/rejects", httpx.Response(403, content=b"<Error/>"))
        with pytest.raises(ProblemError, match="<Error/>"):
            waybill.rejects_csv("j")
    assert fake.requests[0].headers["Accept"] == "text/csv"
    assert "Authorization" not in fake.requests[1].headers
