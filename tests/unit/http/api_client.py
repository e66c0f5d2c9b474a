"""Call an API function as API Gateway does, with AWS services from moto."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import parse_qsl, urlsplit

import boto3
import pytest
from moto import mock_aws

from tests.cloud.lambda_events import Context
from tests.postgres.databases import PASSWORD, Database
from waybill.clients import s3_client, sqs_client
from waybill.contract.model import Column, Contract
from waybill.http.principal import Principal
from waybill.http.problems import Problem
from waybill.state.bucket import StateBucket

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

REGION: Final = "eu-west-1"
LANDING = "landing-bucket"
STATE = "state-bucket"
Handle = Callable[[dict[str, Any], Any], dict[str, Any]]


ADMIN = Principal("a-person", "admin", None, 4102444800)


def authorizer_context(caller: Principal | None) -> dict[str, str] | None:
    """What API Gateway passes on of the authorizer's result."""
    return {"principalId": caller.subject, **caller.context()} if caller else None


class ApiResponse(NamedTuple):
    status: int
    text: str
    headers: dict[str, str]

    def json(self) -> Any:
        return json.loads(self.text)

    def problem(self) -> tuple[int, str]:
        """Status and code of a problem; asserts the fields that every problem has."""
        assert self.headers["Content-Type"] == "application/problem+json"
        problem = self.json()
        assert problem["status"] == self.status
        assert problem["request_id"] == "request-1"
        optional = {"errors", "errors_total"}
        assert problem.keys() - optional == Problem.model_fields.keys() - optional
        return self.status, problem["type"].rsplit("/", 1)[-1]


def call(  # noqa: PLR0913 - a request has that many parts
    handle: Handle,
    method: str,
    target: str,
    body: object = None,
    headers: Mapping[str, str] | None = None,
    *,
    encoded: bool = False,
    caller: Principal | None = ADMIN,
) -> ApiResponse:
    """Send a request to `target` (path and query); a body that is not text is sent as JSON."""
    url = urlsplit(target)
    query = parse_qsl(url.query, keep_blank_values=True)
    request_headers = {"Host": "api.example.com", "X-Forwarded-Proto": "https", **(headers or {})}
    if body is not None:
        request_headers.setdefault("Content-Type", "application/json")
    event = {
        "resource": "/{proxy+}",
        "path": url.path,
        "httpMethod": method,
        "headers": request_headers,
        "multiValueHeaders": {name: [value] for name, value in request_headers.items()},
        "queryStringParameters": dict(query) or None,
        "multiValueQueryStringParameters": {
            name: [value for each, value in query if each == name] for name, _ in query
        }
        or None,
        "requestContext": {
            "apiId": "abcdef1234",
            "requestId": "request-1",
            "authorizer": authorizer_context(caller),
            "identity": {"sourceIp": "203.0.113.7"},
            "stage": "v1",
            "path": f"/v1{url.path}",
        },
        "body": body if body is None or isinstance(body, str) else json.dumps(body),
        "isBase64Encoded": encoded,
    }
    return parse_response(handle(event, Context()))


def parse_response(proxied: Mapping[str, Any]) -> ApiResponse:
    """The response that a handler returned to API Gateway."""
    headers = {name: ", ".join(values) for name, values in proxied["multiValueHeaders"].items()}
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == ("private, no-cache" if "ETag" in headers else "no-store")
    return ApiResponse(proxied["statusCode"], proxied["body"] or "", headers)


def parcels() -> Contract:
    """The contract of a dataset that only the tests know."""
    code = Column(name="code", type="text", kind="text", stage="text", required=True,
                  nullable=False, has_default=False)  # fmt: skip
    weight = Column(name="weight", type="numeric(5,2)", kind="numeric", stage="text",
                    required=False, nullable=True, has_default=False, precision=5, scale=2,
                    comment="Kilograms.")  # fmt: skip
    return Contract(name="parcels", version=3, table_schema="public", table="parcels",
                    comment="Parcels.", write_disposition="merge", natural_key=("code",),
                    columns=(code, weight))  # fmt: skip


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> "Iterator[S3Client]":
    """S3 with both buckets and one published contract; the handlers' environment names them."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setenv("LANDING_BUCKET", LANDING)
    monkeypatch.setenv("STATE_BUCKET", STATE)
    monkeypatch.setenv("CHUNKS_QUEUE_URL", "https://sqs.example/chunks")
    monkeypatch.setenv("MERGES_QUEUE_URL", "https://sqs.example/merges")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        s3_client.cache_clear()
        sqs_client.cache_clear()
        s3 = s3_client()
        for bucket in (LANDING, STATE):
            s3.create_bucket(
                Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION}
            )
        StateBucket(s3, STATE).contracts.publish(parcels())
        yield s3
    s3_client.cache_clear()
    sqs_client.cache_clear()


def connect_as(role: str, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give a handler the environment to reach the test's database as `role`; needs `aws`."""
    secret = boto3.client("secretsmanager", region_name=REGION).create_secret(
        Name=f"{database.name}-{role}", SecretString=json.dumps({"password": PASSWORD})
    )
    monkeypatch.setenv("DATABASE_SECRET_ARN", secret["ARN"])
    for name, value in database.environment(role).items():
        monkeypatch.setenv(name, value)
