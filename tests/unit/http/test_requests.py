"""Request validation and error handling that all endpoints share."""

from typing import Annotated, Any

import pytest
from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Query
from pydantic import BaseModel, ConfigDict

from tests.unit.http.api_client import ApiResponse, call
from waybill.errors import FieldError, Rejected, Unavailable
from waybill.http.access import Rule
from waybill.http.app import Api, create_api
from waybill.http.bodies import BODY_LIMIT_BYTES
from waybill.http.responses import json_response


class Thing(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str
    sizes: list[int] = []


READ = Rule("reader")
RULES_OF_THE_TEST = {"GET /things": READ, "POST /things": READ, "GET /faults/{kind}": READ}


@pytest.fixture
def api() -> Api:
    return make_api()


def make_api() -> Api:
    api = create_api("test", rules=RULES_OF_THE_TEST)

    @api.get("/things")
    def things(limit: Annotated[int, Query(ge=1, le=9)] = 5) -> Response[Any]:
        return json_response({"limit": limit})

    @api.post("/things")
    def make(thing: Annotated[Thing, Body()]) -> Response[Any]:
        return json_response(thing)

    @api.get("/faults/<kind>")
    def fault(kind: str) -> Response[Any]:
        if kind == "away":
            raise Unavailable("database-unavailable", "host db-1 refused role waybill_jobs")
        if kind == "wrong":
            error = FieldError(pointer="/a", code="odd", message="It is odd.")
            raise Rejected("invalid-request", "No.", [error] * 150)
        raise RuntimeError("a secret of the house")

    return api


def post(api: Api, body: object, media_type: str = "application/json") -> ApiResponse:
    return call(api.resolve, "POST", "/things", body, {"Content-Type": media_type})


def field_errors(response: ApiResponse) -> list[tuple[str, str]]:
    return [(error["pointer"], error["code"]) for error in response.json()["errors"]]


@pytest.mark.parametrize("path", ["/things", "/things/", "/v1/things", "/api/v1/things"])
def test_a_path_is_found_under_every_prefix(api: Api, path: str) -> None:
    assert call(api.resolve, "GET", path).json() == {"limit": 5}


def test_unknown_and_wrong_parameters_are_refused(api: Api) -> None:
    unknown = call(api.resolve, "GET", "/things?limt=3")
    assert unknown.problem() == (422, "invalid-request")
    assert field_errors(unknown) == [("?limt", "unknown-parameter")]
    for query in ("limit=0", "limit=x", "limit=10", "limit=1&limit=2"):
        response = call(api.resolve, "GET", f"/things?{query}")
        assert response.problem() == (422, "invalid-request")
        assert field_errors(response)[0][0] == "?limit"


def test_a_body_is_checked_field_by_field(api: Api) -> None:
    response = post(api, {"sizes": [1, "x"], "colour": "red"})
    assert response.problem() == (422, "invalid-request")
    assert field_errors(response) == [
        ("/name", "missing-field"),
        ("/sizes/1", "int-parsing"),
        ("/colour", "unknown-field"),
    ]
    assert response.json()["errors_total"] == 3


@pytest.mark.parametrize("body", ["{", "{'a': 1}", '{"name": "x"', "\x00"])
def test_invalid_json_is_a_bad_request(api: Api, body: str) -> None:
    assert post(api, body).problem() == (400, "malformed-json")


@pytest.mark.parametrize("body", ["/w==", "ew=="])
def test_undecodable_bytes_are_a_bad_request(api: Api, body: str) -> None:
    response = call(api.resolve, "POST", "/things", body, encoded=True)
    assert response.problem() == (400, "malformed-json")


def test_a_body_may_come_as_bytes(api: Api) -> None:
    response = call(api.resolve, "POST", "/things", "eyJuYW1lIjoieCJ9", encoded=True)
    assert response.json() == {"name": "x", "sizes": []}


@pytest.mark.parametrize("body", ["", "[]", "null", '"x"', "7"])
def test_json_that_is_not_an_object_is_refused(api: Api, body: str) -> None:
    assert post(api, body).problem() == (422, "invalid-request")


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded",
                                        "multipart/form-data; boundary=x"])  # fmt: skip
def test_other_media_types_are_refused(api: Api, media_type: str) -> None:
    assert post(api, "name=x", media_type).problem() == (415, "unsupported-media")


def test_a_large_body_is_refused_before_it_is_read(api: Api) -> None:
    assert post(api, "x" * (BODY_LIMIT_BYTES + 1)).problem() == (413, "body-too-large")


def test_unknown_paths_and_methods_are_refused(api: Api) -> None:
    assert call(api.resolve, "GET", "/nothing?a=1").problem() == (404, "unknown-path")
    # Whatever the body is: no media type is right for a path that does not exist.
    form = {"Content-Type": "multipart/form-data; boundary=x"}
    for headers in (None, form):
        response = call(api.resolve, "POST", "/nothing", "x", headers)
        assert response.problem() == (404, "unknown-path")
    response = call(api.resolve, "DELETE", "/things")
    assert response.problem() == (405, "method-not-allowed")
    assert response.headers["Allow"] == "GET, POST"


def test_a_temporary_error_has_retry_after_and_no_internal_text(api: Api) -> None:
    response = call(api.resolve, "GET", "/faults/away")
    assert response.problem() == (503, "database-unavailable")
    assert response.headers["Retry-After"] == "5"
    assert "db-1" not in response.text


def test_an_unexpected_error_is_logged_and_not_shown(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    response = call(api.resolve, "GET", "/faults/other")
    assert response.problem() == (500, "internal-error")
    assert "secret" not in response.text
    assert "a secret of the house" in caplog.text


def test_many_errors_are_counted_and_the_first_shown(api: Api) -> None:
    problem = call(api.resolve, "GET", "/faults/wrong").json()
    assert (len(problem["errors"]), problem["errors_total"]) == (100, 150)


@pytest.mark.parametrize("target", ["/things", "/nothing", "/faults/away", "/faults/other"])
def test_pages_of_the_configured_origin_and_no_other_may_read_responses_and_errors(
    monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    console = "https://console.example.com"
    monkeypatch.setenv("BROWSER_ORIGIN", console)
    api = make_api()
    for origin, allowed in ((console, console), ("https://other.example.com", None)):
        response = call(api.resolve, "GET", target, headers={"Origin": origin})
        assert response.headers.get("Access-Control-Allow-Origin") == allowed


def test_pages_of_other_origins_read_nothing_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BROWSER_ORIGIN", raising=False)
    origin = {"Origin": "https://a.example.com"}
    response = call(make_api().resolve, "GET", "/things", headers=origin)
    assert response.status == 200
    assert not [name for name in response.headers if name.startswith("Access-Control")]


def test_cross_origin_requests_are_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROWSER_ORIGIN", "*")
    api = make_api()
    origin = {"Origin": "https://console.example.com"}
    preflight = call(api.resolve, "OPTIONS", "/things", headers=origin)
    assert preflight.status == 204
    assert preflight.headers["Access-Control-Allow-Methods"] == "GET,OPTIONS,POST"
    for target in ("/things", "/nothing"):
        allowed = call(api.resolve, "GET", target, headers=origin).headers
        assert allowed["Access-Control-Allow-Origin"] == "*"


def test_the_log_names_the_route_and_not_the_path(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    call(api.resolve, "GET", "/faults/jane.doe")
    (line,) = (vars(each) for each in caplog.records if each.message == "request handled")
    assert (line["action"], line["endpoint"]) == ("http.handled", "/faults/{kind}")
    assert "jane" not in repr([line[name] for name in ("method", "endpoint", "status_code")])


@pytest.mark.parametrize("depth", [102, 103, 400, 990, 100_000])
@pytest.mark.parametrize("field", ["name", "sizes", "more"])
def test_a_body_that_is_nested_too_deeply_is_refused(api: Api, field: str, depth: int) -> None:
    # The object around them is a level too.
    nested = "[" * (depth - 1) + "]" * (depth - 1)
    response = post(api, f'{{"{field}": {nested}}}')
    assert response.problem() == (422, "invalid-request")
    assert ("nested more than 102 levels deep" in response.text) == (depth > 102)
