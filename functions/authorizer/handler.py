"""Lambda authorizer of the API: who sends a request. What they may do is checked by each route."""

from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.authorizer.refusals import Refusals
from functions.authorizer.settings import AuthorizerSettings
from functions.authorizer.signing_keys import KeysUnavailable, SigningKeys, signing_keys
from functions.authorizer.verify_token import InvalidToken, verify_token
from waybill import telemetry
from waybill.clients import s3_client
from waybill.http.principal import Principal
from waybill.state.audit import AuditEntries

_SCHEME = "bearer "


class UnauthorizedError(Exception):
    """API Gateway responds 401 to an error with exactly the text `Unauthorized`."""

    def __init__(self) -> None:
        super().__init__("Unauthorized")


@cache
def _settings() -> AuthorizerSettings:
    return AuthorizerSettings.from_environment()


@cache
def _keys() -> SigningKeys:
    return signing_keys(_settings())


@cache
def _refusals() -> Refusals:
    return Refusals(AuditEntries(s3_client(), _settings().state_bucket))


def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Handle a REQUEST authorizer event; returns a policy for every route, and the identity.

    Raises:
        UnauthorizedError: the token is refused.
        KeysUnavailable: the issuer's keys cannot be fetched; API Gateway responds 503.
    """
    telemetry.start("authorizer", _settings(), context)
    source = ((event.get("requestContext") or {}).get("identity") or {}).get("sourceIp")
    try:
        principal = verify_token(_token(event), _keys(), _settings())
    except InvalidToken as error:
        telemetry.action(
            "token.refused",
            level="warning",
            reason=str(error),
            source=source,
            route=event.get("resource"),
        )
        _refusals().record(str(source or ""), str(error), event.get("resource"))
        raise UnauthorizedError from None
    except KeysUnavailable as error:
        telemetry.action("keys.unavailable", level="error", reason=str(error))
        raise
    return _policy(principal, str(event["methodArn"]))


def _token(event: dict[str, Any]) -> str:
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    value = str(headers.get("authorization") or "").strip()
    # The scheme may be left out, as for API Gateway's own authorizers.
    return value[len(_SCHEME) :].strip() if value.lower().startswith(_SCHEME) else value


def _policy(principal: Principal, method_arn: str) -> dict[str, Any]:
    """Allow every route: API Gateway caches the policy and applies it to all of them."""
    api, stage, *_ = method_arn.split("/")
    statement = {
        "Action": "execute-api:Invoke",
        "Effect": "Allow",
        "Resource": f"{api}/{stage}/*/*",
    }
    return {
        "principalId": principal.subject,
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": principal.context(),
    }
