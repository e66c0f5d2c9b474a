"""Machines on the deployed stack: SigV4 with a role of IAM, and an API key."""

from collections.abc import Iterator

import httpx
import pytest
from typer.testing import CliRunner

from infra.local.clients import Clients
from infra.machines import LOCAL_MACHINES
from tests.e2e.test_access import assert_problem, bearer
from waybill_client import Waybill
from waybill_client.commands import make_app
from waybill_client.sigv4 import SigV4Token

pytestmark = pytest.mark.e2e
_TRUST = (
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",'
    ' "Principal": {"AWS": "arn:aws:iam::000000000000:root"}}]}'
)


def assume(aws: Clients, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the credentials of a session of the role, which may do nothing in AWS."""
    aws("iam").create_role(RoleName=name, AssumeRolePolicyDocument=_TRUST)
    arn = f"arn:aws:iam::000000000000:role/{name}"
    session = aws("sts").assume_role(RoleArn=arn, RoleSessionName="run-1")["Credentials"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", session["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", session["SecretAccessKey"])
    monkeypatch.setenv("AWS_SESSION_TOKEN", session["SessionToken"])
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.endpoint)


@pytest.fixture
def machine(aws: Clients, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The credentials of a session of the role that the stack knows."""
    assume(aws, "machine", monkeypatch)
    yield
    aws("iam").delete_role(RoleName="machine")


@pytest.mark.usefixtures("machine")
def test_a_role_loads_as_its_machine(api: str, http: httpx.Client) -> None:
    rows = {"rows": [{"id": 950001, "department": "Signed"}]}
    headers = bearer(SigV4Token(api)())
    response = httpx.post(f"{api}/batch/departments", json=rows, headers=headers, timeout=90)
    assert response.status_code == 200, response.text
    entries = http.get("/audit-logs", params={"actor": "machine:local-role"}).json()["items"]
    made = [entry["job_id"] for entry in entries if entry["action"] == "job.created"]
    assert made == [response.json()["job_id"]]
    # Its role in the API is `loader`, whatever its role in AWS may do.
    assert_problem(httpx.get(f"{api}/audit-logs", headers=headers, timeout=90), 403, "forbidden")


@pytest.mark.usefixtures("machine")
def test_the_command_signs(api: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAYBILL_API", api)
    found = CliRunner().invoke(make_app(), ["--sigv4", "datasets"])
    assert (found.exit_code, "departments" in found.output) == (0, True), found.output


@pytest.mark.usefixtures("machine")
def test_a_signature_for_another_api_or_by_another_secret_is_refused(
    api: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = SigV4Token("https://other.execute-api.us-east-1.amazonaws.com/v1")()
    response = httpx.get(f"{api}/jobs", headers=bearer(other), timeout=90)
    assert_problem(response, 401, "unauthorized")
    changed = SigV4Token(api)()
    letter = "A" if changed[-6] != "A" else "B"
    forged = changed[:-6] + letter + changed[-5:]
    response = httpx.get(f"{api}/jobs", headers=bearer(forged), timeout=90)
    assert_problem(response, 401, "unauthorized")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-the-secret")
    wrong = SigV4Token(api)()
    assert_problem(httpx.get(f"{api}/jobs", headers=bearer(wrong), timeout=90), 401, "unauthorized")


def test_a_role_that_the_api_does_not_know_is_refused(
    api: str, aws: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    assume(aws, "stranger", monkeypatch)
    token = SigV4Token(api)()
    assert_problem(httpx.get(f"{api}/jobs", headers=bearer(token), timeout=90), 401, "unauthorized")
    aws("iam").delete_role(RoleName="stranger")


def test_an_api_key_is_a_machine(api: str, aws: Clients) -> None:
    keys = aws("apigateway").get_api_keys(includeValues=True)["items"]
    (key,) = [one for one in keys if one["name"] == "waybill-local-local-key"]
    assert "local-key" in LOCAL_MACHINES
    with Waybill(api, token=key["value"]) as waybill:
        assert waybill.datasets()
    refused = httpx.get(f"{api}/jobs", headers=bearer(key["value"][:-1] + "x"), timeout=90)
    assert_problem(refused, 401, "unauthorized")
    # A key whose value is no secret proves nothing.
    for value in ("waybill-local-usage-people", "waybill-local-usage-local-role"):
        refused = httpx.get(f"{api}/jobs", headers=bearer(value), timeout=90)
        assert_problem(refused, 401, "unauthorized")
