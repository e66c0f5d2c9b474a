"""Health, datasets, the API's description and its page, as deployed."""

import re

import httpx
import jsonschema
import pytest

from infra.bootstrap import ROOT
from infra.routes import ROUTES

pytestmark = pytest.mark.e2e


def test_health_names_its_checks(http: httpx.Client, api: str) -> None:
    for path, database in (("health", "not_checked"), ("health/deep", "ok")):
        response = http.get(f"{api}/{path}")
        assert response.status_code == 200
        checks = response.json()["checks"]
        assert {name: check["status"] for name, check in checks.items()} == {
            "database": database,
            "storage": "ok",
            "queue": "ok",
        }
        assert checks["database"]["latency_ms"] >= 0


def test_datasets_describe_their_records(http: httpx.Client) -> None:
    names = [one["name"] for one in http.get("/datasets").json()["items"]]
    assert names == sorted(file.stem for file in (ROOT / "sql" / "datasets").glob("*.sql"))
    people = http.get("/datasets/hired_employees").json()
    assert people["natural_key"] == ["id"]
    jsonschema.Draft202012Validator.check_schema(people["schema"])
    assert people["schema"]["required"] == ["id", "name", "hire_dt"]


def test_every_route_is_described(http: httpx.Client, api: str) -> None:
    described = http.get(f"{api}/openapi.json").json()["paths"]
    for route in ROUTES:
        if route.function != "docs":
            assert route.method.lower() in described[route.path], route


def test_the_page_needs_nothing_from_elsewhere(http: httpx.Client, api: str) -> None:
    page = http.get(f"{api}/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert not re.search(r"""(src|href)=["']?https?:""", page.text)
