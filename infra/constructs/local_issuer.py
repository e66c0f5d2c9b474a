"""The issuer of the local stack's tokens, which is not part of the template."""

from collections.abc import Mapping

from aws_cdk import CfnParameter, Stack
from constructs import Construct

from infra.environments import LOCAL_AUDIENCE, LOCAL_ISSUER


def local_issuer(scope: Construct) -> Mapping[str, str]:
    """The authorizer's settings; the stack's public keys are a template parameter."""
    keys = CfnParameter(Stack.of(scope), "TokenJwks", default='{"keys": []}')
    return {
        "token_issuer": LOCAL_ISSUER,
        "token_audience": LOCAL_AUDIENCE,
        "token_jwks": keys.value_as_string,
    }
