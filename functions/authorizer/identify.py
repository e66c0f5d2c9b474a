"""Who sends a request: a person with a token, or a machine with a signature or an API key."""

import time
from typing import NamedTuple

from functions.authorizer.api_keys import ApiKeys
from functions.authorizer.machines import Caller, Machine
from functions.authorizer.settings import AuthorizerSettings
from functions.authorizer.signing_keys import SigningKeys
from functions.authorizer.verify_signature import PREFIX, GetCaller, verify_signature
from functions.authorizer.verify_token import verify_token

# API Gateway keeps the result for five minutes.
_KEY_SECONDS = 600
_MAX_KEY_LENGTH = 128


class Verifiers(NamedTuple):
    """What credentials are verified with."""

    settings: AuthorizerSettings
    signing_keys: SigningKeys
    machines: tuple[Machine, ...]
    api_keys: ApiKeys
    get_caller: GetCaller


def identify(credential: str, host: str, verifiers: Verifiers) -> Caller:
    """The caller.

    Args:
        credential: a JSON Web Token, a signed request for AWS STS, or an API key.
        host: of the API, as the request names it.
        verifiers: whose credentials are accepted.

    Raises:
        InvalidToken: the credential is refused.
        KeysUnavailable, CallerUnavailable, KeysUnreadable: it cannot be verified now.
    """
    prefix = verifiers.settings.usage_key_prefix
    if credential.startswith(PREFIX):
        machine, expires_at = verify_signature(
            credential, host, verifiers.machines, verifiers.get_caller
        )
        usage_key = f"{prefix}-{machine.name}" if prefix else None
        return Caller(machine.principal(expires_at), usage_key)
    if credential and "." not in credential and len(credential) <= _MAX_KEY_LENGTH:
        machine = verifiers.api_keys.machine_of(credential)
        return Caller(machine.principal(int(time.time()) + _KEY_SECONDS), credential)
    principal = verify_token(credential, verifiers.signing_keys, verifiers.settings)
    return Caller(principal, f"{prefix}-people" if prefix else None)
