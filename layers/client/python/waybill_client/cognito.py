"""Log in at a user pool of Cognito: password, first password, and second factor."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Protocol

import httpx

from waybill_client.errors import ClientError
from waybill_client.tokens import Tokens

_TARGET = "AWSCognitoIdentityProviderService."
_MAX_CHALLENGES = 6


class Prompt(Protocol):
    """Asks the user."""

    def __call__(self, text: str, *, hide: bool = False) -> str:
        """The user's response; `hide` for secrets."""


class CognitoPool:
    """The pool of one client, which has no secret."""

    def __init__(self, region: str, client_id: str, http: httpx.Client) -> None:
        self._url = f"https://cognito-idp.{region}.amazonaws.com/"
        self._client_id = client_id
        self._http = http

    def log_in(
        self, prompt: Prompt, show: Callable[[str], None], name: str | None = None
    ) -> Tokens:
        """Ask for name and password, and for what the pool wants to know beside them.

        Raises:
            ClientError: the pool refuses, or cannot be reached.
        """
        name = name or prompt("E-mail")
        parameters = {"USERNAME": name, "PASSWORD": prompt("Password", hide=True)}
        state = self._call(
            "InitiateAuth",
            {
                "AuthFlow": "USER_PASSWORD_AUTH",
                "ClientId": self._client_id,
                "AuthParameters": parameters,
            },
        )
        for _ in range(_MAX_CHALLENGES):
            if "AuthenticationResult" in state:
                return _tokens(state["AuthenticationResult"])
            state = self._respond(state, name, prompt, show)
        raise ClientError("The user pool has too many questions.")

    def refresh(self, refresh_token: str) -> Tokens | None:
        """New tokens; None when the login has ended.

        Raises:
            ClientError: the pool cannot be reached.
        """
        response = self._post(
            "InitiateAuth",
            {
                "AuthFlow": "REFRESH_TOKEN_AUTH",
                "ClientId": self._client_id,
                "AuthParameters": {"REFRESH_TOKEN": refresh_token},
            },
        )
        if response.status_code != HTTPStatus.OK:
            return None
        return _tokens(response.json()["AuthenticationResult"])

    def _respond(
        self, state: dict[str, Any], name: str, prompt: Prompt, show: Callable[[str], None]
    ) -> dict[str, Any]:
        challenge, session = state["ChallengeName"], state["Session"]
        responses = {"USERNAME": name}
        match challenge:
            case "NEW_PASSWORD_REQUIRED":
                responses["NEW_PASSWORD"] = prompt("New password", hide=True)
            case "SOFTWARE_TOKEN_MFA":
                responses["SOFTWARE_TOKEN_MFA_CODE"] = prompt("Code of your authenticator")
            case "MFA_SETUP":
                session = self._set_up(session, prompt, show)
            case _:
                raise ClientError(f"The user pool asks for {challenge}, which is not supported.")
        return self._call(
            "RespondToAuthChallenge",
            {
                "ChallengeName": challenge,
                "ClientId": self._client_id,
                "Session": session,
                "ChallengeResponses": responses,
            },
        )

    def _set_up(self, session: str, prompt: Prompt, show: Callable[[str], None]) -> str:
        """Set up an authenticator; the session that goes on."""
        secret = self._call("AssociateSoftwareToken", {"Session": session})
        show(f"Add this key to your authenticator: {secret['SecretCode']}")
        verified = self._call(
            "VerifySoftwareToken",
            {"Session": secret["Session"], "UserCode": prompt("Code of your authenticator")},
        )
        return str(verified["Session"])

    def _call(self, operation: str, body: dict[str, Any]) -> dict[str, Any]:
        response = self._post(operation, body)
        try:
            content: dict[str, Any] = response.json()
        except ValueError as error:
            raise ClientError(f"{self._url} is no user pool: its response is not JSON.") from error
        if response.status_code != HTTPStatus.OK:
            raise ClientError(f"The login was refused: {content.get('message', 'no reason')}")
        return content

    def _post(self, operation: str, body: dict[str, Any]) -> httpx.Response:
        headers = {
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": f"{_TARGET}{operation}",
        }
        try:
            return self._http.post(self._url, json=body, headers=headers)
        except httpx.HTTPError as error:
            raise ClientError(f"{self._url} cannot be reached: {error}") from error


def _tokens(result: dict[str, Any]) -> Tokens:
    return Tokens(
        str(result["AccessToken"]), result.get("RefreshToken"), float(result["ExpiresIn"])
    )
