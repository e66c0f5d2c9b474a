"""Both analytics, over a company of the test's own in a year of its own."""

import csv
import io
from typing import Any, cast

import httpx
import pytest

from tests.e2e.client_calls import counted, figures, load
from waybill_client import Waybill
from waybill_client.bearer_auth import Token

pytestmark = pytest.mark.e2e
_YEAR = 2041
# (id, department, job) and the month of the hire; the last three lack a department or a job.
_HIRES = (
    (1, 9701, 9701, 1),
    (2, 9701, 9701, 3),
    (3, 9701, 9702, 4),
    (4, 9701, 9702, 12),
    (5, 9702, 9701, 7),
    (6, "", 9701, 1),
    (7, 9701, "", 1),
    (8, "", "", 1),
)


@pytest.fixture(scope="module")
def job_id(api: str, token: Token, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("company")
    people = "".join(
        f"97{number:02},P,{_YEAR}-{month:02}-15T00:00:00Z,{department},{job}\n"
        for number, department, job, month in _HIRES
    )
    with Waybill(api, token=token) as waybill:
        load(waybill, folder, "departments", "9701,Quay\n9702,Attic\n9703,Idle\n")
        load(waybill, folder, "jobs", "9701,Pilot\n9702,Cook\n")
        job = load(waybill, folder, "hired_employees", people)
        assert counted(job) == {"read": 8, "inserted": 8}
        # From here on the figures include it.
        figures(waybill, _YEAR, job)
    return job["job_id"]


def _get(http: httpx.Client, path: str, **query: object) -> httpx.Response:
    params = cast("dict[str, Any]", {"year": _YEAR, **query})
    return http.get(f"/analytics/{path}", params=params)


def test_hires_by_quarter(http: httpx.Client, job_id: str) -> None:
    shown = _get(http, "hired/by-quarter", min_job=job_id).json()
    assert [tuple(item.values()) for item in shown["items"]] == [
        ("Attic", "Pilot", 0, 0, 1, 0),
        ("Quay", "Cook", 0, 1, 0, 1),
        ("Quay", "Pilot", 2, 0, 0, 0),
    ]
    assert shown["unassigned"] == 3
    assert shown["next_cursor"] is None
    assert shown["as_of"]


@pytest.mark.usefixtures("job_id")
def test_departments_above_average(http: httpx.Client) -> None:
    shown = _get(http, "departments/above-average").json()
    assert shown["items"] == [{"id": 9701, "department": "Quay", "hired": 5}]
    assert (shown["mean"], shown["unassigned"]) == (3.0, 2)
    every = _get(http, "departments/above-average", mean_over="all").json()
    assert every["mean"] < shown["mean"]


@pytest.mark.usefixtures("job_id")
def test_figures_are_paged(http: httpx.Client) -> None:
    first = _get(http, "hired/by-quarter", limit=2).json()
    rest = _get(http, "hired/by-quarter", limit=2, cursor=first["next_cursor"]).json()
    assert [len(first["items"]), len(rest["items"]), rest["next_cursor"]] == [2, 1, None]


@pytest.mark.usefixtures("job_id")
def test_figures_can_be_csv(http: httpx.Client) -> None:
    response = _get(http, "hired/by-quarter", format="csv", limit=2)
    assert response.headers["content-type"].startswith("text/csv")
    rows = list(csv.reader(io.StringIO(response.text)))
    assert rows[0] == ["department", "job", "q1", "q2", "q3", "q4"]
    assert rows[1] == ["Attic", "Pilot", "0", "0", "1", "0"]
    assert response.headers["Waybill-Unassigned"] == "3"
    assert response.links["next"]["url"].startswith(str(http.base_url))
    assert len(http.get(response.links["next"]["url"]).text.splitlines()) == 2
    departments = _get(http, "departments/above-average", format="csv").text
    assert departments.splitlines() == ["id,department,hired", "9701,Quay,5"]


def test_a_year_without_hires(http: httpx.Client) -> None:
    shown = http.get("/analytics/hired/by-quarter", params={"year": 1234}).json()
    assert (shown["items"], shown["unassigned"]) == ([], 0)


def test_figures_cannot_include_an_unknown_job(http: httpx.Client) -> None:
    nobody = "01900000-0000-7000-8000-000000000000"
    assert _get(http, "hired/by-quarter", min_job=nobody).status_code == 404
