import base64
import hashlib
import hmac
import json
import time
from typing import Any

import pytest

from functions.authorizer.signing_keys import GivenKeys
from functions.authorizer.verify_token import InvalidToken, verify_token
from tests.unit.authorizer.tokens import (
    EC_KEY,
    JWKS,
    OTHER_KEY,
    RSA_KEY,
    RSA_PUBLIC_PEM,
    claims,
    settings,
    sign,
)
from waybill.http.principal import Principal

KEYS = GivenKeys(json.dumps(JWKS))
NOW = int(time.time())
# Later than the end of any run of the tests.
TOMORROW = NOW + 24 * 3600


def verify(token: str, **values: str) -> Principal:
    return verify_token(token, KEYS, settings(**values))


def encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def signed_with_the_public_key() -> str:
    """HS256, with the published key as the secret: the classic confusion of algorithms."""
    text = f"{encoded({'alg': 'HS256', 'kid': 'rsa'})}.{encoded(claims())}"
    digest = hmac.new(RSA_PUBLIC_PEM, text.encode(), hashlib.sha256).digest()
    return f"{text}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


@pytest.mark.parametrize(
    "token", [sign(claims()), sign(claims(), RSA_KEY, "RS256", "rsa")], ids=["ES256", "RS256"]
)
def test_a_valid_token_names_its_bearer(token: str) -> None:
    principal = verify(token)
    assert (principal.subject, principal.role, principal.datasets) == ("person", "reader", None)
    assert principal.expires_at > NOW


INVALID_TOKENS = [
    pytest.param("", id="empty"),
    pytest.param("a.b.c", id="malformed"),
    pytest.param("x" * 10_000, id="too long"),
    pytest.param(sign(claims(), OTHER_KEY), id="forged"),
    pytest.param(sign(claims())[:-6] + "AAAAAA", id="changed signature"),
    pytest.param(f"{encoded({'alg': 'none', 'kid': 'ec'})}.{encoded(claims())}.", id="none"),
    pytest.param(signed_with_the_public_key(), id="HS256 with the public key"),
    pytest.param(sign(claims(), "s" * 32, "HS256", "ec"), id="HS256"),
    pytest.param(sign(claims(), RSA_KEY, "RS512", "rsa"), id="RS512"),
    pytest.param(sign(claims(), RSA_KEY, "RS256", "ec"), id="key of another algorithm"),
    pytest.param(sign(claims(), kid="unknown"), id="unknown key"),
    pytest.param(sign(claims(), kid=None), id="no key id"),
    pytest.param(sign(claims(exp=NOW - 60)), id="expired"),
    pytest.param(sign(claims(nbf=TOMORROW)), id="not valid yet"),
    pytest.param(sign(claims(iat=TOMORROW)), id="issued in the future"),
    pytest.param(sign(claims(iss="https://issuer.example/other")), id="other issuer"),
    pytest.param(sign(claims(aud="waybill-prod")), id="other environment"),
    pytest.param(sign(claims(aud=["a", {"b": 1}])), id="audiences that are not names"),
    pytest.param(sign(claims(token_use="id")), id="identity token"),
    pytest.param(sign(claims(token_use="access", aud=None, client_id="x")), id="other client"),
    pytest.param(sign(claims(aud=None, client_id="waybill-test")), id="client without use"),
    pytest.param(sign(claims(roles=None)), id="no roles"),
    pytest.param(sign(claims(roles=["owner"])), id="unknown role"),
    pytest.param(sign(claims(roles={"admin": 1})), id="roles of another form"),
    pytest.param(sign(claims(sub="a\nb")), id="control character in the subject"),
    *(
        pytest.param(sign(claims(**{name: None})), id=f"without {name}")
        for name in ("exp", "iat", "iss", "sub", "aud")
    ),
]


@pytest.mark.parametrize("token", INVALID_TOKENS)
def test_other_tokens_are_refused(token: str) -> None:
    with pytest.raises(InvalidToken):
        verify(token)


@pytest.mark.parametrize(
    ("roles", "role"),
    [(["reader", "admin", "loader"], "admin"), ("loader reader", "loader"), (["reader"], "reader")],
)
def test_the_highest_role_counts(roles: Any, role: str) -> None:
    assert verify(sign(claims(roles=roles))).role == role


@pytest.mark.parametrize(
    ("values", "datasets"),
    [
        ({"datasets": ["jobs", "users"]}, {"jobs", "users"}),
        ({"datasets": "jobs users"}, {"jobs", "users"}),
        ({"datasets": []}, set()),
        ({"roles": ["reader", "dataset:jobs"]}, {"jobs"}),
    ],
)
def test_claims_and_groups_limit_the_datasets(values: dict[str, Any], datasets: set[str]) -> None:
    assert verify(sign(claims(**values))).datasets == frozenset(datasets)


def test_an_access_token_of_cognito_is_accepted() -> None:
    token = sign(
        claims(aud=None, roles=None, token_use="access", client_id="waybill-test",
               **{"cognito:groups": ["loader"]}),
        EC_KEY,
    )  # fmt: skip
    assert verify(token, token_use="access", roles_claim="cognito:groups").role == "loader"


@pytest.mark.parametrize(
    ("roles", "personal"),
    [
        (["reader"], frozenset()),
        (["reader", "personal:users", "personal:jobs"], frozenset({"users", "jobs"})),
        ("reader personal:*", None),
    ],
)
def test_roles_grant_personal_data(roles: Any, personal: frozenset[str] | None) -> None:
    assert verify(sign(claims(roles=roles))).personal == personal
