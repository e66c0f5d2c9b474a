"""`waybill login`: the device flow, Cognito's own, and how long a login lasts."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from waybill_client.errors import ClientError
from waybill_client.issuer import Dialog, Issuer
from waybill_client.logins import Login, logins_file, save_login, token_of

API, ISSUER = "https://api.example/v1", "https://issuer.example/realm"
POOL = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_abc"
Handler = Callable[[httpx.Request], httpx.Response]


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))


def http(handler: Handler) -> httpx.Client:
    return httpx.Client(transport=httpx.MockTransport(handler))


def dialog(replies: list[str], shown: list[str] | None = None) -> Dialog:
    notes: list[str] = [] if shown is None else shown

    def prompt(text: str, *, hide: bool = False) -> str:
        assert hide == ("assword" in text)
        return replies.pop(0)

    return Dialog(prompt, notes.append, lambda _: None)


class DeviceIssuer:
    """An issuer with the device flow; `replies` of its token endpoint, in order."""

    def __init__(self, *replies: dict[str, Any], issuer: str = ISSUER) -> None:
        self.replies = list(replies)
        self.forms: list[dict[str, str]] = []
        self._issuer = issuer

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path.endswith("openid-configuration"):
            return httpx.Response(
                200,
                json={
                    "issuer": self._issuer,
                    "token_endpoint": f"{ISSUER}/token",
                    "device_authorization_endpoint": f"{ISSUER}/device",
                },
            )
        form = {name: value[0] for name, value in parse_qs(request.content.decode()).items()}
        self.forms.append(form)
        if path.endswith("/device"):
            return httpx.Response(
                200,
                json={
                    "device_code": "d",
                    "user_code": "ABCD",
                    "verification_uri": f"{ISSUER}/go",
                    "expires_in": 600,
                },
            )
        reply = self.replies.pop(0)
        return httpx.Response(400 if "error" in reply else 200, json=reply)


def test_the_device_flow_waits_for_the_user() -> None:
    issuer = DeviceIssuer(
        {"error": "authorization_pending"},
        {"error": "slow_down"},
        {"access_token": "t", "refresh_token": "r", "expires_in": 1800},
    )
    shown: list[str] = []
    tokens = Issuer(ISSUER, "cli", http(issuer)).log_in(dialog([], shown))
    assert (tokens.access_token, tokens.refresh_token, tokens.expires_in) == ("t", "r", 1800)
    assert shown == [f"Open {ISSUER}/go and confirm the code ABCD."]
    assert {form["client_id"] for form in issuer.forms} == {"cli"}


def test_a_refused_login_says_why() -> None:
    issuer = DeviceIssuer({"error": "access_denied"})
    with pytest.raises(ClientError, match="access_denied"):
        Issuer(ISSUER, "cli", http(issuer)).log_in(dialog([]))


def test_a_configuration_of_another_issuer_is_refused() -> None:
    issuer = DeviceIssuer(issuer="https://evil.example")
    with pytest.raises(ClientError, match="no OpenID configuration"):
        Issuer(ISSUER, "cli", http(issuer)).log_in(dialog([]))
    with pytest.raises(ClientError, match="not an https URL"):
        Issuer("http://issuer.example", "cli", http(issuer))


class Pool:
    """A Cognito pool that wants a new password and an authenticator."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self._steps = [
            {"ChallengeName": "NEW_PASSWORD_REQUIRED", "Session": "1"},
            {"ChallengeName": "MFA_SETUP", "Session": "2"},
            {"SecretCode": "KEY", "Session": "3"},
            {"Status": "SUCCESS", "Session": "4"},
            {"AuthenticationResult": {"AccessToken": "t", "RefreshToken": "r", "ExpiresIn": 1800}},
        ]

    def __call__(self, request: httpx.Request) -> httpx.Response:
        operation = request.headers["X-Amz-Target"].rpartition(".")[2]
        self.calls.append((operation, json.loads(request.content)))
        return httpx.Response(200, json=self._steps[len(self.calls) - 1])


def test_a_pool_asks_for_password_and_second_factor() -> None:
    pool, shown = Pool(), list[str]()
    replies = ["ada@example.com", "first", "second", "123456"]
    tokens = Issuer(POOL, "cli", http(pool)).log_in(dialog(replies, shown))
    assert (tokens.access_token, replies) == ("t", [])
    assert shown == ["Add this key to your authenticator: KEY"]
    assert [operation for operation, _ in pool.calls] == [
        "InitiateAuth",
        "RespondToAuthChallenge",
        "AssociateSoftwareToken",
        "VerifySoftwareToken",
        "RespondToAuthChallenge",
    ]
    assert pool.calls[0][1]["AuthParameters"] == {
        "USERNAME": "ada@example.com",
        "PASSWORD": "first",
    }
    assert pool.calls[1][1]["ChallengeResponses"]["NEW_PASSWORD"] == "second"
    assert pool.calls[4][1]["Session"] == "4"


def test_a_refused_password_says_why() -> None:
    def refuse(_: httpx.Request) -> httpx.Response:
        return httpx.Response(400, json={"message": "Incorrect username or password."})

    with pytest.raises(ClientError, match="Incorrect username or password"):
        Issuer(POOL, "cli", http(refuse)).log_in(dialog(["a", "b"]))


def never(_: httpx.Request) -> httpx.Response:
    raise AssertionError("no request is needed")


def test_a_login_is_for_its_api_and_its_owner_only() -> None:
    save_login(API, Login(ISSUER, "cli", "t", "r", time.time() + 1800))
    assert token_of(API, http(never)) == "t"
    assert token_of("https://other.example/v1", http(never)) is None
    assert logins_file().stat().st_mode & 0o777 == 0o600
    save_login(API, None)
    assert token_of(API, http(never)) is None


def test_an_old_token_is_refreshed_and_kept() -> None:
    save_login(API, Login(ISSUER, "cli", "old", "r", time.time() + 5))
    issuer = DeviceIssuer({"access_token": "new", "expires_in": 1800})
    assert token_of(API, http(issuer)) == "new"
    assert issuer.forms[-1]["refresh_token"] == "r"
    assert token_of(API, http(never)) == "new"


def test_a_login_that_has_ended_is_forgotten() -> None:
    save_login(API, Login(ISSUER, "cli", "old", "r", time.time() - 5))
    assert token_of(API, http(DeviceIssuer({"error": "invalid_grant"}))) is None
    assert token_of(API, http(never)) is None
