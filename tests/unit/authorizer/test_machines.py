"""Machines: signed requests that STS verifies, and API keys that API Gateway has."""

import base64
import json
from typing import Any
from urllib.parse import parse_qsl, urlencode

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from functions.authorizer.api_keys import ApiKeys, KeysUnreadable
from functions.authorizer.identify import Verifiers, identify
from functions.authorizer.machines import Machine, parse_machines, role_arn
from functions.authorizer.signing_keys import signing_keys
from functions.authorizer.verify_signature import PREFIX, CallerUnavailable, verify_signature
from functions.authorizer.verify_token import InvalidToken
from tests.unit.authorizer.tokens import claims, settings, sign
from waybill_client.sigv4 import SigV4Token

HOST = "abc.execute-api.eu-west-1.amazonaws.com"
ROLE = "arn:aws:iam::123456789012:role/jobs/etl"
SESSION = "arn:aws:sts::123456789012:assumed-role/etl/run-1"
ETL = Machine(name="etl", role="loader", datasets=frozenset({"jobs"}), iam_role=ROLE)


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "session")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")


class Sts:
    """What the authorizer asks of STS, and an answer."""

    def __init__(self, arn: str = SESSION) -> None:
        self.queries: list[tuple[str, str]] = []
        self._arn = arn

    def __call__(self, query: str, audience: str) -> str:
        self.queries.append((query, audience))
        return self._arn


def token() -> str:
    return SigV4Token(f"https://{HOST}/v1")()


def changed(**values: str | None) -> str:
    """A token whose query has other values; None leaves a parameter out."""
    encoded = token().removeprefix(PREFIX)
    query = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()
    given = {**dict(parse_qsl(query)), **values}
    text = urlencode({name: value for name, value in given.items() if value is not None})
    return PREFIX + base64.urlsafe_b64encode(text.encode()).decode()


def test_the_role_that_signed_is_the_machine() -> None:
    sts = Sts()
    machine, _ = verify_signature(token(), HOST, [ETL], sts)
    assert machine is ETL
    ((query, audience),) = sts.queries
    assert audience == HOST
    queries = dict(parse_qsl(query))
    assert (queries["Action"], queries["X-Amz-SignedHeaders"]) == (
        "GetCallerIdentity",
        "host;x-waybill-audience",
    )


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:sts::999999999999:assumed-role/etl/run-1",
        "arn:aws:sts::123456789012:assumed-role/other/etl",
        "arn:aws:iam::123456789012:user/etl",
        "arn:aws-cn:sts::123456789012:assumed-role/etl/run-1",
    ],
)
def test_other_roles_are_nobody(arn: str) -> None:
    with pytest.raises(InvalidToken):
        verify_signature(token(), HOST, [ETL], Sts(arn))


@pytest.mark.parametrize(
    "values",
    [
        {"Action": "AssumeRole"},
        {"Version": None, "RoleArn": ROLE},
        {"X-Amz-SignedHeaders": "host"},
        {"X-Amz-Expires": "3600"},
        {"X-Amz-Expires": "0"},
        {"X-Amz-Date": "20200101T000000Z"},
        {"X-Amz-Date": "29990101T000000Z"},
        {"X-Amz-Date": "yesterday"},
        {"X-Amz-Date": None},
    ],
)
def test_other_requests_are_not_sent_to_sts(values: dict[str, str | None]) -> None:
    sts = Sts()
    with pytest.raises(InvalidToken):
        verify_signature(changed(**values), HOST, [ETL], sts)
    assert sts.queries == []


@pytest.mark.parametrize("text", ["", "!", "a" * 50, "é"])
def test_what_is_no_query_is_refused(text: str) -> None:
    with pytest.raises(InvalidToken):
        verify_signature(PREFIX + text, HOST, [ETL], Sts())


def test_a_repeated_parameter_is_refused() -> None:
    query = b"Action=GetCallerIdentity&Action=X&X-Amz-Date=20260101T000000Z&X-Amz-Expires=1"
    text = base64.urlsafe_b64encode(query)
    with pytest.raises(InvalidToken):
        verify_signature(PREFIX + text.decode(), HOST, [ETL], Sts())


def test_an_arn_of_a_role_has_no_path() -> None:
    expected = "arn:aws:iam::123456789012:role/etl"
    assert (role_arn(ROLE), role_arn(SESSION)) == (expected, expected)


class ApiGateway:
    """The API keys of API Gateway, by id."""

    def __init__(self) -> None:
        self.keys: dict[str, dict[str, Any]] = {}

    def make(self, name: str) -> tuple[Machine, str]:
        value = f"{name}-{'k' * 30}"
        self.keys[f"id-{name}"] = {"value": value, "enabled": True}
        return Machine(name=name, role="loader", api_key_id=f"id-{name}"), value

    def get_api_key(self, *, apiKey: str, includeValue: bool) -> dict[str, Any]:  # noqa: N803 - as boto3 calls it
        assert includeValue
        if apiKey not in self.keys:
            raise ClientError({"Error": {"Code": "NotFoundException"}}, "GetApiKey")
        return dict(self.keys[apiKey])

    def __call__(self) -> Any:
        return self


@pytest.fixture
def apigateway() -> ApiGateway:
    return ApiGateway()


def test_the_key_of_a_machine_is_found(apigateway: ApiGateway) -> None:
    (first, one), (second, two) = (apigateway.make(name) for name in ("first", "second"))
    keys = ApiKeys([first, second, ETL], apigateway)
    assert (keys.machine_of(one), keys.machine_of(two)) == (first, second)
    for wrong in ("", one[:-1], one.upper()):
        with pytest.raises(InvalidToken):
            keys.machine_of(wrong)


def test_a_disabled_key_is_refused_after_five_minutes(apigateway: ApiGateway) -> None:
    machine, value = apigateway.make("first")
    now = [0.0]
    keys = ApiKeys([machine], apigateway, lambda: now[0])
    assert keys.machine_of(value) == machine
    apigateway.keys["id-first"]["enabled"] = False
    now[0] = 301
    with pytest.raises(InvalidToken):
        keys.machine_of(value)


def test_guessed_keys_are_read_once_a_minute(apigateway: ApiGateway) -> None:
    machine, _ = apigateway.make("first")
    now, connected = [0.0], []

    def connect() -> Any:
        connected.append(now[0])
        return apigateway

    keys = ApiKeys([machine], connect, lambda: now[0])
    for moment in (0.0, 1.0, 59.0, 60.0, 61.0):
        now[0] = moment
        with pytest.raises(InvalidToken):
            keys.machine_of("guess")
    assert connected == [0.0, 60.0]


def test_a_key_that_is_missing_is_no_failure(apigateway: ApiGateway) -> None:
    machine, value = apigateway.make("first")
    gone = Machine(name="gone", role="loader", api_key_id="none")
    assert ApiKeys([gone, machine], apigateway).machine_of(value) == machine


def test_keys_that_cannot_be_read_are_not_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    # Nothing listens there.
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    client = boto3.client("apigateway", config=Config(retries={"total_max_attempts": 1}))
    keys = ApiKeys([Machine(name="m", role="reader", api_key_id="k")], lambda: client)
    for _ in range(2):
        with pytest.raises(KeysUnreadable):
            keys.machine_of("x")


def verifiers(api_keys: ApiKeys, prefix: str | None = "usage") -> Verifiers:
    given = settings(**({"usage_key_prefix": prefix} if prefix else {}))
    return Verifiers(given, signing_keys(given), (ETL,), api_keys, Sts())


def test_each_caller_has_the_usage_plan_of_its_own(apigateway: ApiGateway) -> None:
    machine, value = apigateway.make("nightly")
    known = verifiers(ApiKeys([machine], apigateway))
    person, signed, keyed = (identify(one, HOST, known) for one in (sign(claims()), token(), value))
    assert (person.principal.subject, person.usage_key) == ("person", "usage-people")
    assert (signed.principal.subject, signed.usage_key) == ("machine:etl", "usage-etl")
    assert (keyed.principal.subject, keyed.usage_key) == ("machine:nightly", value)
    assert (signed.principal.role, signed.principal.datasets) == ("loader", frozenset({"jobs"}))
    without = verifiers(ApiKeys([], apigateway), None)
    assert identify(sign(claims()), HOST, without).usage_key is None


def test_sts_that_cannot_be_reached_is_no_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    from functions.authorizer.verify_signature import ask_sts  # noqa: PLC0415

    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    with pytest.raises(CallerUnavailable):
        ask_sts("Action=GetCallerIdentity", HOST)


def test_the_setting_is_checked() -> None:
    found = parse_machines(json.dumps([{"name": "a", "role": "reader", "datasets": ["jobs"]}]))
    assert found[0].principal(1).datasets == frozenset({"jobs"})
    wrong: list[Any] = [{"name": "a", "role": "owner"}, {"role": "reader"}]
    for each in wrong:
        with pytest.raises(ValueError, match="validation error"):
            parse_machines(json.dumps([each]))
