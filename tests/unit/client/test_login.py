"""Logging in to a pool of users, against the responses that Cognito documents."""

import json
from collections.abc import Sequence
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from waybill_client.cognito import CognitoPool
from waybill_client.commands import make_app
from waybill_client.errors import ClientError

TOKEN = {"AuthenticationResult": {"AccessToken": "the-token", "ExpiresIn": 1800}}


class Pool:
    """Answers in order, and keeps the requests: the action and the body."""

    def __init__(self, *answers: dict[str, Any] | httpx.Response) -> None:
        self._answers = list(answers)
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.hosts: set[str] = set()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        action = request.headers["X-Amz-Target"].partition(".")[2]
        self.requests.append((action, json.loads(request.content)))
        self.hosts.add(request.url.host)
        answer = self._answers.pop(0)
        return answer if isinstance(answer, httpx.Response) else httpx.Response(200, json=answer)


def log_in(pool: Pool, answers: Sequence[str] = ("Corr3ct-password",)) -> tuple[str, list[str]]:
    """The token, and what the person was shown."""
    waiting, shown = list(answers), list[str]()

    def prompt(text: str, *, hide: bool = False) -> str:
        assert hide == ("assword" in text)
        return waiting.pop(0)

    with httpx.Client(transport=httpx.MockTransport(pool)) as http:
        tokens = CognitoPool("eu-central-1", "a-client", http).log_in(
            prompt, shown.append, name="ada@example.com"
        )
    assert waiting == []
    return tokens.access_token, shown


def test_a_password_gives_a_token() -> None:
    pool = Pool(TOKEN)
    assert log_in(pool) == ("the-token", [])
    ((action, body),) = pool.requests
    assert action == "InitiateAuth"
    assert body["ClientId"] == "a-client"
    assert body["AuthParameters"] == {
        "USERNAME": "ada@example.com",
        "PASSWORD": "Corr3ct-password",
    }
    assert pool.hosts == {"cognito-idp.eu-central-1.amazonaws.com"}


def test_the_first_login_chooses_a_password_and_sets_up_a_second_factor() -> None:
    pool = Pool(
        {"ChallengeName": "NEW_PASSWORD_REQUIRED", "Session": "s1"},
        {"ChallengeName": "MFA_SETUP", "Session": "s2"},
        {"SecretCode": "K3Y", "Session": "s3"},
        {"Status": "SUCCESS", "Session": "s4"},
        TOKEN,
    )
    token, shown = log_in(pool, ("temporary", "Corr3ct-password", "123456"))
    assert token == "the-token"
    assert shown == ["Add this key to your authenticator: K3Y"]
    sent = dict(pool.requests)
    assert sent["VerifySoftwareToken"] == {"Session": "s3", "UserCode": "123456"}
    assert pool.requests[1][1]["ChallengeResponses"]["NEW_PASSWORD"] == "Corr3ct-password"
    assert pool.requests[-1][1]["ChallengeName"] == "MFA_SETUP"
    assert pool.requests[-1][1]["Session"] == "s4"


def test_later_logins_take_the_code_of_the_second_factor() -> None:
    pool = Pool({"ChallengeName": "SOFTWARE_TOKEN_MFA", "Session": "s1"}, TOKEN)
    token, _ = log_in(pool, ("Corr3ct-password", "654321"))
    assert token == "the-token"
    assert pool.requests[1][1]["ChallengeResponses"] == {
        "USERNAME": "ada@example.com",
        "SOFTWARE_TOKEN_MFA_CODE": "654321",
    }


def test_a_refusal_is_shown() -> None:
    refusal = {"__type": "NotAuthorizedException", "message": "Incorrect username or password."}
    with pytest.raises(ClientError, match="Incorrect username or password"):
        log_in(Pool(httpx.Response(400, json=refusal)))


def test_a_response_of_something_else_is_said() -> None:
    with pytest.raises(ClientError, match="no user pool"):
        log_in(Pool(httpx.Response(502, text="<html>")))


def test_an_unknown_challenge_is_named() -> None:
    with pytest.raises(ClientError, match="DEVICE_SRP_AUTH"):
        log_in(Pool({"ChallengeName": "DEVICE_SRP_AUTH", "Session": "s"}))


def test_the_command_prints_the_token_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    transport = httpx.MockTransport(Pool(TOKEN))
    client = httpx.Client
    monkeypatch.setattr(
        "waybill_client.login_commands.httpx.Client", lambda **_: client(transport=transport)
    )
    ended = CliRunner().invoke(
        make_app(), ["login", "ada@example.com", "--client-id", "a-client"], input="secret\n"
    )
    assert ended.exit_code == 0
    # The first line is the hidden answer, of a terminal that does not exist here.
    assert ended.stdout.split() == ["the-token"]
    assert "secret" not in ended.output
