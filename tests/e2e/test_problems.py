"""Every error response is a problem document (RFC 9457), also from the gateway."""

import httpx
import pytest

from waybill.http.problems import Problem

pytestmark = pytest.mark.e2e
_NOBODY = "01900000-0000-7000-8000-000000000000"


@pytest.mark.parametrize(
    ("request_line", "body", "status", "code"),
    [
        (f"GET jobs/{_NOBODY}", None, 404, "unknown-job"),
        ("GET jobs/no-uuid", None, 404, "unknown-job"),
        (f"GET jobs/{_NOBODY}/rejects", None, 404, "unknown-job"),
        (f"DELETE jobs/{_NOBODY}", None, 404, "unknown-job"),
        ("GET datasets/nowhere", None, 404, "unknown-dataset"),
        ("POST uploads/nowhere", '{"filename": "a", "size_bytes": 1}', 404, "unknown-dataset"),
        ("POST uploads/departments", "{", 400, "malformed-json"),
        ("POST uploads/departments", "{}", 422, "invalid-request"),
        (
            "POST uploads/departments",
            '{"filename": "a", "size_bytes": 1, "colour": 2}',
            422,
            "invalid-request",
        ),
        ("GET jobs?cursor=xyz", None, 400, "bad-cursor"),
        ("GET jobs?limit=0", None, 422, "invalid-request"),
        ("GET jobs?colour=red", None, 422, "invalid-request"),
        ("GET analytics/hired/by-quarter", None, 422, "invalid-request"),
        ("GET analytics/hired/by-quarter?year=x", None, 422, "invalid-request"),
    ],
)
def test_an_error_is_a_problem(
    http: httpx.Client, request_line: str, body: str | None, status: int, code: str
) -> None:
    method, path = request_line.split()
    headers = {"Content-Type": "application/json"} if body else {}
    response = http.request(method, f"/{path}", content=body, headers=headers)
    assert response.status_code == status, response.text
    assert response.headers["content-type"].startswith("application/problem+json")
    problem = response.json()
    assert problem["type"].endswith(f"/problems/{code}")
    assert problem["status"] == status
    assert problem["instance"] == f"/v1/{path.partition('?')[0]}"
    optional = {"errors", "errors_total"}
    fields = {name for name in Problem.model_fields if name not in optional}
    assert problem.keys() - optional == fields
    if code == "invalid-request":
        assert problem["errors"][0].keys() == {"pointer", "code", "message"}


def test_another_media_type_is_refused(http: httpx.Client) -> None:
    response = http.post("/uploads/departments", content="a=1", headers={"Content-Type": "x/y"})
    assert (response.status_code, response.json()["title"]) == (415, "Unsupported media type")


@pytest.mark.parametrize("request_line", ["GET nowhere", "GET uploads", "GET jobs/a/b/c"])
def test_the_gateway_refuses_unknown_paths_with_problems(
    http: httpx.Client, request_line: str
) -> None:
    method, path = request_line.split()
    response = http.request(method, f"/{path}")
    assert response.status_code == 404, response.text
    assert response.headers["content-type"].startswith("application/problem+json")
    assert response.json()["status"] == 404


@pytest.mark.parametrize(
    ("request_line", "allowed"), [("PUT jobs", {"GET", "POST"}), ("GET uploads/jobs", {"POST"})]
)
def test_the_gateway_names_the_methods_of_a_path(
    api: str, request_line: str, allowed: set[str]
) -> None:
    method, path = request_line.split()
    response = httpx.request(method, f"{api}/{path}")
    assert response.status_code == 405, response.text
    assert response.headers["content-type"].startswith("application/problem+json")
    assert set(response.headers["allow"].split(", ")) == {*allowed, "OPTIONS"}
