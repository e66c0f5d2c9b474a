"""The analytics endpoints, from an API Gateway event to the response."""

import base64
import json
import threading
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest

from functions.api.analytics import await_job
from functions.api.analytics.handler import handle
from tests.cloud.lambda_events import Context
from tests.postgres.databases import Database
from tests.sql.analytics.seed import mark, owner, refresh
from waybill.ids import new_id

EVENT = json.loads((Path(__file__).parents[3] / "events" / "analytics.json").read_text())
QUARTERS = "/analytics/hired/by-quarter"
ABOVE = "/analytics/departments/above-average"
AnalyticsResponse = tuple[int, Any, dict[str, list[str]]]


def get(path: str, **query: object) -> AnalyticsResponse:
    values = {name: [str(value)] for name, value in query.items()}
    event = {
        **EVENT,
        "path": path,
        "resource": path,
        "queryStringParameters": {name: each[-1] for name, each in values.items()},
        "multiValueQueryStringParameters": values,
        "requestContext": {**EVENT["requestContext"], "path": f"/v1{path}", "resourcePath": path},
    }
    response = handle(event, Context())
    headers = response["multiValueHeaders"]
    is_json = "json" in headers["Content-Type"][0]
    return (
        response["statusCode"],
        json.loads(response["body"]) if is_json else response["body"],
        headers,
    )


@pytest.mark.usefixtures("company")
def test_the_sample_event_is_served() -> None:
    response = handle(EVENT, Context())
    assert response["statusCode"] == 200


@pytest.mark.usefixtures("company")
def test_hires_by_quarter() -> None:
    status, body, _ = get(QUARTERS, year=2021)
    assert status == 200
    assert list(body) == ["items", "next_cursor", "as_of", "unassigned"]
    assert body["items"][0] == {
        "department": "Alpha", "job": "clerk", "q1": 0, "q2": 1, "q3": 0, "q4": 0,
    }  # fmt: skip
    assert body["unassigned"] == 3
    assert body["next_cursor"] is None
    assert datetime.fromisoformat(body["as_of"]).utcoffset() is not None


@pytest.mark.usefixtures("company")
def test_departments_above_average() -> None:
    status, body, _ = get(ABOVE, year=2021)
    assert status == 200
    assert body["items"] == [{"id": 1, "department": "Zoology", "hired": 4}]
    assert (body["mean"], body["unassigned"], body["next_cursor"]) == (2.0, 2, None)
    assert len(get(ABOVE, year=2021, mean_over="all")[1]["items"]) == 3


@pytest.mark.usefixtures("company")
def test_the_cursor_leads_to_the_next_page() -> None:
    _, first, headers = get(QUARTERS, year=2021, limit=4)
    _, second, last = get(QUARTERS, year=2021, limit=4, cursor=first["next_cursor"])
    _, whole, _ = get(QUARTERS, year=2021)
    assert first["items"] + second["items"] == whole["items"]
    link = headers["Link"][0]
    address = urlsplit(link[link.index("<") + 1 : link.index(">")])
    assert address.path == f"/v1{QUARTERS}"
    assert parse_qs(address.query) == {
        "year": ["2021"], "limit": ["4"], "cursor": [first["next_cursor"]],
    }  # fmt: skip
    assert "Link" not in last


def test_a_cursor_may_hold_long_names(company: Database) -> None:
    with owner(company) as connection:
        connection.execute("UPDATE departments SET department = repeat('ñ', 1000) WHERE id < 4")
    _, first, _ = get(QUARTERS, year=2021, limit=4)
    assert len(get(QUARTERS, year=2021, limit=4, cursor=first["next_cursor"])[1]["items"]) == 2


@pytest.mark.usefixtures("company")
def test_csv_escapes_formulas() -> None:
    status, body, headers = get(QUARTERS, year=2021, format="csv")
    assert status == 200
    assert headers["Content-Type"] == ["text/csv; charset=utf-8"]
    assert body.split("\r\n") == [
        "department,job,q1,q2,q3,q4",
        "Alpha,clerk,0,1,0,0",
        "Zoology,clerk,2,1,1,0",
        "alpha,Clerk,0,0,1,0",
        "alpha,Clerk,0,0,0,1",
        "alpha,clerk,0,0,0,1",
        "Álamo,'=1+1,0,1,0,0",
        "",
    ]
    assert headers["Waybill-Unassigned"] == ["3"]
    assert datetime.fromisoformat(headers["Waybill-As-Of"][0])
    _, body, headers = get(ABOVE, year=2021, format="csv", limit=1)
    assert body == "id,department,hired\r\n1,Zoology,4\r\n"
    assert headers["Waybill-Mean"] == ["2.0"]


@pytest.mark.usefixtures("company")
def test_a_year_without_hires() -> None:
    status, body, _ = get(ABOVE, year=9999)
    assert status == 200
    assert (body["items"], body["mean"], body["next_cursor"]) == ([], None, None)
    assert body["as_of"]
    assert get(QUARTERS, year=1, format="csv")[1] == "department,job,q1,q2,q3,q4\r\n"


@pytest.mark.usefixtures("company")
@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({}, "?year"),
        ({"year": 0}, "?year"),
        ({"year": 10000}, "?year"),
        ({"year": "2021x"}, "?year"),
        ({"year": 2021, "limit": 0}, "?limit"),
        ({"year": 2021, "limit": 1001}, "?limit"),
        ({"year": 2021, "format": "xml"}, "?format"),
        ({"year": 2021, "min_job": "x"}, "?min_job"),
        ({"year": 2021, "years": 1}, "?years"),
    ],
)
@pytest.mark.parametrize("path", [QUARTERS, ABOVE])
def test_invalid_queries_are_refused(path: str, query: dict[str, object], pointer: str) -> None:
    status, body, headers = get(path, **query)
    assert status == 422
    assert headers["Content-Type"] == ["application/problem+json"]
    assert [error["pointer"] for error in body["errors"]] == [pointer]


@pytest.mark.usefixtures("company")
def test_a_cursor_of_another_list_is_refused() -> None:
    _, body, _ = get(ABOVE, year=2021, mean_over="all", limit=1)
    forged = (
        {"department": "a\0", "job": "b", "department_id": 1, "job_id": 1},
        {"department": "a", "job": "b", "department_id": 2**63, "job_id": 1},
        {"department": "a", "job": "b", "department_id": 1, "job_id": None},
    )
    made = [base64.urlsafe_b64encode(json.dumps(each).encode()).decode() for each in forged]
    for cursor in (body["next_cursor"], "nonsense", *(text.rstrip("=") for text in made)):
        status, problem, _ = get(QUARTERS, year=2021, cursor=cursor)
        assert status == 400
        assert problem["type"].endswith("/bad-cursor")


@pytest.mark.usefixtures("company")
def test_an_unknown_job_is_refused_at_once() -> None:
    status, body, _ = get(QUARTERS, year=2021, min_job=uuid4())
    assert status == 404
    assert body["type"].endswith("/unknown-job")
    assert get(ABOVE, year=2021, min_job=new_id(0))[0] == 404


def test_a_job_is_awaited_until_the_figures_include_it(
    company: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with owner(company) as connection:
        job = mark(connection, "2021")
        connection.execute("DELETE FROM hired_employees WHERE id = 4")
    monkeypatch.setattr(await_job.await_job, "__kwdefaults__", {"seconds": 0.3})
    status, body, headers = get(QUARTERS, year=2021, min_job=job)
    assert status == 503
    assert body["type"].endswith("/not-fresh-yet")
    assert headers["Retry-After"] == ["2"]
    monkeypatch.setattr(await_job.await_job, "__kwdefaults__", {"seconds": 10})

    def catch_up() -> None:
        with company.connect("waybill_refresh") as refresher:
            refresh(refresher, "2021")

    timer = threading.Timer(0.3, catch_up)
    timer.start()
    status, body, _ = get(QUARTERS, year=2021, min_job=job)
    timer.join()
    assert status == 200
    assert body["items"][1]["q2"] == 0


def test_a_connection_that_the_server_closed_is_replaced(company: Database) -> None:
    assert get(QUARTERS, year=2021)[0] == 200
    with company.connect() as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'waybill-analytics' AND datname = current_database()"
        )
    assert get(QUARTERS, year=2021)[0] == 200
