"""Every request of every route leaves one line, which has its cost and no personal data."""

from importlib import import_module
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from infra.functions import FUNCTIONS
from infra.routes import ROUTES, Route
from tests.cloud.log_lines import LogLines
from tests.postgres.databases import Database
from tests.unit.http.api_client import Handle, call, connect_as
from waybill.http.principal import Principal

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

FIELDS = {"action", "endpoint", "method", "status_code", "principal", "query_time_ms",
          "db_queries", "cache_status", "response_size_bytes", "request_id", "step",
          "duration_ms"}  # fmt: skip
SECRET = "ada.secret@example.com"
CALLER = Principal("subject-1", "admin", None, 4102444800)


def handler_of(function: str) -> Handle:
    handle: Handle = import_module(f"{FUNCTIONS[function].module}.handler").handle
    return handle


def clear_deps(function: str) -> None:
    try:
        import_module(f"{FUNCTIONS[function].module}.deps").deps.cache_clear()
    except ModuleNotFoundError:
        return


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_a_request_has_one_line_with_every_field(
    aws: "S3Client", route: Route, log_lines: LogLines
) -> None:
    assert aws
    clear_deps(route.function)
    path = "/".join(quote(SECRET) if "{" in part else part for part in route.path.split("/"))
    body = {"email": SECRET} if route.method == "POST" else None
    response = call(
        handler_of(route.function), route.method, f"{path}?email={SECRET}", body, caller=CALLER
    )
    clear_deps(route.function)
    (line,) = (each for each in log_lines() if each["action"] == "http.handled")
    assert line.keys() >= FIELDS
    assert (line["endpoint"], line["method"]) == (route.path, route.method)
    assert line["principal"] == ("subject-1" if route.rule.role else "anonymous")
    assert (line["status_code"], line["request_id"]) == (response.status, "request-1")
    assert line["response_size_bytes"] == len(response.text.encode())
    assert "secret" not in str(log_lines())


def test_every_line_of_the_log_has_an_action(aws: "S3Client", log_lines: LogLines) -> None:
    assert aws
    for route in ROUTES:
        clear_deps(route.function)
        call(handler_of(route.function), route.method, route.path, caller=CALLER)
        clear_deps(route.function)
    assert all(line.get("action") for line in log_lines())


def test_the_job_in_the_path_is_the_correlation_id(aws: "S3Client", log_lines: LogLines) -> None:
    assert aws
    job = "0199e4a8-6b7c-7d3e-9f10-2a4b6c8d0e1f"
    clear_deps("jobs")
    call(handler_of("jobs"), "GET", f"/jobs/{job}/runs", caller=CALLER)
    clear_deps("jobs")
    assert {line["correlation_id"] for line in log_lines()} == {job}


def test_statements_are_counted_and_timed(
    aws: "S3Client", database: Database, monkeypatch: pytest.MonkeyPatch, log_lines: LogLines
) -> None:
    assert aws
    connect_as("waybill_documents", database, monkeypatch)
    deps = import_module("functions.api.documents.deps").deps
    deps.cache_clear()
    for _ in range(2):
        assert call(handler_of("documents"), "GET", "/data").status == 200
    deps().database.close()
    deps.cache_clear()
    first, second = (line for line in log_lines() if line["action"] == "http.handled")
    # A page and an estimate of the total, and before them who reads, for the audit log; the first
    # request also sets up the session.
    assert (first["db_queries"], second["db_queries"]) == (5, 4)
    assert second["query_time_ms"] > 0
    assert second["cache_status"] == "bypass"


def test_a_cached_response_is_named_a_hit(
    aws: "S3Client", database: Database, monkeypatch: pytest.MonkeyPatch, log_lines: LogLines
) -> None:
    assert aws
    connect_as("waybill_analytics", database, monkeypatch)
    deps = import_module("functions.api.analytics.deps").deps
    deps.cache_clear()
    for _ in range(2):
        call(handler_of("analytics"), "GET", "/analytics/hired/by-quarter?year=2021")
    deps().database.close()
    deps.cache_clear()
    statuses = [line["cache_status"] for line in log_lines() if line["action"] == "http.handled"]
    assert statuses == ["miss", "hit"]
