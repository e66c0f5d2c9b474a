"""Environment of the function `authorizer`."""

from typing import Literal

from pydantic import Field

from waybill.settings import LogSettings, StateSettings


class AuthorizerSettings(LogSettings, StateSettings):
    """The tokens that are accepted, and where refused ones are recorded."""

    token_issuer: str = Field(description="Issuer (`iss`) of the tokens.")
    token_audience: str = Field(
        description="Accepted audiences (`aud`, or Cognito's `client_id`), separated by blanks."
    )
    token_jwks_url: str | None = Field(
        default=None,
        description="URL of the issuer's keys. Default: as in its OpenID configuration.",
    )
    token_jwks: str | None = Field(
        default=None, description="The issuer's keys as JSON, in place of a URL."
    )
    token_use: Literal["access", "id"] | None = Field(
        default=None,
        description="Required `token_use`. Default: none is required, and only `access` accepted.",
    )
    machines: str = Field(
        default="[]",
        description="Machines with their IAM role or API key, and what they may do, as JSON.",
    )
    usage_key_prefix: str | None = Field(
        default=None,
        description="Beginning of the keys whose usage plans limit callers; none by default.",
    )
    roles_claim: str = Field(default="roles", description="Claim with the roles.")
    datasets_claim: str = Field(
        default="datasets", description="Claim that limits the datasets; without it, all."
    )
