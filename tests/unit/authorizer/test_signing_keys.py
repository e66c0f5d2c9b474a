from typing import Any

import pytest

from functions.authorizer.signing_keys import (
    FetchedKeys,
    KeysUnavailable,
    UnknownKey,
    fetch_json,
)
from tests.unit.authorizer.tokens import ISSUER, JWKS

URL = f"{ISSUER}/keys"


class Site:
    """The issuer's site, and a clock."""

    def __init__(self, **documents: Any) -> None:
        self.documents = documents
        self.fetched: list[str] = []
        self.now = 1000.0

    def fetch(self, url: str) -> dict[str, Any]:
        self.fetched.append(url)
        name = "configuration" if url.endswith("openid-configuration") else "keys"
        document: dict[str, Any] | None = self.documents.get(name)
        if document is None:
            raise KeysUnavailable(url)
        return document

    def keys(self, url: str | None = URL) -> FetchedKeys:
        return FetchedKeys(ISSUER, url, self.fetch, lambda: self.now)


def test_keys_are_fetched_once() -> None:
    site = Site(keys=JWKS)
    keys = site.keys()
    assert keys.get("ec").key_id == keys.get("ec").key_id == "ec"
    assert keys.get("rsa").key_id == "rsa"
    assert site.fetched == [URL]


def test_unknown_keys_cause_one_refetch_a_minute() -> None:
    site = Site(keys={"keys": JWKS["keys"][:1]})
    keys = site.keys()
    keys.get("rsa")
    site.now += 61
    for _ in range(50):
        with pytest.raises(UnknownKey):
            keys.get("ec")
    assert len(site.fetched) == 2
    site.documents["keys"] = JWKS
    site.now += 61
    assert keys.get("ec").key_id == "ec"
    assert len(site.fetched) == 3


def test_known_keys_stay_valid_while_the_issuer_is_unavailable() -> None:
    site = Site(keys=JWKS)
    keys = site.keys()
    keys.get("ec")
    del site.documents["keys"]
    site.now += 7200
    assert keys.get("ec").key_id == "ec"
    assert len(site.fetched) == 2


def test_without_any_keys_tokens_cannot_be_checked() -> None:
    site = Site()
    keys = site.keys()
    for _ in range(2):
        with pytest.raises(KeysUnavailable):
            keys.get("ec")
    assert len(site.fetched) == 1


def test_the_configuration_of_the_issuer_names_the_keys() -> None:
    site = Site(keys=JWKS, configuration={"issuer": ISSUER, "jwks_uri": URL})
    assert site.keys(None).get("ec").key_id == "ec"
    assert site.fetched == [f"{ISSUER}/.well-known/openid-configuration", URL]


def test_a_configuration_of_another_issuer_is_refused() -> None:
    site = Site(keys=JWKS, configuration={"issuer": "https://other.example", "jwks_uri": URL})
    with pytest.raises(KeysUnavailable):
        site.keys(None).get("ec")


def test_keys_without_a_usable_one_are_refused() -> None:
    with pytest.raises(KeysUnavailable):
        Site(keys={"keys": [{"kty": "quantum", "kid": "ec"}]}).keys().get("ec")


@pytest.mark.parametrize("url", ["http://issuer.example/keys", "file:///etc/passwd"])
def test_keys_are_fetched_over_https_only(url: str) -> None:
    with pytest.raises(KeysUnavailable, match="https"):
        fetch_json(url)
