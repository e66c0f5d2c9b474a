"""Logging in to a Cognito pool of users, for a token of the API.

The pool answers each step with a token or with the next challenge: a new password, a second
factor to be set up, or its code.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, NamedTuple

import httpx
import typer

from waybill_client.errors import ClientError

_CODES = ("SMS_MFA", "SOFTWARE_TOKEN_MFA")
_MOST_STEPS = 6


class Ask(NamedTuple):
    """What the person at the terminal is asked, and told."""

    secret: Callable[[str], str]
    """A question whose answer is not shown."""
    text: Callable[[str], str]
    say: Callable[[str], None]


class CognitoLogin:
    """Logs a user in at the pool of an app client, in its region."""

    def __init__(self, http: httpx.Client, client_id: str, region: str) -> None:
        self._http = http
        self._client_id = client_id
        self._url = f"https://cognito-idp.{region}.amazonaws.com/"

    def token(self, username: str, ask: Ask) -> str:
        """An access token, for 30 minutes.

        Raises:
            ClientError: the pool refuses, or cannot be reached.
        """
        step = self._call(
            "InitiateAuth",
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": username, "PASSWORD": ask.secret("Password")},
        )
        for _ in range(_MOST_STEPS):
            if "AuthenticationResult" in step:
                return str(step["AuthenticationResult"]["AccessToken"])
            step = self._next(username, step, ask)
        raise ClientError("The pool asks without end.")

    def _next(self, username: str, step: Mapping[str, Any], ask: Ask) -> dict[str, Any]:
        challenge, session = str(step.get("ChallengeName")), step.get("Session")
        if challenge == "MFA_SETUP":
            session = self._set_up_factor(session, ask)
            answers = {}
        elif challenge == "NEW_PASSWORD_REQUIRED":
            answers = {"NEW_PASSWORD": ask.secret("New password, of 14 characters or more")}
        elif challenge in _CODES:
            answers = {f"{challenge}_CODE": ask.text("Code of the second factor")}
        else:
            raise ClientError(f"The pool asks for {challenge}, which is not supported.")
        return self._call(
            "RespondToAuthChallenge",
            ChallengeName=challenge,
            Session=session,
            ChallengeResponses={"USERNAME": username, **answers},
        )

    def _set_up_factor(self, session: object, ask: Ask) -> object:
        """Enter the secret into an authenticator app; the session to go on with."""
        begun = self._call("AssociateSoftwareToken", named=False, Session=session)
        ask.say(f"Enter this key into an authenticator app: {begun['SecretCode']}")
        done = self._call(
            "VerifySoftwareToken",
            named=False,
            Session=begun["Session"],
            UserCode=ask.text("Code that it shows"),
        )
        return done["Session"]

    def _call(self, action: str, *, named: bool = True, **values: object) -> dict[str, Any]:
        headers = {
            "X-Amz-Target": f"AWSCognitoIdentityProviderService.{action}",
            "Content-Type": "application/x-amz-json-1.1",
        }
        body = {"ClientId": self._client_id, **values} if named else values
        try:
            response = self._http.post(self._url, json=body, headers=headers)
            document: dict[str, Any] = response.json()
        except (httpx.HTTPError, ValueError) as error:
            raise ClientError(f"{self._url} cannot be reached: {error}") from error
        if response.is_error:
            raise ClientError(f"The pool refuses: {document.get('message', response.status_code)}")
        return document


def add_login(app: typer.Typer) -> None:
    """Add the command `login`."""

    @app.command()
    def login(
        username: Annotated[str, typer.Argument(help="Your e-mail address.")],
        client_id: Annotated[str, typer.Option(help="The stack's output UserPoolClientId.")],
        region: Annotated[
            str, typer.Option(envvar=["AWS_REGION", "AWS_DEFAULT_REGION"])
        ] = "us-east-1",
    ) -> None:
        """Log in to the pool of users that a deployment made, and print a token.

        Asks for the password, and for what else the pool wants.
        """

        def question(text: str, *, hidden: bool = False) -> str:
            return str(typer.prompt(text, hide_input=hidden, err=True))

        ask = Ask(
            secret=lambda text: question(text, hidden=True),
            text=question,
            say=lambda text: typer.echo(text, err=True),
        )
        with httpx.Client(timeout=30) as http:
            typer.echo(CognitoLogin(http, client_id, region).token(username, ask))
