"""An issuer of tokens for the tests, with an RSA and an elliptic key."""

import json
import time
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from functions.authorizer.settings import AuthorizerSettings

# Longer than any run of the tests: parameters of tests are made when they are collected.
_LIFETIME_SECONDS = 24 * 3600
ISSUER = "https://issuer.example/pool"
AUDIENCE = "waybill-test"
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())
OTHER_KEY = ec.generate_private_key(ec.SECP256R1())
JWKS: dict[str, Any] = {
    "keys": [
        {**RSAAlgorithm.to_jwk(RSA_KEY.public_key(), as_dict=True), "kid": "rsa", "use": "sig"},
        {**ECAlgorithm.to_jwk(EC_KEY.public_key(), as_dict=True), "kid": "ec", "use": "sig"},
    ]
}
RSA_PUBLIC_PEM = RSA_KEY.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)


def settings(**values: str) -> AuthorizerSettings:
    given = {"token_issuer": ISSUER, "token_audience": AUDIENCE, "token_jwks": json.dumps(JWKS),
             "state_bucket": "state"}  # fmt: skip
    return AuthorizerSettings.model_validate({**given, **values})


def claims(**values: Any) -> dict[str, Any]:
    """Valid claims; None removes one."""
    now = int(time.time())
    usual = {"iss": ISSUER, "aud": AUDIENCE, "sub": "person", "roles": ["reader"],
             "iat": now, "nbf": now, "exp": now + _LIFETIME_SECONDS}  # fmt: skip
    return {name: value for name, value in {**usual, **values}.items() if value is not None}


def sign(
    payload: dict[str, Any], key: Any = EC_KEY, algorithm: str = "ES256", kid: str | None = "ec"
) -> str:
    return jwt.encode(payload, key, algorithm, headers={"kid": kid} if kid else None)
