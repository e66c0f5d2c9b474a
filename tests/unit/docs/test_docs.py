"""The API documentation is complete and current, and loads nothing from other hosts."""

import base64
import hashlib
import json
import re

from functions.api.docs.handler import handle
from infra.openapi import TARGET, openapi, text
from infra.routes import ROUTES
from tests.unit.http.api_client import call
from waybill.http.problem_types import PROBLEM_TYPES


def test_the_description_in_the_repository_is_the_generated_one() -> None:
    assert TARGET.read_text("utf-8") == text(), "run: python -m infra.openapi"


def test_every_route_is_described() -> None:
    described = {
        (method.upper(), path)
        for path, operations in openapi()["paths"].items()
        for method in operations
    }
    pages = {("GET", "/docs"), ("GET", "/openapi.json")}
    assert {(route.method, route.path) for route in ROUTES} == described | pages


def test_every_operation_says_what_it_does_and_how_it_fails() -> None:
    names = set()
    for path, operations in openapi()["paths"].items():
        for method, operation in operations.items():
            assert operation["summary"], (method, path)
            names.add(operation["operationId"])
            for status, response in operation["responses"].items():
                is_problem = int(status) >= 400 and not path.startswith("/health")
                assert ("content" in response) == (status != "204")
                assert not is_problem or "application/problem+json" in response["content"]
    assert len(names) == sum(len(operations) for operations in openapi()["paths"].values())


def test_every_tag_has_a_description_and_a_route() -> None:
    document = openapi()
    operations = [one for path in document["paths"].values() for one in path.values()]
    used = {tag for operation in operations for tag in operation["tags"]}
    assert {tag["name"] for tag in document["tags"]} == used


def test_every_problem_is_listed() -> None:
    about = openapi()["info"]["description"]
    assert [code for code in PROBLEM_TYPES if f"`{code}`" not in about] == []


def test_references_resolve() -> None:
    document = text()
    names = set(re.findall(r"#/components/schemas/([^\"]+)", document))
    assert names == json.loads(document)["components"]["schemas"].keys()


def test_the_description_is_served() -> None:
    response = call(handle, "GET", "/openapi.json")
    assert response.headers["Content-Type"] == "application/json"
    assert response.json() == openapi()


def test_the_page_loads_nothing_from_elsewhere() -> None:
    response = call(handle, "GET", "/docs")
    assert response.status == 200
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert len(response.text.encode()) < 4_000_000
    assert not re.search(r"<(script|link|img)[^>]+(src|href)=", response.text)
    scripts = re.findall(r"<script>(.*?)</script>", response.text, re.DOTALL)
    assert len(scripts) == 2
    assert "openapi.json" in scripts[1]
    for script in scripts:
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in response.headers["Content-Security-Policy"]


def test_every_operation_has_an_example() -> None:
    made_by_the_service = {"job_id", "source_id", "document_id", "export_id"}
    for path, operations in openapi()["paths"].items():
        for method, operation in operations.items():
            for parameter in operation.get("parameters", ()):
                if parameter["required"] and parameter["name"] not in made_by_the_service:
                    assert "example" in parameter, (method, path, parameter["name"])
            for media, content in operation.get("requestBody", {}).get("content", {}).items():
                schema = content["schema"]
                name = schema.get("$ref", "").rpartition("/")[2]
                named = openapi()["components"]["schemas"].get(name, {})
                # A file is chosen on the page.
                is_file = media == "multipart/form-data" or schema.get("format") == "binary"
                assert is_file or "example" in content or "examples" in named, (method, path, media)
