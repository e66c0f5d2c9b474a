"""URLs of the API as the client sees them."""

from typing import Any

import pytest
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent

from waybill.http.links import base_url


def event(host: str, whole: str, **headers: str) -> APIGatewayProxyEvent:
    context: dict[str, Any] = {"path": whole, "apiId": "ab12"}
    return APIGatewayProxyEvent(
        {"path": "/jobs", "headers": {"Host": host, **headers}, "requestContext": context}
    )


def test_a_stage_is_part_of_the_base(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    assert base_url(event("h.example", "/v1/jobs")) == "https://h.example/v1"


def test_a_custom_domain_may_have_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    assert base_url(event("api.example", "/jobs")) == "https://api.example"


def test_the_local_stack_serves_the_api_below_a_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://localhost:4566")
    of_path = event("localhost:4566", "/v1/jobs")
    assert base_url(of_path) == "http://localhost:4566/api/v1"
    of_host = event("ab12.execute-api.localhost:4566", "/v1/jobs")
    assert base_url(of_host) == "http://ab12.execute-api.localhost:4566/v1"


@pytest.mark.parametrize("scheme", ["http", "javascript", "https://evil.example/?"])
def test_a_forwarded_scheme_does_not_change_the_links(
    monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    forged = {"X-Forwarded-Proto": scheme}
    assert base_url(event("h.example", "/v1/jobs", **forged)) == "https://h.example/v1"
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://localhost:4566")
    assert base_url(event("h.example", "/v1/jobs", **forged)) == "http://h.example/v1"
