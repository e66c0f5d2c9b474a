import json
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from functions.authorizer import handler
from functions.authorizer.signing_keys import KeysUnavailable
from infra.routes import ROUTES
from tests.cloud.lambda_events import Context
from tests.unit.authorizer.test_verify_token import INVALID_TOKENS
from tests.unit.authorizer.tokens import AUDIENCE, ISSUER, JWKS, claims, sign
from tests.unit.http.api_client import STATE
from waybill.http.principal import Principal
from waybill.state.bucket import StateBucket

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

EVENT: dict[str, Any] = json.loads(
    (Path(__file__).parents[3] / "events" / "authorizer.json").read_text()
)


@pytest.fixture(autouse=True)
def _environment(aws: "S3Client", monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:  # noqa: ARG001 - refusals are kept in it
    monkeypatch.setenv("TOKEN_ISSUER", ISSUER)
    monkeypatch.setenv("TOKEN_AUDIENCE", AUDIENCE)
    monkeypatch.setenv("TOKEN_JWKS", json.dumps(JWKS))
    handler._settings.cache_clear()
    handler._verifiers.cache_clear()
    handler._refusals.cache_clear()
    yield
    handler._settings.cache_clear()
    handler._verifiers.cache_clear()
    handler._refusals.cache_clear()


def ask(authorization: str, name: str = "Authorization") -> dict[str, Any]:
    headers = {**EVENT["headers"], name: authorization}
    if name != "Authorization":
        del headers["Authorization"]
    return handler.handle({**EVENT, "headers": headers}, Context())


@pytest.mark.parametrize("prefix", ["Bearer ", "bearer  ", ""])
def test_the_policy_allows_the_whole_stage(prefix: str) -> None:
    result = ask(prefix + sign(claims()), "authorization")
    (statement,) = result["policyDocument"]["Statement"]
    assert statement["Effect"] == "Allow"
    assert statement["Resource"] == ("arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/v1/*/*")


def test_the_functions_read_what_the_authorizer_returns() -> None:
    result = ask("Bearer " + sign(claims(roles=["loader"], datasets=["jobs", "users"])))
    context = {"principalId": result["principalId"], **result["context"]}
    assert all(isinstance(value, str) for value in context.values())
    principal = Principal.from_event({"requestContext": {"authorizer": context}})
    assert (principal.subject, principal.role) == ("person", "loader")
    assert principal.datasets == frozenset({"jobs", "users"})


def test_a_refused_token_is_logged_without_itself(caplog: pytest.LogCaptureFixture) -> None:
    token = sign(claims(aud="other"))
    with pytest.raises(handler.UnauthorizedError, match=r"^Unauthorized$"):
        ask(f"Bearer {token}")
    (record,) = caplog.records
    facts = vars(record)
    assert (facts["action"], facts["source"]) == ("token.refused", "203.0.113.7")
    assert "audience" in facts["reason"]
    assert token not in str(facts)


def test_an_invalid_token_is_refused_whatever_the_route() -> None:
    routes = [route for route in ROUTES if route.rule.role]
    for route, parameter in product(routes, INVALID_TOKENS):
        arn = f"arn:aws:execute-api:eu-west-1:1:a/v1/{route.method}{route.path}"
        headers = {"Authorization": f"Bearer {parameter.values[0]}"}
        request = {"methodArn": arn, "path": route.path, "httpMethod": route.method}
        event = {**EVENT, **request, "resource": route.path, "headers": headers}
        with pytest.raises(handler.UnauthorizedError):
            handler.handle(event, Context())


def test_the_event_of_the_repository_is_refused() -> None:
    with pytest.raises(handler.UnauthorizedError):
        handler.handle(EVENT, Context())


def test_unavailable_keys_are_an_error_of_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN_JWKS", "")
    monkeypatch.setenv("TOKEN_JWKS_URL", "http://issuer.example/keys")
    with pytest.raises(KeysUnavailable):
        ask("Bearer " + sign(claims()))


def test_refused_tokens_are_recorded_once_a_minute_for_each_address(aws: "S3Client") -> None:
    for kid in ("known\x00\ud800", "other"):
        with pytest.raises(handler.UnauthorizedError):
            ask("Bearer " + sign(claims(), kid=kid))
    entries = StateBucket(aws, STATE).audit
    (entry,) = entries.read(entries.keys())
    assert (entry["action"], entry["actor"], entry["source"]) == (
        "token.refused",
        None,
        "203.0.113.7",
    )
    assert entry["detail"] == {"reason": r"unknown key 'known\x00\ud800'", "route": "/jobs"}
