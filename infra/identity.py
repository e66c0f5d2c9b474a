"""Whose tokens an environment accepts: an OIDC issuer of the user's, or the stack's own pool."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_FIELDS = {
    "client_id",
    "issuer",
    "audience",
    "jwks_url",
    "roles_claim",
    "datasets_claim",
    "token_use",
}


class InvalidIdentityError(Exception):
    """The issuer is given incompletely; the message says what to give."""


@dataclass(frozen=True, kw_only=True)
class ExternalIssuer:
    """An OIDC issuer outside the stack; the fields are those of the authorizer's settings."""

    settings: Mapping[str, str]
    client_id: str | None = None
    """The console's client there; without one, people paste a token."""

    @classmethod
    def from_context(cls, values: Mapping[str, Any] | None) -> "ExternalIssuer | None":
        """The issuer in the context `identity` of cdk.json, by environment; None without one.

        Raises:
            InvalidIdentityError: issuer or audience is missing, or a field is unknown.
        """
        if not values:
            return None
        unknown = sorted(values.keys() - _FIELDS)
        issuer = str(values.get("issuer", ""))
        if unknown or not issuer.startswith("https://") or not values.get("audience"):
            raise InvalidIdentityError(
                'Give {"issuer": "https://…", "audience": "…"}, and if they differ from the'
                f" defaults {', '.join(sorted(_FIELDS - {'issuer', 'audience'}))}."
            )
        settings = {_field(name): str(value) for name, value in values.items()}
        return cls(client_id=settings.pop("client_id", None), settings=settings)


def _field(name: str) -> str:
    return f"token_{name}" if name in {"issuer", "audience", "jwks_url"} else name
