"""The API page in a browser: it uploads, it can be read by everybody, and its examples work."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import FilePayload, Page, expect

from infra.local.clients import Clients
from infra.local.status import Status
from infra.openapi import openapi
from tests.e2e.console_page import open_browser
from tests.e2e.source_bucket import make_source_bucket
from waybill_client import Waybill

pytestmark = pytest.mark.e2e

_MILLISECONDS = 120_000
# Tried below, with ids of their own; a partition is restored in `test_lake.py`.
_NOT_TRIED = (
    "{job_id}",
    "{source_id}",
    "{document_id}",
    "{export_id}",
    "{partition}",
    "/personal-data/",
    "/redrive",
    "/data-sources",
)


@pytest.fixture
def page(stack: Status) -> Iterator[Page]:
    with open_browser() as browser:
        page = browser.new_page()
        page.set_default_timeout(_MILLISECONDS)
        expect.set_options(timeout=_MILLISECONDS)
        page.goto(f"{stack.api}/docs")
        expect(page.get_by_role("heading", name="Waybill").first).to_be_visible()
        yield page


def _operations() -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method.upper(), path, operation)
        for path, operations in openapi()["paths"].items()
        for method, operation in operations.items()
        if not any(part in path for part in _NOT_TRIED) and path != "/jobs"
    ]


@pytest.mark.parametrize(
    ("method", "path", "operation"),
    _operations(),
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_the_example_of_an_operation_works(
    http: httpx.Client, method: str, path: str, operation: dict[str, Any]
) -> None:
    query: dict[str, Any] = {}
    for parameter in operation.get("parameters", ()):
        if "example" not in parameter:
            continue
        if parameter["in"] == "path":
            path = path.replace(f"{{{parameter['name']}}}", str(parameter["example"]))
        elif isinstance(parameter["example"], dict):
            query |= parameter["example"]
        else:
            query[parameter["name"]] = parameter["example"]
    for media, content in operation.get("requestBody", {"content": {"": {}}})["content"].items():
        example = content.get("example")
        if example is None and media.startswith("application/vnd."):
            continue  # Binary files have no text as an example.
        sent: dict[str, Any]
        if media == "multipart/form-data":
            sent = {"files": {"file": ("departments.csv", b"id,department\n906,Form\n")}}
        elif media == "application/json":
            sent = {"json": example}
        else:
            sent = {"content": (example or "").encode(), "headers": {"Content-Type": media}}
        response = http.request(method, path.removeprefix("/"), params=query, **sent)
        # No user has the address of the example.
        is_missing = response.status_code == 404 and "email" in query
        assert response.is_success or is_missing, response.text


@pytest.fixture
def job_id(waybill: Waybill, tmp_path: Path) -> str:
    """A job with a reject."""
    file = tmp_path / "departments.csv"
    # A content of its own: a duplicate has no rejects.
    file.write_text(f"id,department\n907,Example {uuid4()}\nx,Nobody\n")
    return str(waybill.wait(waybill.upload("departments", file))["job_id"])


def _of_jobs() -> list[tuple[str, str, Any]]:
    """Method, path and example of the operations on a job."""
    return [
        (method.upper(), path, _json_example(operation))
        for path, operations in openapi()["paths"].items()
        for method, operation in operations.items()
        if "{job_id}" in path and not path.startswith("/uploads")
    ]


def _json_example(operation: dict[str, Any]) -> Any:
    content = operation.get("requestBody", {"content": {}})["content"]
    return content.get("application/json", {}).get("example")


@pytest.mark.parametrize("request_", _of_jobs(), ids=lambda one: " ".join(one[:2]))
def test_the_example_of_an_operation_on_a_job_works(
    http: httpx.Client, waybill: Waybill, job_id: str, request_: tuple[str, str, Any]
) -> None:
    method, path, sent = request_
    if path.endswith("/replay"):
        (reject,) = waybill.rejects(job_id)
        sent = {"rows": [{**sent["rows"][0], "_reject_id": reject["reject_id"], "id": 908}]}
    response = http.request(method, path[1:].replace("{job_id}", job_id), json=sent)
    # A job that has ended is not cancelled.
    assert response.is_success or (method, response.status_code) == ("DELETE", 409), response.text


def _example(method: str, path: str) -> Any:
    return _json_example(openapi()["paths"][path][method.lower()])


def test_the_examples_of_sources_work(http: httpx.Client, aws: Clients) -> None:
    bucket, sent = make_source_bucket(aws), _example("POST", "/data-sources")
    key = f"{sent['connection']['prefix']}departments.csv"
    aws("s3").put_object(Bucket=bucket, Key=key, Body=b"id,department\n909,Pulled\n")
    made = http.post("data-sources", json=sent)
    assert made.status_code == 201, made.text
    path = f"data-sources/{made.json()['id']}"
    for method, part, body in (
        ("GET", "", None),
        ("PUT", "", _example("PUT", "/data-sources/{source_id}")),
        ("POST", "/test", None),
        ("DELETE", "", None),
    ):
        response = http.request(method, f"{path}{part}", json=body)
        assert response.is_success, response.text
    job = http.post("jobs", json=_example("POST", "/jobs"))
    assert job.status_code == 202, job.text


@pytest.mark.parametrize("path", ["/admin/redrive", "/admin/redrive/objects"])
def test_the_example_of_a_redrive_works(http: httpx.Client, path: str) -> None:
    response = http.post(path[1:], json=_example("POST", path))
    assert response.is_success, response.text


def test_the_examples_of_an_export_work(http: httpx.Client) -> None:
    path = "datasets/departments/exports"
    made = http.post(path, json=_example("POST", "/datasets/{name}/exports"))
    assert made.status_code == 202, made.text
    assert http.get(f"{path}/{made.json()['export_id']}").is_success


def test_a_document_is_deleted_by_its_id(http: httpx.Client) -> None:
    sent = {"rows": [{"source": "example", "data": {"a": 1}}]}
    assert http.post("batch/ingested_data", json=sent).is_success
    (item, *_) = http.get("data").json()["items"]
    assert http.delete(f"data/{item['id']}").is_success


def test_a_person_is_erased_by_its_key(http: httpx.Client) -> None:
    response = http.delete("personal-data/users/900001")
    assert response.is_success, response.text


def test_the_example_of_parts_has_the_form_of_those_of_s3(http: httpx.Client) -> None:
    """Only S3 knows the ETags of parts, so these are the upload's own."""
    content = b"id,department\n910,Parts\n"
    accepted = http.post(
        "uploads/departments",
        json={"filename": "parts.csv", "size_bytes": len(content), "multipart": True},
    ).json()
    (part,) = accepted["parts"]
    etag = httpx.put(part["url"], content=content).headers["ETag"]
    sent = _example("POST", "/uploads/{dataset}/{job_id}/complete")
    sent = {"parts": [{**sent["parts"][0], "etag": etag}]}
    response = http.post(f"uploads/departments/{accepted['job_id']}/complete", json=sent)
    assert response.is_success, response.text


def test_a_file_is_uploaded_from_the_page(page: Page, token: Callable[[], str]) -> None:
    page.get_by_role("button", name="Authorize").first.click()
    page.get_by_label("Value").or_(page.locator(".auth-container input")).first.fill(token())
    page.get_by_role("button", name="Apply credentials").or_(
        page.locator(".auth-container button.authorize")
    ).first.click()
    page.get_by_role("button", name="Close").first.click()
    operation = page.locator("#operations-uploads-upload_file")
    operation.locator("button").first.click()
    operation.get_by_role("button", name="Try it out").click()
    operation.locator("input[type=file]").set_input_files(
        FilePayload(name="d.csv", mimeType="text/csv", buffer=b"id,department\n7901,Page\n")
    )
    operation.get_by_role("button", name="Execute").click()
    expect(operation.locator(".live-responses-table .response .response-col_status")).to_have_text(
        "202"
    )


def test_every_text_of_the_page_has_enough_contrast(page: Page) -> None:
    found = Axe().run(page).response["violations"]
    faults = [
        f"{node['target']} {node['html'][:120]}"
        for rule in found
        if rule["id"] == "color-contrast"
        for node in rule["nodes"]
    ]
    assert faults == []
