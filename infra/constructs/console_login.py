"""How people log in to the console: the issuer and the client that its `config.json` names."""

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from aws_cdk import Stack
from aws_cdk import aws_cognito as cognito
from constructs import Construct

from infra.constructs.user_pool import ACCESS, REFRESH, UserPool

_SCOPES = "openid email profile"


class ConsoleLogin(NamedTuple):
    """The values of `config.json`, and the origins that the page connects to for a log-in."""

    config: Mapping[str, str]
    origins: tuple[str, ...]


def external_login(settings: Mapping[str, str], client_id: str | None) -> ConsoleLogin:
    """Log in at the issuer of the authorizer's `settings`; without a client, by a pasted token."""
    claims = {"roles_claim": settings["roles_claim"]} if "roles_claim" in settings else {}
    if client_id is None:
        return ConsoleLogin({"login": "token", **claims}, ())
    issuer = settings["token_issuer"]
    parts = urlsplit(issuer)
    config = {"login": "issuer", "issuer": issuer, "client_id": client_id, "scope": _SCOPES}
    return ConsoleLogin({**config, **claims}, (f"{parts.scheme}://{parts.netloc}",))


def pool_origin(pool: UserPool) -> str:
    """The origin of the pool's own log-in pages."""
    region = Stack.of(pool).region
    return f"https://{pool.domain.domain_name}.auth.{region}.amazoncognito.com"


def pool_login(scope: Construct, pool: UserPool, console_url: str) -> ConsoleLogin:
    """Log in at the stack's own pool, as a client that may return to the console only."""
    client = cognito.UserPoolClient(
        scope,
        "ConsoleClient",
        user_pool=pool.pool,
        generate_secret=False,
        # The authorization code flow, with PKCE: the page has no secret.
        o_auth=cognito.OAuthSettings(
            flows=cognito.OAuthFlows(authorization_code_grant=True),
            scopes=[
                cognito.OAuthScope.OPENID,
                cognito.OAuthScope.EMAIL,
                cognito.OAuthScope.PROFILE,
            ],
            callback_urls=[console_url],
        ),
        supported_identity_providers=[cognito.UserPoolClientIdentityProvider.COGNITO],
        prevent_user_existence_errors=True,
        access_token_validity=ACCESS,
        id_token_validity=ACCESS,
        refresh_token_validity=REFRESH,
        enable_token_revocation=True,
    )
    origin = pool_origin(pool)
    config = {
        "login": "issuer",
        "client_id": client.user_pool_client_id,
        "scope": _SCOPES,
        "authorization_endpoint": f"{origin}/oauth2/authorize",
        "token_endpoint": f"{origin}/oauth2/token",
        "roles_claim": "cognito:groups",
    }
    return ConsoleLogin(config, (origin,))
