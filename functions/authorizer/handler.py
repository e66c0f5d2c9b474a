"""Lambda authorizer of the API: who sends a request. What they may do is checked by each route."""

from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.authorizer.api_keys import ApiKeys, KeysUnreadable
from functions.authorizer.identify import Verifiers, identify
from functions.authorizer.machines import Caller, parse_machines
from functions.authorizer.refusals import Refusals
from functions.authorizer.settings import AuthorizerSettings
from functions.authorizer.signing_keys import KeysUnavailable, signing_keys
from functions.authorizer.verify_signature import CallerUnavailable, ask_sts
from functions.authorizer.verify_token import InvalidToken
from waybill import telemetry
from waybill.clients import apigateway_client, s3_client
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
def _verifiers() -> Verifiers:
    settings = _settings()
    machines = parse_machines(settings.machines)
    api_keys = ApiKeys(machines, apigateway_client)
    return Verifiers(settings, signing_keys(settings), machines, api_keys, ask_sts)


@cache
def _refusals() -> Refusals:
    return Refusals(AuditEntries(s3_client(), _settings().state_bucket))


def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Handle a REQUEST authorizer event; returns a policy for every route, and the identity.

    Raises:
        UnauthorizedError: the token is refused.
        KeysUnavailable, CallerUnavailable, KeysUnreadable: the credential cannot be verified now;
            API Gateway responds 503.
    """
    telemetry.start("authorizer", _settings(), context)
    source = ((event.get("requestContext") or {}).get("identity") or {}).get("sourceIp")
    try:
        caller = identify(_credential(event), _header(event, "host"), _verifiers())
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
    except (KeysUnavailable, CallerUnavailable, KeysUnreadable) as error:
        telemetry.action("keys.unavailable", level="error", reason=str(error))
        raise
    return _policy(caller, str(event["methodArn"]))


def _header(event: dict[str, Any], name: str) -> str:
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    return str(headers.get(name) or "").strip()


def _credential(event: dict[str, Any]) -> str:
    value = _header(event, "authorization")
    # The scheme may be left out, as for API Gateway's own authorizers.
    return value[len(_SCHEME) :].strip() if value.lower().startswith(_SCHEME) else value


def _policy(caller: Caller, method_arn: str) -> dict[str, Any]:
    """Allow every route: API Gateway caches the policy and applies it to all of them."""
    api, stage, *_ = method_arn.split("/")
    statement = {
        "Action": "execute-api:Invoke",
        "Effect": "Allow",
        "Resource": f"{api}/{stage}/*/*",
    }
    usage = {"usageIdentifierKey": caller.usage_key} if caller.usage_key else {}
    return {
        "principalId": caller.principal.subject,
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": caller.principal.context(),
        **usage,
    }
