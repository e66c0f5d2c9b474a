"""The public keys of the issuer, fetched when they are needed."""

import json
import time
from collections.abc import Callable
from ssl import SSLContext
from typing import Any, Protocol, cast
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPSHandler,
    OpenerDirector,
)

from jwt import PyJWK, PyJWKSet
from jwt.exceptions import PyJWKSetError

from functions.authorizer.settings import AuthorizerSettings

Fetch = Callable[[str], dict[str, Any]]
_FETCH_SECONDS = 5
_MAX_BYTES = 256 * 1024
# Keys are rotated over days.
_LIFETIME_SECONDS = 3600.0
# Forged tokens may name any key: they may not make the function ask the issuer each time.
_REFETCH_SECONDS = 60.0


class UnknownKey(Exception):
    """The issuer has no such key."""


class KeysUnavailable(Exception):
    """The issuer's keys cannot be fetched."""


class SigningKeys(Protocol):
    """Public keys by id."""

    def get(self, key_id: str) -> PyJWK:
        """The key.

        Raises:
            UnknownKey: there is none with this id.
            KeysUnavailable: the keys cannot be fetched.
        """


def https_only(context: SSLContext | None = None) -> OpenerDirector:
    """Opens https URLs, and follows no redirect: keys come from where the issuer says."""
    opener = OpenerDirector()
    for handler in (HTTPSHandler(context=context), HTTPErrorProcessor(), HTTPDefaultErrorHandler()):
        opener.add_handler(handler)
    return opener


_https = https_only()


def fetch_json(url: str) -> dict[str, Any]:
    """Fetch a JSON document over https.

    Raises:
        KeysUnavailable: there is no such document, or it is too large.
    """
    if not url.startswith("https://"):
        raise KeysUnavailable(f"{url} is not an https URL")
    try:
        with _https.open(url, timeout=_FETCH_SECONDS) as response:
            body = response.read(_MAX_BYTES + 1)
        if len(body) > _MAX_BYTES:
            raise KeysUnavailable(f"{url} is larger than {_MAX_BYTES} bytes")
        return cast("dict[str, Any]", json.loads(body))
    except (OSError, ValueError) as error:
        raise KeysUnavailable(f"{url}: {error}") from error


class GivenKeys:
    """Keys that are part of the configuration."""

    def __init__(self, jwks: str) -> None:
        self._keys = _by_id(json.loads(jwks))

    def get(self, key_id: str) -> PyJWK:
        """The key with this id."""
        if key_id not in self._keys:
            raise UnknownKey(key_id)
        return self._keys[key_id]


class FetchedKeys:
    """Keys at a URL; an unknown id has them fetched again, at most once a minute."""

    def __init__(
        self,
        issuer: str,
        url: str | None = None,
        fetch: Fetch = fetch_json,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._issuer = issuer
        self._url = url
        self._fetch = fetch
        self._clock = clock
        self._keys: dict[str, PyJWK] = {}
        self._fetched_at: float | None = None
        self._tried_at: float | None = None

    def get(self, key_id: str) -> PyJWK:
        """The key with this id."""
        age = self._age(self._fetched_at)
        is_stale = key_id not in self._keys or age > _LIFETIME_SECONDS
        if is_stale and self._age(self._tried_at) >= _REFETCH_SECONDS:
            self._refresh(key_id)
        if key_id in self._keys:
            return self._keys[key_id]
        if self._fetched_at is None:
            raise KeysUnavailable("the keys could not be fetched within the last minute")
        raise UnknownKey(key_id)

    def _age(self, at: float | None) -> float:
        return float("inf") if at is None else self._clock() - at

    def _refresh(self, key_id: str) -> None:
        self._tried_at = self._clock()
        try:
            self._keys = _by_id(self._fetch(self._jwks_url()))
        except KeysUnavailable:
            # Known keys stay valid while the issuer is unavailable.
            if key_id not in self._keys:
                raise
        else:
            self._fetched_at = self._clock()

    def _jwks_url(self) -> str:
        if self._url is None:
            configuration = self._fetch(
                f"{self._issuer.rstrip('/')}/.well-known/openid-configuration"
            )
            if configuration.get("issuer") != self._issuer or not configuration.get("jwks_uri"):
                raise KeysUnavailable("the OpenID configuration is not that of the issuer")
            self._url = str(configuration["jwks_uri"])
        return self._url


def _by_id(document: dict[str, Any]) -> dict[str, PyJWK]:
    try:
        keys = PyJWKSet.from_dict(document).keys
    except PyJWKSetError as error:
        raise KeysUnavailable(f"no usable keys: {error}") from error
    return {key.key_id: key for key in keys if key.key_id and key.public_key_use in ("sig", None)}


def signing_keys(settings: AuthorizerSettings) -> SigningKeys:
    """The keys that the settings name."""
    if settings.token_jwks:
        return GivenKeys(settings.token_jwks)
    return FetchedKeys(settings.token_issuer, settings.token_jwks_url)
