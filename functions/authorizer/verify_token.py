"""Verify a token and read who its bearer is."""

from collections.abc import Mapping
from typing import Any

import jwt
from jwt.exceptions import PyJWTError

from functions.authorizer.settings import AuthorizerSettings
from functions.authorizer.signing_keys import SigningKeys, UnknownKey
from waybill.http.principal import ROLES, Principal

_ALGORITHMS = ("RS256", "ES256")
# For clocks that differ.
_LEEWAY_SECONDS = 10
_MAX_TOKEN_LENGTH = 8192
_MAX_SUBJECT_LENGTH = 256
_DATASET_GROUP = "dataset:"
_PERSONAL_GROUP = "personal:"
_REQUIRED = ["exp", "iat", "iss", "sub"]


class InvalidToken(Exception):
    """The token is refused; the message is for the log only."""


def verify_token(token: str, keys: SigningKeys, settings: AuthorizerSettings) -> Principal:
    """The bearer of the token.

    Raises:
        InvalidToken: it is malformed, forged, expired, or not for this API.
        KeysUnavailable: the issuer's keys cannot be fetched.
    """
    if len(token) > _MAX_TOKEN_LENGTH:
        raise InvalidToken("too long")
    try:
        header = jwt.get_unverified_header(token)
        algorithm, key_id = header.get("alg"), header.get("kid")
        if algorithm not in _ALGORITHMS or not isinstance(key_id, str):
            raise InvalidToken(f"algorithm {algorithm!r}, key {key_id!r}")
        key = keys.get(key_id)
        # An RSA key with ES256, or the reverse, is refused by the algorithm of the key itself.
        claims = jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            issuer=settings.token_issuer,
            leeway=_LEEWAY_SECONDS,
            options={"require": _REQUIRED, "verify_aud": False},
        )
    except UnknownKey as error:
        raise InvalidToken(f"unknown key {str(error)!r}") from error
    except PyJWTError as error:
        raise InvalidToken(f"{type(error).__name__}: {error}") from error
    _check_use(claims, settings)
    _check_audience(claims, settings)
    return _principal(claims, settings)


def _check_use(claims: Mapping[str, Any], settings: AuthorizerSettings) -> None:
    use = claims.get("token_use")
    allowed = (settings.token_use,) if settings.token_use else (None, "access")
    if use not in allowed:
        raise InvalidToken(f"token_use {use!r}")


def _check_audience(claims: Mapping[str, Any], settings: AuthorizerSettings) -> None:
    audience = claims.get("aud")
    if audience is None and claims.get("token_use") == "access":
        # Access tokens of Cognito have a client instead of an audience.
        audience = claims.get("client_id")
    audiences = audience if isinstance(audience, list) else [audience]
    accepted = settings.token_audience.split()
    if not any(one in accepted for one in audiences):
        raise InvalidToken(f"audience {audience!r}")


def _principal(claims: Mapping[str, Any], settings: AuthorizerSettings) -> Principal:
    subject = str(claims["sub"])
    if not subject or len(subject) > _MAX_SUBJECT_LENGTH or not subject.isprintable():
        raise InvalidToken("subject")
    roles = _names(claims.get(settings.roles_claim))
    role = next((role for role in reversed(ROLES) if role in roles), None)
    if role is None:
        raise InvalidToken("no role")
    datasets, expires_at = _datasets(claims, settings, roles), int(claims["exp"])
    return Principal(subject, role, datasets, expires_at, _personal(roles))


def _datasets(
    claims: Mapping[str, Any], settings: AuthorizerSettings, roles: set[str]
) -> frozenset[str] | None:
    limited = claims.get(settings.datasets_claim)
    if limited is not None:
        return frozenset(_names(limited))
    # Where an issuer knows groups only: a group `dataset:jobs` limits its members.
    return _members(roles, _DATASET_GROUP) or None


def _personal(roles: set[str]) -> frozenset[str] | None:
    """The datasets of the roles `personal:users`; None for `personal:*`."""
    names = _members(roles, _PERSONAL_GROUP)
    return None if "*" in names else names


def _members(roles: set[str], prefix: str) -> frozenset[str]:
    return frozenset(role.removeprefix(prefix) for role in roles if role.startswith(prefix))


def _names(claim: object) -> set[str]:
    """The names of a claim: a list, or a text separated by blanks."""
    if isinstance(claim, str):
        return set(claim.split())
    return {one for one in claim if isinstance(one, str)} if isinstance(claim, list) else set()
